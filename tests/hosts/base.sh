# base.sh - what hosts are made of, kept in the build folder for later runs:
#
#   $cache/apt    a small mirror of Debian 12 with its genuine signatures
#   $cache/bare   the tree of a fresh host: systemd and sshd, no more
#   $cache/full   a layer to lay over it: all of `packages`, none enabled
#
# Sourced by `bed`, inside its namespaces, so that what an interrupted build
# has mounted or started goes with them.
# shellcheck shell=bash
suite=bookworm
cache=${BUILD_DIR:?}/hosts
sources=${BASH_SOURCE[0]%/*}

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

wanted_packages() {
  sed '/^#/d' "$sources/packages"
}

make_bare() {
  local tree=$cache/bare.new file
  say 'building the tree of a Debian 12 host (once; minutes)'
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

# place FOLDER ORIGIN: the packages go where the index says that they are.
# apt quotes addresses, and escapes in them what it must.
place() {
  local uri file path
  while read -r uri file _; do
    path=$(printf '%b' "${uri//%/\\x}" | tr -d "'")
    case $path in "$2"/*) ;; *) continue ;; esac
    path=$cache/apt.new/$1/${path#"$2"/}
    install -d "${path%/*}"
    ln -f "$cache/bare/var/cache/apt/archives/$file" "$path"
  done <"$cache/uris"
}

# shellcheck disable=SC2046
fetch_packages() {
  local folder origin
  logged chroot "$cache/bare" apt-get update
  chroot "$cache/bare" apt-get --print-uris -qq install \
    $(wanted_packages) >"$cache/uris"
  logged chroot "$cache/bare" apt-get install --yes --download-only \
    $(wanted_packages)
  while read -r folder origin _; do
    place "$folder" "$origin"
  done <"$cache/archives"
}

make_mirror() {
  local tree=$cache/bare
  say 'fetching what hosts will install (once)'
  rm -rf "$cache/apt" "$cache/apt.new"
  cp --remove-destination -L /etc/resolv.conf "$tree/etc/resolv.conf"
  archives >"$cache/archives"
  sed 's,[^ ]* \(.*\),deb \1 main,' "$cache/archives" \
    >"$tree/etc/apt/sources.list"
  fetch_indexes
  fetch_packages
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
base_make() {
  local rules
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
