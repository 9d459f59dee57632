#!/bin/bash
# cmdeploy run over ssh: what is in the way is said, with the next step, and
# nothing is left behind.
. "$(dirname "$0")/remote-lib.sh"

echo '-- without a host'
run 1 run
says err 'chatmail.ini is not there; write it with'
run 0 init Relay.Invalid
run 1 run --ssh-host '-oProxyCommand=touch${IFS}hacked'
says err 'is not a host'
run 1 run --ssh-host bed:ssh
says err 'is not a host'
run 2 run bed
says err 'one argument too many'
printf '[params]\nmail_domain = relay.invalid\nmax_message_size = lots\n' >bad.ini
run 1 run --ini bad.ini --ssh-host bed
says err 'bad.ini: line 3: max_message_size: "lots" cannot be used'
printf '[params]\nmail_domain = relay.invalid\nwww_folder = pages\n' >www.ini
run 1 run --ini www.ini --ssh-host bed
says err 'www_folder is pages, but there is no folder'
run 1 run
says out 'A relay for relay.invalid on relay.invalid'
says err 'neither in DNS nor in your ~/.ssh/config'
run 1 status
says err 'relay.invalid: that name is neither in DNS'
run 0 init relay.invalid --ini new/folder/chatmail.ini
run 0 qr
says out dcaccount:https://relay.invalid/new
grep -q '^mail_domain = relay.invalid$' new/folder/chatmail.ini ||
  fail 'no settings in a folder that was not there'
run 1 run --ssh-host $address:9
says err 'nothing answers for ssh there'
CMDEPLOY_SSH=no-such-ssh run 1 run --ssh-host bed
says err 'no-such-ssh is not on this machine; $CMDEPLOY_SSH names it'

CMDEPLOY_SSH=$(seq 25) run 1 run --ssh-host bed
says err '$CMDEPLOY_SSH must have 1 to 24 words'

echo '-- a move'
for args in '--from bed' '--to bed' '--from bed --to bed' \
  '--from @local --to bed' '--force' '--finish --wait' '--finish --dry-run' \
  '--from a --to b c'; do
  # shellcheck disable=SC2086 # words
  run 2 migrate $args
  says err 'usage: cmdeploy migrate'
done
says err 'one argument too many'
run 2 migrate --from bed
says err 'give both --from HOST and --to HOST'
run 1 migrate
says err 'no move has begun; name the two servers by --from'
run 1 migrate --finish
says err 'no move has begun'
run 1 migrate --from 'bed:ssh' --to bed
says err 'is not a host'
run 0 init 192.0.2.7 --ini literal.ini
run 1 migrate --ini literal.ini --from a --to b
says err 'it cannot move to another one'
printf 'a\nb:7\n' >chatmail.moving
run 1 migrate --from a --to b
says err 'a move from a to b:7 has begun; end that first, or, to give it up'
rm chatmail.moving

start_bed

echo '-- keys'
mv "$bed/ssh/known" known
run 1 run --ssh-host bed
says err 'its host key is not known here yet'
says err 'compare it: ssh bed'
sed "s| [^ ]*\$| $(cut -d ' ' -f 2 "$bed/ssh/key.pub")|" known >"$bed/ssh/known"
run 1 run --ssh-host root@bed
says err 'ssh-keygen -R bed'
mv known "$bed/ssh/known"
CMDEPLOY_SSH="$CMDEPLOY_SSH -o PubkeyAuthentication=no" run 1 run --ssh-host bed
says err 'accepts none of your keys'

echo '-- users'
run 1 run --ssh-host slow@bed
says err 'sudo asks for a password there'
run 1 run --ssh-host nobodys@bed
says err 'sudo asks for a password there'
there rm /usr/bin/sudo
run 1 run --ssh-host nobodys@bed
says err 'sudo is not installed there'

echo '-- a host that is taken'
run 0 init $address --ini ip.ini
there sh -c 'mkdir -p /var/lib/chatmail; echo other.example >/var/lib/chatmail/mail_domain'
run 1 run --ini ip.ini --ssh-host bed
says err "bed is the relay other.example, but mail_domain is $address"
there rm -r /var/lib/chatmail
there sh -c 'mkdir -p /etc/nginx/sites-enabled; : >/etc/nginx/sites-enabled/shop'
run 1 run --ini ip.ini --ssh-host bed
says err 'bed: nginx serves another site here: /etc/nginx/sites-enabled/shop'
there rm /etc/nginx/sites-enabled/shop
there rmdir /run/systemd/system
run 1 run --ini ip.ini --ssh-host bed
says err 'systemd does not run bed'
there mkdir /run/systemd/system
listeners=$(unshare --net sh -c 'ip link set lo up && exec perl -MIO::Socket::INET -e "
  \$0 = q(imapd);
  my @s = map { IO::Socket::INET->new(LocalAddr => \$_, Listen => 1) or die }
    qw(127.0.0.1:25 127.0.0.1:587 0.0.0.0:143);
  system q(sh), @ARGV;" "$1"' sh "$(cat "$BUILD_DIR/source-folder")/cmdeploy/host/facts.sh" |
  grep ^listeners)
[ "$listeners" = 'listeners=143:imapd ' ] || fail "$listeners"

# system ID VERSION NAME: the host has that from now on.
system() {
  there sh -c 'printf "ID=%s\nVERSION_ID=\"%s\"\nPRETTY_NAME=\"%s\"\n" "$@" \
    >/etc/os-release' sh "$@"
}

echo '-- systems'
system debian 10 Old
run 1 run --ini ip.ini --ssh-host bed
says err 'bed runs Old; a relay needs Debian 12 or 13'
says_not out ship
system ubuntu 24.04 'Ubuntu 24.04.3 LTS'
run 1 run --ini ip.ini --ssh-host bed
says err 'bed runs Ubuntu 24.04.3 LTS; a relay needs Debian 12 or 13'

# refused WHY [OPTION...]: no upgrade, for that reason.
refused() {
  run 1 upgrade --ini ip.ini --ssh-host bed "${@:2}"
  says err "$1"
  there test ! -e /var/lib/chatmail/upgrade-to-13 || fail "$1: it has begun"
}

echo '-- what is in the way of an upgrade'
run 2 upgrade --ini ip.ini --ssh-host @local
says err 'call it from another machine'
refused 'none.tar: No such file' --backup none.tar
: >empty.tar
refused 'empty.tar is empty' --backup empty.tar
echo old >old.tar
touch -d '2 days ago' old.tar
refused 'older than a day' --backup old.tar
refused 'it runs Ubuntu 24.04.3 LTS; only Debian 12' --no-backup
system debian 13 'Debian GNU/Linux 13 (trixie)'
refused '(trixie); only Debian 12 can be upgraded' --no-backup
system debian 12 'Debian GNU/Linux 12 (bookworm)'
refused 'it is not a relay' --no-backup
there mkdir -p /var/lib/chatmail
there sh -c "echo $address >/var/lib/chatmail/mail_domain"
there sh -c 'cd /etc/apt && rm -rf sources.list sources.list.d &&
  mkdir sources.list.d &&
  echo "deb http://deb.invalid bookworm main" >sources.list &&
  echo "deb http://shop.invalid stable main" >sources.list.d/shop.list &&
  for suite in bookworm sid; do
    printf "Types: deb\nURIs: http://deb.invalid\nSuites: %s\n" $suite
    printf "Components: main\n\n"
  done >sources.list.d/two.sources'
there apt-mark hold bash >held
refused 'packages are held: bash; let them go with apt-mark unhold' --no-backup
says err '/etc/apt/sources.list.d/shop.list: "deb http://shop.invalid stable'
says err '/etc/apt/sources.list.d/two.sources: "Suites: sid" is not of Debian 12'
says_not err 'sources.list: "'
says_not err '"Suites: bookworm"'
says_not err 'no backup'
refused 'no backup was made today'
there touch -d '25 hours ago' /var/lib/chatmail/last-backup
refused 'make one with "cmdeploy backup", name yours with --backup, or go'
there touch -d '23 hours ago' /var/lib/chatmail/last-backup
refused 'packages are held'
says_not err 'no backup'
says err 'cannot be upgraded yet; what is in the way is above'
there rm -r /var/lib/chatmail
there test ! -e /etc/chatmail || fail 'something was written'
there test ! -e /var/cache/chatmail || fail 'something was shipped'
check_tidy
[ ! -e hacked ] || fail 'a host name was run'
done_testing
