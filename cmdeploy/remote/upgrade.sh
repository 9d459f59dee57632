# From Debian 12 to 13, as root on the server. What was done already is not
# done again, so a run that was cut is completed by the next.
mark=/var/lib/chatmail/upgrade-to-13
kept=/var/lib/chatmail/sources-of-12

# From here on it cannot be undone, and the server has to restart at the end.
begin() {
	cat /proc/sys/kernel/random/boot_id >"$mark.new"
	sync "$mark.new"
	mv "$mark.new" "$mark"
}

# Keeps the old sources.
change_sources() {
	mkdir -p "$kept"
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
		/etc/apt/sources.list.d/*.sources; do
		if [ ! -e "$file" ] || ! grep -q bookworm "$file"; then
			continue
		fi
		cp -p "$file" "$kept/"
		cp -p "$file" "$file.new"
		sed 's/bookworm/trixie/g' "$kept/${file##*/}" >"$file.new"
		sync "$file.new"
		mv -f "$file.new" "$file"
	done
}

# unasked ARGUMENT...: apt-get without a question; files that
# were changed stay, as a run wants them.
unasked() {
	apt -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-confdef \
		--yes --no-install-recommends "$@" || give_up
}

# All packages get the newest version of the release that the sources name.
renew() {
	# Otherwise apt takes a mirror that does not answer for a warning.
	apt -o APT::Update::Error-Mode=any update || give_up
	[ -z "$(apt-get -s full-upgrade | grep -E '^(Inst|Conf|Remv) ')" ] || begin
	unasked full-upgrade
}

patiently dpkg --force-confold --configure -a || unasked --fix-broken install
renew
[ -e "$mark" ] || begin
change_sources
renew
patiently apt-get clean || give_up
. /etc/os-release
if [ "$VERSION_ID" != 13 ]; then
	echo "apt has no packages of Debian 13; look at its sources" >&2
	exit 1
fi
