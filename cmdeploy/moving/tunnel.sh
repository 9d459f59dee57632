# One end of the WireGuard tunnel between a relay that has no public address
# and its proxy. Behind alone.sh and quietly.sh:
#   key [PROXY]             prints "key=PUBLIC", "six=yes" where there is IPv6,
#                           and for the relay "number=N", which is that of the
#                           tunnel to this proxy
#   front N KEY             the proxy's end; KEY is the relay's
#   home N PROXY PORT KEY ADDRESS...   the relay's end; KEY and the addresses
#                           are the proxy's
#   gone PROXY              the relay's end is undone
# Addresses: 10.87.N.1 and fd87:c4a7:N::1 at the proxy, .2 and ::2 at the relay.
etc=/etc/wireguard
key=$etc/chatmail.key

# Where the kernel has no WireGuard, wg-quick takes the program.
install_tools() {
	set -- wireguard-tools
	if ip link add chatmail-try type wireguard 2>/dev/null; then
		ip link del chatmail-try
	else
		set -- "$@" wireguard-go
	fi
	for package; do
		dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null |
			grep -qx installed && continue
		apt -y --no-install-recommends install "$@" && return
		apt update || give_up
		apt -y --no-install-recommends install "$@" || give_up
		return
	done
}

# Where IPv6 is off, wg-quick gives up at its first address.
has6() {
	[ "$(cat /proc/sys/net/ipv6/conf/default/disable_ipv6 2>/dev/null)" = 0 ]
}

# The tunnel that there is to this proxy, or the first number that is free.
number() {
	for conf in "$etc"/chatmail[1-9]*.conf; do
		if [ "$(head -n 1 "$conf" 2>/dev/null)" = "# to $1" ]; then
			conf=${conf#"$etc/chatmail"}
			echo "${conf%.conf}"
			return
		fi
	done
	n=1
	while [ -e "$etc/chatmail$n.conf" ]; do n=$((n + 1)); done
	echo "$n"
}

do_key() {
	install_tools
	if [ ! -s "$key" ]; then
		(umask 077 && wg genkey >"$key.new")
		sync "$key.new"
		mv "$key.new" "$key"
	fi
	echo "key=$(wg pubkey <"$key")"
	! has6 || echo six=yes
	[ -z "${1:-}" ] || echo "number=$(number "$1")"
}

# put INTERFACE: its settings from standard input, and up with the machine.
# What was there undoes itself by its own settings.
put() {
	cat >"$etc/$1.conf.new"
	sync "$etc/$1.conf.new"
	systemctl stop "wg-quick@$1"
	mv "$etc/$1.conf.new" "$etc/$1.conf"
	systemctl -q enable "wg-quick@$1"
	systemctl start "wg-quick@$1"
}

do_front() {
	conf=$etc/chatmail.conf
	if [ -e "$conf" ] && ! grep -qxF "PublicKey = $2" "$conf"; then
		echo "there is a tunnel to another relay; to end it, run" \
			"\"rm $conf\" here" >&2
		exit 1
	fi
	six=$(! has6 || echo yes)
	put chatmail <<-END
	# from a relay
	[Interface]
	Address = 10.87.$1.1/30${six:+, fd87:c4a7:$1::1/64}
	ListenPort = 51820
	PostUp = wg set %i private-key $key
	[Peer]
	PublicKey = $2
	AllowedIPs = 10.87.$1.2/32${six:+, fd87:c4a7:$1::2/128}
	END
}

# rule FAMILY N SELECTOR...: what goes through the tunnel.
rule() {
	family=$1
	table=$((51800 + $2))
	priority=$((5180 + $2))
	shift 2
	echo "PostUp = ip -$family rule add $* table $table priority $priority"
	echo "PreDown = ip -$family rule del $* table $table || true"
}

# routes N ADDRESS...: what came through the tunnel is answered through it. Mail
# leaves through it, too: from the address that DNS knows, and where port 25 is
# open. So does what the relay says to its own name, which the proxy sends back.
routes() {
	n=$1
	shift
	for family in 4 ${six:+6}; do
		from=10.87.$n.2
		[ "$family" = 4 ] || from=fd87:c4a7:$n::2
		echo "PostUp = ip -$family route add default dev %i table $((51800 + n))"
		rule "$family" "$n" from "$from"
		rule "$family" "$n" ipproto tcp dport 25
	done
	for address; do
		family=4
		case $address in *:*) family=6 ;; esac
		[ "$family" = 4 ] || [ "$six" ] || continue
		rule "$family" "$n" to "$address" ipproto tcp
	done
}

do_home() {
	n=$1 proxy=$2 port=$3 public=$4
	shift 4
	six=$(! has6 || echo yes)
	endpoint=$proxy
	case $proxy in *:*) endpoint="[$proxy]" ;; esac
	put "chatmail$n" <<-END
	# to $proxy
	[Interface]
	Address = 10.87.$n.2/30${six:+, fd87:c4a7:$n::2/64}
	Table = off
	PostUp = wg set %i private-key $key
	$(routes "$n" "$@")
	[Peer]
	PublicKey = $public
	Endpoint = $endpoint:$port
	AllowedIPs = 0.0.0.0/0, ::/0
	PersistentKeepalive = 25
	END
	tries=0
	until wg show "chatmail$n" latest-handshakes | grep -q '[1-9][0-9]*$'; do
		tries=$((tries + 1))
		if [ "$tries" -gt 60 ]; then
			echo "$proxy does not answer on UDP port $port; a firewall in" \
				"between must let that pass" >&2
			exit 1
		fi
		sleep 0.5
	done
}

do_gone() {
	n=$(number "$1")
	[ -e "$etc/chatmail$n.conf" ] || return 0
	systemctl -q disable --now "wg-quick@chatmail$n"
	rm -f "$etc/chatmail$n.conf"
	ls "$etc"/chatmail*.conf >/dev/null 2>&1 || rm -f "$key"
}

action=$1
shift
"do_$action" "$@"
rm -rf "$cache"
