#!/bin/bash
# From a laptop with Debian 13 to a server with Debian 12, which builds our
# package for itself; its people and those of a relay with 13 chat.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/chroot.sh"

laptop=$PWD/laptop

# The operator's folders, and what ssh knows, are where they are for others.
prepare() {
  chroot_make "$laptop" "$BED" "$PWD"
  cp "$BED/ssh_config" "$laptop/etc/ssh/ssh_config"
  cp /etc/resolv.conf "$laptop/etc/resolv.conf"
  # shellcheck disable=SC2016 # for that shell
  printf '#!/bin/sh\nexec chroot "%s" env -C "$PWD" HOME=/root "%s" "$@"\n' \
    "$laptop" "$CMDEPLOY" >cmdeploy
  chmod +x cmdeploy
  CMDEPLOY=$PWD/cmdeploy
}

relay alpha
prepare
only older
host_start older
zone_relay older
relay_settings older
is 'the laptop' "$(release_of chroot "$laptop")" 13
is 'the server' "$(release_of on older)" 12
heavy deploy older || fail "run: $(tail -n 20 said)"
says said 'to be built there'
says said 'build     chatmail '
publish older
records older || fail "not right when published: $(cat records)"
# A certificate for the new names, and then no more.
deploy older || fail "run again: $(tail -n 20 said)"
deploy older || fail "and again: $(tail -n 20 said)"
says said 'nothing was changed.'
"$CMDEPLOY" status --ssh-host older.example >status 2>&1 </dev/null ||
  fail "status: $(cat status)"
chat older alpha
chat alpha older
done_testing
