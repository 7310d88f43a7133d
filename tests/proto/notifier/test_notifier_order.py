# SPDX-License-Identifier: GPL-2.0-or-later
"""Order, several connections, and a notifier that is killed at any point.

--drain 10000 sends that many mails in Drain instead of 2,000.
"""

import re
import sqlite3
import sys
import time
import unittest

from notifier_support import NotifierTest, wait_for

TICKETS, EACH = 20, 15
DRAIN_TICKETS, READERS = 25, 4
drain = 2000


class Order(NotifierTest):
    def by_recipient(self):
        """Recipient -> the numbers of its mails, as the server took them."""
        found = {}
        for _, [recipient], data in list(self.server.mails):
            number = re.search(rb"\r\nn=(\d+)", data)
            if number:  # else a notice to staff
                found.setdefault(recipient, []).append(int(number[1]))
        return found

    def wait_sent(self, count):
        wait_for(lambda: self.desk.states().count("sent") == count,
                 f"{count} mails", 60)

    def check_order(self):
        found = self.by_recipient()
        self.assertEqual(len(found), TICKETS)
        for recipient, numbers in found.items():
            self.assertEqual(numbers, list(range(EACH)), recipient)

    def picky(self, recipient, number, answer, times):
        """The server treats this one mail in a special way, so often."""
        counter = {"left": times}
        take = self.server.take

        def choosy_take(file, sender, recipients, *args):
            if recipients == [f"<{recipient}>"] and counter["left"]:
                data = b""
                while (line := file.readline()) not in (b".\r\n", b""):
                    data += line
                if f"\nn={number}\r".encode() in data:
                    counter["left"] -= 1
                    if answer is None:
                        return False
                    file.write(answer.encode() + b"\r\n")
                    file.flush()
                    return True
                self.server.mails.append((sender, recipients, data))
                file.write(b"250 2.0.0 Ok\r\n")
                file.flush()
                return True
            return take(file, sender, recipients, *args)
        self.server.take = choosy_take

    def test_several_connections(self):
        self.server.delay = 0.005
        self.desk.tool("flood", TICKETS, EACH)
        self.desk.start()
        self.wait_sent(TICKETS * EACH)
        self.check_order()
        self.assertGreater(self.server.connections, 1)
        self.assertLessEqual(self.server.connections, 8)
        self.assertEqual(len(set(self.server.ids())), TICKETS * EACH)

    def test_deferred_one_keeps_its_place(self):
        self.picky("c5@cliente.example", 3, "450 4.2.0 later", 2)
        self.desk.tool("flood", TICKETS, EACH)
        self.desk.start()
        # the others do not wait for it
        self.wait_sent(TICKETS * EACH - (EACH - 3))
        behind = [row for row in self.desk.rows() if row["state"] == "queued"]
        self.assertEqual({row["recipient"] for row in behind},
                         {"c5@cliente.example"})
        self.wait_sent(TICKETS * EACH)
        self.check_order()

    def test_broken_connection_keeps_its_place(self):
        self.picky("c7@cliente.example", 4, None, 2)
        self.desk.tool("flood", TICKETS, EACH)
        self.desk.start()
        self.wait_sent(TICKETS * EACH)
        self.check_order()

    def test_refused_one_lets_the_next_pass(self):
        self.picky("c2@cliente.example", 6, "552 5.3.4 too large", 1)
        self.desk.tool("flood", TICKETS, EACH)
        self.desk.start()
        self.wait_sent(TICKETS * EACH - 1)
        numbers = self.by_recipient()["<c2@cliente.example>"]
        self.assertEqual(numbers, [n for n in range(EACH) if n != 6])
        self.assertEqual(self.desk.states().count("failed"), 1)

    def test_two_notifiers(self):
        self.server.delay = 0.005
        self.desk.tool("flood", TICKETS, EACH)
        self.desk.start()
        self.desk.start()
        self.wait_sent(TICKETS * EACH)
        self.check_order()


class Drain(NotifierTest):
    """Many mails at once: the same readers of many tickets."""

    def lines(self):
        """(Ticket, reader) -> the numbers, as the server took them."""
        found = {}
        for _, [reader], data in list(self.server.mails):
            ticket, number = re.search(rb"\r\nt=(\d+) n=(\d+)", data).groups()
            found.setdefault((int(ticket), reader), []).append(int(number))
        return found

    def run_drain(self, notifiers):
        each = drain // DRAIN_TICKETS
        count = each * DRAIN_TICKETS
        self.desk.tool("drain", DRAIN_TICKETS, each)
        begun = time.monotonic()
        for _ in range(notifiers):
            self.desk.start()
        wait_for(lambda: len(self.server.mails) >= count
                 and self.desk.sql("SELECT COUNT(*) FROM outbox WHERE "
                                   "state = 'sent'")[0][0] == count,
                 f"{count} mails", 60 + count / 20)
        seconds = time.monotonic() - begun
        print(f"{count} mails, {notifiers} notifier(s): {seconds:.1f} s, "
              f"{count / seconds:.0f} a second, "
              f"{self.server.connections} connections")
        lines = self.lines()
        self.assertEqual(len(lines), DRAIN_TICKETS * READERS)
        for line, numbers in lines.items():
            self.assertEqual(numbers, list(range(each // READERS)), line)
        self.assertEqual(len(set(self.server.ids())), count)

    def test_one_notifier(self):
        self.run_drain(1)

    def test_two_notifiers(self):
        self.server.delay = 0.005  # so that both may take part
        self.run_drain(2)


class Killed(NotifierTest):
    """kill -9: what was on its way goes once more at most."""

    lease = 10

    def start(self):
        self.desk.mail()
        self.process = self.desk.start()

    def kill(self):
        self.process.kill()
        self.process.wait()

    def check_again(self, copies):
        [row] = self.desk.rows()
        self.assertEqual(row["state"], "queued")
        self.desk.start()
        self.wait_states("sent")
        time.sleep(1.5)
        self.assertEqual(self.server.ids(), [row["header_id"]] * copies)

    def test_before_smtp(self):
        self.server.hang.add("GREETING")
        self.start()
        wait_for(lambda: self.server.connections, "the connection")
        self.kill()
        self.server.hang.clear()
        self.check_again(1)

    def test_between_recipient_and_data(self):
        self.server.hang.add("RCPT")
        self.start()
        wait_for(lambda: any(c.startswith("RCPT")
                             for c in self.server.commands), "RCPT")
        self.kill()
        self.server.hang.clear()
        self.check_again(1)

    def test_after_the_data(self):
        self.server.hang.add("END")
        self.start()
        wait_for(lambda: self.server.mails, "the data")
        self.kill()
        self.server.hang.clear()
        self.check_again(2)

    def test_after_the_reply(self):
        """The database is busy, so the answer cannot be written down."""
        lock = []

        def hold():
            db = sqlite3.connect(f"{self.desk.dir}/portaria.db",
                                 isolation_level=None,
                                 check_same_thread=False)
            db.execute("BEGIN IMMEDIATE")
            lock.append(db)
        self.server.on_end = hold
        self.start()
        wait_for(lambda: "reply=\"250" in self.desk.log()
                 or "sent" in self.desk.log().split("started")[-1],
                 "the answer")
        self.kill()
        self.server.on_end = None
        lock[0].execute("ROLLBACK")
        lock[0].close()
        self.check_again(2)

    def test_many_at_once(self):
        """Each mail arrives, none three times."""
        self.desk.tool("flood", 40, 10)
        self.process = self.desk.start()
        wait_for(lambda: len(self.server.mails) > 100, "the first mails")
        self.kill()
        self.desk.start()
        wait_for(lambda: self.desk.states().count("sent") == 400, "the rest",
                 60)
        ids = self.server.ids()
        self.assertEqual(len(set(ids)), 400)
        self.assertLessEqual(max(ids.count(one) for one in set(ids)), 2)


if __name__ == "__main__":
    if "--drain" in sys.argv:
        at = sys.argv.index("--drain")
        drain = int(sys.argv[at + 1])
        del sys.argv[at:at + 2]
    unittest.main()
