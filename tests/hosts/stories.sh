#!/bin/bash
# The stories of relay/, with real cores, on the servers of the hosts'
# release: each in a tree of its own.
. "$(dirname "$0")/lib.sh"
source=$(cat "$BUILD_DIR/source-folder")
trees=$BUILD_DIR/hosts/$RELEASE
root=$PWD/root

# What the programs of this build find there: themselves, and the tests.
prepare() {
  local dir
  mkdir -p "$root" upper work
  mount -t overlay overlay "$root" -o "lowerdir=$trees/full:$trees/bare" \
    -o "upperdir=$PWD/upper,workdir=$PWD/work"
  for dir in "$source" "$BUILD_DIR" /dev /dev/shm; do
    mkdir -p "$root$dir"
    mount --bind "$dir" "$root$dir"
  done
  : >>"$root/etc/resolv.conf"
  mount -t proc proc "$root/proc"
  mount -t tmpfs -o mode=755 tmpfs "$root/run"
}

# story NAME: fails with what it says.
story() {
  chroot "$root" env -i PATH="$PATH" HOME=/root LC_ALL=C.UTF-8 \
    BUILD_DIR="$BUILD_DIR" "$source/tests/run" 240 \
    "$BUILD_DIR/tests/relay/relay-test" "$1" >"said-$1" 2>&1 ||
    fail "$1:" "$(tail -n 12 "said-$1")"
}

names() {
  sed -n 's/^\tCASE(\([a-z_]*\)).*/\1/p; s/^\t{ "\([^"]*\)".*/\1/p' \
    "$source/tests/relay/stories.c"
}

prepare
names >names
[ "$(wc -l <names)" -gt 5 ] || fail 'the list of stories cannot be read'
while read -r name; do
  heavy story "$name" </dev/null
done <names
done_testing
