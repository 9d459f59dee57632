"""Messages of many programs through filtermail: shapes.py FILTERMAIL DATA.

DATA is the folder with *.cases (filterbed.py). The server behind gets what
passes byte for byte; a refusal says its reason in words.
"""
import glob
import sys

import filterbed

CASES_MIN = 150
TO = {"out": "b@other.test", "in": "b@x.test", "self": "a@x.test"}


def judge(filters, recipe, folder):
    complaints = []
    for direction, want in recipe.wants.items():
        bed = filters[direction]
        to = TO["self" if recipe.base.startswith("setup") else direction]
        mail = recipe.make(folder, bed.sender, to)
        sender = mail.split(b"From: ")[1].split(b"\r\n")[0].decode()
        sender = sender.split("<")[-1].strip("<>")
        got, what = bed.verdict(mail, to, sender)
        if got != want:
            complaints.append(f"{direction}: got {got}, not {want}: {what}")
        elif got == "pass" and what != mail:
            complaints.append(f"{direction}: it arrived changed")
        elif got != "pass" and got not in ("unencrypted", "broken", "from",
                                           "control") and (
                f"523 Encryption Needed: Invalid Unencrypted Mail to <{to}>: "
                not in what):
            complaints.append(f"{direction}: no reason in {what}")
    return complaints


def main():
    program, folder = sys.argv[1:]
    filters = {d: filterbed.Filter(program, d) for d in ("out", "in")}
    n = n_bad = 0
    for path in sorted(glob.glob(f"{folder}/*.cases")):
        for recipe in filterbed.read_recipes(path):
            n += 1
            for text in judge(filters, recipe, folder):
                n_bad += 1
                print(f"{path.split('/')[-1]}: {recipe.name}: {text}")
    print(f"{n} messages, {n_bad} complaints")
    ends = [f.stop() for f in filters.values()]
    sys.exit(1 if n_bad or n < CASES_MIN or any(ends) else 0)


main()
