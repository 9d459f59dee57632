#!/bin/bash
# What a relay shows to the world: every protocol on its port and all of
# them on 443, TLS as new as it should be, and nothing else.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"

certificates=$BED/common/etc/ssl/certs/ca-certificates.crt

# tls PORT ARGUMENT...: what is said there after a verified handshake.
tls() {
  timeout 10 openssl s_client -quiet -verify_quiet -verify_return_error \
    -CAfile "$certificates" -connect "alpha.example:$1" \
    -verify_hostname alpha.example "${@:2}" <hello 2>&1 | head -n 5
}

# speaks WHAT TEXT PORT ARGUMENT...
speaks() {
  tls "${@:3}" >heard
  grep -qF -- "$2" heard || fail "$1: no \"$2\" in:" "$(cat heard)"
}

relay alpha
printf 'a LOGOUT\r\n' >hello
speaks 'IMAP on 993' '* OK' 993
speaks 'IMAP on 143' 'a OK' 143 -starttls imap
speaks 'IMAP on 443' '* OK' 443 -alpn imap
printf 'QUIT\r\n' >hello
speaks 'SMTP on 465' '220 alpha.example ESMTP' 465
speaks 'SMTP on 587' '221 ' 587 -starttls smtp
speaks 'SMTP on 25' '221 ' 25 -starttls smtp
speaks 'SMTP on 443' '220 alpha.example ESMTP' 443 -alpn smtp
printf 'GET / HTTP/1.1\r\nHost: alpha.example\r\nConnection: close\r\n\r\n' \
  >hello
speaks 'HTTP on 443' 'HTTP/1.1 200' 443 -alpn http/1.1

# The newest TLS for users, one older for other servers.
printf 'QUIT\r\n' >hello
speaks 'TLS 1.2 from a server' '221 ' 25 -starttls smtp -tls1_2
for port in 465 993; do
  tls "$port" -tls1_2 >heard
  grep -qE '^(220|\* OK)' heard && fail "TLS 1.2 on $port: $(cat heard)"
done
tls 25 -starttls smtp -tls1_1 -cipher 'ALL:@SECLEVEL=0' >heard
grep -qE '^(221|250)' heard && fail "TLS 1.1 on 25: $(cat heard)"

# A new account by the web works at once.
curl -sS --cacert "$certificates" -X POST https://alpha.example/new >account
says account '"email":"'
user=$(sed -n 's/.*"email":"\([^@]*\)@.*/\1/p' account)
password=$(sed -n 's/.*"password":"\([^"]*\)".*/\1/p' account)
login alpha >logged-in 2>&1 || fail "no login: $(cat logged-in)"
curl -sS --cacert "$certificates" \
  https://mta-sts.alpha.example/.well-known/mta-sts.txt >policy
says policy 'mode: enforce'

# Users are served by both versions of IP, and Postfix knows where they are.
plain=$(printf '\0%s@alpha.example\0%s' "$user" "$password" | base64 -w 0)
# logs_in VERSION PORT PROTOCOL: what is answered.
logs_in() {
  {
    sleep 1
    if [ "$3" = imap ]; then
      printf 'a LOGIN %s@alpha.example %s\r\n' "$user" "$password"
    else
      printf 'EHLO test\r\nAUTH PLAIN %s\r\n' "$plain"
    fi
    sleep 1
    printf 'b LOGOUT\r\nQUIT\r\n'
  } | timeout 20 openssl s_client -quiet -verify_quiet -alpn "$3" \
    "$1" -connect "alpha.example:$2" 2>&1 || true
}
since=@$(date +%s)
for version in -4 -6; do
  for port in 993 443; do
    logs_in $version $port imap >heard
    says heard 'a OK'
  done
  for port in 465 443; do
    logs_in $version $port smtp >heard
    says heard '235 '
  done
done
on alpha journalctl -o cat --since "$since" -t postfix/submission/smtpd \
  >journal
for address in $(ip -o address show scope global | sed 's|.*inet6* ||; s|/.*||')
do
  n=$(grep -c "^connect from unknown.$address]" journal || true)
  [ "$n" -ge 2 ] || fail "$address: $n times in:" "$(cat journal)"
done

# Nothing else listens but ssh.
on alpha ss -Htlun | awk '{ print $5 }' | sed '/^127\./d; /^\[::1\]/d; /^\[::ffff:127\./d' |
  grep -vE ':(22|25|80|143|443|465|587|993)$' >others || true
is 'other listeners' "$(cat others)" ''

# reached USER: the sockets of files of mail and web that they may write to.
reached() {
  on alpha sh -c 'find /run /var/spool/postfix -type s |
    setpriv --reuid "$1" --regid "$(id -g "$1")" --init-groups sh -c "
      while read -r path; do [ ! -w \$path ] || echo \$path; done" |
    grep -E "dove|postfix|mail|login|nginx|proxy|cgi|/mx"; true' - "$1" | sort |
    paste -sd ' '
}

# On a server systemd makes the folders that they are in.
is 'nobody reaches' "$(reached nobody)" ''
is 'opendkim reaches' "$(reached opendkim)" \
  /var/spool/postfix/opendkim/opendkim.sock
is 'filtermail reaches' "$(reached filtermail)" \
  "$(echo /run/doveauth/filter/recipients \
    /run/filtermail/{incoming,outgoing} \
    /var/spool/postfix/filter/{incoming,outgoing})"
is 'newemail reaches' "$(reached newemail)" ''
is 'mxsend reaches' "$(reached mxsend)" "$(echo /run/mxsend/{lmtp,map})"
is 'www-data reaches' "$(reached www-data)" \
  "$(echo /run/fcgiwrap.socket /run/mxdeliv/http.socket /run/nginx/web.sock)"
is 'mailproxy reaches' "$(reached mailproxy)" /run/mailproxy/way.sock
reached postfix | tr ' ' '\n' | grep -v /var/spool >reached
is 'postfix reaches' "$(paste -sd ' ' reached)" \
  "$(echo /run/doveauth/smtp/{auth,recipients} \
    /run/filtermail/{incoming,outgoing} /run/mxsend/{lmtp,map})"
on alpha setpriv --reuid postfix --regid postfix --init-groups \
  test -x /run/mxsend/to || fail 'postfix cannot follow the links of mxsend'
for user in nobody postfix; do
  on alpha setpriv --reuid "$user" --regid nogroup --clear-groups timeout 10 \
    bash -c "head -c 4 </dev/tcp/127.0.0.1/10083" >"greets-$user" || true
done
is 'mxsend says to nobody' "$(cat greets-nobody)" ''
is 'mxsend says to postfix' "$(cat greets-postfix)" '220 '
done_testing
