# Builds the package from shipped sources. Argument: its version.
build=$cache/build
cd "$build/source"

# dpkg-query's list as of before, also when an earlier run was cut.
if [ ! -e ../before ]; then
	dpkg-query -W -f '${db:Status-Status} ${Package}\n' |
		sed -n 's/^installed //p' | sort >../before.new
	mv ../before.new ../before
fi
printf 'APT::Get::Mark-Auto "true";\nDPkg::Lock::Timeout "120";\n' >../apt.conf
export APT_CONFIG="$build/apt.conf"
patiently scripts/initenv.sh --prepare || give_up
quietly debian/rules build || give_up
quietly scripts/build-deb debian/build "$1" || give_up
mv debian/build/package/*.deb "$cache/chatmail.deb"
cd /
rm -rf "$build/source"
