#!/bin/bash
# The echo bot of a relay of `up`, and what people do with real apps, by
# `cmdeploy test`; the bot's name, its password, its invitation, a restart.
. "$(dirname "$0")/up-lib.sh"
address=127.0.8.245
export XDG_CACHE_HOME=$PWD/cache

# The core that tests have already, where `up` and `test` look for it.
version=$(sed -n 's/^core_version=//p' "$(dirname "$0")/../needs.sh")
kept=cache/cmdeploy/core/$version
mkdir -p "$kept"

settings r "$address"
set_key r max_new_accounts_per_hour 0

echo '-- another core than the one that is known'
echo 'not a core' >"$kept/deltachat-rpc-server"
set_key r echobot true
running+=(r)
run 1 up --dir r --detach "$address"
says err 'not the bytes of version'
install -m 0755 "$RPC_SERVER" "$kept/deltachat-rpc-server"

echo '-- a bot that has logged in'
up r "$address"
invited() {
  for _ in $(seq 300); do
    [ ! -s r/state/echobot/public/index.html ] || return 0
    sleep 0.2
  done
  fail 'the bot has not logged in:' "$(tail -n 5 r/log/echobot/current)"
}
invited
"$cmdeploy" status --dir r >out 2>err || true
says out 'echo bot '
link=$(cat r/state/echobot/public/invite)
says out "$link"
for page in /echobot/ /echobot/invite /echobot/invite.svg /info; do
  curl -sSk -m 20 -o body -w '%{http_code}\n' "https://$address$page" >code
  [ "$(cat code)" = 200 ] || fail "$page: $(cat code)"
done
says body '/echobot/invite.svg'
says body 'href="/echobot/"'

echo '-- its password is in no setting, and is for nobody else'
secret=$(cat r/etc/echobot.secret)
! grep -rqF "$secret" r/chatmail.ini r/etc/chatmail.ini r/log r/pages r/service ||
  fail 'the password is told'
[ "$(stat -c '%a %U %G' r/etc/echobot.secret)" = '640 root echobot' ] ||
  fail 'the secret is open to others'
[ "$(stat -c %a r/state/echobot/core)" = 700 ] || fail 'its keys are open to others'
[[ $(imap "$address" "echo@[$address]" "$secret") = OK* ]] || fail 'no login'
[[ $(imap "$address" "echo@[$address]" 'of-somebody-else') = NO* ]] ||
  fail 'somebody else has the name'

echo '-- people with real apps, and the bot'
run 0 test --dir r --echo --tap -k 'apps/*'
says out '7 passed, 0 failed, 1 skipped'
says out '--second DOMAIN names a relay'
run 0 test --dir r --tap -k apps/echo
says out 'echo asks for it'
run 0 bench --dir r --echo --rounds 2
grep -qE '^  echo( +[0-9]+\.[0-9]){4}' out || fail 'no figures of echo:' "$(cat out)"

/usr/bin/python3 "$(dirname "$0")/echo-help.py" "$RPC_SERVER" "$PWD/app" \
  "dclogin:asksforit@[$address]?p=a-long-password&v=1&ih=$address&sh=$address&ic=3" \
  "$link" >said || fail 'no greeting, or no help:' "$(cat said)"

echo '-- it is the same bot after a restart, and goes when it is not wanted'
sv -w 20 restart "$PWD/r/service/echobot" >/dev/null
run 0 test --dir r --echo --tap -k apps/echo
[ "$(cat r/state/echobot/public/invite)" = "$link" ] || fail 'another invitation'
set_key r echobot false
up r
[ ! -e r/service/echobot ] || fail 'the bot is still there'
run 1 test --dir r --echo --tap -k apps/echo --timeout 5
says out '/echobot/invite: status 404, not 200'
[[ $(imap "$address" "echo@[$address]" "$secret") = NO* ]] || fail 'a login'

echo '-- without a core there is a word'
rm -r cache/cmdeploy/core
export npm_config_cache=$PWD/npm npm_config_registry=http://127.0.0.1:1/
run 0 test --dir r --tap -k apps/group
says out 'npm could not fetch the Delta Chat core'

done_testing
