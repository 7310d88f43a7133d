# SPDX-License-Identifier: GPL-2.0-or-later
"""Mail that comes twice, and mail that only looks as if it did.

A mail server that did not hear our 250 brings the message again; the sender's
server may do the same one step before, so that the milter sees it twice and
gives it two seals. Both are one message. What differs in anything that a
person wrote is another one and is kept.
"""

import sqlite3
import time
import unittest

from fault_support import check_database, figures
from lmtp_support import DaemonTest, message, wait_for

TRACE = (b"Return-Path: <ze@cliente.example>\r\n"
         b"Delivered-To: suporte@desk.example\r\n"
         b"Received: from mx (mx [192.0.2.10])\r\n"
         b"\tby mx.desk.example (Postfix) with ESMTPS id %s;\r\n"
         b"\tSun, 22 Nov 2026 16:%s:00 -0300 (-03)\r\n")
SUPORTE, FINANCEIRO = "suporte@desk.example", "financeiro@desk.example"


class Twice(DaemonTest):
    def customers_entries(self):
        return [m for t in self.daemon.dump()["tickets"]
                for m in t["messages"] if m["author"] == "customer"]

    def send(self, data, recipients=(SUPORTE,), **seal):
        return self.stored(self.daemon.deliver(
            self.daemon.seal(data, **seal), recipients))

    def log_has(self, word):
        wait_for(lambda: word in self.daemon.log(), word)

    def test_lost_250(self):
        """The connection is cut between the commit and the reply."""
        data = self.daemon.sealed()
        client = self.daemon.client().hello()
        client.send(b"MAIL FROM:<ze@cliente.example>\r\n"
                    b"RCPT TO:<suporte@desk.example>\r\nDATA\r\n")
        for _ in range(3):
            client.reply()
        client.send(data + b".\r\n")
        client.close()
        wait_for(self.customers_entries, "the commit")
        [ref] = self.stored(self.daemon.deliver(data))
        [ticket] = self.daemon.dump()["tickets"]
        self.assertEqual(ticket["ref"], ref)
        self.assertEqual(len(self.customers_entries()), 1)
        self.log_has("outcome=duplicate")

    def test_sent_again_by_the_senders_server(self):
        """Two SMTP sessions: two seals, other trace fields in front."""
        data = message("De novo", "<de.novo@cliente.example>")
        refs = []
        for i in range(3):
            trace = TRACE % (b"4cQ%d" % i, b"%02d" % i)
            refs += self.send(trace + data)
            # As Postfix does: its own trace fields in front of our seal.
            sealed = self.daemon.seal(data)
            refs += self.stored(self.daemon.deliver(trace + sealed))
        self.assertEqual(len(set(refs)), 1)
        self.assertEqual(len(self.customers_entries()), 1)
        self.log_has("outcome=repeated")
        self.daemon.stop()
        self.assertRegex(self.daemon.log(), r" repeated=5 ")
        self.daemon.start()
        figures("sent again by the sender's server", deliveries=len(refs),
                tickets=len(self.daemon.dump()["tickets"]))

    def test_without_seal(self):
        """The milter was down: the same by what is judged here."""
        data = message("Sem selo", "<sem.selo@cliente.example>")
        remote = "NAME=mx ADDR=192.0.2.10 PROTO=ESMTP HELO=cliente.example"
        refs = set()
        for i in range(3):
            refs.update(self.stored(self.daemon.deliver(
                TRACE % (b"4cQ%d" % i, b"%02d" % i) + data,
                xforward=remote)))
        self.assertEqual(len(refs), 1)
        self.assertEqual(len(self.customers_entries()), 1)

    def test_other_messages(self):
        """Each differs from the first one in one thing."""
        same = "<mesmo@cliente.example>"
        first = message("Um", same, body="Bom dia.\r\n")
        others = {
            "another body": message("Um", same, body="Boa tarde.\r\n"),
            "a longer body": message("Um", same,
                                     body="Bom dia.\r\n\r\nZé\r\n"),
            "another subject": message("Dois", same),
            "another Message-ID": message("Um", "<outro@cliente.example>"),
            "another field": message("Um", same, extra="X-Mark: 1\r\n"),
            "a trace field behind a mark": b"X-Relay: a\r\n" + TRACE % (
                b"1", b"01") + first,
        }
        refs = set(self.send(first))
        for name, data in others.items():
            with self.subTest(name):
                [ref] = self.send(data)
                refs.add(ref)
        entries = self.customers_entries()
        self.assertEqual(len(entries), 1 + len(others))
        self.assertEqual(len({e["raw"] for e in entries}), 1 + len(others))

    def test_held_copy_does_not_stand_in(self):
        """What could not be proven first comes again proven: it is taken."""
        data = message("Retida", "<retida@cliente.example>")
        replies = self.daemon.deliver(self.daemon.seal(data, verdict="hold"))
        self.assertIn("held", replies[0][2])
        [ref] = self.send(data)
        self.assertTrue(ref.startswith("VIA-"))
        self.assertEqual(len(self.customers_entries()), 1)
        # And held twice is asked about once.
        again = self.daemon.deliver(self.daemon.seal(data, verdict="hold"))
        self.assertEqual(again, replies)
        self.assertEqual(len(self.daemon.dump()["held"]), 1)

    def test_another_author(self):
        data = message("Autor", "<autor@cliente.example>")
        one = self.send(data)
        two = self.send(data, identity="ze@morto.example")
        self.assertNotEqual(one, two)

    def test_no_message_id(self):
        """Only the delivery tells: nothing is thrown away."""
        data = message("Sem id").replace(b"Message-ID:", b"X-Was-Id:")
        sealed = self.daemon.seal(data)
        one = self.stored(self.daemon.deliver(sealed))
        self.assertEqual(self.stored(self.daemon.deliver(sealed)), one)
        self.assertNotEqual(self.send(data), one)
        self.assertEqual(len(self.customers_entries()), 2)

    def test_two_departments(self):
        """In one transaction, in two, and in two sessions of the sender."""
        for i, apart in enumerate(("together", "transactions", "sessions")):
            with self.subTest(apart):
                data = message(apart, f"<{apart}@cliente.example>")
                both = "suporte,financeiro"
                sealed = self.daemon.seal(data, departments=both)
                if apart == "together":
                    refs = self.stored(self.daemon.deliver(
                        sealed, [SUPORTE, FINANCEIRO]))
                elif apart == "transactions":
                    refs = self.stored(self.daemon.deliver(sealed)) + \
                        self.stored(self.daemon.deliver(sealed, [FINANCEIRO]))
                else:
                    refs = self.send(data) + self.send(
                        data, [FINANCEIRO], departments="financeiro")
                # And all once more.
                refs += self.send(data, [SUPORTE, FINANCEIRO],
                                  departments=both)
                self.assertEqual(len(set(refs)), 1)
                self.assertEqual(len(self.daemon.dump()["tickets"]), i + 1)

    def test_extension_is_part_of_it(self):
        """An address with an extension may name another ticket."""
        data = message("Dois chamados", "<dois@cliente.example>")
        self.send(data)
        self.send(data, ["suporte+outro@desk.example"])
        # Not lost: there is a second entry, in whichever ticket.
        self.assertEqual(len(self.customers_entries()), 2)

    def test_for_seven_days(self):
        """Later it is another message: somebody sends a template again."""
        data = message("Mensal", "<mensal@cliente.example>")
        first = self.send(data)
        self.age(6.9)
        self.assertEqual(self.send(data), first)
        self.age(0.2)
        later = self.send(data)
        self.assertNotEqual(later, first)
        self.assertEqual(self.send(data), later)
        self.assertEqual(len(self.daemon.dump()["tickets"]), 2)
        check_database(self.daemon)

    def age(self, days):
        """Makes what was delivered so much older: ids are times."""
        db = sqlite3.connect(self.daemon.dir / "portaria.db", timeout=30)
        with db:
            db.execute("UPDATE delivery SET id = id - ?",
                       (int(days * 86400000) << 21,))
        db.close()

    def test_at_the_same_time(self):
        """Both in one batch of the writer."""
        import threading
        data = message("Juntas", "<juntas@cliente.example>")
        sealed = [self.daemon.seal(data) for _ in range(8)]
        refs = []
        db = sqlite3.connect(self.daemon.dir / "portaria.db",
                             isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        threads = [threading.Thread(target=lambda s=s: refs.extend(
            self.stored(self.daemon.deliver(s)))) for s in sealed]
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        db.execute("ROLLBACK")
        db.close()
        for thread in threads:
            thread.join()
        self.assertEqual((len(refs), len(set(refs))), (8, 1))
        self.assertEqual(len(self.customers_entries()), 1)


if __name__ == "__main__":
    unittest.main()
