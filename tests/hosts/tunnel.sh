#!/bin/bash
# A relay at home: nobody reaches it from outside, and port 25 is closed for
# it. By a tunnel to a rented host it is a relay like any other.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"

direct=$(host_ip4 home)
front=$(host_ip4 rented)
ini=$BED/op/home/chatmail.ini

# operator COMMAND...: in the operator's folder; what it says goes to `said`.
operator() {
  (cd "$BED/op/home" && "$CMDEPLOY" "$@") >said 2>&1 </dev/null
}

# As a provider for homes would have it: what comes from outside does not get
# in, but for ssh of who lives there, and port 25 is closed. The network of a
# host outlives it here, so this does not go with a restart.
close_home() {
  on home nft -f - <<EOF
table inet provider {
  chain in {
    type filter hook input priority -200
    iifname eth0 ct state established,related accept
    iifname eth0 meta nfproto ipv6 icmpv6 type { 133, 134, 135, 136 } accept
    iifname eth0 tcp dport != 22 drop
    iifname eth0 meta l4proto udp drop
  }
  chain out {
    type filter hook output priority 0
    oifname eth0 tcp dport 25 drop
  }
}
EOF
}

# What the relay sees of a connection from here: our own address.
sees_us() {
  on home ss -Htn state established '( sport = :993 )' >seen
  grep -qF "$net4.1" seen
}

carol_has() {
  grep -rqslF -- "$1" "$(host_tree classic)/home/carol/Maildir/new"
}

relay alpha
classic
only rented
only home
host_start rented
host_start home
close_home
zone_addresses rented @ >addresses
{
  cat addresses
  printf '@ MX 10 @\nwww CNAME @\nmta-sts CNAME @\n'
} | zone_put home
relay_settings home

# A relay that ssh does not find leaves nothing behind at the proxy.
operator proxy --ssh-host "root@$front" --tunnel && fail 'no relay is named'
operator proxy --ssh-host "root@$front" --tunnel --to root@10.77.0.250 &&
  fail 'a relay that is not there'
on rented test ! -e /etc/chatmail-proxy || fail 'something is left at the proxy'

heavy operator proxy --ssh-host "root@$front" --tunnel --to "root@$direct" ||
  fail "tunnel: $(tail -n 20 said)"
says said 'ports 25, 465, 587, 143, 993, 80, 443 of'
says "$ini" "public_addresses = $front $(host_ip6 rented)"
on home cat /etc/wireguard/chatmail1.conf >conf
grep -qF "$(on home cat /etc/wireguard/chatmail.key)" conf said &&
  fail 'the key is in a file of settings'
heavy deploy home --ssh-host "root@$direct" || fail "run: $(tail -n 20 said)"
records home --ssh-host "root@$direct" --zonefile zone || true
zone_put home <"$BED/op/home/zone"
account home
eventually 30 answers_at home "$front" "[$(host_ip6 rented)]"
chat home alpha

# To a server that has port 25 alone; and who it is to this server.
us=$user@home.example
encrypted "$us" carol@classic.example | submit home "$us" carol@classic.example
replied 'to a stranger' '250 2.0.0'
eventually 60 carol_has "From: <$us>"
on classic journalctl -u 'postfix@-' --no-pager -o cat >classic-log
grep -q "connect from .*\[\($front\|$(host_ip6 rented)\)\]" classic-log ||
  fail "mail did not come from the proxy: $(grep connect classic-log | tail -n 3)"

# Limits count for the client, not for the proxy.
exec 8<>"/dev/tcp/$front/993"
eventually 10 sees_us
exec 8>&-

# The same once more changes nothing; both ends start with their machines.
cp "$ini" ini-before
on home cat /etc/wireguard/chatmail.key >key-before
operator proxy --ssh-host "root@$front" --tunnel --to "root@$direct" ||
  fail "the same again: $(tail -n 5 said)"
cmp "$ini" ini-before || fail 'other settings, the second time'
on home cat /etc/wireguard/chatmail.key | cmp - key-before || fail 'another key'
on home test ! -e /etc/wireguard/chatmail2.conf || fail 'a second tunnel'
start_anew rented
start_anew home
eventually 90 answers_at home "$front"
operator status --ssh-host "root@$direct" || true
says_not said 'no way in'

operator proxy --ssh-host "root@$front" --remove --tunnel --to "root@$direct" ||
  fail "remove: $(cat said)"
answers_at home "$front" 2>/dev/null && fail 'it still forwards'
for host in home rented; do
  is "what is left at $host" "$(on "$host" sh -c 'ls /etc/wireguard/*.conf
    ls -d /etc/chatmail-proxy /var/cache/chatmail
    ip -o link | grep chatmail; ip rule | grep 5180' 2>/dev/null)" ''
done
done_testing
