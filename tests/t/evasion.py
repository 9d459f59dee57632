"""Hostile messages through filtermail: evasion.py FILTERMAIL DATA CHECKS.

DATA is the folder shapes, beside which evasion/*.cases lies (filterbed.py).
What passes goes through Postfix's header checks in the folder CHECKS, and is
then taken apart by Python's email package: how much of the sender's text can
a person read in it without a tool?
"""
import email
import glob
import os
import re
import subprocess
import sys

import filterbed

CASES_MIN = 250
GRAM = 8
MIME_FIELDS = {"mime-version", "content-type", "content-transfer-encoding",
               "content-disposition", "content-id", "content-description"}


def plain(text):
    """Whatever stands between words, they are the same words."""
    return re.sub(r"[^a-z]+", " ", text.lower())


SENTENCE = plain(filterbed.SENTENCE) * 2
GRAMS = {SENTENCE[i:i + GRAM] for i in range(len(SENTENCE) - GRAM + 1)}


class Checks:
    """What Postfix does to fields that leave."""

    def __init__(self, folder):
        self.tables = {name: f"regexp:{folder}/{name}"
                       for name in ("header-checks", "part-checks")}
        self.known = {}
        os.mkdir("postfix")
        with open("postfix/main.cf", "w", encoding="ascii") as conf:
            conf.write("compatibility_level = 3.6\n")

    def look_up(self, table, fields):
        """All at once; a field is looked up in one line."""
        wanted = [f for f in fields if (table, f) not in self.known]
        if not wanted:
            return
        said = subprocess.run(
            ["/usr/sbin/postmap", "-c", "postfix", "-q", "-", self.tables[table]],
            input="\n".join(wanted) + "\n", capture_output=True, text=True,
            encoding="latin-1", check=False)
        if said.stderr:
            raise RuntimeError(said.stderr)
        for line in said.stdout.splitlines():
            field, _, action = line.rpartition("\t")
            self.known[table, field] = action

    @staticmethod
    def fields_of(head):
        head = re.sub(r"\r\n[ \t]", " ", head).replace("\t", " ")
        return [f for f in head.split("\r\n") if f]

    def apply(self, head, is_part):
        """The fields that are left of a header; None when it is refused."""
        fields = self.fields_of(head)
        tables = ["part-checks" if is_part or f.split(":")[0].lower() in
                  MIME_FIELDS else "header-checks" for f in fields]
        for table in self.tables:
            self.look_up(table, [f for f, t in zip(fields, tables)
                                 if t == table])
        left = []
        for field, table in zip(fields, tables):
            action, _, text = self.known.get((table, field), "DUNNO").partition(
                " ")
            if action == "REJECT":
                return None
            if action != "IGNORE":
                left.append(text if action == "REPLACE" else field)
        return "\r\n".join(left)

    def leave(self, mail):
        """The message as it leaves, or None."""
        head, body = mail.decode("latin-1").split("\r\n\r\n", 1)
        head = self.apply(head, False)
        if head is None:
            return None
        boundary = re.search(r'boundary="?([^";\s]*)', head)
        if not boundary:
            return f"{head}\r\n\r\n{body}"
        pieces = body.split("--" + boundary.group(1) + "\r\n")
        for i, piece in enumerate(pieces[1:], 1):
            part, _, rest = piece.partition("\r\n\r\n")
            pieces[i] = (self.apply(part, True) or "") + "\r\n\r\n" + rest
        body = ("--" + boundary.group(1) + "\r\n").join(pieces)
        return f"{head}\r\n\r\n{body}"


def texts_of(text):
    """All that a program or a person may look at."""
    mail = email.message_from_string(text.replace("\r\n", "\n"))
    for part in mail.walk():
        yield from (f"{name}: {value}" for name, value in part.items())
        yield part.preamble or ""
        yield part.epilogue or ""
        if not part.is_multipart():
            yield part.get_payload().replace("\n", "")
            yield (part.get_payload(decode=True) or b"").decode(
                "latin-1").replace("\n", "") if part.get(
                    "Content-Transfer-Encoding", "7bit").lower() not in (
                        "7bit", "8bit", "binary") else ""


def count_words(text):
    """Bytes that belong to what the sender wrote."""
    text = plain(text)
    covered = set()
    for i in range(len(text) - GRAM + 1):
        if text[i:i + GRAM] in GRAMS:
            covered.update(range(i, i + GRAM))
    return len(covered)


def count_blanks(text):
    """Blanks that nobody needs: at the ends of lines, and empty lines."""
    lines = text.split("\r\n")
    return sum(len(line) - len(line.rstrip(" \t")) + (not line.strip())
               for line in lines)


def main():
    program, folder, checks = sys.argv[1:]
    bed = filterbed.Filter(program, "out")
    checks = Checks(checks)
    n = n_bad = most = 0
    for path in sorted(glob.glob(f"{folder}/../evasion/*.cases")):
        for recipe in filterbed.read_recipes(path):
            n += 1
            usual = filterbed.Recipe(recipe.name)
            usual.base = recipe.base
            usual = usual.make(folder, bed.sender, "b@other.test")
            got, arrived = bed.verdict(
                recipe.make(folder, bed.sender, "b@other.test"),
                "b@other.test")
            if got == "pass":
                left = checks.leave(arrived)
                got = "dropped"
                if left is not None:
                    readable = sum(map(count_words, texts_of(left))) + max(
                        0, count_blanks(left) -
                        count_blanks(usual.decode("latin-1")))
                    most = max(most, readable)
                    got = f"pass {readable}"
            if got != recipe.wants["out"]:
                n_bad += 1
                print(f"{path.split('/')[-1]}: {recipe.name}: got {got}, not "
                      f"{recipe.wants['out']}: {arrived[:300]}")
    print(f"{n} messages, {n_bad} complaints; at most {most} bytes arrive")
    sys.exit(1 if n_bad or n < CASES_MIN or bed.stop() else 0)


main()
