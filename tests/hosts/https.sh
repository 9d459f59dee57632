#!/bin/bash
# A relay whose mail leaves over HTTPS: signed, as any other, so that the other
# relay takes it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"

relay alpha
only posts
host_start posts
zone_relay posts
relay_settings posts
set_key "$BED/op/posts/chatmail.ini" delivery https
heavy deploy posts || fail "run: $(tail -n 20 said)"
publish posts
chat posts alpha
on posts journalctl -q -t postfix/lmtp >log
says log "@alpha.example>, relay=posts.example[/run/mxsend/to/"
says log 'status=sent'
on posts grep -q '^https' /run/mxsend/state || fail 'mail leaves by SMTP'
done_testing
