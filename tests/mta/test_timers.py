# SPDX-License-Identifier: GPL-2.0-or-later
"""test_timers.py - what happens because time passes, through Postfix

Targets and closing are set in seconds, and SIGHUP makes the notifier look at
what is due, so little is waited for. What takes hours at least is aged in the
database.
"""

import os
import re
import signal
import sqlite3
import time
from datetime import datetime, timedelta

from scenario import (AT_CLIENTE, AT_NOTHING, DESK, PAULA, SUPORTE, ZE, Lab,
                      MtaTest, body, mail, main, png, wait_for)

RUI = "rui@provedor.example"
CONF = """\
[rate]
client = 0
sender = 0
department = 0
[store]
blob_inline_max = 2k
[notifier]
hold_seconds = 1h
lease_seconds = 10s
[retention]
every_seconds = 1h
blob_seconds = 1h
"""
CLOSE, WARN, TARGET = 8, 4, 2  # seconds
DAY_MS = 86400000


class TimersLab(Lab):

    def write_configuration(self):
        super().write_configuration()
        folder = self.dir / "etc/conf.d"
        folder.mkdir()
        (folder / "timers.conf").write_text(CONF)

    def populate(self):
        super().populate()
        for name in ("fecho", "prazo", "guarda"):
            self.portaria("department", "add", name, "--title", name.title(),
                          "--address", f"{name}@{DESK}", "--accept",
                          "registered")
        self.portaria("department", "clock", "fecho", "--close-after",
                      f"{CLOSE}s", "--warn-before", f"{WARN}s")
        self.portaria("staff", "add", "rui", "--name", "Rui Chefe",
                      "--email", RUI, "--department", "prazo")
        self.portaria("department", "target", "prazo", "first", "medium",
                      f"{TARGET}s", "--raise", "--assign", "rui")
        self.portaria("department", "clock", "guarda", "--keep-raw", "30d")


def when(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class Timers(MtaTest):

    @classmethod
    def setUpClass(cls):
        cls.lab = TimersLab(os.environ["PORTARIA_BUILD"], quiet=False)
        cls.lab.__enter__()

    def notifiers(self):
        return [process for name, process in self.lab.processes.items()
                if name.startswith("notifier")]

    def nudge(self):
        """Every notifier looks at what is due."""
        for process in self.notifiers():
            process.send_signal(signal.SIGHUP)
        time.sleep(0.3)

    def wait_due(self, condition, what, seconds=30):
        def look():
            self.nudge()
            return condition()
        return wait_for(look, what, seconds)

    def start(self, name="notifier"):
        """Until then SIGHUP would end it."""
        self.lab.spawn(name, [self.lab.program("notifier"), "-c",
                              self.lab.conf], self.lab.user)
        started = f"[{self.lab.processes[name].pid}]: started"
        wait_for(lambda: started in self.lab.log(name), f"{name} to start")

    def look_until(self, end):
        while datetime.now(end.tzinfo) < end:
            self.nudge()

    def outbox(self, ref, kind, recipient):
        return [row for row in self.lab.json("outbox", "list", "--all",
                                             "--ticket", ref)
                if (row["kind"], row["recipient"]) == (kind, recipient)]

    def quiet(self):
        wait_for(lambda: not self.lab.json("outbox", "list", "--state",
                                           "queued"), "an empty outbox")

    def answer(self, ref, text="Feito."):
        self.lab.portaria("ticket", "reply", ref, "--as", "paula", "--text",
                          text)

    def shown(self, ref):
        return self.lab.portaria("ticket", "show", ref).stdout

    def overdue(self):
        return {row["ref"] for row in self.lab.json("ticket", "list",
                                                    "--overdue")}

    def sql(self, text, *values):
        with sqlite3.connect(self.lab.dir / "var/portaria.db",
                             timeout=10) as db:
            rows = db.execute(text, values).fetchall()
        db.close()
        return rows

    # -- closing -----------------------------------------------------------

    def answered(self, subject):
        """A ticket that waits for being closed, and when it was answered."""
        ref, _ = self.open_ticket(subject, to=f"fecho@{DESK}")
        self.assertEqual(self.ticket(ref)["closes"], "")
        self.assertNotIn("closes by itself", self.shown(ref))
        self.answer(ref)
        return ref, when(self.entries(ref, "staff")[-1]["created"])

    def warned(self, ref, since):
        """The mail that says that it will be closed."""
        [row] = self.wait_due(
            lambda: [row for row in self.outbox(ref, "warn_close", ZE)
                     if when(row["created"]) > since], "the warning")
        self.assertGreaterEqual(when(row["created"]),
                                since + timedelta(seconds=CLOSE - WARN - 1))
        return wait_for(lambda: [m for m in self.lab.sink.to(ZE)
                                 if m.message["Message-ID"]
                                 == row["message_id"]], "its mail")[0], row

    def test_answered_is_warned_of_and_closed(self):
        ref, since = self.answered("Fecha sozinho")
        closes = when(self.ticket(ref)["closes"])
        self.assertLess(abs(closes - since - timedelta(seconds=CLOSE)),
                        timedelta(seconds=2))
        self.assertIn("closes by itself: ", self.shown(ref))
        warning, row = self.warned(ref, since)
        self.assertIn(f"O chamado {ref} foi respondido e desde",
                      body(warning))
        self.assertRegex(body(warning), r"\d\d/\d\d/\d{4}|\d{4}-\d\d-\d\d")
        self.assertEqual(warning.sender, "")
        self.assertEqual(warning.message["Auto-Submitted"], "auto-generated")
        self.assertEqual(self.ticket(ref)["status"], "answered")
        self.wait_due(lambda: self.ticket(ref)["status"] == "closed",
                      "closing")
        closed = wait_for(lambda: [m for m in self.lab.sink.to(ZE)
                                   if ref in str(m.message["Subject"])
                                   and "foi fechado" in body(m)],
                          "the last mail")
        self.assertEqual(len(closed), 1)
        [last] = self.outbox(ref, "closed", ZE)
        self.assertGreaterEqual(
            when(last["created"]) - when(row["created"]),
            timedelta(seconds=WARN - 1))
        self.assertEqual(len(self.outbox(ref, "warn_close", ZE)), 1)
        self.assertEqual(self.ticket(ref)["closes"], "")

    def test_reply_between_stops_it(self):
        ref, since = self.answered("Ainda nao")
        warning, _ = self.warned(ref, since)
        to = str(warning.message["Reply-To"])
        data = mail(ZE, to, f"Re: {warning.message['Subject']}",
                    "Ainda preciso.\n")
        self.assertEqual(self.lab.send(ZE, to, data, **AT_CLIENTE)[0], 250)
        self.wait_entries(ref, "customer", 2)
        self.assertEqual(self.ticket(ref)["closes"], "")
        self.look_until(since + timedelta(seconds=CLOSE + 3))
        self.assertEqual(self.ticket(ref)["status"], "customer_reply")
        self.assertEqual(self.outbox(ref, "closed", ZE), [])
        self.assertEqual(len(self.outbox(ref, "warn_close", ZE)), 1)
        # The next answer starts all of it anew.
        self.answer(ref, "E agora?")
        self.warned(ref, when(self.entries(ref, "staff")[-1]["created"]))
        self.assertEqual(len(self.outbox(ref, "warn_close", ZE)), 2)

    # -- targets -----------------------------------------------------------

    def test_missed_target_escalates_once(self):
        self.start("notifier2")
        try:
            refs = [self.open_ticket(f"Prazo {i}", to=f"prazo@{DESK}")[0]
                    for i in range(6)]
            first = self.ticket(refs[0])
            self.assertEqual(first["awaited"], "first")
            self.assertEqual(
                when(first["due"]) - when(first["created"]),
                timedelta(seconds=TARGET))
            self.assertIn("first answer due: ", self.shown(refs[0]))
            self.wait_due(lambda: all(self.outbox(ref, "notice_escalation",
                                                  RUI)
                                      for ref in refs), "escalations")
            for how in (signal.SIGKILL, signal.SIGTERM):
                self.lab.stop_daemon("notifier", how)
                self.start()
                for _ in range(4):
                    self.nudge()
            for ref in refs:
                self.check_escalated(ref)
            self.assertLessEqual(set(refs), self.overdue())
            self.check_answer_ends_it(refs[0])
        finally:
            self.lab.stop_daemon("notifier2")

    def check_escalated(self, ref):
        ticket = self.ticket(ref)
        self.assertEqual((ticket["priority"], ticket["assignee"]),
                         ("high", "rui"))
        self.assertTrue(ticket["overdue"])
        self.assertIn(", OVERDUE", self.shown(ref))
        [_] = self.outbox(ref, "notice_escalation", RUI)
        self.assertEqual(len([one for one in self.lab.json(
            "outbox", "list", "--all", "--ticket", ref)
            if one["kind"] == "notice_escalation"]), 1)
        [told] = wait_for(lambda: [m for m in self.lab.sink.to(RUI)
                                   if f"Atraso no chamado {ref}" in body(m)],
                          "the notice")
        self.assertEqual(told.message["Auto-Submitted"], "auto-generated")
        self.assertEqual([m for m in self.lab.sink.to(PAULA)
                          if f"Atraso no chamado {ref}" in body(m)], [])
        [[fired]] = self.sql(
            "SELECT COUNT(*) FROM timer_fired WHERE name = 'first' AND "
            "ticket_id = (SELECT id FROM ticket WHERE ref = ?)", ref)
        self.assertEqual(fired, 1)

    def check_answer_ends_it(self, ref):
        self.answer(ref)
        self.nudge()
        self.assertFalse(self.ticket(ref)["overdue"])
        wait_for(lambda: ref not in self.overdue(), "the list")
        self.assertNotIn("OVERDUE", self.shown(ref))

    def test_answer_in_time_is_no_escalation(self):
        self.lab.portaria("department", "target", "prazo", "first", "medium",
                          "6s", "--raise", "--assign", "rui")
        try:
            ref, _ = self.open_ticket("Em tempo", to=f"prazo@{DESK}")
            due = when(self.ticket(ref)["due"])
            self.answer(ref)
            self.look_until(due + timedelta(seconds=2))
            self.assertEqual(self.ticket(ref)["priority"], "medium")
            self.assertEqual(self.outbox(ref, "notice_escalation", RUI), [])
        finally:
            self.lab.portaria("department", "target", "prazo", "first",
                              "medium", f"{TARGET}s", "--raise", "--assign",
                              "rui")

    # -- what expires --------------------------------------------------------

    def test_held_expires(self):
        sender = "semnada@semnada.example"
        self.lab.send(sender, SUPORTE, mail(sender, SUPORTE, "Retida",
                                            "Oi\n"), **AT_NOTHING)
        [row] = wait_for(lambda: [row for row in self.held()
                                  if row["subject"] == "Retida"], "held")
        self.nudge()
        self.assertEqual(self.lab.json("held", "show", row["id"])[0]["state"],
                         "waiting")
        self.sql("UPDATE held SET created = created - 3700000 WHERE id = ?",
                 int(row["id"]))
        self.wait_due(lambda: self.lab.json("held", "show", row["id"])[0]
                      ["state"] == "expired", "expiry")
        self.assertIn("held-expired", self.lab.log("notifier"))
        self.assertNotIn(row["id"], [one["id"] for one in self.held()])

    def blob_file(self, sha256):
        return self.lab.dir / "var/blobs" / sha256[:2] / sha256[2:]

    def planned(self, what):
        return sum(row["count"] for row in self.lab.json("retention", "plan")
                   if row["what"] == what)

    def test_retention(self):
        ref, data = self.open_ticket("Guarda", to=f"guarda@{DESK}",
                                     attachment=("tela.png", png() * 3))
        kept, _ = self.open_ticket("Fica", to=f"guarda@{DESK}",
                                   attachment=("outra.png", png() * 2))
        self.lab.portaria("ticket", "status", ref, "closed", "--as", "paula")
        [[raw]] = self.sql("SELECT raw FROM message WHERE raw IS NOT NULL AND"
                           " ticket_id = (SELECT id FROM ticket WHERE ref = ?"
                           ")", ref)
        [[picture]] = self.sql(
            "SELECT a.blob FROM attachment a JOIN message m ON m.id ="
            " a.message_id JOIN ticket t ON t.id = m.ticket_id"
            " WHERE t.ref = ?", ref)
        self.assertIn(re.search(rb"^Message-ID: (\S+)", data, re.M)[1],
                      self.blob_file(raw).read_bytes())
        self.assertTrue(self.blob_file(picture).exists())
        self.quiet()
        self.assertEqual(self.planned("raw"), 0)
        self.lab.stop_daemon("notifier")
        self.sql("UPDATE ticket SET closed = closed - ? WHERE ref = ?",
                 31 * DAY_MS, ref)
        self.sql("UPDATE blob SET created = created - ?", 31 * DAY_MS)
        [row] = [row for row in self.lab.json("retention", "plan")
                 if row["what"] == "raw" and row["count"]]
        self.assertEqual((row["department"], row["count"]), ("guarda", 1))
        self.assertGreater(row["bytes"], 2048)
        self.assertTrue(self.blob_file(raw).exists())
        self.start()
        self.wait_due(lambda: not self.blob_file(raw).exists(), "removal")
        self.assertEqual(self.planned("raw"), 0)
        # Said when the round is over, folder by folder.
        self.wait_due(lambda: "removed: what=raw count=1"
                      in self.lab.log("notifier"), "the line in the log")
        self.assertEqual(self.lab.portaria("ticket", "raw", ref,
                                           check=False).returncode, 1)
        # What was not meant stays: text, attachment, the other ticket.
        self.assertIn("Nao abre", self.entries(ref, "customer")[0]["text"])
        self.assertTrue(self.blob_file(picture).exists())
        self.assertEqual(self.lab.portaria("ticket", "raw", kept).returncode,
                         0)
        self.lab.portaria("db", "check")

    # -- the outbox ----------------------------------------------------------

    def test_outbox_status(self):
        def status():
            return self.lab.json("outbox", "status")[0]
        self.quiet()
        self.lab.stop_daemon("notifier")
        to = f"guarda@{DESK}"
        before = len(self.tickets(department="guarda"))
        for i in range(3):
            self.lab.send(ZE, to, mail(ZE, to, f"Fila {i}", "Oi\n"),
                          **AT_CLIENTE)
        wait_for(lambda: len(self.tickets(department="guarda"))
                 == before + 3, "tickets")
        waiting = status()
        self.assertGreaterEqual(waiting["queued"], 3)
        self.assertEqual((waiting["sending"], waiting["deferred"]), (0, 0))
        self.assertNotEqual(waiting["oldest"], "")
        self.start()
        wait_for(lambda: status()["queued"] + status()["sending"] == 0,
                 "the outbox")
        done = status()
        self.assertEqual((done["oldest"], done["seconds_left"]), ("", 0))
        self.assertGreater(float(done["per_second"]), 0)


if __name__ == "__main__":
    main()
