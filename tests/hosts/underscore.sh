#!/bin/bash
# A relay whose name begins with "_", which no authority certifies: it works
# with a certificate of its own making, and its link is enough for the app.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"

name=_relay.under.example

# status: what cmdeploy says of it, into `status`.
status() {
  (cd "$BED/op/under" && CMDEPLOY_DNS_ROOT=${name_server4:?} "$CMDEPLOY" \
    status) >status 2>&1 </dev/null
}

# talk FOLDER LINK LINK
talk() {
  mkdir "$1"
  "$BUILD_DIR/tests/hosts/talk" "$PWD/$1" "$2" "$3" >talked 2>&1 ||
    fail "$2 and $3 do not chat: $(tail -n 3 talked)"
}

pin() {
  openssl s_client -connect "$name:993" -servername "$name" </dev/null \
    2>/dev/null | openssl x509 -noout -pubkey
}

# What must be there before it is set up: less than where there is ACME.
only under
host_start under
{
  zone_addresses under _relay
  printf '_relay MX 10 _relay\nwww._relay CNAME _relay\n'
} | zone_put under
relay_settings under "$name"
sed "s/^under,[^ ]*/$name/;t;d" "$BED/known_hosts" >known
cat known >>"$BED/known_hosts"
heavy deploy under || fail "run: $(tail -n 20 said)"
says said "The relay $name runs."
says_not said 'certificate fetched'
pin >pin-before
deploy under || fail "run again: $(tail -n 20 said)"
says said 'nothing was changed'
pin | cmp -s - pin-before || fail 'the second run has changed the key'

# What is to be published: no policy and no CAA, which nobody could meet.
records under --zonefile zone && fail 'nothing is to be published'
says_not records mta-sts
says_not records CAA
zone_put under <"$BED/op/under/zone"
records under || fail "dns: $(cat records)"
says records 'All records are right.'

# How it is: as well as any.
on under systemctl is-enabled acmetool.timer >enabled 2>&1 &&
  fail 'a certificate is asked for'
status || fail "$(cat status)"
says status 'days left, self-signed'
says status 'All records are right.'

# By its link, in both forms; and with people of a relay that has ACME.
talk by-link "dcaccount:$name" "dcaccount:https://$name/new"
relay alpha
talk with-alpha "dcaccount:$name" "$(link alpha)"

# Where the chatmail software in Python was before, apps know its key.
root=$(host_tree under)
mkdir -p "$root/usr/local/lib/chatmaild" "$root/etc/ssl/private"
: >"$root/usr/local/lib/chatmaild/chatmail.ini"
openssl genrsa -out "$root/etc/ssl/private/mailserver.key" 2048 2>/dev/null
rm "$root"/etc/chatmail/tls/*.pem
deploy under || fail "its key: $(tail -n 20 said)"
eventually 10 pin
is 'the key that it had' "$(pin)" \
  "$(openssl pkey -in "$root/etc/ssl/private/mailserver.key" -pubout)"
done_testing
