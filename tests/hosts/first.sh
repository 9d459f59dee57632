#!/bin/bash
# The life of a relay, from a fresh host on: made, looked at again, changed
# while people write, cut short, started anew, without mail and with it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"

ini=$BED/op/first/chatmail.ini

# seconds PATTERN: how long the steps of that name took, in all. A step's
# line, or the last of several, ends with its time.
seconds() {
  awk -v step="$1" '
    /^  [a-z]/ { is_wanted = $1 ~ step }
    is_wanted && / [0-9.]+ s$/ { sum += $(NF - 1) }
    END { printf "%.2f", sum }' said
}

# figure FORMAT...: to be kept, for doc/performance.md.
figure() {
  # shellcheck disable=SC2059
  printf "$@" | tee -a "$BUILD_DIR/hosts/figures"
}

# What runs: each unit, and which of its starts this is.
starts() {
  on first systemctl show --property=Id,InvocationID --all '*.service' |
    paste - - - | grep -v 'InvocationID=\s*$' | grep -E 'Id=('"$1"')' | sort
}

ours='postfix|dovecot|nginx|opendkim|unbound|fcgiwrap|doveauth|lastlogin'
ours="$ours|chatmail-metadata|filtermail"

# all_up: every unit that cmdeploy has started is active, and none failed.
all_up() {
  local unit
  # The session manager of an ssh login is not ours.
  on first systemctl --failed --no-legend | grep -v ' user@' >failed-units
  if [ -s failed-units ]; then
    on first journalctl --no-pager -n 20 -u "$(awk '{ print $2; exit }' \
      failed-units)" >>failed-units
    return 1
  fi
  for unit in postfix dovecot nginx opendkim unbound doveauth lastlogin \
    chatmail-metadata filtermail-outgoing; do
    on first systemctl is-active --quiet "$unit" || return 1
  done
}

# Most of it is apt-get's time, though packages need not come far here. Our
# own is made once, for all relays.
first_run() {
  local apt made
  deploy first -v || fail "the first run: $(tail -n 20 said)"
  cp said first-run
  echo "$took" >first-took # this is a subshell
  apt=$(seconds '^(install|packages)$')
  made=$(seconds '^(package|build)$')
  figure 'first run: %d ms, of these %s s in apt-get, %s s for our package\n' \
    "$took" "$apt" "$made"
  [ "$(awk "BEGIN { print ($apt >= 0.8 * ($took / 1000 - $made)) }")" = 1 ] ||
    fail "the first run: $took ms, but only $apt s in apt-get"
}

# Nothing changes, and quickly: in a tenth of the first run's time at most.
second_run() {
  starts "$ours" >before
  # The best of three: other tests run beside this one.
  for _ in 1 2 3; do
    deploy first || fail "the second run: $(tail -n 20 said)"
    [ "$took" -ge "$((first_took / 10))" ] || break
  done
  starts "$ours" >after
  cmp -s before after || fail 'the second run has restarted something:' \
    "$(diff before after)"
  figure 'second run: %d ms\n' "$took"
  [ "$took" -lt "$((first_took / 10))" ] ||
    fail "the second run took $took ms, the first $first_took" "$(cat said)"
  says said 'nothing was changed'
}

# One value, which only the filter reads, while mail flows.
changed_value() {
  local talker value
  coproc TALK { exec "$BUILD_DIR/tests/hosts/talk" "$PWD/flow" \
    "$(link first)" "$(link first)" flow 2>flow/errors; }
  talker=$TALK_PID
  read -r -t 60 line <&"${TALK[0]}" || fail 'they do not chat'
  is 'they' "${line:-}" chatted
  starts "$ours" >before
  for value in 1000 1001 1002; do
    set_key "$ini" max_user_send_per_minute "$value"
    deploy first || fail "the change: $(tail -n 20 said)"
    [ "$took" -ge "$((first_took / 8))" ] || break
  done
  starts "$ours" >after
  comm -13 before after | sed 's/.*Id=\(\S*\).*/\1/' | sort >changed
  figure 'a changed value: %d ms\n' "$took"
  [ "$took" -lt "$((first_took / 8))" ] ||
    fail "the change took $took ms, the first run $first_took" "$(cat said)"
  is 'what was restarted' "$(cat changed)" filtermail-outgoing.service
  exec {TALK[1]}>&-
  read -r -t 130 line <&"${TALK[0]}" || line=
  says <(echo "$line") 'messages have come'
  wait "$talker" || fail "mail is lost: $(cat flow/errors)"
}

# cut SECONDS: kills a run, and the connection, that is so old.
cut_run() {
  local run
  (cd "$BED/op/first" && exec "$CMDEPLOY" run) >broken 2>&1 </dev/null &
  run=$!
  sleep "$1"
  kill -KILL "$run" 2>/dev/null || return 0
  wait "$run" 2>/dev/null || true
}

# Whenever it is cut, the next one brings all that was wanted. What Postfix
# stores has 64 KB more: what the filter has let in gets header fields.
cut_runs() {
  local moment limit=20000000
  for moment in 0.3 0.7 1.1 1.6 2.4; do
    limit=$((limit + 1000))
    set_key "$ini" max_message_size "$limit"
    cut_run "$moment"
    deploy first || fail "after a cut at $moment s: $(tail -n 20 said)"
    is "after a cut at $moment s" \
      "$(on first postconf -h message_size_limit)" $((limit + 65536))
    all_up || fail "after a cut at $moment s: $(cat failed-units)"
  done
}

reboot() {
  start_anew first
  eventually 30 all_up
  chat first first
}

# no_listener PORT
no_listener() {
  [ -z "$(on first ss -Htln "sport = :$1")" ]
}

without_mail() {
  deploy first --disable-mail || fail "--disable-mail: $(tail -n 20 said)"
  for port in 25 143 465 587 993; do
    no_listener "$port" || fail "port $port is open without mail"
  done
  no_listener 443 && fail 'there are no pages without mail'
  deploy first || fail "mail again: $(tail -n 20 said)"
  all_up || fail "mail again: $(cat failed-units)"
  rm -r talk-first-first
  chat first first
}

rm -f "$BUILD_DIR/hosts/figures"
only first
host_start first
zone_relay first
relay_settings first
heavy first_run
first_took=$(cat first-took)
chat first first
rm -r talk-first-first
for tool in gcc cc clang make meson ninja python3 tcc; do
  ! on first which "$tool" >/dev/null || fail "$tool is left on the host"
done
is 'package sources' "$(on first sh -c 'cat /etc/apt/sources.list
  ls /etc/apt/sources.list.d')" "$(cat "$BED/common/etc/apt/sources.list")"
all_up || fail "after the first run: $(cat failed-units)"
alone second_run
mkdir flow
alone changed_value
cut_runs
reboot
without_mail
done_testing
