# SPDX-License-Identifier: GPL-2.0-or-later
"""fault_support.py - what the tests of trouble share

The daemon and its client are those of tests/proto/lmtp/lmtp_support.py; here
is what comes on top: a short and a full length, figures, a client that behaves
as a mail server does, the library powerloss.c, and a look into the database
and the blobs that goes past our own code.

PORTARIA_FAULT=full runs each test at its full length, else it takes less than
90 s.
"""

import contextlib
import hashlib
import os
import sqlite3
import sys
import threading
import time
from pathlib import Path

SOURCE = Path(os.environ["PORTARIA_SOURCE"])
sys.path[:0] = [str(SOURCE / "tests/proto" / name)
                for name in ("lmtp", "notifier")]

import lmtp_support  # noqa: E402

FULL = os.environ.get("PORTARIA_FAULT") == "full"
POWERLOSS = os.environ["PORTARIA_POWERLOSS"]


def length(short, full):
    return full if FULL else short


def figures(what, **numbers):
    """One line for the report."""
    words = " ".join(f"{name}={value}" for name, value in numbers.items())
    print(f"fault: {what}: {words}", flush=True)


def database(daemon):
    """Read-only, past our own code. Closed at once: SQLite shares what it
    knows of a file among the connections of a process, and a loss of power
    takes that away under them."""
    path = daemon.dir / "portaria.db"
    return contextlib.closing(
        sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30))


def blob_bytes(daemon, db, sha):
    """The bytes, whose digest is checked."""
    row = db.execute("SELECT data FROM blob WHERE sha256 = ?",
                     (sha,)).fetchone()
    if row is None:
        raise AssertionError(f"no blob {sha}")
    data = row[0]
    if data is None:
        data = (daemon.dir / "blobs" / sha[:2] / sha[2:]).read_bytes()
    if hashlib.sha256(data).hexdigest() != sha:
        raise AssertionError(f"blob {sha} is damaged")
    return data


def temporary_blobs(daemon):
    return [str(path) for path in (daemon.dir / "blobs").rglob(".new-*")]


def check_database(daemon):
    """What SQLite itself says of it, and our own check."""
    with database(daemon) as db:
        for pragma in ("integrity_check", "foreign_key_check"):
            rows = db.execute(f"PRAGMA {pragma}").fetchall()
            if rows not in ([], [("ok",)]):
                raise AssertionError(f"{pragma}: {rows[:5]}")
        files = db.execute("SELECT sha256, size FROM blob"
                           " WHERE data IS NULL").fetchall()
    for sha, size in files:
        path = daemon.dir / "blobs" / sha[:2] / sha[2:]
        if not path.is_file() or path.stat().st_size != size:
            raise AssertionError(f"the file of blob {sha} is not whole")


class Letter:
    """A message and what became of it."""

    def __init__(self, daemon, number, attachments=(), body="Bom dia.\r\n",
                 recipient="suporte@desk.example"):
        self.number = number
        self.id = f"<{number}.{os.urandom(6).hex()}@cliente.example>"
        self.attachments = attachments
        self.recipient = recipient
        self.data = daemon.seal(compose(f"Assunto {number}", self.id, body,
                                        attachments))
        self.refs = set()   # of all answers 250
        self.tries = 0


def compose(subject, message_id, body, attachments):
    """A message with attachments: (name, bytes)."""
    import base64
    if not attachments:
        return lmtp_support.message(subject, message_id, body=body)
    parts = [f"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{body}"]
    for name, data in attachments:
        text = base64.encodebytes(data).decode().replace("\n", "\r\n")
        parts.append(
            f"--b\r\nContent-Type: application/octet-stream\r\n"
            f"Content-Transfer-Encoding: base64\r\n"
            f'Content-Disposition: attachment; filename="{name}"\r\n\r\n'
            f"{text}")
    return lmtp_support.message(
        subject, message_id, extra="MIME-Version: 1.0\r\n"
        "Content-Type: multipart/mixed; boundary=b\r\n",
        body="\r\n".join(parts) + "\r\n--b--\r\n")


class MailServer:
    """Several connections that bring letters until each was answered 250,
    as a mail server's queue does. A connection is used for many letters and
    made anew when it breaks."""

    def __init__(self, daemon, make, connections):
        self.daemon = daemon
        self.make = make     # number -> Letter
        self.lock = threading.Lock()
        self.waiting = []    # no 250 yet
        self.done = []
        self.count = 0
        self.failures = 0
        self.odd = []        # answers that are neither 250 nor 4xx
        self.paused = threading.Event()
        self.stopping = threading.Event()
        self.draining = threading.Event()
        self.threads = [threading.Thread(target=self.work)
                        for _ in range(connections)]

    def start(self):
        for thread in self.threads:
            thread.start()

    def next(self):
        with self.lock:
            if self.waiting:
                return self.waiting.pop(0)
            if self.draining.is_set():
                return None
            self.count += 1
            number = self.count
        return self.make(number)

    def answered(self, letter, replies):
        code = replies[0][0] if replies else 451
        with self.lock:
            if code == 250:
                letter.refs.add(replies[0][2].split()[0])
                self.done.append(letter)
                return
            self.failures += 1
            if not 400 <= code < 500:
                self.odd.append(replies)
            self.waiting.append(letter)

    def work(self):
        client = None
        while not self.stopping.is_set():
            letter = self.next()
            if letter is None:
                break
            letter.tries += 1
            try:
                if client is None:
                    client = self.daemon.client()
                    client.hello()
                replies = client.deliver(letter.data, [letter.recipient])
            except (OSError, EOFError, AssertionError, ValueError):
                replies = None
            self.answered(letter, replies)
            if replies is None:
                if client is not None:
                    client.close()
                client = None
                time.sleep(0.02)
        if client is not None:
            client.close()

    def finish(self, seconds=lmtp_support.PATIENCE):
        """No new letters; waits until the last one has its 250."""
        self.draining.set()
        for thread in self.threads:
            thread.join(seconds)
        self.stopping.set()
        for thread in self.threads:
            thread.join()
        # A letter may have come back after the last thread looked.
        while self.waiting:
            letter = self.waiting.pop(0)
            letter.tries += 1
            self.answered(letter,
                          self.daemon.deliver(letter.data,
                                              [letter.recipient]))


def check_letters(daemon, letters):
    """Each is stored exactly once, byte for byte, with its attachments, under
    the ref of every 250 that it got. The number of tickets is theirs."""
    with database(daemon) as db:
        entries = {}
        for message_id, subject, raw, ref, row in db.execute(
                "SELECT m.message_id, m.subject, m.raw, t.ref, m.id"
                " FROM message m JOIN ticket t ON t.id = m.ticket_id"
                " WHERE m.author = 'customer'"):
            entries.setdefault(message_id, []).append((raw, ref, row))
        for letter in letters:
            found = entries.pop(letter.id, [])
            if len(found) != 1:
                raise AssertionError(f"{letter.id}, answered 250 as "
                                     f"{letter.refs}, is there "
                                     f"{len(found)} times")
            [(raw, ref, row)] = found
            if letter.refs != {ref}:
                raise AssertionError(f"{letter.id}: in {ref}, answered "
                                     f"{letter.refs}")
            if blob_bytes(daemon, db, raw) != letter.data:
                raise AssertionError(f"{letter.id}: other bytes")
            check_attachments(daemon, db, row, letter)
    if entries:
        raise AssertionError(f"never sent: {list(entries)[:5]}")


def check_attachments(daemon, db, row, letter):
    stored = [(name, blob_bytes(daemon, db, blob)) for name, blob in
              db.execute("SELECT filename, blob FROM attachment"
                         " WHERE message_id = ? ORDER BY id", (row,))]
    if sorted(stored) != sorted(letter.attachments):
        raise AssertionError(f"{letter.id}: other attachments")
