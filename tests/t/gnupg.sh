#!/bin/sh
# What the real gpg encrypts, through the real filtermail: gnupg.py.
set -eu
tests=$(cd "$(dirname "$0")" && pwd)
cd "${TEST_DIR:?}"
exec /usr/bin/python3 "$tests/gnupg.py" \
  "${BUILD_DIR:?}/chatmaild/filtermail/filtermail"
