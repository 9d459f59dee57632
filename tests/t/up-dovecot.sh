#!/bin/bash
# What a relay wants of its Dovecot, whichever version that is: Dovecot 2.3
# and 2.4 are told it in different words.
. "$(dirname "$0")/up-lib.sh"
address=127.0.8.181
domain="[$address]"
user="somebody1@$domain"

settings r "$address"
# Brackets in a URI stopped Dovecot 2.4.
echo "privacy_mail = admin@$domain" >>r/chatmail.ini
up r "$address"
mail=$PWD/r/mail/$address/$user
lmtp=$(find "$PWD/r" -type s -name dovecot-lmtp)
log=$(find "$PWD/r" -path '*dovecot*' -name current)

# talk LINE...: IMAP lines after a login; the answers go to `said`.
talk() {
  {
    printf 'a LOGIN "%s" "long-enough-181"\r\nb CAPABILITY\r\n' "$user"
    printf '%s\r\n' "$@" 'z LOGOUT'
  } | timeout 60 openssl s_client -quiet -verify_quiet \
    -connect "$address:993" 2>/dev/null | tr -d '\r' >said || true
  says said 'z OK'
}

deliver() {
  /usr/bin/python3 -c '
import smtplib, sys
server = smtplib.LMTP(sys.argv[1])
server.helo("test")
server.sendmail("a@other.test", sys.argv[2], "Subject: x\r\n\r\nx\r\n")
server.quit()' "$lmtp" "$user" || fail 'LMTP refuses'
}

lmtp_process() {
  pgrep -P "$(pid r dovecot)" -x lmtp | tr '\n' ' '
}

echo '-- what it offers'
talk 'c GETMETADATA "" /shared/admin' 'd GETQUOTAROOT INBOX' \
  'e SETMETADATA INBOX (/private/devicetoken "a-token")' \
  'f GETMETADATA INBOX /private/devicetoken'
says said XCHATMAIL
says said XDELTAPUSH
says_not said COMPRESS
says said "mailto:admin@%5B$address%5D"
grep -q 'QUOTA.*STORAGE 0 [1-9]' said || fail "no quota: $(cat said)"
says said 'e OK'
says said 'f OK'

echo '-- the day of the last login is written down'
touch -d '12 days ago' "$mail/password"
talk 'c NOOP'
for _ in $(seq 50); do
  [ -n "$(find "$mail/password" -mtime +2)" ] || break
  sleep 0.1
done
[ -z "$(find "$mail/password" -mtime +2)" ] || fail 'it is 12 days ago'

echo '-- one process takes all mail'
deliver
before=$(lmtp_process)
deliver
deliver
[ -n "$before" ] && [ "$(lmtp_process)" = "$before" ] ||
  fail "lmtp was \"$before\", now \"$(lmtp_process)\""

echo '-- a mailbox has room for 100 folders'
lines=()
for i in $(seq 120); do
  lines+=("m$i CREATE folder$i")
done
talk "${lines[@]}" 'n CREATE folder.in.another' 'o DELETE folder1' \
  'p CREATE again' 'q CREATE and.again' 'r SELECT INBOX'
says said 'm90 OK'
says said 'm120 NO ['
says said 'n NO ['
says said 'p OK'
says said 'q NO ['
says said 'r OK'
n=$(find "$mail" -mindepth 1 -maxdepth 1 -type d -name '.*' | wc -l)
[ "$n" -le 101 ] || fail "$n folders"
grep -E '^m120' said

echo '-- mail for somebody who is disabled is refused'
touch "$mail/DISABLED"
/usr/bin/python3 -c '
import smtplib, sys
server = smtplib.LMTP(sys.argv[1])
server.helo("test")
server.mail("a@other.test")
print(server.rcpt(sys.argv[2]))' "$lmtp" "$user" >said 2>&1 || true
says said '(550'
rm "$mail/DISABLED"

echo '-- compressed connections, and what they say, when that is wanted'
set_key r imap_compress true
set_key r imap_rawlog true
up r
talk 'c NOOP'
says said COMPRESS=DEFLATE
[ -n "$(find "$mail" -name '*.in')" ] || fail 'no log of what a client says'

echo '-- nothing to complain about'
grep -E 'Error|Fatal|Panic|Warning|denied|exceeded' "$log" |
  grep -v 'SIGHUP received' >found || true
[ ! -s found ] || fail "dovecot: $(cat found)"
done_testing
