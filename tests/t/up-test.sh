#!/bin/bash
# What `cmdeploy test` says about a relay that is well, and about one that is
# broken on purpose: each fault is found, by the try that is named after it.
. "$(dirname "$0")/up-lib.sh"
address=127.0.8.241
export XDG_CACHE_HOME=$PWD/cache

# fails TRY TEXT: it, and nothing else that was chosen, fails with that reason.
fails() {
  run 1 test --dir r --tap -k "$1"
  says out "not ok 1 - $1: "
  says out "$2"
  says out '  next: "'
}

passes() {
  run 0 test --dir r --tap -k "$1"
  says out "ok 1 - $1: "
}

# restart SERVICE: and waits until it answers again.
restart() {
  sv -w 20 restart "$PWD/r/service/$1" >/dev/null || fail "$1 does not restart"
  "$cmdeploy" up --dir r --dry-run >/dev/null 2>&1 || true
  sleep 0.5
}

settings r _well.test
set_key r max_new_accounts_per_hour 0
up r "$address"

echo '-- what can be asked without a relay'
run 0 test --list
says out 'names/port-993'
run 0 test --list -k 'names/port-4*'
[ "$(wc -l <out)" = 4 ] || fail 'not four ports:' "$(cat out)"
run 2 test --list -k nothing-like-it
says err '--list names them'
run 2 test --dir r somewhere.test
run 1 test 'no domain'
says err 'neither a DNS name nor an IP address'
run 3 test --dir nowhere
run 1 test nowhere.invalid -k names/address
says out 'FAIL names/address'

echo '-- a relay that is well'
run 0 test --dir r --junit junit.xml
says out ' passed, 0 failed'
says junit.xml '<testcase classname="names" name="port-993" time="'
says junit.xml ' failures="0" '
[ "$(stat -c %a cache/cmdeploy/test/_well.test/accounts)" = 600 ] ||
  fail 'others can read the accounts'
cp cache/cmdeploy/test/_well.test/accounts kept
passes accounts/again
cmp kept cache/cmdeploy/test/_well.test/accounts || fail 'accounts are not kept'

echo '-- a closed port, and what needs it'
sv -w 20 down "$PWD/r/service/nginx" >/dev/null
fails names/port-80 'Connection refused'
run 1 test --dir r -k names/port --junit junit.xml
says out 'FAIL names/port-443 '
says out 'FAIL names/port-443-imap '
says out 'ok   names/port-993 '
says out '5 passed, 4 failed'
says junit.xml '<failure message="'
sv -w 20 up "$PWD/r/service/nginx" >/dev/null

done_testing
