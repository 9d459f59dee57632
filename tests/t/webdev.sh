#!/bin/bash
# cmdeploy webdev: pages while they are changed, broken, and mended.
# shellcheck source=tests/t/lib.sh
. "$(dirname "$0")/lib.sh"
server=
listener=

finish() {
  for pid in $server $listener; do
    kill "$pid" 2>/dev/null || true
  done
}
trap finish EXIT

# until_says FILE TEXT
until_says() {
  for _ in $(seq 200); do
    ! grep -qF -- "$2" "$1" || return 0
    sleep 0.05
  done
  fail "never \"$2\" in $1:" "$(cat "$1")"
}

# start NAME ARGUMENT...: in the background; its output goes to NAME.
start() {
  local name=$1
  shift
  "$cmdeploy" webdev --port 0 --no-browser "$@" >"$name" 2>&1 &
  server=$!
  until_says "$name" 'http://127.0.0.1:'
  url=$(grep -o 'http://127[^ ]*' "$name")
}

stop() {
  kill -TERM "$server"
  wait "$server" || fail "webdev ended with $?"
  server=
}

# until_page PATH TEXT: the page says so, soon.
until_page() {
  for _ in $(seq 200); do
    curl -sS "$url$1" >page
    ! grep -qF -- "$2" page || return 0
    sleep 0.05
  done
  fail "$1 never says \"$2\":" "$(cat page)"
}

echo '-- ours, with nothing there'
start ours
until_says ours 'They are ours.'
until_says ours 'fill in privacy_postal, privacy_mail, '
until_page '' 'chat.example.org'
stop

echo '-- a copy to be changed'
"$cmdeploy" init 10.9.8.7 --ini mine.ini >/dev/null
start copy --ini mine.ini --copy
[ -f www/src/index.md ] || fail 'no copy'
until_page '' '10.9.8.7'
until_page 'info' 'Good to know'
until_page 'info.html' 'Good to know'
until_page 'new' '"dclogin_url":"dclogin:'
until_page '-/webdev.js' 'EventSource'
until_page 'nowhere' 'Nothing here'
curl -sSI "$url" | tr -d '\r' >head
grep -qx 'Content-Type: text/html; charset=utf-8' head || fail "$(cat head)"
grep -q "^Content-Security-Policy: default-src 'none'" head || fail "$(cat head)"
[ "$(curl -sS -o /dev/null -w '%{http_code}' "${url}nowhere")" = 404 ] ||
  fail 'what is not there is there'
[ "$(curl -sS -o /dev/null -w '%{http_code}' -X DELETE "$url")" = 405 ] ||
  fail 'DELETE has no 405'
curl -sSN "${url}-/changes" >changes 2>&1 &
listener=$!
until_says changes ': here'

echo '-- changed, broken, mended'
echo 'A new line.' >>www/src/info.md
until_page info 'A new line.'
until_says changes 'data: changed'
cp www/src/info.md kept
echo '{{nobody}}' >>www/src/info.md
line=$(wc -l <www/src/info.md)
until_page info "www/src/info.md: line $line: nothing is called"
until_says copy "www/src/info.md: line $line: nothing is called \"nobody\""
cp kept www/src/info.md
until_page info 'A new line.'
mkdir www/src/deep
echo '# Deep' >www/src/deep/er.md
until_page deep/er '<h1>Deep</h1>'
sed -i 's/^mail_domain.*/mail_domain = 10.9.8.6/' mine.ini
until_page '' '10.9.8.6'
sed -i 's/^mail_domain.*/mail_domain = one two/' mine.ini
until_page '' 'one two'
sed -i 's/^mail_domain.*/mail_domain = 10.9.8.6/' mine.ini
until_page '' 'Private messages'

echo '-- quickly'
best=$(sed -n 's/.* files built in \([0-9]*\)\..* ms$/\1/p' copy | sort -n | head -1)
[ "${best:-1000}" -lt 100 ] || fail "the fastest took $best ms:" "$(cat copy)"
stop
wait "$listener" || true
listener=

echo '-- refused'
! "$cmdeploy" webdev --ini mine.ini --copy >said 2>&1 || fail 'copied twice'
grep -q 'www/src is there already and stays as it is' said || fail "$(cat said)"
! "$cmdeploy" webdev --port 99999 >said 2>&1 || fail 'port 99999'
grep -q -- '--port 99999: not from 0 to 65535' said || fail "$(cat said)"

done_testing
