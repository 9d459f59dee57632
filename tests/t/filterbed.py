"""A real filtermail with a server behind it, and messages out of recipes.

A recipe is a paragraph of a file NAME.cases:

    name of the case
      base NAME              the message tests/data/shapes/base/NAME.eml
      FIND => PUT            in its first place; \\n \\t \\\\ \\xNN are escapes
      + FIELD: VALUE         one more field in the header
      encode N base64|quoted the body of part N, from 1
      out WORD [N]           outgoing: "pass" or the reason for the refusal
      in WORD [N]            the same for incoming mail

N, for what passes, is how many bytes of the sender's choice arrive readable.
In bases and recipes {packets ...}, {lines N}, {words N}, {prose N}, {random N}
and {repeat N TEXT} stand for what the functions of these names make.
"""
import atexit
import base64
import os
import quopri
import random
import re
import socket
import subprocess
import threading
import time

SENTENCE = (
    "Dear customer your parcel waits at the station please call us today to "
    "say when you will come and bring the letter that came yesterday ")
TAGS = {"pkesk": 1, "skesk": 3, "literal": 11, "sed": 9, "marker": 10,
        "seipd": 18, "aead": 20, "padding": 21, "compressed": 8}


def prose(n):
    """Words and blanks."""
    return (SENTENCE * (n // len(SENTENCE) + 1))[:n]


def words(n):
    """The same in letters of base64."""
    return prose(n).replace(" ", "+")


def wrapped(text):
    return "\n".join(text[i:i + 64] for i in range(0, len(text), 64))


class Recipe:
    def __init__(self, name):
        self.name = name
        self.base = None
        self.edits = []
        self.wants = {}
        self.random = random.Random(name)

    def fill(self, kind, n):
        """The body of a packet after its version."""
        some = self.random.randbytes(n)
        if kind == "random":
            return some
        if kind == "zeros":
            return bytes(n)
        if kind == "ascii":
            return prose(n).encode()
        if kind == "prose":
            return self.letters(n, [(n * 4, 0)])
        text, rest = map(int, kind.removeprefix("mix").split("/"))
        return self.letters(n, [(text, rest)] * (n * 4 // 3 //
                                                 (text + rest) + 1))

    def letters(self, n, runs):
        """Bytes whose base64 is words and random letters in turns."""
        text = "".join(words(t) + base64.b64encode(
            self.random.randbytes(r)).decode()[:r] for t, r in runs)
        return base64.b64decode(text[:n // 3 * 4 + 4])[:n]

    def packet(self, spec):
        """TAG:VERSION:BYTES:FORM:FILL; BYTES counts the version."""
        tag, version, n, form, kind = (spec.split(":") + [
            "1", "41", "new", "random"][spec.count(":"):])[:5]
        tag, n = TAGS.get(tag) or int(tag), int(n)
        # Whole quanta, so that letters stay in their places.
        pad = self.random.randbytes(-(7 if n > 191 else 3) % 3)
        body = b"" if n == 0 else (bytes([int(version)]) + pad +
                                   self.fill(kind, n))[:n]
        if form.startswith("old"):
            kinds = {"1": (0, 1), "2": (1, 2), "4": (2, 4), "x": (3, 0)}
            code, octets = kinds[form[3:]]
            size = n.to_bytes(octets, "big") if octets else b""
            return bytes([0x80 | tag << 2 | code]) + size + body
        if form.startswith("partial"):
            size = int(form[7:])
            parts, rest = b"", body
            while len(rest) > size:
                parts += bytes([223 + size.bit_length()]) + rest[:size]
                rest = rest[size:]
            return bytes([0xc0 | tag]) + parts + self.length(
                len(rest)) + rest
        return bytes([0xc0 | tag]) + self.length(
            n, form == "five") + body

    @staticmethod
    def length(n, is_five=False):
        if is_five or n > 191:
            return b"\xff" + n.to_bytes(4, "big")
        return bytes([n])

    def expand(self, match):
        verb, _, rest = match.group(1).partition(" ")
        if verb == "packets":
            return wrapped(base64.b64encode(
                b"".join(map(self.packet, rest.split()))).decode())
        if verb == "repeat":
            n, _, text = rest.partition(" ")
            return text * int(n)
        if verb == "random":
            return base64.b64encode(
                self.random.randbytes(int(rest))).decode()[:int(rest)]
        return {"lines": lambda n: wrapped(words(n)), "words": words,
                "prose": prose}[verb](int(rest))

    def make(self, folder, sender, recipient):
        """The message as it stands in a file."""
        with open(f"{folder}/base/{self.base}.eml", encoding="utf-8") as file:
            text = file.read()
        encodings = []
        for kind, *values in self.edits:
            if kind == "encode":
                encodings.append(values)
            elif kind == "field":
                head, body = text.split("\n\n", 1)
                text = f"{head}\n{values[0]}\n\n{body}"
            else:
                if values[0] not in text:
                    raise ValueError(f"{self.name}: no {values[0]!r}")
                text = text.replace(*values, 1)
        text = text.replace("{from}", sender).replace("{to}", recipient)
        # A repeated text may hold one of the others.
        for _ in range(2):
            text = re.sub(r"\{(\w+ [^{}]*)\}", self.expand, text)
        mail = text.encode("latin-1").replace(b"\n", b"\r\n")
        for number, encoding in encodings:
            mail = encode_part(mail, number, encoding)
        return mail


def encode_part(mail, number, encoding):
    boundary = b"--" + re.search(rb'boundary="([^"]*)"', mail).group(1)
    parts = mail.split(b"\r\n" + boundary)
    head, body = parts[number].split(b"\r\n\r\n", 1)
    head = re.sub(rb"\r\nContent-Transfer-Encoding:[^\r]*", b"", head)
    if encoding == "base64":
        body = base64.encodebytes(body).replace(b"\n", b"\r\n")
    else:
        body = quopri.encodestring(body.replace(b"\r\n", b"\n")).replace(
            b"\n", b"\r\n")
    encoding = encoding.replace("quoted", "quoted-printable")
    parts[number] = (head + b"\r\nContent-Transfer-Encoding: " +
                     encoding.encode() + b"\r\n\r\n" + body)
    return (b"\r\n" + boundary).join(parts)


def unescape(text):
    return re.sub(r"\\(n|t|\\|x..)", lambda m: {
        "n": "\n", "t": "\t", "\\": "\\"}.get(m.group(1)) or
        chr(int(m.group(1)[1:], 16)), text)


def take_line(recipe, line):
    verb, _, rest = line.partition(" ")
    if " => " in line or line.endswith(" =>"):
        find, _, put = line.partition(" =>")
        recipe.edits.append(
            ("change", unescape(find), unescape(put.removeprefix(" "))))
    elif verb == "base":
        recipe.base = rest
    elif verb == "+":
        recipe.edits.append(("field", unescape(rest)))
    elif verb == "encode":
        number, encoding = rest.split()
        recipe.edits.append(("encode", int(number), encoding))
    elif verb in ("out", "in"):
        recipe.wants[verb] = rest
    else:
        raise ValueError(f"{recipe.name}: {line}")


def read_recipes(path):
    recipes = []
    with open(path, encoding="utf-8") as file:
        for line in file:
            line = line.rstrip("\n")
            if not line.strip() or line.startswith("#"):
                continue
            if line.startswith("  "):
                take_line(recipes[-1], line[2:])
            else:
                recipes.append(Recipe(line))
    return recipes


class Sink(threading.Thread):
    """The server behind: takes everything, keeps the last message."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.mail = None
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        self.start()

    def run(self):
        while True:
            client = self.listener.accept()[0]
            threading.Thread(target=self.take, args=(client,),
                             daemon=True).start()

    def take(self, client):
        try:
            with client, client.makefile("rwb") as lines:
                self.serve(lines)
        except OSError:
            pass  # the message was refused

    def serve(self, lines):
        def say(text):
            lines.write(text + b"\r\n")
            lines.flush()

        say(b"220 sink")
        while line := lines.readline():
            verb = line[:4].upper()
            if verb == b"EHLO":
                say(b"250-sink\r\n250-PIPELINING\r\n250 XFORWARD NAME ADDR")
            elif verb == b"DATA":
                say(b"354 go")
                mail = []
                while (text := lines.readline()) != b".\r\n":
                    if not text:
                        return
                    mail.append(text.removeprefix(b"."))
                self.mail = b"".join(mail)
                say(b"250 2.0.0 taken")
            else:
                say(b"250 2.0.0 Ok")


class Filter:
    """filtermail, outgoing or incoming."""

    address = "192.0.2.1"

    def __init__(self, program, direction):
        self.direction = direction
        self.sender = ("a@x.test" if direction == "out" else
                       f"a@[{self.address}]")
        self.sink = Sink(f"{direction}-sink")
        with open("test.ini", "w", encoding="ascii") as ini:
            ini.write("[params]\nmail_domain = x.test\n"
                      "max_user_send_per_minute = 100000\n")
        self.log = open(f"{direction}.log", "w+b")
        self.process = subprocess.Popen(
            [program, "test.ini",
             "outgoing" if direction == "out" else "incoming",
             "--listen", f"unix:{direction}-front",
             "--forward", f"unix:{direction}-sink"],
            stdout=subprocess.DEVNULL, stderr=self.log)
        atexit.register(self.process.kill)
        while not os.path.exists(f"{direction}-front"):
            if self.process.poll() is not None:
                raise RuntimeError("filtermail has ended")
            time.sleep(0.01)

    def stop(self):
        self.log.close()
        self.process.terminate()
        return self.process.wait()

    def reason(self):
        """The word in the line that it has logged since the last call."""
        with open(self.log.name, "rb") as log:
            lines = log.read().decode().splitlines()
        if "reason=" not in lines[-1]:
            raise RuntimeError(f"no reason in the log: {lines[-1]}")
        return lines[-1].split("reason=")[1].split()[0]

    def send(self, mail, recipient, sender=None):
        """The reply to it, and what has arrived behind the filter."""
        self.sink.mail = None
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(20)
        client.connect(f"{self.direction}-front")
        with client, client.makefile("rwb") as lines:
            lines.readline()
            for command in ("HELO peer", f"XFORWARD NAME=p ADDR={self.address}",
                            f"MAIL FROM:<{sender or self.sender}>",
                            f"RCPT TO:<{recipient}>", "DATA"):
                lines.write(command.encode() + b"\r\n")
                lines.flush()
                lines.readline()
            try:
                lines.write(re.sub(rb"(?m)^\.", b"..", mail) + b".\r\n")
                lines.flush()
            except BrokenPipeError:
                pass  # it was told so before the end
            reply = lines.readline().decode().strip()
        return reply, self.sink.mail

    def verdict(self, mail, recipient, sender=None):
        """pass, or the reason; the mail that arrived, or the reply."""
        reply, arrived = self.send(mail, recipient, sender)
        if reply.startswith("250"):
            return "pass", arrived
        return self.reason(), reply
