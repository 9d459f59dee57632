# mail.sh - a stranger's mail server, and mail to and from relays; sourced.
# shellcheck shell=bash

# Signs with a key of its own, and as other.classic.example; a third key is
# nowhere published.
classic_keys() {
  local dir name
  dir=$(host_tree classic)/etc/bed
  for name in mail other stolen; do
    openssl genrsa -traditional -out "$dir/$name.key" 2048 2>/dev/null
  done
  classic_zone | zone_put classic
}

# What is known about it.
classic_zone() {
  local dir
  dir=$(host_tree classic)/etc/bed
  zone_addresses classic @
  echo '@ MX 10 @'
  echo '@ TXT "v=spf1 a -all"'
  # A name that its certificate does not have.
  zone_addresses classic impostor
  echo 'impostor MX 10 impostor'
  # Which takes no mail (RFC 7505).
  echo 'nomail MX 0 .'
  dkim_record mail._domainkey "$dir/mail.key"
  dkim_record mail._domainkey.other "$dir/other.key"
}

# In strings of at most 255 bytes.
dkim_record() {
  printf '%s TXT "v=DKIM1; k=rsa; p=" ' "$1"
  openssl rsa -in "$2" -pubout -outform DER 2>/dev/null | base64 -w 200 |
    sed 's/.*/"&" /' | tr -d '\n'
  echo
}

make_classic() {
  local root infra
  infra=$(host_tree infra)/etc/bed
  host_create classic
  root=$(host_tree classic)
  mkdir -p "$root/etc/bed"
  cp "$tests/classic/main.cf" "$root/etc/postfix/main.cf"
  cp "$tests"/classic/*.py "$root/etc/bed/"
  cp "$root/usr/share/postfix/master.cf.dist" "$root/etc/postfix/master.cf"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -days 30 -subj /CN=classic.example -keyout - \
    -addext subjectAltName=DNS:classic.example \
    -addext basicConstraints=critical,CA:FALSE \
    -CA "$infra/authority.pem" -CAkey "$infra/authority.key" \
    >"$root/etc/bed/classic.pem" 2>/dev/null
  chroot "$root" useradd --create-home carol
  classic_keys
  host_start classic
  on classic systemctl start postfix
}

# classic: there is that server now.
classic() {
  once classic make_classic
}

# account RELAY: a new one, made by logging in; $user and $password.
account() {
  user=$(random_name 9)
  password=$(random_name 22)
  login "$1" >logged-in 2>&1 ||
    fail "no login at $1:" "$(tail -n 3 logged-in)"
}

# login RELAY [CURL ARGUMENT...]: by IMAP, with its certificate checked.
login() {
  local relay=$1
  shift
  curl -sS --max-time 60 --user "$user@$relay.example:$password" \
    --cacert "$BED/common/etc/ssl/certs/ca-certificates.crt" \
    --login-options AUTH=PLAIN "imaps://$relay.example/" "$@"
}

# answers_at RELAY ADDRESS...: its IMAP and its pages do at each of them, with
# the relay's certificate.
answers_at() {
  local address relay=$1
  shift
  for address; do
    login "$relay" --connect-to "::$address:" -X NOOP || return 1
    curl -sS --max-time 20 --connect-to "::$address:" -o page \
      --cacert "$BED/common/etc/ssl/certs/ca-certificates.crt" \
      "https://$relay.example/" || return 1
  done
}

# inbox RELAY USER: its folder, as seen from here.
inbox() {
  printf '%s/home/vmail/mail/%s.example/%s@%s.example/new' \
    "$(host_tree "$1")" "$1" "$2" "$1"
}

# has_mail RELAY USER TEXT: a message with that text has come.
has_mail() {
  grep -rqsF -- "$3" "$(inbox "$1" "$2")"
}

# mailboxes HOST DOMAIN PATTERN: what a client knows those users' mailboxes by.
mailboxes() {
  # shellcheck disable=SC2016
  on "$1" sh -c 'cd "/home/vmail/mail/$1" && for user in $2; do
    doveadm -f flow mailbox status -u "$user" \
      "uidvalidity uidnext messages" "*"
    doveadm -f flow fetch -u "$user" "uid flags" mailbox INBOX ALL
  done' sh "$2" "$3" | sort
}

# letter FROM TO TEXT: a plain message.
letter() {
  printf 'From: %s\nTo: %s\nSubject: %s\nDate: %s\nMessage-ID: <%s@bed>\n' \
    "$1" "$2" "$3" "$(date -R)" "$(random_name 20)"
  printf 'MIME-Version: 1.0\nContent-Type: text/plain\n\n%s\n' "$3"
}

# sign DOMAIN KEY [length]: a message on standard input, by classic's dkimpy.
sign() {
  on classic python3 /etc/bed/sign.py "$1" "/etc/bed/$2.key" "${@:3}"
}

# encrypted FROM TO: a message as the app sends it.
encrypted() {
  sed '1,/^From:/{/^From:/!d}' \
    "$tests/../data/samples/005-text-same-a-out-encrypted.eml" |
    sed "s/^From:.*/From: <$1>/; s/^Message-ID:.*/Message-ID: <$(
      random_name 20
    )@localhost>/"
}

# swaks_at HOST ARGUMENT...: from there; the message is standard input. The
# whole conversation goes to the file `spoken`, and the reply that decided to
# the file `reply`.
swaks_at() {
  local host=$1
  shift
  on "$host" swaks --suppress-data --data - "$@" >spoken 2>&1 || true
  sed -n 's/^<\(\*\*\|~\*\|~ \|- \) //p' spoken | grep -v '^221' |
    tail -n 1 >reply
}

# to_relay RELAY FROM TO [ARGUMENT...]: what a stranger's server would do.
to_relay() {
  swaks_at "${from_host:-classic}" --server "$1.example" --tls --from "$2" \
    --to "$3" --helo classic.example "${@:4}"
}

# submit RELAY FROM TO: as the user of `account`, over the submission port.
submit() {
  swaks_at "$1" --server "$1.example:465" --tls-on-connect --from "$2" \
    --to "$3" --auth PLAIN --auth-user "$user@$1.example" \
    --auth-password "$password" "${@:4}"
}

# replied WHAT TEXT: what the last conversation ended with begins so.
replied() {
  case $(cat reply) in
  "$2"*) ;;
  *) fail "$1: got \"$(cat reply)\", not \"$2\"" ;;
  esac
}

# write_letters ADDRESS SECONDS: numbered letters of a stranger, one after each
# pause, until the file `enough` is there. They wait in his queue, or in ours
# for Dovecot, while nobody serves. What was sent is in `written`.
write_letters() {
  local i
  for ((i = 1; i <= 2000; i++)); do
    [ ! -e enough ] || break
    letter carol@classic.example "$1" "letter $i." |
      sign classic.example mail |
      on classic sendmail -i -f carol@classic.example "$1"
    echo "letter $i." >>written
    sleep "$2"
  done
}

# have_letters_come HOST DOMAIN USER: all of them, once each.
have_letters_come() {
  on classic postqueue -f
  on "$1" postqueue -f
  sed -n 's/^Subject: //p' "$(host_tree "$1")/home/vmail/mail/$2.example/$3@$2.example/new"/* |
    sed 's/\r$//' | sort >come
  sort written | cmp -s - come
}
