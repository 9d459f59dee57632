# up-lib.sh - what the tests of `cmdeploy up` share; sourced, not run.
# shellcheck shell=bash disable=SC2034
#
# Their addresses are fixed, and no others have them: tests/run gives each
# test a network of its own.
# shellcheck source=tests/t/lib.sh
. "${BASH_SOURCE[0]%/*}/lib.sh"
shopt -s nullglob
running=()

# Whatever happens, no relay stays behind.
finish() {
  for dir in "${running[@]}"; do
    "$cmdeploy" down --dir "$dir" >/dev/null 2>&1 || true
  done
}
trap finish EXIT

# up DIR [ARGUMENT...]: in the background.
up() {
  local dir=$1
  shift
  running+=("$dir")
  run 0 up --dir "$dir" --detach "$@"
}

# settings DIR ADDRESS: chatmail.ini, with which a busy machine makes accounts.
settings() {
  mkdir -p "$1"
  run 0 init "$2" --ini "$1/chatmail.ini"
  set_key "$1" max_load_1m 100000
}

# set_key DIR KEY VALUE
set_key() {
  sed -i "s/^#* *$2 =.*/$2 = $3/" "$1/chatmail.ini"
  grep -q "^$2 = $3\$" "$1/chatmail.ini" || fail "$2 is not in $1/chatmail.ini"
}

# pid DIR SERVICE
pid() {
  "$cmdeploy" status --dir "$1" |
    sed -n "s/^  $2 .* pid \([0-9]*\) .*/\1/p"
}

# answers ADDRESS PORT: waits until it does, after a restart.
answers() {
  for _ in $(seq 200); do
    ! (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null || return 0
    sleep 0.05
  done
  fail "port $2 does not answer"
}

# imap ADDRESS USER PASSWORD: what the server says to a login. LOGOUT waits for
# that: it would overtake an answer that is late.
imap() {
  local said
  said=$(mktemp "$PWD/imap-XXXXXX")
  {
    printf 'a LOGIN "%s" "%s"\r\n' "$2" "$3"
    for _ in $(seq 180); do
      ! grep -qE '^(a |\* BYE)' "$said" || break
      sleep 0.1
    done
    printf 'b LOGOUT\r\n'
  } | timeout 20 openssl s_client -quiet -verify_quiet -connect "$1:993" \
    2>/dev/null >"$said" || true
  tr -d '\r' <"$said" | sed -n 's/^a //p'
  rm "$said"
}
