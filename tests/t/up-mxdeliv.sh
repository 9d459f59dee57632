#!/bin/bash
# Mail that another relay posts over HTTPS: taken, refused, cut off.
. "$(dirname "$0")/up-lib.sh"
address=127.0.8.241
peer=127.0.8.242
samples=$(dirname "$0")/../data/samples
user="abcdefghi@[$address]"
other="ihgfedcba@[$address]"

# post FILE [CURL ARGUMENT...]: the answer's status, and its body in said.
post() {
  local file=$1
  shift
  status=$(curl -sk -m 60 --interface "$peer" -o said -w '%{http_code}' \
    --data-binary "@$file" -H 'Expect:' "$@" "https://$address/mxdeliv" || true)
}

# from_peer ADDRESS <SAMPLE: a message of theirs, with the ends of its lines.
from_peer() {
  sed "1,/^From:/{/^From:/!d};s/^From: .*/From: <$1>/" | sed 's/\r*$/\r/'
}

# smtp PORT FILE FROM [PARAMETER...]: the reply that decided to said.
smtp() {
  /usr/bin/python3 -c '
import smtplib, ssl, sys
host, source, password, user, port, file, sender, *options = sys.argv[1:]
context = ssl._create_unverified_context()
if port == "465":
    server = smtplib.SMTP_SSL(host, 465, context=context)
    server.login(sender, password)
else:
    server = smtplib.SMTP(host, 25, source_address=(source, 0))
    server.starttls(context=context)
server.ehlo()
reply = server.mail(sender, options)
if reply[0] == 250:
    reply = server.rcpt(user)
if reply[0] == 250:
    reply = server.data(open(file, "rb").read())
print(reply[0], reply[1].decode())
' "$address" "$peer" 0123456789abcdefghijkl "$other" "$@" >said 2>&1 || true
}

# answers STATUS TEXT
answers() {
  [ "$status" = "$1" ] || fail "status $status, not $1:" "$(cat said)"
  says said "$2"
}

# mail_of USER: how many messages they have.
mail_of() {
  find "r/mail/$address/$1/new" "r/mail/$address/$1/cur" -type f \
    2>/dev/null | wc -l
}

# has USER N: within a few seconds.
has() {
  for _ in $(seq 100); do
    [ "$(mail_of "$1")" != "$2" ] || return 0
    sleep 0.1
  done
  fail "$1 has $(mail_of "$1") messages, not $2"
}

settings r "$address"
set_key r filter_incoming true
from_peer "peer@[$peer]" <"$(echo "$samples"/043*.eml)" >full
limit=$(wc -c <full)
set_key r max_message_size "$limit"
up r "$address"
for who in "$user" "$other"; do
  [[ $(imap "$address" "$who" 0123456789abcdefghijkl) = OK* ]] ||
    fail "no account for $who"
done

from_peer "peer@[$peer]" <"$(echo "$samples"/005*.eml)" >message
from=(-H "X-Mail-From: peer@[$peer]")
to=(-H "X-Mail-To: $user")

echo '-- who posts a byte now and then makes room for others'
/usr/bin/python3 -c '
import socket, ssl, sys, time
host, user = sys.argv[1:]
context = ssl._create_unverified_context()
held = []
for i in range(120):
    source = f"127.0.8.{i // 20 + 230}"
    plain = socket.create_connection((host, 443), 60, (source, 0))
    held.append(context.wrap_socket(plain, server_hostname=host))
    held[-1].sendall((f"POST /mxdeliv HTTP/1.1\r\nHost: {host}\r\n"
                      f"X-Mail-From: a@[{source}]\r\nX-Mail-To: {user}\r\n"
                      f"Content-Length: 1000\r\n\r\nF").encode())
print("held", flush=True)
time.sleep(600)
' "$address" "$user" >slow &
slow=$!
for _ in $(seq 300); do
  [ ! -s slow ] || break
  sleep 0.1
done
for i in 1 2 3; do
  post message "${from[@]}" "${to[@]}"
  answers 200 '250 2.0.0 Ok: queued'
  has "$user" "$i"
done
kill "$slow"
wait "$slow" || true
rm -f "r/mail/$address/$user"/{new,cur}/*

echo '-- taken, by HTTP/2 and HTTP/1.1'
post message "${from[@]}" "${to[@]}"
answers 200 '250 2.0.0 Ok: queued'
has "$user" 1
post message --http1.1 -H 'Transfer-Encoding: chunked' "${to[@]}"
answers 200 '250 2.0.0 Ok: queued'
has "$user" 2
tr -d '\r' <message >bare
post bare "${from[@]}" "${to[@]}"
answers 200 '250 2.0.0 Ok: queued'
has "$user" 3

echo '-- several recipients, however their headers are joined'
post message "${from[@]}" "${to[@]}" -H "X-Mail-To: <$other>"
answers 200 '250 2.0.0 Ok: queued'
has "$user" 4
has "$other" 1
post message "${from[@]}" -H "X-Mail-To: $user, $other"
answers 200 '250 2.0.0 Ok: queued'
has "$user" 5
has "$other" 2
many=()
for i in $(seq 900); do
  many+=(-H "X-Mail-To: nobody-$i@[$address]")
done
post message "${many[@]}" "${to[@]}"
answers 200 '250 2.0.0 Ok: queued'
has "$user" 6

echo '-- refused, for everybody'
printf 'From: peer@[%s]\r\nSubject: x\r\n\r\nhello\r\n.\r\n\r\n' "$peer" >clear
post clear "${from[@]}" "${to[@]}"
answers 400 '523 '
sed "1,/^From:/{/^From:/!d};s/^From: .*/From: <peer@[127.0.8.243]>\r/" message >forged
post forged "${from[@]}" "${to[@]}"
answers 400 '554 5.7.1 '
post message "${from[@]}" -H "X-Mail-To: $user" -H 'X-Mail-To: a@example.org'
answers 400 '554 5.7.1 '
post message -H "X-Mail-From: $other" "${to[@]}"
answers 400 '553 5.7.1 '
post message "${from[@]}"
answers 400 '503 5.5.1 No recipients'
for bad in 'a b@c' 'a>b@c' '<a@b> SIZE=1' "$user," '"a,b"@c'; do
  post message "${from[@]}" -H "X-Mail-To: $bad"
  answers 400 '501 5.1.3 '
done
post message -H 'X-Mail-From: a> SIZE=1' "${to[@]}"
answers 400 '501 5.1.7 '
post message -X GET "${to[@]}"
answers 405 'POST'
post message -X PUT "${to[@]}"
answers 405 'POST'

echo '-- too large'
{
  cat message
  head -c 300000 /dev/zero | tr '\0' 'x' | fold -w 76
} >large
post large "${from[@]}" "${to[@]}"
answers 413 '552 5.3.4 '
post large --http1.1 -H 'Transfer-Encoding: chunked' "${from[@]}" "${to[@]}"
answers 413 '552 5.3.4 '
# Far too much is not read to its end.
head -c $((4 * limit)) /dev/zero >endless
post endless -H 'Transfer-Encoding: chunked' "${from[@]}" "${to[@]}"
[[ $status != 2* ]] || fail "endless: status $status"

echo '-- as large as it may be, to the byte (RFC 1870)'
post full "${from[@]}" -H "X-Mail-To: $other"
answers 200 '250 2.0.0 Ok: queued'
sed '1s/\r$/ \r/' full >more
post more "${from[@]}" -H "X-Mail-To: $other"
answers 413 '552 5.3.4 '
# The same number of bytes, from one of us.
pad=$(printf '%99s' '' | tr ' ' x)
from_peer "$user" <"$(echo "$samples"/043*.eml)" |
  sed "s/^Message-ID:.*/Message-ID: <$pad@localhost>\r/" >own
own=$((limit - $(wc -c <own)))
[ "$own" -lt 0 ] && [ "$own" -gt -90 ] || fail "own is $own bytes shorter"
sed -i "s/<${pad:0:-own}/</" own
[ "$(wc -c <own)" = "$limit" ] || fail "$(wc -c <own) bytes"
sed 's/<xx/<xxx/' own >own-more
for port in 25 465; do
  file=full sender=peer@[$peer]
  [ "$port" = 25 ] || file=own sender=$user
  smtp "$port" "$file" "$sender"
  says said '250 '
  smtp "$port" "$file" "$sender" "SIZE=$limit"
  says said '250 '
  smtp "$port" "$file" "$sender" "SIZE=$((limit + 1))"
  says said '552 '
  more=more
  [ "$port" = 25 ] || more=own-more
  smtp "$port" "$more" "$sender"
  says said '552 '
done
has "$other" 7

echo '-- cut off'
{
  printf 'POST /mxdeliv HTTP/1.1\r\nHost: %s\r\nContent-Length: 9999\r\n' \
    "$address"
  printf 'X-Mail-To: %s\r\n\r\n' "$user"
  cat message
  sleep 1
} | timeout 2 openssl s_client -quiet -bind "$peer" -connect "$address:443" \
  >/dev/null 2>&1 || true
has "$user" 6
[ -z "$(find r/run/nginx -path '*proxy*' -type f)" ] || fail 'nginx kept some'

echo '-- without the filter, and after it is back'
sv=$PWD/r/service/filtermail-incoming
SVDIR=$PWD/r/service sv down "$sv" >/dev/null
post message "${from[@]}" "${to[@]}"
answers 503 '451 4.3.0 '
SVDIR=$PWD/r/service sv up "$sv" >/dev/null
for _ in $(seq 50); do
  post message "${from[@]}" "${to[@]}"
  [ "$status" != 200 ] || break
  sleep 0.2
done
answers 200 '250 2.0.0 Ok: queued'
has "$user" 7
! grep -rn "abcdefghi\|peer@" r/log/mxdeliv || fail 'people in the log'

echo '-- what lets Postfix send, and nobody else'
# greeting USER: what the port of mxsend says to it.
greeting() {
  # shellcheck disable=SC2016 # for the other shell
  setpriv --reuid "$1" --regid nogroup --clear-groups timeout 10 bash -c '
    exec 3<>"/dev/tcp/$1/10083" && head -c 4 <&3' - "$address" || true
}
[ "$(greeting postfix)" = '220 ' ] || fail 'mxsend does not answer Postfix'
for user in nobody www-data vmail; do
  [ -z "$(greeting "$user")" ] || fail "mxsend answers $user"
done
# Under systemd its umask is this one.
sv=$PWD/r/service/mxsend
sv -w 20 down "$sv" >/dev/null
rm -r r/run/mxsend/to
sed -i '2i umask 077' "$sv/run"
sv -w 20 up "$sv" >/dev/null
for _ in $(seq 50); do
  [ "$(greeting postfix)" != '220 ' ] || break
  sleep 0.2
done
[ "$(stat -c %a r/run/mxsend/to)" = 755 ] ||
  fail 'Postfix cannot follow the links of mxsend'
done_testing
