#!/bin/bash
# The printed code of a relay can be read, however long its name is.
set -eu
cd "${TEST_DIR:?}"
failures=0

# name N: a domain of N characters
name() {
  local text
  text=$(printf '%*s' "$(($1 - 4))" '' | tr ' ' n | sed 's/n\{50\}n/&./g')
  printf '%s.org' "${text:0:$(($1 - 4))}"
}

printf '[params]\nmail_domain = %s\n' "$(name 5)" >chatmail.ini
"${CMDEPLOY:?}" webdev --port 0 --no-browser >out 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for _ in $(seq 200); do
  ! grep -q 'http://' out || break
  sleep 0.05
done
url=$(grep -o 'http://127[^ ]*' out) || { cat out; exit 1; }

for n in 5 12 20 34 35 50 51 58 70 84 85 120 200; do
  domain=$(name "$n")
  printf '[params]\nmail_domain = %s\n' "$domain" >chatmail.ini
  png=qr-chatmail-invite-$domain.png
  for _ in $(seq 200); do
    ! curl -sSf -o code.png "$url$png" 2>/dev/null || break
    sleep 0.05
  done
  got=$(zbarimg --nodbus -q --raw code.png || true)
  rm -f code.png
  [ "$got" = "dcaccount:https://$domain/new" ] || {
    echo "$n characters: the code says \"$got\""
    failures=1
  }
done
exit "$failures"
