# Puts what an operator's cmdeploy ships where it belongs; as root.
# Standard input: a tar archive of any of chatmail.deb, chatmail.ini, www,
# no-www and source.tar, and "end" as its last member. A file is put in place
# whole or not at all.
etc=/etc/chatmail

mkdir -p "$cache" "$etc"
rm -rf "$cache/incoming"
mkdir -m 700 "$cache/incoming"
tar -x -C "$cache/incoming" --no-same-owner
cd "$cache/incoming"
if [ ! -e end ]; then
	echo 'what was sent did not arrive whole' >&2
	exit 1
fi
find . -type f -exec sync {} +

if [ -e chatmail.ini ]; then
	cp chatmail.ini "$etc/chatmail.ini.new"
	chmod 640 "$etc/chatmail.ini.new"
	sync "$etc/chatmail.ini.new"
	mv -f "$etc/chatmail.ini.new" "$etc/chatmail.ini"
fi
if [ -e www ] || [ -e no-www ]; then
	rm -rf "$etc/www.new" "$etc/www.old"
	[ ! -e www ] || cp -r www "$etc/www.new"
	[ ! -e "$etc/www" ] || mv "$etc/www" "$etc/www.old"
	[ ! -e www ] || mv "$etc/www.new" "$etc/www"
	rm -rf "$etc/www.old"
fi
if [ -e source.tar ]; then
	rm -rf "$cache/build/source"
	mkdir -p "$cache/build/source"
	tar -xf source.tar -C "$cache/build/source"
fi
[ ! -e chatmail.deb ] || mv chatmail.deb "$cache/chatmail.deb"
cd /
rm -rf "$cache/incoming"
rmdir "$cache" 2>/dev/null || true
sync "$etc"
