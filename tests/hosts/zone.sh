# zone.sh - the names that the host `infra` serves; sourced.
#
# Every host NAME has a domain NAME.example, a zone of its own that is
# delegated from the signed root.
# shellcheck shell=bash

# zone_text DOMAIN: the records on standard input, in a whole zone. Its
# serial is the time, to the hundredth.
zone_text() {
  printf '$ORIGIN %s\n$TTL 5\n' "$1"
  printf '@ SOA ns.example. hostmaster.example. %s 5 5 3600 1\n' \
    "$(date +%s%N | cut -c 4-12)"
  printf '@ NS ns.example.\n'
  cat
}

# zone_put NAME: what is known about NAME.example from now on: the records
# on standard input, with names below it or absolute ones.
zone_put() {
  local file
  file=$(host_tree infra)/var/lib/knot/$1.example.zone
  zone_text "$1.example." >"$file.new"
  mv "$file.new" "$file"
  on infra knotc -b zone-reload "$1.example." >/dev/null
}

# zone_addresses HOST NAME...: A and AAAA records, as the host has them.
zone_addresses() {
  local host=$1 name
  shift
  for name; do
    ! host_has "$host" 4 || printf '%s A %s\n' "$name" "$(host_ip4 "$host")"
    ! host_has "$host" 6 || printf '%s AAAA %s\n' "$name" "$(host_ip6 "$host")"
  done
}

# zone_relay NAME [HOST]: what must be there before a relay is set up.
zone_relay() {
  {
    zone_addresses "${2:-$1}" @
    printf '@ MX 10 @\nwww CNAME @\nmta-sts CNAME @\n'
  } | zone_put "$1"
}

# ask NAME TYPE: the answer of our server, short.
ask() {
  on infra kdig +short @"$name_server4" "$1" "$2"
}

# Of each host: the backward name of its IPv4 address, and its delegation.
zone_of_hosts() {
  local name number
  while read -r name number _; do
    printf '%s.0.77.10.in-addr.arpa. PTR %s.example.\n' "$number" "$name"
    [ "$name" = infra ] || printf '%s.example. NS ns.example.\n' "$name"
  done < <(sed '/^#/d; /^$/d' "$tests/table")
}

# The root, and the first, empty, zones of all hosts.
zones_write() {
  local dir=$1 name
  {
    zone_addresses infra ns.example. acme.example. apt.example.
    zone_of_hosts
  } | zone_text . >"$dir/root.zone"
  for name in $(awk '/^[a-z]/ && $1 != "infra" { print $1 }' "$tests/table"); do
    zone_text "$name.example." </dev/null >"$dir/$name.example.zone"
    printf '  - domain: %s.example.\n' "$name"
  done
}
