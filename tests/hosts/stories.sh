#!/bin/bash
# The stories of relay/, with real cores, on the servers of the hosts'
# release: each in a tree of its own.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/chroot.sh"
source=$(cat "$BUILD_DIR/source-folder")
root=$PWD/root

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

# The plugins of Dovecot are those that were built there.
add_plugins() {
  local dir=$BUILD_DIR/chatmaild/instant-idle
  mount -t overlay overlay "$root$dir" \
    -o "lowerdir=$BUILD_DIR/hosts/$RELEASE/own/usr/libexec/chatmail:$dir"
}

chroot_make "$root"
add_plugins
names >names
[ "$(wc -l <names)" -gt 5 ] || fail 'the list of stories cannot be read'
while read -r name; do
  heavy story "$name" </dev/null
done <names
done_testing
