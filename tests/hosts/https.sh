#!/bin/bash
# Two relays of domains whose mail goes over HTTPS: signed as any other.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"

relay alpha
relay beta
# delivery VALUE: of both.
delivery() {
  local name
  for name in alpha beta; do
    set_key "$BED/op/$name/chatmail.ini" delivery "$1"
    deploy $name || fail "run: $(tail -n 20 said)"
  done
}

delivery https
chat alpha beta
for name in alpha beta; do
  on $name journalctl -q -t postfix/lmtp >log
  says log '[/run/mxsend/to/'
  on $name grep -q '^https' /run/mxsend/state || fail "$name: mail leaves by SMTP"
done
delivery auto # they are other tests' relays, too
done_testing
