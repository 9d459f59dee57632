#!/bin/bash
# What many people behind one address, and mailboxes that another server has
# left, find at a relay.
. "$(dirname "$0")/up-lib.sh"
address=127.0.8.161
domain="[$address]"

settings r "$address"
set_key r max_mailbox_size 4M
set_key r max_message_size 3M
up r "$address"
mail=$PWD/r/mail/$address
lmtp=$(find "$PWD/r" -type s -name dovecot-lmtp)
log=$(find "$PWD/r" -path '*dovecot*' -name current)

# talk FILE USER PASSWORD LINE...: IMAP lines after a login.
talk() {
  local file=$1 user=$2 password=$3
  shift 3
  {
    printf 'x CAPABILITY\r\na LOGIN "%s" "%s"\r\n' "$user" "$password"
    printf '%s\r\n' "$@" 'z LOGOUT'
  } | timeout 60 openssl s_client -quiet -verify_quiet \
    -connect "$address:993" 2>/dev/null | tr -d '\r' >"$file" || true
}

# deliver FILE RECIPIENT: what Dovecot says to a delivery by LMTP.
deliver() {
  /usr/bin/python3 -c '
import smtplib, sys
server = smtplib.LMTP(sys.argv[1])
server.helo("test")
server.mail("a@other.test")
answer = server.rcpt(sys.argv[3])
print(answer)
try:
    if answer[0] == 250:
        print(server.data(open(sys.argv[2]).read()))
except smtplib.SMTPException as error:
    print(error)
' "$lmtp" "$1" "$2" 2>&1
}

# letter SUBJECT KB: to standard output.
letter() {
  printf 'From: a@other.test\nSubject: %s\n\n' "$1"
  printf "%0$(($2 * 1000))d" 0 | fold -w 72
  echo
}

# field NAME <JSON
field() {
  sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"
}

echo '-- forty accounts by /new, at once'
start=$SECONDS
for i in $(seq 40); do
  curl -sSk -m 55 -X POST "https://$address/new" >"new.$i" 2>&1 &
  asked[i]=$!
done
wait "${asked[@]}"
for i in $(seq 40); do
  talk "by-new.$i" "$(field email <"new.$i")" "$(field password <"new.$i")" &
  asked[i]=$!
done
wait "${asked[@]}"
n=$(cat by-new.* | grep -c '^a OK' || true)
[ "$n" = 40 ] || fail "$n of 40 by /new:" "$(cat new.* | sort | uniq -c | tail)"
echo "-- and forty by login, after $((SECONDS - start)) s"
start=$SECONDS
for i in $(seq 40); do
  talk "by-login.$i" "phone$((1000 + i))@$domain" "a-password-of-$i" &
  asked[i]=$!
done
wait "${asked[@]}"
n=$(cat by-login.* | grep -c '^a OK' || true)
[ "$n" = 40 ] || fail "$n of 40 by login:" "$(cat by-login.* | grep '^a ')"
[ $((SECONDS - start)) -lt 60 ] || fail "by login: $((SECONDS - start)) s"

echo '-- a neighbour with wrong passwords delays nobody'
for i in $(seq 8); do
  talk "wrong.$i" "phone1001@$domain" "wrong-password-$i" &
  asked[i]=$!
done
start=$SECONDS
talk good "phone1002@$domain" a-password-of-2
says good 'a OK'
[ $((SECONDS - start)) -lt 8 ] || fail "a good login: $((SECONDS - start)) s"
wait "${asked[@]}"
[ "$(cat wrong.* | grep -c '^a OK' || true)" = 0 ] || fail 'a wrong one is in'

echo '-- nor one who sends, on any port'
# smtp FILE URL USER PASSWORD: what a login there is answered.
smtp() {
  timeout 60 curl -skv --ssl-reqd "$2" -u "$3:$4" --login-options AUTH=PLAIN \
    -X NOOP 2>&1 | tr -d '\r' | sed -n 's/^< \([245][35][45]\) .*/\1/p' >"$1"
}
for i in $(seq 8); do
  smtp "wrong-465.$i" "smtps://$address" "phone1001@$domain" "wrong-$i" &
  asked[i]=$!
  smtp "wrong-587.$i" "smtp://$address:587" "phone1001@$domain" "wrong-$i" &
  asked[i + 8]=$!
done
start=$SECONDS
smtp good-465 "smtps://$address" "phone1002@$domain" a-password-of-2
smtp good-587 "smtp://$address:587" "phone1003@$domain" a-password-of-3
talk good "phone1004@$domain" a-password-of-4
says good-465 235
says good-587 235
says good 'a OK'
[ $((SECONDS - start)) -lt 16 ] || fail "good logins: $((SECONDS - start)) s"
wait "${asked[@]}"
! grep -l 235 wrong-[45]* || fail 'a wrong one is in'
cat wrong-[45]* | grep -q 535 || fail 'nobody is refused'

echo '-- what apps look for, before the login and after it'
user=phone1003@$domain
password=a-password-of-3
home=$mail/$user
talk words "$user" "$password" 'b CAPABILITY'
for word in XCHATMAIL XDELTAPUSH; do
  [ "$(grep -c "^\* CAPABILITY.* $word\( \|\$\)" words)" -ge 2 ] ||
    fail "$word is not told twice:" "$(cat words)"
done

echo '-- mail that another server has compressed'
letter packed 2 | sed 's/$/\r/' >packed
mkdir -p "$home"/{cur,new,tmp}
name="1700000000.M1P1.x,S=$(wc -c <packed),W=$(wc -c <packed)"
gzip -c packed >"$home/new/$name"
chown -R --reference="$home" "$home"
talk packed.said "$user" "$password" 'b SELECT INBOX' \
  'c FETCH 1 (RFC822.SIZE BODY.PEEK[])'
says packed.said "RFC822.SIZE $(wc -c <packed) "
says packed.said 'Subject: packed'
says packed.said 'c OK'

echo '-- a large message in a mailbox that is nearly full'
user=phone1004@$domain
password=a-password-of-4
for i in 1 2; do
  letter "small $i" 1400 >letter
  deliver letter "$user" >delivered
  says delivered Saved
done
for i in 1 2 3; do
  letter "large $i" 2800 >letter
  for _ in $(seq 20); do
    deliver letter "$user" >delivered
    ! grep -q Saved delivered || break
    sleep 0.5
  done
  says delivered 'Saved'
done
talk left "$user" "$password" 'b SELECT INBOX' \
  'c FETCH 1:* (BODY.PEEK[HEADER.FIELDS (Subject)])'
says left 'Subject: large 3'
says_not left 'Subject: small 1'

echo '-- names, and flags'
letter short 1 >letter
for name in .lead -lead _lead; do
  mkdir -p "$mail/$name@$domain"
  cp "$home/password" "$mail/$name@$domain/password"
  chown -R --reference="$home" "$mail/$name@$domain"
  deliver letter "$name+tag@$domain" >delivered
  says delivered Saved
  talk named "$name@$domain" a-password-of-3 'b STATUS INBOX (MESSAGES)'
  says named '(MESSAGES 1)'
done
touch "$mail/_lead@$domain/DISABLED"
deliver letter "_lead@$domain" >delivered
says delivered '(550'
talk named "_lead@$domain" a-password-of-3 'b STATUS INBOX (MESSAGES)'
says named '(MESSAGES 1)'

echo '-- METADATA of any size'
for size in 4096 4097 60000 65000 65536 70000 200000 1000000; do
  value=$(printf "openpgp:%0$((size - 8))d" 0)
  talk "metadata.$size" "$user" "$password" \
    "b SETMETADATA INBOX (/private/devicetoken {$size+}" "$value)" \
    'c GETMETADATA INBOX /private/devicetoken' 'd NOOP'
  says "metadata.$size" 'd OK'
  if [ "$size" -le 4096 ]; then
    says "metadata.$size" 'b OK'
  else
    says "metadata.$size" 'b NO'
  fi
done
! grep -aE 'Panic|killed with signal|Fatal' $log || fail 'Dovecot broke'
done_testing
