# Shows what a run would do: with what was shipped, but from a folder of its
# own that is removed again. Standard input: as for place.sh. Arguments: the
# options of the run.
set -eu
umask 077
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/etc" "$dir/in"
for name in chatmail.ini www; do
	[ ! -e "/etc/chatmail/$name" ] ||
		cp -a "/etc/chatmail/$name" "$dir/etc/$name"
done
tar -x -C "$dir/in" --no-same-owner
[ ! -e "$dir/in/chatmail.ini" ] || mv -f "$dir/in/chatmail.ini" "$dir/etc"
if [ -e "$dir/in/www" ] || [ -e "$dir/in/no-www" ]; then
	rm -rf "$dir/etc/www"
	[ ! -e "$dir/in/www" ] || mv "$dir/in/www" "$dir/etc"
fi

program=cmdeploy
if [ -e "$dir/in/chatmail.deb" ]; then
	echo "install the package chatmail" \
		"$(dpkg-deb -f "$dir/in/chatmail.deb" Version)"
	dpkg-deb -x "$dir/in/chatmail.deb" "$dir/package"
	program=$dir/package/usr/bin/cmdeploy
fi
lacking=$(ldd "$program" 2>/dev/null | sed -n 's/^\t*\(.*\) => not found/\1/p')
if [ -n "$lacking" ]; then
	echo "More can be told once the run has brought these libraries:" $lacking
	exit 0
fi
"$program" run --ssh-host @local --ini "$dir/etc/chatmail.ini" --dry-run "$@"
