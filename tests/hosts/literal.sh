#!/bin/bash
# A relay that is called by its address, on a server: with a certificate of
# its own making, and without DKIM, which it asks of others all the same.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"

address=$(host_ip4 literal)
only literal
host_start literal
relay_settings literal "$address"
heavy deploy literal || fail "run: $(tail -n 20 said)"
person() {
  printf 'dclogin:%s@[%s]?p=%s&v=1&ih=%s&sh=%s&ic=3' "$(random_name 9)" \
    "$address" "$(random_name 22)" "$address" "$address"
}
"$BUILD_DIR/tests/hosts/talk" "$PWD" "$(person)" "$(person)" >talked 2>&1 ||
  fail "they do not chat: $(tail -n 3 talked)"
deploy literal || fail "run: $(tail -n 20 said)"
"$BUILD_DIR/tests/hosts/talk" "$PWD" \
  "dclogin:$(random_name 9)@[$address]?p=$(random_name 22)&v=1&ih=$address&sh=$address&ic=3" \
  "dclogin:$(random_name 9)@[$address]?p=$(random_name 22)&v=1&ih=$address&sh=$address&ic=3" \
  >talked 2>&1 || fail "they do not chat: $(tail -n 3 talked)"
deploy literal || fail "run again: $(tail -n 20 said)"
says said 'nothing was changed'

# With a relay of a domain, both ways.
relay alpha
"$BUILD_DIR/tests/hosts/talk" "$PWD" "$(link alpha)" "$(person)" \
  >talked 2>&1 || fail "alpha and it do not chat: $(tail -n 3 talked)"

# From a stranger: nobody's From is believed unsigned, least of all its own.
classic
them=carol@classic.example
stranger=x@[$(host_ip4 classic)]
us=$(random_name 9)@[$address]
curl -sS --insecure --max-time 60 --user "$us:$(random_name 22)" \
  --login-options AUTH=PLAIN "imaps://$address/" >logged-in 2>&1 ||
  fail "no login: $(tail -n 3 logged-in)"
to_literal() {
  swaks_at classic --server "$address" --tls --from "$1" --to "$us" \
    --helo classic.example
}
for from in "$them" "$us" 'a@[192.0.2.9]'; do
  encrypted "$from" "$us" | to_literal "$them"
  replied "unsigned, From $from" '554 5.7.1'
done
encrypted "$stranger" "$us" | to_literal "$stranger"
replied 'from its own address' '250 2.0.0'
letter "$stranger" "$us" clear | to_literal "$stranger"
replied 'cleartext from an address' '523'
letter "$them" "$us" signed | sign classic.example mail | to_literal "$them"
replied 'signed' '250 2.0.0'
done_testing
