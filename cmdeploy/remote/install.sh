# Installs the package that was shipped, and removes what building it here
# has needed. Argument: "broken" when dpkg is to be mended first.
deb=$cache/chatmail.deb
build=$cache/build

# What building needed and nothing else does. apt-get has marked these
# packages as automatic; those that were there before stay.
remove_tools() {
	apt-get -s autoremove 2>/dev/null | sed -n 's/^Remv \([^ ]*\).*/\1/p' |
		sort >"$build/unneeded"
	extra=$(comm -23 "$build/unneeded" "$build/before")
	# shellcheck disable=SC2086 # names of packages
	[ -z "$extra" ] || apt -y purge $extra || give_up
}

# What apt-get would install; it fails where it knows no package list.
planned() {
	apt-get -s install "$@" 2>/dev/null | grep -c '^Inst '
}

# By apt-get where packages are missing; by dpkg, which is quick, otherwise.
install_package() {
	set -- -y --no-install-recommends --allow-downgrades "$deb"
	n=$(planned "$@") || apt update || give_up
	if [ "${n:-0}" = 1 ]; then
		patiently dpkg -i "$deb" || give_up
	else
		apt install "$@" || give_up
	fi
}

[ "$1" != broken ] || mend
if [ -e "$deb" ]; then
	install_package
	rm -f "$deb"
fi
if [ -e "$build/before" ]; then
	remove_tools
fi
rm -rf "$cache"
