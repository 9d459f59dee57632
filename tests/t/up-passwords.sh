#!/bin/bash
# No password is written anywhere, whatever fails while somebody logs in; and
# what fails for the time being is told as such, not as a wrong password.
# shellcheck source=tests/t/up-lib.sh
. "${0%/*}/up-lib.sh"

relay=127.0.8.191
secret=Secret-that-is-nowhere-91
user() { echo "$1@[$relay]"; }

# smtp USER PASSWORD: what port 465 says to a login.
smtp() {
  timeout 30 curl -skv "smtps://$relay" -u "$1:$2" --login-options AUTH=PLAIN \
    -X NOOP 2>&1 | tr -d '\r' | sed -n 's/^< \([2-5]35 \|454 \)/\1/p'
}

# both WHAT USER IMAP-REPLY SMTP-REPLY
both() {
  local said
  said=$(imap "$relay" "$(user "$2")" "$secret")
  [[ $said == "$3"* ]] || fail "$1: IMAP says: $said"
  said=$(smtp "$(user "$2")" "$secret")
  [[ $said == "$4"* ]] || fail "$1: SMTP says: $said"
}

cut='NO [UNAVAILABLE]'
mkdir -p r/mail
mount -t tmpfs -o size=4m,nr_inodes=400 tmpfs r/mail || fail 'mount'
trap 'finish; umount -l r/mail 2>/dev/null || true' EXIT
settings r "$relay"
set_key r min_free_disk_space 0
up r

echo '-- somebody new, and wrong passwords'
both new passwd001 'OK ' '235 '
both 'password too short' short 'NO [AUTHENTICATIONFAILED]' '535 '

echo '-- a password file that cannot be read'
file=$(echo r/mail/*/"$(user passwd001)"/password)
chmod 000 "$file"
both unreadable passwd001 "$cut" '454 '
chmod 600 "$file"

echo '-- a slow check'
both 'before' passwd001 'OK ' '235 '
printf '{SHA512-CRYPT}%s\n' \
  "$(openssl passwd -6 -salt 'rounds=2000000$saltsalt' "$secret")" >slow
cat slow >"$file"
both slow passwd001 'OK ' '235 '

echo '-- doveauth stands still for a while'
pid=$(pid r doveauth)
kill -STOP "$pid"
(sleep 3 && kill -CONT "$pid") &
both stopped passwd001 'OK ' '235 '
wait $!

echo '-- doveauth is restarted while somebody waits'
(sleep 0.3 && sv restart "$PWD/r/service/doveauth" >/dev/null) &
said=$(imap "$relay" "$(user passwd001)" "$secret")
[[ $said == "$cut"* || $said == OK* ]] || fail "restarted: IMAP says: $said"
wait $!
both 'after it' passwd001 'OK ' '235 '

# Dovecot 2.3 takes a connection that ends for a refusal; doveauth says
# goodbye when it can.
echo '-- doveauth is killed while somebody waits'
pid=$(pid r doveauth)
kill -STOP "$pid"
(sleep 2 && kill -KILL "$pid") &
said=$(imap "$relay" "$(user passwd001)" "$secret")
[[ $said == NO* || $said == OK* ]] || fail "killed: IMAP says: $said"
wait $!
pid=$(pid r doveauth)
kill -STOP "$pid"
(sleep 2 && kill -KILL "$pid") &
said=$(smtp "$(user passwd001)" "$secret")
# An smtpd that starts at that moment ends its connection.
[[ $said == 454* || $said == 235* || -z $said ]] ||
  fail "killed: SMTP says: $said"
wait $!
for _ in $(seq 100); do
  [[ $(imap "$relay" "$(user passwd001)" "$secret") != OK* ]] || break
  sleep 0.1
done
both 'back again' passwd001 'OK ' '235 '

echo '-- no inodes'
i=0
while : >"r/mail/fill$i"; do
  i=$((i + 1))
done 2>/dev/null
both 'no inodes' passwd002 "$cut" '454 '
rm -f r/mail/fill*
both 'inodes' passwd002 'OK ' '235 '

echo '-- no space'
dd if=/dev/zero of=r/mail/fill bs=4k 2>/dev/null || :
both 'no space' passwd003 "$cut" '454 '
rm -f r/mail/fill

echo '-- no new accounts'
set_key r min_free_disk_space 1000000G
run 0 up --dir r --detach
both 'no new accounts' passwd004 "$cut" '454 '
both 'an old one' passwd002 'OK ' '235 '

echo '-- nowhere'
"$cmdeploy" status --dir r >status 2>&1 || :
base64=$(printf '%s' "$secret" | base64 | cut -c -24)
if found=$(grep -rlaE "$secret|$base64" r/log r/state r/spool status); then
  fail "the password is in $found"
fi
if found=$(grep -rlaF passwd00 r/log status); then
  fail "a user is in $found"
fi

done_testing
