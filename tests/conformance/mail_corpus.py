#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds the parser against mail written by other people.

Usage: mail_corpus.py READER [CORPUS]

READER is the mail_reader program. Without a corpus (argument, then
$PORTARIA_CORPUS, then ../shared/corpus beside the source) the test skips
(exit 77). Every check prints what it found and the floor it must reach.
"""
import collections
import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from email.utils import parsedate_to_datetime
from pathlib import Path

import bounce_truth

SKIP = 77
SUITES = ("mime4j", "cpython-email", "sisimai", "spamassassin-threads",
          "stalwart-auth", "talon", "xarf-mail")
SLOWEST_MS = 20000  # one message, sanitizers included
failures = []


def check(what, found, floor, of=None):
    """Of `of` cases `found` are right, and `floor` must be. The line that
    summary.py gathers comes first."""
    cases = floor if of is None else of
    print(f"#result\t{what}\t{cases}\t{found}\t{cases - found}\t0")
    total = "" if of is None else f" of {of}"
    good = found >= floor
    print(f"{'ok  ' if good else 'FAIL'} {what}: {found}{total}"
          f" (floor {floor})")
    if not good:
        failures.append(what)


def check_most(what, found, ceiling):
    good = found <= ceiling
    print(f"{'ok  ' if good else 'FAIL'} {what}: {found} (at most {ceiling})")
    if not good:
        failures.append(what)


def read(reader, paths, mode="--mail"):
    names = "".join(f"{path}\n" for path in paths)
    done = subprocess.run([reader, mode], input=names.encode(),
                          capture_output=True, timeout=1500, check=False)
    if done.returncode != 0:
        print(done.stderr.decode(errors="replace")[-4000:])
        failures.append(f"the reader failed: {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def flat(text):
    return re.sub(r"\s+", " ", text).strip()


def message_files(corpus):
    patterns = ("mime4j/*/*.msg", "cpython-email/msg_*", "sisimai/*/*.eml",
                "spamassassin-threads/messages/*", "stalwart-auth/*/*.eml",
                "talon/*.eml", "talon/*/*.eml", "xarf-mail/*.eml")
    return sorted(path for pattern in patterns
                  for path in corpus.glob(pattern))


def starts_without_header(path):
    data = path.read_bytes()
    if data.startswith(b"From "):
        data = data.split(b"\n", 1)[1]
    first = data.split(b"\n", 1)[0]
    return not re.match(rb"[!-9;-~]+[ \t]*:", first)


def suite_of(name):
    """The folder of the corpus that a file is in."""
    parts = Path(name).parts
    return next(part for part in parts if part in SUITES)


def check_all(mails):
    """Nothing fails but what has no header; nothing takes long."""
    wrong = [name for name, mail in mails.items() if "error" in mail
             and not (mail["error"] == "no header"
                      and starts_without_header(Path(name)))]
    for name in wrong:
        print("  ", name, mails[name]["error"])
    check("every suite: messages read", len(mails) - len(wrong), len(mails))
    for suite in sorted({suite_of(name) for name in mails}):
        names = [name for name in mails if suite_of(name) == suite]
        check(f"{suite}: messages read",
              sum(name not in wrong for name in names), len(names))
    check_most("slowest message, ms",
               max(mail.get("ms", 0) for mail in mails.values()), SLOWEST_MS)
    kinds = collections.Counter(mail["kind"] for mail in mails.values())
    print("    kinds:", dict(sorted(kinds.items())))


# ---- MIME trees ----

def leaves(element, inside=False):
    """Names of decoded leaves outside attached messages."""
    for child in element:
        if child.tag in ("text-body", "binary-body"):
            yield child.get("name")
        elif child.tag == "message" and inside:
            continue
        else:
            yield from leaves(child, True)


def readings(data):
    for charset in ("utf-8", "cp1252", "iso-8859-15", "latin-1"):
        try:
            yield flat(data.decode(charset))
        except UnicodeDecodeError:
            continue


def is_leaf_found(mail, data):
    sums = {part["sha256"] for part in mail["parts"]}
    variants = {data, data.replace(b"\r\n", b"\n"),
                data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")}
    variants |= {variant.rstrip(b"\r\n") for variant in variants}
    if any(hashlib.sha256(variant).hexdigest() in sums
           for variant in variants):
        return True
    seen = flat(mail["text"]), flat(mail["html"])
    return any(text == "" or any(text in place for place in seen)
               for text in readings(data))


def in_attached_message(mail, data):
    """An encoded message is kept as a file; the leaf is in that."""
    return any(is_leaf_found(inside, data) or in_attached_message(inside, data)
               for inside in mail.get("messages", []))


def holds_in_order(mail, pieces):
    rest = flat(mail["text"])
    for piece in filter(None, map(flat, pieces)):
        if piece not in rest:
            return False
        rest = rest.split(piece, 1)[1]
    return True


def is_uuencoded(mail, data):
    """uuencoded files leave the text and become attachments."""
    kept = re.split(r"(?ms)^begin [0-7]{3,4} .*?^end *\r?$",
                    data.decode("latin-1"))
    return len(kept) > 1 and len(mail["parts"]) >= len(kept) - 1 and (
        holds_in_order(mail, kept))


def is_rich(mail, data):
    """text/richtext: ours shows what it says, without its commands."""
    words = re.split(r"<[^>]*>|\n", data.decode("latin-1"))
    return len(words) > 1 and holds_in_order(mail, words)


def has_tail(mail, data):
    """Base64 that ends within a group: theirs drops the last one or two
    bytes, ours keeps them."""
    return any(0 < part["size"] - len(data) <= 2 for part in mail["parts"])


def has_more(mail, data):
    """Every line is there, in order, with others that theirs left out."""
    return holds_in_order(mail, data.decode("latin-1").splitlines())


# In which way a leaf is there, the plain one first.
AGREEMENTS = (("as it is", is_leaf_found),
              ("in an attached message", in_attached_message),
              ("uuencoded", is_uuencoded),
              ("as rich text", is_rich),
              ("with the bytes of an unfinished group", has_tail),
              ("with lines that theirs left out", has_more))


def check_trees(corpus, mails):
    total = trees = whole = 0
    ways = collections.Counter()
    for xml in sorted(corpus.glob("mime4j/*/*_decoded.xml")):
        message = str(xml).replace("_decoded.xml", ".msg")
        if message not in mails or "error" in mails[message]:
            continue
        text = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd]", "?",
                      xml.read_text("utf-8", "replace"))
        missed = []
        for name in leaves(ElementTree.fromstring(text)):
            data = (xml.parent / name).read_bytes()
            way = next((way for way, agrees in AGREEMENTS
                        if agrees(mails[message], data)), None)
            total += 1
            if way is None:
                missed.append(name)
            else:
                ways[way] += 1
        trees += 1
        whole += not missed
        if missed:
            print("   ", Path(message).name, "misses", missed)
    print("    leaves:", dict(ways))
    check("mime4j: trees with every leaf", whole, trees, trees)
    check("mime4j: leaves", sum(ways.values()), total, total)
    check("mime4j: leaves as they are", ways["as it is"], 130, total)


# ---- reports ----

def folder(mails, name):
    return {path: mail for path, mail in mails.items()
            if f"/sisimai/{name}/" in path}


def check_bounces(mails):
    """Against the second reading of bounce_truth.py."""
    bounces = folder(mails, "bounce")
    right = {True: 0, False: 0}
    of = {True: 0, False: 0}
    originals = 0
    for path, mail in bounces.items():
        got = mail.get("bounce", {"recipients": [], "original_id": ""})
        originals += got["original_id"] != ""
        is_standard, rows = bounce_truth.read(Path(path))
        good = bounce_truth.is_right(rows, got["recipients"])
        of[is_standard] += 1
        right[is_standard] += good
        if not good or mail["kind"] != "bounce":
            print("   ", Path(path).name, mail["kind"],
                  [(r["address"], r["status"]) for r in got["recipients"]])
    found = sum(mail["kind"] == "bounce" for mail in bounces.values())
    check("sisimai: bounces recognised", found, 319, len(bounces))
    check("sisimai: recipient and class", sum(right.values()), 316,
          len(bounces))
    check("sisimai: ... of standard reports", right[True], of[True] - 1,
          of[True])
    check("sisimai: ... of reports in prose", right[False], 137, of[False])
    check("sisimai: Message-ID of the returned mail", originals, 278,
          len(bounces))


def without_report(data):
    """A standard report as its sender would have written it in prose."""
    start = re.search(rb"(?im)^content-type:\s*message/(global-)?"
                      rb"delivery-status", data)
    if not start:
        return None
    end = re.search(rb"(?m)^--\S", data[start.end():])
    rest = data[start.end() + end.start():] if end else b""
    data = (data[:start.start()] + b"Content-Type: application/x-none\n\n\n"
            + rest)
    return data.replace(b"multipart/report", b"multipart/mixed")


def check_words(reader, corpus):
    """The words alone, held against the fields of the report that was cut
    out: how well do the rules read notices that they were not made for? Some
    words do not say what the fields say."""
    total = right = found = 0
    with tempfile.TemporaryDirectory() as scratch:
        truth = {}
        for path in sorted(corpus.glob("sisimai/bounce/*.eml")):
            is_standard, rows = bounce_truth.read(path)
            data = without_report(path.read_bytes())
            if not is_standard or data is None:
                continue
            cut = Path(scratch) / path.name
            cut.write_bytes(data)
            truth[str(cut)] = rows
        for mail in read(reader, truth):
            total += 1
            found += mail["kind"] == "bounce"
            right += bounce_truth.is_right(
                truth[mail["file"]],
                mail.get("bounce", {"recipients": []})["recipients"])
    check("sisimai: recognised without the report", found, 176, total)
    check("sisimai: recipient and class without the report", right, 155,
          total)


def check_kinds(mails):
    reports = folder(mails, "arf")
    check("sisimai: abuse reports (arf)", sum(mail["kind"] == "abuse_report"
                                       for mail in reports.values()),
          16, len(reports))
    check("sisimai: ... with a source address",
          sum(mail.get("abuse", {}).get("source_ip", "") != ""
              for mail in reports.values()), 16, len(reports))
    absences = folder(mails, "autoreply")
    check("sisimai: automatic answers (autoreply)",
          sum(mail["kind"] in ("auto_reply", "vacation")
              for mail in absences.values()), len(absences))
    ordinary = {path: mail for path, mail in folder(mails, "not-bounce").items()
                if "is-not-bounce" in path}
    check("sisimai: ordinary mail (not-bounce)", sum(mail["kind"] == "human"
                                       for mail in ordinary.values()),
          len(ordinary))


def seconds(text):
    try:
        return int(parsedate_to_datetime(text).timestamp())
    except (TypeError, ValueError):
        return None


def check_stalwart(corpus, mails):
    right = total = 0
    for path in sorted(corpus.glob("stalwart-auth/arf/*.eml")):
        want = json.loads(path.with_suffix(".json").read_text())
        got = mails[str(path)].get("abuse")
        total += 1
        if got is None:
            continue
        kind = want["feedback_type"].lower().replace("authfailure",
                                                      "auth-failure")
        right += (got["feedback_type"] == kind
                  and want["source_ip"] in (None, got["source_ip"])
                  and (not want["reported_domain"]
                       or got["reported_domain"] in want["reported_domain"])
                  and want["arrival_date"] in (None,
                                               seconds(got["arrival_date"])))
    check("stalwart-auth: abuse reports, field by field", right, total)
    machine = [mail for path, mail in mails.items()
               if "/dmarc-feedback/" in path or "/tlsrpt/" in path]
    check("stalwart-auth: DMARC and TLS reports",
          sum(mail.get("abuse", {}).get("class", 0) > 1
              for mail in machine), len(machine))


def check_xarf(reader, corpus):
    documents = sorted(corpus.glob("xarf/*.json"))
    with tempfile.TemporaryDirectory() as scratch:
        paths = []
        for document in documents:
            path = Path(scratch) / f"{document.stem}.eml"
            path.write_bytes(
                b"From: r@r.example\nSubject: report\n"
                b"Content-Type: multipart/mixed; boundary=xyz\n\n"
                b"--xyz\n\nsee attached\n--xyz\n"
                b"Content-Type: application/json; name=xarf.json\n\n"
                + document.read_bytes() + b"\n--xyz--\n")
            paths.append(path)
        mails = read(reader, paths)
    check("xarf: documents", sum(mail.get("abuse", {}).get("format") == "xarf"
                                and mail["abuse"]["source_ip"] != ""
                                for mail in mails), len(documents))
    old = [mail for mail in read(reader, corpus.glob("xarf-mail/*.eml"))]
    check("xarf-mail: report by mail", sum(mail.get("abuse", {}).get("source_ip")
                                   == "10.0.2.150" for mail in old), len(old))


# ---- threads ----

def check_threads(corpus, mails):
    rows = [line.split("\t") for line in
            (corpus / "spamassassin-threads/threads.tsv").read_text()
            .splitlines()[1:]]
    ids = {name: identifier for _, name, identifier, _ in rows}
    own = parents = linked = 0
    for _, name, identifier, parent in rows:
        mail = mails[str(corpus / "spamassassin-threads/messages" / name)]
        own += mail["message_id"] == identifier
        if parent != "-":
            parents += 1
            linked += ids[parent] in mail["references"] + mail["in_reply_to"]
    check("spamassassin-threads: Message-IDs", own, len(rows) - 2, len(rows))
    check("spamassassin-threads: links to the parent", linked, parents, parents)


# ---- trimming ----

def check_talon(reader, corpus):
    files = sorted(corpus.glob("talon/standard_replies/*.eml"))
    right = 0
    for mail in read(reader, files):
        expected = Path(mail["file"][:-len(".eml")] + "_reply_text")
        want = expected.read_text() if expected.exists() else "Hello"
        # That text has the signature, which we keep apart from the words.
        right += flat(want) in (flat(mail["trimmed"]), flat(
            mail["trimmed"] + " " + mail["signature"]))
    check("talon: replies, exact", right, 12, len(files))
    pages = sorted(corpus.glob("talon/html_replies/*.html"))
    right = sum(flat(page["trimmed"]) == "Hi. I am fine. Thanks, Alex"
                for page in read(reader, pages, "--html"))
    check("talon: HTML replies, exact", right, 9, len(pages))
    check_talon_rest(reader, corpus / "talon")


def check_talon_rest(reader, base):
    """The loose files: what the quotation must leave; and bodies without
    quotation, of which only lines of the signature may be missing."""
    wants = {"reply-separated-by-hr.html": "Hi there Bob",
             "OLK_SRC_BODY_SECTION.html": "Reply"}
    pages = read(reader, [base / name for name in wants], "--html")
    right = sum(flat(page["trimmed"]) == wants[Path(page["file"]).name]
                for page in pages)
    block = read(reader, [base / "reply-quotations-share-block.eml"])[0]
    right += (flat(block["trimmed"]).startswith("Hi Katharine. Sounds great.")
              and flat(block["trimmed"]).endswith("from you soon. Joe XXX"))
    check("talon: loose files, exact", right, 3, len(wants) + 1)
    bodies = sorted((base / "signature/emails/stripped").glob("*_body"))
    whole = 0
    for body in read(reader, bodies, "--trim"):
        path = Path(body["file"])
        signature = flat(path.with_name(path.name.replace(
            "_body", "_signature")).read_text())
        text, got = flat(path.read_text()), flat(body["trimmed"])
        whole += (text.startswith(got) and flat(
            text[len(got):]) in signature)
    check("talon: signatures, words whole", whole, 6, len(bodies))


def check_trimmer(reader, corpus):
    base = corpus / "reply-trimmer"
    files = sorted(base.glob("emails/*"))
    same = lost = shorter = 0
    for body in read(reader, files, "--trim"):
        want = (base / "trimmed" / Path(body["file"]).name).read_text()
        got = flat(body["trimmed"])
        same += got == flat(want)
        shorter += len(got) < len(flat(body["text"]))
        missing = [word for word in flat(want).split() if word not in got]
        if missing:
            lost += 1
            print("    lost in", Path(body["file"]).name, missing[:10])
    check("reply-trimmer: exact on whitespace-normalised text", same, 58,
          len(files))
    check("reply-trimmer: something trimmed", shorter, 51, len(files))
    check_most("reply-trimmer: words of the writer lost", lost, 0)


def find_corpus():
    for place in (sys.argv[2] if len(sys.argv) > 2 else None,
                  os.environ.get("PORTARIA_CORPUS"),
                  Path(__file__).resolve().parents[2] / "../shared/corpus"):
        if place and (Path(place) / "README.md").exists():
            return Path(place).resolve()
    return None


def main():
    if len(sys.argv) < 2:
        print(__doc__)
        return 64
    reader, corpus = sys.argv[1], find_corpus()
    if corpus is None:
        print("skipped: no corpus of other people's mail here")
        return SKIP
    paths = message_files(corpus)
    mails = {mail["file"]: mail for mail in read(reader, paths)}
    check("files answered", len(mails), len(paths))
    if len(mails) == len(paths):
        check_all(mails)
        check_trees(corpus, mails)
        check_bounces(mails)
        check_kinds(mails)
        check_stalwart(corpus, mails)
        check_threads(corpus, mails)
    check_words(reader, corpus)
    check_xarf(reader, corpus)
    check_talon(reader, corpus)
    check_trimmer(reader, corpus)
    print(f"{len(failures)} failed" if failures else "all floors reached")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
