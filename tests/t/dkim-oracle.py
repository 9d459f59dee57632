"""A second opinion on DKIM: what dkimpy signs we take, and of what was
changed on its way both of us say the same.

Usage: dkim-oracle.py PROGRAM, which is dkim-verdict. Random, from a fixed seed.
"""
import base64
import random
import subprocess
import sys
import time

import dkim

ROUNDS = 300
DOMAIN = b"sender.example"
WORDS = ["a", "B", ".", "..", "yes", "  ", "\t", " \t ", "=20", "x" * 70, ":"]


def openssl(*args, data=None):
    return subprocess.run(["openssl", *args], input=data, check=True,
                          capture_output=True).stdout


def make_keys():
    rsa = openssl("genrsa", "-traditional", "2048")
    der = openssl("rsa", "-pubout", "-outform", "DER", data=rsa)
    private = openssl("genpkey", "-algorithm", "ed25519", "-outform", "DER")
    public = openssl("pkey", "-inform", "DER", "-pubout", "-outform", "DER",
                     data=private)
    seed = base64.b64encode(private[-32:])
    return {
        b"rsa-sha256": (rsa, b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)),
        b"ed25519-sha256": (
            seed, b"k=ed25519; p=" + base64.b64encode(public[-32:])),
    }


def text(chance, n):
    return "".join(chance.choice(WORDS) for _ in range(n))


def field(chance, name):
    folds = "\r\n\t".join(
        "x" + text(chance, chance.randrange(4))
        for _ in range(chance.randrange(1, 3)))
    return f"{name}:{chance.choice(['', ' ', '  '])}{folds}\r\n"


def message(chance):
    names = ["To", "Subject", "Date", "X-One", "x-one", "CC", "To", "Subject"]
    chance.shuffle(names)
    header = [field(chance, n) for n in names[:chance.randrange(1, 8)]]
    header.insert(chance.randrange(len(header)), "From: a@sender.example\r\n")
    lines = [text(chance, chance.randrange(5)) for _ in
             range(chance.randrange(8))] + [""] * chance.randrange(3)
    body = "".join(line + "\r\n" for line in lines)
    return ("".join(header) + "\r\n" + body).encode()


def signed(chance, mail, algorithm, key):
    forms = [chance.choice([b"simple", b"relaxed"]) for _ in range(2)]
    names = [line.split(b":")[0].lower() for line in
             mail.split(b"\r\n\r\n")[0].split(b"\r\n")
             if line[:1] not in b"\t "]
    names = [n for n in names if n != b"from" and chance.random() < 0.7]
    names += [n for n in (b"to", b"subject", b"sender")
              if chance.random() < 0.3]
    chance.shuffle(names)
    return dkim.sign(mail, b"sel", DOMAIN, key, canonicalize=tuple(forms),
                     include_headers=[b"from"] + names,
                     signature_algorithm=algorithm) + mail


def changed(chance, mail):
    """One change that leaves sound lines."""
    lines = mail.split(b"\r\n")
    at = chance.randrange(len(lines))
    kind = chance.randrange(6)
    if kind == 0:
        lines[at] = lines[at].replace(b"a", b"b", 1)
    elif kind == 1:
        lines[at] = lines[at].replace(b" ", b" \t", 1)
    elif kind == 2:
        lines[at] += b" "
    elif kind == 3:
        lines += [b""] * 3
    elif kind == 4:
        lines[at] = lines[at].swapcase()
    else:
        lines.insert(0, chance.choice([b"To: y", b"X-One: y", b"Sender: y"]))
    return b"\r\n".join(lines)


def theirs(mail, record):
    try:
        return dkim.verify(mail, dnsfunc=lambda name, timeout=5: record)
    except Exception:  # it trips over some fields
        return False


def ours(verifier, mail, record):
    verifier.stdin.write(b"%d %s\n%s" % (len(mail), record, mail))
    verifier.stdin.flush()
    return verifier.stdout.readline().decode().strip()


def main():
    verifier = subprocess.Popen(
        [sys.argv[1], DOMAIN, str(int(time.time()))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    chance = random.Random(6376)
    keys = make_keys()
    failures = 0
    n_good = 0
    for number in range(ROUNDS):
        algorithm = chance.choice(list(keys))
        key, record = keys[algorithm]
        mail = signed(chance, message(chance), algorithm, key)
        for kind in "signed", "changed", "changed twice":
            we, they = ours(verifier, mail, record), theirs(mail, record)
            n_good += we == "good"
            if (we == "good") != they or (kind == "signed" and not they):
                failures += 1
                print(f"round {number}, {kind}: we say {we}, "
                      f"dkimpy says {they}:\n{mail!r}")
            mail = changed(chance, mail)
    print(f"{n_good} of {ROUNDS * 3} are good")
    verifier.stdin.close()
    sys.exit(failures > 0 or n_good < ROUNDS or verifier.wait() != 0)


main()
