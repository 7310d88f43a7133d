# SPDX-License-Identifier: GPL-2.0-or-later
"""Servers that hang and break off, notifiers that die, two at once."""

import os
import signal
import sqlite3
import time
import unittest

from notifier_support import (Notifier, NotifierTest, PATIENCE, Server,
                              wait_for)


class Unreachable(NotifierTest):
    def test_refused_connection(self):
        port = self.server.port
        self.server.close()
        for name in ("ze", "maria", "joao"):
            self.desk.mail(f"{name}@cliente.example")
        self.desk.start()
        wait_for(lambda: all(row["last_reply"] for row in self.desk.rows()),
                 "attempts")
        for row in self.desk.rows():
            self.assertEqual(row["state"], "queued")
            self.assertIn("connect", row["last_reply"])
        again = Server(port)
        self.addCleanup(again.close)
        self.wait_states("sent", "sent", "sent")
        self.assertEqual(len(again.mails), 3)

    def test_break_in_the_data(self):
        self.server.drop.add("BODY")
        self.desk.mail(text="x" * 100000)
        self.desk.start()
        row = self.wait_attempt()
        self.assertEqual(row["state"], "queued")
        self.server.drop.clear()
        self.wait_states("sent")
        self.assertEqual(len(self.server.mails), 1)

    def test_break_after_the_data(self):
        """Taken, but nobody said so: once more, under the same id."""
        self.server.drop.add("END")
        self.desk.mail()
        self.desk.start()
        row = self.wait_attempt()
        self.assertEqual(row["state"], "queued")
        self.server.drop.clear()
        self.wait_states("sent")
        self.assertEqual(self.server.ids(), [row["header_id"]] * 2)

    def test_break_at_the_start(self):
        self.server.drop.add("GREETING")
        self.desk.mail()
        self.desk.start()
        self.assertEqual(self.wait_attempt()["state"], "queued")

    def test_poison_does_not_block(self):
        """A mail that kills the server's session lets the others pass."""
        self.desk.mail("poison@cliente.example")
        self.desk.mail(kind="ack", count=5)
        say = self.server.say

        def picky(file, event, default):
            if event == "RCPT" and "poison" in self.server.commands[-1]:
                return False
            return say(file, event, default)
        self.server.say = picky
        self.desk.start()
        self.wait_states(*["sent"] * 5, kind="ack")
        self.assertEqual(self.desk.states(), ["queued"])


class Stopping(NotifierTest):
    def check_stop(self, seconds):
        started = time.monotonic()
        self.assertEqual(self.desk.stop(self.process), 0)
        self.assertLess(time.monotonic() - started, seconds)
        for row in self.desk.rows():
            self.assertEqual(row["lease_owner"], "")
            self.assertEqual(row["lease_until"], 0)

    def start(self, count=1):
        self.desk.mail(count=count)
        self.process = self.desk.start()

    def check_hang(self, event, command):
        self.server.hang.add(event)
        self.start(3)
        wait_for(lambda: self.server.connections and
                 (command is None or
                  any(c.startswith(command) for c in self.server.commands)),
                 "the hang")
        self.check_stop(12)
        self.assertEqual(self.desk.states(), ["queued"] * 3)

    def test_hang_at_greeting(self):
        self.check_hang("GREETING", None)

    def test_hang_at_recipient(self):
        self.check_hang("RCPT", "RCPT")

    def test_hang_after_data(self):
        self.check_hang("END", "DATA")

    def test_what_is_on_its_way_may_end(self):
        self.server.delay = 1.5
        self.start(5)
        wait_for(lambda: any(c == "DATA" for c in self.server.commands),
                 "the data")
        self.check_stop(8)
        states = self.desk.states()
        self.assertEqual(states.count("sent"), len(self.server.mails))
        self.assertGreaterEqual(states.count("sent"), 1)
        self.assertGreaterEqual(states.count("queued"), 1)

    def test_idle(self):
        self.start(0)
        wait_for(lambda: "started" in self.desk.log(), "the start")
        self.check_stop(5)


class Dying(NotifierTest):
    lease = 10

    def test_killed_between_yes_and_commit(self):
        """The server has taken it; nobody wrote that down. At most once
        more, with the same Message-ID."""
        self.desk.mail()
        process = self.desk.start()

        def kill():
            process.kill()
            process.wait()
            self.server.on_end = None
        self.server.on_end = kill
        wait_for(lambda: self.server.mails, "the first mail")
        wait_for(lambda: process.poll() is not None, "the death")
        [row] = self.desk.rows()
        self.assertEqual(row["state"], "queued")
        self.desk.start()
        self.wait_states("sent")
        time.sleep(1)
        self.assertEqual(self.server.ids(), [row["header_id"]] * 2)

    def test_lease_is_kept(self):
        """While the dead one's lease holds nobody else sends."""
        self.server.hang.add("END")
        self.desk.mail()
        first = self.desk.start()
        wait_for(lambda: "DATA" in self.server.commands, "the data")
        first.kill()
        first.wait()
        self.server.hang.clear()
        before = len(self.server.commands)
        self.desk.start()
        time.sleep(3)
        self.assertEqual(len(self.server.commands), before)
        self.wait_states("sent")


class Several(NotifierTest):
    def test_two_share_the_work(self):
        self.desk.mail(count=150)
        processes = [self.desk.start(), self.desk.start()]
        self.wait_states(*["sent"] * 150)
        self.assertEqual(len(self.server.mails), 150)
        self.assertEqual(len(set(self.server.ids())), 150)
        for process in processes:
            self.assertEqual(self.desk.stop(process), 0)


class Database(NotifierTest):
    def test_busy_database(self):
        self.desk.mail()
        db = sqlite3.connect(f"{self.desk.dir}/portaria.db",
                             isolation_level=None)
        db.execute("BEGIN EXCLUSIVE")
        process = self.desk.start()
        time.sleep(2)
        db.execute("ROLLBACK")
        db.close()
        self.wait_states("sent")
        self.assertIsNone(process.poll())

    def test_no_database_yet(self):
        desk = Notifier(self.server.port)
        self.addCleanup(desk.remove)
        desk.tool("init")
        os.rename(f"{desk.dir}/portaria.db", f"{desk.dir}/away.db")
        process = desk.start()
        wait_for(lambda: "not served" in desk.log(), "the complaint")
        os.rename(f"{desk.dir}/away.db", f"{desk.dir}/portaria.db")
        desk.mail()
        wait_for(lambda: desk.states() == ["sent"], "the mail")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
