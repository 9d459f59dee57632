#!/bin/bash
# What a relay's web server says: pages, headers, names, limits.
. "$(dirname "$0")/up-lib.sh"
address=127.0.8.231
other=127.0.8.232
name=_web.test

# get URL [CURL ARGUMENT...]: the answer's head goes to head, its body to body.
get() {
  local url=$1
  shift
  curl -sSk -m 20 -D head -o body --resolve "*:80:$host" \
    --resolve "*:443:$host" "$@" "$url" >said 2>&1 || echo "curl: $?" >head
  touch body
}

# head_says TEXT: a line of it is this.
head_says() {
  tr -d '\r' <head | grep -qixF -- "$1" || fail "no \"$1\":" "$(cat head)"
}

head_lacks() {
  ! grep -qi -- "$1" head || fail "$1 in the answer:" "$(cat head)"
}

settings r "$address"
settings named "$name"
set_key r privacy_mail 'a@example.org'
up r "$address"
up named "$other"

echo '-- pages'
host=$address
for page in / /info /info.html /privacy; do
  get "http://$address$page" --compressed
  head_says 'HTTP/1.1 200 OK'
  head_says 'Content-Type: text/html; charset=utf-8'
  head_says 'Content-Encoding: gzip'
  head_says 'Cache-Control: no-cache'
  head_says 'Server: nginx'
  head_says 'X-Content-Type-Options: nosniff'
  head_says 'Referrer-Policy: no-referrer'
  head_says 'X-Frame-Options: DENY'
  head_says 'Cross-Origin-Resource-Policy: same-origin'
  head_says 'Permissions-Policy: camera=(), geolocation=(), microphone=()'
  head_says "Content-Security-Policy: default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  says body '</html>'
done
get "http://$address/"
tag=$(sed -n 's/^[Ee][Tt]ag: \(.*\)\r/\1/p' head)
get "http://$address/" -H "If-None-Match: $tag"
head_says 'HTTP/1.1 304 Not Modified'
get "https://$address/"
head_says 'HTTP/2 200 '

echo '-- TLS that is good enough, and an alert for what is not'
# tls_says TEXT ARGUMENT...: what openssl s_client tells with these.
tls_says() {
  local want=$1
  shift
  timeout 20 openssl s_client -connect "$address:443" "$@" </dev/null \
    >tls 2>&1 || true
  grep -q -- "$want" tls || fail "no \"$want\" with $*:" "$(cat tls)"
}

for suite in AES128-GCM-SHA256 AES256-GCM-SHA384 CHACHA20-POLY1305; do
  tls_says "Cipher is ECDHE-.*$suite" -tls1_2 \
    -cipher "ECDHE-ECDSA-$suite:ECDHE-RSA-$suite"
done
for suites in AES128-GCM-SHA256 ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA \
  ECDHE-ECDSA-AES256-SHA384:ECDHE-RSA-AES256-SHA384 \
  DHE-RSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES128-CCM8 AES256-SHA aNULL; do
  tls_says 'alert handshake failure' -tls1_2 -cipher "$suites@SECLEVEL=0"
done
tls_says 'Cipher is TLS_AES_' -tls1_3
tls_says 'alert protocol version' -tls1_1 -cipher DEFAULT@SECLEVEL=0

echo '-- files that never change'
style=$(curl -sS "http://$address/" | grep -o '/main.css?v=[0-9a-f]*')
get "http://$address$style"
head_says 'Cache-Control: public, max-age=31536000, immutable'
get "http://$address/main.css"
head_says 'Cache-Control: no-cache'
get "http://$address/robots.txt"
says body 'Disallow: /new'

echo '-- what is not there'
get "http://$address/nowhere?v=1"
head_says 'HTTP/1.1 404 Not Found'
head_says 'Cache-Control: no-cache'
says body 'Nothing here'
get "http://$address/../../etc/chatmail.ini" --path-as-is
head_says 'HTTP/1.1 400 Bad Request'

# The connection ends without a byte; curl's number for that has changed.
closed() {
  grep -q 'curl: 5[26]' head || fail "an answer: $(cat head)"
}

echo '-- other names get nothing'
get 'http://stranger.test/'
closed head
get 'https://stranger.test/' --http1.1
closed head
host=$other
get "http://$other/"
head_says 'HTTP/1.1 200 OK'
get "https://$other/"
head_says 'HTTP/2 200 '

echo '-- names of the relay'
get "http://$name/"
says body "href=\"dcaccount:https://&#95;web.test/new\""
get "https://www.$name/info?x=1"
head_says 'HTTP/2 301 '
head_says "Location: https://$name/info?x=1"
get "https://mta-sts.$name/.well-known/mta-sts.txt"
printf 'version: STSv1\nmode: enforce\nmx: %s\nmax_age: 2419200\n' "$name" >want
cmp -s body want || fail 'mta-sts.txt:' "$(cat body)"
get "https://mta-sts.$name/"
head_says 'HTTP/2 404 '
get "https://$name/.well-known/mta-sts.txt"
head_says 'HTTP/2 404 '
for url in "https://$name/.well-known/autoconfig/mail" "https://autoconfig.$name/mail"; do
  get "$url/config-v1.1.xml?emailaddress=a@$name"
  head_says 'HTTP/2 200 '
  says body "<domain>$name</domain>"
  says body '<port>993</port>'
  says body '<username>%EMAILADDRESS%</username>'
done
get "https://$name/qr-chatmail-invite-$name.png"
head_says 'Content-Type: image/png'

echo '-- a new account, and not too many'
host=$address
get "http://$address/new" -X POST
head_says 'Cache-Control: no-store'
says body '"dclogin_url":"dclogin:'
get "http://$address/new"
grep -q '^Location: dclogin:' head || fail 'no link:' "$(cat head)"
# 200 at once are let through, whoever is slow: while fcgiwrap is stopped, only
# requests beyond the limit are answered.
mapfile -t makers < <(pgrep -f 'fcgiwrap.* -s .*/r/')
[ ${#makers[@]} -gt 0 ] || fail 'no fcgiwrap:' "$(ps -ef)"
kill -STOP "${makers[@]}"
curl -sS -m 10 -Z --parallel-immediate --parallel-max 300 -X POST \
  -o 'many.#1' -w '%{http_code}\n' \
  "http://$address/new?[1-300]" >codes 2>&1 || true
kill -CONT "${makers[@]}"
grep -qx 429 codes || fail 'no limit:' "$(cat codes)"
[ "$(grep -cx 429 codes)" -le 110 ] || fail 'too low a limit:' "$(cat codes)"
grep -q '^{"reason":"too many new accounts from your address;' many.* ||
  fail 'no reason:' "$(cat many.*)"

echo '-- settings in words, and pages of the operator'
set_key r delete_mails_after 33
up r
says err 'fill in privacy_postal, privacy_pdo, privacy_supervisor of '
says_not out nginx
get "http://$address/"
grep -q '33 days' body || fail 'no new words:' "$(cat body)"
mkdir -p r/www/src
echo '<h1>{{page_title}}</h1>{{content}}' >r/www/src/page-layout.html
printf '# Mine\n\n<<<<<<< HEAD\n' >r/www/src/index.md
run 1 up --dir r --detach
says err "/r/www/src/index.md: line 3: an unresolved merge"
printf '# Mine\n\n{{max_mailbox_size}}\n' >r/www/src/index.md
run 0 up --dir r --dry-run
says out '+<h1>Mine</h1><h1>Mine</h1>'
says out "remove file $PWD/r/pages/info.html"
up r
get "http://$address/"
says body '<p>500 MB</p>'
get "http://$address/info"
head_says 'HTTP/1.1 404 Not Found'
up r
says out 'nothing to change'

echo '-- logs know no visitor, and no trouble'
! grep -hE 'warn|emerg|alert' r/log/nginx/current named/log/nginx/current >bad ||
  fail 'nginx complains:' "$(cat bad)"
done_testing
