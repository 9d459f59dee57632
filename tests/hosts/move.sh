#!/bin/bash
# A relay with Debian 12 moves to a server with Debian 13.
# shellcheck disable=SC2034 # for the next file
leaving=retiring arriving=renewed releases='12 13'
. "$(dirname "$0")/migrate.sh"
