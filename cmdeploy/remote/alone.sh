# In front of all scripts that change a host: where things are put, and one
# run at a time. One whose connection was lost goes on until it has done.
set -eu
umask 022
cache=/var/cache/chatmail
exec 9>/run/chatmail-ship.lock
if ! flock -n 9; then
	echo 'waiting for another run to end'
	flock -w 1800 9 || {
		echo 'another run has been at work for half an hour' >&2
		exit 1
	}
fi
