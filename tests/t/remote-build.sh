#!/bin/bash
# cmdeploy run over ssh from another Debian release than that of the host: it
# builds the package for itself, once, and keeps nothing of that.
. "$(dirname "$0")/remote-lib.sh"
start_bed
cache=/var/cache/chatmail
# What the operator's machine is.
sed 's/^VERSION_ID=.*/VERSION_ID="99"/' /etc/os-release >os-release
cat >elsewhere <<END
#!/bin/sh
exec unshare --mount sh -c 'mount --bind "$PWD/os-release" /etc/os-release &&
  exec "\$@"' sh "$cmdeploy" "\$@"
END
chmod +x elsewhere
cmdeploy=$PWD/elsewhere
run 0 init $address

echo '-- cut while it builds'
"$cmdeploy" run --ssh-host bed >out 2>err </dev/null &
run=$!
wait_for there pgrep -f "^ninja -C debian/build" >/dev/null
kill -KILL $run
wait $run 2>/dev/null || true
there test ! -e /usr/bin/cmdeploy || fail 'it was installed already'

echo '-- again'
run 1 run --ssh-host bed
says out 'to be built there'
says out 'ship      the sources'
says out 'build     chatmail '
says out 'install   chatmail '
says err 'Failed to connect to bus'
version=$(there dpkg-query -W -f '${Version}' chatmail)
[[ $version = *+*.s* ]] || fail "it has the version $version"
there test ! -e $cache || fail "$cache stays: $(there find $cache)"
there cmdeploy --version | grep -q '^cmdeploy ' || fail 'it does not run'
there test -x /usr/libexec/chatmail/filtermail || fail 'not all is there'

echo '-- and again: nothing to build'
run 1 run --ssh-host bed
says out "chatmail $version, there already"
says_not out 'build '
says_not out ship
done_testing
