#!/bin/bash
# What people do with real apps on a relay of `up`, as `cmdeploy test` tries it;
# and what it says where it has no Delta Chat core, or another one.
. "$(dirname "$0")/up-lib.sh"
address=127.0.8.246
second=127.0.8.247
export XDG_CACHE_HOME=$PWD/cache

settings r "$address"
set_key r max_new_accounts_per_hour 0
up r "$address"

echo '-- no core'
export npm_config_cache=$PWD/npm npm_config_registry=http://127.0.0.1:1/
run 0 test --dir r --tap -k apps/group
says out 'ok 1 - apps/group: a message to all'
says out '# SKIP'
says out 'npm could not fetch the Delta Chat core'

echo '-- another core than the one that is known'
version=$(sed -n 's/^core_version=//p' "$(dirname "$0")/../needs.sh")
kept=cache/cmdeploy/core/$version
mkdir -p "$kept"
echo 'not a core' >"$kept/deltachat-rpc-server"
run 0 test --dir r --tap -k apps/group
says out 'not the bytes of version'

echo '-- the one that tests have already'
install -m 0755 "$RPC_SERVER" "$kept/deltachat-rpc-server"
settings second "$second"
up second "$second"
run 0 test --dir r --tap --second "$second" \
  -k 'apps/@(securejoin|one-on-one|receipt|file|group|silence|second)'
says out '1..7'
says_not out 'SKIP'
left=$(find r/mail -path '*/new/*' -o -path '*/cur/*' | wc -l)
[ "$left" = 0 ] || fail "$left messages are left"

echo '-- mail that does not go, and where to look'
sv -w 20 down "$PWD/r/service/filtermail-outgoing" >/dev/null
run 1 test --dir r --tap -k apps/securejoin --timeout 5
says out '  next: "read what the log of filtermail says'

done_testing
