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

# verified_by HOST TEXT: dkimpy agrees with the signature of that message.
signed_as() {
  local file
  file=$(carol_has "$2" | head -n 1)
  on classic python3 /etc/bed/verify.py "$1" <"$file" >verdict 2>&1 ||
    fail "$2: $(tail -n 1 verdict)"
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
on alpha journalctl --no-pager -u 'postfix@-' >log
says log 'Verified TLS connection established to classic.example'
says log 'Verified TLS connection established to beta.example'
says_not log 'Untrusted TLS connection established'

# The other relay found our signature good, and the way here trusted.
on beta journalctl --no-pager -u 'postfix@-' >log
says log 'Verified TLS connection established to alpha.example'

# To nobody: the bounce reaches our user, and tells what was wrong.
encrypted "$us" nobody@classic.example |
  submit alpha "$us" nobody@classic.example
replied 'to nobody' '250 2.0.0'
eventually 20 has_mail alpha "$user" 'User unknown'
eventually 20 has_mail alpha "$user" 'multipart/report'

# A bounce that goes out is signed as all else.
letter "$them" "nobody!!@alpha.example" bounced | sign classic.example mail |
  to_relay alpha "$them" 'nobody!!@alpha.example'
case $(cat reply) in
250*)
  eventually 30 carol_has 'Undelivered Mail Returned to Sender'
  signed_as alpha.example 'Undelivered Mail Returned to Sender'
  ;;
*) fail "nobody!!: $(cat reply)" ;;
esac

done_testing
