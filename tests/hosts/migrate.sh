#!/bin/bash
# A relay moves to another server while people and strangers write: cut while
# the first copy goes on, by the new server's power, and while the last one
# does, with the operator's laptop. No letter is lost or comes twice, and
# mailboxes stay what they were to an app. What waits in the queue leaves from
# the new server. Then the old one is wiped.
#
# From $leaving to $arriving, which have the two $releases of Debian.
# $ACCOUNTS more accounts, each with a message of $MESSAGE_KB, show how long
# mail is stopped with many.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"
export CMDEPLOY_DNS_ROOT=$name_server4
leaving=${leaving:-leaving} arriving=${arriving:-arriving}
releases=${releases:-$RELEASE $RELEASE}

old=root@$(host_ip4 "$leaving")
new=root@$(host_ip4 "$arriving")
ini=$BED/op/$leaving/chatmail.ini
mailboxes=/home/vmail/mail/$leaving.example

# migrate [OPTION...]: in the operator's folder; what it says goes to `said`.
migrate() {
  (cd "$BED/op/$leaving" && exec "$CMDEPLOY" migrate "$@") >said 2>&1 </dev/null
}

# start_migrate [OPTION...]: in the background; its number goes to $run.
start_migrate() {
  (cd "$BED/op/$leaving" && exec "$CMDEPLOY" migrate "$@") >cut 2>&1 </dev/null &
  run=$!
}

# refused WHAT TEXT [OPTION...]: for that reason.
refused() {
  ! migrate "${@:3}" || fail "$1: not refused"
  says said "$2"
}

# as_seen HOST: what an app knows the account's mailbox by, and its token.
as_seen() {
  mailboxes "$1" "$leaving.example" "$us"
  login "$leaving" -v -X 'GETMETADATA INBOX /private/devicetoken' 2>&1 |
    grep -A 1 '^< \* METADATA INBOX' | tr -d '\r'
}

# has_come UID: into the account.
has_come() {
  on "$leaving" doveadm fetch -u "$us" uid mailbox INBOX uid "$1" | grep -q .
}

# is_waiting HOST QUEUES: in these is the mail that cannot leave.
is_waiting() {
  [ "$(on "$1" postqueue -j | grep -F "@$arriving.example" |
    sed 's/.*"queue_name": "\([a-z]*\)".*/\1/' | sort | tr '\n' ' ')" = "$2" ]
}

# has_left HOST: all that waited, once each.
has_left() {
  on "$1" postqueue -f
  is_waiting "$1" '' && [ "$(grep -rlF "To: carol@$arriving.example" \
    "$(host_tree classic)/home/carol/Maildir/new" | wc -l)" = 2 ]
}

# more_accounts N KB: each of them has a message of that size.
more_accounts() {
  # shellcheck disable=SC2016
  on "$leaving" bash -euc 'cd "$1"
    for ((i = 0; i < $3; i++)); do
      to=more$i@${2#*@}
      cp -a "$2" "$to"
      head -c "$(($4 * 1024))" /dev/zero | tr "\0" x >"$to/new/1.$i.more"
    done
    chown -R vmail: .' bash "$mailboxes" "$us" "$1" "$2"
}

# What loses its power writes nothing more.
pull_the_plug() {
  local leader nspawn
  leader=$(host_leader "$arriving")
  nspawn=$(cat "$BED/h/$arriving/pid")
  kill -KILL "$leader" "$nspawn"
  eventually 10 test ! -d "/proc/$nspawn"
}

# Two people of the relay write, one to the other, until $TALK gets its end.
start_talk() {
  mkdir flow
  coproc TALK { exec "$BUILD_DIR/tests/hosts/talk" "$PWD/flow" \
    "$(link "$leaving")" "$(link "$leaving")" flow 2>flow/errors; }
  talker=$TALK_PID
  read -r -t 60 line <&"${TALK[0]}" || fail 'they do not chat'
}

end_talk() {
  exec {TALK[1]}>&-
  read -r -t 130 line <&"${TALK[0]}" || line=
  wait "$talker" || fail "mail is lost: $(cat flow/errors)"
  says <(echo "$line") 'messages have come'
}

classic
only "$leaving"
only "$arriving"
host_start "$leaving"
host_start "$arriving"
is 'the releases' "$(release_of on "$leaving") $(
  release_of on "$arriving"
)" "$releases"
zone_relay "$leaving"
relay_settings "$leaving"
# What was written while nobody served comes at once.
set_key "$ini" max_user_send_per_minute 6000
heavy deploy "$leaving" || fail "run: $(tail -n 20 said)"
publish "$leaving"
# With a certificate for autoconfig, too.
deploy "$leaving" || fail "run again: $(tail -n 20 said)"
account "$leaving"
idle=$user idle_password=$password us=$user@$leaving.example
for ((i = 0; i < 3; i++)); do
  encrypted "$us" "$us" | submit "$leaving" "$us" "$us"
  replied 'a message to oneself' '250'
done
eventually 60 has_come 3
on "$leaving" doveadm expunge -u "$us" mailbox INBOX uid 2
on "$leaving" doveadm flags add -u "$us" '\Seen \Flagged' mailbox INBOX uid 3
login "$leaving" -X 'SETMETADATA INBOX (/private/devicetoken "a-token")'
as_seen "$leaving" >before
for text in uidnext=4 'uid=1 ' '\Flagged' a-token; do
  says before "$text"
done
pin "$leaving" >pin-before
on "$leaving" cat /etc/dkimkeys/opendkim.private >dkim-before
more_accounts "${ACCOUNTS:-100}" "${MESSAGE_KB:-100}"
# Mail that cannot leave yet: nobody answers there; the first is held.
zone_put "$arriving" <<<$'@ MX 10 mx\nmx A 10.77.0.99'
for queue in hold deferred; do
  encrypted "$us" "carol@$arriving.example" |
    submit "$leaving" "$us" "carol@$arriving.example"
  replied 'to nobody' '250'
  [ "$queue" = deferred ] || on "$leaving" postsuper -h ALL 2>/dev/null
done
eventually 120 is_waiting "$leaving" 'deferred hold '

refused 'the same' 'are the same server' \
  --from "$old" --to "root@$(host_ip6 "$leaving")"
refused 'the wrong one' "is not the relay $leaving.example" \
  --from "$new" --to "$old"
refused 'nothing to go on with' 'no move has begun'
refused 'nothing to end' 'no move has begun' --finish
cp "$ini" ini-before
migrate --from "$old" --to "$new" --dry-run || fail "dry run: $(cat said)"
says said 'stop mail on'
on "$arriving" test ! -e /var/lib/chatmail || fail 'a dry run has begun'
cmp "$ini" ini-before || fail 'a dry run changes settings'

account "$leaving"
reader=$user
write_letters "$reader@$leaving.example" 1 &
letters=$!
start_migrate --from "$old" --to "$new"
until_ok 200 on "$arriving" test -e "$mailboxes/$us" || fail "$(cat cut)"
pull_the_plug
wait "$run" && fail 'a move whose new server has gone succeeds'
says cut 'goes on serving'
host_start "$arriving"
start_talk
start_migrate
until_ok 200 grep -q 'serves no mail' cut || fail "$(cat cut)"
kill -KILL "$run"
wait "$run" 2>/dev/null || true
# As if somebody had done it between the copy before and the stop.
on "$leaving" sh -c 'cd "$1" && rm more1@*/new/* && rm -r more3@* &&
  mv more2@*/new/* more2@*/cur' sh "$mailboxes"
deploy "$leaving" --ssh-host "$old" && fail 'the old server serves again'
says said 'the relay has moved from this server to'
deploy "$leaving" --ssh-host "$new" && fail 'the new server serves too early'
says said 'not all is here yet'
start_anew "$leaving"
on "$leaving" systemctl is-active --quiet dovecot && fail 'it serves after a reboot'

heavy migrate -v || fail "migrate: $(tail -n 20 said)"
cp said third
says said 'what comes to'
says said 'change these records'
grep 'Mail was stopped' said || true
eventually 120 is_waiting "$arriving" 'deferred hold '
is 'what has gone, or has another name' "$(on "$arriving" sh -c 'cd "$1"
  ls -d more1@*/new/* more2@*/*/1.2.more more3@*' sh "$mailboxes" 2>/dev/null)" \
  more2@$leaving.example/cur/1.2.more
end_talk
migrate || fail "once more: $(tail -n 20 said)"
refused 'DNS is as it was' 'DNS does not point to' --finish

start_migrate --wait
until_ok 120 grep -q 'change these records' cut || fail "$(cat cut)"
grep -v "^$leaving\.example\. .* IN A" "$BED/op/$leaving/zone" |
  cat - <(zone_addresses "$arriving" @) | zone_put "$leaving"
wait "$run" || fail "--wait: $(cat cut)"
: >enough
wait "$letters" || fail 'the stranger could not write'
eventually 120 have_letters_come "$arriving" "$leaving" "$reader" ||
  fail "written, but not come: $(sort written | comm -3 - come)"
user=$idle password=$idle_password
as_seen "$arriving" >after
diff before after >changed || fail "another mailbox: $(cat changed)"
pin "$leaving" >pin-after
cmp -s pin-before pin-after || fail 'apps see another key'
on "$arriving" cat /etc/dkimkeys/opendkim.private >dkim-after
cmp -s dkim-before dkim-after || fail 'another DKIM key'
# Those who had no answer have one now.
zone_put "$arriving" <<<'@ MX 10 classic.example.'
on "$arriving" postsuper -H ALL 2>/dev/null
eventually 120 has_left "$arriving"

heavy migrate --finish || fail "finish: $(tail -n 20 said)"
is 'what is left' "$(on "$leaving" sh -c 'ls -d "$1" /etc/dkimkeys/* /etc/chatmail \
  /var/lib/chatmail /var/lib/acme /etc/chatmail-proxy /var/spool/postfix/hold/*
  dpkg-query -W chatmail; nft list ruleset' sh "$mailboxes" 2>/dev/null)" ''
# But for a blank in a comment.
sed 's/^# public_addresses/#public_addresses/' "$ini" | cmp - ini-before ||
  fail 'other settings than before'
refused 'ended' 'no move has begun' --finish
records "$leaving" --ssh-host "$new" || fail "not all records are right: $(cat records)"
done_testing
