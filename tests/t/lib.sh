# lib.sh - what tests of cmdeploy from outside share; sourced, not run.
# shellcheck shell=bash disable=SC2034
set -eu
cmdeploy=${CMDEPLOY:?}
cd "${TEST_DIR:?}"
failures=0

fail() {
  printf '%s\n' "$*"
  failures=$((failures + 1))
}

# run STATUS ARGUMENT...: standard output goes to out, the rest to err.
run() {
  local want=$1 got=0
  shift
  "$cmdeploy" "$@" >out 2>err </dev/null || got=$?
  [ "$got" = "$want" ] ||
    fail "cmdeploy $*: status $got, not $want:" "$(cat out err)"
}

# says FILE TEXT: a line of it holds the text.
says() {
  grep -qF -- "$2" "$1" || fail "no \"$2\" in $1:" "$(cat "$1")"
}

says_not() {
  ! grep -qF -- "$2" "$1" || fail "\"$2\" in $1:" "$(cat "$1")"
}

# The last thing that a test does.
done_testing() {
  [ "$failures" = 0 ] || exit 1
}
