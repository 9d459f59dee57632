#!/bin/bash
# cmdeploy up: what is in the way is said before anything is made.
. "$(dirname "$0")/up-lib.sh"

refuses() {
  local want=$1
  shift
  run 1 up "$@"
  says err "$want"
}

refuses 'is not an address of this machine; it has 127.0.0.1' \
  203.0.113.7 --dir r
refuses 'give an IPv4 address' relay.test --dir r
refuses 'make that folder first' 127.0.8.101 --dir no/such/folder
refuses 'needs a folder of its own' 127.0.8.101 --dir /
refuses 'holds other things than a relay' 127.0.8.101 --dir /etc
refuses 'choose a shorter --dir' 127.0.8.101 \
  --dir "$PWD/$(printf '%080d' 0)"
refuses 'choose another --dir' 127.0.8.101 --dir 'a b'
: >plain
refuses 'not a folder' 127.0.8.101 --dir plain

mkdir r
printf '[params]\nmail_domain = 127.0.8.101\nmax_message_size = lots\n' \
  >r/chatmail.ini
refuses 'line 3: max_message_size: "lots" cannot be used' --dir r
printf '[params]\nmail_domain = 127.0.8.101\n' >r/chatmail.ini
refuses 'mail_domain is 127.0.8.101, but' 127.0.8.102 --dir r
[ "$(ls r)" = chatmail.ini ] || fail "r has changed: $(ls r)"

run 2 up --dri r
says err 'there is no option --dri'
run 2 up 127.0.8.101 127.0.8.102
run 2 upp
says err 'did you mean "up"?'

# Another program on one of the ports: its name is said.
coproc SERVER { exec openssl s_server -accept 127.0.8.101:143 -nocert \
  -naccept 1 </dev/null; }
# ACCEPT is its word for being ready.
read -r _ <&"${SERVER[0]}"
refuses 'port 127.0.8.101:143, which mailproxy needs, is in use by openssl' \
  --dir r
kill "$SERVER_PID"

run 3 status --dir nowhere
says err 'there is no relay here'
run 1 down --dir nowhere
run 1 qr --dir nowhere
[ ! -e nowhere ] || fail 'a folder was made by looking'

run 0 init Relay.Example --ini one.ini
run 1 init relay.example --ini one.ini
says err 'is there already'
says one.ini 'mail_domain = relay.example'
run 1 init 1.2.3 --ini two.ini
run 2 init
[ ! -e two.ini ] || fail 'two.ini was written'
done_testing
