#!/bin/bash
# What `cmdeploy bench` measures on relays of `up`, alone and in turns; what a
# rate limit does to it; and what it says when it cannot measure.
. "$(dirname "$0")/up-lib.sh"
export XDG_CACHE_HOME=$PWD/cache

# check PROGRAM: of Python, with what `bench --json` printed as `b`.
check() {
  /usr/bin/python3 -c "import json; b = json.load(open('out')); $1" ||
    fail "not so: $1" "$(cat out)"
}

settings r _quick.test
set_key r max_new_accounts_per_hour 0
up r 127.0.8.242
# Ten messages in a row are more than its users may send at once.
settings limited _limited.test
set_key limited max_new_accounts_per_hour 0
set_key limited max_user_send_burst_size 8
up limited 127.0.8.243

echo '-- what cannot be asked'
run 2 bench --dir r --rounds 0
says err '--rounds: give a number from 1 to 500'
run 2 bench --dir r somewhere.test
run 2 bench --dir r --vs a.test --vs-dir b
run 3 bench --dir nowhere
run 1 bench --dir r --vs-dir r
says err 'both are _quick.test'
run 1 bench 'no domain'
says err 'neither a DNS name nor an IP address'

echo '-- one relay, for a person and as a page'
run 0 bench --dir r --rounds 2 --html page.html
for series in imap-connect imap-login smtp-connect smtp-login new send notice \
  fetch ping-pong send-10 receive-10; do
  grep -qE "^  $series( +[0-9]+\.[0-9]){4}  [ ▁▂▃▄▅▆▇█]*█" out ||
    fail "no figures of $series:" "$(cat out)"
  says page.html "<h2>$series</h2>"
done
[ "$(grep -c '<svg ' page.html)" = 11 ] || fail 'not eleven charts'
says page.html '_quick.test'
for word in '<script' http: https: url\( not\ measured; do
  says_not page.html "$word"
done
says_not out 'rate limit'

echo '-- two in turns, of which one limits'
run 0 bench --dir r --vs-dir limited --rounds 2 --json
check 'assert [s["domain"] for s in b["relays"]] == ["_quick.test", "_limited.test"]'
check 'assert [s["held_up_by_rate_limit"] > 0 for s in b["relays"]] == [False, True]'
check 'assert all(x["n"] == len(x["values"]) and (x["n"] == 0 or
  0 < x["min"] <= x["median"] <= x["p99"] <= x["max"])
  for s in b["relays"] for x in s["series"].values())'
check 'assert [b["relays"][0]["series"][k]["n"] for k in
  ("imap-login", "new", "send", "ping-pong", "send-10")] == [2, 2, 4, 2, 1]'
# What the limit held up is in no figure.
check 'assert b["relays"][1]["series"]["send-10"]["n"] == 0'

echo '-- what is sent is deleted, and what fails is named'
sv -w 20 down "$PWD/r/service/nginx" >/dev/null
run 1 bench --dir r --rounds 1
says err '_quick.test: new accounts: https://_quick.test/new: '
says out 'imap-login'
for dir in r/mail limited/mail; do
  left=$(find "$dir" -path '*/new/*' -o -path '*/cur/*' | wc -l)
  [ "$left" = 0 ] || fail "$left messages are left in $dir"
done

done_testing
