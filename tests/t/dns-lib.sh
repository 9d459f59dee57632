# dns-lib.sh - a tree of real name servers (knot), from the root down, for
# tests of what asks them; sourced after up-lib.sh, not run.
# shellcheck shell=bash
#
# Needs a network namespace of its own: dns_apart, first of all.
#
#   127.0.9.1  the root
#   127.0.9.2  test.
#   127.0.9.3  the relays' zones, fetched from their hidden primary
#   127.0.9.4  other.
#   127.0.9.6  the hidden primary of the relays' zones
#   127.0.9.8  somebody who never answers (dns_silent)
#   127.0.9.9  nobody
#
# The host has the addresses 198.51.100.7 and 2001:db8::7.

dns_port=5399
export CMDEPLOY_DNS_ROOT=127.0.9.1:$dns_port
dns_knots=()

# dns_apart ARGUMENT...: the script again, with a network and an /etc of its
# own.
dns_apart() {
  [ "${DNS_IS_APART:-}" != yes ] || return 0
  DNS_IS_APART=yes exec unshare --net --mount --propagation private "$0" "$@"
}

dns_network() {
  export PATH=$PATH:/usr/sbin:/sbin
  ip link set lo up
  ip address add 198.51.100.7/32 dev lo scope global
  ip address add 2001:db8::7/128 dev lo scope global nodad
}

# dns_key: makes one where the host has it; dns_public prints the other half.
dns_key() {
  mkdir etc.new etc.work
  mount -t overlay overlay \
    -o "lowerdir=/etc,upperdir=$PWD/etc.new,workdir=$PWD/etc.work" /etc
  mkdir -p /etc/dkimkeys
  openssl genrsa -out /etc/dkimkeys/opendkim.private 2048 2>/dev/null
}

dns_public() {
  openssl pkey -in /etc/dkimkeys/opendkim.private -pubout -outform DER |
    base64 -w 0
}

# dns_zone NAME: a zone, whose records come from stdin.
dns_zone() {
  mkdir -p zones
  {
    printf '$TTL 60\n$ORIGIN %s\n' "$1."
    printf '@ SOA hidden.test. hostmaster.test. 1 300 60 86400 60\n'
    cat
  } >"zones/${1:-root}.zone"
}

# dns_knot NAME ADDRESS [FOLDER [ADDRESS]]: starts a server, with zone files
# in this folder; lines of its configuration for zones come from stdin, but
# not by a pipe, or dns_end would not know of it. It listens on port 53 as
# well, where servers are that nobody names a port of.
dns_knot() {
  mkdir -p "$1"
  cat >"$1/knot.conf" <<END
server:
    rundir: $PWD/$1
    listen: [ $2@$dns_port, $2@53${4:+, $4@53} ]
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: $PWD/$1
log:
  - target: stderr
    any: info
template:
  - id: default
    storage: $PWD/${3:-zones}
    file: "%s.zone"
    zonefile-sync: -1
    journal-content: none
remote:
  - id: primary
    address: 127.0.9.6@$dns_port
acl:
  - id: fetch
    action: transfer
    address: 127.0.0.0/8
zone:
$(cat)
END
  knotd -c "$1/knot.conf" >"$1/log" 2>&1 &
  dns_knots+=($!)
}

# dns_loaded NAME N: waits until it serves so many zones.
dns_loaded() {
  local i
  for i in $(seq 200); do
    [ "$(grep -cE 'loaded, serial|started, serial|refresh.*serial .* -> ' \
      "$1/log")" -lt "$2" ] || return 0
    sleep 0.1
  done
  fail "knot $1 ($i):" "$(cat "$1/log")"
}

# dns_silent ADDRESS: takes datagrams, and says nothing.
dns_silent() {
  # shellcheck disable=SC2016 # for Perl
  coproc SILENT { exec perl -MSocket -e '$| = 1;
    socket(S, PF_INET, SOCK_DGRAM, 0) or die;
    bind(S, sockaddr_in($ARGV[1], inet_aton($ARGV[0]))) or die;
    print "ready\n"; sleep 60 while 1' "$1" "$dns_port"; }
  # shellcheck disable=SC2154
  dns_knots+=("$SILENT_PID")
  read -r _ <&"${SILENT[0]}"
}

dns_end() {
  local pid
  for pid in "${dns_knots[@]}"; do
    kill "$pid" 2>/dev/null || true
    wait "$pid" || true
  done
}
