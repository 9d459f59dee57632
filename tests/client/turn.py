#!/usr/bin/env python3
"""A TURN client (RFC 8656), to ask a server what Debian's own cannot ask.

turn.py WAY HOST NAME PASSWORD WORD...: WAY is udp, tcp, or tls with the file
of the authorities in $CA. Without a NAME no credentials are sent; clients take
those of several, with commas between, in turns. Words:

 pair FAMILY    two clients exchange a packet by their relayed addresses of
                IPv4 (4) or IPv6 (6): prints "ok ADDRESS"
 peer ADDRESS   permission to send there: "ok", or the number of the error
 stream         an allocation for TCP (RFC 6062): the same
 many N         so many allocations at once: how many got one, and the
                number of the first error
"""
import hashlib
import hmac
import ipaddress
import itertools
import os
import socket
import ssl
import struct
import sys

COOKIE = 0x2112A442
ALLOCATE, REFRESH, PERMISSION, SEND, DATA = 0x003, 0x004, 0x008, 0x016, 0x017
USERNAME, INTEGRITY, ERROR, PEER, BYTES = 0x06, 0x08, 0x09, 0x12, 0x13
LIFETIME, REALM, NONCE = 0x0D, 0x14, 0x15
RELAYED, FAMILY, TRANSPORT = 0x16, 0x17, 0x19
SECONDS = 10


def attribute(kind, value):
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def mask(packed, transaction):
    pad = struct.pack("!I", COOKIE) + transaction
    return bytes(a ^ b for a, b in zip(packed, pad))


def xored(address, port, transaction):
    ip = ipaddress.ip_address(address)
    return struct.pack("!BBH", 0, 1 if ip.version == 4 else 2,
                       port ^ COOKIE >> 16) + mask(ip.packed, transaction)


def unxored(value, transaction):
    port = struct.unpack("!H", value[2:4])[0] ^ COOKIE >> 16
    return str(ipaddress.ip_address(mask(value[4:], transaction))), port


def parse(message):
    kind, size, _ = struct.unpack("!HHI", message[:8])
    rest, found = message[20:20 + size], {}
    while rest:
        what, length = struct.unpack("!HH", rest[:4])
        found.setdefault(what, rest[4:4 + length])
        rest = rest[4 + length + -length % 4:]
    return kind, message[8:20], found


class Client:
    def __init__(self, way, host, name, password):
        self.name, self.password = name.encode(), password.encode()
        self.way, self.nonce, self.realm = way, None, None
        if way == "udp":
            info = socket.getaddrinfo(host, 3478, type=socket.SOCK_DGRAM)[0]
            self.sock = socket.socket(info[0], info[1])
            self.sock.connect(info[4])
            self.sock.settimeout(SECONDS)
            return
        port = 5349 if way == "tls" else 3478
        self.sock = socket.create_connection((host, port), SECONDS)
        if way == "tls":
            context = ssl.create_default_context(cafile=os.environ["CA"])
            self.sock = context.wrap_socket(self.sock, server_hostname=host)

    def read(self, n):
        got = b""
        while len(got) < n:
            more = self.sock.recv(n - len(got))
            if not more:
                sys.exit("the server has closed the connection")
            got += more
        return got

    def receive(self):
        if self.way == "udp":
            return parse(self.sock.recv(65536))
        head = self.read(20)
        return parse(head + self.read(struct.unpack("!H", head[2:4])[0]))

    def message(self, kind, attributes):
        transaction = os.urandom(12)
        body = b"".join(attribute(what, xored(*value, transaction)
                                  if what == PEER else value)
                        for what, value in attributes)
        if self.nonce and self.name:
            body += attribute(USERNAME, self.name)
            body += attribute(REALM, self.realm)
            body += attribute(NONCE, self.nonce)
            key = hashlib.md5(b":".join((self.name, self.realm,
                                         self.password))).digest()
            head = struct.pack("!HHI", kind, len(body) + 24, COOKIE)
            body += attribute(INTEGRITY, hmac.digest(
                key, head + transaction + body, "sha1"))
        self.sock.sendall(struct.pack("!HHI", kind, len(body), COOKIE) +
                          transaction + body)
        return transaction

    def request(self, kind, *attributes):
        """The answer's attributes, or the number of the error."""
        for _ in range(3):
            sent = self.message(kind, attributes)
            while True:
                answer, transaction, found = self.receive()
                if transaction == sent:
                    break
            if answer == kind | 0x100:
                found["transaction"] = transaction
                return found
            code = found[ERROR][2] * 100 + found[ERROR][3]
            is_new = found.get(NONCE) not in (None, self.nonce)
            if code not in (401, 438) or not is_new or not self.name:
                return code
            self.nonce, self.realm = found[NONCE], found[REALM]
        return code

    def allocate(self, family="", transport=17):
        wanted = [(TRANSPORT, bytes([transport, 0, 0, 0]))]
        if family:
            wanted.append((FAMILY, bytes([1 if family == "4" else 2, 0, 0, 0])))
        found = self.request(ALLOCATE, *wanted)
        if isinstance(found, int):
            return found
        return unxored(found[RELAYED], found["transaction"])

    def end(self):
        self.request(REFRESH, (LIFETIME, bytes(4)))

    def permit(self, address):
        found = self.request(PERMISSION, (PEER, (address, 9)))
        return found if isinstance(found, int) else "ok"


def pair(new, family):
    one, two = new(), new()
    at_one, at_two = one.allocate(family), two.allocate(family)
    for result in (at_one, at_two):
        if isinstance(result, int):
            return result
    for client, other in ((one, at_two), (two, at_one)):
        permission = client.permit(other[0])
        if permission != "ok":
            return permission
    one.message(SEND, [(PEER, at_two), (BYTES, b"hello")])
    kind, _, found = two.receive()
    if kind != DATA or found[BYTES] != b"hello":
        return "no packet"
    return "ok " + at_one[0]


def peer(new, address):
    client = new()
    family = str(ipaddress.ip_address(address).version)
    got = client.allocate(family)
    return got if isinstance(got, int) else client.permit(address)


def many(new, n):
    got = []
    for _ in range(int(n)):
        result = new().allocate()
        # Its port was that of another client a moment ago.
        got.append(new().allocate() if result == 437 else result)
    errors = [code for code in got if isinstance(code, int)]
    return f"{len(got) - len(errors)} {errors[0] if errors else 'ok'}"


def stream(new):
    got = new().allocate(transport=6)
    return got if isinstance(got, int) else "ok"


def main():
    what = {"pair": pair, "peer": peer, "many": many, "stream": stream}
    clients = []
    names = itertools.cycle(zip(sys.argv[3].split(","), sys.argv[4].split(",")))

    def new():
        clients.append(Client(*sys.argv[1:3], *next(names)))
        return clients[-1]
    print(what[sys.argv[5]](new, *sys.argv[6:]))
    for client in clients:
        client.end()


if __name__ == "__main__":
    main()
