# infra.sh - the host `infra`, which is all the internet that the others
# have: the servers of a signed root zone (knot), a certificate authority
# that speaks ACME (pebble), and Debian's packages (nginx). Sourced.
# shellcheck shell=bash
infra=$tests/infra

infra_certify() {
  logged openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
    -nodes -days 30 "$@"
}

# What infra itself serves by TLS has an authority of its own, since
# pebble's is a new one whenever it starts.
infra_authority() {
  mkdir -p "$1"
  infra_certify -subj '/CN=bed authority' -keyout "$1/authority.key" \
    -out "$1/authority.pem"
  infra_certify -subj '/CN=acme.example' -keyout "$1/acme.key" \
    -out "$1/acme.pem" -addext 'subjectAltName=DNS:acme.example' \
    -addext 'basicConstraints=critical,CA:FALSE' \
    -CA "$1/authority.pem" -CAkey "$1/authority.key"
}

infra_files() {
  local root=$1 units=$1/etc/systemd/system
  infra_authority "$root/etc/bed"
  cp "$infra/pebble.json" "$root/etc/bed/"
  cp "$infra/pebble.service" "$units/"
  cp "$infra/nginx.conf" "$root/etc/nginx/nginx.conf"
  cp "$infra/knot.conf" "$root/etc/knot/knot.conf"
  zones_write "$root/var/lib/knot" >>"$root/etc/knot/knot.conf"
  chroot "$root" chown -R knot:knot /var/lib/knot
  mkdir -p "$units/multi-user.target.wants"
  for unit in knot nginx pebble; do
    ln -s "/lib/systemd/system/$unit.service" \
      "$units/multi-user.target.wants/"
  done
}

# Whom the hosts trust: root key, and certificate authorities.
infra_trust() {
  local own=$BED/common/usr/local/share/ca-certificates
  local all=$BED/common/etc/ssl/certs
  mkdir -p "$own" "$all" "$BED/common/usr/share/dns"
  cp "$(host_tree infra)/etc/bed/authority.pem" "$own/bed-authority.crt"
  curl -sS --cacert "$own/bed-authority.crt" \
    https://acme.example:15000/roots/0 >"$own/bed-acme.crt"
  cat "$BUILD_DIR/hosts/$RELEASE/bare/etc/ssl/certs/ca-certificates.crt" \
    "$own"/*.crt >"$all/ca-certificates.crt"
  on infra keymgr . ds | sed -n 's/^\. DS \(.* 2 .*\)/. IN DS \1/p' \
    >"$BED/common/usr/share/dns/root.key"
  printf '%s 3600000 %s %s\n' . NS ns.example. \
    ns.example. A "$name_server4" ns.example. AAAA "$name_server6" \
    >"$BED/common/usr/share/dns/root.hints"
}

# The resolver of a relay begins at our root; else it is as it comes.
infra_resolver() {
  local dir=$BED/common/etc/unbound/unbound.conf.d
  mkdir -p "$dir"
  printf 'server:\n  root-hints: /usr/share/dns/root.hints\n' >"$dir/bed.conf"
}

# infra_sources RELEASE: where hosts get their packages from.
infra_sources() {
  sed 's,^\([^ ]*\) [^ ]* \(.*\),deb http://apt.example/\1 \2 main,' \
    "$BUILD_DIR/hosts/$1/archives"
}

infra_packages() {
  mkdir -p "$BED/common/etc/apt"
  infra_sources "$RELEASE" >"$BED/common/etc/apt/sources.list"
  infra_sources 12 >"$BED/old-sources"
}

# One mirror, whatever releases there are.
infra_mirror() {
  local all=$BUILD_DIR/hosts/12/apt
  mkdir "$BED/apt"
  if [ "$RELEASE" = 12 ]; then
    mount --bind "$all" "$BED/apt"
  else
    mount -t overlay overlay "$BED/apt" \
      -o "lowerdir=$BUILD_DIR/hosts/$RELEASE/apt:$all"
  fi
}

infra_up() {
  infra_mirror
  host_create infra
  infra_files "$(host_tree infra)"
  host_start infra
  until_ok 20 ask acme.example A
  until_ok 20 curl -sSo /dev/null http://apt.example/
  until_ok 20 curl -sSko /dev/null https://acme.example:14000/dir
  infra_trust
  infra_resolver
  infra_packages
}
