#!/bin/bash
# Mail from a stranger's server: only what the From domain has signed comes
# in, and nobody sends through us or as us.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"
no_signature='554 5.7.1 No valid DKIM signature found'

classic
relay alpha
account alpha
us=$user@alpha.example
them=carol@classic.example

# The rule, and each way around it.
letter "$them" "$us" signed | sign classic.example mail |
  to_relay alpha "$them" "$us"
replied 'signed' '250 2.0.0'
eventually 20 has_mail alpha "$user" 'Subject: signed'

letter "$them" "$us" unsigned | to_relay alpha "$them" "$us"
replied 'unsigned' "$no_signature"
letter "$them" "$us" stolen | sign classic.example stolen |
  to_relay alpha "$them" "$us"
replied 'signed with a key that is not published' "$no_signature"
letter "$them" "$us" honest | sign classic.example mail |
  sed 's/^honest/changed/' | to_relay alpha "$them" "$us"
replied 'changed after it was signed' "$no_signature"
letter "$them" "$us" other | sign other.classic.example other |
  to_relay alpha "$them" "$us"
replied 'signed by another domain' "$no_signature"
{
  letter "$them" "$us" long | sign classic.example mail length
  printf 'and more\r\n'
} | to_relay alpha "$them" "$us"
replied 'signed in part' "$no_signature"
{
  letter "$them" "$us" header | sign classic.example mail
} | sed '1i From: someone@alpha.example\r' | to_relay alpha "$them" "$us"
replied 'a second From' '55'

# As one of us, from outside.
letter "$us" "$us" me | to_relay alpha "$us" "$us"
replied 'MAIL FROM one of us' '553 5.7.1'
letter "$us" "$us" header | sign classic.example mail |
  to_relay alpha "$them" "$us"
replied 'From one of us' "$no_signature"

# Through us, to others.
for to in eve@beta.example 'eve%beta.example@alpha.example' \
  '@alpha.example:eve@beta.example' 'beta.example!eve'; do
  letter "$them" "$to" through | sign classic.example mail |
    to_relay alpha "$them" "$to"
  replied "through us to $to" 5
done
letter "$them" "$us" clear | swaks_at classic --server alpha.example \
  --from "$them" --to "$us"
replied 'without TLS' '530 5.7.0'
letter "$them" eve@beta.example anon | swaks_at classic --tls-on-connect \
  --server alpha.example:465 --from "$them" --to eve@beta.example
replied 'submission without a login' 5

# As another one, from inside.
letter "$them" "$them" x | submit alpha "$them" "$them"
replied 'MAIL FROM another' '553 5.7.1'
encrypted somebody@alpha.example x | submit alpha "$us" "$us"
replied 'From another' '500 Invalid FROM'
letter "$us" "$them" cleartext | submit alpha "$us" "$them"
replied 'cleartext to outside' '523 Encryption Needed'

on alpha postqueue -j >queue
says_not queue "$them"
grep -rlE 'unsigned|stolen|changed|other|header|Subject: me' \
  "$(inbox alpha "$user")" >came && fail "has come: $(cat came)"
done_testing
