#!/bin/bash
# Mail that leaves: signed, over TLS that is verified; and what cannot be
# delivered comes back, signed, too.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"

# carol_has TEXT: the file of a message in her mailbox that has it.
carol_has() {
  grep -rlF -- "$1" "$(host_tree classic)/home/carol/Maildir/new"
}

# signed_as DOMAIN TEXT: dkimpy agrees with the signature of that message.
signed_as() {
  local file
  file=$(carol_has "$2" | head -n 1)
  on classic python3 /etc/bed/verify.py "$1" <"$file" >verdict 2>&1 ||
    fail "$2: $(tail -n 1 verdict)"
}

# waits_for RELAY RECIPIENT REASON: that mail is in its queue for that.
waits_for() {
  on "$1" postqueue -j | grep -F "$2" | grep -qF -- "$3"
}

classic
relay alpha
relay beta
chat alpha beta
account alpha
us=$user@alpha.example
them=carol@classic.example

# To a stranger: signed for our domain, verified connection.
encrypted "$us" "$them" | submit alpha "$us" "$them"
replied 'to a stranger' '250 2.0.0'
eventually 20 carol_has "From: <$us>"
signed_as alpha.example "From: <$us>"
carol_has "From: <$us>" | xargs cat >received
says received 'using TLSv1.3 with cipher'

# A server whose certificate is not its own gets nothing; the mail waits.
encrypted "$us" eve@impostor.classic.example |
  submit alpha "$us" eve@impostor.classic.example
# Once it is known that its port 25 answers, the queue names the reason.
tried_again() {
  on alpha postqueue -f
  waits_for alpha impostor 'Server certificate not verified'
}
eventually 40 tried_again

# To nobody, at a stranger's and at a relay: refused there, so the sender gets
# a bounce of their own relay.
encrypted "$us" nosuch@classic.example |
  submit alpha "$us" nosuch@classic.example
eventually 20 has_mail alpha "$user" 'User unknown in local recipient table'
encrypted "$us" nosuch@beta.example |
  submit alpha "$us" nosuch@beta.example
replied 'to nobody' '250 2.0.0'
eventually 30 has_mail alpha "$user" '<nosuch@beta.example>: host'

# To a domain that takes no mail, and to none: the sender knows at once.
for name in nomail nosuch; do
  to=eve@$name.classic.example
  encrypted "$us" "$to" | submit alpha "$us" "$to"
  replied "to $name" '250 2.0.0'
  eventually 20 has_mail alpha "$user" "Final-Recipient: rfc822; $to"
done
# Whoever does not answer is tried for two days, and so is a bounce.
is 'lifetimes' "$(on alpha postconf -h maximal_queue_lifetime \
  bounce_queue_lifetime | xargs)" '2d 2d'

# goes RELAY ADDRESS: an account that takes no mail any more, by the time
# that Dovecot is back.
goes() {
  on "$1" touch "/home/vmail/mail/$1.example/$2/DISABLED"
  on "$1" systemctl start dovecot
  on "$1" postqueue -f
}

# A bounce to a relay is let in, since the other relay has signed it; one to a
# stranger is signed as well.
sender=$user secret=$password
account beta
gone=$user@beta.example user=$sender password=$secret
on beta systemctl stop dovecot
encrypted "$us" "$gone" | submit alpha "$us" "$gone"
replied 'to one that goes' '250 2.0.0'
eventually 30 waits_for beta "$gone" ''
goes beta "$gone"
eventually 30 has_mail alpha "$user" 'Reporting-MTA: dns; beta.example'
account alpha
gone=$user@alpha.example
on alpha systemctl stop dovecot
letter "$them" "$gone" bounced | sign classic.example mail |
  to_relay alpha "$them" "$gone"
replied 'to one that goes here' '250 2.0.0'
goes alpha "$gone"
eventually 30 carol_has 'Undelivered Mail Returned to Sender'
signed_as alpha.example 'Undelivered Mail Returned to Sender'
done_testing
