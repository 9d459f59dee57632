#!/bin/bash
# bed.sh - a host to reach by ssh that is this machine seen through an
# overlay: what is done there stays in memory and goes with the last process.
#
#   bed.sh make FOLDER           what such a host has more than this machine,
#                                sshd, sudo and systemd, into FOLDER; once
#   bed.sh run FOLDER DIR HOST   the host, until this process ends: sshd on
#                                address HOST, port 2022; its things in DIR
#
# It needs root and mount namespaces. Nothing is installed on this machine.
set -eu

die() {
  printf 'bed.sh: %s\n' "$*" >&2
  exit 1
}

# apart COMMAND...: in a mount namespace of its own; this file again.
apart() {
  exec unshare --mount --propagation private "$0" "$@" ||
    die 'no mount namespace; these tests need root, and CAP_SYS_ADMIN'
}

# see DIR [LAYER]: DIR/root becomes this machine, with a copy of LAYER and all
# changes on top. (A layer cannot itself be below: it is a part of "/".)
see() {
  mkdir -p "$1/top" "$1/root"
  mount -t tmpfs -o mode=755 bed "$1/top"
  mkdir "$1/top/upper" "$1/top/work"
  [ -z "${2:-}" ] || cp -a "$2/." "$1/top/upper"
  mount -t overlay bed "$1/root" \
    -o "lowerdir=/,upperdir=$1/top/upper,workdir=$1/top/work"
  mount --rbind /proc "$1/root/proc"
  mount --rbind /dev "$1/root/dev"
  mount -t tmpfs -o mode=755 bed "$1/root/run"
  mount -t tmpfs bed "$1/root/tmp"
  # This machine's dpkg may be at work meanwhile.
  mount -t tmpfs bed "$1/root/var/lib/dpkg/updates"
  touch -c "$1/root/var/lib/dpkg/status" "$1/root"/var/lib/dpkg/lock*
}

# The state of this machine's packages, on which the layer stands.
state() {
  sha256sum "$0" /var/lib/dpkg/status | sha256sum
}

make() {
  # Lent by another build, which has made it and sees to it.
  [ ! -L "$1" ] || return 0
  [ "$(state)" != "$(cat "$1/state" 2>/dev/null)" ] || return 0
  rm -rf "$1"
  mkdir -p "$1"
  local dir
  dir=$(mktemp -d)
  ("$0" fill "$1" "$dir") >"$1/log" 2>&1 || {
    tail -n 20 "$1/log" >&2
    die "sshd, sudo and systemd cannot be installed in $1"
  }
  rm -rf "$dir"
  state >"$1/state"
}

fill() {
  see "$2"
  local root=$2/root
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  cp --remove-destination -L /etc/resolv.conf "$root/etc/resolv.conf"
  export DEBIAN_FRONTEND=noninteractive
  set -- "$@" install -y --no-install-recommends openssh-server sudo \
    systemd
  chroot "$root" apt-get "${@:3}" || {
    chroot "$root" apt-get update
    chroot "$root" apt-get "${@:3}"
  }
  rm -rf "$2/top/upper/var/cache/apt" "$2/top/upper/etc/resolv.conf"
  cp -a "$2/top/upper" "$1/layer"
}

# user ROOT NAME [SUDOERS]: one who logs in with the key.
user() {
  chroot "$1" useradd --create-home --password '*' --shell /bin/bash "$2"
  [ -z "${3:-}" ] || printf '%s\n' "$2 $3" >"$1/etc/sudoers.d/$2"
}

keys() {
  mkdir -p "$1"
  ssh-keygen -q -t ed25519 -N '' -C bed -f "$1/host"
  ssh-keygen -q -t ed25519 -N '' -C bed -f "$1/key"
  printf '[%s]:2022 %s\n' "$2" "$(cut -d ' ' -f 1,2 "$1/host.pub")" \
    >"$1/known"
  cat >"$1/sshd_config" <<END
ListenAddress $2
Port 2022
HostKey $1/host
AuthorizedKeysFile $1/key.pub
PidFile $1/sshd.pid
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
SetEnv SYSTEMD_IGNORE_CHROOT=1
LogLevel VERBOSE
END
  cat >"$1/config" <<END
Host bed bed-*
  HostName $2
  Port 2022
  User root
Host bed-op
  User op
Host bed-jump
  ProxyJump bed-op
Host *
  IdentityFile $1/key
  IdentitiesOnly yes
  IdentityAgent none
  UserKnownHostsFile $1/known
END
}

# The folder of the keys is seen in there, too.
host() {
  see "$2" "$1/layer"
  # A systemd that does not answer: there a run ends. In a chroot systemctl
  # would say that all is well.
  echo 'Defaults env_keep += SYSTEMD_IGNORE_CHROOT' >"$2/root/etc/sudoers.d/bed"
  mkdir -p "$2/root$2/ssh" "$2/root/run/sshd" "$2/root/run/systemd/system"
  rm -f "$2/root/var/lib/man-db/auto-update" # which takes seconds each time
  mount --bind "$2/ssh" "$2/root$2/ssh"
  user "$2/root" op 'ALL=(ALL) NOPASSWD: ALL'
  user "$2/root" slow 'ALL=(ALL) ALL'
  user "$2/root" nobodys
  exec chroot "$2/root" /usr/sbin/sshd -D -e -f "$2/ssh/sshd_config"
}

run() {
  keys "$2/ssh" "$3"
  apart host "$1" "$2" 2>"$2/ssh/log"
}

case ${1:-} in
make) make "$2" ;;
fill) apart filled "$2" "$3" ;;
filled) fill "$2" "$3" ;;
run) run "$2" "$3" "$4" ;;
host) host "$2" "$3" ;;
*) die 'make FOLDER | run FOLDER DIR HOST' ;;
esac
