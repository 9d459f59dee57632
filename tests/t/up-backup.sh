#!/bin/bash
# A relay comes back out of a backup that was made while it ran: accounts,
# messages with their flags and UIDs, settings, keys; and no app that has seen
# more than the backup skips a message.
# shellcheck source=tests/t/up-lib.sh
. "${0%/*}/up-lib.sh"

relay=127.0.8.171
secret=Secret-of-somebody-17
user="abcdefghi@[$relay]"
text='a text that nobody else may read'

# ask COMMAND: what IMAP answers, of the inbox.
ask() {
  timeout 30 curl -skS "imaps://$relay/INBOX" -u "$user:$secret" \
    -X "$1" 2>&1 | tr -d '\r'
}

append() {
  printf 'From: <%s>\r\nSubject: %s\r\n\r\n%s\r\n' "$user" "$1" "$text" >message
  timeout 30 curl -skS "imaps://$relay/INBOX" -u "$user:$secret" -T message ||
    fail "append $1"
}

# status_of ITEM: a number.
status_of() {
  ask "STATUS INBOX ($1)" | sed -n "s/.*$1 \([0-9]*\)).*/\1/p"
}

# away: the relay is gone, as its machine.
away() {
  run 0 down --dir r
  rm -rf gone
  mv r gone
}

settings r "$relay"
up r
[[ $(imap "$relay" "$user" "$secret") == OK* ]] || fail 'no account'
for i in 1 2 3; do append "$i"; done
ask 'STORE 2 +FLAGS (\Flagged)' >/dev/null
validity=$(status_of UIDVALIDITY)
home=$(echo r/mail/*/"$user")
touch -d '2 days ago' "$home/password"
cp -a "$home/password" password-before

echo '-- a backup, encrypted, with its key'
run 0 backup --dir r "$PWD/kept"
says out '1 accounts, 3 messages'
says out "Its key is $PWD/r/etc/backup.key"
cp r/etc/backup.key key
[ "$(stat -c '%a %U' r/etc/backup.key)" = '600 root' ] || fail 'an open key'
[ -z "$(find r -name .backup)" ] || fail 'the copy is still there'
! grep -raq "$text" kept || fail 'it can be read'
run 0 status --dir r
says out 'backup'
says out "old, at $PWD/kept"

echo '-- what the app sees after it'
for i in 4 5; do append "$i"; done
next=$(status_of UIDNEXT)
modseq=$(status_of HIGHESTMODSEQ)
[ "$next" = 6 ] || fail "UIDNEXT $next"

echo '-- refused: no key, a wrong key, no backup, a relay that is there'
run 1 restore --dir r --key key "$PWD/kept"
says err 'there is a relay already in'
run 1 restore --dir new "$PWD/kept"
says err 'the key of the backup is not there; name it by --key FILE'
echo other >wrong
run 1 restore --dir new --key wrong "$PWD/kept"
says err 'was made with another key than'
run 1 restore --dir new --key key "$PWD/nothing"
says err "restic, with $PWD/nothing: "
run 2 restore --key key "$PWD/kept"
run 1 backup --dir r
says err 'or set backup_to'

echo '-- a password in a URL, which nobody is shown'
run 1 backup --dir r 'rest:http://me:Hush-17@127.0.0.1:port/'
says err 'restic, with rest:http://me:***@127.0.0.1:port/: '
run 1 restore --dir new --key key 'rest:http://me:Hush-17@127.0.0.1:port/'
says out 'rest:http://me:***@'
! grep -F Hush-17 out err || fail 'shown'
for command in backup restore; do
  run 1 "$command" --ssh-host nowhere.invalid 'rest:http://me:Hush-17@127.0.0.1/'
  says err 'the password in that URL would stand in logs of the server'
  ! grep -F Hush-17 out err || fail 'shown'
done
cp r/chatmail.ini settings
echo 'backup_to = rest:http://me:Hush-17@127.0.0.1/' >>r/chatmail.ini
run 1 backup --dir r
says err 'backup_to: the value cannot be used; give a place without a password'
! grep -F Hush-17 out err || fail 'shown'
cp settings r/chatmail.ini

echo '-- variables for the place'
printf '# of restic\n\nexport TMPDIR="/not here"\n' >r/etc/backup.env
run 1 backup --dir r "$PWD/kept"
says err '/not here/'
echo Hush-17 >r/etc/backup.env
run 1 backup --dir r "$PWD/kept"
says err "r/etc/backup.env: line 1: not NAME=value"
! grep -F Hush-17 out err || fail 'shown'
rm r/etc/backup.env

echo '-- it comes back'
away
run 0 restore --dir r --key key kept
says out 'all are back in'
says out 'Start it: '
cmp r/chatmail.ini gone/chatmail.ini || fail 'other settings'
cmp r/etc/tls/key.pem gone/etc/tls/key.pem || fail 'another key'
home=$(echo r/mail/*/"$user")
cmp "$home/password" password-before || fail 'another password'
[ "$(stat -c '%Y %U %a' "$home/password")" = \
  "$(stat -c '%Y %U %a' password-before)" ] || fail 'the day of the last login'
up r
[ "$(status_of UIDVALIDITY)" = "$validity" ] || fail 'another UIDVALIDITY'
[ "$(ask 'UID SEARCH ALL')" = '* SEARCH 1 2 3' ] || fail "$(ask 'UID SEARCH ALL')"
[ "$(ask 'UID SEARCH FLAGGED')" = '* SEARCH 2' ] ||
  fail "$(ask 'UID SEARCH FLAGGED')"
[ "$(status_of HIGHESTMODSEQ)" -gt "$((modseq + 1000000))" ] ||
  fail "HIGHESTMODSEQ $(status_of HIGHESTMODSEQ)"
[ "$(status_of UIDNEXT)" = 1000004 ] || fail "UIDNEXT $(status_of UIDNEXT)"
append new
[ "$(ask "UID SEARCH UID $next:*")" = '* SEARCH 1000004' ] ||
  fail "an app would see: $(ask "UID SEARCH UID $next:*")"
[[ $(imap "$relay" "$user" wrong-password) == NO* ]] || fail 'any password'
run 0 status --dir r

echo '-- while flags change all the time'
for i in $(seq 40); do append "$i"; done
touch busy
while [ -e busy ]; do
  ask 'STORE 1:* +FLAGS (\Seen)' >/dev/null
  ask 'STORE 1:* -FLAGS (\Seen)' >/dev/null
done &
for _ in 1 2 3; do
  run 0 backup --dir r "$PWD/kept"
  says out '1 accounts, 44 messages'
done
rm busy
wait $!

echo '-- without mail, of which the newest with mail is left in peace'
run 0 backup --dir r --without-mail "$PWD/kept"
says out '1 accounts, 0 messages'
away
run 0 restore --dir r --key key "$PWD/kept"
up r
[ "$(status_of MESSAGES)" = 44 ] || fail "$(status_of MESSAGES) messages"
[ "$(status_of UIDNEXT)" = 2000045 ] || fail "UIDNEXT $(status_of UIDNEXT)"
away
run 0 restore --dir r --key key --without-mail "$PWD/kept"

echo '-- a restore that was cut'
home=$(echo r/mail/*/"$user")
mkdir r/state/restoring
run 1 restore --dir r --key key "$PWD/kept"
says err 'not empty'
rm -r r/mail/*
run 1 up --dir r --detach
says err 'a restore has begun here and was cut'
run 1 backup --dir r "$PWD/kept"
run 0 restore --dir r --key key --without-mail "$PWD/kept"
up r
[ "$(status_of MESSAGES)" = 0 ] || fail "$(status_of MESSAGES) messages"
[ "$(status_of UIDVALIDITY)" = "$validity" ] || fail 'UIDVALIDITY, without mail'
[ "$(status_of UIDNEXT)" = 2000045 ] || fail "UIDNEXT $(status_of UIDNEXT)"
done_testing
