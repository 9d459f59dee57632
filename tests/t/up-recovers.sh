#!/bin/bash
# A relay comes back by itself when its processes are killed, and can be looked
# at and ended whatever has become of its disk.
. "$(dirname "$0")/up-lib.sh"
address=127.0.9.71

mkdir r
mount -t tmpfs -o size=600m,nr_inodes=20000 tmpfs r
settings r "$address"
set_key r min_free_disk_space 0
up r

# serves: web, IMAP and SMTP answer again, within seconds.
serves() {
  local i
  for ((i = 0; i < 150; i++)); do
    ! answers || return 0
    sleep 0.2
  done
  fail "$1: no answer:" "$("$cmdeploy" status --dir r 2>&1)"
}
answers() {
  local at=(-skS -m 5 -o /dev/null -u "recovers1@[$address]:a-long-password")
  curl "${at[@]}" "https://$address/" 2>/dev/null &&
    curl "${at[@]}" "imaps://$address" -X NOOP 2>/dev/null &&
    curl "${at[@]}" "smtps://$address" -X NOOP 2>/dev/null &&
    curl "${at[@]}" --ssl-reqd "smtp://$address:25" -u : -X NOOP 2>/dev/null
}
serves 'at first'

echo '-- a master is killed'
for service in nginx mailproxy dovecot postfix doveauth; do
  before=$(pid r "$service")
  kill -KILL "$before"
  sleep 0.5
  serves "$service was killed"
  [ "$(pid r "$service")" != "$before" ] || fail "$service: status has the old"
done

echo '-- every supervisor is killed'
mapfile -t supervisors < <(pgrep -x runsv)
[ "${#supervisors[@]}" -gt 8 ] || fail "only ${#supervisors[@]} supervisors"
n=$("$cmdeploy" status --dir r | grep -c ' up .* pid ')
kill -KILL "${supervisors[@]}"
# All others, without those of the services themselves.
settled() {
  [ "$("$cmdeploy" status --dir r | grep -c ' up .* pid ')" = "$1" ] &&
    [ "$(pgrep -xc runsv)" = "${#supervisors[@]}" ] &&
    [ "$(pgrep -fc "nginx: master")" = 2 ] && [ "$(pgrep -xc dovecot)" = 1 ] &&
    [ "$(pgrep -xc doveauth)" = 1 ] && [ "$(pgrep -xc lastlogin)" = 1 ]
}
sleep 2
for ((i = 0; i < 100; i++)); do
  ! settled "$n" || break
  sleep 0.2
done
settled "$n" || fail 'not one of each:' "$("$cmdeploy" status --dir r)" \
  "$(ps -eo pid,ppid,args)"
serves 'supervisors were killed'

echo '-- no space on the disk: status says so, whatever the settings'
head -c 1G /dev/zero >r/fills-it 2>/dev/null || true
"$cmdeploy" status --dir r >out 2>&1 || true
says_not out 'It works'
says out 'disk                 0 MB free'
echo '-- and who sends mail is told to come back, at once'
printf 'From: recovers1@[%s]\r\n\r\nhello\r\n' "$address" >letter
began=$SECONDS
curl -skv -m 30 "smtps://$address" -u "recovers1@[$address]:a-long-password" \
  --mail-from "recovers1@[$address]" --mail-rcpt "recovers1@[$address]" \
  -T letter >said 2>&1 || true
says said '452 4.3.1 Insufficient system storage'
[ $((SECONDS - began)) -le 10 ] || fail "after $((SECONDS - began)) s"
rm r/fills-it

echo '-- no inodes: status believes no old number'
mkdir r/fills-it
seq -f r/fills-it/%.0f 30000 | xargs mkdir 2>/dev/null || true
before=$(pid r lastlogin)
kill -KILL "$before"
sleep 1
[ "$(pid r lastlogin)" != "$before" ] || fail 'status says that the dead lives'
rm -r r/fills-it
serves 'inodes are back'

echo '-- the disk is read-only'
mount --bind r r
mount -o remount,bind,ro r
! touch r/probe 2>/dev/null || fail 'it is not read-only'
got=0
"$cmdeploy" status --dir r >out 2>&1 || got=$?
says out 'doveauth'
[ "$got" -le 1 ] || fail "status: $got:" "$(cat out)"
run 0 down --dir r
[ "$(pgrep -xc 'runsv|doveauth|dovecot|master')" = 0 ] ||
  fail "after down:" "$(ps -eo pid,ppid,args)"
umount r
umount r
done_testing
