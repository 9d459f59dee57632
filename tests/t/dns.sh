#!/bin/bash
# cmdeploy dns against real name servers: what is right, missing or wrong.
here=$(dirname "$(readlink -f "$0")")
. "$here/dns-lib.sh"
dns_apart
. "$here/up-lib.sh"
trap dns_end EXIT
dns_network
dns_key
key=$(dns_public)
relays='good lax wrong bare big glueless dead stale'
head=${key:0:200} tail=${key:200}

for name in $relays; do
  run 0 init "$name.test" --ini "$name.ini"
  sed -i 's|^#* *tls_external_cert_and_key =.*|tls_external_cert_and_key = /cert /key|' \
    "$name.ini"
done

for name in good forbid free; do
  run 0 init "$name.other" --ini "other-$name.ini"
done

echo '-- a zone file, before there is any server'
run 1 dns --ini good.ini --ssh-host @local --zonefile good.records
says err 'nobody answers for the root servers: 127.0.9.1: Connection refused'
says good.records 'good.test. 3600 IN A 198.51.100.7'
says good.records 'good.test. 3600 IN AAAA 2001:db8::7'

dns_zone '' <<END
@ NS ns.root.
ns.root. A 127.0.9.1
test. NS ns.test.
ns.test. A 127.0.9.2
other. NS ns.other.
ns.other. A 127.0.9.4
END
dns_zone test <<END
@ NS ns
ns A 127.0.9.2
good NS ns.good
ns.good A 127.0.9.3
lax NS a.lax
lax NS b.lax
lax NS c.lax
a.lax A 127.0.9.9
b.lax A 127.0.9.8
c.lax A 127.0.9.3
wrong NS ns.wrong
ns.wrong A 127.0.9.3
bare NS ns.bare
ns.bare A 127.0.9.4
ns.bare A 127.0.9.3
big NS ns.big
ns.big A 127.0.9.3
glueless NS ns.far.other.
dead NS a.dead
a.dead A 127.0.9.9
stale NS a.stale
stale NS b.stale
stale NS c.stale
a.stale A 127.0.9.3
b.stale A 127.0.9.4
c.stale A 127.0.9.2
@ CAA 0 issue "other.test"
END
dns_zone other <<END
@ NS ns
ns A 127.0.9.4
ns.far A 127.0.9.3
web CNAME lax.test.
good CAA 0 issue "letsencrypt.org; accounturi=https://ca.test/acct/1"
forbid CAA 0 issue "letsencrypt.org; accounturi=https://ca.test/acct/2"
free A 198.51.100.7
key TXT "v=DKIM1; t=s; s=* ; k=rsa; " "p=$head" " $tail"
END
dns_zone good.test <<END
@ NS ns
ns A 127.0.9.3
\$INCLUDE $PWD/good.records
END
dns_zone glueless.test <<END
@ NS ns.far.other.
@ A 198.51.100.7
END
dns_zone old.test <<END
@ NS a
END
sed 's/ 1 300/ 4294967295 300/; s/old.test/stale.test/' zones/old.test.zone \
  >zones/old.zone
dns_zone stale.test <<END
@ NS a
@ NS b
a A 127.0.9.3
b A 127.0.9.4
END
dns_zone dead.test <<END
@ NS a
END
dns_zone lax.test <<END
@ NS a
@ NS b
@ NS c
a A 127.0.9.9
b A 127.0.9.8
c A 127.0.9.3
@ A 198.51.100.7
@ MX 50 LAX.test.
_mta-sts TXT " v=STSv1 ;" " id=20240101 ; "
mta-sts A 198.51.100.7
www CNAME web.other.
autoconfig CNAME web.other.
opendkim._domainkey CNAME key.other.
@ TXT "some other text"
@ TXT "V=SPF1  +a" "   -all"
_dmarc TXT "v=DMARC1; aspf=s ;p = Reject; adkim=s; rua=mailto:a@lax.test"
_adsp._domainkey TXT "dkim=discardable"
_submission._tcp SRV 5 0 587 lax.test.
_submissions._tcp SRV 0 1 465 lax.test.
_imap._tcp SRV 0 1 143 Lax.Test.
_imaps._tcp SRV 0 1 993 lax.test.
END
dns_zone wrong.test <<END
@ NS ns
ns A 127.0.9.3
@ A 203.0.113.9
@ AAAA 2001:db8::9
@ MX 10 wrong.test.
@ MX 20 mx.other.
_mta-sts TXT "v=STSv1"
www CNAME nowhere.other.
mta-sts A 203.0.113.10
autoconfig A 203.0.113.10
opendkim._domainkey TXT "v=DKIM1;k=rsa;p=MIIB;s=email;t=s"
@ TXT "v=spf1 a ~all"
@ TXT "v=spf1 mx ~all"
_dmarc TXT "v=DMARC1;p=none"
_imaps._tcp SRV 0 1 993 other.test.
END
dns_zone bare.test <<END
@ NS ns
ns A 127.0.9.3
@ A 198.51.100.7
@ MX 10 bare.test.
_mta-sts TXT "v=STSv1; id=1"
mta-sts CNAME bare.test.
www CNAME bare.test.
opendkim._domainkey TXT "p=$head" "$tail"
END
filler=$(printf '%0250d' 0)
dns_zone big.test <<END
@ NS ns
ns A 127.0.9.3
@ A 198.51.100.7
www CNAME www2
www2 CNAME www
@ TXT "v=spf1 a ~all"
@ TXT "1" "$filler" "$filler" "$filler"
@ TXT "2" "$filler" "$filler" "$filler"
END

# relay_zones LINE: the configuration of all relays' zones.
relay_zones() {
  local name
  for name in $relays; do
    printf '  - domain: %s.test\n    %s\n' "$name" "$1"
  done
}

dns_knot primary 127.0.9.6 < <(relay_zones 'acl: fetch')
dns_loaded primary 8
dns_knot relays 127.0.9.3 relays < <(relay_zones 'master: primary')
ip address add 198.41.0.4/32 dev lo
dns_knot root 127.0.9.1 zones 198.41.0.4 <<END
  - domain: .
    file: root.zone
END
dns_knot test 127.0.9.2 <<<'  - domain: test'
dns_knot other 127.0.9.4 <<END
  - domain: other
  - domain: stale.test
    file: old.zone
END
for name in root test; do dns_loaded "$name" 1; done
dns_loaded other 2
dns_loaded relays 8
dns_silent 127.0.9.8

# ask STATUS NAME
ask() {
  echo "-- $2"
  run "$1" dns --ini "$2.ini" --ssh-host @local
}

# shows VERDICT TYPE NAME TEXT
shows() {
  grep -qE "^  $1 +$2 +$3 +.*$4" out ||
    fail "no \"$1 $2 $3 $4\":" "$(cat out)"
}

ask 0 good
says out 'as told by ns.good.test (127.0.9.3), which serves good.test'
says out 'All records are right.'
says_not out ' IN '
says_not out 'name servers'

echo '-- on the relay itself, whose name need not be asked for by ssh'
mkdir var.new var.work
mount -t overlay overlay \
  -o "lowerdir=/var/lib,upperdir=$PWD/var.new,workdir=$PWD/var.work" /var/lib
mkdir -p /var/lib/chatmail
export CMDEPLOY_SSH=/bin/false
echo other.test >/var/lib/chatmail/mail_domain
run 1 dns --ini good.ini
says err 'good.test: '
echo good.test >/var/lib/chatmail/mail_domain
run 0 dns --ini good.ini
says out 'All records are right.'
run 1 dns --ini good.ini --ssh-host good.test
says err 'good.test: '

begun=$SECONDS
ask 4 lax
[ $((SECONDS - begun)) -lt 8 ] || fail "took $((SECONDS - begun)) s"
says out 'as told by c.lax.test (127.0.9.3)'
says out '? a.lax.test (127.0.9.9) does not answer'
says out '? b.lax.test (127.0.9.8) does not answer'
shows missing AAAA lax.test 'IPv6 address'
shows right CNAME www.lax.test 'web.other. -> lax.test. -> 198.51.100.7'
shows right CNAME mta-sts.lax.test 198.51.100.7
shows right TXT opendkim._domainkey.lax.test 'key.other. -> '
[ "$(grep -c '^  right ' out)" = 14 ] || fail 'more is not right:' "$(cat out)"
[ "$(grep ' IN ' out)" = 'lax.test. 3600 IN AAAA 2001:db8::7' ] ||
  fail 'other lines:' "$(cat out)"
says out 'All required records are right; 1 recommended record is not right.'

ask 1 wrong
shows wrong A wrong.test "203.0.113.9 is not an address of the host; it has 198.51.100.7"
shows wrong AAAA wrong.test "2001:db8::9 is not an address of the host"
shows wrong MX wrong.test '"20 mx.other" sends mail elsewhere'
shows wrong TXT _mta-sts.wrong.test 'no id'
shows wrong CNAME mta-sts.wrong.test 'resolves to 203.0.113.10'
shows wrong CNAME www.wrong.test 'an alias of nowhere.other, which has no'
shows wrong TXT opendkim._domainkey.wrong.test 'not that of the host'
shows wrong TXT wrong.test 'several such records'
shows wrong TXT _dmarc.wrong.test '"v=DMARC1;p=none"'
shows wrong SRV _imaps._tcp.wrong.test 'points elsewhere'
says out 'wrong.test. 3600 IN MX 10 wrong.test.'
grep -qxF "v=DKIM1;k=rsa;p=$key;s=email;t=s" out || fail 'no key in one string'
says out 'public_addresses'
shows wrong CNAME autoconfig.wrong.test 'resolves to 203.0.113.10'
says out '7 required and 8 recommended records are not right.'

ask 4 bare
shows right TXT opendkim._domainkey.bare.test 'p='
shows missing TXT bare.test SPF
says out 'All required records are right; 9 recommended records are not right.'

ask 1 big
shows right TXT big.test spf1
shows unknown CNAME www.big.test 'aliases point to aliases'

ask 1 glueless
says out 'as told by ns.far.other (127.0.9.3), which serves glueless.test'
shows right A glueless.test 198.51.100.7

ask 1 stale
says out '? b.stale.test (127.0.9.4) has an old state of the zone: 4294967295, not 1'
says out '? c.stale.test (127.0.9.2) does not serve the zone'
says_not out '? a.stale.test'

ask 1 dead
says err 'nobody answers for dead.test: a.dead.test (127.0.9.9): Connection refused'

echo '-- a proxy in front'
cp wrong.ini proxy.ini
sed -i 's|^#* *public_addresses =.*|public_addresses = 203.0.113.9 2001:db8::9|' \
  proxy.ini
ask 1 proxy
shows right A wrong.test 203.0.113.9
shows right AAAA wrong.test 2001:db8::9

echo '-- as cmdeploy test tries it, from outside'
for name in good bare wrong big; do
  echo "198.51.100.7 $name.test" >>/etc/hosts
done
echo '2001:db8::7 good.test' >>/etc/hosts
for name in good bare; do
  run 0 test --ini "$name.ini" -k names/records
done
run 1 test --ini wrong.ini -k names/records --junit faults.xml
says out 'FAIL names/records'
says faults.xml 'wrong.test MX: wrong (now 10 wrong.test., 20 mx.other.): '
says faults.xml '_mta-sts.wrong.test TXT: wrong'
says_not faults.xml '_domainkey'
says out 'cmdeploy dns'
run 1 test --ini big.ini -k names/records --junit faults.xml
says faults.xml 'big.test MX: missing'
says faults.xml 'opendkim._domainkey.big.test TXT: missing'
run 0 test big.test -k names/records
says out 'more names/records'

echo '-- CAA records, with an account that only a running relay has'
caa() {
  sed 's|^tls_external_cert_and_key|#&|' "$1.ini" >caa.ini
  "${BUILD_DIR:?}/tests/dns-way" caa.ini https://ca.test/acct/1 >out ||
    fail 'dns-way:' "$(cat out)"
}
caa other-good
says out "good.other CAA right"
caa bare
says out "bare.test CAA grave: that of test holds here, too, and forbids"
caa other-forbid
says out "forbid.other CAA grave: it forbids the host's account"
caa other-free
says out "free.other CAA missing"

echo '-- before a run'
way() {
  local got=0
  "${BUILD_DIR:?}/tests/dns-way" "$2.ini" >out 2>err || got=$?
  [ "$got" = "$1" ] || fail "dns-way $2: status $got:" "$(cat out err)"
}
way 0 good
way 0 lax
way 1 wrong
says out "wrong.test A: wrong (now 203.0.113.9): 203.0.113.9 is not an address of the host"
says out 'mta-sts.wrong.test. 3600 IN CNAME wrong.test.'
says_not out MX
way 1 dead
says err 'nobody answers for dead.test'
way 1 glueless
says out 'www.glueless.test CNAME: missing'

echo '-- an alias that a relay may have'
# alias NAME TEXT
alias() {
  "${BUILD_DIR:?}/tests/dns-way" "$1.ini" --alias autoconfig >out 2>err || true
  says out "autoconfig $2"
}
alias good 'points here'
alias lax 'points here'
alias wrong 'points elsewhere'
alias bare 'points elsewhere, or nowhere'
sed 's|^#* *public_addresses =.*|public_addresses = 192.0.2.99|' good.ini \
  >moved.ini
alias moved 'points elsewhere'
alias dead 'unknown'
says err 'nobody answers for dead.test'

echo '-- from the root of the world, which here is a server of ours'
unset CMDEPLOY_DNS_ROOT
ask 0 good
says out 'as told by ns.good.test (127.0.9.3), which serves good.test'
ask 1 dead

echo '-- where no question gets out: the resolver'
ip address del 198.41.0.4/32 dev lo
rm -f /etc/resolv.conf
echo 'nameserver 127.0.9.3' >/etc/resolv.conf
begun=$SECONDS
ask 0 good
[ $((SECONDS - begun)) -lt 5 ] || fail "took $((SECONDS - begun)) s"
says out 'as told by 127.0.9.3, a resolver of this machine'
: >/etc/resolv.conf
run 1 dns --ini good.ini --ssh-host @local
says err '/etc/resolv.conf names no nameserver'

echo '-- what is not a question of DNS'
run 0 init 127.0.9.20 --ini ip.ini
run 0 dns --ini ip.ini --ssh-host @local
says out 'needs no DNS records'
run 1 dns --ini nothing.ini --ssh-host @local
says err 'nothing.ini: No such file'
run 1 dns --ini good.ini --ssh-host @local --zonefile no/such/folder
says err 'no/such/folder'
CMDEPLOY_DNS_ROOT=ns.root run 1 dns --ini good.ini --ssh-host @local
says err 'CMDEPLOY_DNS_ROOT: "ns.root": give ADDRESS'
done_testing
