#!/bin/bash
# The Debian package: what is in it, and that it is made the same each time.
# shellcheck source=tests/t/lib.sh
. "$(dirname "$0")/lib.sh"
source=$(cat "$BUILD_DIR/source-folder")

deb=$("$source/scripts/build-deb" "$BUILD_DIR")
[[ ${deb##*/} =~ ^chatmail_[0-9.]*\+[0-9]{12}\.[0-9a-f]{8}_[a-z0-9]*\.deb$ ]] ||
  fail "its name is ${deb##*/}"

echo '-- again: nothing to do; afresh: the same'
cp "$deb" first.deb
stamp=$(stat -c %Y.%i "$deb")
[ "$("$source/scripts/build-deb" "$BUILD_DIR")" = "$deb" ] || fail 'another name'
[ "$(stat -c %Y.%i "$deb")" = "$stamp" ] || fail 'it was made again'
rm "$BUILD_DIR/package/done"
again=$("$source/scripts/build-deb" "$BUILD_DIR")
[ "$again" = "$deb" ] || fail "from the same build: $deb, then $again"
cmp "$again" first.deb || fail 'the same build made another package'

echo '-- what it says'
field() {
  dpkg-deb -f first.deb "$1"
}
[ "$(field Package)" = chatmail ] || fail "Package: $(field Package)"
[ "$(field Architecture)" = "$(dpkg --print-architecture)" ] ||
  fail "Architecture: $(field Architecture)"
for library in libc6 libcurl4 libjansson4 libqrencode4 libsystemd0; do
  [[ " $(field Depends), " = *" $library"[\ ,t]* ]] ||
    fail "it does not depend on $library: $(field Depends)"
done
[[ $(field Depends) != *-dev* ]] || fail "it wants to compile: $(field Depends)"
dpkg-deb -e first.deb control
[ "$(ls control)" = "control
md5sums" ] || fail "it would run something: $(ls control)"

echo '-- what is in it'
dpkg-deb -c first.deb >list
dpkg-deb -x first.deb root
(cd root && md5sum --quiet -c ../control/md5sums) || fail 'md5sums'
odd=$(grep -vE '^[-dl]([r-][w-][x-]){3} root/root ' list || true)
[ -z "$odd" ] || fail "owners and modes: $odd"
odd=$(grep -E '^-.{7}w|^d.{7}w' list || true)
[ -z "$odd" ] || fail "anybody may write: $odd"
completions='bash-completion/completions/cmdeploy|zsh/vendor-completions/_cmdeploy'
completions+='|fish/vendor_completions.d/cmdeploy\.fish'
shared="(man|chatmail|doc/chatmail)/|($completions)\$"
odd=$(cd root && find . -type f |
  grep -vE "^\./usr/(bin/cmdeploy|libexec/chatmail/|share/($shared))" || true)
[ -z "$odd" ] || fail "does not belong there: $odd"
[ -d root/etc/chatmail ] || fail 'no folder for the settings'
for program in mxdeliv mxsend echobot doveauth lastlogin filtermail newemail \
  chatmail-metadata chatmail-expire delete_inactive_users chatmail-metrics \
  chatmail-log instant-idle-setup; do
  [ -x "root/usr/libexec/chatmail/$program" ] || fail "no $program"
done
for plugin in "$BUILD_DIR"/chatmaild/instant-idle/*.so; do
  [ ! -e "$plugin" ] || [ -e "root/usr/libexec/chatmail/${plugin##*/}" ] ||
    fail 'no plugin for instant IDLE'
done

echo '-- every program has its page'
for program in root/usr/bin/* root/usr/libexec/chatmail/*; do
  name=${program##*/}
  case $name in
  instant-idle-* | push-notice-*) name=instant-idle ;;
  delete_inactive_users) name=chatmail-expire ;;
  esac
  [ -n "$(compgen -G "root/usr/share/man/man*/$name.*.gz")" ] ||
    fail "$name has no manual page"
done
[ -e root/usr/share/man/man5/chatmail.ini.5.gz ] || fail 'no chatmail.ini(5)'
[ -s root/usr/share/doc/chatmail/copyright ] || fail 'no copyright'

echo '-- it runs, and knows nothing of where it was built'
[ "$(root/usr/bin/cmdeploy --version)" = \
  "cmdeploy $(dpkg-parsechangelog -l "$source/debian/changelog" -S Version)" ] ||
  fail "$(root/usr/bin/cmdeploy --version) is not that of debian/changelog"
odd=$(grep -rlF "$source/" root || true)
[ -z "$odd" ] || fail "they name $source: $odd"

done_testing
