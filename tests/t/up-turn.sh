#!/bin/bash
# Calls: a TURN server with passwords that end, and nobody else's network.
. "$(dirname "$0")/up-lib.sh"
address=127.0.8.251
user="abcdefghi@[$address]"

# turn_of: what METADATA says to a user.
turn_of() {
  printf 'a LOGIN "%s" "%s"\r\nb GETMETADATA "" %s\r\nc LOGOUT\r\n' \
    "$user" 0123456789abcdefghijkl /shared/vendor/deltachat/turn |
    timeout 20 openssl s_client -quiet -verify_quiet -connect "$address:993" \
      2>/dev/null | tr -d '\r' | tr '\n' ' ' |
    sed -n 's/.*deltachat\/turn \({[0-9]*} \)*"*\([^ ")]*\).*/\2/p'
}

# password SECRET NAME: as TURN servers compute it.
password() {
  printf '%s' "$2" | openssl dgst -sha1 -hmac "$1" -binary | base64
}

# client NAME PASSWORD [ARGUMENT...]: how many packets came back.
client() {
  local name=$1 password=$2
  shift 2
  timeout 30 turnutils_uclient -n 10 -c -u "$name" -w "$password" "$@" \
    "$address" >client 2>&1 || true
  sed -n 's/.*tot_send_msgs=[0-9]*, tot_recv_msgs=\([0-9]*\).*/\1/p' client |
    tail -1
}

settings r "$address"
echo 'turn = true' >>r/chatmail.ini
up r "$address"

echo '-- credentials'
IFS=: read -r host port name word <<<"$(turn_of)"
[ "$host:$port" = "$address:3478" ] || fail "server $host:$port"
left=$((name - $(date +%s)))
[ "$left" -gt 431000 ] && [ "$left" -le 432000 ] || fail "$left s left"
secret=$(cat r/etc/turn.secret)
[ "${#secret}" = 40 ] || fail "secret: ${#secret} characters"
[ "$(stat -c '%a %U %G' r/etc/turn.secret)" = '640 root vmail' ] ||
  fail 'the secret is open to others'
[ "$word" = "$(password "$secret" "$name")" ] || fail "password $word"

echo '-- two clients, by UDP and TCP; one by DTLS with a peer; TLS'
for way in -y '-y -t'; do
  # shellcheck disable=SC2086
  got=$(client "$name" "$word" $way)
  [ "${got:-0}" -ge 10 ] || fail "$way: $got packets:" "$(tail -5 client)"
done
turnutils_peer -L "$address" -p 3480 >/dev/null 2>&1 &
got=$(client "$name" "$word" -S -p 5349 -e "$address" -r 3480)
[ "${got:-0}" -ge 10 ] || fail "DTLS: $got packets:" "$(tail -5 client)"
# A binding request of STUN over TLS, and its answer.
got=$({
  printf '\0\1\0\0\x21\x12\xa4\x42abcdefghijkl'
  sleep 2
} | timeout 10 openssl s_client -quiet -verify_quiet \
  -connect "$address:5349" 2>/dev/null | od -An -tx1 -N2)
[ "$got" = ' 01 01' ] || fail "TLS: $got"

echo '-- behind NAT: apps hear of the address that the world knows'
echo 'public_addresses = 2001:db8::1 127.0.8.253' >>r/chatmail.ini
up r
client "$name" "$word" -v -y >/dev/null
says client 'relay addr: 127.0.8.253:'
sed -i '/^public_addresses/d' r/chatmail.ini
up r

echo '-- nobody else'
got=$(client "$name" wrong -y)
[ "${got:-0}" = 0 ] || fail "a wrong password: $got packets"
old=$(($(date +%s) - 10))
got=$(client "$old" "$(password "$secret" "$old")" -y)
[ "${got:-0}" = 0 ] || fail "a password that has ended: $got packets"

echo '-- no way into networks that are not public'
turnutils_peer -L 127.0.8.252 -p 3480 >/dev/null 2>&1 &
for peer in 127.0.8.252 127.0.0.1 10.0.0.1 169.254.169.254 192.168.1.1; do
  got=$(client "$name" "$word" -e "$peer" -r 3480)
  [ "${got:-0}" = 0 ] || fail "$peer: $got packets"
  grep -q '403' client || fail "$peer:" "$(tail -5 client)"
done

# Also where a client of Debian's cannot ask: in IPv6, and by TCP.
asked() {
  timeout 30 /usr/bin/python3 "$(dirname "$0")/../client/turn.py" udp "$address" \
    "$name" "$word" "$@" 2>&1 | tail -n 1
}
[ "$(asked peer "$address")" = ok ] || fail 'two clients cannot meet'
[ "$(asked peer 198.41.0.4)" = ok ] || fail 'no way into the internet'
for peer in 100.64.0.1 0.0.0.0 255.255.255.255; do
  [ "$(asked peer "$peer")" = 403 ] || fail "$peer: $(asked peer "$peer")"
done
[ "$(asked stream)" = 442 ] || fail "streams of TCP: $(asked stream)"
# Somebody of whom nothing is left.
name=$((name + 1))
word=$(password "$secret" "$name")
[ "$(asked many 22)" = '20 486' ] || fail "22 at once: $(asked many 22)"

echo '-- the secret stays, and one of somebody else is used'
sed -i 's/^turn = true/turn = false/' r/chatmail.ini
set_key r turn_server 'turn.example.org:3478:somebodys-secret'
cp r/chatmail.ini plain.ini
printf '%s\n' '# turn_server = turn.example.org:3478:' \
  '#   somebodys-former-secret' '  ; somebodys-other-secret' \
  'turn_sever = turn.example.org:3478:somebodys-misspelt-secret' \
  >>r/chatmail.ini
up r
[ "$(cat r/etc/turn.secret)" = "$secret" ] || fail 'another secret'
[ ! -e r/service/coturn ] || fail 'coturn is still there'
IFS=: read -r host port name word <<<"$(turn_of)"
[ "$host:$port" = turn.example.org:3478 ] || fail "server $host:$port"
[ "$word" = "$(password somebodys-secret "$name")" ] || fail "password $word"
read_by_nobody() {
  setpriv --reuid nobody --regid nogroup --clear-groups \
    grep -rls "$1" r/etc r/run r/state r/service r/log || true
}
open=$(read_by_nobody somebodys-)
[ -z "$open" ] || fail 'everybody can read the secret in' "$open"
[ "$(read_by_nobody 'mail_domain = ')" ] || fail 'nobody cannot look there'
cp plain.ini r/chatmail.ini
set_key r turn_server 'turn.example.org:3478:1:word'
up r
[ "$(turn_of)" = turn.example.org:3478:1:word ] || fail "$(turn_of)"
kill %1 %2 2>/dev/null || true
done_testing
