#!/bin/bash
# A relay with Debian 12, with people and their mail, gets Debian 13. It is
# refused where it must be; the laptop is closed in the middle; a server that
# starts anew half way serves by itself; the next call completes it all. All
# the while a stranger writes, and no letter is lost.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"

# upgrade [OPTION...]: cmdeploy upgrade in the operator's folder.
upgrade() {
  (cd "$BED/op/aging" && exec "$CMDEPLOY" upgrade "$@") >said 2>&1 </dev/null
}

# refused WHAT TEXT [OPTION...]: for that reason, and Debian 12 stays.
refused() {
  ! upgrade "${@:3}" || fail "$1: not refused"
  says said "$2"
  on aging grep -q bookworm /etc/apt/sources.list ||
    fail "$1: the package sources have changed"
}

# The laptop is closed while dpkg is at work; what was begun there goes on.
cut_upgrade() {
  local run
  (cd "$BED/op/aging" && exec "$CMDEPLOY" upgrade -v) \
    >cut 2>&1 </dev/null &
  run=$!
  eventually 900 on aging test -e /var/lib/chatmail/sources-of-12
  eventually 900 on aging pgrep -x dpkg
  kill -KILL "$run"
  wait "$run" 2>/dev/null || true
  eventually 1800 on aging flock -n /run/chatmail-ship.lock true
}

# Two people whose apps are open, and silent, until all is over.
be_idle() {
  mkdir talk-idle
  mkfifo wake
  "$BUILD_DIR/tests/hosts/talk" "$PWD/talk-idle" "$(link aging)" \
    "$(link aging)" idle >idle 2>&1 <wake &
  idle=$!
  exec 7>wake
  eventually 120 grep -q chatted idle
}

classic
only aging
host_start aging
zone_relay aging
relay_settings aging
set_key "$BED/op/aging/chatmail.ini" backup_to /srv/backup
heavy deploy aging || fail "run with Debian 12: $(tail -n 20 said)"
is 'the release' "$(release_of on aging)" 12
chat aging aging
rm -r talk-aging-aging
mailboxes aging aging.example '*@*' >before
[ -s before ] || fail 'there is no mail'

: >empty
refused 'no backup' 'no backup was made today'
refused 'an empty backup' 'is empty' --backup "$PWD/empty"
on aging apt-mark hold openssl >/dev/null
refused 'a held package' 'apt-mark unhold' --no-backup
on aging apt-mark unhold openssl >/dev/null
on aging mount -t tmpfs -o size=50m tmpfs /boot
refused 'a full /boot' '50 MB free in /boot, 200 MB needed' --no-backup
on aging umount /boot
(cd "$BED/op/aging" && exec "$CMDEPLOY" backup) >said 2>&1 </dev/null ||
  fail "backup: $(cat said)"
# The backup is enough, but a mirror does not answer: nothing has begun.
on aging sh -c 'echo "deb http://gone.example/debian bookworm main" \
  >/etc/apt/sources.list.d/gone.list'
refused 'a mirror that is gone' 'gone.example'
on aging test ! -e /var/lib/chatmail/upgrade-to-13 ||
  fail 'nothing was changed, but an upgrade has begun'
on aging rm /etc/apt/sources.list.d/gone.list

be_idle
account aging
write_letters "$user@aging.example" 5 &
letters=$!
heavy cut_upgrade
is 'the release' "$(release_of on aging)" 13
# As where Debian was upgraded by hand: nobody has called run since.
start_anew aging
chat aging aging
rm -r talk-aging-aging

echo backup >backup
heavy upgrade --backup "$PWD/backup" || fail "upgrade: $(tail -n 20 said)"
says said 'The server has Debian 13 now.'
on aging systemctl --failed --no-legend | grep -v ' user@' >failed || true
[ ! -s failed ] || fail "failed units: $(cat failed)"
: >enough
wait "$letters" || fail 'the stranger could not write'
eventually 120 have_letters_come aging aging "$user" ||
  fail "written, but not come: $(sort written | comm -3 - come)"
mailboxes aging aging.example '*@*' >after
grep -vxFf after before >lost || true
[ ! -s lost ] || fail "of the mailboxes of before: $(head -n 8 lost)"
exec 7>&-
wait "$idle" || fail "apps that were open do not go on: $(tail -n 3 idle)"
chat aging aging
deploy aging || fail "run with Debian 13: $(tail -n 20 said)"
says said 'nothing was changed'
! upgrade --no-backup || fail 'once more: not refused'
says said 'only Debian 12 can be upgraded'
done_testing
