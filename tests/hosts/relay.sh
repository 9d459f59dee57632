# relay.sh - relays on hosts, as an operator sets them up; sourced.
#
# The operator's folder of a relay is $BED/op/NAME, with its chatmail.ini.
# shellcheck shell=bash

# The unit of Postfix itself: before Debian 13, postfix.service starts nothing.
postfix_unit=postfix
[ "$RELEASE" != 12 ] || postfix_unit=postfix@-

# set_key FILE KEY VALUE: in a chatmail.ini.
set_key() {
  sed -i "s|^#* *$2 *=.*|$2 = $3|" "$1"
  grep -q "^$2 = $3\$" "$1" || fail "$2 is not in $1"
}

# deploy NAME [OPTION...]: cmdeploy run in the operator's folder; what it
# says goes to the file `said`, and how many milliseconds it took to $took.
deploy() {
  local name=$1 status=0 start
  shift
  start=$(date +%s%3N)
  (cd "$BED/op/$name" && "${CMDEPLOY:?}" run "$@") >said 2>&1 </dev/null ||
    status=$?
  took=$(($(date +%s%3N) - start))
  return "$status"
}

# relay_settings NAME [DOMAIN]: from `cmdeploy init`, with our authority.
relay_settings() {
  local ini=$BED/op/$1/chatmail.ini
  mkdir -p "$BED/op/$1"
  "$CMDEPLOY" init "${2:-$1.example}" --ini "$ini" >/dev/null
  set_key "$ini" acme_directory https://acme.example:14000/dir
  set_key "$ini" acme_email "operator@$1.example"
  # A busy machine makes accounts, too.
  set_key "$ini" max_load_1m 100000
  # What strangers write in these tests can be read by who looks for it.
  set_key "$ini" filter_incoming false
}

# records NAME [OPTION...]: what cmdeploy dns says of it, into `records`.
records() {
  (cd "$BED/op/$1" && CMDEPLOY_DNS_ROOT=$name_server4 "$CMDEPLOY" dns \
    "${@:2}") >records 2>&1 </dev/null
}

# publish NAME: the records that cmdeploy wants, as it writes them.
publish() {
  # Not all of them are there yet, which its status tells.
  records "$1" --zonefile zone || true
  zone_put "$1" <"$BED/op/$1/zone"
}

make_relay() {
  host_up "$1"
  zone_relay "$1"
  relay_settings "$1"
  deploy "$1" || {
    echo "cmdeploy run for $1:"
    cat said
    return 1
  }
  publish "$1"
}

# once NAME FUNCTION: the first test that wants it makes it, others wait.
once() {
  mkdir -p "$BED/op"
  (
    flock 8
    [ ! -e "$BED/op/$1.there" ] || exit 0
    [ ! -e "$BED/op/$1.failed" ] || {
      echo "$1 could not be set up; see the first test that wanted it"
      exit 1
    }
    : >"$BED/op/$1.failed"
    heavy "$2" "$1"
    mv "$BED/op/$1.failed" "$BED/op/$1.there"
  ) 8>>"$BED/op/$1.lock"
}

# relay NAME: there is one now.
relay() {
  once "$1" make_relay
}

# link NAME [ADDRESS]: for core, an account with a random name there.
link() {
  local user password host=${2:-$1.example}
  user=$(random_name 9)
  password=$(random_name 22)
  printf 'dclogin:%s@%s.example?p=%s&v=1&ih=%s&sh=%s&ic=3' \
    "$user" "$1" "$password" "$host" "$host"
}

random_name() {
  tr -dc a-z0-9 </dev/urandom | head -c "$1" || true
}

# chat NAME NAME: people of two relays write to each other.
chat() {
  mkdir "talk-$1-$2"
  "$BUILD_DIR/tests/hosts/talk" "$PWD/talk-$1-$2" "$(link "$1")" \
    "$(link "$2")" >talked 2>&1 ||
    fail "$1 and $2 do not chat:" "$(tail -n 3 talked)"
}

# pin NAME: the public key of the certificate that clients of NAME.example see.
pin() {
  openssl s_client -connect "$1.example:993" -servername "$1.example" \
    </dev/null 2>/dev/null | openssl x509 -noout -pubkey
}
