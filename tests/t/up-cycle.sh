#!/bin/bash
# cmdeploy up, from nothing to a relay that is changed, killed and kept.
. "$(dirname "$0")/up-lib.sh"
address=127.0.8.111

echo '-- a dry run makes nothing'
run 0 up "$address" --dir r --dry-run
says out '+++ '"$PWD"'/r/etc/postfix/main.cf'
says_not out 'PRIVATE KEY'
[ ! -e r ] || fail 'the dry run made a folder'

echo '-- the first start'
settings r "$address"
up r "$address"
says out 'answer'
says out "dclogin:"
run 0 status --dir r
says out 'answering ports      25 465 587 143 993 80 443'
got=$(imap "$address" "abcdefghi@[$address]" a-long-password)
[[ $got = OK* ]] || fail "login: $got"
run 0 status --dir r
says out 'accounts             1'

echo '-- nothing to do'
before=$(pid r postfix)/$(pid r dovecot)/$(pid r doveauth)
run 0 up --dir r --dry-run
says out 'Nothing would change.'
up r
says out 'nothing to change'
says out 'all run with what they need'
[ "$(pid r postfix)/$(pid r dovecot)/$(pid r doveauth)" = "$before" ] ||
  fail 'something was restarted'
run 1 up --dir r
says err 'in use by another'

echo '-- only what depends on a change'
dovecot=$(pid r dovecot) doveauth=$(pid r doveauth) nginx=$(pid r nginx)
filter=$(pid r filtermail-outgoing)
set_key r max_user_send_per_minute 70
run 0 up --dir r --dry-run
says out '+max_user_send_per_minute = 70'
says out '(re)start filtermail-outgoing'
says_not out 'start dove'
up r
says out 'restarted filtermail-outgoing'
[ "$(pid r dovecot)" = "$dovecot" ] || fail 'dovecot was restarted'
[ "$(pid r doveauth)" = "$doveauth" ] || fail 'doveauth was restarted'
[ "$(pid r filtermail-outgoing)" != "$filter" ] ||
  fail 'filtermail-outgoing was not restarted'
echo '# by hand' >>r/etc/nginx/nginx.conf
up r
says out 'reloaded nginx'
[ "$(pid r nginx)" = "$nginx" ] || fail 'nginx was restarted'

echo '-- what nginx would refuse it is not told to take'
cert=r/etc/tls/cert.pem
cp "$cert" kept.pem
echo nonsense >"$cert"
run 1 up --dir r --detach
says err 'mailproxy would refuse its new configuration'
says err 'it keeps serving with the old one; fix what it says here, and run'
says err 'cert.pem'
got=$(imap "$address" "abcdefghi@[$address]" a-long-password)
[[ $got = OK* ]] || fail "login with the old certificate: $got"
cp kept.pem "$cert"
run 0 up --dir r --detach
[ "$(pid r nginx)" = "$nginx" ] || fail 'nginx was restarted'

echo '-- a relay of before filter_incoming was true keeps false, and is told once'
grep -qx 'filter_incoming = true' r/etc/chatmail.ini || fail 'not on by default'
sed -i '/^filter_incoming/d' r/etc/chatmail.ini
up r
says err 'to refuse it, write "filter_incoming = true" into chatmail.ini'
says out 'restarted filtermail-incoming'
grep -qx 'filter_incoming = false' r/etc/chatmail.ini || fail 'not kept'
up r
says_not err 'filter_incoming'
says out 'nothing to change'
set_key r filter_incoming true
up r
says out 'restarted filtermail-incoming'
[ "$(grep -x 'filter_incoming = .*' r/etc/chatmail.ini)" = 'filter_incoming = true' ] ||
  fail 'not what the operator wrote'

echo '-- a killed master leaves nobody on its ports'
kill -KILL "$nginx"
for _ in $(seq 50); do
  curl -sk -o page "https://$address/" && [ "$(pid r nginx)" != "$nginx" ] && break
  sleep 0.2
done
[ -s page ] || fail 'nginx does not come back'

echo '-- what services may not write to'
[ "$(stat -c %a-%U-%G r/run/nginx)" = 750-root-www-data ] ||
  fail 'the run folder of nginx is not written by root alone'
[ ! -e r/run/dovecot/lmtp ] || fail 'anybody may deliver mail'

echo '-- a service more, and less'
set_key r mtail_address 127.0.0.1
up r
says out 'started mtail'
mtail=$(pid r mtail)
set_key r mtail_address ''
up r
[ ! -e r/service/mtail ] || fail 'its folder is still there'
tail --pid="$mtail" -f /dev/null

echo '-- killed, all processes end'
main=$("$cmdeploy" status --dir r | sed -n 's/.*(pid \([0-9]*\)).*/\1/p')
pids="$(pid r postfix) $(pid r dovecot) $(pid r nginx) $(pid r doveauth)"
kill -KILL "$main"
for p in $pids; do
  timeout 20 tail --pid="$p" -f /dev/null || fail "process $p stays"
done
run 3 status --dir r

echo '-- again: the key, the account and the password are kept'
sum=$(sha256sum r/etc/tls/key.pem r/etc/tls/cert.pem)
# Its processes are gone when its ports are free.
for _ in $(seq 100); do
  "$cmdeploy" up --dir r --detach >out 2>err && break
  grep -q 'is in use by' err || break
done
says out 'answer'
[ "$(sha256sum r/etc/tls/key.pem r/etc/tls/cert.pem)" = "$sum" ] ||
  fail 'the key has changed'
got=$(imap "$address" "abcdefghi@[$address]" a-long-password)
[[ $got = OK* ]] || fail "login: $got"
got=$(imap "$address" "abcdefghi@[$address]" another-password)
[[ $got = NO* ]] || fail "login with a wrong password: $got"

echo '-- down'
run 0 down --dir r
run 3 status --dir r
run 3 down --dir r
done_testing
