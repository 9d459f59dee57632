#!/bin/bash
# Relays that speak only one version of IP, and one that speaks both.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"

relay alpha
mine+=(four six)
relay four
relay six
is 'IPv6 of four' "$(on four ip -6 addr show scope global)" ''
is 'IPv4 of six' "$(on six ip -4 addr show scope global)" ''
chat four alpha
chat six alpha
for name in four six; do
  records "$name" || fail "dns of $name: $(cat records)"
done
done_testing
