# remote-lib.sh - what the tests of `cmdeploy run` over ssh share; sourced.
# shellcheck shell=bash disable=SC2034
# shellcheck source=tests/t/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
bed=$TEST_DIR/bed
bed_pid=
mkdir tmp
export TMPDIR=$TEST_DIR/tmp
# Nobody answers there, so that no records are asked for.
export CMDEPLOY_DNS_ROOT=127.0.0.1:1

# ours: the connections that stay for a while when a run is killed.
ours() {
  pgrep -f -- "$TMPDIR/cmdeploy." || true
}

finish() {
  local pid
  for pid in $(ours); do
    kill "$pid" 2>/dev/null || true
  done
  [ -z "$bed_pid" ] || kill "$bed_pid" 2>/dev/null || true
  [ -z "$bed_pid" ] || wait "$bed_pid" 2>/dev/null || true
}
trap finish EXIT

# wait_for COMMAND...: until it succeeds; ends what hangs.
wait_for() {
  local end=$((SECONDS + 300))
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || {
      fail "never came: $*"
      done_testing
    }
    read -r -t 0.2 <> <(:) || true
  done
}

# An address of this process alone, for the host.
address=127.$((64 + ($$ >> 16 & 63))).$(($$ >> 8 & 255)).$(($$ & 255))

# start_bed: a host "bed" on that address; "bed-op" is another user there.
start_bed() {
  mkdir "$bed"
  "$(dirname "$0")/bed/bed.sh" run "$BUILD_DIR/ssh-bed" "$bed" "$address" &
  bed_pid=$!
  export CMDEPLOY_SSH="ssh -F $bed/ssh/config"
  wait_for grep -qs 'Server listening' "$bed/ssh/log"
}

# there COMMAND...: in the bed, not by ssh.
there() {
  nsenter -t "$bed_pid" --mount --root --wd "$@"
}

# How many connections there have been.
connections() {
  grep -c 'Accepted publickey' "$bed/ssh/log" || true
}

# Nothing of a run stays here: no folder, no connection.
check_tidy() {
  local left
  left=$(compgen -G "$TMPDIR/cmdeploy.*" || true)
  [ -z "$left" ] || fail "left behind: $left"
  left=$(ours)
  [ -z "$left" ] || fail "still runs: $left"
}
