#!/bin/bash
# What instant-idle-setup makes of the versions that it reads, with files
# that hold nothing but such a version.
set -eu
script=${BUILD_DIR:?}/chatmaild/instant-idle/instant-idle-setup
top=$(cd "$(dirname "$0")/../.." && pwd)
cd "${TEST_DIR:-$(mktemp -d)}"
mkdir -p dovecot/modules plugins
sed "s,^dovecot=.*,dovecot=$PWD/dovecot," "$script" >setup
status=0

fail() {
  printf '%s\n' "$*"
  status=1
}

# try NAME DOVECOT 2.3-PLUGIN 2.4-PLUGIN WANT: what it says, from "on" or
# "off" on; an empty text is a file without a version.
try() {
  local got
  printf 'x\0%s\0y' "$2" >dovecot/libdovecot-storage.so.0
  printf 'x\0%s\0y' "$3" >plugins/instant-idle-2.3.so
  printf 'x\0%s\0y' "$4" >plugins/instant-idle-2.4.so
  printf 'x\0%s\0y' "${6-$3}" >plugins/push-notice-2.3.so
  printf 'x\0%s\0y' "$4" >plugins/push-notice-2.4.so
  got=$(sh ./setup plugins conf links push /run/the.socket 2>&1) || fail "$1: status $?"
  [[ $got = "instant-idle: $5"* ]] || fail "$1: \"$got\", not \"$5\""
}

old='2.3.ABIv19(2.3.19.1)' new=2.4.ABIv1
try 'its own of two' "$old" "$old" "$new" "on: Dovecot $old"
[ "$(readlink links/lib95_instant_idle_plugin.so)" = plugins/instant-idle-2.3.so ] ||
  fail 'the link is to another plugin'
grep -q '^mail_plugins = \$mail_plugins instant_idle$' conf ||
  fail "conf for 2.3: $(cat conf)"
[ "$(readlink links/lib95_push_notice_plugin.so)" = plugins/push-notice-2.3.so ] ||
  fail 'the link is to another plugin for lmtp'
[ "$(readlink links/metadata.socket)" = /run/the.socket ] ||
  fail 'the link is to another socket'
# What dovecot.conf names for all, and ours in place of Lua.
common=$(sed -n 's/^mail_plugins = //p' \
  "$top/cmdeploy/components/dovecot/2.3/dovecot.conf")
grep -qx "mail_plugins = $common notify push_notice" push ||
  fail "for lmtp, 2.3: $(cat push)"
try 'its own of two, 2.4' "$new" "$old" "$new" "on: Dovecot $new"
[ "$(readlink links/lib95_instant_idle_plugin.so)" = plugins/instant-idle-2.4.so ] ||
  fail 'the link is to another plugin'
grep -q '^  instant_idle = yes$' conf || fail "conf for 2.4: $(cat conf)"
grep -q '^  push_notice = yes$' push || fail "for lmtp, 2.4: $(cat push)"
grep -q '^  push_notification_lua = no$' push ||
  fail "for lmtp, 2.4: $(cat push)"
rm -f links/lib95_push* push
sh ./setup plugins conf links push '' >/dev/null || fail 'no socket: status'
[ -s conf ] && [ ! -e push ] && [ ! -e links/lib95_push_notice_plugin.so ] ||
  fail 'no socket: the plugin is named'
try 'push of another version' "$old" "$old" "$new" "on: Dovecot $old" ''
[ ! -s push ] && [ ! -e links/lib95_push_notice_plugin.so ] ||
  fail "push of another version: $(cat push)"
try 'another ABI' 2.4.ABIv2 "$old" "$new" off
[ ! -s conf ] && [ ! -s push ] ||
  fail "conf for another ABI: $(cat conf push)"
try 'a security update of 2.3' '2.3.ABIv19(2.3.19.2)' "$old" '' off
try 'a longer number' 2.4.ABIv1 "$old" 2.4.ABIv12 off
try 'nothing in both' '' '' '' off
try 'nothing in ours' "$new" '' '' off
try 'nothing in theirs' '' "$old" "$new" off
try 'words' ABIv '' ABIv off
rm dovecot/libdovecot-storage.so.0
got=$(sh ./setup plugins 2>&1) && fail 'no Dovecot: status 0'
[[ $got = *'no Dovecot'* ]] || fail "no Dovecot: $got"
exit $status
