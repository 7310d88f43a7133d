# SPDX-License-Identifier: GPL-2.0-or-later
"""Disks that are full, may not be written or lie; no descriptors; a lock.

Each trouble is made under a daemon that runs, and taken away again: mail is
answered 4xx in the mail server's time, nothing is half stored, and afterwards
the same daemon stores everything, once. A mail server waits 600 s for the
answer to the dot (lmtp_data_done_timeout); we are asked to take a minute.
"""

import errno
import os
import resource
import shutil
import sqlite3
import tempfile
import threading
import time
import unittest
from pathlib import Path

from fault_support import (Letter, POWERLOSS, check_database, check_letters,
                           database, figures, length, temporary_blobs)
import lmtp_support
from lmtp_support import DaemonTest, wait_for

PATIENCE = 60
LARGE = (("grande.bin", os.urandom(300000)),)
SMALL = (("pequeno.bin", os.urandom(2000)),)


class Trouble(DaemonTest):
    options = ("store.blob_inline_max=64K", "store.busy_ms=300")

    def setUp(self):
        self.usual = lmtp_support.daemon_environment
        lmtp_support.daemon_environment = self.daemon_environment
        self.addCleanup(self.unpatch)
        self.journal = Path(tempfile.mkdtemp(prefix="portaria-power-"))
        self.addCleanup(shutil.rmtree, self.journal, ignore_errors=True)
        self.number = 0
        self.done = []
        super().setUp()

    def unpatch(self):
        lmtp_support.daemon_environment = self.usual

    def daemon_environment(self):
        """The library is there from the start and does nothing at first; it
        learns the folder from the database's name in the configuration."""
        usual = self.usual()
        folder = self.daemon.dir if hasattr(self, "daemon") else "/nowhere"
        return dict(usual, LD_PRELOAD=":".join(
            [POWERLOSS] + [v for v in (usual.get("LD_PRELOAD"),) if v]),
            ASAN_OPTIONS="verify_asan_link_order=0",
            POWERLOSS_DIR=str(self.journal), POWERLOSS_WATCH=str(folder))

    def letters(self, attachments, count):
        made = []
        for _ in range(count):
            self.number += 1
            made.append(Letter(self.daemon, self.number, attachments))
        return made

    def bring(self, letters):
        """All at once, each over a connection of its own: codes."""
        codes, slowest = {}, [0]

        def one(letter):
            start = time.monotonic()
            replies = self.daemon.deliver(letter.data)
            code = replies[-1][0] if replies[0][0] == 250 else replies[0][0]
            if any(r[0] // 100 == 4 for r in replies):
                code = next(r[0] for r in replies if r[0] // 100 == 4)
            codes[letter.id] = code
            slowest[0] = max(slowest[0], time.monotonic() - start)
            if code == 250:
                letter.refs.add(replies[0][2].split()[0])
        threads = [threading.Thread(target=one, args=(l,)) for l in letters]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(codes), len(letters))
        return codes, slowest[0]

    def check_absent(self, letters):
        with database(self.daemon) as db:
            ids = {r[0] for r in db.execute("SELECT message_id FROM message")}
        self.assertEqual({l.id for l in letters} & ids, set())

    def through(self, name, begin, end, kinds=(SMALL, LARGE), want=(451,)):
        """The trouble, mail of each kind, the end of it, the same mail."""
        before = self.letters(SMALL, 2) + self.letters(LARGE, 1)
        codes, _ = self.bring(before)
        self.assertEqual(set(codes.values()), {250})
        pid = self.daemon.process.pid
        refused, slowest = [], 0
        begin()
        try:
            for kind in kinds:
                letters = self.letters(kind, 4)
                codes, seconds = self.bring(letters)
                slowest = max(slowest, seconds)
                self.assertEqual(set(codes.values()), set(want), name)
                refused += letters
        finally:
            end()
        self.assertLess(slowest, PATIENCE)
        self.check_absent(refused)
        self.assertEqual(temporary_blobs(self.daemon), [])
        # Without a restart; the first one may meet what is left of it.
        wait_for(lambda: self.bring(refused[:1])[0][refused[0].id] == 250,
                 "the end of the trouble", PATIENCE)
        codes, _ = self.bring(refused)
        self.assertEqual(set(codes.values()), {250}, name)
        self.assertEqual(self.daemon.process.pid, pid)
        self.done += before + refused
        check_letters(self.daemon, self.done)
        check_database(self.daemon)
        figures(name, answered_4xx=len(refused),
                slowest_s=f"{slowest:.2f}", stored_after=len(refused))

    def fail(self, operation, code):
        """begin and end of a failure made by powerloss.c."""
        path = self.journal / f"fail-{operation}"

        def begin():
            path.with_suffix(".new").write_text(str(code))
            path.with_suffix(".new").rename(path)

        def end():
            path.unlink()
        return begin, end

    def restart_with_library(self):
        self.assertEqual(self.daemon.stop(), 0)
        self.daemon.start()

    def test_disk(self):
        self.restart_with_library()
        for name, operation, code, kinds in (
                ("disk full", "write", errno.ENOSPC, (SMALL, LARGE)),
                ("quota reached", "write", errno.EDQUOT, (SMALL, LARGE)),
                ("disk full for files only", "write-blob", errno.ENOSPC,
                 (LARGE,)),
                ("read-only", "write", errno.EROFS, (SMALL, LARGE)),
                ("files may not be made", "open-blob", errno.EACCES,
                 (LARGE,)),
                ("write error", "write-wal", errno.EIO, (SMALL, LARGE)),
                ("fsync error", "sync", errno.EIO, (SMALL, LARGE)),
                ("fsync error of the log", "sync-wal", errno.EIO,
                 (SMALL, LARGE)),
                ("fsync error of a file", "sync-blob", errno.EIO, (LARGE,)),
                ("fsync error of a folder", "sync-dir", errno.EIO,
                 (LARGE,))):
            with self.subTest(name):
                self.through(name, *self.fail(operation, code), kinds=kinds)

    def test_checkpoint_that_fails_is_nobodys_trouble(self):
        """The commit stands in the log; the database file gets it later."""
        self.restart_with_library()
        begin, end = self.fail("sync-db", errno.EIO)
        begin()
        letters = self.letters((("um.bin", os.urandom(60000)),), 90)
        for at in range(0, len(letters), 10):
            codes, _ = self.bring(letters[at:at + 10])
            self.assertEqual(set(codes.values()), {250})
        end()
        letters += self.letters(SMALL, 1)
        self.bring(letters[-1:])
        check_letters(self.daemon, letters)
        check_database(self.daemon)

    def test_locked_database(self):
        """Another process holds the write lock."""
        seconds = length(3, 60)
        other = sqlite3.connect(self.daemon.dir / "portaria.db",
                                isolation_level=None)
        start = []

        def begin():
            other.execute("BEGIN IMMEDIATE")
            start.append(time.monotonic())

        def end():
            time.sleep(max(0, start[0] + seconds - time.monotonic()))
            other.execute("ROLLBACK")
            other.close()
        self.through(f"write lock held {seconds} s", begin, end)

    def test_no_descriptors(self):
        """The limit is lowered to what is open: not even a connection more,
        then some connections, but nothing to put a message into."""
        pid = self.daemon.process.pid
        usual = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        letters = self.letters(LARGE, 6)
        open_now = len(os.listdir(f"/proc/{pid}/fd"))
        outcomes = {}
        for more in (0, 1, 2, 3, 5, 8):
            resource.prlimit(pid, resource.RLIMIT_NOFILE,
                             (open_now + more, usual[1]))
            outcome = self.try_once(letters[0])
            self.assertIn(outcome, ("nothing", 250) +
                          tuple(range(400, 500)), more)
            outcomes[more] = outcome
        resource.prlimit(pid, resource.RLIMIT_NOFILE, usual)
        codes, _ = self.bring(letters)
        self.assertEqual(set(codes.values()), {250})
        check_letters(self.daemon, letters)
        check_database(self.daemon)
        self.assertTrue(any(o != 250 for o in outcomes.values()), outcomes)
        figures("out of descriptors", **{f"free_{k}": v for k, v in
                                         outcomes.items()})

    def try_once(self, letter):
        """A code, or "nothing" if nobody talks to us: an MTA tries later."""
        try:
            with self.daemon.client() as client:
                client.sock.settimeout(2)
                replies = client.hello().deliver(letter.data)
        except (OSError, EOFError, AssertionError):
            return "nothing"
        code = next((r[0] for r in replies if r[0] // 100 != 2),
                    replies[0][0])
        if code == 250:
            letter.refs.add(replies[0][2].split()[0])
        return code

    @unittest.skipUnless(os.geteuid() == 0, "needs root to mount a file system")
    def test_small_file_system(self):
        """A real one that is really full."""
        import subprocess
        folder = self.daemon.dir / "blobs"
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs",
                           str(folder)], capture_output=True,
                          check=False).returncode:
            self.skipTest("no file system can be mounted here")
        try:
            letters = self.letters(LARGE, 5)
            codes, slowest = self.bring(letters)
            self.assertEqual(set(codes.values()), {250, 451})
            self.assertEqual(temporary_blobs(self.daemon), [])
            self.check_absent([l for l in letters if codes[l.id] == 451])
            subprocess.run(["mount", "-o", "remount,size=20m", str(folder)],
                           check=True)
            again, _ = self.bring(letters)
            self.assertEqual(set(again.values()), {250})
            check_letters(self.daemon, letters)
            figures("real file system full", refused=list(
                codes.values()).count(451), slowest_s=f"{slowest:.2f}")
        finally:
            subprocess.run(["umount", "-l", str(folder)], check=True)


if __name__ == "__main__":
    unittest.main()
