#!/bin/bash
# cmdeploy run over ssh: ships what differs, by one connection, and goes on
# after it was cut. The host's systemd does not answer: there the run ends.
. "$(dirname "$0")/remote-lib.sh"
start_bed
cache=/var/cache/chatmail

# ends_there: all was brought, and the cmdeploy of the host was asked.
ends_there() {
  run 1 run --ssh-host bed "$@"
  says err 'Failed to connect to bus'
}

echo '-- the first run'
run 0 init $address
before=$(connections)
ends_there
says out 'ship      the package, chatmail.ini'
says out 'install   chatmail '
[ "$(connections)" = $((before + 1)) ] || fail "connections: $(cat "$bed/ssh/log")"
there cmp /etc/chatmail/chatmail.ini - <chatmail.ini || fail 'chatmail.ini differs'
[ "$(there stat -c '%a %U' /etc/chatmail/chatmail.ini)" = '640 root' ] ||
  fail 'chatmail.ini: mode or owner'
[ "$(there dpkg-query -W -f '${db:Status-Status}' chatmail)" = installed ] ||
  fail 'the package is not installed'
there test ! -e $cache || fail "$cache stays"

check_tidy

echo '-- the second one, by a user with sudo'
run 1 run --ssh-host bed-op
says out 'there already'
says_not out ship
says_not out 'install '

echo '-- by a jump host, and by address and port'
run 1 run --ssh-host bed-jump
says out 'there already'
CMDEPLOY_SSH="ssh -F $bed/ssh/config -o HostKeyAlias=[$address]:2022" \
  run 1 run --ssh-host op@$address:2022
says out 'there already'
says err 'Failed to connect to bus'

echo '-- another version of the package'
dpkg-deb -R "$(compgen -G "$BUILD_DIR/package/*.deb")" old
sed -i 's/^Version: .*/Version: 0.0.1/' old/DEBIAN/control
dpkg-deb -Znone -b old "$bed/ssh/old.deb" >/dev/null
there dpkg -i "$bed/ssh/old.deb" >/dev/null 2>&1
ends_there
grep -qE '^  install   chatmail [^ ]+, in place of 0.0.1 ' out ||
  fail 'no versions:' "$(cat out)"

echo '-- a changed value, and pages'
sed -i 's/^#* *max_user_send_per_minute =.*/max_user_send_per_minute = 70/' \
  chatmail.ini
mkdir www
cp -r "$(cat "$BUILD_DIR/source-folder")/www/src" www
ends_there
says_not out 'pages'
there test ! -e /etc/chatmail/www || fail 'a copy of our pages was shipped'
rm -r www
mkdir -p www/src
echo 'one' >www/src/index.md
ends_there
says out 'ship      your pages'
there grep -q '^max_user_send_per_minute = 70' /etc/chatmail/chatmail.ini ||
  fail 'chatmail.ini was not shipped'
there cmp /etc/chatmail/www/src/index.md - <www/src/index.md || fail 'www differs'

echo '-- pages elsewhere, and none'
mv www pages
echo 'two' >pages/src/index.md
# A value may go on in the next line.
sed -i 's/^#* *www_folder =.*/www_folder\t=\n  pages/' chatmail.ini
ends_there
says out 'ship      chatmail.ini, your pages'
says_not out 'install '
there cmp /etc/chatmail/chatmail.ini - <chatmail.ini || fail 'chatmail.ini differs'
there cmp /etc/chatmail/www/src/index.md - <pages/src/index.md || fail 'www differs'
sed -i '/^www_folder/ { N; s/.*/www_folder = www/ }' chatmail.ini
ends_there
there test ! -e /etc/chatmail/www || fail 'the pages are still there'

echo '-- a dry run'
there dpkg -r chatmail >/dev/null 2>&1
sed -i 's/^max_user_send_per_minute =.*/max_user_send_per_minute = 80/' \
  chatmail.ini
run 1 run --ssh-host bed --dry-run
says out 'install the package chatmail '
says_not out ship
there grep -q '= 70' /etc/chatmail/chatmail.ini || fail 'it was no dry run'
there test ! -e /usr/bin/cmdeploy || fail 'it was no dry run'

echo '-- cut while it ships'
mkdir -p www/src
head -c 20000000 /dev/urandom >www/src/big
# The tar that unpacks there reads nothing until it may.
there tee /usr/local/bin/tar >/dev/null <<'END'
#!/bin/sh
echo $$ >/run/tar.new && mv /run/tar.new /run/tar
until [ -e /run/go ]; do sleep 0.05; done
exec /usr/bin/tar "$@"
END
there chmod 755 /usr/local/bin/tar
"$cmdeploy" run --ssh-host bed >out 2>err </dev/null &
run=$!
wait_for there test -e /run/tar
tar=$(there cat /run/tar)
kill -KILL $run
wait $run 2>/dev/null || true
# The kernel ends it as soon as the connection has gone, or it reads the end.
there touch /run/go
tail --pid="$tar" -f /dev/null
there rm /usr/local/bin/tar
there test -e $cache/incoming || fail "it came whole: $(cat out)"
there grep -q '= 70' /etc/chatmail/chatmail.ini || fail 'a part was put in place'
there test ! -e /etc/chatmail/www || fail 'a part was put in place'
ends_there
there cmp /etc/chatmail/www/src/big - <www/src/big || fail 'www differs'
there test ! -e $cache || fail "$cache stays"
rm -r www

echo '-- cut while dpkg works'
deb=$(compgen -G "$BUILD_DIR/package/*.deb")
cat "$deb" >"$bed/ssh/chatmail.deb"
there dpkg --unpack "$bed/ssh/chatmail.deb" >/dev/null
[ "$(there dpkg-query -W -f '${db:Status-Status}' chatmail)" = unpacked ] ||
  fail 'not unpacked'
ends_there
[ "$(there dpkg-query -W -f '${db:Status-Status}' chatmail)" = installed ] ||
  fail 'it was not mended'

echo '-- another program installs packages'
there dpkg -r chatmail >/dev/null 2>&1
coproc LOCK { there perl -e '
  use Fcntl; open my $f, "+>>", "/var/lib/dpkg/lock-frontend" or die $!;
  my $lock = pack("s s l! l! i", F_WRLCK, 0, 0, 0, 0);
  fcntl $f, F_SETLK, $lock or die $!;
  $| = 1; print "held\n"; <STDIN>'; }
read -r -u "${LOCK[0]}" _
exec {release}>&"${LOCK[1]}" # a subshell has no other way to it
"$cmdeploy" run --ssh-host bed -v >out 2>err </dev/null &
run=$!
wait_for grep -q 'waiting for another program' out
kill -TERM $run
wait $run && fail 'status 0 when it was told to stop'
says out 'install   interrupted'
says out 'Run it again; it continues where it stopped.'
rm out
(
  wait_for grep -qs 'waiting for another program' out
  echo >&"$release"
) &
ends_there -v
says out 'waiting for another program'
says out 'install   chatmail '

there test ! -e $cache || fail "$cache stays"
done_testing
