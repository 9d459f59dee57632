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

# By apt-get where packages are missing; by dpkg, which is quick, otherwise.
install_package() {
	if dpkg --no-act -i "$deb" >/dev/null 2>&1; then
		patiently dpkg -i "$deb" || give_up
		return
	fi
	set -- -y --no-install-recommends --allow-downgrades "$deb"
	apt-get -s install "$@" >/dev/null 2>&1 || apt update || give_up
	apt install "$@" || give_up
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
