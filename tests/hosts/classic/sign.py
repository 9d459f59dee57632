#!/usr/bin/python3
"""sign.py DOMAIN KEY [length] [selector=NAME]: signs the message on standard
input by DKIM, with the selector "mail" if no other is named; with `length`,
only the body as it is now, so that text can be added later. dkimpy's word,
not ours."""
import sys

import dkim

message = sys.stdin.buffer.read().replace(b"\r\n", b"\n")
message = message.replace(b"\n", b"\r\n")
selector = "mail"
for option in sys.argv[3:]:
    if option.startswith("selector="):
        selector = option.partition("=")[2]
signature = dkim.sign(message, selector.encode(), sys.argv[1].encode(),
                      open(sys.argv[2], "rb").read(),
                      canonicalize=(b"relaxed", b"simple"),
                      length="length" in sys.argv[3:])
sys.stdout.buffer.write(signature + message)
