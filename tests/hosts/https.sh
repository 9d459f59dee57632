#!/bin/bash
# A relay whose provider closes port 25, in one direction or in both: its mail
# leaves over HTTPS, signed as any other, and mail of others comes in that way;
# nobody has set anything. And one whose IPv6 leads nowhere.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"

# closes RULE...: on posts, in place of the rules before.
closes() {
  printf 'table inet closed {\n%s\n%s\n}\n' \
    "chain in { type filter hook input priority 0; $1; }" \
    "chain out { type filter hook output priority 0; $2; }" |
    on posts sh -c 'nft delete table inet closed 2>/dev/null; nft -f -'
}

# left HOST TEXT: what the journal there says of mail that has left, but for
# what was tried first.
left() {
  on "$1" journalctl -q -o cat -t postfix/smtp -t postfix/lmtp >left
  grep -F "$2" left | grep -q 'status=sent' || fail "$1, $2:" "$(tail left)"
}

relay alpha
relay beta
only posts
host_start posts
zone_relay posts
relay_settings posts
heavy deploy posts || fail "run: $(tail -n 20 said)"
records posts --zonefile zone || true
# The best host that is to take its mail is not there.
{
  cat "$BED/op/posts/zone"
  printf '@ MX 5 dead\ndead A 10.77.0.250\n'
} | zone_put posts

closes 'tcp dport 25 drop' 'tcp dport 25 drop'
chat posts alpha
left posts '@alpha.example>, relay='
grep -F '@alpha.example>' left | grep 'status=sent' | grep -F ']:25,' &&
  fail 'mail has left by a closed port'
left alpha '@posts.example>, relay='
grep -F '@posts.example>' left | grep 'status=sent' | grep -F ']:25,' &&
  fail 'mail has come by a closed port'

closes accept 'tcp dport 25 drop'
chat posts beta
left beta '@posts.example>, relay='
left posts '@beta.example>, relay='
grep -F '@beta.example>' left | grep 'status=sent' | grep -F ']:25,' &&
  fail 'mail has left by a closed port'

# Over IPv6 nothing gets out: nobody waits for that.
closes accept 'ip6 daddr != fe80::/10 tcp dport { 25, 443 } drop'
on posts systemctl restart mxsend
since=$(on posts date '+%F %T')
mkdir again
"$BUILD_DIR/tests/hosts/talk" "$PWD/again" "$(link posts)" "$(link beta)" \
  >talked 2>&1 || fail "no chat without IPv6:" "$(tail -n 3 talked)"
on posts journalctl -q -o cat -t postfix/smtp --since "$since" >left
says left "relay=beta.example[$(host_ip4 beta)]:25"
grep -E ' delay=([1-9][0-9]|[5-9])' left && fail 'a dead IPv6 delays mail'
done_testing
