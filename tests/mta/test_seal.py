# SPDX-License-Identifier: GPL-2.0-or-later
"""test_seal.py - what did not pass the milter is judged again

The milter is stopped for the whole module, except where a test says so:
Postfix then lets mail through (default_action=accept on our entry).
"""

import smtplib
import time

from scenario import (AT_CLIENTE, AT_FORGER, FINANCEIRO, SUPORTE, ZE, MtaTest,
                      mail, main, wait_for)


class Unsealed(MtaTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab.stop_daemon("milter")

    def held_since(self, before):
        return wait_for(lambda: [h for h in self.held() if h["id"] not in
                                 {b["id"] for b in before}], "held message")

    def assert_held(self, before, tickets):
        held = self.held_since(before)
        self.assertEqual(len(held), 1)
        self.assertEqual(held[0]["address"], ZE)
        self.assertEqual(len(self.tickets()), tickets)
        return held[0]

    def test_proven_by_xforward_opens_a_ticket(self):
        ref, _ = self.open_ticket("Sem milter")
        self.assertIn("spf=pass", self.entries(ref, "customer")[0]["auth"])

    def test_forged_sender_is_held(self):
        before, tickets = self.held(), len(self.tickets())
        self.lab.send(ZE, SUPORTE, mail(ZE, SUPORTE, "Forjada", "x\n"),
                      **AT_FORGER)
        self.assert_held(before, tickets)

    def test_local_submission_is_held_and_asks_the_registered_address(self):
        before, tickets = self.held(), len(self.tickets())
        mark = self.lab.sink.mark()
        with smtplib.SMTP("127.0.0.1", self.lab.ports["submission"]) as smtp:
            smtp.sendmail(ZE, SUPORTE, mail(ZE, SUPORTE, "Local", "x\n"))
        held = self.assert_held(before, tickets)
        question = self.lab.sink.wait_to(ZE, mark)[0]
        self.assertIn("+c.", str(question.message["Reply-To"]))
        return held, question

    def test_confirmation_releases_the_message_once(self):
        held, question = \
            self.test_local_submission_is_held_and_asks_the_registered_address()
        to = str(question.message["Reply-To"])
        answer = mail(ZE, to, "Re: " + question.message["Subject"], "sim\n")
        tickets = len(self.tickets())
        for _ in range(2):
            reply = self.lab.send(ZE, to, answer.replace(
                b"Message-ID: <", b"Message-ID: <%d." % time.time_ns()),
                **AT_CLIENTE)
            self.assertEqual(reply[0], 250, reply)
        wait_for(lambda: len(self.tickets()) == tickets + 1, "release")
        time.sleep(2)
        self.assertEqual(len(self.tickets()), tickets + 1)
        self.assertEqual(self.lab.json("held", "show", held["id"])[0]["state"],
                         "released")

    def test_staff_release(self):
        held, _ = \
            self.test_local_submission_is_held_and_asks_the_registered_address()
        tickets = len(self.tickets())
        self.lab.portaria("held", "release", held["id"], "--as", "paula")
        self.assertEqual(len(self.tickets()), tickets + 1)

    def test_forged_seal_is_not_believed(self):
        before, tickets = self.held(), len(self.tickets())
        forged = (b"X-Portaria-Seal: v=1; kid=k1; id=abcdefghij;"
                  b" t=%d; ip=192.0.2.10; from=%s; d=suporte;"
                  b" verdict=accept; who=%s; proof=proven;"
                  b" mac=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n" % (
                      time.time_ns() // 1000000, ZE.encode(), ZE.encode()))
        self.lab.send(ZE, SUPORTE,
                      forged + mail(ZE, SUPORTE, "Selo falso", "x\n"),
                      **AT_FORGER)
        self.assert_held(before, tickets)


class Replayed(MtaTest):
    """Real seals, taken from stored messages and brought back by LMTP."""

    def lmtp(self, to, data):
        with smtplib.LMTP(str(self.lab.dir / "sock/lmtp")) as lmtp:
            return lmtp.sendmail(ZE, [to], data)

    def sealed(self, subject):
        ref, _ = self.open_ticket(subject)
        raw = self.lab.portaria("ticket", "raw", ref, text=False).stdout
        self.assertIn(b"X-Portaria-Seal:", raw)
        return ref, raw

    def test_redelivery_is_stored_once(self):
        ref, raw = self.sealed("Duas vezes")
        tickets = len(self.tickets())
        self.assertEqual(self.lmtp(SUPORTE, raw), {})
        self.assertEqual(len(self.tickets()), tickets)
        self.assertEqual(len(self.entries(ref, "customer")), 1)

    def test_seal_for_another_department(self):
        _, raw = self.sealed("Outro setor")
        held, tickets = len(self.held()), len(self.tickets())
        self.lmtp(FINANCEIRO, raw)
        self.assertEqual(len(self.held()), held + 1)
        self.assertEqual(len(self.tickets()), tickets)

    def test_seal_on_another_message(self):
        _, raw = self.sealed("Outro texto")
        held, tickets = len(self.held()), len(self.tickets())
        self.lmtp(SUPORTE, raw.replace(b"Subject: Outro texto",
                                       b"Subject: Mudei isto"))
        self.assertEqual(len(self.held()), held + 1)
        self.assertEqual(len(self.tickets()), tickets)

    def test_stale_seal(self):
        _, raw = self.sealed("Velho")
        held, tickets = len(self.held()), len(self.tickets())
        self.lab.stop_daemon("lmtpd")
        conf = self.lab.dir / "etc/portaria.conf"
        text = conf.read_text()
        try:
            conf.write_text(text.replace("[lmtp]\n",
                                         "[lmtp]\nseal_max_age = 1s\n"))
            time.sleep(2)
            self.lab.start_daemon("lmtpd")
            self.lmtp(SUPORTE, raw)
        finally:
            conf.write_text(text)
            self.lab.stop_daemon("lmtpd")
            self.lab.start_daemon("lmtpd")
        self.assertEqual(len(self.held()), held + 1)
        self.assertEqual(len(self.tickets()), tickets)

    def test_seal_brought_by_a_client_is_removed(self):
        _, raw = self.sealed("Trazido")
        reply = self.lab.send(ZE, SUPORTE, raw, **AT_FORGER)
        self.assertEqual(reply[0], 550, reply)


if __name__ == "__main__":
    main()
