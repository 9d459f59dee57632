#!/bin/bash
# A certificate that somebody else renews: links, renamed links and swapped
# folders are noticed, and what is no pair is not taken.
set -eu
folder=$(dirname "$(readlink -f "$0")")/../../cmdeploy/components/tls
program=$folder/watch-certificate
cd "${TEST_DIR:?}"
pid=
n=0
# shellcheck disable=SC2329
finish() {
  [ -z "$pid" ] || kill "$pid"
}
trap finish EXIT

fail() {
  printf '%s\n' "$*"
  exit 1
}

# pair FOLDER: a new certificate and its key.
pair() {
  mkdir -p "$1"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
    -days 30 -subj "/CN=$1" -keyout "$1/key" -out "$1/chain" 2>/dev/null
}

# serves FOLDER: within seconds the copy is that pair.
serves() {
  cat "$1/key" "$1/chain" >wanted
  for _ in $(seq 150); do
    ! cmp -s wanted copy || return 0
    sleep 0.1
  done
  fail "the pair of $1 was not taken: $(cat log)"
}

# keeps FOLDER: it was looked at, refused, and the copy is still that pair.
keeps() {
  for _ in $(seq 150); do
    [ "$(grep -c 'no-valid-pair' log || true)" = "$n" ] || break
    sleep 0.1
  done
  [ "$(grep -c 'no-valid-pair' log)" -gt "$n" ] || fail 'nothing was refused'
  n=$(grep -c 'no-valid-pair' log)
  cat "$1/key" "$1/chain" | cmp -s - copy || fail "$1 is not served any more"
}

for name in one two three four five; do
  pair "$name"
done
ln -s one live
"$program" live/chain live/key copy touch reloaded 2>log &
pid=$!

serves one
[ "$(stat -c %a copy)" = 600 ] || fail "others may read it: $(stat -c %a copy)"
ln -s two new-live
mv -T new-live live
serves two
[ -e reloaded ] || fail 'the servers were not told'

echo '-- files that are links, and such a link renamed'
rm live
mkdir live
cp three/* live
serves three
ln -s ../four/key live/key.new
mv live/key.new live/key
keeps three
ln -s ../four/chain live/chain.new
mv live/chain.new live/chain
serves four

echo '-- a folder that is swapped, and what is no certificate'
cp -a five saved
mv live old
mv five live
serves saved
rm live/chain
keeps saved
cp saved/key live/chain
keeps saved
