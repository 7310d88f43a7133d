# SPDX-License-Identifier: GPL-2.0-or-later
"""kill -9 and lost power, at any moment, under load.

A mail server brings letters over several connections and keeps each until it
was answered 250. Whenever the daemon dies it is started again. At the end each
letter is there exactly once, with every byte and every attachment, in the
ticket that each 250 named; the database is sound; nothing unfinished is left.

What an answer 250 promises must hold at every crash, so the check is made
after each loss of power, too, for what had its 250 by then.
"""

import os
import random
import shutil
import signal
import tempfile
import time
import unittest
from pathlib import Path

from fault_support import (Letter, MailServer, POWERLOSS, blob_bytes,
                           check_database, check_letters, database, figures,
                           length, temporary_blobs)
import lmtp_support
from lmtp_support import Daemon, wait_for
import powerloss

SEED = int(os.environ.get("PORTARIA_FAULT_SEED", str(time.time_ns())))
CONNECTIONS = 5
# Some attachments become files, the database's log fills up fast.
OPTIONS = ("store.blob_inline_max=64K", "log.level=info")
SIZES = (0, 0, 0, 100, 3000, 30000, 90000, 200000)


def letter(daemon, number, chance, sizes=SIZES):
    size = chance.choice(sizes)
    attachments = []
    if size:
        attachments = [("um.bin", chance.randbytes(size)),
                       ("dois.bin", chance.randbytes(size // 3))]
    return Letter(daemon, number, attachments)


class Crashes(unittest.TestCase):
    environment = {}

    def setUp(self):
        print(f"seed {SEED}", flush=True)
        self.chance = random.Random(SEED)
        self.usual = lmtp_support.daemon_environment
        lmtp_support.daemon_environment = self.daemon_environment
        self.daemon = Daemon(*OPTIONS)
        self.daemon.__enter__()
        self.server = MailServer(self.daemon, self.letter, CONNECTIONS)
        self.sizes = SIZES
        self.kills = 0
        self.left = 0

    def tearDown(self):
        lmtp_support.daemon_environment = self.usual
        self.server.draining.set()
        self.server.stopping.set()
        if self.daemon.process:
            self.daemon.stop(signal.SIGKILL)
        for thread in self.server.threads:
            if thread.is_alive():
                thread.join()
        self.daemon.__exit__(None, None, None)

    def daemon_environment(self):
        return dict(self.usual(), **self.environment)

    def letter(self, number):
        return letter(self.daemon, number, random.Random(SEED + number),
                      self.sizes)

    def restart(self):
        """After a death: what it left is counted, and gone after the start."""
        self.kills += 1
        self.left += len(temporary_blobs(self.daemon))
        self.daemon.start()
        self.assertEqual(temporary_blobs(self.daemon), [])

    def finish(self, what, **numbers):
        self.server.finish()
        self.assertEqual(self.server.odd, [])
        self.assertEqual(self.server.waiting, [])
        done = self.server.done
        # Once more: the answer may have been lost in a crash, the mail not.
        for one in self.chance.sample(done, min(20, len(done))):
            [reply] = self.daemon.deliver(one.data)
            one.refs.add(reply[2].split()[0])
        check_letters(self.daemon, done)
        check_database(self.daemon)
        self.assertEqual(self.daemon.stop(), 0)
        check_letters(self.daemon, done)
        self.assertEqual(temporary_blobs(self.daemon), [])
        figures(what, kills=self.kills, stored=len(done),
                repeated_after_no_250=self.server.failures,
                unfinished_files_swept=self.left, **numbers)


class Kill(Crashes):
    def test_at_random(self):
        """Whenever: while it starts, while it is idle, while it writes."""
        count = length(15, 200)
        self.server.start()
        for _ in range(count):
            time.sleep(self.chance.choice((0.02, 0.1, 0.3, 0.6))
                       * self.chance.random() * 2)
            self.daemon.stop(signal.SIGKILL)
            self.restart()
        self.finish("kill -9 at random moments")

    def test_while_it_starts(self):
        """Dead before it listens."""
        self.server.start()
        for _ in range(length(5, 40)):
            self.daemon.stop(signal.SIGKILL)
            self.kills += 1
            try:
                self.patience(self.chance.random() * 0.08)
            finally:
                self.restart()
        self.finish("kill -9 while it starts")

    def patience(self, seconds):
        """A start that is given up after so many seconds."""
        def not_yet():
            time.sleep(seconds)
            return True
        self.daemon.ready = not_yet
        try:
            self.daemon.start()
        finally:
            del self.daemon.ready
        self.daemon.stop(signal.SIGKILL)


# Each place where a crash could tear something: what, of which class, and up
# to which of these operations it may be.
PLACES = (
    ("write", "wal", 60), ("sync", "wal", 12), ("synced", "wal", 12),
    ("write", "db", 40), ("sync", "db", 2), ("synced", "db", 2),
    ("create", "blob", 6), ("write", "blob", 6), ("sync", "blob", 6),
    ("rename", "blob", 6), ("renamed", "blob", 6), ("dirsync", "dir", 8),
)


class Places(Crashes):
    """Killed in the middle of an operation: the daemon ends itself at the
    N-th one, powerloss.c sees to it."""

    def setUp(self):
        self.journal = Path(tempfile.mkdtemp(prefix="portaria-power-"))
        self.addCleanup(shutil.rmtree, self.journal, ignore_errors=True)
        super().setUp()

    def arm(self, what, kind, number):
        preload = [POWERLOSS]
        if lmtp_support.PRELOAD:
            preload.append(lmtp_support.PRELOAD)
        self.environment = {
            "LD_PRELOAD": ":".join(preload),
            "ASAN_OPTIONS": "verify_asan_link_order=0",
            "POWERLOSS_DIR": str(self.journal),
            "POWERLOSS_WATCH": str(self.daemon.dir),
            "POWERLOSS_KILL": f"{what}:{kind}:{number}"}

    def die(self, what, kind, most):
        """Restarts it with a bomb and waits until that goes off. False: the
        load did not get there."""
        self.arm(what, kind, self.chance.randint(1, most))
        self.daemon.start()
        process = self.daemon.process
        try:
            wait_for(lambda: process.poll() is not None, "the bomb", 20)
        except AssertionError:
            self.daemon.stop(signal.SIGKILL)
            return False
        finally:
            self.daemon.process = None
        self.assertEqual(process.returncode, -signal.SIGKILL)
        return True

    def run_places(self, rounds, lose, what):
        self.server.start()
        self.daemon.stop(signal.SIGKILL)
        missed, lost = [], [0, 0]
        for i in range(rounds * len(PLACES)):
            place = PLACES[i % len(PLACES)]
            # A checkpoint comes after 1000 pages.
            self.sizes = SIZES if place[1] != "db" else (60000,)
            try:
                went = self.die(*place)
            except AssertionError as error:
                if "exit -9" not in str(error):
                    raise   # else it went off before it listened
                went, self.daemon.process = True, None
            if not went:
                missed.append(place[:2])
            self.kills += 1
            self.left += len(temporary_blobs(self.daemon))
            for at, amount in enumerate(lose()):
                lost[at] += amount
            self.check_so_far()
        self.environment = {}
        self.restart()
        self.finish(what, missed=len(missed), writes_lost=lost[0],
                    names_lost=lost[1])
        self.assertLess(len(missed), rounds * len(PLACES) // 3)

    def check_so_far(self):
        """With the daemon down: what has its 250 is there."""
        with self.server.lock:
            done = list(self.server.done)
        with database(self.daemon) as db:
            rows = {row[0]: row[1:] for row in db.execute(
                "SELECT m.message_id, t.ref, m.raw FROM message m"
                " JOIN ticket t ON t.id = m.ticket_id"
                " WHERE m.author = 'customer'")}
            for one in done[-40:]:
                self.assertIn(one.id, rows, "answered 250 and lost")
                self.assertEqual(one.refs, {rows[one.id][0]})
                self.assertEqual(blob_bytes(self.daemon, db,
                                            rows[one.id][1]), one.data)
            self.assertLessEqual({one.id for one in done}, set(rows))

    def test_power_lost_after_a_crash(self):
        """A blob has its name when the daemon dies, but nobody has synced
        the name. The next daemon finds the blob and stores the message: then
        the name must be on disk."""
        self.sizes = (200000,)
        letters = [self.letter(n) for n in range(length(3, 20))]
        self.daemon.stop(signal.SIGKILL)
        for one in letters:
            self.arm("renamed", "blob", 1)
            self.daemon.start()
            with self.assertRaises((OSError, EOFError)):
                self.daemon.deliver(one.data)
            self.daemon.process.wait()
            self.arm("none", "none", 0)
            self.daemon.start()
            [reply] = self.daemon.deliver(one.data)
            self.assertEqual(reply[0], 250)
            one.refs.add(reply[2].split()[0])
            self.daemon.stop(signal.SIGKILL)
            powerloss.recover(self.daemon.dir, self.journal)
            check_database(self.daemon)
        check_letters(self.daemon, letters)
        self.environment = {}
        self.daemon.start()
        figures("power lost after a crash before the name was synced",
                letters=len(letters))

    def test_killed(self):
        def lose():
            for path in self.journal.iterdir():
                path.unlink()
            return 0, 0
        self.run_places(length(1, 5), lose, "kill -9 inside operations")

    def test_power_lost(self):
        """Nothing that was not synced is there."""
        self.run_places(
            length(1, 5),
            lambda: powerloss.recover(self.daemon.dir, self.journal),
            "power lost, all that was not synced is gone")

    def test_power_lost_in_part(self):
        """Chance decides which pages and names the disk had."""
        self.run_places(
            length(1, 5),
            lambda: powerloss.recover(self.daemon.dir, self.journal,
                                      self.chance),
            "power lost, some of what was not synced is gone")


if __name__ == "__main__":
    unittest.main()
