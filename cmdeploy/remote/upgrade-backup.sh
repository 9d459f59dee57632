# Behind upgrade-look.sh, for operators who name no backup of their own: what
# stands in the way when `cmdeploy backup` has made none in the last day.
[ -n "$(find /var/lib/chatmail/last-backup -mmin -1440 2>/dev/null)" ] ||
	echo 'no backup was made today, and an upgrade cannot be undone: make' \
		'one with "cmdeploy backup", name yours with --backup, or go' \
		'without one with --no-backup'
