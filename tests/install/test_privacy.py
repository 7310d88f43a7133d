# SPDX-License-Identifier: GPL-2.0-or-later
"""test_privacy.py - a person's data: exported whole, erased without a trace

One house with real daemons: mail comes in, is answered, held, sent out. Then
every file below the store is searched for what was the person's, in each
encoding that mail uses. No root and no mail server: see house.py.
"""

import base64
import json
import os
import quopri
import shutil
import sqlite3
import tempfile
import unittest
from pathlib import Path

from house import (AT_FORGER, MARIA, PAULA, SUPORTE, ZE, House, mail,
                   wait_for)

OK, NOTHING, USAGE, DATA, FAILED = 0, 1, 64, 65, 69
OTHER = "rosa@flores.example"
AT_FLORES = "192.0.2.77"
# What is only the person's; found anywhere, it was not erased.
SECRETS = ["cliente.example", "Padaria", "cpf-111-222-333-44", "C1001",
           "forno-quebrado", "segredo-da-resposta", "segredo-da-nota",
           "retrato-ze.bin", "loja-do-ze.example", "198.51.100.99",
           "segredo-retido", "assunto-fermento", AT_FORGER]
SHARED = os.urandom(300_000)   # an attachment that somebody else sent, too
OWN = os.urandom(300_000)      # large enough to be a file


def forms(text):
    """The text as it may stand in a mail or a database."""
    plain = text.encode()
    yield plain
    yield plain.lower()
    yield quopri.encodestring(plain)
    for shift in range(3):  # wherever it begins in base64
        coded = base64.b64encode(b"x" * shift + plain)
        coded = coded[4 if shift else 0:-4]
        if len(coded) >= 8:  # shorter ones are found in anything
            yield coded


class Privacy(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="portaria-privacy-")
        cls.addClassCleanup(shutil.rmtree, folder, True)
        cls.house = house = House(folder)
        cls.addClassCleanup(house.close)
        house.open()
        house.must("customer", "service", "C1001", "add", "--kind",
                   "hosting", "--label", "Loja", "--domain",
                   "loja-do-ze.example", "--ip", "198.51.100.99")
        house.must("customer", "add", "--name", "Flores da Rosa", "--code",
                   "C2002", "--email", OTHER)
        house.must("department", "edit", "suporte", "--unproven", "hold")
        house.start("lmtpd")
        house.start("notifier")
        cls.fill(house)

    @classmethod
    def fill(cls, house):
        """Two tickets of the person, one of somebody else, held mail."""
        cls.ref = house.ticket("assunto-fermento", "forno-quebrado\n"
                               "CPF cpf-111-222-333-44\n",
                               ("retrato-ze.bin", OWN))
        cls.shared = house.ticket("Mesmo anexo", "Padaria\n",
                                  ("comum.bin", SHARED))
        house.must("ticket", "reply", cls.ref, "--as", "paula", "--text",
                   "Para a Padaria: segredo-da-resposta")
        house.must("ticket", "note", cls.ref, "--as", "paula", "--text",
                   "segredo-da-nota")
        house.must("ticket", "status", cls.shared, "closed", "--as", "paula")
        cls.held = house.hold("segredo-retido um")
        released = house.hold("segredo-retido dois")
        house.must("held", "release", released, "--as", "paula")
        # Somebody else, whose things must stay.
        code, reply = house.deliver(
            OTHER, "abusos@desk.example",
            mail(OTHER, "abusos@desk.example", "Das flores", "flor-fica\n",
                 ("comum.bin", SHARED)), AT_FLORES)
        assert code == 250, reply
        cls.other = reply.split()[-2]
        wait_for(lambda: not house.json("outbox", "list", "--state",
                                        "queued"), "outbox empty")

    def store_files(self):
        for path in [*self.house.dir.glob("portaria.db*"),
                     *(self.house.dir / "blobs").rglob("*")]:
            if path.is_file():
                yield path, path.read_bytes()

    def found(self):
        """Where the person's words still are."""
        places = set()
        for path, data in self.store_files():
            low = data.lower()
            for secret in SECRETS:
                if any(form in data or form.lower() in low
                       for form in forms(secret)):
                    places.add((path.name, secret))
            if OWN[1000:1100] in data:
                places.add((path.name, "attachment"))
        return places

    def rows(self, statement):
        db = sqlite3.connect(self.house.dir / "portaria.db")
        try:
            return db.execute(statement).fetchall()
        finally:
            db.close()

    TLS_REPORT = """\
From: {reporter}
To: abusos@desk.example
Subject: Report Domain: desk.example
Date: Sun, 22 Nov 2026 16:20:00 -0300
Message-ID: <tls-1@rede.example>
TLS-Report-Domain: desk.example
TLS-Report-Submitter: rede.example
MIME-Version: 1.0
Content-Type: application/tlsrpt+json

{{"organization-name": "Rede", "date-range": {{
"start-datetime": "2026-11-21T00:00:00Z",
"end-datetime": "2026-11-21T23:59:59Z"}},
"contact-info": "{reporter}", "report-id": "relato-tls",
"policies": [{{"policy": {{"policy-type": "sts",
"policy-domain": "desk.example"}},
"summary": {{"total-successful-session-count": 5,
"total-failure-session-count": 1}}}}]}}
"""

    def test_0_export_holds_reports(self):
        reporter = "relator@rede.example"
        self.house.must("customer", "add", "--name", "Relatores", "--code",
                        "C3003", "--email", reporter)
        body = ("Reported-From: relator@rede.example\nReport-Type: spam\n"
                "Source: 203.0.113.44\nPort: 25\n"
                "Date: 2026-11-22T00:00:00Z\n")
        for data in (mail(reporter, "abusos@desk.example", "abuse report",
                          body, headers=[("X-ARF", "yes")]),
                     self.TLS_REPORT.format(reporter=reporter).replace(
                         "\n", "\r\n").encode()):
            code, reply = self.house.deliver(
                reporter, "abusos@desk.example", data, AT_FLORES)
            self.assertEqual(code, 250, reply)
        folder = self.house.dir / "export-reports"
        self.house.must("privacy", "export", "C3003", "--dir", folder)
        data = json.loads((folder / "data.json").read_text())
        report, = data["abuse_reports"]
        self.assertEqual([report["address"], report["source_ip"]],
                         [reporter, "203.0.113.44"])
        self.assertIn(b"203.0.113.44", (folder / report["file"]).read_bytes())
        filed, = data["mail_reports"]
        self.assertEqual([filed["kind"], filed["address"]], ["tls", reporter])
        self.assertIn(b"relato-tls", (folder / filed["file"]).read_bytes())

    def test_1_export_is_complete(self):
        folder = self.house.dir / "export"
        self.house.must("privacy", "export", "C1001", "--dir", folder)
        self.assertEqual(folder.stat().st_mode & 0o777, 0o700)
        data = json.loads((folder / "data.json").read_text())
        self.assertEqual(sorted(data["addresses"]), [MARIA, ZE])
        self.assertEqual(data["customer"]["name"], "Padaria do Zé")
        self.assertEqual(len(data["customer"]["contacts"]), 2)
        self.assertEqual(data["customer"]["services"][0]["domain"],
                         "loja-do-ze.example")
        self.assertEqual([row["action"] for row in data["customer"]["audit"]],
                         ["add service", "add"])
        by_ref = {row["ref"]: row for row in data["tickets"]}
        self.assertEqual(len(by_ref), 3)
        self.assertIn("reply", [row["action"]
                                for row in by_ref[self.ref]["audit"]])
        mine = [row for row in data["messages"]
                if row["ticket_id"] == by_ref[self.ref]["id"]]
        self.assertEqual([row["author"] for row in mine
                          if row["author"] != "event"],
                         ["customer", "staff", "note"])
        first = mine[0]
        self.assertIn(b"Subject: assunto-fermento",
                      (folder / first["file"]).read_bytes())
        self.assertEqual(
            (folder / first["attachments"][0]["file"]).read_bytes(), OWN)
        self.assertEqual(sorted(row["state"] for row in data["held"]),
                         ["released", "waiting"])
        for row in data["held"]:
            self.assertIn(b"segredo-retido",
                          (folder / row["file"]).read_bytes())
        kinds = {row["kind"] for row in data["outbox"]}
        self.assertLessEqual({"ack", "reply", "notice_new", "hold_confirm",
                              "hold_notice"}, kinds)
        for row in data["outbox"]:
            self.assertTrue((folder / row["file"]).stat().st_size > 0)
        text = (folder / "data.json").read_text()
        self.assertNotIn("flor-fica", text)
        self.assertNotIn(OTHER, text)
        result = self.house.portaria("privacy", "export", "C1001", "--dir",
                                     folder)
        self.assertEqual(result.returncode, DATA, result.stderr)

    def test_2_dry_run_changes_nothing(self):
        before = self.rows("SELECT count(*) FROM message")
        out = self.house.must("privacy", "erase", "C1001")
        self.assertIn("Nothing was changed", out)
        row, = self.house.json("privacy", "erase", ZE)
        self.assertEqual((row["erased"], row["address"], row["ticket"],
                          row["held"]), (False, 2, 3, 2))
        self.assertEqual(self.rows("SELECT count(*) FROM message"), before)
        self.assertEqual(self.rows("SELECT count(*) FROM erasure"), [(0,)])
        self.assertTrue(self.found())

    def test_3_nothing_is_left(self):
        self.assertEqual({secret for _, secret in self.found()},
                         {*SECRETS, "attachment"})
        before = self.rows("SELECT id, ref, department_id, status, created, "
                           "closed FROM ticket ORDER BY id")
        times = self.rows("SELECT id, ticket_id, author, created FROM message "
                          "ORDER BY id")
        chain = self.rows("SELECT * FROM audit ORDER BY id")
        result, = self.house.json("privacy", "erase", "C1001", "--yes",
                                  "--as", "paula")
        self.assertEqual((result["erased"], result["ticket"]), (True, 3))
        self.assertEqual(self.found(), set())
        # What statistics need is as before, and so is the chain.
        self.assertEqual(self.rows(
            "SELECT id, ref, department_id, status, created, closed "
            "FROM ticket ORDER BY id"), before)
        self.assertEqual(self.rows(
            "SELECT id, ticket_id, author, created FROM message "
            "ORDER BY id"), times)
        after = self.rows("SELECT * FROM audit ORDER BY id")
        self.assertEqual(after[:-1], chain)
        row, = self.house.json("audit", "list", "--limit", "1")
        self.assertEqual((row["actor"], row["action"]), ("paula", "erase"))
        self.assertRegex(row["target"], r"^customer \d+$")
        self.assertEqual(self.house.json("audit", "verify")[0]["state"],
                         "intact")
        self.assertIn("intact", self.house.must("db", "check"))
        # Whoever else there is has everything still.
        entries = self.house.json("ticket", "show", self.other)
        self.assertIn("flor-fica", entries[1]["text"])
        self.house.must("ticket", "attachment", "save", self.other, "--dir",
                        self.house.dir)
        self.assertEqual((self.house.dir / "comum.bin").read_bytes(), SHARED)
        found = self.house.json("ticket", "list", "--all", "--search",
                                "flores")
        self.assertEqual([row["ref"] for row in found], [self.other])
        for words in (["--search", "fermento"], ["--search", "segredo"],
                      ["--search", "forno"]):
            self.assertEqual(self.house.json("ticket", "list", "--all",
                                             *words), [])
        self.house.must("ticket", "show", self.ref)
        # The daemons go on: the address is a stranger's now.
        code, _ = self.house.deliver(ZE, SUPORTE,
                                     mail(ZE, SUPORTE, "De novo", "x\n"))
        self.assertEqual(code, 250)
        self.assertEqual(self.house.portaria("customer", "show",
                                             ZE).returncode, NOTHING)
        self.assertEqual(self.house.portaria("privacy", "erase", "C1001"
                                             ).returncode, NOTHING)

    def test_4_somebody_who_is_not_registered(self):
        sender = "denunciante@longe.example"
        to = "abusos@desk.example"
        code, reply = self.house.deliver(
            sender, to, mail(sender, to, "Spam", "testemunha-secreta\n"),
            AT_FLORES)
        self.assertEqual(code, 250, reply)
        self.house.must("privacy", "erase", sender, "--yes")
        for path, data in self.store_files():
            for form in (*forms("testemunha-secreta"),
                         *forms("longe.example")):
                self.assertNotIn(form, data, path)
        self.assertEqual(self.house.json("audit", "list", "--limit", "1")
                         [0]["target"], "unregistered person")

    def test_5_nothing_is_kept(self):
        chain = self.rows("SELECT count(*) FROM audit")
        folder = self.house.dir / "nobody"
        for words in (("erase",), ("erase", "--yes"),
                      ("export", "--dir", folder)):
            result = self.house.portaria("privacy", words[0],
                                         "ninguem@nunca.example", *words[1:])
            self.assertEqual((result.returncode, result.stdout),
                             (NOTHING, ""), result.stderr)
            self.assertIn("nothing is kept about ninguem@nunca.example",
                          result.stderr)
        self.assertFalse(folder.exists())
        self.assertEqual(self.rows("SELECT count(*) FROM audit"), chain)

    def test_5_wrong_use(self):
        for code, *words in ((NOTHING, "erase", "C9999"),
                             (USAGE, "export", "C2002"),
                             (NOTHING, "erase", "C2002", "--yes", "--as",
                              "ninguem")):
            result = self.house.portaria("privacy", *words)
            self.assertEqual(result.returncode, code, result.stderr)
        self.assertEqual(self.house.json("ticket", "show", self.other)
                         [1]["address"], OTHER)


class Registry(unittest.TestCase):
    """Who changed the registry: rows that name nobody."""

    def test_every_change_is_told(self):
        folder = tempfile.mkdtemp(prefix="portaria-audit-")
        self.addCleanup(shutil.rmtree, folder, True)
        house = House(folder)
        self.addCleanup(house.close)
        house.open()
        house.must("department", "edit", "suporte", "--title", "S")
        house.must("department", "address", "suporte", "add",
                   "ajuda@desk.example")
        house.must("customer", "contact", "C1001", "add",
                   "joana@cliente.example")
        house.must("customer", "contact", "C1001", "remove",
                   "joana@cliente.example")
        out = house.must("customer", "service", "C1001", "add", "--kind",
                         "k", "--label", "l", "--json")
        house.must("customer", "service", "C1001", "remove",
                   json.loads(out)["id"])
        house.must("staff", "edit", "paula", "--no-notify", "--as", "paula")
        csv = house.dir / "c.csv"
        csv.write_text("name;email\nNovo;novo@novo.example\n")
        house.must("customer", "import", csv, "--dry-run")
        house.must("customer", "import", csv)
        failed = house.portaria("department", "edit", "nenhum")
        self.assertEqual(failed.returncode, NOTHING)
        rows = house.json("audit", "list")[::-1]
        self.assertEqual(
            [(row["action"], row["target"].split()[0]) for row in rows],
            [("add", "department"), ("add", "department"),
             ("add", "customer"), ("add", "staff"), ("edit", "department"),
             ("add", "department"), ("add contact", "customer"),
             ("remove contact", "customer"), ("add service", "customer"),
             ("remove service", "customer"), ("edit", "staff"),
             ("import", "customers")])
        # Added and removed is the same one, which has a number.
        for at, kind in ((6, "contact"), (8, "service")):
            self.assertRegex(rows[at]["detail"], rf"^{kind} [1-9]\d*$")
            self.assertEqual(rows[at]["detail"], rows[at + 1]["detail"])
        self.assertEqual(rows[10]["actor"], "paula")
        self.assertEqual(rows[10]["detail"], "no-notify")
        self.assertRegex(rows[0]["actor"], r"^cli:\S+$")
        self.assertTrue(rows[11]["detail"].startswith(
            "rows=1 created=1 updated=0 sha256="))
        text = json.dumps(rows)
        for name in ("cliente.example", "novo.example", "Padaria", PAULA):
            self.assertNotIn(name, text)
        self.assertEqual(len(house.json("audit", "list", "--object",
                                        rows[2]["target"])), 5)
        verified, = house.json("audit", "verify")
        self.assertEqual((verified["rows"], verified["state"],
                          verified["last_hash"]),
                         (12, "intact", rows[-1]["hash"]))
        house.sql(f"UPDATE audit SET detail = 'x' WHERE id = {rows[4]['id']}")
        result = house.portaria("audit", "verify")
        self.assertEqual(result.returncode, FAILED)
        self.assertIn(rows[4]["id"], result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
