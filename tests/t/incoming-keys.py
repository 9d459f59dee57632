"""filtermail with keys out of a DNS that is slow, silent or wrong, and with
recipients of whom doveauth says that they demand encryption.

Usage: incoming-keys.py FILTERMAIL DOVEAUTH. It plays the sender's name server, the
resolver between them, and the server behind the filter.
"""
import base64
import os
import socket
import struct
import subprocess
import sys
import threading
import time

import dkim

NO_KEY = "554 5.7.1 No valid DKIM signature found: there is no key"
LATER = "451 4.7.5"
HEADER = (
    "To: b@x.test\r\nSubject: [...]\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/encrypted; boundary=b;\r\n"
    '\tprotocol="application/pgp-encrypted"\r\n\r\n')
BODY = (
    "--b\r\nContent-Type: application/pgp-encrypted\r\n\r\n"
    "Version: 1\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n"
    "-----BEGIN PGP MESSAGE-----\r\n\r\n"
    "wRQDAQIDBAUGBwgJCgsMDQ4PEBESE9IpAWJLYMWMnYv7b/GIbC/WBdKt626k"
    "2ldg\r\naCAbbGlYzpP06x4z6KgbaXs=\r\n"
    "-----END PGP MESSAGE-----\r\n\r\n--b--\r\n")


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, check=True,
                          capture_output=True).stdout


PRIVATE = openssl("genrsa", "-traditional", "2048")
PUBLIC = b"p=" + base64.b64encode(
    openssl("rsa", "-pubout", "-outform", "DER", data=PRIVATE))


class Dns:
    """What it answers for a name: texts, "none", "servfail", "silent", or an
    alias of the name beside it, "=other"."""

    def __init__(self):
        self.zone = {}
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    @staticmethod
    def name_at(packet, at):
        labels = []
        while packet[at]:
            labels.append(packet[at + 1:at + 1 + packet[at]].decode())
            at += packet[at] + 1
        return ".".join(labels).lower(), at + 5

    @staticmethod
    def record(text):
        parts = [text[i:i + 200] for i in range(0, len(text), 200)]
        data = b"".join(bytes([len(p)]) + p for p in parts)
        return b"\xc0\x0c" + struct.pack(">HHIH", 16, 1, 60, len(data)) + data

    @staticmethod
    def alias(name, other):
        data = bytes([len(other)]) + other.encode() + struct.pack(
            ">H", 0xc000 | 13 + len(name.split(".")[0]))
        return b"\xc0\x0c" + struct.pack(">HHIH", 5, 1, 60, len(data)) + data

    def serve(self):
        while True:
            packet, peer = self.socket.recvfrom(4096)
            name, end = self.name_at(packet, 12)
            answer = self.zone.get(name.split(".")[0], "none")
            if answer == "silent":
                continue
            code = {"none": 3, "servfail": 2}.get(str(answer), 0)
            records = [] if isinstance(answer, str) else [
                self.record(text) for text in answer]
            if answer[:1] == "=":
                records = [self.alias(name, answer[1:])]
            head = struct.pack(">HHHHH", 0x8180 | code, 1, len(records), 0, 0)
            self.socket.sendto(
                packet[:2] + head + packet[12:end] + b"".join(records), peer)


class Sink(threading.Thread):
    """Takes everything; keeps who was said to have sent it."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.senders = []
        self.is_full = False
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.start()

    def run(self):
        while True:
            client = self.listener.accept()[0]
            threading.Thread(target=self.take, args=(client,),
                             daemon=True).start()

    def take(self, client):
        try:
            self.serve(client)
        except OSError:
            pass  # dropped: the message was refused

    def serve(self, client):
        lines = client.makefile("rwb")

        def say(text):
            lines.write(text + b"\r\n")
            lines.flush()

        say(b"220 sink")
        while line := lines.readline():
            verb = line[:4].upper()
            if self.is_full and verb in (b"MAIL", b"RCPT", b"DATA"):
                say(b"452 4.3.1 Insufficient system storage"
                    if verb == b"MAIL" else b"503 5.5.1 need MAIL command")
            elif verb == b"EHLO":
                say(b"250-sink\r\n250-PIPELINING\r\n250 XFORWARD NAME ADDR")
            elif verb == b"DATA":
                say(b"354 go")
                for text in lines:
                    if text == b".\r\n":
                        break
                else:
                    return
                self.senders.append(sender)
                say(b"250 2.0.0 taken")
            else:
                if verb == b"MAIL":
                    sender = line.split(b"<")[1].split(b">")[0].decode()
                say(b"250 2.0.0 Ok")


def message(selector, domain="sender.example"):
    mail = (f"From: a@sender.example\r\n{HEADER}{BODY}").encode()
    return dkim.sign(mail, selector.encode(), domain.encode(), PRIVATE,
                     include_headers=[b"from"],
                     canonicalize=(b"relaxed", b"simple")) + mail


def clear():
    mail = (b"From: a@sender.example\r\nTo: b@x.test\r\nSubject: x\r\n\r\n"
            b"in clear\r\n")
    return dkim.sign(mail, b"good", b"sender.example", PRIVATE,
                     include_headers=[b"from"]) + mail


def send(mail, sender="a@sender.example", to=("b@x.test",),
         front="front.sock"):
    client = socket.socket(socket.AF_UNIX)
    client.connect(front)
    lines = client.makefile("rwb")
    lines.readline()
    for command in ("HELO peer", f"MAIL FROM:<{sender}>",
                    *(f"RCPT TO:<{one}>" for one in to), "DATA"):
        lines.write(command.encode() + b"\r\n")
        lines.flush()
        reply = lines.readline()
    lines.write(mail + b".\r\n")
    lines.flush()
    reply = lines.readline().decode().strip()
    client.close()
    return reply


def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.01)


def account(name, *files):
    os.makedirs(f"mail/{name}")
    for file in files:
        with open(f"mail/{name}/{file}", "w", encoding="ascii"):
            pass


def demands(dns, expect):
    """filter_incoming = false: who has the file gets nothing in clear."""
    with open("free.ini", "w", encoding="ascii") as ini:
        ini.write("[params]\nmail_domain = x.test\nfilter_incoming = false\n"
                  f"mailboxes_dir = {os.getcwd()}/mail\n")
    account("free@x.test")
    account("demanding@x.test", "enforceE2EEincoming")
    for folder in "login", "smtp", "master", "filter":
        os.makedirs(f"accounts/{folder}")
    doveauth = subprocess.Popen([sys.argv[2], "accounts", "free.ini"])
    filtermail = subprocess.Popen(
        [sys.argv[1], "free.ini", "incoming", "--listen", "unix:free.sock",
         "--forward", "unix:back.sock",
         "--accounts", "unix:accounts/filter/recipients",
         "--resolver", f"127.0.0.1@{dns.port}"])
    wait_for("free.sock")
    wait_for("accounts/filter/recipients")

    def reply(mail, *to):
        return send(mail, to=to, front="free.sock")

    no = "523 Encryption Needed: Invalid Unencrypted Mail to <%s>"
    expect("free", reply(clear(), "free@x.test"), "250")
    expect("demanding", reply(clear(), "demanding@x.test"),
           no % "demanding@x.test")
    expect("tag", reply(clear(), "Demanding+t@x.test"),
           no % "Demanding+t@x.test")
    expect("both", reply(clear(), "free@x.test", "demanding@x.test"),
           no % "demanding@x.test")
    expect("encrypted", reply(message("good"), "demanding@x.test"), "250")
    many = [f"u{i}@x.test" for i in range(900)]
    expect("many", reply(clear(), *many), "250")
    expect("last of many", reply(clear(), *many, "demanding@x.test"),
           no % "demanding@x.test")
    os.unlink("mail/demanding@x.test/enforceE2EEincoming")
    expect("no longer", reply(clear(), "demanding@x.test"), "250")
    doveauth.terminate()
    expect("doveauth's end", str(doveauth.wait()), "0")
    expect("nobody to ask", reply(clear(), "free@x.test"), "451 4.3.0")
    expect("encrypted, nobody to ask", reply(message("good"), "free@x.test"),
           "250")
    filtermail.terminate()
    expect("the other's end", str(filtermail.wait()), "0")


def main():
    dns, failures = Dns(), []
    sink = Sink("back.sock")
    with open("test.ini", "w", encoding="ascii") as ini:
        ini.write("[params]\nmail_domain = x.test\n")
    filtermail = subprocess.Popen(
        [sys.argv[1], "test.ini", "incoming", "--listen", "unix:front.sock",
         "--forward", "unix:back.sock",
         "--resolver", f"127.0.0.1@{dns.port}"])
    wait_for("front.sock")

    def expect(what, got, want):
        if not got.startswith(want):
            failures.append(what)
            print(f"{what}: got {got!r}, not {want!r}")

    def retry(what, mail, want):
        """Within seconds, as of a published key."""
        end = time.monotonic() + 15
        got = send(mail)
        while not got.startswith(want) and time.monotonic() < end:
            time.sleep(0.5)
            got = send(mail)
        expect(what, got, want)

    dns.zone.update({
        "good": [b"v=DKIM1; k=rsa; " + PUBLIC], "silent": "silent",
        "serv": "servfail", "revoked": [b"v=DKIM1; p="],
        "two": [b"v=spf1 -all", b" " + PUBLIC], "empty": [],
        "alias": "=hop", "hop": "=good", "nowhere": "=late"})
    expect("signed", send(message("good")), "250")
    expect("two records", send(message("two")), "250")
    expect("an alias of an alias", send(message("alias")), "250")
    expect("an alias of nothing", send(message("nowhere")), NO_KEY)
    expect("no name", send(message("late")), NO_KEY)
    expect("no record", send(message("empty")), NO_KEY)
    expect("revoked", send(message("revoked")),
           "554 5.7.1 No valid DKIM signature found: the key has been revoked")
    expect("changed", send(message("good") + b"more\r\n"),
           "554 5.7.1 No valid DKIM signature found: the body is not")
    expect("of another", send(message("good", "other.example")),
           "554 5.7.1 No DKIM signature found")
    expect("SERVFAIL", send(message("serv")), LATER)
    many = message("good")
    for _ in range(20):
        many = b"DKIM-Signature: v=1; d=list.example; b=x\r\n" + many
    for _ in range(4):
        many = (b"DKIM-Signature: v=1; a=rsa-sha256; d=sender.example; s=late;"
                b" h=from; bh=" + b"A" * 43 + b"=; b=AAAA\r\n") + many
    expect("many signatures on top", send(many), "250")
    start = time.monotonic()
    replies = []
    waiting = threading.Thread(
        target=lambda: replies.append(send(message("silent"))))
    waiting.start()
    time.sleep(0.5)
    for i in range(10):
        dns.zone[f"other{i}"] = dns.zone["good"]
        expect("others meanwhile", send(message(f"other{i}")), "250")
    if time.monotonic() - start > 5:
        failures.append("a silent domain holds up others")
    waiting.join()
    expect("silent", replies[0], LATER)
    if time.monotonic() - start > 20:
        failures.append("the sender has to wait too long")
    for name in "late", "silent", "serv":
        dns.zone[name] = dns.zone["good"]
        retry(f"{name}, once it is there", message(name), "250")
    sink.senders.clear()
    send(message("good"), "victim@other.example")
    send(message("good"), "A@sender.example")
    expect("senders", repr(sink.senders), "['', 'A@sender.example']")
    sink.is_full = True
    start = time.monotonic()
    expect("the disk is full", send(message("good")),
           "452 4.3.1 Insufficient system storage")
    if time.monotonic() - start > 5:
        failures.append("the sender waits for a full disk")
    sink.is_full = False
    expect("there is room again", send(message("good")), "250")
    filtermail.terminate()
    expect("the end", str(filtermail.wait()), "0")
    demands(dns, expect)
    sys.exit(1 if failures else 0)


main()
