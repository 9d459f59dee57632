#!/bin/bash
# What cmdeploy run refuses before it touches anything: hosts it cannot use,
# ways in that it does not have, and names that lead elsewhere.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"

address=$(host_ip4 spare)

# refused WHAT TEXT [OPTION...]: for that reason, and nothing is written.
refused() {
  if deploy spare "${@:3}"; then
    fail "$1: not refused:" "$(cat said)"
  fi
  says said "$2"
  on spare sh -c 'ls -d /etc/chatmail /var/cache/chatmail /etc/unbound/*/chat*
    dpkg-query -W chatmail postfix nginx-common unbound' >traces 2>/dev/null ||
    true
  [ ! -s traces ] || fail "$1: there is" "$(cat traces)"
}

only spare
host_start spare
relay_settings spare
tree=$(host_tree spare)

# Names: none, and those of another host.
refused 'no names' "spare.example. 3600 IN A $address" --ssh-host "$address"
zone_relay spare infra
refused 'names of another' "spare.example. 3600 IN A $address" \
  --ssh-host "$address"
zone_addresses spare @ | zone_put spare
refused 'no aliases' 'www.spare.example. 3600 IN CNAME spare.example.'
says said 'mta-sts.spare.example. 3600 IN CNAME spare.example.'
zone_relay spare

# Ways in.
on spare useradd --create-home plain
install -D -m 600 -o 1000 -g 1000 "$BED/key.pub" \
  "$tree/home/plain/.ssh/authorized_keys"
chroot "$tree" chown -R plain: /home/plain
refused 'a user without sudo' sudo --ssh-host plain@spare.example
refused 'an unknown user' 'spare.example' --ssh-host eve@spare.example
refused 'a closed port' '2200' --ssh-host spare.example:2200
refused 'no such host' 'nowhere.example' --ssh-host nowhere.example

# A host that is not fit.
cp "$tree/etc/os-release" release
sed -i 's/^VERSION_ID=.*/VERSION_ID="11"/' "$tree/etc/os-release"
refused 'an old system' 'a relay needs Debian 12 or 13'
printf 'ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04.3 LTS"\n' \
  >"$tree/etc/os-release"
refused 'another system' \
  'spare.example runs Ubuntu 24.04.3 LTS; a relay needs Debian 12 or 13'
cat release >"$tree/etc/os-release"
on spare systemd-run --quiet --unit foreign \
  systemd-socket-activate --listen 25 /bin/cat
eventually 10 test -n "$(on spare ss -Htln 'sport = :25')"
refused 'a port in use' 'port 25, which'
says said systemd-socket
on spare systemctl stop foreign
mkdir -p "$tree/etc/nginx/sites-enabled"
echo 'server { listen 80; }' >"$tree/etc/nginx/sites-enabled/shop"
refused 'a site of another' 'nginx serves another site'
rm -r "$tree/etc/nginx"

# Settings, before anything else.
set_key "$BED/op/spare/chatmail.ini" max_message_size lots
refused 'a bad setting' max_message_size
done_testing
