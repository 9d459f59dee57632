#!/bin/bash
# What the other tests stand on: a fresh host, names, packages, certificates.
. "$(dirname "$0")/lib.sh"

only fresh
host_start fresh
zone_relay fresh

# Names: signed where the root says so, and as a host sees them.
is 'address' "$(ask fresh.example A)" "$(host_ip4 fresh)"
is 'IPv6 address' "$(ask fresh.example AAAA)" "$(host_ip6 fresh)"
is 'mail server' "$(ask fresh.example MX)" '10 fresh.example.'
is 'backward' "$(ask 42.0.77.10.in-addr.arpa PTR)" 'fresh.example.'
on infra kdig @"$name_server6" . SOA +dnssec >soa || true
says soa RRSIG
on fresh getent ahostsv4 fresh.example >resolved || true
says resolved "$(host_ip4 fresh)"
printf 'anew TXT "yes"\n' | zone_put fresh
is 'a new record' "$(ask anew.fresh.example TXT)" '"yes"'
is 'an old one' "$(ask fresh.example A)" ''

# Ways in, and none out.
zone_relay fresh
is 'ssh' "$(ssh fresh.example hostname)" fresh
is 'ways from here' "$(ip -4 route; ip -6 route show default)" \
  '10.77.0.0/24 dev br0 proto kernel scope link src 10.77.0.1 '

# Packages, by apt's own rules: signatures are checked.
on fresh apt-get -q update >update || fail "$(cat update)"
on fresh env DEBIAN_FRONTEND=noninteractive apt-get -qy \
  --no-install-recommends install unbound openssl acmetool nginx \
  >installed 2>&1 || fail "$(tail installed)"
is 'nginx runs' "$(on fresh systemctl is-active nginx)" active

# unbound trusts our root, and only that.
tree=$(host_tree fresh)
cat >"$tree/etc/unbound/unbound.conf.d/ask.conf" <<EOF
server:
  interface: 0.0.0.0
  access-control: $net4.0/24 allow
EOF
cp "$tree/usr/share/dns/root.key" "$tree/var/lib/unbound/root.key"
chroot "$tree" chown unbound: /var/lib/unbound/root.key
on fresh systemctl restart unbound
echo 'nameserver 127.0.0.1' >"$tree/etc/resolv.conf"
eventually 10 on fresh getent ahostsv4 acme.example
on infra kdig @"$(host_ip4 fresh)" acme.example A +dnssec >validated
says validated 'Flags: qr rd ra ad;'

# A certificate, the way a person would get one by hand.
on fresh mkdir -p /var/lib/acme/conf /var/www/html/.well-known/acme-challenge
cat >answers <<'EOF'
"acmetool-quickstart-choose-server": "https://acme.example:14000/dir"
"acmetool-quickstart-choose-method": webroot
"acmetool-quickstart-webroot-path": "/var/www/html/.well-known/acme-challenge"
"acmetool-quickstart-complete": true
"acmetool-quickstart-install-cronjob": false
"acmetool-quickstart-install-haproxy-script": false
"acmetool-quickstart-key-type": ecdsa
"acme-enter-email": "operator@fresh.example"
"acme-agreement:data:text/plain,Do%20what%20thou%20wilt": true
EOF
cp answers "$tree/root/answers"
on fresh acmetool --batch --response-file=/root/answers quickstart \
  >quickstart 2>&1 || fail "quickstart: $(tail -n 5 quickstart)"
on fresh acmetool --batch --response-file=/root/answers want fresh.example \
  >want 2>&1 || fail "want: $(tail -n 5 want)"
on fresh openssl verify -untrusted /var/lib/acme/live/fresh.example/chain \
  /var/lib/acme/live/fresh.example/cert >verified 2>&1 ||
  fail "the certificate: $(cat verified)"
done_testing
