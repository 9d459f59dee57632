#!/bin/sh
# Keys out of a DNS that is slow, silent or wrong, which incoming-keys.py plays;
# and recipients who demand encryption.
set -eu
cd "${TEST_DIR:?}"
exec /usr/bin/python3 "$(dirname "$0")/incoming-keys.py" \
  "${BUILD_DIR:?}/chatmaild/filtermail/filtermail" \
  "$BUILD_DIR/chatmaild/doveauth/doveauth"
