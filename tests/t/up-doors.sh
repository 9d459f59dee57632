#!/bin/bash
# The ports that are open to everybody: what they offer, which TLS, and that
# one client does not keep others out.
. "$(dirname "$0")/up-lib.sh"

address=127.0.9.61
settings r "$address"
up r

echo '-- a client that says a byte now and then is sent away'
# drip PORT: what it hears at last.
drip() {
  local line heard='' i
  trap '' PIPE
  exec 9<>"/dev/tcp/$address/$1"
  read -r _ <&9
  for ((i = 0; i < 100; i++)); do
    printf x >&9 2>/dev/null || break
    read -r -t 1 line <&9 || true # a part of a line is kept
    heard+=$line
    [[ $heard != *timeout* ]] || break
  done
  printf '%s\n' "$heard"
}
for port in 25 587; do
  drip "$port" >"dripped-$port" &
done

echo '-- nothing that nobody needs is offered'
# says_smtp PORT LINE...: what is answered to EHLO and the lines, without TLS.
says_smtp() {
  local line
  exec 8<>"/dev/tcp/$address/$1"
  read -r _ <&8
  for line in 'EHLO test' "${@:2}" QUIT; do
    printf '%s\r\n' "$line" >&8
    while read -r line <&8; do
      printf '%s\n' "${line%$'\r'}"
      [[ $line =~ ^[0-9]{3}- ]] || break
    done
  done
  exec 8>&-
}
for port in 25 587; do
  says_smtp "$port" 'VRFY postmaster' 'ETRN example.org' >said
  grep -qx '250-STARTTLS' said || fail "$port offers no TLS: $(cat said)"
  ! grep -E '^250.(ETRN|VRFY|DSN|BURL|SMTPUTF8)' said || fail "port $port"
  ! grep -E '^25[12].*postmaster' said || fail "port $port answers VRFY"
done
timeout 20 openssl s_client -quiet -verify_quiet -connect "$address:465" \
  < <(printf 'EHLO test\r\n' && sleep 2 && printf 'QUIT\r\n') >said 2>&1 || true
grep -q '^250.AUTH PLAIN' said || fail "465 offers no login: $(cat said)"
! grep -E '^250.(ETRN|VRFY|DSN|BURL|SMTPUTF8)' said || fail 'port 465'

echo '-- TLS with forward secrecy and AEAD alone, and an alert for the rest'
# tls_says PORT TEXT ARGUMENT...
tls_says() {
  local port=$1 want=$2 start=()
  shift 2
  [[ $port != 25 && $port != 587 ]] || start=(-starttls smtp)
  timeout 20 openssl s_client -connect "$address:$port" "${start[@]}" "$@" \
    </dev/null >tls 2>&1 || true
  grep -q -- "$want" tls || fail "$port: no \"$want\" with $*:" "$(cat tls)"
}
# Dovecot says nothing to those whom it refuses.
for port in 25 465 587 993; do
  alert='SSL alert number'
  [ "$port" != 993 ] || alert='Cipher is (NONE)'
  tls_says "$port" 'Cipher is TLS_AES_' -tls1_3
  for suites in AES128-SHA ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA aNULL \
    ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384 AES128-GCM-SHA256 \
    DHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES128-CCM8 AECDH-AES128-SHA; do
    tls_says "$port" "$alert" -tls1_2 -cipher "$suites@SECLEVEL=0"
  done
done
tls_says 25 'Cipher is ECDHE-.*AES128-GCM-SHA256' -tls1_2 \
  -cipher ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256

echo '-- one address does not take all of 443'
# Each of those that are let in holds its connection, silently.
crowd=()
for ((i = 0; i < 700; i++)); do
  exec {fd}<>"/dev/tcp/$address/443"
  crowd+=("$fd")
done
held() {
  ss -Htn state established "src $address" 'sport = 443' |
    grep -c "$address:443"
}
for ((i = 0; i < 100; i++)); do
  [ "$(held)" -gt 500 ] || break
  sleep 0.2
done
[ "$(held)" -le 500 ] || fail "$(held) connections from one address"
[ "$(held)" -ge 450 ] || fail "only $(held) connections from one address"
curl -sS --insecure --max-time 20 --interface 127.0.9.62 \
  "https://$address/" | grep -q '</html>' ||
  fail 'no page for another address'
for fd in "${crowd[@]}"; do
  exec {fd}>&-
done

wait
for port in 25 587; do
  grep -q '^421 4.4.2' "dripped-$port" ||
    fail "a byte a second at $port: $(cat "dripped-$port")"
done
done_testing
