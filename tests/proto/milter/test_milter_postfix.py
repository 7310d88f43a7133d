# SPDX-License-Identifier: GPL-2.0-or-later
"""test_milter_postfix.py - what Postfix makes of headers must not break seals

A private Postfix between client and milter, and between milter and LMTP
agent (tests/support/lab.py): it folds, cuts, completes and cleans what passes
through it. The LMTP agent counts the messages it did not find sealed. Needs
root; skips elsewhere.
"""

import os
import re
import signal
import subprocess
import sys
import unittest
from pathlib import Path

SUPPORT = Path(__file__).resolve().parents[2] / "support"
sys.path.insert(0, str(SUPPORT))

import lab as labs  # noqa: E402
from lab import DESK, Lab, wait_for  # noqa: E402

ZE, SUPORTE = "ze@cliente.example", f"suporte@{DESK}"
AT_CLIENTE = dict(client="192.0.2.10", helo="mail.cliente.example")

FROM = b"From: ze@cliente.example\r\n"
DATE = b"Date: Sun, 22 Nov 2026 16:20:00 +0000\r\n"

# Headers of messages that are taken, by name.
TAKEN = {
    "plain": FROM + b"Subject: a\r\n" + DATE + b"Message-ID: <1@x>\r\n",
    "folded": b"From: =?utf-8?q?Z=C3=A9?=\r\n\t da Padaria   \r\n"
              b"  <ze@cliente.example>\r\nSubject:\r\n a\r\n\tb  \r\n"
              b"Date:Sun, 22 Nov 2026\r\n 16:20:00 +0000\r\n"
              b"Message-ID:\r\n <2@x>\r\n",
    "blanks": b"From:  ze@cliente.example  \r\nSubject:   \r\n"
              b"Date:\t Sun, 22 Nov 2026 16:20:00 +0000\t\r\n"
              b"Message-ID:<3@x> \r\n",
    "no subject": FROM + DATE,
    "no date": FROM + b"Subject: a\r\nMessage-ID: <4@x>\r\n",
    "nothing else": FROM,
    "two subjects": FROM + b"Subject: a\r\nSubject: b\r\n",
    "8-bit": FROM + b"Subject: ol\xc3\xa1 \xe1\xff\r\n",
    "NUL": FROM + b"Subject: a\0b\r\n" + DATE,
    "bare CR": FROM + b"Subject: a\rb\r\n" + DATE,
    "long line": FROM + b"Subject: " + b"x" * 3000 + b"\r\n",
    "long folds": FROM + b"Subject: " + b"x y" * 300 + b"\r\n " +
                  b"z" * 1200 + b"\r\n",
    "very long subject": FROM + b"Subject:" + b" palavra" * 9000 + b"\r\n",
    "many addresses": FROM + b"To: " + b", ".join(
        b"a%d@x.example" % n for n in range(2000)) + b"\r\n",
    "blank before the colon": b"Subject : a\r\nFrom\t: ze@cliente.example\r\n",
    "a line that is no field": FROM + b"Subject: a\r\nno field\r\n"
                               b"From: x@y.example\r\n",
    "8-bit in a name": FROM + b"X\xc3\xa9: a\r\nFrom: x@y.example\r\n",
    "control in a name": FROM + b"X\x01: a\r\nFrom: x@y.example\r\n",
    "false fields": b"X-Portaria-Seal : v=1\r\nX-Portaria-Seal: v=1\r\n" +
                    FROM + b"x-portaria-seal:\r\n v=2\r\n"
                    b"Authentication-Results: mx.provedor.example; a=pass\r\n"
                    b"Authentication-Results : (c)\r\n \"mx.provedor.example\""
                    b" 1; a=pass\r\nX-PORTARIA-Other: z\r\n",
}


class Postfix(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(os.environ["PORTARIA_BUILD"], quiet=False)
        cls.lab.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.lab.__exit__(None, None, None)

    def count(self, word):
        """A counter of the LMTP agent."""
        before = self.lab.log("lmtpd").count("stats:")
        self.lab.processes["lmtpd"].send_signal(signal.SIGUSR1)
        wait_for(lambda: self.lab.log("lmtpd").count("stats:") > before,
                 "the agent's numbers")
        line = [l for l in self.lab.log("lmtpd").splitlines()
                if "stats:" in l][-1]
        return int(re.search(rf"\b{word}=(\d+)", line).group(1))

    def deliver(self, header, **at):
        """The stored message; it must be taken and found sealed."""
        done, unsealed = self.count("messages"), self.count("unsealed")
        code, text = self.lab.send(ZE, SUPORTE, header + b"\r\ncorpo\r\n",
                                   **{**AT_CLIENTE, **at})
        self.assertEqual(code, 250, text)
        wait_for(lambda: self.count("messages") > done, "delivery")
        ref = wait_for(lambda: re.findall(r"ticket=(VIA-\w{7})",
                                          self.lab.log("lmtpd")),
                       "the ticket")[-1]
        self.assertEqual(self.count("unsealed"), unsealed,
                         "the seal was not believed")
        return self.lab.portaria("ticket", "raw", ref, text=False).stdout

    def test_seals_survive(self):
        for name, header in TAKEN.items():
            with self.subTest(name):
                self.deliver(header)

    def test_only_our_fields_are_left(self):
        head = self.deliver(TAKEN["false fields"]).split(b"\r\n\r\n")[0]
        self.assertTrue(head.startswith(b"X-Portaria-Seal: "))
        self.assertEqual(len(re.findall(rb"(?im)^x-portaria-", head)), 1)
        self.assertEqual(head.count(b"mx.provedor.example;\r\n"), 1)

    def test_completed_header(self):
        """Postfix adds Date and Message-ID if told to, and for clients of
        its own host."""
        postconf = ["postconf", "-c", self.lab.postfix_conf, "-e"]
        subprocess.run([*postconf, "always_add_missing_headers=yes"],
                       check=True)
        self.lab.postfix("reload")
        try:
            raw = self.deliver(FROM + b"Subject: a\r\n")
        finally:
            subprocess.run([*postconf, "always_add_missing_headers=no"],
                           check=True)
            self.lab.postfix("reload")
        self.assertIn(b"\r\nMessage-Id: <", raw)
        self.assertIn(b"\r\nDate: ", raw)

    def test_signed_message_as_it_is(self):
        data = self.lab.signer.sign(
            b"From: ana@assinado.example\r\nTo: x@y.example\r\n"
            b"Subject:  dois  blancos \r\n\tdobrado\r\n" + DATE +
            b"Message-ID: <5@x>\r\n\r\ncorpo  \r\n\r\n\r\n")
        before = self.count("unsealed")
        code, text = self.lab.send("ana@assinado.example", SUPORTE, data,
                                   client="192.0.2.66", helo="evil.example")
        self.assertEqual(code, 250, text)
        self.assertEqual(self.count("unsealed"), before)

    def test_limits_are_told(self):
        for header, code in ((FROM + b"X: y\r\n" * 1200, 552),
                             (b"".join(b"X-%d: " % n + b"z" * 50000 + b"\r\n"
                                       for n in range(7)) + FROM, 552)):
            got, text = self.lab.send(ZE, SUPORTE, header + b"\r\nx\r\n",
                                      **AT_CLIENTE)
            self.assertEqual(got, code, text)
            self.assertTrue(text.startswith("5.3.4 "), text)

    def test_three_lines_arrive(self):
        code, text = self.lab.send(
            "x@estranho.example", SUPORTE,
            b"From: x@estranho.example\r\n\r\nx\r\n", client="192.0.2.50",
            helo="mail.estranho.example")
        self.assertEqual(code, 550)
        self.assertEqual(len(text.splitlines()), 3, text)


if __name__ == "__main__":
    reason = labs.why_not()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main(verbosity=2)
