# intruder.sh - what a program that has been taken over could do from within
# each unit of a relay; sourced.
# shellcheck shell=bash disable=SC2154

# tries HOST: of all that, what no unit has to do, but for those of the table;
# for intruder.c. There is the account $user.
tries() {
  local zone=$1.example mail dir
  mail=/home/vmail/mail/$zone
  echo "mail=read:$mail/$user@$zone/password"
  echo dkim=read:/etc/dkimkeys/opendkim.private
  echo "tls=read:/var/lib/acme/live/$zone/privkey"
  echo copy=read:/var/lib/chatmail/mailproxy/key.pem
  echo settings=read:/etc/chatmail/chatmail.ini
  echo ssh=read:/etc/ssh/ssh_host_ed25519_key
  echo home=read:/root/.ssh/authorized_keys
  echo systemd=ask:/run/systemd/private
  echo accounts=ask:/run/doveauth/master/auth
  echo tokens=ask:/run/chatmail-metadata/metadata.socket
  echo queue=ask:/var/spool/postfix/filter/outgoing
  echo boxes=ask:/var/spool/postfix/private/dovecot-lmtp
  echo signer=ask:/var/spool/postfix/opendkim/opendkim.sock
  echo loopback=reach:127.0.0.1:10587
  echo "outside=reach:$name_server4:53"
  for dir in /etc /usr /var/lib /var/spool/postfix /run "$mail"; do
    echo "$dir=write:$dir"
  done
  echo id=run:/usr/bin/id
  echo memory=bring:
  for dir in /tmp /dev/shm /run /run/dovecot /var/spool/postfix "$mail"; do
    echo "program=bring:$dir"
  done
}

# may HOST: a unit, whom its program is (-: as the unit says), and what it can
# do then. Postfix, Dovecot, nginx and unbound start as root, and talk with
# strangers as somebody else.
may() {
  local inner='accounts tokens queue boxes signer' mail
  mail=/home/vmail/mail/$1.example
  cat <<END
$postfix_unit - $inner loopback outside /var/spool/postfix id
$postfix_unit postfix queue boxes signer loopback outside id
dovecot - mail settings $inner loopback outside $mail id
dovecot dovenull loopback outside id
dovecot vmail mail accounts tokens loopback outside $mail id
nginx - tls copy $inner loopback outside id
nginx www-data loopback outside id
mailproxy - copy loopback outside
opendkim - dkim signer id
unbound - loopback outside /run id
unbound unbound loopback outside id
fcgiwrap - id
mtail - loopback outside id
coturn - loopback outside id
acmetool - tls copy settings loopback outside id
doveauth - mail accounts tokens $mail
lastlogin - mail accounts tokens $mail
chatmail-metadata - mail accounts tokens loopback outside $mail
chatmail-expire - mail accounts tokens $mail
chatmail-metrics - mail accounts tokens
filtermail-outgoing - queue
filtermail-incoming - queue loopback
mxdeliv -
mxsend - loopback outside
chatmail-opendkim - systemd id
chatmail-renewed - systemd id
chatmail-certificate - tls copy settings home accounts tokens queue id
END
}

# intruder_unit: on a host, out of `systemctl cat`, what its program is bound
# to; what makes folders, and what is done beside the program, stays away.
intruder_unit() {
  awk '
    /^\[/ { section = $0; next }
    goes_on || section != "[Service]" || /^#/ { goes_on = /\\$/; next }
    /^Exec(Start|Stop|Reload|Condition)|^(Type|PIDFile|Restart|Timeout|Load|Environment)/ ||
      /^RuntimeDirectory(Mode|Preserve)/ { goes_on = /\\$/; next }
    sub(/^RuntimeDirectory=/, "ReadWritePaths=-/run/") || /./'
}

# scores HOST: what systemd thinks of the exposure of each of its `units`.
scores() {
  local unit score limit all
  mapfile -t all <units
  on "$1" systemd-analyze security --no-pager "${all[@]}" |
    sed -n 's/.*level for \([^ ]*\): \([^ ]*\) .*/\1 \2/p' >scores
  for unit in "${all[@]}"; do
    limit=4.0
    [ ! -e "$(host_tree "$1")/etc/systemd/system/$unit" ] || limit=2.0
    # It reads everything, and writes to wherever the operator says.
    [ "$unit" != chatmail-backup.service ] || limit=4.0
    score=$(sed -n "s/^$unit //p" scores)
    awk -v score="${score:-99}" -v limit="$limit" \
      'BEGIN { exit score > limit }' ||
      fail "exposure of $unit: ${score:-unknown}, not $limit at most"
  done
}

# units HOST: those that are ours, or have something added by us.
units() {
  (cd "$(host_tree "$1")/etc/systemd/system" &&
    find . -maxdepth 1 -type f -name '*.service' &&
    find . -path './*.service.d/chatmail.conf' -printf '%h\n') |
    sed 's|^./||; s|\.d$||' | sort
}

# intrude HOST: each unit that is there, as the table says.
intrude() {
  local dir unit who can n=0 all
  dir=$(host_tree "$1")
  cp "$BUILD_DIR/tests/hosts/intruder" "$dir/usr/lib/intruder"
  units "$1" >units
  scores "$1"
  mapfile -t all < <(tries "$1")
  # Each of them succeeds where nothing is in the way.
  is 'without walls' "$(on "$1" /usr/lib/intruder "${all[@]}")" \
    "$(printf '%s\n' "${all[@]%%=*}" | paste -sd ' ')"
  may "$1" >may
  while read -r unit; do
    # It is the operator's own, and may do nearly everything.
    [ "$unit" = chatmail-backup.service ] ||
      grep -q "^${unit%.service} " may || fail "$unit: what may it do?"
  done <units
  : >made
  while read -r unit who can; do
    grep -qxF "$unit.service" units || continue
    n=$((n + 1))
    echo "intruder-$n $unit $who $can" >>made
    {
      printf '[Service]\n'
      on "$1" systemctl cat "$unit" | intruder_unit
      [ "$who" = - ] || printf '%s=%s\n' User "$who" Group "$who"
      printf '%s\n' Type=oneshot "StandardOutput=truncate:/run/intruder-$n" \
        "ExecStart=/usr/lib/intruder ${all[*]}"
    } | on "$1" tee "/run/systemd/system/intruder-$n.service" >/dev/null
  done <may
  mapfile -t all < <(cut -d ' ' -f 1 made)
  on "$1" systemctl start "${all[@]}" || fail 'not all could try'
  while read -r n unit who can; do
    is "$unit as $who can" "$(on "$1" cat "/run/$n")" "$can"
    on "$1" rm "/run/systemd/system/$n.service"
  done <made
}
