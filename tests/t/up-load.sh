#!/bin/bash
# What `cmdeploy bench --load` says about a relay: all of its messages are
# accounted for, and one that is lost or comes twice is seen.
. "$(dirname "$0")/up-lib.sh"
address=127.0.8.244
export XDG_CACHE_HOME=$PWD/cache

# check PROGRAM: of Python, with what `bench --json` printed as `b`, and its
# only round as `r`.
check() {
  /usr/bin/python3 -c "import json; b = json.load(open('out')); r = b['rounds'][0]
assert $1" || fail "not so: $1" "$(sed 's/"programs".*//' out)"
}

# load WANT ARGUMENT...
load() {
  local want=$1
  shift
  run "$want" bench --dir r --load --users 20 --json "$@"
}

settings r _load.test
set_key r max_new_accounts_per_hour 0
set_key r max_user_send_per_minute 120
up r "$address"

echo '-- what cannot be asked'
run 2 bench --dir r --users 20
says err 'belong to --load'
run 2 bench --dir r --load --rate fast
says err '--rate: give messages a second, from 0.01 to 1000'
run 2 bench --dir r --load --users 1
says err '--users: give a number from 2 to 20000'
run 2 bench --dir r --load --vs a.test
says err '--load goes without --vs'
run 2 bench --dir r --load --ssh-host a.test
says err 'a relay of --dir is seen without --ssh-host'
run 2 bench --ini r/chatmail.ini --ssh-host a.test
says err 'belong to --load'
run 1 bench --dir r --load --users 4 --rate 50
says err '4 users may send 8.00 messages a second'
says err 'max_user_send_per_minute = 120'
printf '%s\n' '[params]' 'mail_domain = other.test' >chatmail.ini
run 1 bench somewhere.invalid --load
says err 'only for one whose chatmail.ini is here'
rm chatmail.ini

echo '-- a relay that is well'
load 0 --rate 5 --seconds 5
check 'r["sent"] == r["accepted"] == 25 and r["refused"] == r["unanswered"] == 0'
check '25 < r["wanted"] == r["delivered"] and r["lost"] == r["doubled"] == 0'
check '0 < r["exists_ms"]["median"] <= r["body_ms"]["max"]'
check 'len([p for p in r["programs"] if p["cpu_sec"] > 0 and p["pss_kb"] > 0]) > 5'
check '{"dovecot lmtp", "filtermail", "postfix qmgr"} <= {p["name"] for p in r["programs"]}'
check 'r["noticed"] == r["delivered"]'
n=$(find r/mail -maxdepth 2 -name '*@*' | wc -l)
[ "$n" = 21 ] || fail "$n accounts, not 21"
! grep -hiE '(warning|error|fatal|panic):' r/log/*/current >warned ||
  fail 'what is well needs no warning' "$(sort warned | uniq -c | head -n 5)"

echo '-- for a person; the accounts are the same ones, and nothing is left'
run 0 bench --dir r --load --users 20 --rate 4 --seconds 2 --html page.html
says out '8 sent, 8 accepted, 0 refused, 0 unanswered'
says out '0 lost, 0 doubled'
says out '  from 250 to EXISTS '
says out '  dovecot lmtp '
for text in '<td>4.00</td><td>2</td><td>8</td>' 'to the body' dovecot\ lmtp \
  '</html>'; do
  says page.html "$text"
done
[ "$(find r/mail -maxdepth 2 -name '*@*' | wc -l)" = "$n" ] ||
  fail 'more accounts than before'
left=$(find r/mail -path '*/new/*' -o -path '*/cur/*' | wc -l)
[ "$left" = 0 ] || fail "$left messages are left"

echo '-- the highest rate: here it is what the rate limit allows'
run 0 bench --dir r --load --users 4 --rate 4 --seconds 1 --until-slow
grep -qE '^[0-9.]+ messages a second is the highest rate that holds' out ||
  fail 'no rate:' "$(cat out)"

echo '-- Postfix drops each tenth message, and delivers some twice'
for user in $(find r/mail -maxdepth 2 -name '*@*' -printf '%f\n'); do
  printf '%s %s\n' "$user" "${user/@/+twice@}"
done >r/etc/postfix/twice
printf '%s\n' '/^Message-ID:.*\.[0-9]*3\./ DISCARD' >r/etc/postfix/drop
printf 'recipient_bcc_maps = texthash:%s\n' "$PWD/r/etc/postfix/twice" \
  >>r/etc/postfix/main.cf
sed -i 's,postfix/header-checks,postfix/drop,' r/etc/postfix/master.cf
grep -q 'postfix/drop' r/etc/postfix/master.cf || fail 'nothing is dropped'
sv -w 20 restart "$PWD/r/service/postfix" >/dev/null
# Where mailproxy hands on to.
answers "$address" 10587
load 1 --rate 5 --seconds 4
check 'r["accepted"] == 20 and r["lost"] >= 2 and r["doubled"] >= 10'
check 'not r["holds"]'

echo '-- Dovecot tells nobody of new mail, then is not there'
up r
sed -i 's/^protocol lmtp {/&\n  mail_location = maildir:~\/elsewhere/' \
  r/etc/dovecot/dovecot.conf
sv -w 20 restart "$PWD/r/service/dovecot" >/dev/null
answers "$address" 993
load 1 --rate 4 --seconds 2
check 'r["accepted"] == 8 and r["lost"] == r["wanted"] and r["delivered"] == 0'
sv -w 20 down "$PWD/r/service/dovecot" >/dev/null
load 1 --rate 4 --seconds 2
says err 'of 20 users are in IDLE, then: IMAP, '
says err 'the relay ended the connection'

done_testing
