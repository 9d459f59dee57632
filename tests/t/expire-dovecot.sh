#!/bin/bash
# A mailbox of 10 MB takes 80 messages of 600 KB, one after the other, from
# a real Dovecot that warns chatmail-expire: none is refused, none of the
# latest is missing, and Dovecot agrees about what is there. Then strangers
# flood another one, with large messages, with many, and from many addresses:
# what friends have sent stays.
set -eu
program=${BUILD_DIR:?}/chatmaild/expire/chatmail-expire
export PATH=$PATH:/usr/sbin:/sbin
# Below a folder that everybody may enter: mail is not root's.
dir=$(mktemp -d /tmp/chatmail-expire.XXXXXX)
pid=
# shellcheck disable=SC2329
stop() {
  [ -z "$pid" ] || { kill "$pid" && wait "$pid" || true; }
  rm -rf "$dir"
}
trap stop EXIT
trap 'exit 1' TERM INT
chmod 755 "$dir"
mkdir "$dir"/{mail,run,state}
cp "$program" "$dir/chatmail-expire"
chown nobody "$dir/mail"
uid=$(id -u nobody)
gid=$(id -g nobody)

cat >"$dir/chatmail.ini" <<END
[params]
mail_domain = x.test
mailboxes_dir = $dir/mail
max_mailbox_size = 10M
max_mailbox_messages = 200
max_message_size = 1M
END
# What both Dovecots understand, and what is said in other words.
conf_both() {
  cat <<END
protocols =
base_dir = $dir/run
state_dir = $dir/state
instance_name = expire-$$
log_path = $dir/log
ssl = no
stats_writer_socket_path =
mail_uid = $uid
mail_gid = $gid
first_valid_uid = $uid
last_valid_uid = $uid
first_valid_gid = $gid
namespace inbox {
  inbox = yes
}
service quota-warning {
  executable = script $dir/chatmail-expire $dir/chatmail.ini --mailbox
  user = nobody
  # a build with sanitizers reserves terabytes
  vsz_limit = $unlimited
  unix_listener quota-warning {
    user = nobody
    mode = 0600
  }
}
END
}

conf_2_3() {
  unlimited=0
  conf_both
  cat <<END
mail_home = $dir/mail/%u
mail_location = maildir:~
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=$uid gid=$gid home=$dir/mail/%u allow_all_users=yes
}
mail_plugins = quota
plugin {
  quota = maildir:User quota
  quota_rule = *:storage=10485760B:messages=200
  quota_max_mail_size = 1048576
  quota_grace = 0
  quota_warning = storage=75%% quota-warning %u
  quota_warning2 = storage=80%% quota-warning %u
  quota_warning3 = storage=85%% quota-warning %u
  quota_warning4 = storage=90%% quota-warning %u
  quota_warning5 = storage=95%% quota-warning %u
  quota_warning6 = messages=75%% quota-warning %u
  quota_warning7 = messages=85%% quota-warning %u
  quota_warning8 = messages=95%% quota-warning %u
}
END
}

# warning_2_4 storage|message PERCENTAGE
warning_2_4() {
  printf '  warning %s-%s {\n    quota_%s_percentage = %s\n' "$1" "$2" "$1" "$2"
  [ "$1" = storage ] || printf '    resource = message\n'
  printf '    execute quota-warning {\n      args = %%{user}\n    }\n  }\n'
}

conf_2_4() {
  unlimited=unlimited
  printf '%s\n' 'dovecot_config_version = 2.4.1' \
    'dovecot_storage_version = 2.4.1'
  conf_both
  cat <<END
mail_home = $dir/mail/%{user}
mail_driver = maildir
mail_path = ~
passdb static {
  fields {
    nopassword = yes
  }
}
userdb static {
  allow_all_users = yes
  fields {
    uid = $uid
    gid = $gid
    home = $dir/mail/%{user}
  }
}
mail_plugins {
  quota = yes
}
quota_mail_size = 1048576B
quota "User quota" {
  driver = maildir
  storage_size = 10485760B
  storage_grace = 0
  message_count = 200
$(for percent in 75 80 85 90 95; do warning_2_4 storage "$percent"; done)
$(for percent in 75 85 95; do warning_2_4 message "$percent"; done)
}
END
}

case $(dovecot --version) in
2.3.*) conf_2_3 ;;
*) conf_2_4 ;;
esac >"$dir/dovecot.conf"

user=alice@x.test
dovecot -F -c "$dir/dovecot.conf" &
pid=$!
for _ in $(seq 600); do
  [ ! -S "$dir/run/quota-warning" ] || break
  kill -0 "$pid" 2>/dev/null || { cat "$dir/log"; exit 1; }
  read -rt 0.05 <> <(:) || true
done

ask() {
  doveadm -c "$dir/dovecot.conf" "$@"
}

body=$(printf '%0600000d' 0 | fold -w 72)
for i in $(seq 80); do
  printf 'From: bob@x.test\nSubject: %d\n\n%s\n' "$i" "$body" |
    ask save -u "$user" || {
    echo "message $i was refused"
    cat "$dir/log"
    exit 1
  }
done

# The last warning may be under way still: the mailbox's lock tells.
"$program" "$dir/chatmail.ini" --mailbox "$user"
subjects=$(ask fetch -u "$user" hdr.subject mailbox INBOX |
  sed -n 's/^hdr.subject: //p')
n=$(printf '%s\n' "$subjects" | wc -l)
want=$(seq $((81 - n)) 80)
[ "$subjects" = "$want" ] || {
  printf 'not the latest stay:\n%s\n' "$subjects"
  exit 1
}
kb=$(ask -f tab quota get -u "$user" | awk '$3 == "STORAGE" { print $4 }')
[ "$kb" -gt 5000 ] && [ "$kb" -le 7168 ] || {
  echo "Dovecot counts $kb KB, of 10240"
  exit 1
}
# flood N SENDER BYTES: so many messages, each on its own, in one session, as
# LMTP stores them. A % in the sender is the number of the message.
flood() {
  local i text
  {
    printf 'a SELECT INBOX\r\n'
    for i in $(seq "$1"); do
      text=$(printf 'Return-Path: <%s>\nSubject: x\n\n%.*s' "${2//%/$i}" \
        "$3" "$body")
      printf 'b APPEND INBOX {%d+}\r\n%s\r\n' ${#text} "$text"
    done
    printf 'c LOGOUT\r\n'
  } | ask exec imap -u "$user" >said
}

# stays SENDER...: what they have sent is there, and unread.
stays() {
  "$program" "$dir/chatmail.ini" --mailbox "$user"
  for sender; do
    [ -n "$(ask search -u "$user" unseen header return-path "$sender")" ] || {
      echo "what $sender has sent is gone"
      exit 1
    }
  done
}

user=victim@x.test
flood 1 friend@y.test 300
flood 1 friend@x.test 500000
flood 1 other@z.test 200
for sender in stranger@evil.test stranger%@evil.test insider@x.test; do
  flood 18 "$sender" 600000
  stays friend@y.test friend@x.test other@z.test
done
flood 250 'short%@evil.test' 1
stays friend@y.test friend@x.test other@z.test
n_left=$(ask search -u "$user" all | wc -l)
[ "$n_left" -le 150 ] || {
  echo "$n_left messages stay, of 200"
  exit 1
}
# As many at once as nobody can trim meanwhile.
{
  printf 'a SELECT INBOX\r\nb APPEND INBOX'
  for i in $(seq 400); do
    printf ' {1+}\r\nx'
  done
  printf '\r\nc LOGOUT\r\n'
} | ask exec imap -u "$user" >said
grep -q '^b NO .*OVERQUOTA' said || {
  tail -n 3 said
  exit 1
}

! grep -E 'Error|Fatal|Panic' "$dir/log" || exit 1
echo "$n messages, $kb KB stay"
