# Tells, as root on a relay's server, what stands in the way of Debian 13; a
# line each, and nothing else. Silent when all is well.
mark=/var/lib/chatmail/upgrade-to-13

# room FOLDER MEGABYTES
room() {
	free=$(df -Pm "$1" | sed -n '2s/^\([^ ]* *\)\{3\}\([0-9]*\).*/\2/p')
	[ "$free" -ge "$2" ] ||
		echo "$free MB free in $1, $2 MB needed; make room first"
}

# tell_strange FILE: of the lines on standard input, those of other releases.
tell_strange() {
	grep -v bookworm | while read -r line; do
		echo "$1: \"$line\" is not of Debian 12; remove or change it first"
	done
}

# Where packages come from, beside Debian 12; both of apt's forms.
strange_sources() {
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ ! -e "$file" ] || grep '^ *deb ' "$file" | tell_strange "$file"
	done
	for file in /etc/apt/sources.list.d/*.sources; do
		[ ! -e "$file" ] || grep -i '^Suites:' "$file" |
			tell_strange "$file"
	done
}

# What is half done is not in the way of its completion.
[ ! -e "$mark" ] || exit 0
. /etc/os-release
if [ "$ID" != debian ] || [ "${VERSION_ID:-}" != 12 ]; then
	echo "it runs ${PRETTY_NAME:-$ID}; only Debian 12 can be upgraded"
	exit 0
fi
if [ ! -e /var/lib/chatmail/mail_domain ]; then
	echo 'it is not a relay; "cmdeploy run" makes it one'
	exit 0
fi
room /var 2000
room /usr 2000
room /boot 200 # a kernel and what it is started with
held=$(apt-mark showhold | tr '\n' ' ')
[ -z "$held" ] ||
	echo "packages are held: ${held% }; let them go with apt-mark unhold"
strange_sources
