#!/bin/bash
# cmdeploy up in a folder that only root can enter, and one with two at a
# time: each sees its own.
. "$(dirname "$0")/up-lib.sh"
mkdir -m 0700 closed
mkdir -m 0700 closed/inner
# Others may mount what they like meanwhile, but not below this folder.
mounts() {
  grep -F "$PWD" /proc/self/mountinfo || true
}
before=$(mounts)

settings closed/inner/a 127.0.8.131
settings b 127.0.8.132
up closed/inner/a 127.0.8.131
up b 127.0.8.132
got=$(imap 127.0.8.131 'abcdefghi@[127.0.8.131]' a-long-password)
[[ $got = OK* ]] || fail "login: $got"
got=$(imap 127.0.8.132 'abcdefghi@[127.0.8.132]' a-long-password)
[[ $got = OK* ]] || fail "login: $got"
run 0 status --dir closed/inner/a
says out 'accounts             1'
set_key closed/inner/a max_user_send_per_minute 70
up closed/inner/a
says out 'restarted filtermail-outgoing'
[ "$(stat -c %a closed)" = 700 ] || fail 'the mode of the parent has changed'
[ "$(mounts)" = "$before" ] || fail 'the mounts have changed'
run 0 down --dir b
run 0 status --dir closed/inner/a
run 0 down --dir closed/inner/a
done_testing
