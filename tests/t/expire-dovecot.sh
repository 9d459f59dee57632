#!/bin/bash
# A mailbox of 10 MB takes 80 messages of 600 KB, one after the other, from
# a real Dovecot that warns chatmail-expire: none is refused, none of the
# latest is missing, and Dovecot agrees about what is there.
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
  quota_rule = *:storage=10485760B
  quota_max_mail_size = 1048576
  quota_grace = 0
  quota_warning = storage=75%% quota-warning %u
  quota_warning2 = storage=80%% quota-warning %u
  quota_warning3 = storage=85%% quota-warning %u
  quota_warning4 = storage=90%% quota-warning %u
  quota_warning5 = storage=95%% quota-warning %u
}
END
}

warning_2_4() {
  printf '  warning warn-%s {\n    quota_storage_percentage = %s\n' "$1" "$1"
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
$(for percent in 75 80 85 90 95; do warning_2_4 "$percent"; done)
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
! grep -E 'Error|Fatal|Panic' "$dir/log" || exit 1
echo "$n messages, $kb KB stay"
