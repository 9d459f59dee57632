#!/bin/bash
# Mail from a stranger's server: only what the From domain has signed comes
# in, and nobody sends through us or as us.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"
no_signature='554 5.7.1 No DKIM signature found'
bad_signature='554 5.7.1 No valid DKIM signature found'

# signed SELECTOR: a letter of carol's with such a signature, to the relay.
signed() {
  letter "$them" "$us" "by $1" | sign classic.example mail "selector=$1" |
    to_relay alpha "$them" "$us"
}

# passes_soon WHAT SELECTOR: within seconds of what has changed.
passes_soon() {
  local i
  for i in 1 2 3 4 5 6 7 8; do
    signed "$2"
    ! grep -q '^250' reply || return 0
    sleep 2
  done
  replied "$1" '250 2.0.0'
}

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
# The address that it came from went along, to where it is queued.
on alpha journalctl -o cat -t postfix/reinject-incoming/smtpd >journal
grep -qF "orig_client=unknown[$(host_ip4 classic)]" journal ||
  grep -qF "orig_client=unknown[$(host_ip6 classic)]" journal ||
  fail 'from where:' "$(cat journal)"

letter "$them" "$us" unsigned | to_relay alpha "$them" "$us"
replied 'unsigned' "$no_signature"
letter "$them" "$us" stolen | sign classic.example stolen |
  to_relay alpha "$them" "$us"
replied 'signed with a key that is not published' "$bad_signature: the header"
letter "$them" "$us" honest | sign classic.example mail |
  sed 's/^honest/changed/' | to_relay alpha "$them" "$us"
replied 'changed after it was signed' "$bad_signature: the body"
letter "$them" "$us" other | sign other.classic.example other |
  to_relay alpha "$them" "$us"
replied 'signed by another domain' "$no_signature"
{
  letter "$them" "$us" long | sign classic.example mail length
  printf 'and more\r\n'
} | to_relay alpha "$them" "$us"
replied 'signed in part' "$bad_signature: only a part"
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

# Signatures of others on top do not hide it.
letter "$them" "$us" many | sign classic.example mail >many
for i in 1 2 3 4 5 6; do
  sign other.classic.example other <many >more
  mv more many
done
to_relay alpha "$them" "$us" <many
replied 'six others on top' '250 2.0.0'

# Nobody is bounced to: who is not known here is refused at once.
letter "$them" nosuch@alpha.example forged | sign classic.example mail |
  to_relay alpha "dave@classic.example" nosuch@alpha.example
replied 'for another, to nobody' '550 5.1.1'

# Names and words of an envelope.
letter "$them" "$us" utf8 | sign classic.example mail |
  to_relay alpha "$them" "$us" --ehlo classic.example
says_not spoken SMTPUTF8
local_part=${us%@*}
letter "$them" "$us" tagged | sign classic.example mail |
  to_relay alpha "$them" "$local_part+tag@alpha.example"
eventually 20 has_mail alpha "$user" 'Subject: tagged'

# DNS that does not answer is no answer. (A server that refers to itself is not
# tried: unbound tells it as an empty answer, which is one.)
signed late
replied 'a key that is not there yet' "$bad_signature"
{
  classic_zone
  echo 'silent._domainkey NS nowhere'
  echo 'nowhere A 10.77.0.250'
  echo 'refused._domainkey NS @'
} | zone_put classic
for key in silent refused; do
  signed "$key"
  replied "its name server: $key" '451 4.7.5'
done
{
  classic_zone
  for key in late silent refused; do
    dkim_record "$key._domainkey" "$(host_tree classic)/etc/bed/mail.key"
  done
} | zone_put classic
passes_soon 'a key that was published a moment ago' late
on alpha systemctl stop unbound
signed refused
replied 'no resolver' '451 4.7.5'
on alpha systemctl start unbound
passes_soon 'the resolver is back' refused

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
on alpha journalctl -o cat >journal
says_not journal 'to=<dave@classic.example>'
grep -rlE 'unsigned|stolen|changed|: other|header|Subject: me' \
  "$(inbox alpha "$user")" >came && fail "has come: $(cat came)"
done_testing
