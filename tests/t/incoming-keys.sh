#!/bin/sh
# Keys out of a DNS that is slow, silent or wrong: incoming-keys.py plays it.
set -eu
cd "${TEST_DIR:?}"
exec /usr/bin/python3 "$(dirname "$0")/incoming-keys.py" \
  "${BUILD_DIR:?}/chatmaild/filtermail/filtermail"
