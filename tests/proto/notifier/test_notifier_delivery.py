# SPDX-License-Identifier: GPL-2.0-or-later
"""What the notifier says on the wire, and what it makes of the answers."""

import os
import signal
import time
import unittest

from notifier_support import NotifierTest, wait_for


class Wire(NotifierTest):
    def test_null_sender(self):
        self.desk.mail()
        self.desk.start()
        self.wait_states("sent")
        self.assertIn("MAIL FROM:<>", [c.split(" SIZE=")[0]
                                       for c in self.server.commands])
        [row] = self.desk.rows()
        self.assertEqual(row["last_reply"], "250 2.0.0 Ok: queued as X1")
        self.assertGreater(row["sent"], 0)
        self.assertEqual(self.server.commands[0], "EHLO desk.example")

    def test_envelope_and_bytes(self):
        text = ".\r\n..dots\r\n.\r\nAção:\r\n" + "x" * 900
        self.desk.mail("ze@cliente.example", "suporte+b.1.x@desk.example",
                       text)
        self.desk.start()
        self.wait_states("sent")
        [(sender, recipients, data)] = self.server.mails
        [row] = self.desk.rows()
        self.assertTrue(sender.startswith("<suporte+b.1.x@desk.example>"))
        self.assertEqual(recipients, ["<ze@cliente.example>"])
        self.assertEqual(data, ("From: suporte@desk.example\r\nMessage-ID: "
                                f"{row['header_id']}\r\nSubject: Oi\r\n\r\n"
                                f"{text}\r\n").encode())

    def test_one_connection_for_many(self):
        self.desk.mail(count=60)
        self.desk.start()
        self.wait_states(*["sent"] * 60)
        self.assertEqual(self.server.connections, 1)
        self.assertEqual(len(set(self.server.ids())), 60)

    def test_utf8_where_offered(self):
        self.desk.mail("josé@cliente.example")
        self.desk.start()
        self.wait_states("sent")
        [(sender, recipients, _)] = self.server.mails
        self.assertIn("SMTPUTF8", sender)
        self.assertEqual(recipients, ["<josé@cliente.example>"])

    def test_utf8_where_not_offered(self):
        self.server.utf8 = False
        self.desk.mail("josé@cliente.example")
        self.desk.start()
        row = self.wait_attempt()
        self.assertEqual(row["state"], "queued")
        self.assertIn("SMTPUTF8", row["last_reply"])
        self.assertFalse([c for c in self.server.commands
                          if c.startswith(("MAIL", "RCPT"))])
        # other mail goes out all the same
        self.desk.mail("ze@cliente.example", kind="ack")
        self.wait_states("sent", kind="ack")
        # and this one, when the server has learnt it
        self.server.utf8 = True
        self.server.hang_up()
        self.wait_states("sent")


class Answers(NotifierTest):
    def refuse(self, event, reply):
        self.server.replies[event] = reply
        self.desk.mail()
        self.desk.start()

    def check_later(self, event, reply, want):
        before = time.time() * 1000
        self.refuse(event, reply)
        row = self.wait_attempt()
        self.assertEqual(row["state"], "queued")
        self.assertIn(want, row["last_reply"])
        self.assertGreaterEqual(row["next_attempt"], before + 1000)
        self.assertEqual(self.desk.bounced(), 0)
        self.server.replies.clear()
        self.wait_states("sent")
        self.assertEqual(len(self.server.mails), 1)
        self.assertEqual(self.desk.events(), [])

    def test_temporary_recipient(self):
        self.check_later("RCPT", "450 4.2.0 greylisted",
                         "450 4.2.0 greylisted")

    def test_temporary_after_data(self):
        self.check_later("END", "451 4.3.0 try again", "451 4.3.0 try again")

    def test_relay_denied_is_not_the_mails_fault(self):
        self.check_later("RCPT", "554 5.7.1 Relay access denied",
                         "554 5.7.1 Relay access denied")

    def test_refused_sender_is_ours_to_mend(self):
        self.check_later("MAIL", "550 5.1.8 Sender domain", "550 5.1.8")

    def test_greeting(self):
        self.check_later("GREETING", "554 5.3.2 not now", "554 5.3.2")

    def test_closing(self):
        self.check_later("MAIL", "421 4.3.2 shutting down", "421 4.3.2")

    def test_ehlo_refused_is_overcome(self):
        self.refuse("EHLO", "502 5.5.1 what?")
        self.wait_states("sent")
        [row] = self.desk.rows()
        self.assertTrue(row["last_reply"].startswith("250"))

    def test_no_such_user(self):
        self.refuse("RCPT", "550 5.1.1 no such user")
        self.wait_states("failed")
        wait_for(lambda: self.desk.events(), "the event")
        [row] = self.desk.rows()
        # and not the 221 that follows
        self.assertEqual(row["last_reply"], "550 5.1.1 no such user")
        wait_for(lambda: "QUIT" in self.server.commands, "the farewell")
        event = self.desk.events()[0]
        self.assertIn("ze@cliente.example", event)
        self.assertIn("no such user", event)
        self.assertGreater(self.desk.bounced(), 0)
        [notice] = self.desk.rows("notice_bounce")
        self.assertEqual(notice["recipient"], "ana@equipe.example")

    def test_several_lines(self):
        self.refuse("RCPT", "550-5.1.1 no such\n550 5.1.1 user here")
        self.wait_states("failed")
        [row] = self.desk.rows()
        self.assertEqual(row["last_reply"],
                         "550-5.1.1 no such 5.1.1 user here")

    def test_too_large(self):
        self.refuse("END", "552 5.3.4 too large")
        self.wait_states("failed")
        wait_for(lambda: self.desk.events(), "the event")
        self.assertEqual(self.desk.bounced(), 0)

    def test_strange_bytes_in_reply(self):
        self.refuse("RCPT", "450 4.2.0 \x01\x02\tçé")
        row = self.wait_attempt()
        self.assertEqual(row["last_reply"], "450 4.2.0 çé")

    def test_give_up(self):
        self.refuse("RCPT", "451 4.3.0 never")
        self.wait_attempt()
        self.desk.sql("UPDATE outbox SET created = created - 6 * 86400000,"
                      " next_attempt = 0 WHERE kind = 'reply'")
        self.wait_states("failed")
        wait_for(lambda: self.desk.events(), "the event")
        self.assertIn("451 4.3.0 never", self.desk.events()[0])
        self.assertEqual(self.desk.bounced(), 0)
        self.assertEqual(len(self.desk.rows("notice_bounce")), 1)

    def test_failed_notice_makes_no_notice(self):
        self.server.replies["RCPT"] = "550 5.1.1 no such user"
        self.desk.mail("ana@equipe.example", kind="notice_new")
        self.desk.start()
        self.wait_states("failed", kind="notice_new")
        wait_for(lambda: self.desk.events(), "the event")
        self.assertEqual(self.desk.rows("notice_bounce"), [])


class Rest(NotifierTest):
    poll = 3600

    def test_signal_hurries(self):
        process = self.desk.start()
        wait_for(lambda: "started" in self.desk.log(), "the start")
        time.sleep(0.5)
        self.desk.mail()
        process.send_signal(signal.SIGHUP)
        self.wait_states("sent")
        self.assertEqual(self.desk.stop(process), 0)
        self.assertIn("stopped", self.desk.log())

    def test_timers(self):
        self.desk.tool("hold", 8 * 86400)
        self.desk.start()
        wait_for(lambda: self.desk.sql("SELECT state FROM held")[0]["state"]
                 == "expired", "the hold's end")
        wait_for(lambda: os.path.exists(f"{self.desk.dir}/map.db"), "the map")

    def test_map_trouble_stops_no_mail(self):
        os.mkdir(f"{self.desk.dir}/map.db")
        self.desk.mail()
        self.desk.start()
        self.wait_states("sent")
        self.assertIn("map not exported", self.desk.log())


if __name__ == "__main__":
    unittest.main()
