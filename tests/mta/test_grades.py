# SPDX-License-Identifier: GPL-2.0-or-later
"""test_grades.py - how did we do? Asked after closing, answered by mail

Through a private Postfix: the grade addresses must pass its recipient map, the
milter's judgement and the LMTP agent. The question comes after two seconds.
"""

import re
import sqlite3
import time
from urllib.parse import unquote, urlsplit

from scenario import (AT_CLIENTE, AT_FORGER, AT_NOTHING, AT_PROVEDOR,
                      AT_STRANGER, MARIA, PAULA, SUPORTE, ZE, MtaTest, body,
                      mail, main, wait_for)

LINK = re.compile(r"mailto:[^\s<>\"&]+")
SEMNADA = "semnada@semnada.example"


class Grades(MtaTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(cls.lab.dir / "etc/portaria.conf", "a",
                  encoding="utf-8") as conf:
            conf.write("\n[timers]\ngrade_seconds = 2s\n")
        cls.lab.stop_daemon("notifier")
        cls.lab.start_daemon("notifier")
        cls.lab.portaria("department", "edit", "suporte", "--satisfaction",
                         "on", "--html")

    def close(self, ref):
        self.lab.portaria("ticket", "status", ref, "closed", "--as", "paula")

    def question(self, ref, reader=ZE, mark=0):
        return wait_for(
            lambda: [one for one in self.lab.sink.to(reader, mark)
                     if ref in str(one.message["Subject"])
                     and "mailto:" in body(one)], f"question about {ref}")[0]

    def links(self, question):
        """{grade: (address, subject)}, as the reader's program opens them."""
        found = {}
        for link in LINK.findall(body(question)):
            parts = urlsplit(link)
            subject = unquote(parts.query.split("subject=")[1])
            found[int(subject[0])] = (unquote(parts.path), subject)
        return found

    def asked(self, subject):
        ref, _ = self.open_ticket(subject)
        self.close(ref)
        question = self.question(ref)
        return ref, question, self.links(question)

    def give(self, to, sender=ZE, text="\n", headers=(), mail_from=None,
             **at):
        return self.lab.send(
            sender if mail_from is None else mail_from, to[0],
            mail(sender, to[0], to[1], text, headers=headers),
            **(at or AT_CLIENTE))

    def grade(self, ref):
        db = sqlite3.connect(self.lab.dir / "var/portaria.db")
        try:
            return [row[0] for row in db.execute(
                "SELECT grade FROM survey s JOIN ticket t ON t.id = "
                "s.ticket_id WHERE t.ref = ? ORDER BY s.id", [ref])]
        finally:
            db.close()

    def events(self, ref):
        return [entry["text"] for entry in self.entries(ref, "event")]

    def wait_event(self, ref, words):
        wait_for(lambda: [one for one in self.events(ref) if words in one],
                 f"{words} in {ref}")

    def idle(self):
        wait_for(lambda: self.lab.json("outbox", "list") == [] and [True],
                 "outbox empty")

    def test_grade_and_comment(self):
        ref, question, links = self.asked("Nota e comentario")
        self.assertEqual(question.sender, "")
        self.assertEqual(question.recipients, [ZE])
        self.assertEqual(question.message["Auto-Submitted"], "auto-generated")
        self.assertEqual(sorted(links), [1, 2, 3, 4, 5])
        self.assertEqual(links[4][1], f"4 {ref}")
        self.assertRegex(links[4][0], rf"^suporte\+4\.[0-9a-z]+\.[0-9a-z]+@")
        html = question.message.get_body(("html",)).get_content()
        self.assertEqual([unquote(urlsplit(link).path)
                          for link in re.findall(r'href="(mailto:[^"]+)"',
                                                 html)],
                         [links[n][0] for n in (5, 4, 3, 2, 1)])
        self.idle()
        mark = self.lab.sink.mark()
        self.assertEqual(self.give(links[4], text="Foi rapido.\n")[0], 250)
        self.wait_event(ref, "grade 4 of 5")
        self.assertIn("Foi rapido.", "".join(self.events(ref)))
        self.assertEqual(self.give(links[2])[0], 250)
        self.wait_event(ref, "grade 2 of 5")
        self.assertEqual(self.grade(ref), [2])
        ticket = self.ticket(ref)
        self.assertEqual(ticket["status"], "closed")
        self.assertEqual(len(self.entries(ref, "customer")), 1)
        time.sleep(2)
        self.idle()
        self.assertEqual(self.lab.sink.mails[mark:], [])
        row, = self.lab.json("stats", "--department", "suporte")
        self.assertGreaterEqual(row["asked"], 1)
        self.assertGreaterEqual(row["grade_2"], 1)
        self.assertEqual(row["grades"], sum(row[f"grade_{n}"]
                                            for n in range(1, 6)))

    def test_who_does_not_count(self):
        ref, _, links = self.asked("Quem nao conta")
        # Refused at the door, as anywhere.
        self.assertEqual(self.give(links[5], **AT_FORGER)[0], 550)
        self.assertEqual(self.give(links[5], sender="x@estranho.example",
                                   **AT_STRANGER)[0], 550)
        self.assertEqual(self.give(links[5], mail_from="")[0], 550)
        forged = links[5][0].replace("+5.", "+1."), "1"
        # An address that we did not make is the department's, no grade.
        self.assertEqual(self.give(forged, text="nota um\n")[0], 250)
        # Accepted, kept, and not counted.
        self.assertEqual(self.give(links[5], headers=[
            ("Auto-Submitted", "auto-replied")])[0], 250)
        self.wait_event(ref, "an automatic answer")
        self.assertEqual(self.give(links[5], sender=PAULA,
                                   **AT_PROVEDOR)[0], 250)
        self.wait_event(ref, "nobody asked")
        held = len(self.held())
        self.assertEqual(self.give(links[5], sender=SEMNADA,
                                   **AT_NOTHING)[0], 250)
        wait_for(lambda: len([one for one in self.events(ref)
                              if "not counted" in one]) == 3, "third")
        self.assertEqual(len(self.held()), held)
        self.assertEqual(self.grade(ref), [0])
        # Another contact of the customer takes part.
        self.assertEqual(self.give(links[3], sender=MARIA)[0], 250)
        self.wait_event(ref, "grade 3 of 5")
        self.assertEqual(self.grade(ref), [3])

    def test_answer_without_a_link(self):
        ref, question, _ = self.asked("Responde o numero")
        to = str(question.message["Reply-To"]), "Re: " + str(
            question.message["Subject"])
        headers = [("In-Reply-To", question.message["Message-ID"])]
        self.assertEqual(self.give(to, text="5\n", headers=headers)[0], 250)
        self.wait_event(ref, "grade 5 of 5")
        # A problem is a problem: a new ticket, linked to this one.
        before = {row["ref"] for row in self.tickets()}
        self.assertEqual(self.give(to, text="Caiu de novo.\n",
                                   headers=headers)[0], 250)
        wait_for(lambda: {row["ref"] for row in self.tickets()} - before,
                 "new ticket")
        self.assertEqual(self.ticket(ref)["status"], "closed")

    def test_once_a_closing(self):
        ref, _, _ = self.asked("Duas vezes")
        self.lab.portaria("ticket", "status", ref, "open", "--as", "paula")
        time.sleep(4)
        self.assertEqual(len(self.grade(ref)), 1)
        mark = self.lab.sink.mark()
        self.close(ref)
        self.question(ref, mark=mark)
        time.sleep(3)
        self.assertEqual(len(self.grade(ref)), 2)

    def test_opt_out_and_off(self):
        self.lab.portaria("customer", "contact", "C1001", "edit", MARIA,
                          "--no-grades")
        ref, _ = self.open_ticket("Sem pergunta", sender=MARIA)
        self.close(ref)
        self.lab.portaria("department", "edit", "suporte", "--satisfaction",
                          "off")
        other, _ = self.open_ticket("Desligado")
        self.close(other)
        time.sleep(4)
        self.lab.portaria("department", "edit", "suporte", "--satisfaction",
                          "on")
        self.lab.portaria("customer", "contact", "C1001", "edit", MARIA,
                          "--grades")
        time.sleep(3)
        for reader, what in ((MARIA, ref), (ZE, other)):
            self.assertEqual([one for one in self.lab.sink.to(reader)
                              if what in str(one.message["Subject"])
                              and "mailto:" in body(one)], [])


if __name__ == "__main__":
    main()
