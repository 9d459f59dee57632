#!/bin/bash
# What a relay tells about itself: a page for Prometheus, which its own
# promtool reads, and mtail on the relay's logs.
. "$(dirname "$0")/up-lib.sh"
export PATH=$PATH:/usr/sbin:/sbin
address=127.0.8.171
domain="[$address]"
page=r/state/metrics/chatmail.prom

# until_page TEXT: collects as the timer does, until a line is this.
until_page() {
  for _ in $(seq 100); do
    chpst -u vmail:vmail:postdrop r/libexec/chatmail-metrics \
      "$PWD/r/etc/chatmail.ini" -o "mailboxes_dir=$PWD/r/mail/$address" \
      -o "counters_dir=$PWD/r/state/counters" --output "$PWD/$page" \
      --postfix "$PWD/r/spool/postfix" || fail 'chatmail-metrics failed'
    ! grep -qxF -- "$1" "$page" || return 0
    sleep 0.1
  done
  fail "never \"$1\" in $page:" "$(cat "$page")"
}

# until_says COMMAND TEXT
until_says() {
  for _ in $(seq 200); do
    $1 >got 2>&1 || true
    ! grep -qE -- "$2" got || return 0
    sleep 0.1
  done
  fail "$1 never said \"$2\":" "$(cat got)"
}

# send FROM TO: a line of cleartext; what is said waits for the last reply.
send() {
  local auth reply line pid
  auth=$(printf '\0%s\0a-long-password' "$1" | base64 -w 0)
  coproc smtp { exec timeout 30 openssl s_client -quiet -verify_quiet \
    -connect "$address:465" 2>/dev/null; }
  # shellcheck disable=SC2154
  pid=$smtp_PID
  for line in 'EHLO x' "AUTH PLAIN $auth" "MAIL FROM:<$1>" "RCPT TO:<$2>" \
    DATA $'From: <'"$1"$'>\r\n\r\nhello\r\n.' QUIT; do
    while IFS= read -r reply <&"${smtp[0]}"; do
      [[ $reply != ???-* ]] && break
    done
    printf '%s\r\n' "$line" >&"${smtp[1]}"
  done
  wait "$pid" || true
}

settings r "$address"
set_key r metrics public
echo "passthrough_recipients = @$domain" >>r/chatmail.ini
set_key r mtail_address "$address"
up r "$address"

echo '-- the page'
got=$(imap "$address" "abcdefghi@$domain" a-long-password)
[[ $got = OK* ]] || fail "login: $got"
got=$(imap "$address" "ci-abcdef@$domain" a-long-password)
[[ $got = OK* ]] || fail "login: $got"
send "abcdefghi@$domain" "ci-abcdef@$domain"
send "abcdefghi@$domain" "somebody@example.org"
send "abcdefghi@$domain" "ghost@[127.255.1.2]"
until_page 'chatmail_accounts_created_total{service="doveauth"} 2'
until_page 'chatmail_accounts{kind="user"} 1'
until_page 'chatmail_accounts{kind="test"} 1'
until_page 'chatmail_accounts_logged_in{days="1"} 2'
until_page 'chatmail_logins_total{service="lastlogin"} 2'
until_page 'chatmail_mailbox_messages 1'
until_page 'chatmail_messages_filtered_total{service="filtermail-outgoing"} 3'
until_page 'chatmail_messages_passed_total{service="filtermail-outgoing"} 1'
until_page 'chatmail_messages_rejected_total{service="filtermail-outgoing",reason="unencrypted"} 2'
until_page 'chatmail_postfix_queue_messages{queue="deferred"} 0'
until_page 'chatmail_notifier_queue_notifications 0'
promtool check metrics <"$page" >checked 2>&1 || fail 'promtool:' "$(cat checked)"
[ ! -s checked ] || fail 'promtool complains:' "$(cat checked)"

echo '-- on the web'
curl -sS "http://$address/metrics" >web || fail 'curl failed'
cmp -s web "$page" || fail 'the web has another page:' "$(head -3 web)"

echo '-- counters survive their service'
sv -w 20 restart "$PWD/r/service/doveauth" >/dev/null || fail 'sv'
got=$(imap "$address" "bcdefghij@$domain" a-long-password)
[[ $got = OK* ]] || fail "login: $got"
until_page 'chatmail_accounts_created_total{service="doveauth"} 3'

echo '-- a message that waits'
printf 'Subject: x\n\nx\n' |
  MAIL_CONFIG=$PWD/r/etc/postfix sendmail -f "abcdefghi@$domain" \
    'ghost@[127.255.1.2]' || fail 'sendmail'
until_page 'chatmail_postfix_queue_messages{queue="deferred"} 1'

echo '-- mtail'
mtail="curl -sS http://$address:3903/metrics"
# It reads a log from where that ended when it found it, which may have been
# after the first messages.
until_says 'cat r/log/mtail/current' 'Tailing .*/log/postfix/current$'
send "abcdefghi@$domain" "ci-abcdef@$domain"
until_says "$mtail" 'chatmail_log_deliveries_total{.*agent="lmtp".*status="sent".*} [1-9]'
until_says "$mtail" 'chatmail_log_deliveries_total{.*agent="smtp".*status="deferred".*} [1-9]'
until_says "$mtail" 'chatmail_log_connections_total{.*} [1-9]'

echo '-- for nobody, and without mtail'
set_key r metrics private
sed -i 's/^mtail_address.*/mtail_address =/' r/chatmail.ini
up r
until_says "curl -sS -i http://$address/metrics" '^HTTP/1.1 404 '
[ ! -e r/service/mtail ] || fail 'mtail is still there'
done_testing
