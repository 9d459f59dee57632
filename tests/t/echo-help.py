#!/usr/bin/env python3
"""Scans an echo bot's invitation with a core, and asks it for /help.

usage: echo-help.py CORE FOLDER LINK INVITATION
"""
import json
import os
import subprocess
import sys
import time

core, folder, link, invitation = sys.argv[1:]
process = subprocess.Popen(
    [core], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    env=dict(os.environ, DC_ACCOUNTS_PATH=folder))
number = 0


def call(method, *params):
    global number
    number += 1
    print(json.dumps({"jsonrpc": "2.0", "id": number, "method": method,
                      "params": params}), file=process.stdin, flush=True)
    while True:
        answer = json.loads(process.stdout.readline())
        if answer.get("id") == number:
            return answer["result"]


account = call("add_account")
call("add_transport_from_qr", account, link)
call("start_io", account)
chat = call("secure_join", account, invitation)
is_asked = False
for _ in range(300):
    for message in call("get_next_msgs", account):
        call("set_config", account, "last_msg_id", str(message))
        text = call("get_message", account, message)["text"]
        print(text, flush=True)
        if text.startswith("Hello!") and not is_asked:
            is_asked = True
            call("misc_send_text_message", account, chat, "/help")
        if text.startswith("I am the echo bot"):
            process.kill()
            sys.exit(0)
    time.sleep(0.2)
process.kill()
sys.exit(1)
