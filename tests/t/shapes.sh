#!/bin/sh
# Messages of many programs through the real filtermail: shapes.py says how.
set -eu
tests=$(cd "$(dirname "$0")" && pwd)
cd "${TEST_DIR:?}"
exec /usr/bin/python3 "$tests/shapes.py" \
  "${BUILD_DIR:?}/chatmaild/filtermail/filtermail" "$tests/../data/shapes"
