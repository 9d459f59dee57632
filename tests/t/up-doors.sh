#!/bin/bash
# The ports that are open to everybody: what they offer, which TLS, and that
# neither one client nor a crowd of them keeps others out.
. "$(dirname "$0")/up-lib.sh"

address=127.0.9.61
settings r "$address"
set_key r max_new_accounts_per_hour 5
up r

echo '-- a client that says a byte now and then is sent away'
# drip PORT: how long they are borne with, in seconds.
drip() {
  local began=$SECONDS i
  trap '' PIPE
  exec 9<>"/dev/tcp/$address/$1"
  read -r _ <&9
  for ((i = 0; i < 100; i++)); do
    printf x >&9 2>/dev/null || break
    sleep 1
  done
  printf '%s\n' $((SECONDS - began))
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
  grep -q '^250.STARTTLS' said || fail "$port offers no TLS: $(cat said)"
  ! grep -E '^250.(ETRN|VRFY|DSN|BURL|SMTPUTF8)' said || fail "port $port"
  ! grep -E '^25[12].*postmaster' said || fail "port $port answers VRFY"
done
# Who comes from elsewhere cannot log in, whatever they say.
timeout 20 openssl s_client -quiet -verify_quiet -starttls smtp \
  -connect "$address:25" < <(sleep 1 && printf 'EHLO test\r\n' && sleep 1 &&
    printf 'AUTH PLAIN AGEAYg==\r\n' && sleep 1) >said 2>&1 || true
grep -q '^503 5.5.1 ' said || fail "25 lets anybody log in: $(cat said)"
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
for port in 25 465 587 993; do
  tls_says "$port" 'Cipher is TLS_AES_' -tls1_3
  for suites in AES128-SHA ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA aNULL \
    ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384 AES128-GCM-SHA256 \
    DHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES128-CCM8 AECDH-AES128-SHA; do
    tls_says "$port" 'SSL alert number' -tls1_2 -cipher "$suites@SECLEVEL=0"
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
  [ "$(cat "dripped-$port")" -le 70 ] ||
    fail "a byte a second at $port: $(cat "dripped-$port") s"
done

echo '-- the true address of a client counts at each door, and theirs alone'
is() {
  [ "$2" = "$3" ] || fail "$1: \"$2\", not \"$3\""
}
# by FROM PORT PROTOCOL NAME: logs in as a new user; what is answered.
by() {
  local hello answer='^(a OK|a NO \[[A-Z]+|235 |454 )' way=(-alpn "$3")
  [ "$2" != 587 ] || way=(-starttls smtp)
  : >by
  if [ "$3" = imap ]; then
    hello="a LOGIN $4@[$address] a-long-password-of-doors"
  else
    hello="EHLO test\r\nAUTH PLAIN $(printf '\0%s@[%s]\0%s' "$4" "$address" \
      a-long-password-of-doors | base64 -w 0)"
  fi
  {
    # Who speaks first is not heard until they speak again.
    for _ in $(seq 150); do
      ! grep -aqE '^(220 |\* OK)' by && [ "$2" != 587 ] || break
      sleep 0.1
    done
    printf '%b\r\n' "$hello"
    for _ in $(seq 150); do
      ! grep -aqE "$answer" by || break
      sleep 0.1
    done
    printf 'b LOGOUT\r\nQUIT\r\n'
  } | timeout 20 openssl s_client -quiet -verify_quiet "${way[@]}" \
    -bind "$1:0" -connect "$address:$2" >by 2>/dev/null || true
  grep -aoE "$answer" by
}
# Loopback's own addresses are not counted.
for from in 10.7.7.7 10.7.7.8 10.7.8.1; do
  ip addr add "$from/32" dev lo
done
doors=('993 imap' '443 imap' '465 smtp' '443 smtp' '587 smtp')
n=0
for door in "${doors[@]}"; do
  n=$((n + 1))
  # shellcheck disable=SC2086 # two words
  is "$door" "$(by 10.7.7.7 $door "doors010$(printf %x "$n")")" \
    "$([[ $door = *imap ]] && echo a OK || echo '235 ')"
done
for door in "${doors[@]}"; do
  n=$((n + 1))
  # shellcheck disable=SC2086 # two words
  is "$door, one too many" "$(by 10.7.7.8 $door "doors020$(printf %x "$n")")" \
    "$([[ $door = *imap ]] && echo 'a NO [UNAVAILABLE' || echo '454 ')"
done
is 'from elsewhere' "$(by 10.7.8.1 443 imap doors0100)" 'a OK'
# web FROM N: what so many requests for an account get, each code once.
web() {
  curl -skS --interface "$1" -X POST -o /dev/null -w '%{http_code}\n' \
    -H 'X-Forwarded-For: 10.7.9.1' -H 'X-Real-IP: 10.7.9.1' \
    "https://$address/new?[1-$2]" 2>&1 | sort -u | paste -sd ' '
}
# The limit is such that a slow machine meets it, too.
conf=r/etc/nginx
cp "$conf/nginx.conf" "$conf/site.conf" .
sed -i 's|rate=5r/s|rate=1r/m|' "$conf/nginx.conf"
sed -i 's|zone=new burst=200|zone=new burst=5|' "$conf/site.conf"
! cmp -s nginx.conf "$conf/nginx.conf" && ! cmp -s site.conf "$conf/site.conf" ||
  fail 'the limit of /new is not what this test knows'
sv -w 20 restart "$PWD/r/service/nginx" >/dev/null
answers "$address" 443
is 'many by the web' "$(web 10.7.7.7 20)" '200 429'
is 'by the web from elsewhere' "$(web 10.7.8.1 1)" 200
cp nginx.conf site.conf "$conf/"
sv -w 20 restart "$PWD/r/service/nginx" >/dev/null
answers "$address" 443
# Nobody tells another address by PROXY protocol.
for port in 25 587; do
  says_smtp "$port" 'PROXY TCP4 10.7.9.1 127.0.0.1 1 2' >said
  grep -q '^500' said || fail "PROXY at $port:" "$(cat said)"
done
for port in 465 993 443; do
  printf 'PROXY TCP4 10.7.9.1 127.0.0.1 1 2\r\na CAPABILITY\r\nQUIT\r\n' |
    timeout 5 bash -c "exec 7<>/dev/tcp/$address/$port; cat >&7; cat <&7" \
      >said 2>&1 || true
  ! grep -aqE '^(220|221|a OK)' said || fail "PROXY at $port:" "$(cat -v said)"
done

echo '-- nor does a crowd close a door'
user="doors0001@[$address]"
password=a-password-of-doors
crowd_program=${BUILD_DIR:?}/tests/crowd
# As many as the machine lets one process have, up to 5000.
most=$(($(ulimit -Hn) - 1000))
[ "$most" -le 5000 ] || most=5000

# honest PORT: a client from elsewhere is served.
honest() {
  local at=(--interface 127.9.9.9 -skS -m 10 -o /dev/null)
  case $1 in
  25) curl "${at[@]}" --ssl-reqd "smtp://$address:25" -X NOOP ;;
  587) curl "${at[@]}" --ssl-reqd "smtp://$address:587" \
    -u "$user:$password" -X NOOP ;;
  465) curl "${at[@]}" "smtps://$address:465" -u "$user:$password" -X NOOP ;;
  143) curl "${at[@]}" --ssl-reqd "imap://$address:143" \
    -u "$user:$password" -X NOOP ;;
  993) curl "${at[@]}" "imaps://$address:993" -u "$user:$password" -X NOOP ;;
  80) curl "${at[@]}" "http://$address/" ;;
  443) curl "${at[@]}" "https://$address/" ;;
  esac
}

# served PORT...: each within a second, the best of three on a busy machine.
served() {
  local port best begun took
  for port; do
    best=99999
    for _ in 1 2 3; do
      begun=$(date +%s%N)
      honest "$port" >said 2>&1 || fail "port $port: $(cat said)"
      took=$((($(date +%s%N) - begun) / 1000000))
      [ "$took" -ge "$best" ] || best=$took
    done
    echo "port $port: $best ms"
    [ "$best" -lt 1000 ] || fail "port $port is served after $best ms"
  done
}

# memory: what all processes here have for themselves, in MB.
memory() {
  cat /proc/[0-9]*/smaps_rollup 2>/dev/null |
    awk '/^Pss:/ { n += $2 } END { print int(n / 1024) }'
}

# attack HOSTS N HOW PORT...
attack() {
  local hosts=$1 n=$2 how=$3 pid now
  shift 3
  echo "-- $n $how from $hosts on $*"
  "$crowd_program" "$address" "$hosts" "$n" "$how" "$@" >crowd &
  pid=$!
  for _ in $(seq 300); do
    ! grep -q ready crowd || break
    sleep 0.1
  done
  grep -q ready crowd || fail 'the crowd does not come'
  served "$@"
  now=$(memory)
  echo "memory: $now MB"
  [ "$now" -lt 900 ] || fail "too much memory: $now MB"
  kill "$pid"
  wait "$pid" 2>/dev/null || true
}

pids() {
  "$cmdeploy" status --dir r | sed -n 's/.* pid \([0-9]*\) .*/\1/p'
}
served 993 465 587 143 25 80 443
before=$(pids)
for port in 25 465 443 993; do
  attack 3000 "$most" silent "$port"
done
attack 4 "$most" drip 25
attack 3000 "$most" drip 587
attack 3000 $((most / 7)) drip 25 465 587 443 993 143 80
after=$(pids)
[ "$before" = "$after" ] || fail "something was killed: $before / $after"
done_testing
