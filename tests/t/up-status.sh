#!/bin/bash
# cmdeploy status: what is well, what is doubtful, what needs somebody.
. "$(dirname "$0")/up-lib.sh"
address=127.0.8.181

# status STATUS: its output goes to out.
status() {
  run "$1" status --dir r
}

# json FIELD: of the whole object, by another reader of JSON.
json() {
  "$cmdeploy" status --dir r --json | /usr/bin/python3 -c \
    "import json, sys; print(json.load(sys.stdin)$1)"
}

# smtp_login: curl's status after a login and a NOOP; 67: login denied.
smtp_login() {
  curl -sSk -v -m 20 --user "abcdefghi@[$address]:a-long-password" -X NOOP \
    "smtps://$address:465" >said 2>&1 && echo 0 || echo $?
}

settings r "$address"
up r "$address"

echo '-- well'
status 0
says out "The relay $address runs on $address (pid "
says out '  doveauth             up    pid '
says out '  answering ports      25 465 587 143 993 80 443'
grep -qE '^  certificate          36[0-9][0-9] days left, self-signed$' out ||
  fail 'no certificate:' "$(cat out)"
says out '  mail queue           0 messages'
says out '  push queue           0 notifications'
says out '  configuration        matches chatmail.ini'
grep -qE '^  servers              Postfix [0-9.]+, Dovecot [0-9.]+, nginx [0-9.]+(, unbound [0-9.]+)?$' \
  out || fail 'no versions:' "$(cat out)"
says out 'All is well.'
[ "$(json '["grade"]')" = fine ] || fail 'JSON: not fine'
[ "$(json '["running"]')" = True ] || fail 'JSON: does not run'
[ "$(json '["domain"]')" = "$address" ] || fail 'JSON: another domain'

echo '-- doubts'
printf '\n' >>r/etc/nginx/nginx.conf
touch r/etc/chatmail-nocreate
mkdir -p "r/mail/$address/pending_notifications"
touch -d '3 hours ago' "r/mail/$address/pending_notifications/abcdef"
touch "r/mail/$address/pending_notifications/abcdef.tmp"
{
  echo "$(date -u -d '2 days ago' +%F_%T).00001 <3>an error of old"
  echo "$(date -u +%F_%T).00001 <3>the sky fell"
  echo "$(date -u +%F_%T).00001 <6>nothing happened"
} >>r/log/lastlogin/current
# Full files have a name of their own; one of them was full before yesterday.
echo "$(date -u -d '2 days ago' +%F_%T).00001 <3>full long ago" \
  >"r/log/lastlogin/@$(date -u -d '2 days ago' +%F_%T).000000000"
echo "$(date -u -d '3 hours ago' +%F_%T).00001 <3>the sea rose" \
  >"r/log/lastlogin/@$(date -u -d '2 hours ago' +%F_%T).000000000"
status 0
says out '? configuration        1 file does not match chatmail.ini'
says out "? new accounts         none, while $PWD/r/etc/chatmail-nocreate is there; remove it to take some"
says out '? push queue           1 notification, the oldest for 3 h 0 min'
grep -qE '^\? log of lastlogin .*the sky fell$' out || fail 'no error:' "$(cat out)"
grep -qE '^\? log of lastlogin .*the sea rose$' out ||
  fail 'no error of a full file:' "$(cat out)"
says_not out 'an error of old'
says_not out 'full long ago'
says_not out 'nothing happened'
says out 'It works; 5 things (?) to look at.'
[ "$(json '["grade"]')" = doubt ] || fail 'JSON: no doubt'
rm r/etc/chatmail-nocreate "r/mail/$address/pending_notifications/"*
: >r/log/lastlogin/current
rm r/log/lastlogin/@*
up r
status 0
says out 'All is well.'

echo '-- somebody who is blocked'
got=$(imap "$address" "abcdefghi@[$address]" a-long-password)
[[ $got = OK* ]] || fail "login: $got"
touch "r/mail/$address/abcdefghi@[$address]/blocked"
got=$(imap "$address" "abcdefghi@[$address]" a-long-password)
[[ $got = NO* ]] || fail "login of a blocked user: $got"
[ "$(smtp_login)" = 67 ] || fail 'SMTP login of a blocked user:' "$(cat said)"
status 0
says out '  accounts             1, 1 of them blocked'
rm "r/mail/$address/abcdefghi@[$address]/blocked"
got=$(imap "$address" "abcdefghi@[$address]" a-long-password)
[[ $got = OK* ]] || fail "login when no more blocked: $got"
[ "$(smtp_login)" = 0 ] || fail 'SMTP login:' "$(cat said)"

echo '-- a message that waits'
printf 'Subject: x\n\nx\n' |
  MAIL_CONFIG=$PWD/r/etc/postfix /usr/sbin/sendmail -f "abcdefghi@[$address]" \
    'ghost@[127.255.1.2]' || fail 'sendmail'
for _ in $(seq 100); do
  "$cmdeploy" status --dir r >out
  ! grep -q '1 message, 1 of them deferred' out || break
  sleep 0.1
done
says out '  mail queue           1 message, 1 of them deferred'
[ "$(json '["findings"]' | grep -c "'number': 1, 'unit': 'messages'")" = 1 ] ||
  fail 'JSON: no message'

echo '-- a service that is down, and one that is silent'
sv -w 20 down "$PWD/r/service/doveauth" >/dev/null || fail 'sv down'
status 1
says out '! doveauth             down'
says out "! silent               unix:$PWD/r/run/doveauth/login/auth (doveauth) "
says out '2 things (!) need attention.'
[ "$(json '["grade"]')" = bad ] || fail 'JSON: not bad'
sv -w 20 up "$PWD/r/service/doveauth" >/dev/null || fail 'sv up'

echo '-- a certificate that is nearly over, and not the one that is shown'
cp r/etc/tls/cert.pem kept.pem
openssl req -x509 -new -key r/etc/tls/key.pem -sha256 -days 5 \
  -subj /CN=x -addext subjectAltName=IP:127.0.8.182 -out r/etc/tls/cert.pem
for _ in $(seq 100); do
  "$cmdeploy" status --dir r >out && break
  grep -q '! silent' out || break
  sleep 0.1
done
grep -qE '^! certificate          [45] days left, self-signed; ' out ||
  fail 'not over:' "$(cat out)"
says out "! certificate name     it is not for $address"
for port in '993 .* reload mailproxy' '443 .* reload nginx'
do
  grep -qE "^! certificate shown    port $port\$" out || fail "no $port:" "$(cat out)"
done
echo garbage >r/etc/tls/cert.pem
status 1
says out "! certificate          $PWD/r/etc/tls/cert.pem: no certificate that can"
rm r/etc/tls/cert.pem
status 1
says out "! certificate          $PWD/r/etc/tls/cert.pem: No such file"
cp kept.pem r/etc/tls/cert.pem

echo '-- a full disk'
set_key r min_free_disk_space 900000G
up r
status 1
says out '! disk '
says out '; make room, or let mail go sooner (delete_mails_after)'
says out '? new accounts         none until there is more room for mail: '
says out 'less than 900000.0 GB is too little (min_free_disk_space); make room'
says_not out 'reason='

echo '-- not running'
run 0 down --dir r
run 3 status --dir r
run 3 status --dir r --json
grep -q '"running": false' out || fail 'JSON:' "$(cat out)"

echo '-- wrong arguments'
run 2 status --dir r --ssh-host @local
run 3 status --ssh-host @local
says err 'cmdeploy:'
done_testing
