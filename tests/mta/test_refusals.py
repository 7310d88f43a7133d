# SPDX-License-Identifier: GPL-2.0-or-later
"""test_refusals.py - what the sender's server is told during SMTP"""

from scenario import (ABUSOS, AT_CLIENTE, AT_FORGER, AT_STRANGER, FINANCEIRO,
                      SUPORTE, ZE, MtaTest, mail, main, wait_for)

STRANGER = "alguem@estranho.example"


class Refusals(MtaTest):

    def refuse(self, sender, to, data, code, enhanced, **at):
        reply = self.lab.send(sender, to, data, **at)
        self.assertEqual(reply[0], code, reply)
        self.assertTrue(reply[1].startswith(enhanced), reply)
        self.assertTrue(reply[1].isascii(), reply)
        return reply[1]

    def test_unregistered_sender(self):
        text = self.refuse(STRANGER, SUPORTE,
                           mail(STRANGER, SUPORTE, "Oi", "Quero ajuda.\n"),
                           550, "5.7.1", **AT_STRANGER)
        self.assertIn(STRANGER, text)
        self.assertIn("https://ajuda.provedor.example", text)
        self.assertRegex(text, r"(?i)endereco")   # Portuguese
        self.assertRegex(text, r"(?i)\baddress\b")  # English
        self.assertLessEqual(len(text.splitlines()), 3)

    def test_forged_sender_of_a_protected_domain(self):
        text = self.refuse(ZE, SUPORTE, mail(ZE, SUPORTE, "Senha", "Envie.\n"),
                           550, "5.7.1", **AT_FORGER)
        self.assertIn("cliente.example", text)

    def test_forged_sender_with_spf_only(self):
        sender = "contador@outro.example"
        self.refuse(sender, SUPORTE, mail(sender, SUPORTE, "x", "y\n"),
                    550, "5.7.1", **AT_FORGER)

    def test_dmarc_reject_without_signature(self):
        sender = "ana@assinado.example"
        self.refuse(sender, SUPORTE, mail(sender, SUPORTE, "x", "y\n"),
                    550, "5.7.1", **AT_FORGER)

    def test_dns_failure_is_temporary(self):
        sender = "joao@dnsmorto.example"
        self.refuse(sender, SUPORTE, mail(sender, SUPORTE, "x", "y\n"),
                    451, "4.7.0", **AT_CLIENTE)

    def test_second_policy_class(self):
        with self.lab.connect(**AT_CLIENTE) as smtp:
            smtp.mail(ZE)
            self.assertEqual(smtp.rcpt(SUPORTE)[0], 250)
            self.assertEqual(smtp.rcpt(FINANCEIRO)[0], 250)
            code, text = smtp.rcpt(ABUSOS)
            self.assertEqual(code, 452)
            self.assertTrue(text.startswith(b"4.5.3"), text)

    def test_several_from(self):
        data = mail(ZE, SUPORTE, "Dois", "x\n").replace(
            b"From: ze@cliente.example",
            b"From: ze@cliente.example, x@evil.example")
        self.refuse(ZE, SUPORTE, data, 550, "5.7.1", **AT_CLIENTE)

    def test_two_from_headers(self):
        data = b"From: x@evil.example\r\n" + mail(ZE, SUPORTE, "Dois", "x\n")
        self.refuse(ZE, SUPORTE, data, 550, "5.7.1", **AT_CLIENTE)

    def test_no_from(self):
        data = mail(ZE, SUPORTE, "Nenhum", "x\n").replace(
            b"From: ze@cliente.example\r\n", b"")
        self.refuse(ZE, SUPORTE, data, 550, "5.7.1", **AT_CLIENTE)

    def test_null_sender_that_answers_nothing(self):
        data = mail("mailer-daemon@evil.example", SUPORTE, "Returned", "x\n")
        self.refuse("", SUPORTE, data, 550, "5.7.1", **AT_FORGER)

    def test_mail_to_nobody_of_ours_is_untouched(self):
        mark = self.lab.sink.mark()
        data = mail(STRANGER, "vizinho@world.example", "Alheio", "x\n",
                    headers=[("Authentication-Results",
                              "mx.provedor.example; dmarc=pass")])
        reply = self.lab.send(STRANGER, "vizinho@world.example", data,
                              client="127.0.0.1", helo="localhost")
        self.assertEqual(reply[0], 250, reply)
        got = self.lab.sink.wait_to("vizinho@world.example", mark)[0]
        self.assertTrue(got.data.endswith(data), got.data)
        self.assertNotIn(b"X-Portaria", got.data)
        self.assertIn("mx.provedor.example; dmarc=pass",
                      got.message.get_all("Authentication-Results"))

    def test_refused_mail_leaves_nothing_behind(self):
        before = len(self.tickets()), len(self.held())
        mark = self.lab.sink.mark()
        self.refuse(STRANGER, SUPORTE,
                    mail(STRANGER, SUPORTE, "Nada", "x\n"), 550, "5.7.1",
                    **AT_STRANGER)
        self.assertEqual((len(self.tickets()), len(self.held())), before)
        self.assertEqual(self.lab.sink.to(STRANGER, mark), [])


class AbuseDesk(MtaTest):

    def report(self, sender, at):
        before = {t["ref"] for t in self.tickets(department="abusos")}
        data = mail(sender, ABUSOS, "Phishing em seu servidor",
                    "Veja http://cliente.example/x\n")
        reply = self.lab.send(sender, ABUSOS, data, **at)
        self.assertEqual(reply[0], 250, reply)
        new = wait_for(
            lambda: [t for t in self.tickets(department="abusos")
                     if t["ref"] not in before], "abuse ticket")
        return self.entries(new[0]["ref"], "customer")[0]

    def test_stranger_is_accepted_and_recorded(self):
        entry = self.report(STRANGER, AT_STRANGER)
        self.assertIn("spf=pass", entry["auth"])
        self.assertEqual(entry["client_ip"], "192.0.2.50")

    def test_forged_sender_is_accepted_and_recorded(self):
        entry = self.report(ZE, AT_FORGER)
        self.assertIn("spf=fail", entry["auth"])
        self.assertIn("dmarc=fail", entry["auth"])

    def test_dead_dns_is_accepted_and_recorded(self):
        entry = self.report("joao@dnsmorto.example", AT_CLIENTE)
        self.assertIn("temperror", entry["auth"])


class Authenticated(MtaTest):
    """SASL logins, given by XCLIENT as a submission service would see them."""

    def test_login_proves_its_own_address(self):
        ref, _ = self.open_ticket("Com senha", at=dict(AT_FORGER, login=ZE))
        self.assertIn("auth=pass", self.authentication_results(ref))

    def authentication_results(self, ref):
        raw = self.lab.portaria("ticket", "raw", ref).stdout
        return raw.split("Authentication-Results:")[1].split("\n\n")[0]

    def test_login_of_another_customer_proves_nothing(self):
        reply = self.lab.send(ZE, SUPORTE, mail(ZE, SUPORTE, "x", "y\n"),
                              login="ana@assinado.example", **AT_FORGER)
        self.assertEqual(reply[0], 550, reply)

    def test_decision_is_logged(self):
        self.open_ticket("No registro", at=dict(AT_FORGER, login=ZE))
        self.assertIn(f"login={ZE}", self.lab.log("milter"))


if __name__ == "__main__":
    main()
