# host.sh - the hosts of a bed; sourced by `inside` and by the tests.
#
# A host is a tree below $BED/h/NAME/root (an overlay on what base.sh keeps),
# a network namespace NAME on the bridge br0, and a systemd that runs in
# both. Those of the table $sources/table can be had.
# shellcheck shell=bash
net4=10.77.0
net6=2001:db8:77::
name_server4=$net4.53
name_server6=${net6}53
tests=${BASH_SOURCE[0]%/*}
export RELEASE=${RELEASE:-12}

# until_ok SECONDS PROGRAM...: tries until it succeeds; else says what it said.
until_ok() {
  local start=$SECONDS end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$end" ] || {
      echo "not within $((SECONDS - start)) s: $*" >&2
      "$@" >&2 || true
      return 1
    }
    sleep 0.05
  done
}

# host_field NAME COLUMN
host_field() {
  awk -v name="$1" -v column="$2" '$1 == name { print $column }' \
    "$tests/table"
}

host_has() {
  case $(host_field "$1" 4) in *"$2"*) return 0 ;; *) return 1 ;; esac
}

host_ip4() {
  printf '%s.%s' "$net4" "$(host_field "$1" 2)"
}

host_ip6() {
  printf '%s%s' "$net6" "$(host_field "$1" 2)"
}

host_tree() {
  printf '%s/h/%s/root' "$BED" "$1"
}

# The process 1 of a host, as the bed numbers it; 1 when there is none.
host_leader() {
  local nspawn leader=
  nspawn=$(cat "$BED/h/$1/pid" 2>/dev/null) || return 1
  read -r leader _ 2>/dev/null \
    <"/proc/$nspawn/task/$nspawn/children" || true
  [ -n "$leader" ] && printf '%s' "$leader"
}

# on NAME PROGRAM...: runs it there, as root.
on() {
  local leader
  leader=$(host_leader "$1") || {
    echo "$1 does not run" >&2
    return 1
  }
  shift
  nsenter --target "$leader" --mount --uts --ipc --net --pid --cgroup \
    --root env -C /root -i PATH="$PATH" HOME=/root LANG=C.UTF-8 "$@"
}

# What a small machine writes is on a disk: in memory it would count as its.
host_layer() {
  local place=h
  [ -z "$(host_field "$1" 5)" ] || place=disk
  printf '%s/%s/%s' "$BED" "$place" "$1"
}

host_mount() {
  local layer trees=$BUILD_DIR/hosts/$RELEASE lower
  layer=$(host_layer "$1")
  case $(host_field "$1" 3) in
  bare) lower=$trees/bare ;;
  full) lower=$trees/full:$trees/bare
    [ ! -e "$trees/version" ] || lower=$trees/own:$lower ;;
  old) lower=$BUILD_DIR/hosts/12/full:$BUILD_DIR/hosts/12/bare ;;
  esac
  mkdir -p "$layer/upper" "$layer/work" "$(host_tree "$1")"
  mount -t overlay overlay -o "lowerdir=$lower" \
    -o "upperdir=$layer/upper,workdir=$layer/work" "$(host_tree "$1")"
}

# What makes it this one. A machine-id, so that systemd sees no first boot.
host_identify() {
  local root server key
  root=$(host_tree "$1")
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  printf '%s\n' "$1" >"$root/etc/hostname"
  printf '127.0.0.1 localhost\n::1 localhost\n127.0.1.1 %s\n' "$1" \
    >"$root/etc/hosts"
  server=$name_server4
  host_has "$1" 4 || server=$name_server6
  printf 'nameserver %s\n' "$server" >"$root/etc/resolv.conf"
  cp -a "$BED/common/." "$root/"
  [ "$(host_field "$1" 3)" != old ] || cp "$BED/old-sources" \
    "$root/etc/apt/sources.list"
  install -D -m 600 "$BED/key.pub" "$root/root/.ssh/authorized_keys"
  ssh-keygen -q -t ed25519 -N '' -C "$1" \
    -f "$root/etc/ssh/ssh_host_ed25519_key"
  key=$(cut -d ' ' -f 1-2 "$root/etc/ssh/ssh_host_ed25519_key.pub")
  printf '%s,%s.example,[%s.example]:2222,%s,%s %s\n' "$1" "$1" "$1" \
    "$(host_ip4 "$1")" "$(host_ip6 "$1")" "$key" >>"$BED/known_hosts"
}

host_connect() {
  ip netns add "$1"
  ip link add "v-$1" type veth peer name eth0 netns "$1"
  ip link set "v-$1" master br0 up
  ip -n "$1" link set lo up
  ip -n "$1" link set eth0 up
  if host_has "$1" 4; then
    ip -n "$1" addr add "$(host_ip4 "$1")/24" dev eth0
    ip -n "$1" route add default via "$net4.1"
  fi
  if host_has "$1" 6; then
    ip -n "$1" addr add "$(host_ip6 "$1")/64" dev eth0 nodad
    ip -n "$1" route add default via "${net6}1"
  else
    ip netns exec "$1" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1
  fi
}

# Into control groups of its own, in each hierarchy where systemd wants one.
host_enter_groups() {
  local top
  for top in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    [ -e "$top/cgroup.procs" ] || continue
    mkdir -p "$top/chatmail-${BED##*/}/$1"
    echo "$BASHPID" >"$top/chatmail-${BED##*/}/$1/cgroup.procs"
  done
}

# Where the memory of a small machine is counted and bounded, in the older
# kind of control groups or in the newer.
host_memory() {
  local top=/sys/fs/cgroup/memory
  [ -d "$top" ] || top=/sys/fs/cgroup
  printf '%s/chatmail-%s/%s' "$top" "${BED##*/}" "$1"
}

# It has one core, and as many megabytes as the table says.
host_confine() {
  local group bytes=$(($(host_field "$1" 5) << 20))
  group=$(host_memory "$1")
  if [ -d /sys/fs/cgroup/memory ]; then
    mkdir -p "$group"
    echo "$bytes" >"$group/memory.limit_in_bytes"
    echo "$BASHPID" >"$group/cgroup.procs"
  else
    echo +memory >/sys/fs/cgroup/cgroup.subtree_control
    echo +memory >"${group%/*}/cgroup.subtree_control"
    echo "$bytes" >"$group/memory.max"
  fi
  taskset -cp "$(sed -n 's/^Cpus_allowed_list:[^0-9]*\([0-9]*\).*/\1/p' \
    /proc/self/status)" "$BASHPID"
}

# Runs a host until it is powered off; 133 is its wish to start anew.
host_run() {
  local dir=$BED/h/$1 status=133 files=()
  [ "$1" != infra ] || files=(--bind-ro="$BED/apt:/srv/apt")
  # For WireGuard where the kernel has none.
  [ ! -e /dev/net/tun ] || files+=(--bind=/dev/net/tun)
  host_enter_groups "$1"
  [ -z "$(host_field "$1" 5)" ] || host_confine "$1"
  export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
  export SYSTEMD_NSPAWN_API_VFS_WRITABLE=network
  while [ "$status" = 133 ]; do
    status=0
    systemd-nspawn --quiet --boot --directory="$dir/root" --machine="$1" \
      --register=no --keep-unit --network-namespace-path="/run/netns/$1" \
      --capability=CAP_NET_ADMIN,CAP_BPF,CAP_PERFMON --system-call-filter=bpf \
      --resolv-conf=off --timezone=off --link-journal=no --console=pipe \
      "${files[@]}" </dev/null >>"$dir/console" 2>&1 &
    echo $! >"$dir/pid"
    wait $! || status=$?
  done
}

# A host that has come up says so; degraded is up too.
host_wait() {
  local state='' tries
  for ((tries = 0; tries < 600; tries++)); do
    state=$(on "$1" systemctl is-system-running 2>/dev/null) || true
    case $state in running | degraded) return ;; esac
    sleep 0.05
  done
  tail -n 20 "$BED/h/$1/console" >&2
  echo "$1 has not come up: ${state:-no systemd answers}" >&2
  return 1
}

# host_create NAME: all but the start; its tree can be changed meanwhile.
host_create() {
  [ -n "$(host_field "$1" 2)" ] || {
    echo "there is no host $1 in $tests/table" >&2
    return 1
  }
  host_mount "$1"
  host_identify "$1"
  host_connect "$1"
}

# It outlives the test that starts it, and so must not hold its locks.
host_start() {
  setsid "$tests/boot" "$1" </dev/null >/dev/null 2>&1 6>&- 8>&- &
  host_wait "$1"
}

host_up() {
  host_create "$1" && host_start "$1"
}

# host_down NAME: as if it had never been; also when it is half made.
host_down() {
  local nspawn leader tries
  nspawn=$(cat "$BED/h/$1/pid" 2>/dev/null) || nspawn=
  leader=$(host_leader "$1") || leader=
  # shellcheck disable=SC2086
  [ -z "$nspawn" ] || kill -KILL $leader $nspawn 2>/dev/null || true
  for ((tries = 0; tries < 200; tries++)); do
    [ -n "$nspawn" ] && [ -d "/proc/$nspawn" ] || break
    sleep 0.05
  done
  if mountpoint -q "$(host_tree "$1")"; then
    umount "$(host_tree "$1")" || umount --lazy "$(host_tree "$1")"
  fi
  [ ! -e "/run/netns/$1" ] || ip netns del "$1"
  rm -rf "${BED:?}/h/$1" "${BED:?}/disk/$1"
}
