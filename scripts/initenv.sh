#!/bin/sh
# initenv.sh: everything from a clean clone to a built program.
#
# Installs the Debian packages that the build needs, those that are
# missing, and builds into build/. Run it again at any time. With --prepare
# it ends before it builds.
set -eu
cd "$(dirname "$0")/.."

# Those that debian/control names; one with a profile is not installed.
needs=$(sed -n '/^Build-Depends:/,/^Rules/s/^ \([^ ,]*\),*$/\1/p' debian/control)

say() {
	printf 'initenv: %s\n' "$*"
}

die() {
	printf 'initenv: %s\n' "$*" >&2
	exit 1
}

# pkg-config is a virtual package where pkgconf has replaced it.
is_there() {
	case $1 in
	pkg-config) command -v pkg-config >/dev/null ;;
	*) dpkg-query -W -f '${db:Status-Status}\n' "$1" 2>/dev/null |
		grep -Eq '^(installed|triggers-)' ;;
	esac
}

missing() {
	for package in $needs; do
		is_there "$package" || printf '%s ' "$package"
	done
}

# On a terminal, the last line of what comes in; nothing of it stays.
show_progress() {
	if [ ! -t 2 ]; then
		cat >/dev/null
		return
	fi
	while IFS= read -r line; do
		printf '\r\033[K  %.70s' "$line" >&2
	done
	printf '\r\033[K' >&2
}

# The end of what a program says is shown when it fails.
quietly() {
	log=$(mktemp)
	{ "$@" 2>&1 </dev/null || echo failed >"$log.status"; } |
		tee "$log" | show_progress
	if [ -e "$log.status" ]; then
		tail -n 25 "$log" >&2
		rm -f "$log" "$log.status"
		return 1
	fi
	rm -f "$log"
}

install() {
	command -v apt-get >/dev/null ||
		die "no apt-get here; install these by hand: $*"
	[ "$(id -u)" = 0 ] ||
		die "to build, these packages are needed; as root: apt-get install $*"
	say "installing $*" | fold -s -w 76 | sed '2,$s/^/  /'
	export DEBIAN_FRONTEND=noninteractive
	set -- --yes --no-install-recommends -o DPkg::Lock::Timeout=120 "$@"
	apt-get install --simulate "$@" >/dev/null 2>&1 ||
		quietly apt-get update -o DPkg::Lock::Timeout=120 ||
		die 'apt-get update failed; is the network there?'
	quietly apt-get install "$@" ||
		die 'apt-get install failed; the lines above say why'
}

# fetch COMMAND...: by apt-get, for what the build can do without: a mirror
# that does not answer is not waited for.
fetch() {
	apt-get -o Acquire::Retries=0 -o Acquire::http::Timeout=10 \
		-o Acquire::https::Timeout=10 -o APT::Update::Error-Mode=any "$@"
}

# A package into this folder; the lists may be missing on a new machine.
download() {
	fetch download "$1" >/dev/null 2>&1 && return
	quietly fetch update && quietly fetch download "$1"
}

# unpack SERIES VERSION: Dovecot's headers, for instant-idle. Installing
# dovecot-dev would bring in Dovecot itself, and start it on this machine;
# unpacking it does not.
unpack() {
	say "unpacking the headers of Dovecot $1"
	rm -rf build/dovecot-dev.new
	mkdir -p build/dovecot-dev.new
	(
		cd build/dovecot-dev.new
		download "dovecot-dev=$2" &&
			quietly dpkg-deb -x dovecot-dev_*.deb . &&
			rm -f dovecot-dev_*.deb
	) && mv build/dovecot-dev.new "build/dovecot-dev-$1"
}

# Those of each Dovecot that apt knows here: usually one. The build goes on
# without. The first look may come before the lists of packages.
unpack_dovecot_headers() {
	[ -n "$(apt-cache madison dovecot-dev 2>/dev/null)" ] ||
		fetch update >/dev/null 2>&1 || true
	for series in 2.3 2.4; do
		if [ -d "build/dovecot-dev-$series" ] || grep -qs \
			"DOVECOT_ABI_VERSION \"$series\." \
			/usr/include/dovecot/config.h; then
			continue
		fi
		version=$(apt-cache madison dovecot-dev 2>/dev/null |
			sed -n "s/^[^|]*| *\(1:$series\.[^ ]*\) .*/\1/p" | head -n 1)
		[ -z "$version" ] || unpack "$series" "$version" ||
			say "no headers of Dovecot $series; building without"
	done
}

lacking=$(missing)
# shellcheck disable=SC2086
[ -z "$lacking" ] || install $lacking

unpack_dovecot_headers
[ "${1:-}" != --prepare ] || exit 0
if [ ! -f build/build.ninja ]; then
	say 'setting up build/'
	# scripts/test sets WERROR: warnings are errors then.
	quietly meson setup build --buildtype=debugoptimized \
		${WERROR:+-Dwerror=true} ||
		die 'meson failed; the lines above say why'
fi
say 'building'
# What scripts/cmdeploy compares the sources with: when this build began.
touch build/.begun
if [ -t 1 ]; then
	ninja -C build
else
	quietly ninja -C build
fi || die 'the build failed; the lines above say why'
mv build/.begun build/.built
say 'done'
