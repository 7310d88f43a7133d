# SPDX-License-Identifier: GPL-2.0-or-later
"""test_abuse.py - reports of programs to the abuse desk, through Postfix"""

import base64
import gzip
import json

from scenario import (ABUSOS, AT_CLIENTE, AT_STRANGER, PAULA, SUPORTE, ZE,
                      MtaTest, mail, main, wait_for)

ISP = "fbl@estranho.example"
HEAD = (b"From: %s\r\nTo: abusos@desk\r\nSubject: %s\r\n"
        b"Message-ID: <%d@estranho.example>\r\n"
        b"Date: Sun, 22 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n")
REPORTED = (b"Received: from x (host [%s]) by mx.estranho.example;\r\n"
            b" Sun, 22 Nov 2026 11:58:00 +0000\r\n"
            b"From: Loja <spam@loja.example>\r\nSubject: Oferta\r\n"
            b"Date: Sun, 22 Nov 2026 11:57:00 +0000\r\n\r\nCompre!\r\n")


class AbuseTest(MtaTest):
    serial = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.lab.portaria("customer", "service", "C1001", "add", "--kind",
                         "vps", "--label", "VPS 7", "--ip",
                         "203.0.113.64/28", "--ip", "2001:db8:77::/48")

    def head(self, sender, subject):
        AbuseTest.serial += 1
        return HEAD % (sender.encode(), subject.encode(), AbuseTest.serial)

    def multipart(self, sender, subject, kind, *parts):
        data = self.head(sender, subject)
        data += b"Content-Type: " + kind + b"; boundary=\"b\"\r\n\r\n"
        for head, body in parts:
            data += b"--b\r\n" + head + b"\r\n\r\n" + body + b"\r\n"
        return data + b"--b--\r\n"

    def arf(self, source=None, reported=b"203.0.113.70", sender=ISP):
        fields = b"Feedback-Type: abuse\r\nUser-Agent: x/1\r\nVersion: 1\r\n"
        if source is not None:
            fields += b"Source-IP: " + source + b"\r\n"
        return self.multipart(
            sender, "FW: Oferta",
            b"multipart/report; report-type=feedback-report",
            (b"Content-Type: text/plain", b"An abuse report."),
            (b"Content-Type: message/feedback-report", fields),
            (b"Content-Type: message/rfc822", REPORTED % reported))

    def deliver(self, data, sender=ISP, at=AT_STRANGER):
        reply = self.lab.send(sender, ABUSOS, data, **at)
        self.assertEqual(reply[0], 250, reply)
        return data

    def lines(self, *words):
        """JSON lines of `portaria abuse`; none is no error."""
        out = self.lab.portaria("--json", "abuse", *words, check=False).stdout
        return [json.loads(line) for line in out.splitlines()]

    def wait_case(self, source, reports=1):
        return wait_for(
            lambda: [one for one in self.lines("list", "--source", source)
                     if one["reports"] >= reports],
            f"{reports} reports about {source}")[0]

    def test_arf_opens_a_case_with_the_customer_as_suspect(self):
        mark = self.lab.sink.mark()
        data = self.deliver(self.arf(b"203.0.113.70"))
        case = self.wait_case("203.0.113.70")
        self.assertEqual(case["type"], "abuse")
        ticket = self.ticket(case["ticket"])
        self.assertEqual(ticket["department"], "abusos")
        self.assertEqual(ticket["customer"], "")
        self.assertEqual([p["address"] for p in ticket["participants"]],
                         [ISP])
        self.assertEqual(ticket["abuse"]["reports"], 1)
        suspect, = ticket["suspects"]
        self.assertEqual(suspect["customer_code"], "C1001")
        self.assertEqual(suspect["matched"], "203.0.113.64/28")
        self.assertFalse(suspect["derived"])
        show = self.lines("show", case["ticket"])
        self.assertEqual(show[1]["source_ip"], "203.0.113.70")
        self.assertEqual(show[1]["derived"], ["domain", "time"])
        raw = self.lab.portaria("abuse", "show", case["ticket"],
                                "--evidence", "1", text=False).stdout
        self.assertTrue(raw.endswith(data), raw[-300:])
        notice, = self.lab.sink.wait_to(PAULA, mark)
        self.assertIn("203.0.113.70", notice.message.get_body().get_content())
        self.assertEqual(self.lab.sink.to(ZE, mark), [])
        self.assertEqual(self.lab.sink.to(ISP, mark), [])

    def test_fields_of_the_reported_message_are_marked(self):
        """What JMRP sends: only the three fields that must be there."""
        self.deliver(self.arf(None, b"203.0.113.71"))
        case = self.wait_case("203.0.113.71")
        report = self.lines("show", case["id"])[1]
        self.assertIn("source_ip", report["derived"])
        self.assertEqual(report["time"], "2026-11-22T11:58:00Z")
        suspect, = self.lines("show", case["id"])[0]["suspects"]
        self.assertTrue(suspect["derived"])

    def test_many_reports_are_one_ticket(self):
        mark = self.lab.sink.mark()
        for number in range(12):
            sender = f"fbl{number % 3}@estranho.example"
            self.deliver(self.arf(b"2001:db8:77::5", sender=sender),
                         sender=sender)
        case = self.wait_case("2001:db8:77::5", 12)
        self.assertEqual(case["reporters"], 3)
        self.assertEqual(case["customers"], ["Padaria do Zé"])
        self.assertEqual(len(self.lines("show", case["ticket"])), 13)
        self.assertEqual(len(self.entries(case["ticket"], "customer")), 1)
        def notices():
            return [one for one in self.lab.sink.to(PAULA, mark)
                    if case["ticket"] in one.message["Subject"]]
        wait_for(lambda: len(notices()) >= 2, "the notices at 1 and 10")
        self.assertEqual(len(notices()), 2)
        top = self.lines("top")
        self.assertEqual(top[0]["source"], "2001:db8:77::5")
        self.assertEqual(top[0]["reports"], 12)

    def test_xarf(self):
        document = {"xarf_version": "4.0.0", "report_id": "r-9",
                    "timestamp": "2026-11-22T10:00:00Z",
                    "reporter": {"contact": "honey@estranho.example"},
                    "source_identifier": "198.51.100.77",
                    "source_port": 45621, "category": "connection",
                    "type": "login_attack"}
        self.deliver(self.multipart(
            ISP, "abuse report", b"multipart/mixed",
            (b"Content-Type: text/plain", b"See below."),
            (b"Content-Type: application/json; name=xarf.json",
             json.dumps(document).encode())))
        case = self.wait_case("198.51.100.77")
        self.assertEqual(case["type"], "connection/login_attack")
        self.assertEqual(case["customers"], [])
        report = self.lines("show", case["id"])[1]
        self.assertEqual(report["source_port"], 45621)
        self.assertEqual(report["reporter"], "honey@estranho.example")
        self.assertEqual(report["report_id"], "r-9")
        self.assertEqual(report["derived"], [])
        for kind in ("connection", "login-attack"):
            self.assertEqual([one["id"] for one in self.lines(
                "list", "--type", kind)], [case["id"]])

    def assert_filed(self, kind, domain, data):
        tickets = len(self.tickets(department="abusos"))
        self.deliver(data)
        filed, = wait_for(lambda: self.lines("list", "--reports", "--type",
                                             kind), f"{kind} report")
        self.assertEqual(filed["domain"], domain)
        self.assertEqual(filed["reporter"], "ISP")
        raw = self.lab.portaria("abuse", "show", filed["id"], "--evidence",
                                "1", text=False).stdout
        self.assertTrue(raw.endswith(data), raw[-300:])
        self.assertEqual(len(self.tickets(department="abusos")), tickets)
        return filed

    def attached(self, subject, kind, content_type, name, document):
        packed = base64.encodebytes(gzip.compress(document))
        return self.multipart(
            ISP, subject, kind,
            (b"Content-Type: text/plain", b"A report."),
            (b"Content-Type: " + content_type
             + b"\r\nContent-Transfer-Encoding: base64"
             + b"\r\nContent-Disposition: attachment; filename=\"" + name
             + b"\"", packed.replace(b"\n", b"\r\n")))

    def test_tls_report_is_filed(self):
        document = json.dumps({
            "organization-name": "ISP", "report-id": "t-1",
            "contact-info": "tls@estranho.example",
            "date-range": {"start-datetime": "2026-11-21T00:00:00Z",
                           "end-datetime": "2026-11-21T23:59:59Z"},
            "policies": [{"policy": {"policy-type": "sts",
                                     "policy-domain": "cliente.example"},
                          "summary": {"total-successful-session-count": 40,
                                      "total-failure-session-count": 2}}]})
        filed = self.assert_filed("tls", "cliente.example", self.attached(
            "Report Domain: cliente.example Submitter: isp",
            b"multipart/report; report-type=tlsrpt",
            b"application/tlsrpt+gzip", b"x.json.gz", document.encode()))
        self.assertEqual((filed["total"], filed["failed"]), (42, 2))
        self.assertEqual(filed["begin"], "2026-11-21T00:00:00Z")

    def test_dmarc_report_is_filed(self):
        document = (
            b"<feedback><report_metadata><org_name>ISP</org_name>"
            b"<report_id>7</report_id><date_range><begin>1700000000</begin>"
            b"<end>1700086399</end></date_range></report_metadata>"
            b"<policy_published><domain>cliente.example</domain>"
            b"</policy_published><record><row><count>5</count>"
            b"<policy_evaluated><dkim>pass</dkim><spf>fail</spf>"
            b"</policy_evaluated></row></record></feedback>")
        filed = self.assert_filed("dmarc", "cliente.example", self.attached(
            "Report domain: cliente.example Submitter: isp Report-ID: 7",
            b"multipart/mixed", b"application/gzip",
            b"isp!cliente.example!1700000000!1700086399.xml.gz", document))
        self.assertEqual((filed["total"], filed["failed"]), (5, 0))

    def test_copyright_notice_is_an_ordinary_ticket(self):
        mark = self.lab.sink.mark()
        sender = "editora@estranho.example"
        self.deliver(mail(sender, ABUSOS, "Notice of infringement",
                          "The address 203.0.113.72 shares our film.\n"),
                     sender)
        ticket = wait_for(
            lambda: [t for t in self.tickets(department="abusos")
                     if t["subject"] == "Notice of infringement"],
            "ticket")[0]
        shown = self.ticket(ticket["ref"])
        self.assertNotIn("abuse", shown)
        suspect, = shown["suspects"]
        self.assertEqual(suspect["customer_code"], "C1001")
        self.assertTrue(suspect["derived"])
        self.lab.portaria("ticket", "reply", ticket["ref"], "--as", "paula",
                          "--text", "We have asked our customer.")
        wait_for(lambda: [m for m in self.lab.sink.to(sender, mark)
                          if "We have asked" in
                          m.message.get_body().get_content()],
                 "answer to the reporter")
        self.assertEqual(self.lab.sink.to(ZE, mark), [])

    def test_customers_do_not_report_into_cases_elsewhere(self):
        data = self.arf(b"203.0.113.79", sender=ZE)
        reply = self.lab.send(ZE, SUPORTE, data, **AT_CLIENTE)
        self.assertEqual(reply[0], 250, reply)
        wait_for(lambda: [t for t in self.tickets(department="suporte")
                          if t["subject"] == "Oferta"], "ticket")
        self.assertEqual(self.lines("list", "--source", "203.0.113.79"), [])


if __name__ == "__main__":
    main()
