# own.sh - our package on the hosts of another release than the laptop has:
# $cache/own, a layer above those of base.sh. Each server would build it by
# itself, in minutes; a bare host still does.
#
# Sourced by `bed`, like base.sh and after it.
# shellcheck shell=bash disable=SC2154

# build_package VERSION: to $cache/chatmail.deb, from $cache/source.tar.
build_package() {
  local root=$cache/build.root
  mkdir -p "$root" "$cache/build.new" "$cache/build.work"
  mount -t overlay overlay "$root" -o "lowerdir=$cache/full:$cache/bare" \
    -o "upperdir=$cache/build.new,workdir=$cache/build.work"
  mount -t proc proc "$root/proc"
  cp --remove-destination -L /etc/resolv.conf "$root/etc/resolv.conf"
  apt_sources "$cache" >"$root/etc/apt/sources.list"
  logged chroot "$root" apt-get update
  mkdir "$root/source"
  tar -xf "$cache/source.tar" -C "$root/source"
  # shellcheck disable=SC2016 # for that shell
  logged chroot "$root" env -i PATH="$PATH" HOME=/root LC_ALL=C.UTF-8 \
    DEBIAN_FRONTEND=noninteractive sh -ec 'cd /source
      scripts/initenv.sh --prepare
      debian/rules build
      scripts/build-deb debian/build "$1"' sh "$1"
  cp "$root"/source/debian/build/package/*.deb "$cache/chatmail.deb"
  umount "$root/proc" "$root"
  rm -rf "$root" "$cache/build.new" "$cache/build.work"
}

# Makes what is missing or of other sources; one run at a time.
own_make() {
  local version root=$cache/own.root
  [ "$RELEASE" != 12 ] || return 0
  of "$RELEASE"
  exec 8>"$cache/lock"
  flock 8
  version=$("$sources/../../scripts/source-archive" "$cache/source.tar")
  if [ "$(cat "$cache/version" 2>/dev/null)" != "$version" ]; then
    say "building our package for Debian $release"
    rm -rf "$cache/version" "$cache/own" "$cache"/{own,build}.*
    build_package "$version"
    mkdir -p "$root" "$cache/own" "$cache/own.work"
    mount -t overlay overlay "$root" -o "lowerdir=$cache/full:$cache/bare" \
      -o "upperdir=$cache/own,workdir=$cache/own.work"
    cp "$cache/chatmail.deb" "$root/tmp/"
    logged chroot "$root" dpkg -i /tmp/chatmail.deb
    rm "$root/tmp/chatmail.deb"
    umount "$root"
    rm -rf "$root" "$cache/own.work"
    printf '%s\n' "$version" >"$cache/version"
  fi
  exec 8>&-
}
