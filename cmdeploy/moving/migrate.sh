# What `cmdeploy migrate` asks and tells one of its two servers, as root. In
# /var/lib/chatmail
#   moving/   of the old server: the move's id, and what was copied already
#   moved-to  of the old server: where its relay is; no mail is served any more
#   arriving  of the new server: the move's id, until all is there
#   arrived   the same, afterwards
state=/var/lib/chatmail
# Links for SysV would cost a reload each.
export SYSTEMCTL_SKIP_SYSV=1
action=$1
shift

# mark FILE TEXT
mark() {
	echo "$2" >"$1.new"
	sync "$1.new"
	mv "$1.new" "$1"
	sync "$state"
}

# look DIR: the marks, and what DIR takes and may take.
look() {
	cd /
	echo "machine=$(cat /etc/machine-id)"
	echo "id=$(cat $state/moving/id $state/arriving $state/arrived \
		2>/dev/null | head -n 1)"
	echo "moved=$(cat $state/moved-to 2>/dev/null)"
	echo "arrived=$([ ! -e $state/arrived ] || echo yes)"
	echo "mail_kb=$(du -sk "$1" 2>/dev/null | cut -f 1)"
	place=$1
	while [ -n "$place" ] && [ ! -e "$place" ]; do
		place=${place%/*}
	done
	echo "free_kb=$(df -Pk "${place:-/}" |
		sed -n '2s/^\([^ ]* *\)\{3\}\([0-9]*\).*/\2/p')"
}

# leave ID: from the beginning.
leave() {
	rm -rf $state/moving
	# It links all messages elsewhere, so that all of them have changed.
	systemctl -q disable --now chatmail-backup.timer 2>/dev/null || true
	# What has begun ends.
	systemctl stop chatmail-backup.service 2>/dev/null || true
	mkdir -p -m 700 $state/moving
	mark $state/moving/id "$1"
}

# arrive ID: until all is there, it does not serve.
arrive() {
	mkdir -p $state
	mark $state/arriving "$1"
}

# copied: what was listed is on the other server, too. Prints how much.
copied() {
	sync $state/moving/list.new
	mv $state/moving/list.new $state/moving/list
	tr -cd '\0' <$state/moving/changed | wc -c
}

# check_postfix: Postfix makes its folders when it first starts, and checks all
# its files at each start, which takes seconds. Done while mail is still served,
# it is not done again. The unit of Debian 13 would do it, whatever is there.
check_postfix() {
	postfix check >/dev/null
	touch /var/spool/postfix/quick-start
	grep -q '^ExecStartPre=+postfix check' \
		/usr/lib/systemd/system/postfix.service || return 0
	mkdir -p /run/systemd/system/postfix.service.d
	printf '%s\n' '[Service]' ExecStartPre= "ExecStartPre=+sh -c \
'[ -e /var/spool/postfix/quick-start ] || exec postfix check'" \
		>/run/systemd/system/postfix.service.d/quick-start.conf
	systemctl daemon-reload
}

# stop HOST UNIT...: the relay is there from now on. Units that are not here
# are passed over.
stop() {
	mark $state/moved-to "$1"
	shift
	units=$(found "$@" chatmail-backup.service chatmail-expire.service)
	# shellcheck disable=SC2086 # each is a word
	systemctl stop $units
	# shellcheck disable=SC2086
	systemctl -q --no-reload disable $units
}

# start UNIT...: those that are here. If one fails, the run that follows says why.
start() {
	# shellcheck disable=SC2046
	systemctl -q start $(found "$@") || true
}

# found UNIT...: those of them that systemd has a file of.
found() {
	systemctl list-unit-files --plain --no-legend "$@" | cut -d ' ' -f 1
}

# retire: what works for the whole relay is the other's job now.
retire() {
	for unit in chatmail-backup.timer acmetool.timer chatmail-certificate; do
		systemctl -q disable --now "$unit" 2>/dev/null || true
	done
}

# complete: all is there.
complete() {
	mv $state/arriving $state/arrived
	sync $state
}

# wipe DIR: accounts, mail, keys, and our package.
wipe() {
	if [ ! -e $state/moved-to ]; then
		echo 'no relay was moved away from here' >&2
		exit 1
	fi
	for unit in nginx fcgiwrap.socket fcgiwrap.service mtail coturn opendkim \
		chatmail-certificate chatmail-renewed.path; do
		systemctl -q disable --now "$unit" 2>/dev/null || true
	done
	rm -rf "$1" /etc/dkimkeys/* /var/lib/acme /etc/chatmail-nocreate \
		/etc/turnserver.conf
	for queue in active bounce corrupt defer deferred hold incoming \
		maildrop trace; do
		rm -rf "/var/spool/postfix/$queue"/*
	done
	rm -rf /var/log/chatmail /var/www/chatmail /etc/chatmail
	apt -y purge chatmail || give_up
	rm -f $state/mail_domain
	rm -f $state/moved-to
	rm -rf $state
	sync
}

forget() {
	rm -f $state/arrived
}

"$action" "$@"
# What the scripts before this one have made.
[ -z "${cache:-}" ] || rm -rf "$cache"
