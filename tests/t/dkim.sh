#!/bin/sh
# Our DKIM verifier against dkimpy: dkim-oracle.py says how.
set -eu
exec /usr/bin/python3 "$(dirname "$0")/dkim-oracle.py" "${BUILD_DIR:?}/tests/dkim-verdict"
