# base.sh - what hosts are made of, kept in the build folder for later runs:
#
#   $cache/apt    a small mirror of Debian with its genuine signatures
#   $cache/bare   the tree of a fresh host: systemd and sshd, no more
#   $cache/full   a layer to lay over it: all of `packages`, none enabled
#
# Hosts have Debian $RELEASE, 12 or 13; with 13 there are trees of 12, too, for
# a host that is upgraded, and the mirror has what its upgrade wants.
#
# Sourced by `bed`, inside its namespaces, so that what an interrupted build
# has mounted or started goes with them.
# shellcheck shell=bash
release='' suite='' cache=''
sources=${BASH_SOURCE[0]%/*}

# of RELEASE: the functions below make that one.
of() {
  release=$1
  cache=${BUILD_DIR:?}/hosts/$1
  case $1 in
  12) suite=bookworm ;;
  13) suite=trixie ;;
  *) give_up "RELEASE=$1: hosts have Debian 12 or 13" ;;
  esac
}

say() {
  printf '     %s\n' "$*" >&2
}

give_up() {
  printf 'hosts: %s\n' "$*" >&2
  exit 1
}

# logged PROGRAM...: quiet, but when it fails its last lines are shown.
logged() {
  "$@" >>"$cache/log" 2>&1 </dev/null && return
  tail -n 20 "$cache/log" >&2
  give_up "failed: $* (the whole log: $cache/log)"
}

# shellcheck disable=SC2016
# archive LABEL: where this machine itself gets Debian, or its updates, from.
archive() {
  apt-get indextargets --format '$(LABEL) $(COMPONENT) $(REPO_URI)' \
    'Created-By: Packages' |
    sed -n "s,^$1 main \(http.*[^/]\)/*\$,\1,p" | head -n 1
}

# The archives that hosts know: folder in our mirror, origin, and suite.
archives() {
  local main security
  main=$(archive Debian)
  security=$(archive Debian-Security)
  [ -n "$main" ] || give_up 'apt knows no archive of Debian to make hosts' \
    'from: there is none in /etc/apt/sources.list'
  printf 'debian %s %s\n' "$main" "$suite" "$main" "$suite-updates"
  [ -z "$security" ] ||
    printf 'debian-security %s %s\n' "$security" "$suite-security"
}

# apt_sources FOLDER: for apt, of the archives that are listed there.
apt_sources() {
  sed 's,[^ ]* \(.*\),deb \1 main,' "$1/archives"
}

wanted_packages() {
  sed '/^#/d' "$sources/packages"
}

# Where the laptop has another release, servers build our package.
build_packages() {
  [ "$release" = 12 ] ||
    sed -n '/^Build-Depends:/,/^Rules/s/^ \([^ ,]*\).*$/\1/p' \
      "$sources/../../debian/control"
}

make_bare() {
  local tree=$cache/bare.new file
  say "building the tree of a Debian $release host (once; minutes)"
  rm -rf "$tree"
  logged debootstrap --variant=minbase --include="$(
    printf '%s,' systemd systemd-sysv libpam-systemd dbus openssh-server
  )iproute2,ca-certificates,netbase,sudo,procps" \
    "$suite" "$tree" "$(archive Debian)"
  rm -rf "$tree"/etc/machine-id "$tree"/var/lib/dbus/machine-id \
    "$tree"/etc/ssh/ssh_host_* "$tree"/usr/sbin/policy-rc.d \
    "$tree"/var/cache/apt/archives/*.deb
  # No log outlives a host, and the clock of an old mirror has stopped.
  install -d "$tree/etc/systemd/journald.conf.d"
  printf '[Journal]\nRateLimitIntervalSec=0\n' \
    >"$tree/etc/systemd/journald.conf.d/bed.conf"
  printf 'Acquire::Check-Valid-Until "false";\nAcquire::Languages "none";\n' \
    >"$tree/etc/apt/apt.conf.d/90bed"
  rm -f "$tree"/etc/systemd/system/getty.target.wants/*
  # The bed has a root of the names of its own.
  for file in root.key root.hints; do
    logged chroot "$tree" dpkg-divert --add --rename --divert \
      "/usr/share/dns/$file.debian" "/usr/share/dns/$file"
  done
  rm -rf "$cache/bare"
  mv "$tree" "$cache/bare"
}

# fetch ORIGIN FOLDER PATH: apt's own downloader knows the machine's proxies.
fetch() {
  local to=$cache/apt.new/$2/$3
  install -d "${to%/*}"
  logged /usr/lib/apt/apt-helper download-file "$1/$3" "$to"
}

fetch_indexes() {
  local folder origin dist packages
  packages=main/binary-$(dpkg --print-architecture)/Packages.xz
  while read -r folder origin dist; do
    fetch "$origin" "$folder" "dists/$dist/InRelease"
    fetch "$origin" "$folder" "dists/$dist/$packages"
    # apt asks for it by its digest first.
    (
      cd "$cache/apt.new/$folder/dists/$dist/${packages%/*}" || exit
      mkdir -p by-hash/SHA256
      ln -f Packages.xz "by-hash/SHA256/$(sha256sum <Packages.xz |
        cut -d ' ' -f 1)"
    )
  done <"$cache/archives"
}

# place ROOT FOLDER ORIGIN: the packages that apt-get has fetched below ROOT go
# where the index says that they are. apt quotes addresses, and escapes in
# them what it must.
place() {
  local uri file path
  while read -r uri file _; do
    path=$(printf '%b' "${uri//%/\\x}" | tr -d "'")
    case $path in "$3"/*) ;; *) continue ;; esac
    path=$cache/apt.new/$2/${path#"$3"/}
    install -d "${path%/*}"
    # An overlay has no hard links to outside.
    cp -lf "$1/var/cache/apt/archives/$file" "$path" 2>/dev/null ||
      cp "$1/var/cache/apt/archives/$file" "$path"
  done <"$cache/uris"
}

# fetch_packages ROOT COMMAND...: what this command of apt-get would install.
fetch_packages() {
  local folder origin root=$1
  shift
  logged chroot "$root" apt-get update
  chroot "$root" apt-get --print-uris -qq "$@" >"$cache/uris"
  logged chroot "$root" apt-get --yes --download-only "$@"
  while read -r folder origin _; do
    place "$root" "$folder" "$origin"
  done <"$cache/archives"
}

# What a server with the release before gets: its own updates, what our package
# is built with there, then this release.
fetch_upgrade() {
  local root=$cache/old old=$BUILD_DIR/hosts/12
  mkdir -p "$root" "$cache/old.new" "$cache/old.work"
  mount -t overlay overlay "$root" -o "lowerdir=$old/full:$old/bare" \
    -o "upperdir=$cache/old.new,workdir=$cache/old.work"
  cp --remove-destination -L /etc/resolv.conf "$root/etc/resolv.conf"
  apt_sources "$old" >"$root/etc/apt/sources.list"
  fetch_packages "$root" full-upgrade
  # shellcheck disable=SC2046
  fetch_packages "$root" install $(build_packages)
  apt_sources "$cache" >"$root/etc/apt/sources.list"
  fetch_packages "$root" full-upgrade
  umount "$root"
  rm -rf "$root" "$cache/old.new" "$cache/old.work"
}

make_mirror() {
  local tree=$cache/bare
  say 'fetching what hosts will install (once)'
  rm -rf "$cache/apt" "$cache/apt.new"
  cp --remove-destination -L /etc/resolv.conf "$tree/etc/resolv.conf"
  archives >"$cache/archives"
  apt_sources "$cache" >"$tree/etc/apt/sources.list"
  fetch_indexes
  # shellcheck disable=SC2046
  fetch_packages "$tree" install $(wanted_packages) $(build_packages)
  # What they recommend is a kernel.
  fetch_packages "$tree" install --no-install-recommends wireguard-go \
    wireguard-tools
  [ "$release" = 12 ] || fetch_upgrade
  mv "$cache/apt.new" "$cache/apt"
}

# All packages, without a service that starts by itself.
make_full() {
  local root=$cache/full.root
  say 'installing a layer with all servers (once)'
  rm -rf "$cache/full" "$cache/full.new" "$cache/full.work"
  mkdir -p "$root" "$cache/full.new" "$cache/full.work"
  mount -t overlay overlay "$root" -o "lowerdir=$cache/bare" \
    -o "upperdir=$cache/full.new,workdir=$cache/full.work"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  printf 'postfix postfix/main_mailer_type select No configuration\n' |
    chroot "$root" debconf-set-selections
  # shellcheck disable=SC2046
  logged chroot "$root" env DEBIAN_FRONTEND=noninteractive apt-get install \
    --yes --no-download -o Dpkg::Options::=--force-unsafe-io \
    $(wanted_packages)
  rm -f "$root/usr/sbin/policy-rc.d"
  umount "$root"
  rm -rf "$root" "$cache/full.work" \
    "$cache"/full.new/etc/systemd/system/*.wants
  mv "$cache/full.new" "$cache/full"
}

# A fresh host knows no package list yet.
clean_bare() {
  rm -rf "$cache"/bare/var/lib/apt/lists/* \
    "$cache"/bare/var/cache/apt/*.bin \
    "$cache"/bare/var/cache/apt/archives/*.deb \
    "$cache"/bare/etc/apt/sources.list "$cache"/bare/etc/resolv.conf \
    "$cache"/full/var/lib/apt/lists/* "$cache"/full/var/cache/apt/*.bin
}

# Makes what is missing or made by other rules; one run at a time.
make_release() {
  local rules
  of "$1"
  rules=$(cat "$sources/packages" "$sources/base.sh" | sha256sum)
  mkdir -p "$cache"
  exec 8>"$cache/lock"
  flock -n 8 || { say 'waiting for another run'; flock 8; }
  if [ "$(cat "$cache/rules" 2>/dev/null)" != "$rules" ]; then
    rm -f "$cache/rules"
    : >"$cache/log"
    make_bare
    make_mirror
    make_full
    clean_bare
    printf '%s\n' "$rules" >"$cache/rules"
  fi
  exec 8>&-
}

base_make() {
  make_release 12
  [ "$RELEASE" = 12 ] || make_release "$RELEASE"
}
