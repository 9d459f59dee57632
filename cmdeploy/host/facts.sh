# What an operator's cmdeploy wants to know of a host, as name=value lines.
# It runs with no arguments: as root there, and on the machine where cmdeploy
# itself runs. On the operator's machine,
#   facts.sh INI WWW
# tells of the two what the host tells of its own.

# hash_file FILE: nothing if it cannot be read.
hash_file() {
	sha256sum "$1" 2>/dev/null | cut -d ' ' -f 1
}

# hash_tree FOLDER: of names, and contents of files; of nothing if absent.
hash_tree() {
	[ -d "$1" ] || return 0
	(
		cd "$1"
		find . -type f -print0 | LC_ALL=C sort -z | xargs -0r sha256sum
	) | sha256sum | cut -d ' ' -f 1
}

tell_settings() {
	echo "ini=$(hash_file "$1")"
	echo "www=$(hash_tree "$2")"
}

# Packages that were left half done; "triggers" alone do no harm.
half_done() {
	[ -z "$(ls -A /var/lib/dpkg/updates 2>/dev/null)" ] || return 0
	dpkg-query -W -f '${db:Status-Status}\n' |
		grep -qE '^(unpacked|half-configured|half-installed)$'
}

# PORT:PROGRAM of what listens on other addresses than loopback.
listeners() {
	ss -Hltnp 2>/dev/null | sed -n \
		's/^\([^ ]* *\)\{3\}\([^ ]*\):\([0-9]*\) .*users:(("\([^"]*\)".*/\2 \3:\4/p' |
		sed -n '/^127\./d; /^\[::1\]/d; s/^[^ ]* //p' | sort -u
}

# The first site that nginx serves for somebody else. Not Debian's own page,
# while its package knows its bytes, nor what a relay has made.
foreign_site() {
	for path in /etc/nginx/sites-enabled/* /etc/nginx/conf.d/*; do
		if [ ! -e "$path" ] && [ ! -L "$path" ]; then
			continue # the pattern itself
		fi
		if [ "$(realpath "$path")" != "$page" ] ||
			dpkg --verify nginx-common | grep -qF "$page"; then
			echo "$path"
			return
		fi
	done
}
page=/etc/nginx/sites-available/default

if [ $# = 2 ]; then
	tell_settings "$1" "$2"
	exit
fi
. /etc/os-release
cat <<END
os=$ID
os_version=${VERSION_ID:-}
os_name=$(echo "${PRETTY_NAME:-$ID}" | sed "s, GNU/Linux,,; s, (.*,,")
arch=$(uname -m)
kernel=$(uname -sr)
addresses=$(hostname -I 2>/dev/null)
debian_arch=$(dpkg --print-architecture 2>/dev/null)
memory_kb=$(sed -n 's/^MemTotal: *\([0-9]*\) kB/\1/p' /proc/meminfo)
disk_kb=$(df -Pk /var | sed -n '2s/^\([^ ]* *\)\{3\}\([0-9]*\).*/\2/p')
var=$([ -w /var ] || [ "$(id -u)" != 0 ] || echo read-only)
package=$(dpkg-query -W -f '${db:Status-Status} ${Version}' chatmail \
	2>/dev/null | sed -n 's/^installed //p')
relay=$(cat /var/lib/chatmail/mail_domain 2>/dev/null)
legacy=$([ -e /usr/local/lib/chatmaild/chatmail.ini ] && echo yes)
systemd=$([ -d /run/systemd/system ] && echo yes)
site=$(grep -qs 'Rendered by cmdeploy' /etc/nginx/nginx.conf || foreign_site)
listeners=$(listeners | tr '\n' ' ')
dpkg=$(half_done && echo broken || echo whole)
upgrade=$([ -e /var/lib/chatmail/upgrade-to-13 ] && echo begun || echo none)
cache=$([ -e /var/cache/chatmail ] && echo left || echo none)
END
tell_settings /etc/chatmail/chatmail.ini /etc/chatmail/www
