#!/bin/bash
# cmdeploy up with a service that does not come up: which, and why.
. "$(dirname "$0")/up-lib.sh"
address=127.0.8.141

# The program finds its services beside itself.
mkdir -p build/cmdeploy build/chatmaild
cp "$cmdeploy" build/cmdeploy/cmdeploy
cmdeploy=$PWD/build/cmdeploy/cmdeploy
for path in "${BUILD_DIR:?}"/chatmaild/*/*; do
  [ -f "$path" ] && [ -x "$path" ] || continue
  folder=build/chatmaild/$(basename "$(dirname "$path")")
  mkdir -p "$folder"
  cp "$path" "$folder"
done
cp build/chatmaild/lastlogin/lastlogin good
printf '#!/bin/sh\necho no luck today\nexit 1\n' \
  >build/chatmaild/lastlogin/lastlogin

for how in '' --detach; do
  # shellcheck disable=SC2086
  run 1 up "$address" --dir r $how
  says err 'lastlogin dies right after its start'
  says err 'no luck today'
  says out 'every process has ended'
  run 3 status --dir r
done

rm build/chatmaild/lastlogin/lastlogin
run 1 up --dir r
says err 'the program "lastlogin" is neither beside'

cp good build/chatmaild/lastlogin/lastlogin
up r
says out 'answer'
done_testing
