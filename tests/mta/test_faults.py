# SPDX-License-Identifier: GPL-2.0-or-later
"""test_faults.py - parts die, mail waits, nothing is lost or doubled"""

import os
import signal
import time

from scenario import (AT_CLIENTE, SUPORTE, ZE, MtaTest, mail, main, wait_for)


class Faults(MtaTest):

    def count(self, subject):
        return [t for t in self.tickets() if t["subject"] == subject]

    def send(self, subject):
        return self.lab.send(ZE, SUPORTE, mail(ZE, SUPORTE, subject, "x\n"),
                             **AT_CLIENTE)

    def wait_deferred(self):
        seen = self.lab.maillog().count("status=deferred")
        wait_for(lambda: self.lab.maillog().count("status=deferred") > seen
                 or "(deferred" in self.lab.queue()
                 or "\n(" in self.lab.queue(), "deferral")

    def assert_arrives_once(self, subject):
        def once():
            self.lab.flush()
            return self.count(subject)
        found = wait_for(once, f"ticket {subject}", 60)
        wait_for(lambda: "empty" in self.lab.queue(), "empty queue", 60)
        self.assertEqual(len(self.count(subject)), 1)
        self.assertEqual(len(self.entries(found[0]["ref"], "customer")), 1)

    def test_lmtpd_stopped(self):
        self.lab.stop_daemon("lmtpd")
        try:
            self.assertEqual(self.send("Parado")[0], 250)
            self.wait_deferred()
        finally:
            self.lab.start_daemon("lmtpd")
        self.assert_arrives_once("Parado")

    def test_lmtpd_killed(self):
        subjects = [f"Morto {n}" for n in range(12)]
        for number, subject in enumerate(subjects):
            self.assertEqual(self.send(subject)[0], 250)
            if number == 5:
                self.lab.stop_daemon("lmtpd", signal.SIGKILL)
                self.lab.start_daemon("lmtpd")
        for subject in subjects:
            self.assert_arrives_once(subject)

    def test_milter_stopped_other_mail_flows(self):
        self.lab.stop_daemon("milter")
        try:
            mark = self.lab.sink.mark()
            reply = self.lab.send(
                "a@world.example", "b@world.example",
                mail("a@world.example", "b@world.example", "Outra", "x\n"),
                client="127.0.0.1", helo="localhost")
            self.assertEqual(reply[0], 250, reply)
            self.lab.sink.wait_to("b@world.example", mark)
        finally:
            self.lab.start_daemon("milter")

    def database_files(self):
        return [p for p in (self.lab.dir / "var").iterdir()
                if p.name.startswith("portaria.db")]

    def without_permission(self, steps):
        modes = {p: p.stat().st_mode for p in self.database_files()}
        for path in modes:
            os.chmod(path, 0)
        try:
            steps()
        finally:
            for path, mode in modes.items():
                if path.exists():
                    os.chmod(path, mode)

    def assert_deferred_or_refused_for_now(self, subject, reply):
        """Either the sender keeps it (4xx) or Postfix does; never lost."""
        if reply[0] == 250:
            self.assert_arrives_once(subject)
        else:
            self.assertIn(reply[0], range(400, 500), reply)
            self.assertEqual(self.count(subject), [])

    def test_database_permission_lost_while_running(self):
        replies = []
        self.without_permission(
            lambda: replies.append(self.send("Sem permissao")))
        self.assert_deferred_or_refused_for_now("Sem permissao", replies[0])

    def test_database_permission_lost_at_start(self):
        replies = []

        def steps():
            for name in ("lmtpd", "milter"):
                self.lab.stop_daemon(name)
                self.lab.start_daemon(name)
            replies.append(self.send("Sem acesso"))
            if replies[0][0] == 250:
                self.wait_deferred()
        self.without_permission(steps)
        self.assert_deferred_or_refused_for_now("Sem acesso", replies[0])
        self.assertEqual(self.send("Com acesso")[0], 250)
        self.assert_arrives_once("Com acesso")

    def test_database_locked_defers_then_delivers(self):
        import sqlite3
        writer = sqlite3.connect(str(self.lab.dir / "var/portaria.db"),
                                 isolation_level=None)
        writer.execute("BEGIN IMMEDIATE")
        try:
            self.assertEqual(self.send("Trancado")[0], 250)
            time.sleep(4)
            self.assertEqual(self.count("Trancado"), [])
        finally:
            writer.execute("ROLLBACK")
            writer.close()
        self.assert_arrives_once("Trancado")

    def acknowledgements(self, subject):
        return [m for m in self.lab.sink.to(ZE)
                if subject in m.message["Subject"]]

    def test_notifier_killed_sends_once(self):
        subject = "Sem avisos"
        self.lab.stop_daemon("notifier", signal.SIGKILL)
        self.assertEqual(self.send(subject)[0], 250)
        self.assert_arrives_once(subject)
        self.assertEqual(self.acknowledgements(subject), [])
        self.lab.start_daemon("notifier")
        wait_for(lambda: self.acknowledgements(subject), "acknowledgement")
        time.sleep(2)
        self.assertEqual(len(self.acknowledgements(subject)), 1)

    def test_groups_that_kill_a_parser_become_a_stub(self):
        bomb = b"To: " + b"g:" * 30000 + b"\r\nSubject: in\r\n\r\nx\r\n"
        data = mail(ZE, SUPORTE, "Bomba", "x\n")
        head, _ = data.split(b"\r\n\r\n", 1)
        head = b"\r\n".join(line for line in head.split(b"\r\n")
                            if not line.lower().startswith(b"content-"))
        data = head + b"\r\nContent-Type: message/rfc822\r\n\r\n" + bomb
        before = self.lab.processes["lmtpd"].pid
        reply = self.lab.send(ZE, SUPORTE, data, **AT_CLIENTE)
        self.assertEqual(reply[0], 250, reply)
        self.assert_arrives_once("Bomba")
        self.assertEqual(self.send("Depois da bomba")[0], 250)
        self.assert_arrives_once("Depois da bomba")
        self.assertIsNone(self.lab.processes["lmtpd"].poll())
        self.assertEqual(self.lab.processes["lmtpd"].pid, before)


if __name__ == "__main__":
    main()
