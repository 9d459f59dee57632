# Installs the package that was shipped, and removes what building it here
# has needed. Arguments: "broken" when dpkg is to be mended first, and the
# version that there is to be in the end.
deb=$cache/chatmail.deb
build=$cache/build

# What building needed and nothing else does. apt-get has marked these
# packages as automatic; those that were there before stay. Whatever a package
# of the system would like to have beside it (perl, gcc) goes, too.
remove_tools() {
	apt-get -s -o APT::AutoRemove::RecommendsImportant=false \
		-o APT::AutoRemove::SuggestsImportant=false \
		autoremove 2>/dev/null | sed -n 's/^Remv \([^ ]*\).*/\1/p' |
		sort >"$build/unneeded"
	extra=$(comm -23 "$build/unneeded" "$build/before")
	# shellcheck disable=SC2086 # names of packages
	[ -z "$extra" ] || apt -y purge $extra || give_up
}

# A package of the same needs is there: dpkg will do, and is quick.
needs_no_more() {
	[ "$(dpkg-query -W -f '${db:Status-Status} ${Depends}' chatmail \
		2>/dev/null)" = "installed $(dpkg-deb -f "$deb" Depends)" ]
}

install_package() {
	if needs_no_more; then
		patiently dpkg -i "$deb" || give_up
		return
	fi
	set -- -y --no-install-recommends --allow-downgrades "$deb"
	# It fails where the lists of packages are old, or missing.
	apt install "$@" || { apt update && apt install "$@"; } || give_up
}

wanted=$2
[ "$1" != broken ] || mend
if [ -e "$deb" ]; then
	install_package
	rm -f "$deb"
fi
if [ -e "$build/before" ]; then
	remove_tools
fi
rm -rf "$cache"
is=$(dpkg-query -W -f '${db:Status-Status} ${Version}' chatmail 2>/dev/null)
[ "$is" = "installed $wanted" ] || {
	echo "chatmail is \"$is\" here; another run has been at work, or dpkg" \
		'has failed; run it again' >&2
	exit 1
}
