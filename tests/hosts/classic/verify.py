#!/usr/bin/python3
"""verify.py DOMAIN: whether the message on standard input has exactly one
DKIM signature, valid and of DOMAIN. A second opinion, by dkimpy."""
import re
import sys

import dkim

message = sys.stdin.buffer.read()
head = re.split(rb"\r?\n\r?\n", message)[0]
unfolded = re.sub(rb"\r?\n[ \t]", b" ", head)
found = re.findall(rb"(?im)^DKIM-Signature:.*\bd=([^;\s]+)", unfolded)
if [d.decode() for d in found] != [sys.argv[1]]:
    sys.exit(f"signed by {found}, not by {sys.argv[1]} once")
if not dkim.verify(message):
    sys.exit("the signature is not valid")
