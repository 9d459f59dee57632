#!/bin/bash
# chatmail-expire from outside: what goes, what stays, what it says.
set -eu
shopt -s dotglob nullglob
program=${BUILD_DIR:?}/chatmaild/expire/chatmail-expire
cd "${TEST_DIR:?}"
mail=$PWD/mail
ini=$PWD/chatmail.ini
failures=0

fail() {
  printf '%s\n' "$*"
  failures=1
}

# file PATH DAYS [BYTES]: a file below the mail folder, of that age.
file() {
  mkdir -p "$(dirname "$mail/$1")"
  truncate -s "${3:-100}" "$mail/$1"
  touch -d "$2 days ago" "$mail/$1"
}

# user NAME LOGIN-DAYS: an account with an empty mailbox.
user() {
  mkdir -p "$mail/$1@x.test"/{cur,new,tmp}
  file "$1@x.test/password" "$2"
}

fresh() {
  chmod -R u+w "$mail" 2>/dev/null || true
  rm -rf "$mail" outside
  mkdir -p "$mail" outside
}

# run STATUS ARGUMENT...: the output goes to out and err.
run() {
  local want=$1 got=0
  shift
  "$program" "$ini" "$@" >out 2>err </dev/null || got=$?
  [ "$got" = "$want" ] || fail "$*: status $got, not $want: $(cat out err)"
}

is_there() {
  for name; do
    [ -e "$mail/$name" ] || [ -L "$mail/$name" ] || fail "gone: $name"
  done
}

is_gone() {
  for name; do
    [ ! -e "$mail/$name" ] && [ ! -L "$mail/$name" ] ||
      fail "still there: $name"
  done
}

# says WORDS: the summary holds them.
says() {
  for word; do
    grep -qE "(^| )$word( |\$)" out || fail "no $word in: $(cat out)"
  done
}

cat >"$ini" <<END
[params]
mail_domain = x.test
mailboxes_dir = $mail
max_mailbox_size = 10M
max_message_size = 1M
END

echo "-- old and large messages, in every folder"
fresh
user alice 1
a=alice@x.test
for folder in $a $a/.DeltaChat $a/.A.B; do
  mkdir -p "$mail/$folder"/{cur,new,tmp}
  for part in cur new tmp; do
    file "$folder/$part/old" 21
    file "$folder/$part/young" 1
    file "$folder/$part/large" 8 200001
    file "$folder/$part/small" 1 200000
  done
done
file $a/cur/notlarge 8 200000
file $a/maildirsize 1
cp -a mail before
run 0 --dry-run
says dry users=1 messages=37 deleted_messages=15
[ "$(grep -c '^old ' out)" = 9 ] || fail "dry run, old: $(cat out)"
[ "$(grep -c '^large ' out)" = 6 ] || fail "dry run, large: $(cat out)"
grep -qx "old      $mail/$a/.A.B/cur/old" out || fail "no path: $(cat out)"
diff -r before mail || fail "a dry run changed something"
rm -rf before
run 0 --users
says deleted_messages=0
is_there $a/cur/old
run 0 --mail
says users=1 messages=37 deleted_messages=15 deleted_users=0 failed=0 odd=0
for folder in $a $a/.DeltaChat $a/.A.B; do
  for part in cur new tmp; do
    is_there "$folder/$part/"{young,small}
    is_gone "$folder/$part/old"
  done
  is_gone "$folder/"{cur,tmp}/large
  is_there "$folder/new/large"
done
is_there $a/cur/notlarge
is_gone $a/maildirsize
file $a/maildirsize 1
run 0
says messages=22 deleted_messages=0 leftovers=0
is_there $a/maildirsize
[ ! -s err ] || fail "noise: $(cat err)"

echo "-- accounts whose mailbox nobody has opened"
fresh
file new@x.test/password 1
file unopened@x.test/password 3
file unopened@x.test/dovecot.list.index.log 3
user opened 3
file mail@x.test/.Sent/new/one 3
file mail@x.test/password 3
file kept@x.test/password 3
touch "$mail/kept@x.test/blocked"
run 0
is_gone unopened@x.test
is_there {new,opened,mail,kept}@x.test/password

echo "-- inactive users"
fresh
user active 89
user lapsed 91
user echo 91
file lapsed@x.test/cur/new 1 1000
file lapsed@x.test/.Sent/cur/new 1 1000
ln -s "$PWD/outside" "$mail/lapsed@x.test/link"
touch outside/kept
file echo@x.test/cur/old 21
file pending_notifications/abc 100
mkdir -p "$mail/halfway@x.test"/{cur,new,tmp} "$mail/mailed@x.test"
file halfway@x.test/dovecot.index.log 200
file mailed@x.test/cur/new 1
mkdir -p "$mail/.expired-0123456789abcdef/cur"
touch -d '200 days ago' "$mail"/{halfway,mailed}@x.test
run 0 --mail
is_there lapsed@x.test/cur/new halfway@x.test .expired-0123456789abcdef
is_gone echo@x.test/cur/old
touch -d '200 days ago' "$mail"/{halfway,mailed}@x.test
run 0 --dry-run --users
says deleted_users=1 deleted_messages=2 leftovers=2
grep -qx "account  $mail/lapsed@x.test" out || fail "no path: $(cat out)"
is_there lapsed@x.test/.Sent/cur/new
ln -s "$program" delete_inactive_users
./delete_inactive_users "$ini" >out 2>err || fail "status $?: $(cat err)"
says users=5 deleted_users=1 deleted_messages=2 leftovers=2 failed=0
is_there active@x.test/password echo@x.test/password mailed@x.test/cur/new \
  pending_notifications/abc
is_gone lapsed@x.test halfway@x.test .expired-0123456789abcdef
[ -e outside/kept ] || fail "followed a link out of the mail folder"
[ "$(ls -A "$mail" | grep -c '^\.expired')" = 0 ] || fail "remains: $(ls -A)"
! grep -q x.test out err || fail "an address in the log: $(cat out err)"

echo "-- blocked users"
fresh
user blocked 91
file blocked@x.test/blocked 91
file blocked@x.test/cur/old 21
file never@x.test/blocked 91
file never@x.test/dovecot.index.log 91
touch -d '200 days ago' "$mail/never@x.test"
run 0
says users=2 deleted_users=0 deleted_messages=1 leftovers=0 odd=0
is_there blocked@x.test/{password,blocked} never@x.test/blocked
is_gone blocked@x.test/cur/old
rm "$mail/blocked@x.test/blocked"
run 0
says deleted_users=1
is_gone blocked@x.test

echo "-- leftovers"
fresh
user alice 1
file $a/password.Ab3Xz9.tmp 2
file $a/metadata.json.Ab3Xz9.tmp 0
file $a/dovecot-uidlist.lock 2
file $a/dovecot-uidlist 50
file $a/20240131-235959.12.1.in 21
file $a/.Gone/dovecot.index.log 30
file $a/.Gone/maildirfolder 30
file $a/.Fresh/dovecot.index.log 0
file $a/.Odd/letter 30
file $a/..DOVECOT-TRASHED/cur/m 3
mkdir -p "$mail/$a/.Empty"/{cur,new,tmp}
touch -d '3 days ago' "$mail/$a"/{.Gone,.Odd,.Empty,..DOVECOT-TRASHED}
run 0
says leftovers=5 odd=1
is_gone $a/password.Ab3Xz9.tmp $a/dovecot-uidlist.lock $a/.Gone \
  $a/20240131-235959.12.1.in $a/..DOVECOT-TRASHED
is_there $a/metadata.json.Ab3Xz9.tmp $a/dovecot-uidlist $a/.Odd/letter \
  $a/.Fresh/dovecot.index.log $a/.Empty/cur $a/password

echo "-- never outside, and nothing odd"
fresh
user alice 1
touch -d '300 days ago' outside/{old,password}
mkdir -p outside/cur
touch -d '300 days ago' outside/cur/old
ln -s "$PWD/outside" "$mail/linked@x.test"
ln -s "$PWD/outside" "$mail/$a/.Linked"
ln -s "$PWD/outside/old" "$mail/$a/cur/linked"
touch -h -d '300 days ago' "$mail/$a/cur/linked"
rmdir "$mail/$a/new"
ln -s "$PWD/outside" "$mail/$a/new"
mkfifo "$mail/$a/cur/fifo"
touch -d '300 days ago' "$mail/$a/cur/fifo"
file $a/cur/.hidden 300
file $a/cur/folder/old 300
file $a/.DeltaChat/.Nested/cur/old 300
file $a/letter 300
file README 300
file plain/cur/old 300
file "$a/cur/with space and
line" 300
user bob 1
rm "$mail/bob@x.test/password"
ln -s "$PWD/outside/password" "$mail/bob@x.test/password"
touch -h -d '300 days ago' "$mail/bob@x.test/password"
run 0 --dry-run
[ "$(grep -c '^odd ' out)" = 12 ] || fail "dry run: $(cat out)"
run 0
says odd=12 failed=0 deleted_messages=1
is_there linked@x.test $a/.Linked $a/cur/linked $a/new $a/cur/fifo \
  $a/cur/.hidden $a/cur/folder/old $a/.DeltaChat/.Nested/cur/old $a/letter \
  README plain/cur/old bob@x.test/password
for name in old password cur/old; do
  [ -e "outside/$name" ] || fail "deleted outside: $name"
done
! grep -q x.test out err || fail "an address in the log: $(cat out err)"

echo "-- an over-full mailbox"
fill() {
  fresh
  user alice 1
  user bob 1
  mkdir -p "$mail/$a/.Sent/cur"
  for i in 1 2 3 4; do
    file "$a/cur/$((9 - i)).mail,S=1048576:2,S" "$i" 1048576
    file "$a/.Sent/cur/$((9 - i)).mail,S=1048576:2,S" "$i" 1048576
    touch -d "$((i * 24 + 12)) hours ago" "$mail/$a/.Sent/cur/$((9 - i))."*
  done
  file bob@x.test/cur/1.mail,S=7000000 1 7000000
  file $a/maildirsize 1
}
sed -i 's/^max_message_size.*/max_message_size = 1M\ndelete_large_after = 20/' \
  "$ini"
fill
run 0 --mailbox $a --dry-run
says deleted_messages=1
grep -qx "overfull $mail/$a/.Sent/cur/5.mail,S=1048576:2,S" out ||
  fail "not the oldest: $(cat out)"
run 0 --mailbox $a
is_gone $a/.Sent/cur/5.mail,S=1048576:2,S $a/maildirsize
[ "$(find "$mail/$a" -name '*.mail*' | wc -l)" = 7 ] ||
  fail "not seven stay: $(find "$mail/$a" -name '*.mail*')"
[ ! -s out ] && [ ! -s err ] || fail "noise: $(cat out err)"
run 0 --mailbox $a
[ "$(find "$mail/$a" -name '*.mail*' | wc -l)" = 7 ] || fail "not the same"
run 0 --mailbox bob@x.test
is_there bob@x.test/cur/1.mail,S=7000000
fill
run 0
says deleted_messages=1
is_gone $a/.Sent/cur/5.mail,S=1048576:2,S $a/maildirsize
fill
file $a/cur/3.mail,S=20000000:2,S 0 20000000
run 0 --mailbox $a
[ "$(find "$mail/$a" -name '*.mail*')" = \
  "$mail/$a/cur/3.mail,S=20000000:2,S" ] || fail "the newest has to stay"

echo "-- ten at once"
fill
pids=
for i in 1 2 3 4 5 6 7 8 9 10; do
  "$program" "$ini" --mailbox $a &
  pids="$pids $!"
done
for pid in $pids; do
  wait "$pid" || fail "status $?"
done
[ "$(find "$mail/$a" -name '*.mail*' | wc -l)" = 7 ] ||
  fail "ten at once deleted more than one would"

echo "-- runs side by side"
fresh
for i in 1 2 3 4 5 6 7 8 9; do
  user "lapsed$i" 91
  user "active$i" 1
  for j in 1 2 3 4 5 6 7 8 9; do
    file "active$i@x.test/cur/$j" 21
  done
done
pids=
for i in 1 2 3 4; do
  "$program" "$ini" >out$i 2>err$i &
  pids="$pids $!"
done
for pid in $pids; do
  wait "$pid" || fail "status $?: $(cat err?)"
done
total=$(sed -n 's/.*deleted_users=\([0-9]*\) deleted_messages=\([0-9]*\).*/\1 \2/p' \
  out? | awk '{ u += $1; m += $2 } END { print u, m }')
[ "$total" = "9 81" ] || fail "together: $total"
[ "$(ls -A "$mail" | wc -l)" = 9 ] || fail "left: $(ls -A "$mail")"

echo "-- what cannot be deleted"
fresh
user alice 1
user bob 91
file $a/cur/old 21
file bob@x.test/cur/old 21
as=
if [ "$(id -u)" = 0 ]; then
  # root may do everything: somebody else, who owns the folders only.
  as="setpriv --reuid 65534 --regid 65534 --clear-groups"
  for dir in "$PWD" "$BUILD_DIR"; do
    $as test -x "$dir" || as=
  done
  [ -n "$as" ] && chown -R 65534:65534 "$mail"
fi
if [ -n "$as" ] || [ "$(id -u)" != 0 ]; then
  chmod 500 "$mail/$a/cur" "$mail"
  got=0
  $as "$program" "$ini" >out 2>err || got=$?
  [ $got = 1 ] || fail "status $got, not 1: $(cat out err)"
  says failed=2 deleted_messages=0
  inode=$(stat -c %i "$mail/$a")
  grep -q "user_inode=$inode path=\"cur/old\" error=Permission denied" err ||
    fail "does not name what it could not do: $(cat err)"
  ! grep -q x.test out err || fail "an address in the log: $(cat out err)"
  chmod 700 "$mail"
fi

echo "-- arguments"
run 2 --mailbox
run 2 --mailbox ../x@x.test
run 2 --mailbox nobody
run 2 --mailbox $a --users
run 2 --frobnicate
run 2 more
run 1 --mailbox nobody@x.test
! grep -q nobody err || fail "an address in the log: $(cat err)"
run 0 --help
run 0 --version
got=0
"$program" 2>err || got=$?
[ $got = 2 ] || fail "without arguments: $got"
sed -i "s|^mailboxes_dir.*|mailboxes_dir = $PWD/none|" "$ini"
run 1
grep -q "$PWD/none: No such file or directory" err || fail "$(cat err)"

exit $failures
