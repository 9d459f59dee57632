#!/bin/bash
# A program that has been taken over: what it can do from within each unit.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/relay.sh"
. "$(dirname "$0")/mail.sh"
. "$(dirname "$0")/intruder.sh"

relay alpha
account alpha
intrude alpha
done_testing
