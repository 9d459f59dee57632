# Makes this host the front of a relay, or undoes it. Behind alone.sh and
# quietly.sh:
#   on TCP IPV4 IPV6 WAY   forward these ports ("25, 443") to the addresses of
#                          the relay, one of which may be empty; with "tunnel"
#                          as WAY they are its end of the tunnel
#   ready                  do only what takes long
#   off
etc=/etc/chatmail-proxy
unit=/etc/systemd/system/chatmail-proxy.service
tunnel=/etc/wireguard/chatmail.conf
forward4=/proc/sys/net/ipv4/ip_forward
forward6=/proc/sys/net/ipv6/conf/all/forwarding

# leaving FAMILY ADDRESS: without a tunnel the relay sees the proxy's address
# alone. Through one it sends its mail, and what it says to its own name.
leaving() {
	if [ -z "$way" ]; then
		echo "ct status dnat $1 daddr $2 masquerade"
	else
		echo "oifname != \"chatmail\" $1 saddr $2 masquerade"
		echo "$1 saddr $2 $1 daddr $2 masquerade"
	fi
}

# through: a tunnel carries less in a packet.
through() {
	[ -n "$way" ] || return 0
	cat <<-END
	tcp flags syn tcp option maxseg size set rt mtu
	iifname "chatmail" tcp dport 25 accept
	oifname "chatmail" ct state established accept
	END
}

# rules FAMILY TYPE ADDRESS BEFORE: what one client may have at once is limited
# here, since a relay may see the proxy's address alone. A host that did not
# forward anything before forwards nothing else now.
rules() {
	cat <<-END
	table $1 chatmail_proxy
	delete table $1 chatmail_proxy
	table $1 chatmail_proxy {
	  set clients {
	    type $2
	    size 65535
	    flags dynamic
	  }
	  chain arriving {
	    type nat hook prerouting priority dstnat
	    fib daddr type local tcp dport { $tcp } dnat to $3
	  }
	  chain leaving {
	    type nat hook postrouting priority srcnat
	    $(leaving "$1" "$3")
	  }
	  chain passing {
	    type filter hook forward priority filter
	    ${4:+policy $4}
	    $(through)
	    ct state new ct status dnat add @clients { $1 saddr ct count over 500 } reject
	    ct status dnat accept
	  }
	}
	END
}

# With forwarding, the kernel no longer listens to routers, which many hosts
# have their IPv6 route from, unless it is told to.
start_script() {
	echo "nft -f $etc/rules"
	[ -z "$ipv4" ] || echo "echo 1 >$forward4"
	[ -z "$ipv6" ] || cat <<-END
	for file in /proc/sys/net/ipv6/conf/*/accept_ra; do
	  [ "\$(cat "\$file")" != 1 ] || echo 2 >"\$file"
	done
	echo 1 >$forward6
	END
}

stop_script() {
	echo 'nft delete table ip chatmail_proxy 2>/dev/null || true'
	echo 'nft delete table ip6 chatmail_proxy 2>/dev/null || true'
}

# "" when it was 1.
policy() {
	[ "$1" = 1 ] || echo drop
}

write_all() {
	mkdir -p "$etc"
	if [ ! -e "$etc/before" ]; then
		echo "$(cat "$forward4") $(cat "$forward6" 2>/dev/null)" >"$etc/before.new"
		mv "$etc/before.new" "$etc/before"
	fi
	read -r before4 before6 <"$etc/before"
	{
		[ -z "$ipv4" ] || rules ip ipv4_addr "$ipv4" "$(policy "$before4")"
		[ -z "$ipv6" ] || rules ip6 ipv6_addr "$ipv6" "$(policy "$before6")"
	} >"$etc/rules.new"
	nft -c -f "$etc/rules.new"
	mv "$etc/rules.new" "$etc/rules"
	start_script >"$etc/start"
	stop_script >"$etc/stop"
	cat >"$etc/unit" <<-END
	[Unit]
	Description=Forwards the ports of a chatmail relay
	Documentation=man:cmdeploy(1)
	After=network.target nftables.service
	PartOf=nftables.service
	[Service]
	Type=oneshot
	RemainAfterExit=yes
	ExecStart=/bin/sh -eu $etc/start
	ExecStop=/bin/sh -eu $etc/stop
	[Install]
	WantedBy=multi-user.target
	END
	stale=
	# A new one is read when it is started.
	[ ! -e "$unit" ] || cmp -s "$etc/unit" "$unit" || stale=yes
	cp "$etc/unit" "$unit"
	sync "$etc"/* "$unit"
	[ -z "$stale" ] || systemctl daemon-reload
}

turn_ready() {
	if ! command -v nft >/dev/null; then
		apt update || give_up
		apt -y --no-install-recommends install nftables || give_up
	fi
}

turn_on() {
	tcp=$1 ipv4=$2 ipv6=$3 way=$4
	turn_ready
	write_all
	systemctl -q --no-reload enable chatmail-proxy
	# It may be there already, for another address.
	systemctl restart chatmail-proxy
}

turn_off() {
	[ ! -e "$unit" ] || systemctl -q disable --now chatmail-proxy
	rm -f "$unit"
	if [ -e "$tunnel" ]; then
		systemctl -q disable --now wg-quick@chatmail
		rm -f "$tunnel" /etc/wireguard/chatmail.key
	fi
	systemctl daemon-reload
	if [ -e "$etc/before" ]; then
		read -r before4 before6 <"$etc/before"
		echo "$before4" >"$forward4"
		[ -z "$before6" ] || echo "$before6" >"$forward6"
	fi
	rm -rf "$etc"
}

action=$1
shift
"turn_$action" "$@"
rm -rf "$cache"
