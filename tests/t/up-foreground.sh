#!/bin/bash
# cmdeploy up in the foreground: SIGINT ends it, with all its processes.
. "$(dirname "$0")/up-lib.sh"
address=127.0.8.121

# descendants PID: it, and all below it
descendants() {
  local child
  echo "$1"
  for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
    descendants "$child"
  done
}

for name in INT TERM; do
  coproc UP { exec "$cmdeploy" up "$address" --dir r 2>&1; }
  up_pid=$UP_PID
  running=(r)
  while read -r line <&"${UP[0]}"; do
    case $line in
    'Ctrl-C stops'*) break ;;
    cmdeploy:\ note:*) ;;
    cmdeploy:*) fail "$line" ;;
    esac
  done
  all=$(descendants "$up_pid")
  [ "$(wc -w <<<"$all")" -gt 20 ] || fail "too few processes: $all"
  begun=${EPOCHREALTIME/./}
  kill -s "$name" "$up_pid"
  says=$(cat <&"${UP[0]}")
  wait "$up_pid" || fail "SIG$name: status $?"
  took=$(((${EPOCHREALTIME/./} - begun) / 1000))
  [ "$took" -lt 5000 ] || fail "SIG$name: took $took ms"
  [[ $says = *'every process has ended'* ]] || fail "said: $says"
  for p in $all; do
    [ ! -d "/proc/$p" ] || fail "stays: $(tr '\0' ' ' <"/proc/$p/cmdline")"
  done
done
done_testing
