# chroot.sh - a tree of the hosts' release in which programs of this build run
# beside its own, without being a host; sourced.
# shellcheck shell=bash

# chroot_make ROOT FOLDER...: what they find there: themselves, the tests, and
# these folders.
chroot_make() {
  local root=$1 dir trees=$BUILD_DIR/hosts/$RELEASE
  mkdir -p "$root" "$root.upper" "$root.work"
  mount -t overlay overlay "$root" -o "lowerdir=$trees/full:$trees/bare" \
    -o "upperdir=$root.upper,workdir=$root.work"
  for dir in "$(cat "$BUILD_DIR/source-folder")" "$BUILD_DIR" /dev /dev/shm \
    "${@:2}"; do
    mkdir -p "$root$dir"
    mount --bind "$dir" "$root$dir"
  done
  : >>"$root/etc/resolv.conf"
  mount -t proc proc "$root/proc"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
}
