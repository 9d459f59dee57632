#!/bin/sh
# Hostile messages through the real filtermail and header checks: evasion.py.
set -eu
tests=$(cd "$(dirname "$0")" && pwd)
cd "${TEST_DIR:?}"
exec /usr/bin/python3 "$tests/evasion.py" \
  "${BUILD_DIR:?}/chatmaild/filtermail/filtermail" "$tests/../data/shapes" \
  "$tests/../../cmdeploy/components/postfix"
