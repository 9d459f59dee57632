#!/bin/bash
# The smallest machine that the guide allows, one core and a gigabyte: set up
# from nothing, and people chat.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/memory.sh"

# pss: what the processes of each unit take, in KB; shared parts are divided.
pss() {
  # shellcheck disable=SC2016
  on small sh -c 'for dir in /proc/[0-9]*; do
    echo "$(sed -n "s,^0::.*/,,p" "$dir/cgroup")" \
      "$(sed -n "s/^Pss: *//p" "$dir/smaps_rollup")"
  done' 2>/dev/null | awk '{ kb[$1] += $2 } END { for (unit in kb)
    print unit, kb[unit] }' | sort
}

# relay_mb: of those that the relay has started.
relay_mb() {
  awk '$1 ~ /^(postfix|dovecot|nginx|opendkim|unbound|fcgiwrap|doveauth)/ ||
    $1 ~ /^(lastlogin|chatmail|filtermail)/ { kb += $2 }
    END { printf "%.0f", kb / 1024 }' "$1"
}

# field NAME <JSON
field() {
  sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

# as_client FILE CURL ARGUMENT...: beside others.
as_client() {
  curl -sS --max-time 60 --cacert \
    "$BED/common/etc/ssl/certs/ca-certificates.crt" "${@:2}" >"$1" 2>&1 &
  asked+=($!)
}

# got_in KIND: all forty of them, within a minute.
got_in() {
  local pid n=0
  for pid in "${asked[@]}"; do
    ! wait "$pid" || n=$((n + 1))
  done
  asked=()
  is "phones, $1" "$n" 40
  [ $((SECONDS - start)) -le 60 ] || fail "$1: $((SECONDS - start)) s"
}

# Forty phones behind one address come at once: by the web, and by login.
workshop() {
  local i url=imaps://small.example/ start=$SECONDS asked=()
  for i in $(seq 40); do
    as_client "new.$i" -f -X POST https://small.example/new
  done
  got_in 'by /new'
  for i in $(seq 40); do
    as_client "in.$i" --user "$(field email <"new.$i"):$(field password \
      <"new.$i")" --login-options AUTH=PLAIN "$url"
  done
  got_in 'by /new, at their mailboxes'
  start=$SECONDS
  for i in $(seq 40); do
    as_client "in.$i" --user "phone$((1000 + i))@small.example:password-of-$i" \
      --login-options AUTH=PLAIN "$url"
  done
  got_in 'by login'
}

only small
host_start small
group=$(host_memory small)
tell_memory small
cat "$group/memory.limit_in_bytes" "$group/memory.max" >limit 2>/dev/null ||
  true
is 'its memory' "$(cat limit)" 1073741824
on small taskset -cp 1 | grep -q '[,-][0-9]*$' && fail 'it has two cores'
zone_relay small
relay_settings small
watch_memory &
watcher=$!
start=$SECONDS
heavy deploy small || fail "run: $(tail -n 20 said)"
seconds=$((SECONDS - start))
is 'imap processes at most' \
  "$(on small doveconf -h service/imap/process_limit)" 64
pss >idle
chat small small
pss >chatted
workshop
deploy small || fail "run again: $(tail -n 20 said)"
says said 'nothing was changed'
: >watched
wait "$watcher"
is 'processes killed' "$(kills)" 0
[ "$(relay_mb chatted)" -lt 256 ] || fail "the relay takes $(relay_mb \
  chatted) MB: $(cat chatted)"
{
  printf 'one core, 1 GB: set up in %s s, %s MB in use at the most\n' \
    "$seconds" "$(cat most)"
  printf 'the relay: %s MB idle, %s MB after a chat\n' "$(relay_mb idle)" \
    "$(relay_mb chatted)"
} | tee "$BUILD_DIR/hosts/figures-small"
done_testing
