#!/bin/bash
# A relay in a container, without systemd: the image by the lines of the
# Dockerfile; a first start before the authority can be reached; a certificate
# later; people who chat; its end; all of it again in a new image; and a power
# failure.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"
. "$(dirname "$0")/image.sh"

ca=$BED/common/etc/ssl/certs/ca-certificates.crt
data=$BED/data

# in_log TEXT: the container has said so.
in_log() {
  grep -qF -- "$1" log
}

# starts_up NAME=VALUE...: until the relay serves.
starts_up() {
  container boxed "$data" CMDEPLOY_DNS_ROOT="$name_server4" "$@"
  # shellcheck disable=SC2016
  until_ok 120 sh -c '[ -s ended ] || grep -q "It runs as long" log' || true
  in_log 'It runs as long' || {
    fail "the container: $(tail -n 20 log)"
    exit 1
  }
}

# again: cmdeploy run beside the process 1 that keeps it running.
again() {
  on boxed cmdeploy run --ssh-host @local >said 2>&1 </dev/null
}

# ends: cleanly, and nothing of it is left.
ends() {
  local start
  start=$(date +%s%3N)
  stop_container boxed
  echo "the container ended after $(($(date +%s%3N) - start)) ms"
  is 'its status' "$(cat ended)" 0
  says log 'every process has ended'
}

# sends ADDRESS: a letter of the account, over the submission port.
sends() {
  encrypted "$us" "$1" >letter
  curl -sS --max-time 60 --user "$us:$password" --login-options AUTH=PLAIN \
    --cacert "$ca" --mail-from "$us" --mail-rcpt "$1" -T letter \
    smtps://boxed.example:465 >sent 2>&1 || fail "not sent: $(cat sent)"
}

# What leaves is signed, and waits since nobody takes it.
is_queued_signed() {
  # shellcheck disable=SC2016
  on boxed sh -c 'postcat -q $(postqueue -j |
    sed -n "s/.*\"queue_id\": \"\([^\"]*\).*/\1/p")' 2>&1 |
    grep -q '^DKIM-Signature: '
}

# has_letters N
has_letters() {
  login boxed -X 'STATUS INBOX (MESSAGES)' 2>&1 | grep -qF "MESSAGES $1)"
}

# kept: what apps and other servers know of a relay, and what no upgrade may
# change: digests of files, their owners' numbers, the key of its certificate.
kept() {
  find "$data/etc/dkimkeys" "$data/etc/chatmail/tls" "$data/home/vmail/mail" \
    "$data/var/lib/acme/keys" -type f -printf '%P %U %G %m ' \
    -exec sha256sum {} \; | grep -v dovecot | sort
  pin boxed
}

mine+=(boxed)
mkdir "$data"
begin_image boxed
package=$BUILD_DIR/hosts/$RELEASE/chatmail.deb
[ "$RELEASE" != 12 ] || package=$("$sources/scripts/build-deb" "$BUILD_DIR")
build_image boxed "$first" >built 2>&1 || {
  fail "the image: $(tail -n 20 built)"
  exit 1
}
{
  zone_addresses boxed @
  printf '@ MX 10 @\nwww CNAME @\nmta-sts CNAME @\nsink A %s.1\n' "$net4"
} | zone_put boxed

container boxed "$data"
eventually 60 test -s ended
says log 'set MAIL_DOMAIN'
umount "$(host_tree boxed)$volume"

# Nobody has told it of this authority yet.
starts_up MAIL_DOMAIN=boxed.example
says log 'meanwhile the certificate is self-signed'
says log 'packages  all installed'
for port in $exposed; do
  [ -n "$(on boxed ss -Htln "sport = :$port")" ] ||
    fail "nobody listens on port $port, which the image exposes"
done
ini=$data/etc/chatmail/chatmail.ini
set_key "$ini" acme_directory https://acme.example:14000/dir
set_key "$ini" max_load_1m 100000
again || fail "run beside it: $(tail -n 20 said)"
says said 'certificate fetched'
again || fail "run again: $(tail -n 20 said)"
says said 'nothing was changed'
account boxed
us=$user@boxed.example
sends "$us"
eventually 30 has_letters 1
sends x@sink.boxed.example
eventually 30 is_queued_signed
chat boxed boxed
# Its records are not published yet, which both tell.
on boxed env CMDEPLOY_DNS_ROOT="$name_server4" cmdeploy status >status 2>&1 \
  </dev/null || true
says status 'opendkim             up'
says_not status ' down '
on boxed env CMDEPLOY_DNS_ROOT="$name_server4" cmdeploy dns >records 2>&1 \
  </dev/null || true
says records 'v=DKIM1'
on boxed cmdeploy backup --ssh-host @local /srv/backup >said 2>&1 \
  </dev/null || fail "backup: $(cat said)"
says said 'has a new backup'
find "$data" -printf '%U %G\n' | tr ' ' '\n' | sort -u |
  grep -vxE '0|31[0-5]' >numbers || true
[ ! -s numbers ] || fail 'owners whose numbers another image may not have:' \
  "$(sort numbers | tr '\n' ' ')" \
  "$(find "$data" -uid "$(head -n 1 numbers)" | head -n 3)"
kept >kept-before
ends

# A new image: the lines from our package on, with the next version of it.
umount "$(host_tree boxed)"
rm -rf "$BED/h/boxed/upper" "$BED/h/boxed/work"
dpkg-deb -R "$package" next
sed -i 's/^Version: .*/&.1/' next/DEBIAN/control
dpkg-deb --root-owner-group -Znone -b next next.deb >>built
package=$PWD/next.deb
image=${image#*:}
layers_mount boxed "$image"
build_image boxed 1 >>built 2>&1 || fail "the image: $(tail -n 20 built)"
starts_up
is 'its package' "$(on boxed dpkg-query -W -f '${Version}' chatmail)" \
  "$(sed -n 's/^Version: //p' next/DEBIAN/control)"
kept >kept-after
cmp -s kept-before kept-after ||
  fail 'the upgrade has changed:' "$(diff kept-before kept-after)"
is_queued_signed || fail 'what waited in the queue is gone'
has_letters 1 || fail "the letter is gone: $(tail -n 5 log)"
sends "$us"
eventually 30 has_letters 2

# Its power fails, and it comes back with what lies in /run.
stop_container boxed KILL
starts_up
eventually 30 has_letters 2
ends
done_testing
