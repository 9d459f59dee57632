"""What the real gpg encrypts passes filtermail, both ways: gnupg.py FILTERMAIL.

Keys of three kinds, for them, for hidden recipients, for a password, and for
both; 1 KB and 2 MB; as Python's email package puts it into a message.
"""
import atexit
import email.message
import email.mime.application
import email.mime.multipart
import os
import subprocess
import sys

import filterbed

KINDS = ("rsa2048", "rsa4096", "future-default")
os.mkdir("gnupg", 0o700)
ENVIRONMENT = dict(os.environ, GNUPGHOME=os.path.abspath("gnupg"))


def gpg(*args, data=None):
    return subprocess.run(
        ["gpg", "--batch", "--quiet", "--pinentry-mode", "loopback",
         "--passphrase", "a password", "--trust-model", "always", *args],
        input=data, capture_output=True, check=True, env=ENVIRONMENT).stdout


def make_key(kind):
    name = f"{kind}@mail.example"
    gpg("--quick-gen-key", name, kind, "default", "never")
    if not kind.startswith("rsa"):
        return name
    listing = gpg("--list-keys", "--with-colons", name).decode()
    fingerprint = next(line.split(":")[9] for line in listing.splitlines()
                       if line.startswith("fpr"))
    gpg("--quick-add-key", fingerprint, kind, "encr", "never")
    return name


def message(armor, sender, recipient):
    mail = email.mime.multipart.MIMEMultipart(
        "encrypted", protocol="application/pgp-encrypted")
    mail["From"], mail["To"], mail["Subject"] = sender, recipient, "..."
    mail["Message-ID"] = "<1@mail.example>"
    for subtype, text in (("pgp-encrypted", b"Version: 1\n"),
                          ("octet-stream", armor)):
        part = email.mime.application.MIMEApplication(
            text, subtype, email.encoders.encode_7or8bit)
        mail.attach(part)
    return mail.as_bytes().replace(b"\n", b"\r\n")


def ways(names):
    """Names of ways to encrypt, and gpg's arguments."""
    for name in names:
        yield name, ["-e", "-r", name]
        yield f"hidden {name}", ["-e", "-R", name]
    everybody = [arg for name in names for arg in ("-r", name)]
    yield "all keys", ["-e", *everybody]
    yield "password", ["-c"]
    yield "password and keys", ["-c", "-e", *everybody]


def main():
    atexit.register(subprocess.run, ["gpgconf", "--kill", "all"],
                    env=ENVIRONMENT, check=False)
    filters = [filterbed.Filter(sys.argv[1], d) for d in ("out", "in")]
    names = [make_key(kind) for kind in KINDS]
    n = n_bad = 0
    for size in (1000, 2000000):
        data = os.urandom(size)
        for way, arguments in ways(names):
            armor = gpg("--armor", *arguments, data=data)
            for bed in filters:
                n += 1
                mail = message(armor, bed.sender, "b@x.test")
                got, what = bed.verdict(mail, "b@x.test")
                if got != "pass" or what != mail:
                    n_bad += 1
                    print(f"{bed.direction}: {way}, {size} bytes: {got}: "
                          f"{what[:200]}")
    print(f"{n} messages, {n_bad} complaints")
    sys.exit(1 if n_bad or any(bed.stop() for bed in filters) else 0)


main()
