#!/bin/bash
# A relay behind two proxies, of IPv4 and IPv6: the world knows their addresses
# only. One of them restarts, one dies, one is removed.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"

direct=$(host_ip4 behind)
ini=$BED/op/behind/chatmail.ini

# operator COMMAND...: in the operator's folder; what it says goes to `said`.
operator() {
  (cd "$BED/op/behind" && "$CMDEPLOY" "$@") >said 2>&1 </dev/null
}

# records_of HOST...: the relay's name points to these.
records_of() {
  {
    for host; do zone_addresses "$host" @; done
    zone_addresses behind direct
    printf '@ MX 10 @\nwww CNAME @\nmta-sts CNAME @\n'
  } | zone_put behind
}

# answers HOST: on both families.
answers() {
  answers_at behind "$(host_ip4 "$1")" "[$(host_ip6 "$1")]"
}

# greets HOST: somebody's mail server can begin there.
greets() {
  curl -sS --max-time 20 "smtp://$(host_ip4 "$1")" -X QUIT &&
    curl -sS --max-time 20 "smtp://[$(host_ip6 "$1")]" -X QUIT
}

relay alpha
only proxy
only second-proxy
only behind
for host in proxy second-proxy behind; do host_start "$host"; done
# What comes from neither a proxy nor itself, but for ssh, is dropped.
on behind nft -f - <<EOF
table inet filter {
  chain in {
    type filter hook input priority 0
    iifname lo accept
    ip saddr { $(host_ip4 proxy), $(host_ip4 second-proxy) } accept
    ip6 saddr { $(host_ip6 proxy), $(host_ip6 second-proxy) } accept
    tcp dport { 25, 80, 143, 443, 465, 587, 993 } drop
  }
}
EOF
records_of proxy
relay_settings behind

# Refused, and nothing is done.
operator proxy --ssh-host "root@$(host_ip4 proxy)" && fail 'forwards to itself'
says said "is a proxy's own; name the relay's address by --to"
operator proxy --ssh-host root@alpha.example --to direct.behind.example &&
  fail 'a relay became a proxy'
says said 'is the relay alpha.example itself'
deploy behind --ssh-host "$direct" &&
  fail 'a name that leads elsewhere is not refused'
on proxy test ! -e /etc/chatmail-proxy || fail 'something is left of it'

operator proxy --ssh-host "root@$(host_ip4 proxy)" --to direct.behind.example ||
  fail "proxy: $(cat said)"
says said 'ports 25, 465, 587, 143, 993, 80, 443 of'
says "$ini" "public_addresses = $(host_ip4 proxy) $(host_ip6 proxy)"
heavy deploy behind --ssh-host "$direct" || fail "run: $(tail -n 20 said)"
records behind --ssh-host "$direct" --zonefile zone || true
# Its addresses change below: nobody may keep them for an hour.
{
  sed 's/ 3600 / 5 /' "$BED/op/behind/zone"
  zone_addresses behind direct
} | zone_put behind
records behind --ssh-host "$direct" || fail "dns: $(cat records)"
account behind
answers proxy || fail 'the proxy does not forward'
greets proxy || fail 'no mail server behind it'
chat behind alpha

# Of a second one, the relay's name being that of the first.
operator proxy --ssh-host "root@$(host_ip4 second-proxy)" && fail 'a chain of proxies'
operator proxy --ssh-host "root@$(host_ip4 second-proxy)" \
  --to direct.behind.example || fail "second proxy: $(cat said)"
says "$ini" "$(host_ip6 proxy) $(host_ip4 second-proxy) $(host_ip6 second-proxy)"
cp "$ini" ini-before
operator proxy --ssh-host "root@$(host_ip4 second-proxy)" \
  --to direct.behind.example || fail "the same again: $(cat said)"
cmp "$ini" ini-before || fail 'other settings, the second time'
deploy behind --ssh-host "$direct" || fail "run again: $(tail -n 20 said)"
records_of proxy second-proxy
# The network of a host outlives it here.
on second-proxy sh -c 'nft flush ruleset
  sysctl -qw net.ipv4.ip_forward=0 net.ipv6.conf.all.forwarding=0'
start_anew second-proxy
eventually 60 answers second-proxy
greets second-proxy || fail 'no mail server behind the second'
# No limit for one address counts there.
on behind postconf -h smtpd_client_event_limit_exceptions >exceptions
says exceptions "[$(host_ip6 second-proxy)]"
on behind grep -qF "$(host_ip4 proxy) \"\";" /etc/nginx/nginx.conf ||
  fail 'nginx limits a proxy'
operator status --ssh-host "$direct" || true
says said "public addresses     $(host_ip4 proxy) $(host_ip6 proxy)"
says_not said 'no way in'

# The first one dies.
host_down proxy
login behind -X NOOP >last 2>&1 || fail "no way in: $(cat last)"
# shellcheck disable=SC2154 # of account
them=$user@behind.example to=$user
account alpha
us=$user@alpha.example
encrypted "$us" "$them" | submit alpha "$us" "$them"
replied 'to a relay with a dead proxy' '250 2.0.0'
eventually 60 has_mail behind "$to" 'BEGIN PGP'
operator status --ssh-host "$direct" && fail 'a dead proxy is fine'
says said "no way in            $(host_ip4 proxy) $(host_ip6 proxy): "

# And the second one is one no more.
operator proxy --ssh-host "root@$(host_ip4 second-proxy)" --remove ||
  fail "remove: $(cat said)"
answers second-proxy 2>/dev/null && fail 'it still forwards'
is 'what is left of it' "$(on second-proxy sh -c 'nft list ruleset
  ls -d /etc/chatmail-proxy /etc/systemd/system/chatmail-proxy* /var/cache/chatmail
  systemctl is-active chatmail-proxy' 2>/dev/null)" inactive
says "$ini" "public_addresses = $(host_ip4 proxy) $(host_ip6 proxy)"
says_not "$ini" "$(host_ip4 second-proxy)"
done_testing
