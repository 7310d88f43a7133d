# SPDX-License-Identifier: GPL-2.0-or-later
"""scenario.py - what the mta tests share: one lab a module, mail makers"""

import email.policy
import os
import re
import sys
import unittest
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from datetime import datetime, timezone
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import lab as labs  # noqa: E402
from lab import DESK, Lab, wait_for  # noqa: E402,F401
from picture import png  # noqa: E402,F401

REF = re.compile(r"\[(VIA-[0-9A-Z]{7})\]")
SUPORTE = f"suporte@{DESK}"
FINANCEIRO = f"financeiro@{DESK}"
ABUSOS = f"abusos@{DESK}"
ZE, MARIA, CONTADOR = ("ze@cliente.example", "maria@cliente.example",
                       "contador@outro.example")
PAULA = "paula@provedor.example"
# Clients by what their domain's SPF says of them.
AT_CLIENTE = dict(client="192.0.2.10", helo="mail.cliente.example")
AT_PROVEDOR = dict(client="192.0.2.40", helo="mail.provedor.example")
AT_STRANGER = dict(client="192.0.2.50", helo="mail.estranho.example")
AT_FORGER = dict(client="192.0.2.66", helo="evil.example")
AT_NOTHING = dict(client="192.0.2.30", helo="mail.semnada.example")


# The default policy encodes words that do not fit in 78 columns, Message-IDs
# too, which no mail program does.
LONG_LINES = email.policy.default.clone(max_line_length=990)


def mail(sender, to, subject, text, attachment=None, headers=()):
    """A plain message as bytes with CRLF; attachment = (name, bytes)."""
    message = EmailMessage(LONG_LINES)
    message["From"] = sender
    message["To"] = to
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.now(timezone.utc))
    message["Message-ID"] = make_msgid(domain=sender.split("@")[-1].rstrip(">"))
    for name, value in headers:
        message[name] = value
    message.set_content(text)
    if attachment:
        message.add_attachment(attachment[1], maintype="image",
                               subtype="png", filename=attachment[0])
    return message.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def message_id(data):
    return re.search(rb"^Message-ID:\s*(\S+)", data, re.M | re.I
                     ).group(1).decode()


def body(captured):
    """The text a reader of an outgoing mail sees first."""
    return captured.message.get_body(("plain",)).get_content()


class MtaTest(unittest.TestCase):
    """A test with a lab of its module."""

    lab: Lab

    @classmethod
    def setUpClass(cls):
        cls.lab = Lab(os.environ["PORTARIA_BUILD"], quiet=False)
        cls.lab.__enter__()

    @classmethod
    def tearDownClass(cls):
        cls.lab.__exit__(None, None, None)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors)
        super().run(result)
        if len(result.failures) + len(result.errors) > before:
            self.lab.show_logs()

    # -- steps -------------------------------------------------------------

    def open_ticket(self, subject="Site fora do ar", sender=ZE,
                    to=SUPORTE, at=None, attachment=None, data=None):
        """A customer's mail that must be accepted; its ref and bytes."""
        mark = self.lab.sink.mark()
        data = data or mail(sender, to, subject, "Nao abre.\n", attachment)
        reply = self.lab.send(sender, to, data, **(at or AT_CLIENTE))
        self.assertEqual(reply[0], 250, reply)
        bare = re.search(rb"^Subject: (.*?)\r?$", data, re.M).group(1).decode()

        def acknowledged():
            return [found for one in self.lab.sink.to(sender, mark)
                    if (found := REF.search(one.message["Subject"]))
                    and bare in one.message["Subject"]]
        return wait_for(acknowledged, f"ack of {bare}")[0].group(1), data

    def ticket(self, ref):
        return self.lab.ticket(ref)[0]

    def entries(self, ref, author=None):
        return [entry for entry in self.lab.ticket(ref)[1:]
                if author in (None, entry["author"])]

    def wait_entries(self, ref, author, count):
        return wait_for(
            lambda: len(found := self.entries(ref, author)) >= count
            and found, f"{count} {author} entries in {ref}")

    def held(self):
        return self.lab.json("held", "list")

    def tickets(self, **filters):
        words = []
        for name, value in filters.items():
            words += [f"--{name}", value]
        return self.lab.json("ticket", "list", "--all", "--limit", "1000",
                             *words)


def main():
    reason = labs.why_not()
    if reason:
        print(f"skipped: {reason}")
        sys.exit(77)
    unittest.main(verbosity=2)
