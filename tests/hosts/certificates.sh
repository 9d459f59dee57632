#!/bin/bash
# Certificates: refused at first, issued, renewed with the same key, kept while the authority
# fails; and those that somebody else renews. Calls have the same certificate.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/intruder.sh"

authorities=$PWD/authorities.pem
ini=$BED/op/certs/chatmail.ini
public4=198.51.100.33

# An authority whose certificates live for 90 seconds, so that one sees them
# renewed when it is time; acmetool does that in their last third.
short_lived() {
  local root
  root=$(host_tree infra)
  sed 's/14000/14001/; s/15000/15001/
    s/"ocspResponderURL"/"certificateValidityPeriod": 90, &/' \
    "$tests/infra/pebble.json" >"$root/etc/bed/short.json"
  sed 's/pebble.json/short.json/' "$tests/infra/pebble.service" \
    >"$root/etc/systemd/system/pebble-short.service"
  on infra systemctl start pebble-short
  eventually 10 curl -sS --cacert "$root/etc/bed/authority.pem" \
    -o "$authorities" https://acme.example:15001/roots/0
  cat "$root/etc/bed/authority.pem" >>"$authorities"
}

# served PORT: the certificate that is shown there, verified, as PEM.
served() {
  timeout 10 openssl s_client -connect "certs.example:$1" -servername \
    certs.example -verify_return_error -verify_hostname certs.example \
    -CAfile "$authorities" </dev/null 2>served-errors |
    openssl x509 2>>served-errors
}

serial() {
  openssl x509 -noout -serial
}

# serials: of what the four servers show, one a line.
serials() {
  local port
  for port in 465 993 443 5349; do
    served "$port" | serial
  done
}

# all_show SERIAL
all_show() {
  [ "$(serials | sort -u)" = "$1" ]
}

have_changed_from() {
  [ "$(serials | sort -u | wc -l)" = 1 ] && ! all_show "$1"
}

key() {
  served 993 | openssl x509 -noout -pubkey
}

pids() {
  on certs systemctl show --property=Id,MainPID "$postfix_unit" dovecot nginx
}

# The timer that renews twice a day rings every few seconds; `run` has started it.
hurry_timer() {
  local dir
  dir=$(host_tree certs)/etc/systemd/system/acmetool.timer.d
  mkdir -p "$dir"
  printf '%s\n' '[Timer]' OnCalendar= 'OnCalendar=*:*:0/4' \
    RandomizedDelaySec=0 AccuracySec=100ms >"$dir/hurry.conf"
  on certs systemctl daemon-reload
}

slow_timer() {
  rm -r "$(host_tree certs)/etc/systemd/system/acmetool.timer.d"
  on certs systemctl daemon-reload
}

# due: the last third of the time of what is served has begun.
due() {
  ! served 993 | openssl x509 -noout -checkend 28
}

# settings_of NAME: what Thunderbird asks for, over verified TLS.
settings_of() {
  curl -sS -f -m 10 --cacert "$authorities" -o settings.xml \
    "https://autoconfig.$1/mail/config-v1.1.xml"
}

# block HOOK MATCH: the firewall of certs refuses that, until it is unblocked.
block() {
  on certs nft -f - <<EOF
table inet block {
  chain refused {
    type filter hook $1 priority 0
    $2 reject with tcp reset
  }
}
EOF
}

unblock() {
  on certs nft delete table inet block
}

# told TEXT: acmetool is to see to that.
told() {
  grep -q "$1" "$(host_tree certs)/var/lib/acme/desired/certs.example"
}

# The name comes into the certificate once it leads here, and not before.
autoconfig() {
  {
    zone_addresses certs @
    printf '@ MX 10 @\nwww CNAME @\nmta-sts CNAME @\nautoconfig CNAME @\n'
  } | zone_put certs
  # That it was not there is remembered for a moment.
  eventually 20 on certs getent ahostsv4 autoconfig.certs.example
  block output 'tcp dport 14001'
  deploy certs || fail "run without the authority: $(tail -n 20 said)"
  says said 'the authority does not give one for'
  ! told autoconfig || fail 'a name that was not given is asked for again'
  unblock
  deploy certs || fail "run with autoconfig: $(tail -n 20 said)"
  says said 'certificate fetched for autoconfig.certs.example, too'
  eventually 10 settings_of certs.example
  says settings.xml '<hostname>certs.example</hostname>'
  deploy certs || fail "run again: $(tail -n 20 said)"
  says said 'nothing was changed.'
}

# The authority cannot see port 80; later it can, and acmetool asks again.
fail_at_first() {
  only certs
  host_start certs
  zone_relay certs
  public_address
  relay_settings certs
  set_key "$ini" turn true
  set_key "$ini" acme_directory https://acme.example:14001/dir
  block input 'iifname eth0 tcp dport 80'
  heavy deploy certs && fail 'it runs without a certificate'
  says said 'no certificate from https://acme.example:14001/dir: Get'
  unblock
  on certs systemctl start acmetool
  "$CMDEPLOY" status --ssh-host certs.example >status 2>&1 </dev/null || true
  says status 'port 993 still shows the self-signed one;'
}

issue() {
  deploy certs || fail "run: $(tail -n 20 said)"
  served 443 | openssl x509 -noout -ext subjectAltName >names
  says_not names autoconfig
  autoconfig
  serials | sort -u >first
  is 'certificates shown' "$(wc -l <first)" 1
  served 443 | openssl x509 -noout -ext subjectAltName >names
  for name in certs.example www.certs.example mta-sts.certs.example \
    autoconfig.certs.example; do
    says names "DNS:$name"
  done
}

# Without its record the name would keep all of them from being renewed.
forget_autoconfig() {
  zone_relay certs
  eventually 30 is_forgotten
  deploy certs || fail "run without autoconfig: $(tail -n 20 said)"
  told www.certs.example || fail 'www is not asked for'
  ! told autoconfig || fail 'a name without a record is asked for'
}

is_forgotten() {
  [ -z "$(on certs getent hosts autoconfig.certs.example)" ]
}

renew() {
  key >first-key
  pids >first-pids
  hurry_timer
  eventually 90 have_changed_from "$(cat first)" || fail "$(on certs journalctl \
    --no-pager -n 20 -u acmetool)"
  slow_timer
  is 'the key' "$(key)" "$(cat first-key)"
  is 'what was restarted' "$(pids | diff first-pids -)" ''
}

fail_to_renew() {
  serials | sort -u >second
  block output 'tcp dport 14001'
  eventually 90 due
  on certs systemctl start acmetool && fail 'acmetool has not failed'
  all_show "$(cat second)" || fail "$(cat second) is not shown any more"
  "$CMDEPLOY" status --ssh-host certs.example >status 2>&1 </dev/null &&
    fail "status does not warn: $(cat status)"
  says status certificate
  unblock
}

# external FOLDER: a certificate and key from elsewhere, in place at once.
external() {
  local etc dir
  etc=$(host_tree infra)/etc/bed
  dir=$(host_tree certs)/etc/tls/$1
  mkdir -p "$dir"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -days 30 -subj /CN=certs.example -keyout "$dir/key.new" \
    -out "$dir/chain.new" -addext subjectAltName=DNS:certs.example \
    -addext basicConstraints=critical,CA:FALSE \
    -CA "$etc/authority.pem" -CAkey "$etc/authority.key" 2>/dev/null
  serial <"$dir/chain.new" >"serial-$1"
  mv "$dir/key.new" "$dir/key.pem"
  mv "$dir/chain.new" "$dir/chain.pem"
}

# shown FOLDER: all servers show its certificate within seconds.
shown() {
  eventually 30 all_show "$(cat "serial-$1")"
}

# What others do to renew: each way is noticed.
by_others() {
  local dir
  dir=$(host_tree certs)/etc/tls
  for name in one two three four; do
    external "$name"
  done
  ln -s one "$dir/live"
  set_key "$ini" tls_external_cert_and_key \
    '/etc/tls/live/chain.pem /etc/tls/live/key.pem'
  # Not for certificates: so this host has every unit that there is.
  set_key "$ini" mtail_address 127.0.0.1
  set_key "$ini" backup_to /srv/backup
  deploy certs || fail "external: $(tail -n 20 said)"
  shown one
  external one
  shown one
  # A link to a folder, renamed over the one before.
  ln -s two "$dir/new" && mv -T "$dir/new" "$dir/live"
  shown two
  # The files are links themselves; first the key's is renamed. What is no
  # pair is not taken, and status says so.
  rm "$dir/live" && mkdir "$dir/live"
  cp "$dir"/two/* "$dir/live"
  ln -s ../three/key.pem "$dir/live/new"
  mv -T "$dir/live/new" "$dir/live/key.pem"
  eventually 20 has_refused
  all_show "$(cat serial-two)" || fail 'half a pair is taken into use'
  "$CMDEPLOY" status --ssh-host certs.example >status 2>&1 </dev/null || true
  says status 'not taken into use, the one before serves: the certificate'
  ln -s ../three/chain.pem "$dir/live/new"
  mv -T "$dir/live/new" "$dir/live/chain.pem"
  shown three
  # A folder in place of the folder.
  mv "$dir/live" "$dir/old" && mv "$dir/four" "$dir/live"
  shown four
}

has_refused() {
  on certs journalctl -q -o cat -u chatmail-certificate | grep -q no-valid-pair
}

# Relayed addresses are public ones, as on the internet.
public_address() {
  ip -n certs addr add "$public4/32" dev eth0
  ip -n certs route replace default via "$net4.1" dev eth0 src "$public4"
  ip route replace "$public4" via "$(host_ip4 certs)"
}

# turn WAY HOST WORD...: what a client of TURN is answered, by $turn_name and
# $turn_password.
turn() {
  CA=$authorities timeout 60 /usr/bin/python3 "$tests/../client/turn.py" "$1" "$2" \
    "$turn_name" "$turn_password" "${@:3}" 2>&1 | tail -n 1
}

# turn_names N: so many people who had none have credentials, with commas
# between.
turn_people=0
turn_names() {
  local i name secret now
  secret=$(on certs cat /etc/chatmail/turn.secret)
  now=$(date +%s)
  turn_name='' turn_password=''
  for ((i = 0; i < $1; i++)); do
    turn_people=$((turn_people + 1))
    name=$((now + 3600 * turn_people))
    turn_name+=${turn_name:+,}$name
    turn_password+=${turn_password:+,}$(printf '%s' "$name" |
      openssl dgst -sha1 -hmac "$secret" -binary | base64)
  done
}

# What METADATA says to a user.
turn_told() {
  printf 'a LOGIN "%s" "%s"\r\nb GETMETADATA "" %s\r\nc LOGOUT\r\n' \
    "$user@certs.example" "$password" /shared/vendor/deltachat/turn |
    timeout 20 openssl s_client -quiet -verify_quiet -connect \
      certs.example:993 2>/dev/null | tr -d '\r' | tr '\n' ' ' |
    sed -n 's/.*deltachat\/turn \({[0-9]*} \)*"*\([^ ")]*\).*/\2/p'
}

calls_meet() {
  local way six
  six=$(host_ip6 certs)
  for way in udp tcp tls; do
    is "IPv4 by $way" "$(turn "$way" certs.example pair 4)" "ok $public4"
    is "IPv6 by $way" "$(turn "$way" certs.example pair 6)" "ok $six"
  done
  is 'IPv4 from IPv6' "$(turn udp "$six" pair 4)" "ok $public4"
}

calls_stay_outside() {
  local peer
  for peer in 0.0.0.0 10.77.0.1 "$(host_ip4 certs)" 100.64.0.1 127.0.0.1 \
    169.254.169.254 172.16.0.1 192.168.1.1 198.18.0.1 224.0.0.1 \
    255.255.255.255 :: ::1 ::127.0.0.1 "::ffff:$public4" ::ffff:10.77.0.1 \
    ::ffff:127.0.0.1 64:ff9b::a4d:1 64:ff9b:1::a4d:1 2001::a4d:1 \
    2002:a4d:1::1 fc00::1 fd00::1 fe80::1 fec0::1 ff02::1; do
    is "relayed to $peer" "$(turn udp certs.example peer "$peer")" 403
  done
  for peer in 203.0.113.9 198.41.0.4 "$(host_ip6 infra)"; do
    is "relayed to $peer" "$(turn udp certs.example peer "$peer")" ok
  done
  is 'streams of TCP' "$(turn udp certs.example stream)" 442
}

calls_are_over() {
  [ "$(turn udp certs.example pair 4)" = "ok $public4" ]
}

# many WHAT N PEOPLE EXPECTED: coturn counts what has ended for one more second.
many() {
  turn_names "$3"
  is "$1" "$(turn udp certs.example many "$2")" "$4"
  sleep 3
}

# Nobody has more than 20, and all of them no more than 400.
calls_have_limits() {
  many 'one user' 25 1 '20 486'
  many 'two users' 42 2 '40 486'
  many 'all users' 405 21 '400 486'
  turn_names 1
  eventually 20 calls_are_over
}

calls() {
  local host port told
  user=$(random_name 9)
  password=$(random_name 22)
  told=$(turn_told)
  # The same for minutes, so that what a user has can be counted.
  [ "$(turn_told)" = "$told" ] || told=$(turn_told)
  is 'told again' "$(turn_told)" "$told"
  IFS=: read -r host port turn_name turn_password <<<"$told"
  is 'TURN server' "$host:$port" certs.example:3478
  calls_meet
  calls_stay_outside
  turn_password=wrong
  is 'a wrong password' "$(turn udp certs.example pair 4)" 401
  turn_name=''
  is 'without a password' "$(turn udp certs.example pair 4)" 401
  calls_have_limits
  on certs journalctl --no-pager -o cat -u coturn >journal
  says journal 'A peer IP IP denied'
  says_not journal "$net4.1"
  says_not journal 192.168.1.1
}

short_lived
fail_at_first
issue
forget_autoconfig
renew
fail_to_renew
by_others
# Last, since the first certificates live for 90 seconds.
calls
# From within each unit, what its program could do, if it was taken over.
intrude certs
done_testing
