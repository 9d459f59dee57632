# memory.sh - what a small machine, with control group $group, has in use;
# sourced.
# shellcheck shell=bash disable=SC2154

# tell_memory NAME: what its control group leaves it is what it believes to have.
tell_memory() {
  local kb
  kb=$(($(host_field "$1" 5) << 10))
  on "$1" sh -c 'sed "s/^MemTotal:.*/MemTotal: $1 kB/" /proc/meminfo >/run/meminfo
    mount --bind /run/meminfo /proc/meminfo' sh "$kb"
}

# kills: how many processes the kernel has ended for want of memory.
kills() {
  cat "$group/memory.oom_control" "$group/memory.events" 2>/dev/null |
    awk '$1 == "oom_kill" { print $2 }'
}

# in_use: the megabytes that the kernel cannot drop, as it can files; in the
# older kind of control groups those of the groups below are in the totals.
in_use() {
  awk '{ bytes[$1] = $2 } END {
    older = bytes["total_rss"] + bytes["total_shmem"]
    newer = bytes["anon"] + bytes["shmem"]
    printf "%d", (older ? older : newer) / 1048576
  }' "$group/memory.stat"
}

# The most of that, looked at twice a second.
watch_memory() {
  local most=0 now
  while [ ! -e watched ]; do
    now=$(in_use)
    [ "$now" -le "$most" ] || most=$now
    echo "$most" >most
    sleep 0.5
  done
}
