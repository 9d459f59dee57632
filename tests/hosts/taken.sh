#!/bin/bash
# A server that the chatmail software in Python has set up: a run takes over
# accounts, mail and keys, and what it left behind is in nobody's way. Its
# programs are stand-ins that hold the ports that they would.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"

folder=/usr/local/lib/chatmaild
root=$(host_tree taken)

# unit NAME COMMAND: one of its services, which runs.
unit() {
  printf '[Service]\nExecStart=%s\n[Install]\nWantedBy=multi-user.target\n' \
    "$2" >"$root/etc/systemd/system/$1.service"
  on taken systemctl enable --quiet --now "$1"
}

# holds ADDRESS PROGRAM...: what a service does that listens there, in place
# of the program.
holds() {
  printf '/usr/bin/systemd-socket-activate --listen %s /bin/cat %s' "$1" "$2"
}

# Debian's own, called like Dovecot's and built from another source.
plugin() {
  local control=$root/root/plugin/DEBIAN/control
  mkdir -p "${control%/*}"
  printf '%s: %s\n' Package dovecot-fts-xapian Version 1.5.7-1 Architecture \
    all Maintainer 'operator <operator@taken.example>' Description search \
    >"$control"
  on taken dpkg-deb -Znone -b /root/plugin /root/plugin.deb >>built 2>&1
}

# A Dovecot that Debian does not have, and a pin so that it stays.
foreign_dovecot() {
  local part
  for part in core imapd lmtpd; do
    on taken sh -c "cd /root && apt-get -qq download dovecot-$part &&
      dpkg-deb -R dovecot-${part}_*.deb $part &&
      sed -i 's/2\.3\.19\.1[^ ,)]*/2.3.21+dfsg1-3/' $part/DEBIAN/control &&
      dpkg-deb -Znone -b $part $part.deb && rm -r $part dovecot-${part}_*.deb"
  done >built 2>&1
  plugin
  on taken sh -c 'dpkg -i /root/*.deb && rm /root/*.deb' >>built 2>&1
  printf 'Package: dovecot-*\nPin: version *\nPin-Priority: -1\n' \
    >"$root/etc/apt/preferences.d/pin-dovecot"
}

# An RSA certificate, by acmetool, whose redirector then has port 80.
certificate() {
  local challenge=/var/www/html/.well-known/acme-challenge
  mkdir -p "$root/var/lib/acme/conf" "$root/$challenge"
  printf 'request:\n  provider: %s\n  key:\n    type: rsa\n    rsa-size: %s\n' \
    https://acme.example:14000/dir 2048 >"$root/var/lib/acme/conf/target"
  printf '  challenge:\n    webroot-paths:\n    - %s\n' "$challenge" \
    >>"$root/var/lib/acme/conf/target"
  printf '"acme-enter-email": a@taken.example\n"%s": true\n' \
    'acme-agreement:data:text/plain,Do%20what%20thou%20wilt' \
    >"$root/var/lib/acme/conf/responses"
  on taken systemctl start nginx
  on taken acmetool --batch want taken.example www.taken.example \
    mta-sts.taken.example >want 2>&1 || fail "want: $(tail -n 5 want)"
  on taken systemctl stop nginx
  printf 'stream {\n  server {\n    listen 443;\n    return no;\n  }\n}\n' |
    sed '1i include /etc/nginx/modules-enabled/*.conf;\nevents { }' \
      >"$root/etc/nginx/nginx.conf"
  on taken systemctl enable --quiet --now nginx
  unit acmetool-redirector "$(holds 0.0.0.0:80 /usr/bin/acmetool)"
}

# Accounts with what that software leaves in them, and the key that signs.
data() {
  local mail=$root/home/vmail/mail/taken.example name
  local home=$mail/$user@taken.example
  chroot "$root" useradd --system --home-dir /home/vmail vmail
  mkdir -p "$home/new" "$home/cur" "$home/tmp"
  printf '{SHA512-CRYPT}%s' "$(openssl passwd -6 "$password")" >"$home/password"
  letter "$us" "$us" kept >"$home/new/1.taken"
  letter "$us" "$us" packed | sed 's/$/\r/' >packed
  gzip <packed >"$home/new/2.taken,S=$(wc -c <packed),W=$(wc -c <packed)"
  for name in _demands .disabled; do
    mkdir -p "$mail/$name@taken.example"
    cp "$home/password" "$mail/$name@taken.example"
  done
  : >"$mail/_demands@taken.example/enforceE2EEincoming"
  : >"$mail/.disabled@taken.example/DISABLED"
  chroot "$root" chown -R vmail: /home/vmail
  mkdir -p "$root/etc/dkimkeys"
  openssl genrsa -traditional -out "$root/etc/dkimkeys/opendkim.private" 2048
  chroot "$root" chown -R opendkim: /etc/dkimkeys
}

services() {
  mkdir -p "$root$folder"
  printf '[params]\nmail_domain = taken.example\n' >"$root$folder/chatmail.ini"
  unit doveauth "/bin/sleep infinity $folder/chatmail.ini"
  unit filtermail "$(holds 127.0.0.1:10080 "$folder/chatmail.ini")"
  unit turnserver "$(holds 0.0.0.0:3478 /usr/local/bin/chatmail-turn)"
  unit iroh-relay "$(holds 127.0.0.1:3340 /usr/local/bin/iroh-relay)"
  unit mtail "$(holds 127.0.0.1:3903 /usr/local/bin/mtail)"
  unit acmetool-reconcile '/bin/true /usr/bin/acmetool'
  printf '[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n' \
    >"$root/etc/systemd/system/acmetool-reconcile.timer"
  on taken systemctl enable --quiet --now acmetool-reconcile.timer
  mkdir -p "$root/etc/cron.d"
  echo "*/5 * * * * root $folder/venv/bin/chatmail-metrics" \
    >"$root/etc/cron.d/chatmail-metrics"
  echo "0 0 * * * vmail find /home/vmail/mail/taken.example -delete" \
    >"$root/etc/cron.d/expunge"
}

# What the operator has put there: it names the folder of the software, or has
# a name of one of its things.
operators() {
  unit backup "$(holds 127.0.0.1:9999 "$folder")"
  ln -s /dev/null "$root/etc/systemd/system/tls-cert-reload.service"
  echo "0 1 * * * root tar -c $folder >/root/backup.tar" \
    >"$root/etc/cron.d/backup"
  wish 0shop www.taken.example shop.example
}

# wish SUFFIX NAME...: what acmetool is to see to, beside our names.
wish() {
  {
    printf 'satisfy:\n  names:\n'
    printf '  - %s\n' "${@:2}"
  } >"$root/var/lib/acme/desired/taken.example-$1"
}

# And later, in the places that have become free.
operators_later() {
  unit turnserver "$(holds 0.0.0.0:3478 /usr/local/bin/chatmail-turn)"
  echo '0 1 * * * vmail find /home/vmail/mail -size +9M' \
    >"$root/etc/cron.d/expunge"
  printf 'Package: dovecot-*\nPin: version 1:2.3.19*\nPin-Priority: 900\n' \
    >"$root/etc/apt/preferences.d/pin-dovecot"
}

# held PATH TEXT: a run that cannot remove the file says so.
held() {
  local status=0
  on taken mount --bind "$1" "$1"
  deploy taken || status=$?
  says said "$2"
  on taken umount "$1"
  return "$status"
}

serial() {
  openssl s_client -connect taken.example:993 -servername taken.example \
    </dev/null 2>/dev/null | openssl x509 -noout -serial
}

has_new_serial() {
  serial >serial-now && [ -s serial-now ] && ! cmp serial-now serial-before
}

only taken
host_start taken
zone_relay taken
user=$(random_name 9)
password=$(random_name 22)
us=$user@taken.example
on taken apt-get -q update >updated 2>&1
foreign_dovecot || fail "$(tail built)"
data
certificate
services
operators
openssl x509 -noout -pubkey <"$root/var/lib/acme/live/taken.example/cert" \
  >pin-before
sha256sum <"$root/etc/dkimkeys/opendkim.private" >dkim-before

relay_settings taken
# Its numbers, and keys that nobody here has.
set_key "$BED/op/taken/chatmail.ini" max_mailbox_size 500
set_key "$BED/op/taken/chatmail.ini" min_available_memory 100MB
printf '%s\n' 'filtermail_http_port_incoming = 10082' \
  'passdb_path = /home/vmail/passdb.sqlite' >>"$BED/op/taken/chatmail.ini"
deploy taken --dry-run || fail "dry run: $(tail -n 20 said)"
cp said dry-run
others_wish=$(echo "$root"/var/lib/acme/desired/taken.example-[!0]*)
others_wish=${others_wish#"$root"}
heavy deploy taken || fail "run: $(tail -n 20 said)"
cp said first-run
tr -s ' \n' '  ' <first-run >flat
for what in /etc/apt/preferences.d/pin-dovecot /etc/cron.d/expunge \
  /etc/cron.d/chatmail-metrics turnserver acmetool-redirector; do
  grep -Eq "(removed|stopped) ([^ ]*, )*${what}[ ,;]" flat ||
    fail "what was done to $what is not told"
  grep -Eq "^(remove file|stop) $what\$" dry-run ||
    fail "what would be done to $what is not told"
done
says first-run "note: removed $others_wish, "
says dry-run "remove file $others_wish"
says_not dry-run "stop doveauth"
[ -e "$root/var/lib/acme/desired/taken.example-0shop" ] ||
  fail 'a wish for names of the operator is gone'
rm "$root/var/lib/acme/desired/taken.example-0shop"
deploy taken || fail "run again: $(tail -n 20 said)"
says said 'nothing was changed'

# All that is a user's.
pin taken | cmp -s - pin-before || fail 'the key of the certificate is another one'
sha256sum <"$root/etc/dkimkeys/opendkim.private" | cmp -s - dkim-before ||
  fail 'the DKIM key is another one'
publish taken
records taken || fail "dns: $(cat records)"
login taken -X 'STATUS INBOX (MESSAGES)' >last 2>&1 || fail "$(cat last)"
says last 'MESSAGES 2)'
curl -sS --max-time 60 --user "$us:$password" --login-options AUTH=PLAIN \
  --cacert "$BED/common/etc/ssl/certs/ca-certificates.crt" \
  'imaps://taken.example/INBOX;MAILINDEX=2' | diff - packed >&2 ||
  fail 'mail that is compressed is not the same'
login taken -X 'GETQUOTAROOT INBOX' >last 2>&1 || fail "$(cat last)"
says last 'STORAGE'
says last ' 512000'
chat taken taken

# What flags in an account's folder say, to a stranger's server.
classic
them=carol@classic.example
# arrives NAME REPLY: a signed letter in clear.
arrives() {
  letter "$them" "$1@taken.example" "to $1" | sign classic.example mail |
    to_relay taken "$them" "$1@taken.example"
  replied "to $1" "$2"
}
arrives "$user" '250 2.0.0'
arrives "$user+tag" '250 2.0.0'
arrives _demands '523 Encryption Needed'
arrives .disabled '550 5.1.1'
encrypted "$them" | sign classic.example mail |
  to_relay taken "$them" _demands@taken.example
replied 'encrypted, to _demands' '250 2.0.0'

# What resolvconf does to unbound.
on taken unbound-control -q forward_add . "$(host_ip4 infra)"
(cd "$BED/op/taken" && "$CMDEPLOY" status) >status 2>&1 </dev/null || true
says status "unbound passes all questions on to $(host_ip4 infra)"
deploy taken || fail "run with a forwarder: $(tail -n 20 said)"
tr -s ' \n' '  ' <said >flat
says flat "unbound does not pass questions on to $(host_ip4 infra) any more"
on taken unbound-control list_forwards >forwards
says_not forwards '. IN'
deploy taken || fail "run after the forwarder: $(tail -n 20 said)"
says said 'nothing was changed'

# Nothing of it runs, and Debian's Dovecot does.
for name in filtermail turnserver iroh-relay mtail acmetool-redirector \
  acmetool-reconcile; do
  is "$name" "$(on taken systemctl is-active "$name" || true)" inactive
  [ ! -e "$root/etc/systemd/system/$name.service" ] ||
    fail "the unit of $name is left"
done
is 'its timer' \
  "$(on taken systemctl is-active acmetool-reconcile.timer || true)" inactive
for job in expunge chatmail-metrics; do
  [ ! -e "$root/etc/cron.d/$job" ] || fail "the cron job $job is left"
done
on taken dpkg-query -W 'dovecot-*' >versions
says_not versions 2.3.21
says versions 1.5.7-1
is 'pins' "$(ls "$root/etc/apt/preferences.d")" ''

# What the operator has is left alone, now and in each later run.
deploy taken || fail "run with its records: $(tail -n 20 said)"
operators_later
deploy taken || fail "run beside what is the operator's: $(tail -n 20 said)"
says said 'nothing was changed'
deploy taken --dry-run || fail "the last dry run: $(tail -n 20 said)"
says said 'Nothing would change.'
for name in backup turnserver; do
  is "$name" "$(on taken systemctl is-active "$name" || true)" active
done
for path in systemd/system/tls-cert-reload.service cron.d/backup \
  cron.d/expunge apt/preferences.d/pin-dovecot; do
  [ -L "$root/etc/$path" ] || [ -e "$root/etc/$path" ] ||
    fail "the operator's $path is gone"
done
(cd "$BED/op/taken" && CMDEPLOY_DNS_ROOT=${name_server4:?} \
  "$CMDEPLOY" status) >status 2>&1 </dev/null || fail "$(cat status)"
says status 'instant IDLE         on'

# One asks acmetool by hand.
wish hand www.taken.example
deploy taken --website-only || fail "the pages: $(tail -n 20 said)"
says_not said 'taken.example-hand'
held /var/lib/acme/desired/taken.example-hand \
  'with another key, and cannot be removed: ' || fail 'run with a held wish'
deploy taken || fail "run with a wish: $(tail -n 20 said)"
says said "note: removed /var/lib/acme/desired/taken.example-hand, "
says_not said 'nothing was changed'

# The next certificate is for the RSA key, too.
serial >serial-before
on taken sh -c 'rm -r /var/lib/acme/certs/*'
on taken systemctl start acmetool ||
  fail "$(on taken journalctl --no-pager -n 9 -u acmetool)"
# The servers take it in a moment of their own.
eventually 60 has_new_serial
pin taken | cmp -s - pin-before || fail 'a renewal has changed the key'

# It is set up again, and a run of ours is a takeover again.
unit filtermail "$(holds 127.0.0.1:10089 "$folder/chatmail.ini")"
echo "2 0 * * * vmail $folder/venv/bin/chatmail-expire" \
  >"$root/etc/cron.d/expunge"
held /etc/cron.d/expunge '/etc/cron.d/expunge cannot be removed: ' &&
  fail 'a run leaves a job that deletes mail, and says nothing'
deploy taken || fail "the second takeover: $(tail -n 20 said)"
says said 'removed /etc/cron.d/expunge'
is filtermail "$(on taken systemctl is-active filtermail || true)" inactive

# And back to that software: it finds what it reads, and nothing of ours runs.
mail=$root/home/vmail/mail/taken.example
: >"$mail/_demands@taken.example/blocked"
: >"$mail/stray@taken.example"
rm "$root$folder/chatmail.ini"
sha256sum "$mail/$us/password" >password-before
set_key "$BED/op/taken/chatmail.ini" filter_incoming true
(cd "$BED/op/taken" && "$CMDEPLOY" leave) >said 2>&1 </dev/null ||
  fail "leave: $(tail -n 20 said)"
says said 'The server is ready for the chatmail software in Python'
says said '1 blocked account gets no mail there'
for name in "$postfix_unit" dovecot nginx mailproxy opendkim doveauth \
  filtermail-outgoing chatmail-metadata acmetool.timer chatmail-expire.timer; do
  is "$name" "$(on taken systemctl is-active "$name" || true)" inactive
done
on taken systemctl list-unit-files --state=enabled --no-legend >enabled
grep -E '^(postfix|dovecot|nginx|mailproxy|doveauth|filtermail|lastlogin)' \
  enabled && fail 'these would start with the machine'
is 'what starts ours' "$(find "$root/etc/systemd/system" \
  -name 'chatmail*' -not -path '*/unbound.service.d/*')" ''
on taken getent hosts acme.example >/dev/null || fail 'no names any more'
for line in 'mail_domain = taken.example' 'max_mailbox_size = 500' \
  'filter_incoming = true' 'delete_mails_after = 20' \
  'filtermail_smtp_port = 10080' 'filtermail_http_port_incoming = 10082'; do
  grep -qxF "$line" "$root$folder/chatmail.ini" ||
    fail "no \"$line\" in its settings"
done
says_not "$root$folder/chatmail.ini" delivery
sha256sum "$mail/$us/password" | cmp -s - password-before || fail 'a password'
[ -e "$mail/$us/enforceE2EEincoming" ] || fail 'clear mail would come in'
[ -e "$mail/_demands@taken.example/DISABLED" ] || fail 'a blocked account'
is 'its owner' "$(on taken stat -c %U "/home/vmail/mail/taken.example/_demands@taken.example/DISABLED")" vmail
sha256sum <"$root/etc/dkimkeys/opendkim.private" | cmp -s - dkim-before ||
  fail 'the DKIM key is another one after leaving'
deploy taken || fail "run after leaving: $(tail -n 20 said)"
pin taken | cmp -s - pin-before || fail 'the key is another one after leaving'
login taken -X 'STATUS INBOX (MESSAGES)' >last 2>&1 || fail "$(cat last)"
deploy taken || fail "run again after leaving: $(tail -n 20 said)"
says said 'nothing was changed'
done_testing
