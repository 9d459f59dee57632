# lib.sh - what the tests on hosts share; sourced, not run.
#
# A test says what is wrong by `fail`, goes on, and ends by `done_testing`.
# A host that it alone needs it takes down by `only NAME`; what several
# tests need, the first of them makes (`relay`), and the bed takes down.
# shellcheck shell=bash disable=SC2034
set -eu
. "${BASH_SOURCE[0]%/*}/host.sh"
. "${BASH_SOURCE[0]%/*}/zone.sh"
cd "${TEST_DIR:?}"
mine=()

# The kept folder of a failed test has what the hosts had to say at its first
# failure: a reboot makes them forget.
keep_journals() {
  local dir name
  for dir in "$BED"/h/*/; do
    name=$(basename "$dir")
    on "$name" journalctl --no-pager -o short-precise >"$TEST_DIR/journal-$name" 2>&1 ||
      true
  done
}

# A file, since it is also called where a variable would be forgotten.
fail() {
  [ -e "$TEST_DIR/failures" ] || keep_journals
  printf '%s\n' "$*" | tee -a "$TEST_DIR/failures"
}

finish() {
  local status=$? name
  [ "$status" = 0 ] || [ -e "$TEST_DIR/failures" ] || keep_journals
  for name in "${mine[@]}"; do
    host_down "$name" || true
  done
}
trap finish EXIT
# A command that nobody expected to fail: which one.
set -E
trap 'echo "${BASH_SOURCE[0]##*/}:$LINENO: status $? of $BASH_COMMAND" >&2' ERR

# only NAME: a host for this test alone, created and not yet started.
only() {
  mine+=("$1")
  host_create "$1"
}

# says FILE TEXT: a line of it holds the text.
says() {
  grep -qF -- "$2" "$1" ||
    fail "no \"$2\" in $1:" "$(tail -n 8 "$1" | cut -c 1-200)"
}

says_not() {
  ! grep -F -- "$2" "$1" >found ||
    fail "\"$2\" in $1:" "$(head -n 4 found)"
}

# is WHAT GOT WANT
is() {
  [ "$2" = "$3" ] || fail "$1: \"$2\", not \"$3\""
}

# eventually SECONDS PROGRAM...: soon it succeeds.
eventually() {
  until_ok "$@" 2>last || {
    fail "$(tail -n 6 last)"
    return 1
  }
}

# release_of COMMAND...: what Debian it is there.
release_of() {
  "$@" sed -n 's/^VERSION_ID="\(.*\)"/\1/p' /etc/os-release
}

is_started_anew() {
  local leader
  leader=$(host_leader "$1") && [ "$leader" != "$2" ]
}

# start_anew NAME: by its own systemd.
start_anew() {
  local before
  before=$(host_leader "$1")
  on "$1" systemctl reboot || true
  eventually 60 is_started_anew "$1" "$before"
  host_wait "$1"
}

# alone FUNCTION...: while no other test of the bed does heavy work.
alone() {
  (flock 6 && "$@") 6>>"$BED/load"
}

# heavy FUNCTION...: beside others such, but not while one measures.
heavy() {
  (flock --shared 6 && "$@") 6>>"$BED/load"
}

done_testing() {
  [ ! -e "$TEST_DIR/failures" ] || exit 1
}
