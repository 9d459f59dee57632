#!/bin/bash
# What `cmdeploy test` says about a relay that is well, and about one that is
# broken on purpose: each fault is found, by the try that is named after it.
here=$(dirname "$(readlink -f "$0")")
. "$here/up-lib.sh"
address=127.0.8.241
export XDG_CACHE_HOME=$PWD/cache
patience=()
# No core comes from npm: real apps have a test of their own (up-apps.sh).
export npm_config_cache=$PWD/npm npm_config_registry=http://127.0.0.1:1/

# fails [TRY TEXT]...: tried in one run, each of them fails with its reason.
fails() {
  local tries='' try text
  local -a wanted=("$@")
  while [ $# -gt 0 ]; do
    tries+="${tries:+|}$1"
    shift 2
  done
  run 1 test --dir r --tap "${patience[@]}" -k "@($tries)"
  set -- "${wanted[@]}"
  while [ $# -gt 0 ]; do
    try=$1 text=$2
    shift 2
    grep -A 4 -E "^not ok [0-9]+ - $try: " out >one ||
      fail "$try does not fail:" "$(cat out)"
    says one "$text"
    says one '  next: "'
  done
}

passes() {
  run 0 test --dir r --tap -k "$1"
  says out "ok 1 - $1: "
}

# restart SERVICE PORT: and waits until it answers again.
restart() {
  sv -w 20 restart "$PWD/r/service/$1" >/dev/null || fail "$1 does not restart"
  answers "$address" "$2"
}

# change FILE SED...: a file below r/etc, of which a copy is kept.
change() {
  local file=r/etc/$1
  [ -e "$file.kept" ] || cp -p "$file" "$file.kept"
  cp "$file" before
  shift
  sed -i "$@" "$file"
  ! cmp -s before "$file" || fail "$file: nothing to change for $*"
}

restore() {
  mv "r/etc/$1.kept" "r/etc/$1"
}

settings r _well.test
set_key r max_new_accounts_per_hour 0
up r "$address"

echo '-- what can be asked without a relay'
run 0 test --list
says out 'names/port-993'
run 0 test --list -k 'names/port-4*'
[ "$(wc -l <out)" = 4 ] || fail 'not four ports:' "$(cat out)"
run 2 test --list -k nothing-like-it
says err '--list names them'
run 2 test --dir r somewhere.test
run 1 test 'no domain'
says err 'neither a DNS name nor an IP address'
run 3 test --dir nowhere
run 2 test --dir r --timeout 0
says err '--timeout: give seconds'
run 1 test nowhere.invalid -k names/address
says out 'FAIL names/address'

echo '-- a relay that is well'
# Where Dovecot's headers are not, there is no plugin, and so half a second.
slow=0
if grep -q '^.*instant-idle: off' r/log/dovecot/current; then
  slow=1
  fails imap/idle-quick 'ms after the message was accepted; 100 ms are promised'
fi
run "$slow" test --dir r --junit junit.xml
says out " passed, $slow failed"
says junit.xml '<testcase classname="names" name="port-993" time="'
says junit.xml " failures=\"$slow\" "
[ "$(stat -c %a cache/cmdeploy/test/_well.test/accounts)" = 600 ] ||
  fail 'others can read the accounts'
cp cache/cmdeploy/test/_well.test/accounts kept
passes accounts/again
cmp kept cache/cmdeploy/test/_well.test/accounts || fail 'accounts are not kept'

echo '-- a closed port, and what needs it'
sv -w 20 down "$PWD/r/service/nginx" >/dev/null
fails names/port-80 'Connection refused'
run 1 test --dir r -k names/port --junit junit.xml
says out 'FAIL names/port-443 '
says out 'FAIL names/port-443-imap '
says out 'ok   names/port-993 '
says out '5 passed, 4 failed'
says junit.xml '<failure message="'
sv -w 20 up "$PWD/r/service/nginx" >/dev/null
answers "$address" 443

echo '-- each port closed, or open for another protocol'
change mailproxy.conf "s/listen $address:\(143\|465\|587\|993\)/listen $address:1\1/"
change nginx/nginx.conf -e 's/\\bsmtp\\b/\\bimap-or-smtp\\b/' \
  -e "s/\\\\bimap\\\\b .*/\\\\bimap\\\\b $address:1465;/"
restart mailproxy 1993
restart nginx 443
fails names/port-143 'Connection refused' \
  names/port-465 'Connection refused' \
  names/port-587 'Connection refused' \
  names/port-993 'Connection refused' \
  names/port-443-imap 'port 443: ' \
  names/port-443-smtp 'port 443: TLS: '
restore mailproxy.conf
restore nginx/nginx.conf
restart nginx 443

echo '-- a server of IMAP with faults, before the one that is well'
change mailproxy.conf "s/listen $address:\(143\|993\)/listen $address:1\1/"
restart mailproxy 1993
/usr/bin/python3 "$here/faulty-imap.py" "$address" 1993 r/etc/tls \
  cache/cmdeploy/test/_well.test/accounts >faulty.log 2>&1 &
faulty=$!
answers "$address" 993
fails names/injection 'port 143 answers by TLS to what was sent before it' \
  accounts/wrong-password 'IMAP lets in who has a wrong password' \
  accounts/foreign 'IMAP lets in who has an address elsewhere' \
  accounts/same-password 'the server says' \
  imap/device-token 'the token that was set does not come back' \
  imap/metadata-limit 'a token of 4097 bytes is accepted' \
  imap/move 'MOVE has lost the message'
fails imap/idle-quick 'ms after the message was accepted; 100 ms are promised'
patience=(--timeout 6)
fails imap/idle 'IDLE has not told of message 14 within 6 s'
patience=()
kill "$faulty"
wait "$faulty" || true
restore mailproxy.conf
restart mailproxy 993

echo '-- Postfix: TLS, senders, filters, recipients, sizes'
change mailproxy.conf 's/ssl_protocols TLSv1.3/ssl_protocols TLSv1.2 TLSv1.3/'
change postfix/master.cf -e 's/reject_sender_login_mismatch//' -e 's,/run/filtermail/,/spool/postfix/filter/,' \
  -e 's/-o header_checks=.*/-o header_checks=/' \
  -e 's/553 5.7.1 not logged in/OK/; s/\(unlisted_recipient\)=yes/\1=no/' \
  -e '/:10587/,/^$/s/message_size_limit=.*/message_size_limit=1000000/'
change postfix/main.cf 's/^smtpd_recipient_limit = .*/smtpd_recipient_limit = 50/'
restart postfix 10587
restart mailproxy 465
fails names/tls-1.3 'port 465 speaks TLS 1.2' \
  sending/sender 'it has to be 553' \
  sending/forged-from 'it has to be 500' \
  sending/cleartext-out 'it has to be 523' \
  sending/cleartext-inside 'it has to be 523' \
  sending/traces 'Subject is not [...]' \
  sending/recipients 'the server says: 452' \
  sending/size 'SIZE is 1000000; max_message_size of chatmail.ini is 31457280' \
  sending/rate '61 messages pass in a minute; 60 are allowed' \
  arriving/unsigned 'it has to be 554' \
  arriving/wrongly-signed 'it has to be 554' \
  arriving/signed-by-other 'it has to be 554' \
  arriving/forged-sender 'the server says: 250'
restore postfix/main.cf
restore postfix/master.cf
restore mailproxy.conf
change postfix/main.cf -e '/^disable_vrfy_command/d' \
  -e 's/^\(smtpd_reject_unlisted_recipient\) = no/\1 = yes/'
change mailproxy.conf "s/listen $address:25;/listen $address:2525;/"
restart postfix 10587
restart mailproxy 465
fails names/port-25 'Connection refused'
run 1 test --dir r -k '[an][ra]*/*[5d]'
says out 'skip arriving/unsigned'
says out 'names/port-25 has failed'
fails accounts/no-names 'VRFY: 252 for an account, 550 for a name that'
restore mailproxy.conf
restore postfix/main.cf
restart mailproxy 465

echo '-- Postfix: nobody can log in, nothing gets to other servers'
change postfix/master.cf 's/smtpd_sasl_auth_enable=yes/smtpd_sasl_auth_enable=no/'
restart postfix 10587
fails accounts/smtp-first 'the server says: 503' \
  accounts/both-first 'login 2 of 2: the server says: 503' \
  accounts/ten-first 'login 2 of 10: the server says: 503' \
  accounts/again 'the server says: 503'
restore postfix/master.cf
restart postfix 10587
patience=(--timeout 3 --second 127.0.8.242)
fails arriving/bounce 'the message has not arrived within 3 s'
patience=()

echo '-- Dovecot: TLS, logins in the clear, capabilities, a notice that is lost'
change mailproxy.conf -e 's/^\tssl_protocols .*/\tssl_protocols TLSv1 TLSv1.1 TLSv1.3; ssl_ciphers DEFAULT@SECLEVEL=0;/' \
  -e 's/default "Must issue.*/default OK;/' -e 's/default "530 .*/default "";/' \
  -e 's/starttls only/starttls on/'
restart mailproxy 993
change dovecot/dovecot.conf -e 's/ XDELTAPUSH$//' -e 's/ imap_quota / /' \
  -e 's/imap_metadata = yes/imap_metadata = no/' \
  -e 's/^protocol lmtp {/&\n  mail_location = maildir:~\/elsewhere/'
restart dovecot 10993
patience=(--timeout 6)
fails names/old-tls 'port 993 speaks TLS 1.1 or older' \
  names/plain-login 'port 143 does not refuse LOGIN without TLS' \
  imap/capabilities 'it does not announce QUOTA' \
  imap/push-words 'it does not announce XDELTAPUSH' \
  imap/quota 'the server says' \
  imap/metadata 'the server says' \
  imap/device-token 'the server says' \
  imap/idle 'IDLE has not told of message 2 within 6 s'
patience=()
restore dovecot/dovecot.conf
restore mailproxy.conf
restart mailproxy 993

echo '-- accounts: short passwords'
change chatmail.ini -e '/^#* *password_min_length =/d' \
  -e '$a password_min_length = 1'
sv -w 20 restart "$PWD/r/service/doveauth" >/dev/null
fails accounts/short-password 'lets in a new user with a password too short'
restore chatmail.ini
sv -w 20 restart "$PWD/r/service/doveauth" >/dev/null

echo '-- the web: pages, codes, /new, policies'
change nginx/site.conf -e '/Content-Security-Policy/d' -e '/limit_req /d'
change nginx/mta-sts.txt 's/enforce/testing/'
change nginx/autoconfig.xml 's/_well/_other/'
mv r/pages/privacy.html away.html
cp r/pages/logo.svg r/pages/qr-chatmail-invite-_well.test.png
restart nginx 443
fails web/headers 'the page is sent without Content-Security-Policy:' \
  web/mta-sts 'has no \"mode: enforce\"' \
  web/autoconfig 'has no \"<domain>_well.test</domain>\"' \
  web/pages '/privacy.html: status 404, not 200' \
  web/code 'has no \"PNG\"'
sv -w 20 down "$PWD/r/service/fcgiwrap" >/dev/null
# Without the program behind it, an answer is quick on any machine.
fails web/new 'POST /new: status 502' web/new-get 'GET /new: status 502' \
  web/new-limit '300 requests one after the other'
sv -w 20 up "$PWD/r/service/fcgiwrap" >/dev/null
for file in site.conf mta-sts.txt autoconfig.xml; do
  restore "nginx/$file"
done

echo '-- services that do not run'
restart dovecot 10993
sv -w 20 down "$PWD"/r/service/{chatmail-metadata,filtermail-outgoing} >/dev/null
fails imap/device-token 'the server says' \
  sending/cleartext-out 'the server says: 451'
sv -w 20 down "$PWD/r/service/doveauth" >/dev/null
patience=(--timeout 3)
fails accounts/imap-first 'no answer within 3 s'
patience=()
sv -w 20 up "$PWD"/r/service/{chatmail-metadata,doveauth,filtermail-outgoing} \
  >/dev/null

echo '-- certificates: expired, and of another name'
cp r/etc/tls/cert.pem cert.kept
touch index
printf '%s\n' '[ca]' 'default_ca = own' '[own]' 'database = index' \
  'new_certs_dir = .' 'default_md = sha256' 'policy = any' 'rand_serial = yes' \
  '[any]' 'commonName = supplied' >ca.conf
# certificate NAME FROM UNTIL: put there whole, since one of them may read it at
# any moment.
certificate() {
  openssl req -new -key r/etc/tls/key.pem -subj "/CN=$1" -out request 2>/dev/null
  openssl ca -config ca.conf -batch -selfsign -keyfile r/etc/tls/key.pem \
    -in request -startdate "$2" -enddate "$3" -out new.pem \
    -notext 2>ca.log || fail "no certificate: $(cat ca.log)"
  mv new.pem r/etc/tls/cert.pem
}
certificate _well.test 20200101000000Z 20210101000000Z
restart nginx 443
certificate _other.test 20200101000000Z 20490101000000Z
restart mailproxy 993
fails names/port-443 'its certificate has expired' \
  names/port-993 'its certificate is not for _well.test'
mv cert.kept r/etc/tls/cert.pem

echo '-- what is mended is well'
up r
restart mailproxy 993
restart nginx 443
run 0 test --dir r -k 'names/*'

done_testing
