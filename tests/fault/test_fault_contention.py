# SPDX-License-Identifier: GPL-2.0-or-later
"""The agent, the notifier and the command write at the same time.

Three connections bring mail, the notifier sends what that causes, and several
people change the same tickets: every change that was said to be made is there,
none twice, every mail goes out once, and nobody reads "database is locked".
20 s in ctest, ten minutes at full length.
"""

import os
import random
import re
import signal
import subprocess
import threading
import time
import unittest

from fault_support import (Letter, MailServer, check_database, check_letters,
                           database, figures, length)
from lmtp_support import DaemonTest, daemon_environment, wait_for
from notifier_support import Server

CLI = os.environ["PORTARIA_CLI"]
NOTIFIER = os.environ["PORTARIA_NOTIFIER"]
SECONDS = length(20, 600)
PEOPLE = 4
TICKETS = 3
PRIORITIES = ("low", "medium", "high")


class Contention(DaemonTest):
    # What is in force everywhere: the defaults, but for the log.
    options = ("store.busy_ms=10s", "log.level=info")

    def setUp(self):
        super().setUp()
        self.smtp = Server()
        self.addCleanup(self.smtp.close)
        self.end = time.monotonic() + SECONDS
        self.notes = []        # (ref, text) that were said to be made
        self.changes = 0
        self.conflicts = 0
        self.slowest = 0
        self.wrong = []
        self.lock = threading.Lock()

    def cli(self, *arguments):
        start = time.monotonic()
        result = subprocess.run(
            [CLI, "-c", str(self.daemon.conf), "-o", "store.busy_ms=10s",
             *arguments], capture_output=True, text=True, check=False)
        with self.lock:
            self.slowest = max(self.slowest, time.monotonic() - start)
        return result

    def must(self, *arguments):
        result = self.cli(*arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def start_notifier(self):
        log = open(self.daemon.dir / "notifier.log", "ab")
        process = subprocess.Popen(
            [NOTIFIER, "-c", str(self.daemon.conf),
             "-o", f"notifier.submission=smtp://127.0.0.1:{self.smtp.port}",
             "-o", "notifier.poll_seconds=1",
             "-o", f"postfix.map_file={self.daemon.dir}/map.db",
             "-o", "log.level=info", "-o", "store.busy_ms=10s"],
            stderr=log, stdin=subprocess.DEVNULL,
            env=dict(os.environ, **daemon_environment()))
        log.close()
        return process

    def person(self, number, refs):
        """Writes notes and changes the priority until the time is over."""
        chance = random.Random(number)
        count = 0
        while time.monotonic() < self.end:
            count += 1
            ref = chance.choice(refs)
            text = f"nota {number}.{count}"
            if chance.random() < 0.5:
                result = self.cli("ticket", "note", ref, "--as", "ana",
                                  "--text", text)
            else:
                result, text = self.cli(
                    "ticket", "priority", ref, chance.choice(PRIORITIES),
                    "--as", "ana"), None
            self.note_result(ref, text, result)

    def note_result(self, ref, text, result):
        with self.lock:
            if result.returncode == 0:
                self.changes += 1
                if text is not None:
                    self.notes.append((ref, text))
            elif "changed" in result.stderr:
                self.conflicts += 1   # said, and nothing was done
            else:
                self.wrong.append((result.returncode, result.stderr))

    def check_notes(self):
        with database(self.daemon) as db:
            stored = db.execute(
                "SELECT t.ref, m.text FROM message m"
                " JOIN ticket t ON t.id = m.ticket_id"
                " WHERE m.text LIKE 'nota %'").fetchall()
        self.assertEqual(sorted((r, t.strip()) for r, t in stored),
                         sorted(self.notes))

    def check_mails(self):
        """Each row of the outbox went out, and once."""
        with database(self.daemon) as db:
            rows = db.execute("SELECT state, COUNT(*) FROM outbox"
                              " GROUP BY state").fetchall()
        sent = dict(rows).get("sent", 0)
        ids = [re.search(rb"(?im)^Message-ID:\s*(\S+)", data)[1]
               for _, _, data in self.smtp.mails]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertEqual(len(ids), sent)
        return sent

    def test_all_at_once(self):
        self.must("staff", "add", "ana", "--name", "Ana", "--admin",
                  "--email", "ana@desk.example", "--department", "suporte",
                  "--as", "ana")
        first = [Letter(self.daemon, f"inicial.{i}") for i in range(TICKETS)]
        for letter in first:
            letter.refs.update(self.stored(self.daemon.deliver(letter.data)))
        refs = [ref for letter in first for ref in letter.refs]
        server = MailServer(self.daemon,
                            lambda n: Letter(self.daemon, n), 3)
        notifier = self.start_notifier()
        people = [threading.Thread(target=self.person, args=(i, refs))
                  for i in range(PEOPLE)]
        try:
            server.start()
            for person in people:
                person.start()
            for person in people:
                person.join()
            server.finish()
            wait_for(lambda: not self.queued(), "the outbox to empty")
        finally:
            server.draining.set()
            server.stopping.set()
            notifier.send_signal(signal.SIGTERM)
            self.assertEqual(notifier.wait(60), 0)
        self.assertEqual(self.wrong, [])
        self.assertEqual(server.failures, 0)
        self.check_notes()
        sent = self.check_mails()
        check_letters(self.daemon, first + server.done)
        check_database(self.daemon)
        self.assertIn("intact", self.must("db", "check"))
        for log in ("log", "notifier.log"):
            self.assertNotIn("is locked",
                             (self.daemon.dir / log).read_text())
        figures("agent, notifier and command at once", seconds=SECONDS,
                letters=len(server.done), changes=self.changes,
                conflicts_told=self.conflicts, mails=sent,
                slowest_command_s=f"{self.slowest:.2f}", locked_seen=0)

    def queued(self):
        with database(self.daemon) as db:
            return db.execute("SELECT COUNT(*) FROM outbox"
                              " WHERE state = 'queued'").fetchone()[0]


if __name__ == "__main__":
    unittest.main()
