# SPDX-License-Identifier: GPL-2.0-or-later
"""test_seed.py - the main job: a customer asks, staff answer, by mail"""

from scenario import (AT_CLIENTE, AT_FORGER, AT_PROVEDOR, CONTADOR, MARIA,
                      PAULA, SUPORTE, ZE, MtaTest, body, mail, main, message_id, png, wait_for)


class SeedScenario(MtaTest):

    def test_ticket_is_opened_and_acknowledged(self):
        image = png()
        mark = self.lab.sink.mark()
        ref, _ = self.open_ticket("Erro 500 no site",
                                  attachment=("tela.png", image))
        for address in (MARIA, CONTADOR):
            wait_for(lambda: [m for m in self.lab.sink.to(address, mark)
                              if f"[{ref}]" in m.message["Subject"]],
                     f"acknowledgement of {ref} to {address}")
        ack = self.lab.sink.wait_to(ZE, mark)[0]
        self.assertEqual(ack.sender, "")
        self.assertEqual(ack.message["Auto-Submitted"], "auto-replied")
        self.assertEqual(ack.message["X-Auto-Response-Suppress"], "All")
        self.assertIsNone(ack.message["Precedence"])

        ticket = self.ticket(ref)
        self.assertEqual(ticket["status"], "open")
        self.assertEqual(ticket["department"], "suporte")
        self.assertEqual(ticket["customer"], "Padaria do Zé")
        entry = self.entries(ref, "customer")[0]
        self.assert_attachment(ref, entry, "tela.png", image)

    def assert_attachment(self, ref, entry, name, content):
        found = [a for a in entry["attachments"] if a["filename"] == name]
        self.assertEqual(len(found), 1, entry)
        out = self.lab.dir / "var" / f"saved-{found[0]['id']}"
        out.mkdir(mode=0o777)
        out.chmod(0o777)
        self.lab.portaria("ticket", "attachment", "save", ref,
                          "--id", found[0]["id"], "--dir", str(out))
        self.assertEqual((out / name).read_bytes(), content)

    def test_dkim_proves_where_spf_cannot(self):
        ana = "ana@assinado.example"
        data = self.lab.signer.sign(mail(ana, SUPORTE, "Assinada", "Oi\n"))
        ref, _ = self.open_ticket(sender=ana, at=AT_FORGER, data=data)
        auth = self.entries(ref, "customer")[0]["auth"]
        self.assertIn("dkim=pass", auth)
        self.assertIn("dmarc=pass", auth)

    def test_original_message_comes_back_byte_for_byte(self):
        ref, data = self.open_ticket("Bytes")
        raw = self.lab.portaria("ticket", "raw", ref, text=False).stdout
        self.assertTrue(raw.endswith(data), raw[-200:])

    def test_staff_reply_with_the_command(self):
        ref, data = self.open_ticket("Pelo comando")
        mark = self.lab.sink.mark()
        self.lab.portaria("ticket", "reply", ref, "--as", "paula",
                          stdin="Resolvemos o problema do servidor.\n")
        self.assert_answer(ref, mark, "Resolvemos o problema do servidor.")
        answer = self.wait_answer(ZE, mark, "Resolvemos").message
        self.assertEqual(answer["In-Reply-To"], message_id(data))

    def wait_answer(self, address, mark, text):
        """The first mail with this text; acknowledgements may still come."""
        return wait_for(lambda: [one for one in self.lab.sink.to(address, mark)
                                 if text in body(one)],
                        f"\"{text}\" to {address}")[0]

    def assert_answer(self, ref, mark, text):
        """Owner and contacts got the answer in the body; Respondido."""
        self.assertEqual(self.ticket(ref)["status"], "answered")
        for address in (ZE, MARIA, CONTADOR):
            answer = self.wait_answer(address, mark, text)
            self.assertIn(f"[{ref}]", answer.message["Subject"])
            self.assertIsNone(answer.message["Auto-Submitted"])
            self.assertEqual(len(answer.recipients), 1)
            reply_to = str(answer.message["Reply-To"])
            self.assertIn("+" + ref.replace("-", "").lower(),
                          reply_to.lower())
            self.assertNotEqual(answer.sender, "")

    def test_staff_reply_from_their_own_mailbox(self):
        mark = self.lab.sink.mark()
        ref, _ = self.open_ticket("Pela caixa postal")
        notice = wait_for(
            lambda: [m for m in self.lab.sink.to(PAULA, mark)
                     if ref in m.message["Subject"]], "notice to staff")[0]
        reply_to = str(notice.message["Reply-To"])
        mark = self.lab.sink.mark()
        data = mail(PAULA, reply_to, "Re: " + notice.message["Subject"],
                    "Já corrigimos. Pode testar?\n",
                    headers=[("In-Reply-To", notice.message["Message-ID"])])
        reply = self.lab.send(PAULA, reply_to, data, **AT_PROVEDOR)
        self.assertEqual(reply[0], 250, reply)
        self.wait_entries(ref, "staff", 1)
        self.assert_answer(ref, mark, "Já corrigimos. Pode testar?")

    def answered_ticket(self, subject):
        """An answered ticket and the answer as the owner got it."""
        ref, _ = self.open_ticket(subject)
        mark = self.lab.sink.mark()
        self.lab.portaria("ticket", "reply", ref, "--as", "paula",
                          "--text", "Que erro aparece?")
        return ref, self.lab.sink.wait_to(ZE, mark)[0].message

    def assert_customer_reply(self, ref, to, subject, **more):
        data = mail(ZE, to, subject, "Aparece erro 500.\n", **more)
        reply = self.lab.send(ZE, to, data, **AT_CLIENTE)
        self.assertEqual(reply[0], 250, reply)
        entry = self.wait_entries(ref, "customer", 2)[1]
        self.assertIn("Aparece erro 500.", entry["text"])
        self.assertEqual(self.ticket(ref)["status"], "customer_reply")
        return entry

    def test_customer_replies_keeping_the_subject(self):
        ref, answer = self.answered_ticket("Resposta com assunto")
        image = png(seed=11)
        entry = self.assert_customer_reply(
            ref, SUPORTE, "Re: " + answer["Subject"],
            attachment=("erro.png", image))
        self.assert_attachment(ref, entry, "erro.png", image)

    def test_customer_replies_with_references_only(self):
        ref, answer = self.answered_ticket("Sem numero")
        self.assert_customer_reply(
            ref, SUPORTE, "outro assunto qualquer",
            headers=[("References", "<x@cliente.example> "
                      + answer["Message-ID"])])

    def test_customer_replies_with_token_in_forwarded_subject(self):
        ref, _ = self.answered_ticket("Encaminhado")
        self.assert_customer_reply(
            ref, SUPORTE, f"RES: ENC: [{ref.lower()}] Encaminhado")

    def test_customer_replies_to_the_reply_address(self):
        ref, answer = self.answered_ticket("Pelo endereco")
        self.assert_customer_reply(ref, str(answer["Reply-To"]), "oi")

    def test_contact_may_answer(self):
        ref, _ = self.answered_ticket("Contato responde")
        data = mail(MARIA, SUPORTE, f"Re: [{ref}] Contato responde",
                    "Sou a Maria.\n")
        reply = self.lab.send(MARIA, SUPORTE, data, **AT_CLIENTE)
        self.assertEqual(reply[0], 250, reply)
        entry = self.wait_entries(ref, "customer", 2)[1]
        self.assertEqual(entry["address"], MARIA)


if __name__ == "__main__":
    main()
