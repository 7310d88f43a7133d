# SPDX-License-Identifier: GPL-2.0-or-later
"""test_held.py - held mail through Postfix: asked, confirmed once, released

The author is of a domain that publishes nothing (or softfail), so that only
a confirmation, or staff, let the message in.
"""

import sqlite3
import time

from scenario import (AT_CLIENTE, AT_NOTHING, SUPORTE, ZE, MtaTest, labs,
                      mail, main, png, wait_for)

JOAO = "joao@semnada.example"
MEIO = "ana@meio.example"
AT_MEIO = dict(client="192.0.2.60", helo="mail.meio.example")


class Held(MtaTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab.set_zone(labs.ZONE + 'meio.example 300 TXT '
                         '"v=spf1 ip4:192.0.2.60 ~all"\n')
        cls.lab.portaria("customer", "add", "--name", "Joao Sem Nada",
                         "--email", JOAO)
        cls.lab.portaria("customer", "add", "--name", "Ana do Meio",
                         "--email", MEIO)

    def deliver(self, sender, to, data, mail_from=None, **at):
        reply = self.lab.send(sender if mail_from is None else mail_from, to,
                              data, **(at or AT_NOTHING))
        self.assertEqual(reply[0], 250, reply)

    def hold(self, subject, sender=JOAO, at=None, attachment=None, to=SUPORTE,
             headers=()):
        """The held row, the question's mail and what it answers to."""
        before = {row["id"] for row in self.held()}
        mark = self.lab.sink.mark()
        self.deliver(sender, to, mail(sender, to, subject, "Nao abre.\n",
                                      attachment, headers),
                     **(at or AT_NOTHING))
        row, = wait_for(lambda: [row for row in self.held()
                                 if row["id"] not in before], subject)
        question = wait_for(
            lambda: [one for one in self.lab.sink.to(sender, mark)
                     if subject in str(one.message["Subject"])],
            "question")[0]
        return row, question, str(question.message["Reply-To"])

    def state(self, row):
        return self.lab.json("held", "show", row["id"])[0]

    def released(self, row):
        return wait_for(lambda: (now := self.state(row))["state"] ==
                        "released" and now["ticket"], "release")

    def quiet(self, mark):
        """Nothing has gone out since, to anybody."""
        time.sleep(1.5)
        self.lab.wait_calm()
        return self.lab.sink.mails[mark:]

    def test_question_goes_to_the_registered_address_only(self):
        mark = self.lab.sink.mark()
        _, question, to = self.hold("Somente um")
        self.assertEqual(question.sender, "")
        self.assertEqual(question.recipients, [JOAO])
        self.assertRegex(to, r"^suporte\+c\.[0-9a-z]+\.[0-9a-z]+@")
        asked = [one.recipients for one in self.lab.sink.mails[mark:]
                 if "+c." in str(one.message["Reply-To"])]
        self.assertEqual(asked, [[JOAO]])

    def test_confirmed_once_with_time_and_attachment(self):
        row, question, to = self.hold("Com anexo",
                                      attachment=("tela.png", png()))
        time.sleep(1.2)
        answer = mail(JOAO, to, "Re: Confirme", "sim\n", headers=[
            ("In-Reply-To", question.message["Message-ID"])])
        self.deliver(JOAO, to, answer)
        ref = self.released(row)
        ticket, entry = self.ticket(ref), self.entries(ref, "customer")[0]
        self.assertEqual(entry["created"], row["created"])
        self.assertEqual(ticket["created"], row["created"])
        self.assertGreater(ticket["updated"], ticket["created"])
        self.assertEqual([one["filename"] for one in entry["attachments"]],
                         ["tela.png"])
        # A replay, and a second answer that adds nothing.
        entries, held = len(self.lab.ticket(ref)), len(self.held())
        self.lab.wait_calm()
        mark = self.lab.sink.mark()
        self.deliver(JOAO, to, answer)
        self.deliver(JOAO, to, mail(JOAO, to, "Re: Confirme", "\n"))
        self.assertEqual(self.quiet(mark), [])
        self.assertEqual(len(self.lab.ticket(ref)), entries)
        self.assertEqual(len(self.held()), held)
        self.assertEqual(self.state(row)["state"], "released")

    def test_reply_into_a_ticket_goes_there(self):
        first, _, to = self.hold("Fio um")
        self.deliver(JOAO, to, mail(JOAO, to, "Re: x", "sim\n"))
        ref = self.released(first)
        reply_to = wait_for(
            lambda: [str(one.message["Reply-To"])
                     for one in self.lab.sink.to(JOAO)
                     if ref in str(one.message["Subject"])], "ack")[0]
        second, _, again = self.hold("Re: Fio um", to=reply_to)
        self.deliver(JOAO, again, mail(JOAO, again, "Re: y", "sim\n"))
        self.assertEqual(self.released(second), ref)
        self.assertIn("Re: Fio um", [entry["subject"] for entry in
                                     self.entries(ref, "customer")])

    def test_what_does_not_release(self):
        row, _, to = self.hold("Fica retida")
        vacation = [("Auto-Submitted", "auto-replied")]
        challenge = [("X-Autoreply", "yes"), ("Precedence", "bulk")]
        before = len(self.tickets())
        self.deliver(JOAO, to, mail(JOAO, to, "Ausente", "ferias\n",
                                    headers=vacation))
        self.deliver(JOAO, to, mail(JOAO, to, "Confirme voce", "clique\n",
                                    headers=challenge))
        # From another address, though a proven customer's.
        self.deliver(ZE, to, mail(ZE, to, "Re: Confirme", "sim\n"),
                     **AT_CLIENTE)
        # The null sender names nothing of ours, or is held; never a release.
        self.lab.send("", to, mail(JOAO, to, "Re: Confirme", "sim\n"),
                      **AT_NOTHING)
        time.sleep(2)
        self.assertEqual(self.state(row)["state"], "waiting")
        self.assertEqual(len(self.tickets()), before)
        self.deliver(JOAO, to, mail(JOAO, to, "Re: Confirme", "sim\n"))
        self.released(row)

    def test_unproven_where_the_domain_says_who_may_send(self):
        row, _, to = self.hold("Meio termo", sender=MEIO, at=AT_NOTHING)
        mark = self.lab.sink.mark()
        self.deliver(MEIO, to, mail(MEIO, to, "Re: Confirme", "sim\n"),
                     **AT_NOTHING)
        wait_for(lambda: [one for one in self.held()
                          if one["reason"].startswith("confirmation that")],
                 "second held")
        self.assertEqual(self.state(row)["state"], "waiting")
        self.assertEqual([one for one in self.quiet(mark)
                          if one.recipients == [MEIO]], [])
        self.deliver(MEIO, to, mail(MEIO, to, "Re: Confirme", "sim\n"),
                     **AT_MEIO)
        self.released(row)

    def test_expired_is_kept_for_staff(self):
        row, _, to = self.hold("Vencida")
        db = sqlite3.connect(self.lab.dir / "var/portaria.db")
        with db:
            db.execute("UPDATE held SET created = created - 8 * 86400000 "
                       "WHERE id = ?", [int(row["id"])])
        db.close()
        self.lab.stop_daemon("notifier")
        self.lab.start_daemon("notifier")
        wait_for(lambda: self.state(row)["state"] == "expired", "expiry")
        self.assertIn(row["id"], [one["id"] for one in self.lab.json(
            "held", "list", "--state", "expired")])
        self.deliver(JOAO, to, mail(JOAO, to, "Re: Confirme", "tarde\n"))
        wait_for(lambda: [one for one in self.held()
                          if "had expired" in one["reason"]], "late answer")
        self.assertEqual(self.state(row)["state"], "expired")
        status = {one["cause"]: one for one in self.lab.json("held", "status")}
        self.assertEqual(status["unproven"]["expired"], 1)
        self.assertEqual(status["*"]["expired"], 1)
        self.lab.portaria("held", "release", row["id"], "--as", "paula")
        self.assertEqual(self.state(row)["state"], "released")


if __name__ == "__main__":
    main()
