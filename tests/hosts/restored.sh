#!/bin/bash
# A server burns down, and its relay comes back on a bare one out of a backup,
# by the operator's laptop: accounts, mail, certificate, DKIM key; and its
# nightly backups go on.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"

old=root@$(host_ip4 burning)
new=root@$(host_ip4 rising)
place=/srv/backup

# operator COMMAND...: in the operator's folder; what it says goes to `said`.
operator() {
  (cd "$BED/op/burning" && "$CMDEPLOY" "$@") >said 2>&1 </dev/null
}

# numbers: what IMAP says of the inbox.
numbers() {
  login burning -X 'STATUS INBOX (MESSAGES UIDNEXT UIDVALIDITY)' >last 2>&1
  sed -n 's/.*MESSAGES \([0-9]*\) UIDNEXT \([0-9]*\) UIDVALIDITY \([0-9]*\)).*/\1 \2 \3/p' last
}

only burning
only rising
host_start burning
host_start rising
zone_relay burning
relay_settings burning
set_key "$BED/op/burning/chatmail.ini" backup_to "$place"
heavy deploy burning || fail "run: $(tail -n 20 said)"
publish burning
account burning
us=$user@burning.example
encrypted "$us" "$us" | submit burning "$us" "$us"
eventually 10 has_mail burning "$user" 'BEGIN PGP'
pin burning >pin-before
on burning cat /etc/dkimkeys/opendkim.private >dkim-before
read -r messages next validity <<<"$(numbers)"
is 'messages' "$messages" 1

heavy operator backup || fail "backup: $(cat said)"
says said '1 messages'
says said 'A copy of its key is here'
cp "$BED/op/burning/backup.key" key
echo another >"$BED/op/burning/backup.key"
operator backup || fail "backup again: $(cat said)"
says said 'backup.key here is not what the server has'
cp key "$BED/op/burning/backup.key"
on burning systemctl is-active --quiet chatmail-backup.timer ||
  fail 'no timer'
on burning systemctl start chatmail-backup ||
  fail "the nightly backup: $(on burning journalctl -u chatmail-backup -n 9)"
operator status || true
says said "old, at $place"
ssh -n "$old" tar -C / -c "${place#/}" | ssh "$new" tar -C / -x
host_down burning

heavy operator restore --ssh-host "$new" "$place" ||
  fail "restore: $(tail -n 20 said)"
says said 'all are back in'
grep -v '^burning\.example\. .* IN A' "$BED/op/burning/zone" |
  cat - <(zone_addresses rising @) | zone_put burning
eventually 20 pin burning
pin burning >pin-after
cmp -s pin-before pin-after || fail 'apps see another key'
on rising cat /etc/dkimkeys/opendkim.private >dkim-after
cmp -s dkim-before dkim-after || fail 'another DKIM key'
is 'owner of the DKIM key' \
  "$(on rising stat -c '%U %a' /etc/dkimkeys/opendkim.private)" 'opendkim 600'
is 'the inbox' "$(numbers)" "1 $((next + 1000000)) $validity"
operator restore --ssh-host "$new" "$place" && fail 'restored twice'
says said 'there is a relay already in /'
on rising systemctl start chatmail-backup ||
  fail "the backup goes on: $(on rising journalctl -u chatmail-backup -n 9)"
operator run --ssh-host "$new" || fail "run again: $(tail -n 20 said)"
says said 'nothing was changed'
done_testing
