#!/bin/bash
# A relay whose operator is not root: a user with sudo, on another ssh port.
# And what that operator asks it afterwards: dns, status.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"

# sudo for admin, as Debian's installer and clouds set it up.
hand_over() {
  local root
  root=$(host_tree second)
  chroot "$root" useradd --create-home --shell /bin/bash admin
  install -d -m 700 "$root/home/admin/.ssh"
  install -m 600 "$BED/key.pub" "$root/home/admin/.ssh/authorized_keys"
  chroot "$root" chown -R admin: /home/admin
  echo 'admin ALL=(ALL) NOPASSWD: ALL' >"$root/etc/sudoers.d/admin"
  printf 'Port 2222\nPermitRootLogin no\nPasswordAuthentication no\n' \
    >"$root/etc/ssh/sshd_config.d/second.conf"
}

relay alpha
classic
only second
hand_over
host_start second
zone_relay second
relay_settings second

# By the user's ssh configuration, and in so many words.
heavy deploy second || fail "run: $(tail -n 20 said)"
deploy second --ssh-host admin@second.example:2222 ||
  fail "run again: $(tail -n 20 said)"
says said 'nothing was changed.'

# A package of another version, with the same in it.
on second sh -ec '
  mkdir /tmp/old && cd /tmp/old
  dpkg-query -L chatmail | while read -r path; do
    [ -d "$path" ] || cp -a --parents "$path" .
  done
  mkdir DEBIAN
  dpkg-query -s chatmail | sed "/^Status:/d; s/^Version: .*/Version: 0.0.1/" \
    >DEBIAN/control
  dpkg-deb -b . /tmp/old.deb && dpkg -i /tmp/old.deb' >old 2>&1 ||
  fail "no old package: $(cat old)"
deploy second || fail "run with a new package: $(tail -n 20 said)"
says said ', in place of 0.0.1'
says said 'nothing was changed but our package, from 0.0.1 to 0.1.0+'

# What is to be published, before and after.
if records second; then
  fail 'cmdeploy dns likes what is missing'
fi
says records '_mta-sts.second.example. 3600 IN TXT "v=STSv1;'
says records 'opendkim._domainkey.second.example. 3600 IN TXT "v=DKIM1;'
publish second
records second || fail "not right when published: $(cat records)"
says records 'All records are right.'
cat "$BED/op/second/zone" - <<<'www TXT "not an alias"' |
  sed '/^www\.second/d; s/MX 10 second/MX 10 alpha/' | zone_put second
if records second; then
  fail 'cmdeploy dns likes what is wrong'
fi
says records 'wrong    MX'
says records 'second.example. 3600 IN MX 10 second.example.'
says records 'missing  CNAME  www.second.example'
publish second

# As others see it, from outside; and what its programs use, under a load.
outside() {
  (cd "$BED/op/second" && CMDEPLOY_DNS_ROOT=$name_server4 XDG_CACHE_HOME=$PWD \
    "$CMDEPLOY" "$@") >outside 2>&1 </dev/null
}
outside test -k names/records || fail "test: $(cat outside)"
outside bench --load --users 8 --rate 2 --seconds 10 --ssh-host second.example ||
  fail "bench --load: $(cat outside)"
# The kernel counts in steps of 10 ms, which some of them do not fill.
for program in 'postfix smtpd' 'dovecot lmtp' filtermail opendkim; do
  grep -qE "^  $program +[0-9]" outside ||
    fail "nothing seen of $program: $(cat outside)"
done

# How it is.
"$CMDEPLOY" status --ssh-host second.example >status 2>&1 </dev/null ||
  fail "status: $(cat status)"
"$CMDEPLOY" status --ssh-host second.example --json >json 2>&1 </dev/null ||
  fail "status --json: $(cat json)"
on classic python3 -m json.tool <json >/dev/null 2>json-errors ||
  fail "no JSON: $(cat json-errors)"
on second systemctl stop dovecot
"$CMDEPLOY" status --ssh-host second.example >status 2>&1 </dev/null &&
  fail 'status likes a relay without dovecot'
says status dovecot
on second systemctl start dovecot

chat second alpha
done_testing
