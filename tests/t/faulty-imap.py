#!/usr/bin/env python3
"""An IMAP server with faults, which `cmdeploy test` has to find.

faulty-imap.py ADDRESS UPSTREAM_PORT FOLDER ACCOUNTS: at ports 993 and 143 of
the address. FOLDER has cert.pem and key.pem. Port 993 hands on to a server
that is well, at the same address; ACCOUNTS has the lines "role address
password" of those who exist there. The faults:

  143       runs what was sent before TLS, once TLS is there
  LOGIN     lets everybody in, but for two who have the same password
  EXISTS    is told late, and of message 14 never
  MOVE      deletes
  SETMETADATA  says OK and keeps nothing
"""

import asyncio
import re
import socket
import ssl
import sys
import threading

LATE_SEC = 0.2
LOST = b"* 14 EXISTS"

address, upstream_port, folder, accounts = sys.argv[1:]
own_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
own_tls.load_cert_chain(folder + "/cert.pem", folder + "/key.pem")
upstream_tls = ssl.create_default_context()
upstream_tls.check_hostname = False
upstream_tls.verify_mode = ssl.CERT_NONE


def judge_login(words):
    """What to answer in place of the server; None: it may answer."""
    name, password = (word.strip('"') for word in words)
    with open(accounts, encoding="ascii") as file:
        known = [line.split()[1:] for line in file]
    if [name, password] in known:
        return None
    if password in (one[1] for one in known):
        return "NO that password is taken"
    return "OK"


def judge(line):
    """A line of the client: an answer to it, and what goes on to the server."""
    tag, _, command = line.decode("latin-1").strip().partition(" ")
    words = command.split()
    verb = words[0].upper() if words else ""
    answer = None
    if verb == "LOGIN":
        answer = judge_login(words[1:])
    elif verb == "SETMETADATA":
        answer = "OK"
    elif verb == "MOVE":
        line = f"{tag} STORE {words[1]} +FLAGS (\\Deleted)\r\n".encode()
    return answer and f"{tag} {answer}\r\n".encode(), line


async def hear_client(client, writer, server):
    while line := await client.readline():
        answer, line = judge(line)
        if answer:
            writer.write(answer)
        else:
            server.write(line)
    server.close()


async def hear_server(server, writer):
    while line := await server.readline():
        if line.startswith(LOST):
            continue
        if re.match(rb"\* \d+ EXISTS", line):
            await asyncio.sleep(LATE_SEC)
        writer.write(line)
    writer.close()


async def serve(client, writer):
    server, to_server = await asyncio.open_connection(
        address, int(upstream_port), ssl=upstream_tls, limit=1 << 20
    )
    await asyncio.gather(
        hear_client(client, writer, to_server),
        hear_server(server, writer),
        return_exceptions=True,
    )


def begin_tls(plain):
    """CAPABILITY, sent with STARTTLS, is answered by TLS."""
    plain.sendall(b"* OK ready\r\n")
    said = b""
    while b"CAPABILITY" not in said:
        more = plain.recv(4096)
        if not more:
            return
        said += more
    plain.sendall(b"t1 OK begin TLS\r\n")
    with own_tls.wrap_socket(plain, server_side=True) as secret:
        secret.sendall(b"* CAPABILITY IMAP4rev1\r\nt2 OK done\r\n")
        secret.recv(4096)


def inject(listener):
    while True:
        plain, _ = listener.accept()
        try:
            with plain:
                begin_tls(plain)
        except OSError:
            continue


async def main():
    listener = socket.create_server((address, 143))
    threading.Thread(target=inject, args=[listener], daemon=True).start()
    server = await asyncio.start_server(serve, address, 993, ssl=own_tls)
    await server.serve_forever()


asyncio.run(main())
