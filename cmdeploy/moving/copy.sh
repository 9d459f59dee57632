# What a relay has, as a stream of bytes from the server that it leaves to the
# one that it goes to. As root:
#   keys-out FILE...    settings, secrets, keys and certificates
#   keys-in
#   mail-out HOW DIR    what has changed in DIR since the last copy that was
#                       noted; HOW is "serving" while it goes on changing,
#                       or "still"
#   mail-in DIR
#   names-out HOW       all names, as mail-out has seen them; "still": those that
#                       have gone since the last copy that was noted
#   names-in HOW DIR    removes what has another name; "still": what is named
#   rest-out            Postfix's queue, and what else changes with time
#   rest-in
# Each may be called again after a cut, with the same result.
set -eu
export LC_ALL=C
# The other side of a call that was cut may be at work still.
exec 8>/run/chatmail-copy.lock
flock -w 60 8 || {
	echo 'an earlier copy is still at work here; try again later' >&2
	exit 1
}
action=$1
shift
notes=/var/lib/chatmail/moving
queues='active bounce corrupt defer deferred hold incoming maildrop trace'

# pack PATH...: those that are there, below /.
pack() {
	cd /
	for path; do
		shift
		path=${path#/}
		[ ! -e "$path" ] || set -- "$@" "$path"
	done
	tar -c "$@"
}

# Whoever they belong to there, the next run decides.
unpack() {
	tar -C / -x -p --no-same-owner
	sync -f /etc
	sync -f /var/lib
}

# A record for each name: when it last changed in any way, and the name. A
# file that is renamed or gets other flags changes, too. (Incremental archives
# of tar would do, but for renamed folders: a copy of them that was cut cannot
# be repeated.)
list() {
	cd "$2"
	rm -f "$notes"/found.*
	: >"$notes/found.0"
	find . -mindepth 1 -maxdepth 1 ! -name .backup -print0 >"$notes/accounts"
	# Each processor looks at some of them, whose names may begin with "-".
	# shellcheck disable=SC2016 # for that shell
	if ! xargs -0 -r -n 500 -P "$(nproc)" sh -c \
		'exec find "$@" -printf "%C@ %p\0" >"$0.$$"' \
		"$notes/found" <"$notes/accounts"; then
		[ "$1" = serving ] || exit 1
	fi
	cat "$notes"/found.* | sed -z 's, \./, ,' | sort -z >"$notes/list.new"
	# A later change has a later time.
	sleep 0.1
}

send() {
	touch "$notes/list"
	list "$@"
	comm -z -13 "$notes/list" "$notes/list.new" | cut -z -d ' ' -f 2- |
		sort -z >"$notes/changed"
	missing=
	[ "$1" = still ] || missing=--ignore-failed-read
	# 1: a file has changed while it was read.
	tar -c --format=posix --null --no-recursion \
		$missing -T "$notes/changed" ||
		{ [ $? = 1 ] && [ -n "$missing" ]; }
}

names() {
	[ -e "$notes/list.new" ]
	if [ "$1" = serving ]; then
		cut -z -d ' ' -f 2- "$notes/list.new" | sort -z
	else
		comm -z -23 "$notes/list" "$notes/list.new" |
			cut -z -d ' ' -f 2- | sort -z |
			comm -z -23 - "$notes/changed"
	fi
	printf '/end\0'
}

# A name cannot begin with "/": what is told by its end is whole.
prune() {
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	cat >"$dir/told"
	if [ "$(tail -c 5 "$dir/told" | tr -d '\0')" != /end ]; then
		echo 'the list of names did not arrive whole' >&2
		exit 1
	fi
	cd "$2"
	head -z -n -1 "$dir/told" >"$dir/names"
	gone=$dir/names
	if [ "$1" = serving ]; then
		find . -mindepth 1 -path ./.backup -prune -o -printf '%P\0' |
			sort -z >"$dir/here"
		gone=$dir/gone
		comm -z -23 "$dir/here" "$dir/names" >"$gone"
	fi
	xargs -0r rm -rf -- <"$gone"
	sync -f "$2"
}

rest() {
	for queue in $queues; do
		set -- "$@" "var/spool/postfix/$queue"
	done
	pack "$@" var/lib/chatmail/counters var/lib/chatmail/echobot
}

# Nothing has been in the queue here but an earlier copy. Ids of messages may
# be those of their inodes, which are others here.
take_rest() {
	for queue in $queues; do
		rm -rf "/var/spool/postfix/$queue"/*
	done
	tar -C / -x -p
	postsuper -s
	sync -f /var/spool/postfix
}

case $action in
keys-out)
	pack etc/chatmail etc/chatmail-nocreate etc/dkimkeys var/lib/acme "$@"
	;;
keys-in) unpack ;;
mail-out) send "$@" ;;
mail-in)
	tar -C "$1" -x -p
	sync -f "$1"
	;;
names-out) names "$@" ;;
names-in) prune "$@" ;;
rest-out) rest ;;
rest-in) take_rest ;;
esac
