#!/bin/bash
# A browser has a page of `cmdeploy webdev` open while its source changes.
set -eu
cd "${TEST_DIR:?}"
"${CMDEPLOY:?}" webdev --port 0 --no-browser --copy >out 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true' EXIT
for _ in $(seq 200); do
  ! grep -q 'http://' out || break
  sleep 0.05
done
url=$(grep -o 'http://127[^ ]*' out) || { cat out; exit 1; }
node "$(dirname "$0")/edit.js" "$url" www/src || { cat out; exit 1; }
