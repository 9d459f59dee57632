#!/bin/bash
# A relay that moves to another server, as doc/operating.md tells it: keys,
# accounts and mail come along, and the old server's name is taken over.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"

old=root@$(host_ip4 leaving)
new=root@$(host_ip4 arriving)

# bring PATH...: from the old server to the new one.
bring() {
  ssh -n "$old" tar -C / -c "$@" | ssh "$new" tar -C / -x
}

# has_messages N: by IMAP.
has_messages() {
  login leaving -X 'STATUS INBOX (MESSAGES)' >last 2>&1
  grep -q "MESSAGES $1)" last
}

only leaving
only arriving
host_start leaving
host_start arriving
zone_relay leaving
relay_settings leaving
heavy deploy leaving || fail "run: $(tail -n 20 said)"
publish leaving
account leaving
us=$user@leaving.example
encrypted "$us" "$us" | submit leaving "$us" "$us"
replied 'a message to oneself' '250'
eventually 10 has_mail leaving "$user" 'BEGIN PGP'
pin leaving >pin-before

# The new server is made ready while the old one works.
bring var/lib/acme
heavy deploy leaving --ssh-host "$new" --skip-dns-check --disable-mail ||
  fail "the new server: $(tail -n 20 said)"
says said 'Mail is disabled'
is 'Postfix there' \
  "$(on arriving systemctl is-active "$postfix_unit" || true)" inactive
login leaving >/dev/null || fail 'the old server serves no more'

# Then it takes over.
deploy leaving --ssh-host "$old" --disable-mail ||
  fail "the old server: $(tail -n 20 said)"
bring home/vmail etc/dkimkeys
grep -v '^leaving\.example\. .* IN A' "$BED/op/leaving/zone" |
  cat - <(zone_addresses arriving @) | zone_put leaving
deploy leaving --ssh-host "$new" || fail "mail again: $(tail -n 20 said)"
says said 'The relay leaving.example now matches chatmail.ini.'

# ssh knows the name by the old server's key.
(cd "$BED/op/leaving" && "$CMDEPLOY" status) >status 2>&1 </dev/null &&
  fail 'status asks a server with another key'
says status 'ssh-keygen -R leaving.example'
(cd "$BED/op/leaving" && "$CMDEPLOY" dns --ssh-host "$new") >records 2>&1 ||
  fail "not all records are right: $(cat records)"
eventually 20 pin leaving
pin leaving >pin-after
cmp -s pin-before pin-after || fail 'apps see another key'
has_messages 1 || fail "what had come before is not there: $(cat last)"
# By its address: the resolver there may still know the old one.
encrypted "$us" "$us" | swaks_at arriving \
  --server "$(host_ip4 arriving):465" --tls-on-connect --from "$us" \
  --to "$us" --auth PLAIN --auth-user "$us" --auth-password "$password"
replied 'a letter after the move' '250'
eventually 10 has_messages 2
done_testing
