#!/bin/bash
# The servers of a relay, and its disks, hang and die while people and strangers
# send. Messages, accounts and tokens are counted at both ends: what was taken
# comes once, what was not taken does not come, nobody is refused for good, and
# all goes on when the hang ends.
#
# $HANG is for how many seconds each of them hangs.
# shellcheck disable=SC2016 # what `round` evaluates
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"
hang=${HANG:-1} patience=45
server=stalls.example them=carol@classic.example
declare -A way pid told
n=0 flush='' mark=$(random_name 9)
# A pipe in which nothing ever is, to wait without a program.
exec {silence}<> <(:)

# disk NAME FOLDER: that folder of the host is a file system of its own, which
# can be frozen; where the machine has loop devices.
disk() {
  local folder
  folder=$(host_tree stalls)/$2
  truncate -s 200M "$1.image"
  mkfs.ext4 -q "$1.image"
  mkdir -p "$folder" "$1"
  mount -o loop "$1.image" "$1" || return
  rmdir "$1/lost+found"
  cp -a "$folder/." "$1"
  mount --bind "$1" "$folder"
}

client() {
  exec curl -sv --max-time 90 --login-options AUTH=PLAIN -o page \
    --cacert "$BED/common/etc/ssl/certs/ca-certificates.crt" "$@"
}

# parts TEXT [half]: the second half waits until the file `go` is there.
parts() {
  local half=$((${#1} / 2))
  printf '%s' "${1:0:half}"
  until [ -z "${2:-}" ] || [ -e go ]; do
    read -r -t 0.2 -u "$silence" || true
  done
  printf '%s' "${1:half}"
}

# send ID WAY [half]: `inside` from alice to bob, `out` from alice to a stranger,
# `in` from the stranger to bob.
send() {
  local text=$ours to=$bob from=("smtps://$server" -u "$alice:$secret"
    --mail-from "$alice")
  case $2 in
  out) to=$them ;;
  in)
    from=("smtp://$server" --ssl-reqd --mail-from "$them")
    text=$theirs
    ;;
  esac
  client "${from[@]}" --mail-rcpt "$to" -T - < <(parts "${text//NUMBER/$1}" "${3:-}")
}

# enter ID: somebody logs in, whom nobody knows at first.
enter() {
  client "imaps://$server" -u "$(cat "$1.who")" -X NOOP
}

# ask ID PROGRAM...: in the background.
ask() {
  "${@:2}" >"$1.said" 2>&1 &
  pid[$1]=$!
  asked+=("$1")
}

# post WAY [half]
post() {
  n=$((n + 1))
  way[m$n]=$1
  ask "m$n" send "m$n" "$@"
}

join() {
  n=$((n + 1))
  printf '%s@%s:%s\n' "$(random_name 9)" "$server" "$(random_name 22)" >"j$n.who"
  ask "j$n" enter "j$n"
}

# answer ID: sets told[ID]: taken, later (to try again), never, or lost: no word
# came.
answer() {
  local line code='' status=0
  [ -z "${told[$1]:-}" ] || return 0
  wait "${pid[$1]}" || status=$?
  while read -r line; do
    case $line in
    '< 221 '*) ;;
    '< '[2-5][0-9][0-9]' '*) code=${line:2:1} ;;
    *AUTHENTICATIONFAILED*) code=5 ;;
    esac
  done <"$1.said"
  case $status:$1:$code in
  0:*) told[$1]=taken ;;
  *:5) told[$1]=never ;;
  *:j*:* | *:4) told[$1]=later ;;
  *) told[$1]=lost ;;
  esac
  [ "${told[$1]}" != never ] ||
    fail "$what: $1: $(grep '^[<*]' "$1.said" | tail -n 3)"
}

# who_was_told WORD: to whom this was said, of those asked in this round.
who_was_told() {
  local id
  for id in "${asked[@]}"; do
    [ "${told[$id]}" != "$1" ] || echo "$id"
  done
}

# come: a line for each copy of a message.
come() {
  sed -n "s/^\(Message-ID\|X-Bed\): <\(m[0-9]*\)@$mark>\r*\$/\2/p" \
    "$bobs"/* "$carols"/* 2>/dev/null | sort
}

# has_come [ID]: this one, or all that was taken.
has_come() {
  local id there
  [ -z "$flush" ] || on stalls postqueue -f
  read -r -t 0.2 -u "$silence" || true
  there=" $(come | tr '\n' ' ')"
  for id in "${@:-"${!told[@]}"}"; do
    [ "${id:0:1} ${told[$id]:-}" != 'm taken' ] ||
      [[ $there = *" $id "* ]] || return 1
  done
}

# again ID...: who was told to tries once more, until they get in.
again() {
  local id left=("$@") end=$((SECONDS + patience))
  while [ "${#left[@]}" -gt 0 ]; do
    for id in "${left[@]}"; do
      told[$id]=''
      case $id in
      j*) ask "$id" enter "$id" ;;
      m*) ask "$id" send "$id" "${way[$id]}" ;;
      esac
    done
    asked=("${left[@]}")
    for id in "${left[@]}"; do
      answer "$id"
    done
    mapfile -t left < <(who_was_told later)
    [ "$SECONDS" -lt "$end" ] || {
      fail "$what: told again and again to try again: ${left[*]}"
      return
    }
  done
}

# are_half: all have sent the first half of their messages.
are_half() {
  ! grep -L '^< 354' "${asked[@]/%/.said}" | grep -q .
}

# round WHAT BEGIN MEANWHILE END: these three are evaluated. Four people are in
# the middle of a message when it begins, four come then, one after its end.
round() {
  local since id later lost
  what=$1 asked=()
  rm -f go
  post inside half
  post inside half
  post out half
  post in half
  eventually 30 are_half
  eval "$2"
  : >go
  post inside
  post out
  post in
  join
  eval "$3"
  eval "$4"
  since=$(date +%s%3N)
  post inside
  for id in "${asked[@]}"; do
    answer "$id"
  done
  mapfile -t later < <(who_was_told later)
  mapfile -t lost < <(who_was_told lost)
  n_later=${#later[@]}
  eventually "$patience" has_come
  printf '%s: %s told to try again, %s nothing; the rest came after %s ms; %s s\n' \
    "$what" "$n_later" "${#lost[@]}" "$(($(date +%s%3N) - since))" "$SECONDS"
  [ "${#lost[@]}" = 0 ] || [ "$what" = 'master dies' ] ||
    fail "$what: told nothing: ${lost[*]}"
  [ "$n_later" = 0 ] || ! come | grep -xF "$(printf '%s\n' "${later[@]}")" ||
    fail "$what: not taken, and yet it came"
  again "${later[@]}"
  eventually "$patience" has_come
  is "$what: doubled" "$(come | uniq -d | xargs)" ''
}

stay() {
  sleep "$hang"
}

# goes_on: people of the relay write to each other as if nothing were.
goes_on() {
  post inside
  answer "m$n"
  is "$what: meanwhile" "${told[m$n]}" taken
  eventually 30 has_come "m$n"
  stay
}

# strangers_hear: those whose key cannot be looked up. It is known for 5 s.
strangers_hear() {
  local id
  sleep 6
  post in
  for id in "${asked[@]}"; do
    [ "${way[$id]:-}" != in ] || answer "$id"
  done
}

# signal NAME PATTERN: to these processes of the host.
signal() {
  on stalls pkill "-$1" -f "$2" || fail "$what: no process $2"
}

# hangs WHAT PATTERN [MEANWHILE]
hangs() {
  round "$1 hangs" "signal STOP '$2'" "${3:-stay}" "signal CONT '$2'"
}

# dies WHAT PATTERN: in the middle of messages.
dies() {
  round "$1 dies" "signal KILL '$2'" : :
}

# slow: both disks stand still most of the time, while the file `slow` is there.
slow() {
  local disk
  while [ -e slow ]; do
    for disk in mailboxes queue; do
      fsfreeze -f "$disk"
      sleep 0.2
      fsfreeze -u "$disk"
    done
  done
}

# The service that wakes phones.
waker() {
  exec /usr/bin/python3 -c '
import http.server

class Waker(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("woken", "ab") as woken:
            woken.write(body + b"\n")
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

http.server.ThreadingHTTPServer(("10.77.0.1", 8099), Waker).serve_forever()
' >waker.log 2>&1
}
waker_hangs() {
  n_woken=$(wc -l <woken)
  kill -STOP "$waker"
}
# It has taken the connection, and never answers.
waker_dies() {
  kill -KILL "$waker"
  wait "$waker" 2>/dev/null || true
  waker &
  waker=$!
}
is_woken() {
  [ "$(wc -l <woken)" -gt "$n_woken" ]
}

over() {
  local disk
  rm -f slow
  for disk in mailboxes queue; do
    fsfreeze -u "$disk" 2>/dev/null || true
  done
  { kill -KILL "$waker" && wait "$waker"; } 2>/dev/null || true
  finish
  umount --lazy mailboxes queue 2>/dev/null || true
}
waker=''
trap over EXIT

classic
only stalls
has_disks=yes
{ disk mailboxes home/vmail && disk queue var/spool/postfix; } || {
  echo 'no loop device: disks neither freeze nor stutter here'
  has_disks=''
}
host_start stalls
zone_relay stalls
relay_settings stalls
ini=$BED/op/stalls/chatmail.ini
set_key "$ini" min_free_disk_space 0
set_key "$ini" max_user_send_per_minute 6000
set_key "$ini" notification_url http://10.77.0.1:8099/
heavy deploy stalls || fail "run: $(tail -n 20 said)"
publish stalls
: >woken
waker &
waker=$!
account stalls
bob=$user@$server
bobs=$(inbox stalls "$user")
login stalls -X 'SETMETADATA INBOX (/private/devicetoken "bobs-phone")' >page
account stalls
alice=$user@$server secret=$password
carols=$(host_tree classic)/home/carol/Maildir/new
ours=$(encrypted "$alice" "$them" |
  sed "s/^Message-ID:.*/Message-ID: <NUMBER@$mark>/; s/\r*\$/\r/")$'\n'
theirs="X-Bed: <NUMBER@$mark>"$'\r\n'$({
  letter "$them" "$bob" hello
  # Postfix hands on a few kilobytes at a time.
  seq 4000
} | sign classic.example mail)$'\n'

lmtp='^dovecot.*/lmtp' doveauth='^[^ ]*/doveauth '
hangs 'the Postfix behind the filters' '^smtpd.*filter/'
hangs 'cleanup and qmgr' '^(cleanup|qmgr)'
hangs master '^[^ ]*/master '
hangs 'filtermail and OpenDKIM' '^[^ ]*/(filtermail |opendkim)'
hangs LMTP "$lmtp"
hangs doveauth "$doveauth"
hangs mxsend '^[^ ]*/mxsend '
hangs 'lastlogin and chatmail-metadata' \
  '^[^ ]*/(lastlogin|chatmail-metadata) ' goes_on
# What leaves is tried again later the longer it has waited.
patience=120
hangs 'the resolver' '^[^ ]*/unbound ' 'goes_on; strangers_hear'
patience=45
[ "$n_later" -ge 1 ] || fail 'the resolver did not hang'

round 'the service for phones hangs' waker_hangs goes_on 'kill -CONT "$waker"'
eventually 40 is_woken
round 'the service for phones never answers' waker_hangs goes_on waker_dies
eventually 40 is_woken

if [ "$has_disks" ]; then
  round 'both disks are frozen' 'fsfreeze -f mailboxes; fsfreeze -f queue' \
    stay 'fsfreeze -u queue; fsfreeze -u mailboxes'
  round 'both disks are slow' ': >slow; slow & slow=$!' stay \
    'rm slow; wait "$slow"'
fi

dies 'the Postfix behind the filters' '^smtpd.*filter/'
[ "$n_later" -ge 4 ] || fail "$n_later were cut, not 4"
dies 'cleanup and qmgr' '^(cleanup|qmgr)'
dies master '^[^ ]*/master '
dies filtermail '^[^ ]*/filtermail '
round 'LMTP hangs, qmgr dies' 'signal STOP "$lmtp"' \
  "stay; signal KILL '^qmgr'" 'signal CONT "$lmtp"'
# Each process of LMTP fails once, since its connection is that to the old one:
# what waits meets all of them.
flush=yes
dies doveauth "$doveauth"
flush=''
# It has been given mail, and does not know yet where to store it.
round 'doveauth hangs, LMTP dies' 'signal STOP "$doveauth"' \
  'stay; signal KILL "$lmtp"' 'signal CONT "$doveauth"'

what='at the end'
n_woken=$(wc -l <woken)
post inside
answer "m$n"
eventually 40 has_come
eventually 40 is_woken
is_empty() {
  [ -z "$(on stalls postqueue -j)" ]
}
eventually 90 is_empty
come >there
is "$what: doubled" "$(uniq -d there)" ''
mapfile -t lost < <(asked=("${!way[@]}") && who_was_told lost)
is "$what: come" "$(grep -cvxF "$(printf '%s\n' "${lost[@]}")" there)" \
  "$((${#way[@]} - ${#lost[@]}))"
[ "$(wc -l <woken)" -le "$(wc -l <there)" ] || fail 'woken more often than mail came'
is "$what: woken" "$(sort -u woken)" bobs-phone
is "$what: bounces" "$(find "$(inbox stalls "${alice%@*}")" -type f \
  2>/dev/null | wc -l)" 0
for who in *.who; do
  told[${who%.who}]=''
  ask "${who%.who}" enter "${who%.who}"
  answer "${who%.who}"
  is "$what: $who" "${told[${who%.who}]}" taken
done
people=(*.who)
is "$what: accounts" "$(find "$(host_tree stalls)/home/vmail/mail/$server" \
  -name password | wc -l)" "$((${#people[@]} + 2))"
done_testing
