#!/bin/bash
# cmdeploy dns for a host that is reached by ssh, and cmdeploy run, which
# wants the records to point there.
here=$(dirname "$(readlink -f "$0")")
. "$here/dns-lib.sh"
dns_apart
dns_network
. "$here/remote-lib.sh"
export CMDEPLOY_DNS_ROOT=127.0.9.1:$dns_port
trap 'dns_end; finish' EXIT
start_bed
there mkdir -p /etc/dkimkeys
there openssl genrsa -out /etc/dkimkeys/opendkim.private 2048 2>/dev/null
key=$(there openssl pkey -in /etc/dkimkeys/opendkim.private -pubout \
  -outform DER | base64 -w 0)

dns_zone '' <<END
@ NS ns
ns A 127.0.9.1
good.test A 198.51.100.7
mta-sts.good.test CNAME good.test.
www.good.test CNAME good.test.
opendkim._domainkey.good.test TXT "v=DKIM1;k=rsa;p=${key:0:100}" "${key:100}"
bad.test A 203.0.113.7
END
dns_knot root 127.0.9.1 <<END
  - domain: .
    file: root.zone
END
dns_loaded root 1

echo '-- what the host knows'
for user in bed bed-op; do
  run 0 init good.test --ini "$user.ini"
  run 1 dns --ini "$user.ini" --ssh-host "$user" --zonefile zone
  grep -qE '^  right +TXT +opendkim._domainkey.good.test ' out ||
    fail "no key of $user:" "$(cat out)"
  grep -qE '^  right +A +good.test +198.51.100.7$' out ||
    fail "no address of $user:" "$(cat out)"
  grep -qE '^  not yet +CAA +good.test +the host has no ACME account yet' out ||
    fail "an account of $user:" "$(cat out)"
  says zone "opendkim._domainkey.good.test. 3600 IN TXT \"v=DKIM1;k=rsa;p=$(
    printf %.20s "$key")"
done
run 1 dns --ini bed.ini --ssh-host nobody.invalid
says err nobody.invalid

echo '-- a run for a domain that points there, and for one that does not'
run 1 run --ini bed.ini --ssh-host bed
says out 'check     nothing is in the way'
says err 'Failed to connect to bus'
run 0 init bad.test --ini bad.ini
run 1 run --ini bad.ini --ssh-host bed
says err 'DNS does not point to bed'
says err "bad.test A: wrong (now 203.0.113.7): 203.0.113.7 is not an address of the host"
says err 'bad.test. 3600 IN A 198.51.100.7'
says err 'mta-sts.bad.test. 3600 IN CNAME bad.test.'
says_not out package
run 1 run --ini bad.ini --ssh-host bed --skip-dns-check
says err 'Failed to connect to bus'

echo '-- nobody to ask'
CMDEPLOY_DNS_ROOT=127.0.9.9:1 run 1 run --ini bed.ini --ssh-host bed
says out 'dns       not checked: nobody answers for the root servers'
says err 'Failed to connect to bus'

echo '-- status over ssh'
run 3 status --ssh-host bed
says err 'this server is not a relay yet'
run 1 status --ssh-host nobody.invalid
says err nobody.invalid
done_testing
