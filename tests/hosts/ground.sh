#!/bin/bash
# What the other tests stand on: a fresh host, names, packages, certificates.
. "$(dirname "$0")/lib.sh"

only spare
host_start spare
zone_relay spare

# Names: signed where the root says so, and as a host sees them.
is 'address' "$(ask spare.example A)" "$(host_ip4 spare)"
is 'IPv6 address' "$(ask spare.example AAAA)" "$(host_ip6 spare)"
is 'mail server' "$(ask spare.example MX)" '10 spare.example.'
is 'backward' "$(ask 41.0.77.10.in-addr.arpa PTR)" 'spare.example.'
on infra kdig @"$name_server6" . SOA +dnssec >soa
says soa RRSIG
on spare getent ahostsv4 spare.example >resolved
says resolved "$(host_ip4 spare)"
printf 'anew TXT "yes"\n' | zone_put spare
is 'a new record' "$(ask anew.spare.example TXT)" '"yes"'
is 'an old one' "$(ask spare.example A)" ''

# Ways in, and none out.
zone_relay spare
is 'ssh' "$(ssh spare.example hostname)" spare
is 'ways from here' "$(ip -4 route; ip -6 route show default)" \
  '10.77.0.0/24 dev br0 proto kernel scope link src 10.77.0.1 '

# Packages, by apt's own rules: signatures are checked.
on spare apt-get -q update >update || fail "$(cat update)"
on spare env DEBIAN_FRONTEND=noninteractive apt-get -qy \
  --no-install-recommends install unbound openssl acmetool nginx-light \
  >installed 2>&1 || fail "$(tail installed)"
is 'nginx runs' "$(on spare systemctl is-active nginx)" active

# unbound trusts our root, and only that.
tree=$(host_tree spare)
cat >"$tree/etc/unbound/unbound.conf.d/ask.conf" <<EOF
server:
  interface: 0.0.0.0
  access-control: $net4.0/24 allow
EOF
cp "$tree/usr/share/dns/root.key" "$tree/var/lib/unbound/root.key"
chroot "$tree" chown unbound: /var/lib/unbound/root.key
on spare systemctl restart unbound
echo 'nameserver 127.0.0.1' >"$tree/etc/resolv.conf"
eventually 10 on spare getent ahostsv4 acme.example
on infra kdig @"$(host_ip4 spare)" acme.example A +dnssec >validated
says validated 'Flags: qr rd ra ad;'

# A certificate, the way a person would get one by hand.
on spare mkdir -p /var/lib/acme/conf /var/www/html/.well-known/acme-challenge
cat >answers <<'EOF'
"acmetool-quickstart-choose-server": "https://acme.example:14000/dir"
"acmetool-quickstart-choose-method": webroot
"acmetool-quickstart-webroot-path": "/var/www/html/.well-known/acme-challenge"
"acmetool-quickstart-complete": true
"acmetool-quickstart-install-cronjob": false
"acmetool-quickstart-install-haproxy-script": false
"acmetool-quickstart-key-type": ecdsa
"acme-enter-email": "operator@spare.example"
"acme-agreement:data:text/plain,Do%20what%20thou%20wilt": true
EOF
cp answers "$tree/root/answers"
on spare acmetool --batch --response-file=/root/answers quickstart \
  >quickstart 2>&1 || fail "quickstart: $(tail -n 5 quickstart)"
on spare acmetool --batch --response-file=/root/answers want spare.example \
  >want 2>&1 || fail "want: $(tail -n 5 want)"
on spare openssl verify -untrusted /var/lib/acme/live/spare.example/chain \
  /var/lib/acme/live/spare.example/cert >verified 2>&1 ||
  fail "the certificate: $(cat verified)"
done_testing
