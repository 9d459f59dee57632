#!/bin/bash
# Who on this machine reaches which socket of a relay: each process those that
# its work needs, and no others. Only the ports for users and for other relays
# are on the network.
. "$(dirname "$0")/up-lib.sh"
address=127.0.8.251

up r "$address"
says out 'runs.'

# What each of these users may connect to, below r.
allowed() {
  case $1 in
  vmail)
    echo run/chatmail-metadata/metadata.socket run/doveauth/login/{auth,imap} \
      run/doveauth/master/auth run/doveauth/{filter,smtp}/* \
      run/dovecot/quota-warning \
      run/lastlogin/lastlogin.socket \
      spool/postfix/public/{cleanup,cleanup-outgoing,flush,pickup,postlog} \
      spool/postfix/public/{qmgr,showq}
    # Of Dovecot 2.4, where lmtp, which is vmail, asks it.
    case $(dovecot --version) in 2.3.*) ;; *) echo run/dovecot/anvil ;; esac
    ;;
  postfix)
    echo run/doveauth/smtp/* run/filtermail/{incoming,outgoing} run/mxsend/* \
      run/mxsend/to/* spool/postfix/filter/{incoming,outgoing} spool/postfix/private/* \
      spool/postfix/public/*
    ;;
  filtermail) echo run/doveauth/filter/recipients \
    run/filtermail/{incoming,outgoing} \
    spool/postfix/filter/{incoming,outgoing} ;;
  www-data)
    echo run/fcgiwrap/fcgiwrap.sock run/mxdeliv/http.socket run/nginx/*
    ;;
  newemail) echo run/fcgiwrap/fcgiwrap.sock ;;
  mailproxy) echo run/mailproxy/* ;;
  # Of Postfix's group, as who may hand mail to the filter.
  mxdeliv)
    echo run/mxdeliv/http.socket run/filtermail/{incoming,outgoing} \
      run/doveauth/smtp/* run/mxsend/*
    ;;
  mxsend) echo run/mxsend/* run/mxsend/to/* ;;
  dovenull) echo run/doveauth/login/{auth,imap} run/dovecot/login/* ;;
  # What its master lets all of its own programs do.
  dovecot) echo run/dovecot/* ;;
  nobody | _runit-log) ;;
  esac
}

# reached USER [GROUP...]: the sockets that they may write to, by the kernel.
reached() {
  local user=$1 groups=(--init-groups)
  shift
  [ $# = 0 ] || groups=(--groups "$(printf '%s,' "$@" | sed 's/,$//')")
  find r -type s | setpriv --reuid "$user" --regid "$(id -g "$user")" \
    "${groups[@]}" sh -c '
      while IFS= read -r path; do
        [ ! -w "$path" ] || echo "${path#r/}"
      done'
}

echo '-- sockets of files'
[ "$(find r -type s | wc -l)" -gt 40 ] || fail 'hardly any sockets'
# check USER [GROUP...]
check() {
  (cd r && allowed "$1") | tr ' ' '\n' | sort >may
  reached "$@" | sort >reaches
  too_many=$(comm -13 may reaches)
  [ -z "$too_many" ] || fail "$1 reaches" "$too_many"
}

for user in nobody www-data dovenull dovecot postfix filtermail newemail \
  mailproxy mxsend _runit-log; do
  check "$user"
done
check mxdeliv "$(id -g mxdeliv)" "$(id -g postfix)"
# As chatmail-metrics runs, which asks Postfix about its queues.
check vmail "$(id -g vmail)" "$(getent group postdrop | cut -d: -f3)"
# So that these are seen to be asked at all:
while read -r user socket; do
  reached "$user" | grep -qx "$socket" || fail "$user does not reach $socket"
done <<END
postfix run/filtermail/outgoing
postfix run/doveauth/smtp/auth
filtermail spool/postfix/filter/outgoing
www-data run/fcgiwrap/fcgiwrap.sock
END

echo '-- none without a file, and no folder that others can fill'
# Flags of /proc/net/unix: 00010000 listens.
abstract=$(awk '$4 == "00010000" && $8 ~ /^@/ { print $8 }' /proc/net/unix)
[ -z "$abstract" ] || fail "no file has $abstract"
open=$(find r -perm /002 ! -type l ! -type s ! -path '*/maildrop')
[ -z "$open" ] || fail 'everybody writes into' "$open"
# Root follows no link that the owner of the folder can put there.
[ "$(stat -c '%U:%G %a' r/run/nginx)" = 'root:www-data 750' ] ||
  fail "$(stat r/run/nginx)"

echo '-- ports'
ss -tlnH | awk '{ print $4 }' | sort >have
# Postfix takes another way out by a port only: 10083. At the others nginx
# tells a client's address.
printf "$address:%s\n" 10024 10083 10587 10993 11025 11143 11465 11587 11993 25 80 143 443 \
  465 587 993 | sort >want
diff want have || fail 'other ports listen'
[ -z "$(ss -ulnH)" ] || fail "$(ss -ulnH)"

echo '-- users of their own'
# service USER
while read -r service user; do
  got=$(stat -c %U "/proc/$(pid r "$service")")
  [ "$got" = "$user" ] || fail "$service is $got, not $user"
done <<END
doveauth vmail
lastlogin vmail
chatmail-metadata vmail
filtermail-outgoing filtermail
filtermail-incoming filtermail
fcgiwrap newemail
END
run 0 status --dir r
says_not out '? log of'
done_testing
