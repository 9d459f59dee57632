#!/bin/bash
# A relay that is called by its address, on a server: with a certificate of
# its own making, and without DKIM.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"

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
done_testing
