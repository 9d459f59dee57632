#!/bin/bash
# A relay moves to another server while people and strangers write: cut while
# the first copy goes on, by the new server's power, and while the last one
# does, with the operator's laptop. No letter is lost or comes twice, and
# mailboxes stay what they were to an app. Then the old server is wiped.
#
# $ACCOUNTS more accounts, each with a message of $MESSAGE_KB, show how long
# mail is stopped with many.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"
export CMDEPLOY_DNS_ROOT=$name_server4

old=root@$(host_ip4 leaving)
new=root@$(host_ip4 arriving)
ini=$BED/op/leaving/chatmail.ini
mailboxes=/home/vmail/mail/leaving.example

# migrate [OPTION...]: in the operator's folder; what it says goes to `said`.
migrate() {
  (cd "$BED/op/leaving" && exec "$CMDEPLOY" migrate "$@") >said 2>&1 </dev/null
}

# start_migrate [OPTION...]: in the background; its number goes to $run.
start_migrate() {
  (cd "$BED/op/leaving" && exec "$CMDEPLOY" migrate "$@") >cut 2>&1 </dev/null &
  run=$!
}

# refused WHAT TEXT [OPTION...]: for that reason.
refused() {
  ! migrate "${@:3}" || fail "$1: not refused"
  says said "$2"
}

# numbers: what IMAP says of the inbox of the account.
numbers() {
  login leaving -X 'STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)' >last 2>&1
  sed -n 's/.*MESSAGES \([0-9]*\) UIDNEXT \([0-9]*\) UIDVALIDITY \([0-9]*\)).*/\1 \2 \3/p' last
}

# waiting HOST: for whom mail is in its queue.
waiting() {
  on "$1" postqueue -p | grep -o '[a-z]*@arriving.example' | sort
}

# more_accounts N KB: each of them has a message of that size.
more_accounts() {
  # shellcheck disable=SC2016
  on leaving bash -euc 'cd "$1"
    from=$2@leaving.example
    for ((i = 0; i < $3; i++)); do
      cp -a "$from" "more$i@leaving.example"
      head -c "$(($4 * 1024))" /dev/zero |
        tr "\0" x >"more$i@leaving.example/new/1.$i.more"
    done
    chown -R vmail: .' bash "$mailboxes" "$user" "$1" "$2"
}

# What loses its power writes nothing more.
pull_the_plug() {
  local leader nspawn
  leader=$(host_leader arriving)
  nspawn=$(cat "$BED/h/arriving/pid")
  kill -KILL "$leader" "$nspawn"
  eventually 10 test ! -d "/proc/$nspawn"
}

# Two people of the relay write, one to the other, until $TALK gets its end.
start_talk() {
  mkdir flow
  coproc TALK { exec "$BUILD_DIR/tests/hosts/talk" "$PWD/flow" \
    "$(link leaving)" "$(link leaving)" flow 2>flow/errors; }
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
only leaving
only arriving
host_start leaving
host_start arriving
zone_relay leaving
relay_settings leaving
# What was written while nobody served comes at once.
set_key "$ini" max_user_send_per_minute 6000
heavy deploy leaving || fail "run: $(tail -n 20 said)"
publish leaving
# With a certificate for autoconfig, too.
deploy leaving || fail "run again: $(tail -n 20 said)"
account leaving
idle=$user idle_password=$password us=$user@leaving.example
encrypted "$us" "$us" | submit leaving "$us" "$us"
replied 'a message to oneself' '250'
eventually 10 has_mail leaving "$user" 'BEGIN PGP'
numbers >before
[ -s before ] || fail "no mailbox: $(cat last)"
pin leaving >pin-before
on leaving cat /etc/dkimkeys/opendkim.private >dkim-before
more_accounts "${ACCOUNTS:-100}" "${MESSAGE_KB:-100}"
# Mail that cannot leave yet: nobody answers there; and one that is held.
zone_put arriving <<<$'@ MX 10 mx\nmx A 10.77.0.99'
for to in peer held; do
  encrypted "$us" "$to@arriving.example" |
    submit leaving "$us" "$to@arriving.example"
  replied 'to nobody' '250'
done
on leaving sh -c 'postqueue -j | grep held@ |
  sed "s/.*queue_id\": \"\([^\"]*\).*/\1/" | postsuper -h -' 2>/dev/null
is 'the queue' "$(waiting leaving | tr '\n' ' ')" \
  'held@arriving.example peer@arriving.example '

refused 'the same' 'are the same server' \
  --from "$old" --to "root@$(host_ip6 leaving)"
refused 'the wrong one' 'is not the relay leaving.example' \
  --from "$new" --to "$old"
refused 'nothing to go on with' 'no move has begun'
refused 'nothing to end' 'no move has begun' --finish
cp "$ini" ini-before
migrate --from "$old" --to "$new" --dry-run || fail "dry run: $(cat said)"
says said 'stop mail on'
on arriving test ! -e /var/lib/chatmail || fail 'a dry run has begun'
cmp "$ini" ini-before || fail 'a dry run changes settings'

account leaving
reader=$user
write_letters "$reader@leaving.example" 1 &
letters=$!
start_migrate --from "$old" --to "$new"
until_ok 200 on arriving test -e "$mailboxes/$us" || fail "$(cat cut)"
pull_the_plug
wait "$run" && fail 'a move whose new server has gone succeeds'
says cut 'goes on serving'
host_start arriving
start_talk
start_migrate
until_ok 200 grep -q 'serves no mail' cut || fail "$(cat cut)"
kill -KILL "$run"
wait "$run" 2>/dev/null || true
# As if somebody had done it between the copy before and the stop.
on leaving sh -c 'cd "$1" && rm more1@*/new/* && rm -r more3@* &&
  mv more2@*/new/* more2@*/cur' sh "$mailboxes"
deploy leaving --ssh-host "$old" && fail 'the old server serves again'
says said 'the relay has moved from this server to'
deploy leaving --ssh-host "$new" && fail 'the new server serves too early'
says said 'not all is here yet'
start_anew leaving
on leaving systemctl is-active --quiet dovecot && fail 'it serves after a reboot'

heavy migrate -v || fail "migrate: $(tail -n 20 said)"
cp said third
says said 'what comes to'
says said 'change these records'
grep 'Mail was stopped' said || true
is 'the queue there' "$(waiting arriving | tr '\n' ' ')" \
  'held@arriving.example peer@arriving.example '
is 'what has gone, or has another name' "$(on arriving sh -c 'cd "$1"
  ls -d more1@*/new/* more2@*/*/1.2.more more3@*' sh "$mailboxes" 2>/dev/null)" \
  more2@leaving.example/cur/1.2.more
end_talk
migrate || fail "once more: $(tail -n 20 said)"
refused 'DNS is as it was' 'DNS does not point to' --finish

start_migrate --wait
until_ok 120 grep -q 'change these records' cut || fail "$(cat cut)"
grep -v '^leaving\.example\. .* IN A' "$BED/op/leaving/zone" |
  cat - <(zone_addresses arriving @) | zone_put leaving
wait "$run" || fail "--wait: $(cat cut)"
: >enough
wait "$letters" || fail 'the stranger could not write'
eventually 120 have_letters_come arriving leaving "$reader" ||
  fail "written, but not come: $(sort written | comm -3 - come)"
user=$idle password=$idle_password
numbers >after
cmp before after || fail "another mailbox: $(cat last)"
pin leaving >pin-after
cmp -s pin-before pin-after || fail 'apps see another key'
on arriving cat /etc/dkimkeys/opendkim.private >dkim-after
cmp -s dkim-before dkim-after || fail 'another DKIM key'

heavy migrate --finish || fail "finish: $(tail -n 20 said)"
is 'what is left' "$(on leaving sh -c 'ls -d "$1" /etc/dkimkeys/* /etc/chatmail \
  /var/lib/chatmail /var/lib/acme /etc/chatmail-proxy /var/spool/postfix/hold/*
  dpkg-query -W chatmail; nft list ruleset' sh "$mailboxes" 2>/dev/null)" ''
# But for a blank in a comment.
sed 's/^# public_addresses/#public_addresses/' "$ini" | cmp - ini-before ||
  fail 'other settings than before'
refused 'ended' 'no move has begun' --finish
records leaving --ssh-host "$new" || fail "not all records are right: $(cat records)"
done_testing
