#!/bin/bash
# A relay behind a proxy that forwards ports (DNAT by nftables): the world
# knows the address of the proxy only.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"

relay alpha
only proxy
only behind
host_start proxy
host_start behind
ports='{ 25, 80, 143, 443, 465, 587, 993 }'
on proxy sysctl -q -w net.ipv4.ip_forward=1
on proxy nft -f - <<EOF
table ip nat {
  chain in {
    type nat hook prerouting priority dstnat
    ip daddr $(host_ip4 proxy) tcp dport $ports dnat to $(host_ip4 behind)
  }
  chain out {
    type nat hook postrouting priority srcnat
    ip daddr $(host_ip4 behind) masquerade
  }
}
EOF
# What comes from neither the proxy nor itself, but for ssh, is dropped.
on behind nft -f - <<EOF
table inet filter {
  chain in {
    type filter hook input priority 0
    iifname lo accept
    ip saddr $(host_ip4 proxy) accept
    tcp dport $ports drop
  }
}
EOF
printf '@ A %s\n@ MX 10 @\nwww CNAME @\nmta-sts CNAME @\n' \
  "$(host_ip4 proxy)" | zone_put behind
relay_settings behind

# Refused until the operator says that this is a proxy's address.
deploy behind --ssh-host "$(host_ip4 behind)" &&
  fail 'a name that leads elsewhere is not refused'
set_key "$BED/op/behind/chatmail.ini" public_addresses "$(host_ip4 proxy)"
heavy deploy behind --ssh-host "$(host_ip4 behind)" ||
  fail "run: $(tail -n 20 said)"
records behind --ssh-host "$(host_ip4 behind)" --zonefile zone || true
zone_put behind <"$BED/op/behind/zone"
records behind --ssh-host "$(host_ip4 behind)" ||
  fail "dns: $(cat records)"
chat behind alpha
done_testing
