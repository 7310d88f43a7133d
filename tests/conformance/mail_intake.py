#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing is lost: every message becomes a record, whole, in bounded time.

Delivers each message of a corpus of other people's mail and the bombs of
mail_bombs.py to portaria-lmtpd, with its confined parser, and looks at what
is in the database afterwards:

- each is answered 250, and a ticket's entry or a held message names it;
- the original comes back byte for byte, through `portaria` and the store;
- the attachments are those that Python's email package finds, by content,
  and by name where the message is well formed (messages up to 10 MiB);
- the parser has 2 seconds of processor time and 200 MB of address space,
  given it by the kernel, and a message costs less than 4 seconds of processor
  time in all. An idle machine needs half of that; a busy one makes even
  processor time longer, and the clock on the wall says nothing at all;
- a stub is made only where a limit is passed, and says which.

The corpus is $PORTARIA_CORPUS, or ../shared/corpus beside the source. Without
one only the bombs run. Usage: mail_intake.py [NAME...]: those whose name
contains one of the words.
"""
import email
import email.errors
import email.header
import hashlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import unicodedata
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "proto" / "lmtp"))
sys.path.insert(0, str(HERE))

import mail_bombs  # noqa: E402
from lmtp_support import Daemon  # noqa: E402

SLOWEST = float(os.environ.get("PORTARIA_SLOWEST", "4"))  # seconds
TICKS = os.sysconf("SC_CLK_TCK")
MEMORY = "200M"
SECONDS = "2"
DESK = "abusos@desk.example"  # takes mail of anybody
# What a message may become other than an entry, by its kind.
RECORDS = ("held", "abuse_report", "mail_report")
STUB = "This message could not be read"
ROOM = 10 * 2 ** 20  # what is larger is compared by digest only
failures = []
COMPARED_NAMES = []


def fail(name, why):
    failures.append(name)
    print(f"FAIL {name}: {why}", flush=True)


# ---- the messages ----

def as_sent(data):
    """Without an mbox line, lines ended by CRLF, the last one ended."""
    if data.startswith(b"From "):
        data = data.split(b"\n", 1)[-1]
    data = re.sub(rb"(?<!\r)\n", b"\r\n", data)
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def wrapped(body, kind, name):
    """A bare body in a message of its own."""
    return as_sent(b"From: r@remoto.example\nSubject: " + name.encode()
                   + b"\nMIME-Version: 1.0\nContent-Type: " + kind.encode()
                   + b"\nContent-Transfer-Encoding: 8bit\n\n" + body)


MESSAGES = ("mime4j/*/*.msg", "cpython-email/msg_*", "sisimai/*/*.eml",
            "spamassassin-threads/messages/*", "stalwart-auth/*/*.eml",
            "talon/*.eml", "talon/*/*.eml", "xarf-mail/*.eml")
BODIES = (("reply-trimmer/emails/*", "text/plain; charset=utf-8"),
          ("reply-trimmer/before/*", "text/plain; charset=utf-8"),
          ("reply-trimmer/embedded/*", "text/plain; charset=utf-8"),
          ("reply-trimmer/matchers/*", "text/plain; charset=utf-8"),
          ("talon/*.html", "text/html"), ("talon/*/*.html", "text/html"),
          ("talon/signature/emails/*/*", "text/plain"),
          ("stalwart-auth/dmarc-feedback/*.xml", "application/xml"),
          ("xarf/*.json", "application/json"))


def arc_messages(corpus):
    try:
        import yaml
    except ImportError:
        print("     arc-suite left out: no python3-yaml")
        return
    path = corpus / "arc-suite/arc-draft-validation-tests.yml"
    for number, suite in enumerate(yaml.safe_load_all(path.read_text())):
        for name, case in suite["tests"].items():
            yield (f"arc-suite/{number}/{name}",
                   as_sent(case["message"].encode()))


def corpus_messages(corpus):
    for pattern in MESSAGES:
        for path in sorted(corpus.glob(pattern)):
            yield str(path.relative_to(corpus)), as_sent(path.read_bytes())
    for pattern, kind in BODIES:
        for path in sorted(corpus.glob(pattern)):
            if path.is_file():
                yield (str(path.relative_to(corpus)),
                       wrapped(path.read_bytes(), kind, path.name))
    for path in sorted(corpus.glob("stalwart-auth/dkim/*.txt")) + sorted(
            corpus.glob("stalwart-auth/arc/*.txt")):
        text = as_sent(path.read_bytes())  # DNS records stand first
        yield (str(path.relative_to(corpus)),
               text.split(b"\r\n\r\n", 1)[-1])
    yield from arc_messages(corpus)


def find_corpus():
    for place in (os.environ.get("PORTARIA_CORPUS"),
                  HERE.parents[1] / "../shared/corpus"):
        if place and (Path(place) / "README.md").exists():
            return Path(place).resolve()
    return None


# ---- an independent reading ----

class Leaf:
    """A part that is no multipart: its bytes, in the forms they may have."""

    def __init__(self, part):
        encoding = str(part.get("Content-Transfer-Encoding", "")).strip()
        del part["Content-Transfer-Encoding"]  # a blank behind it confuses
        part["Content-Transfer-Encoding"] = encoding
        self.kind = part.get_content_type()
        self.is_message = self.kind.startswith("message/")
        self.data = b"" if self.is_message else (
            part.get_payload(decode=True) or b"")
        self.charset = part.get_content_charset() or "utf-8"
        self.is_flowed = part.get_param("format") is not None
        self.name = plain_name(part)

    def digests(self):
        forms = {self.data, self.data.replace(b"\r\n", b"\n")}
        forms |= {form.rstrip(b"\r\n") for form in forms}
        return {hashlib.sha256(form).hexdigest() for form in forms}

    def is_shown(self, text, html):
        for charset in (self.charset, "utf-8", "cp1252", "latin-1"):
            try:
                words = flat(self.data.decode(charset))
            except (UnicodeDecodeError, LookupError):
                continue
            if words in text or words in html:
                return True
            if self.is_flowed and squeezed(words) in squeezed(text):
                return True
        return self.kind in ("text/html", "text/richtext", "text/enriched")


def plain_name(part):
    """The file name if there is nothing in it to be made safe, else None."""
    try:
        name = str(email.header.make_header(
            email.header.decode_header(part.get_filename() or "")))
    except (ValueError, LookupError, email.errors.HeaderParseError):
        return None
    name = unicodedata.normalize("NFC", name)
    plain = re.fullmatch(r"[\w](?:[\w +,@=-]|\.(?!\.)){0,98}[\w]", name)
    return name if plain else None


def is_named(name, given):
    """Given as sent, or with the number that tells equal names apart."""
    stem, dot, ext = name.rpartition(".") if "." in name else (name, "", "")
    given = unicodedata.normalize("NFC", given)
    return re.fullmatch(re.escape(stem) + r"(\D{0,2}\d+\D?)?"
                        + re.escape(dot + ext), given) is not None


def flat(text):
    """Without what differs between texts that say the same: white space,
    and control characters, which no text of ours has."""
    text = re.sub(r"[\x01-\x08\x0e-\x1b\x7f]", "", text)
    return re.sub(r"[\s\0]+", " ", text.replace("\ufffd", " ")).strip()


def squeezed(text):
    """Without what joining flowed lines changes."""
    return re.sub(r"[\s>]+", "", text)


def is_strict_base64(part):
    if str(part.get("Content-Transfer-Encoding", "")).strip().lower() \
            != "base64":
        return True
    lines = re.sub(r"\s", "", part.get_payload())
    return re.fullmatch(r"[A-Za-z0-9+/]*={0,2}", lines) is not None \
        and len(lines) % 4 == 0


def leaves(part):
    """None if the message is not well formed."""
    if part.defects:
        return None
    if not part.is_multipart() and not is_strict_base64(part):
        return None
    if part.epilogue and f"--{part.get_boundary()}" in part.epilogue:
        return None
    if part.get_content_maintype() != "multipart" or not part.is_multipart():
        return [Leaf(part)]
    found = []
    for child in part.get_payload():
        inside = leaves(child)
        if inside is None:
            return None
        found += inside
    return found


SPECIAL = re.compile(rb"(?im)^begin [0-7]{3,4} |ms-tnef|pkcs7-mime"
                     rb"|appledouble|^content-transfer-encoding:\s*x-uu")


def compare(name, data, entry, attachments):
    """Each leaf is text of the entry or an attachment, and nothing else is."""
    try:
        found = leaves(email.message_from_bytes(data))
    except (ValueError, LookupError, AttributeError):
        return False
    if found is None or SPECIAL.search(data):
        return False
    text, html = flat(entry["text"]), flat(entry["html"])
    left = [row["blob"] for row in attachments]
    messages = [row for row in attachments
                if row["content_type"].startswith("message/")]
    for leaf in found:
        if leaf.is_message and messages:
            left.remove(messages.pop(0)["blob"])
            continue
        digest = next((d for d in leaf.digests() if d in left), None)
        if digest is not None:
            left.remove(digest)
            given = [row["filename"] for row in attachments
                     if row["blob"] == digest]
            if leaf.name and not any(is_named(leaf.name, g) for g in given):
                fail(name, f"{leaf.name!r} is named {given}")
            COMPARED_NAMES.append(leaf.name)
        elif not leaf.is_shown(text, html):
            fail(name, f"lost a part: {leaf.kind}, {len(leaf.data)} bytes")
    if left and not entry["warnings"] & 4:  # text cut, and kept whole
        fail(name, f"{len(left)} attachments that nobody sent")
    return True


# ---- what is in the store ----

class Store:
    def __init__(self, daemon):
        self.blobs = daemon.dir / "blobs"
        self.db = sqlite3.connect(f"file:{daemon.dir}/portaria.db?mode=ro",
                                  uri=True)
        self.db.row_factory = sqlite3.Row

    def rows(self, query, *values):
        return self.db.execute(query, values).fetchall()

    def blob(self, sha):
        [row] = self.rows("SELECT data FROM blob WHERE sha256 = ?", sha)
        if row["data"] is not None:
            return row["data"]
        return next(self.blobs.rglob(f"*{sha[4:]}*")).read_bytes()


class Run:
    def __init__(self, daemon):
        self.daemon = daemon
        self.store = Store(daemon)
        self.pids = (daemon.process.pid, daemon.zygote())
        self.seen = set()
        self.counts = dict.fromkeys(
            ("delivered", "entries", "stubs", "compared", "attachments",
             *RECORDS), 0)
        self.slowest = (0, "")

    def spent(self):
        """Processor seconds of the daemon and of all parsers so far."""
        total = 0
        for pid in self.pids:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1]
            total += sum(int(ticks) for ticks in fields.split()[11:15])
        return total / TICKS

    def deliver(self, name, data):
        with self.daemon.client() as client:
            client.hello()
            start = self.spent()
            reply = client.deliver(data, [DESK], "b@remoto.example")[0]
            took = self.spent() - start
        self.slowest = max(self.slowest, (took, name))
        if took >= SLOWEST:
            fail(name, f"{took:.2f} s of processor time")
        return reply

    def find(self, name, sha):
        """The entry of a message; None if it is a record of another kind."""
        rows = self.store.rows("SELECT * FROM message WHERE raw = ?"
                               " ORDER BY author = 'event', id", sha)
        if rows:
            self.counts["entries"] += 1
            return rows[0]
        for table in RECORDS:
            if self.store.rows(f"SELECT 1 FROM {table} WHERE raw = ?", sha):
                self.counts[table] += 1
                return None
        fail(name, "there is no record of it")
        return None

    def check_attachments(self, name, data, entry):
        rows = self.store.rows("SELECT * FROM attachment WHERE message_id = ?"
                               " ORDER BY id", entry["id"])
        self.counts["attachments"] += len(rows)
        for row in rows:
            content = self.store.blob(row["blob"])
            if len(content) != row["size"] or (
                    hashlib.sha256(content).hexdigest() != row["blob"]):
                fail(name, f"{row['filename']} is not what was stored")
            if row["content_type"] == "message/rfc822" and (
                    len(content) < ROOM and content not in data
                    and not re.search(rb"(?i)encoding: *(base64|quoted|x-uu)",
                                      data)):
                fail(name, f"{row['filename']} is not as it was sent")
        if len(data) < ROOM and compare(name, data, entry, rows):
            self.counts["compared"] += 1

    def check(self, name, data, want):
        sha = hashlib.sha256(data).hexdigest()
        if sha in self.seen:
            return
        self.seen.add(sha)
        code, enhanced, text = self.deliver(name, data)
        self.counts["delivered"] += 1
        if (code, enhanced) != (250, "2.6.0"):
            fail(name, f"{code} {enhanced} {text}")
            return
        if self.store.blob(sha) != data:
            fail(name, "the original differs")
        entry = self.find(name, sha)
        if entry is None:
            return
        is_stub = STUB in entry["text"]
        self.counts["stubs"] += is_stub
        if is_stub != (want != "read"):
            fail(name, f"wanted {want}: {entry['text'][:300]!r}")
        elif is_stub and f"\n{want}" not in entry["text"]:
            fail(name, f"the reason is not {want}: {entry['text'][-200:]!r}")
        elif not is_stub:
            self.check_attachments(name, data, entry)

    def check_cli(self, name, sha):
        """The same through the command."""
        rows = self.store.rows(
            "SELECT ref, message.id FROM message JOIN ticket"
            " ON ticket.id = ticket_id WHERE raw = ?", sha)
        for row in rows[:1]:
            out = subprocess.run(
                [os.environ["PORTARIA_CLI"], "-c", str(self.daemon.conf),
                 "ticket", "raw", row["ref"], "--message", str(row["id"])],
                capture_output=True, check=False)
            if hashlib.sha256(out.stdout).hexdigest() != sha:
                fail(name, f"ticket raw: {out.returncode} {out.stderr[:200]}")


def messages(corpus, words):
    sources = [mail_bombs.bombs()]
    if corpus:
        sources.append((name, data, "read")
                       for name, data in corpus_messages(corpus))
    for source in sources:
        for name, data, want in source:
            if not words or any(word in name for word in words):
                yield name, data, want


def main():
    corpus = find_corpus()
    if corpus is None:
        print("no corpus of other people's mail here: the bombs only")
    with Daemon(f"limits.parser_seconds={SECONDS}",
                f"limits.parser_memory={MEMORY}", "log.level=info") as daemon:
        run = Run(daemon)
        for name, data, want in messages(corpus, sys.argv[1:]):
            run.check(name, data, want)
        for sha in sorted(run.seen)[::20]:
            run.check_cli(sha, sha)
        code = daemon.stop()
        if code != 0:
            fail("portaria-lmtpd", f"exit {code}")
    run.counts["names"] = sum(1 for name in COMPARED_NAMES if name)
    print(json.dumps(run.counts))
    print(f"slowest: {run.slowest[0]:.2f} s, {run.slowest[1]}")
    print(f"{len(failures)} failed" if failures else "nothing lost")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
