#!/bin/bash
# A first run that is cut while packages are being installed: the operator's
# laptop is closed, then the host loses its power. The next run completes it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"

# start_run: in the background; its number goes to $run.
start_run() {
  (cd "$BED/op/dark" && exec "$CMDEPLOY" run -v) >broken 2>&1 </dev/null &
  run=$!
}

# has_unpacked PACKAGE: dpkg has come so far. The name may be a pattern, since
# Debian 13 calls some libraries otherwise.
has_unpacked() {
  on dark dpkg-query -W -f '${db:Status-Status}\n' "$1" |
    grep -E '^(unpacked|half|installed)'
}

# What loses its power writes nothing more.
pull_the_plug() {
  local leader nspawn
  leader=$(host_leader dark)
  nspawn=$(cat "$BED/h/dark/pid")
  kill -KILL "$leader" "$nspawn"
  eventually 10 test ! -d "/proc/$nspawn"
}

only dark
host_start dark
zone_relay dark
relay_settings dark

start_run
eventually 120 has_unpacked 'libcurl4*'
kill -KILL "$run"
wait "$run" 2>/dev/null || true

start_run
eventually 300 has_unpacked dovecot-core
pull_the_plug
wait "$run" && fail 'a run whose host has gone succeeds'
says broken 'cmdeploy: '

host_start dark
deploy dark || fail "after the cuts: $(tail -n 20 said)"
is 'packages left half done' "$(on dark dpkg --audit)" ''
chat dark dark
deploy dark || fail "again: $(tail -n 20 said)"
says said 'nothing was changed'
done_testing
