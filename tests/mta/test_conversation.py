# SPDX-License-Identifier: GPL-2.0-or-later
"""test_conversation.py - a whole support desk by e-mail alone

Everything through the real mail server: customers write, staff answer from
their own mailboxes with command lines, tickets are merged, split and moved.
One lab for all of it.
"""

import re
import sqlite3
import time

from scenario import (AT_CLIENTE, AT_FORGER, AT_PROVEDOR, CONTADOR, DESK,
                      FINANCEIRO, MARIA, PAULA, REF, SUPORTE, ZE, MtaTest,
                      body, mail, main, message_id, wait_for)

RUI = "rui@provedor.example"    # suporte only
LIA = "lia@provedor.example"    # financeiro only
FULANO = "fulano@world.example"
AT_OUTRO = dict(client="192.0.2.20", helo="mail.outro.example")


class Conversation(MtaTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        add = cls.lab.portaria
        add("staff", "add", "rui", "--name", "Rui Atendente", "--email", RUI,
            "--department", "suporte")
        add("staff", "add", "lia", "--name", "Lia Financeiro",
            "--email", LIA, "--department", "financeiro")
        cls.settle()

    @classmethod
    def settle(cls):
        """Waits until nothing goes out any more."""
        wait_for(lambda: not cls.lab.json("outbox", "list"), "empty outbox")

    # -- steps -------------------------------------------------------------

    def notice(self, ref, to=PAULA, since=0, text=""):
        return wait_for(
            lambda: [m for m in self.lab.sink.to(to, since)
                     if f"[{ref}]" in m.message["Subject"]
                     and m.message["Auto-Submitted"] == "auto-generated"
                     and text in body(m)],
            f"notice of {ref} to {to}")[-1].message

    def staff_says(self, ref, text, sender=PAULA, code=250, at=AT_PROVEDOR,
                   headers=()):
        """Staff answer the notice they got."""
        notice = self.notice(ref, sender)
        to = str(notice["Reply-To"])
        data = mail(sender, to, "Re: " + notice["Subject"], text,
                    headers=[("In-Reply-To", notice["Message-ID"]), *headers])
        reply = self.lab.send(sender, to, data, **at)
        self.assertEqual(reply[0], code, reply)
        return data

    def customer_says(self, ref, text, sender=ZE, at=AT_CLIENTE, headers=(),
                      to=None, subject=None):
        subject = subject or f"Re: [{ref}] x"
        data = mail(sender, to or SUPORTE, subject, text, headers=headers)
        reply = self.lab.send(sender, to or SUPORTE, data, **at)
        self.assertEqual(reply[0], 250, reply)
        return data

    def wait_text(self, ref, author, text):
        return wait_for(
            lambda: next((e for e in self.entries(ref, author)
                          if text in e["text"]), None),
            f"{author} entry \"{text}\" in {ref}")

    def wait_status(self, ref, status):
        wait_for(lambda: self.ticket(ref)["status"] == status,
                 f"{ref} to be {status}, not {self.ticket(ref)['status']}")

    def events(self, ref):
        return "\n".join(e["text"] for e in self.entries(ref, "event"))

    def wait_mail(self, to, mark, text):
        return wait_for(lambda: [m for m in self.lab.sink.to(to, mark)
                                 if text in body(m)],
                        f"\"{text}\" to {to}")[0]

    def nothing_to(self, address, mark, text):
        """After everything that was caused has gone out."""
        self.settle()
        self.assertEqual([body(m) for m in self.lab.sink.to(address, mark)
                          if text in body(m)], [])

    def cli(self, *words, fails=None):
        result = self.lab.portaria("ticket", *words, "--as", "paula",
                                   check=fails is None)
        if fails is not None:
            self.assertEqual(result.returncode, fails, result.stderr)
        return result

    def new_ref(self, before):
        return wait_for(
            lambda: [t["ref"] for t in self.tickets()
                     if t["ref"] not in before], "a new ticket")[0]

    def refs(self):
        return {t["ref"] for t in self.tickets()}

    def reply_address(self, ref):
        return str(self.notice(ref)["Reply-To"])

    # -- 1. the states -----------------------------------------------------

    def test_states_by_mail(self):
        ref, _ = self.open_ticket("Estados")
        self.assertEqual(self.ticket(ref)["status"], "open")
        self.staff_says(ref, "Que erro aparece?\n")
        self.wait_status(ref, "answered")
        self.customer_says(ref, "Erro 500.\n")
        self.wait_status(ref, "customer_reply")
        mark = self.lab.sink.mark()
        self.staff_says(ref, "#resolver\n")
        self.wait_status(ref, "resolved")
        told = self.wait_mail(ZE, mark, "resolvido")
        self.assertIn("dias: 7", body(told))
        # Thanks are filed and reopen nothing.
        self.customer_says(ref, "Muito obrigado pela ajuda, Paula!\n")
        self.wait_text(ref, "customer", "Muito obrigado")
        self.assertEqual(self.ticket(ref)["status"], "resolved")
        # Neither does a program.
        self.customer_says(ref, "Estou de férias.\n",
                           headers=[("Auto-Submitted", "auto-replied")])
        self.wait_text(ref, "customer", "férias")
        self.assertEqual(self.ticket(ref)["status"], "resolved")
        # Anything else does.
        self.customer_says(ref, "Obrigado, mas voltou o erro.\n")
        self.wait_status(ref, "customer_reply")

    def assert_linked_answer(self, ref):
        before = self.refs()
        self.customer_says(ref, "Voltou a falhar.\n")
        new = self.new_ref(before)
        self.assertEqual(self.ticket(new)["links"][0]["ref"], ref)
        self.assertEqual(self.ticket(new)["links"][0]["kind"], "continues")
        self.assertIn(f"names {ref}, not joined", self.events(new))
        self.assertIn(f"{new} named this ticket", self.events(ref))
        return new

    def test_answer_to_closed_opens_a_linked_ticket(self):
        ref, _ = self.open_ticket("Fechado")
        self.staff_says(ref, "#fechar\n")
        self.wait_status(ref, "closed")
        self.assert_linked_answer(ref)
        self.assertEqual(self.ticket(ref)["status"], "closed")

    def test_answer_long_after_resolution_too(self):
        ref, _ = self.open_ticket("Resolvido ha muito")
        self.staff_says(ref, "#resolver\n")
        self.wait_status(ref, "resolved")
        with sqlite3.connect(self.lab.dir / "var/portaria.db",
                             timeout=10) as db:
            db.execute("UPDATE ticket SET resolved = ? WHERE ref = ?",
                       ((time.time() - 8 * 86400) * 1000, ref))
        db.close()
        self.assert_linked_answer(ref)
        self.assertEqual(self.ticket(ref)["status"], "resolved")

    # -- 2. who is told ----------------------------------------------------

    def test_copies_are_proposed_and_accepted(self):
        mark = self.lab.sink.mark()
        data = mail(ZE, SUPORTE, "Com copia", "Não abre.\n",
                    headers=[("Cc", f"Fulano <{FULANO}>, {MARIA}")])
        ref, _ = self.open_ticket("Com copia", data=data)
        notice = self.notice(ref, since=mark)
        text = notice.get_body(("plain",)).get_content()
        self.assertIn(FULANO, text)
        self.assertIn("#copiar", text)
        self.assertNotIn(FULANO, body(self.lab.sink.wait_to(ZE, mark)[0]))
        self.assertEqual([p["address"] for p in self.ticket(ref)["proposed"]],
                         [FULANO])
        mark = self.lab.sink.mark()
        self.staff_says(ref, "Vendo.\n")
        self.wait_mail(ZE, mark, "Vendo.")
        self.nothing_to(FULANO, mark, "")
        self.staff_says(ref, f"#copiar {FULANO}\n\nFulano lê isto.\n")
        answer = self.wait_mail(FULANO, mark, "Fulano lê isto.")
        self.assertEqual(answer.message["From"].addresses[0].addr_spec,
                         SUPORTE)
        roles = {p["address"]: p["role"]
                 for p in self.ticket(ref)["participants"]}
        self.assertEqual(roles[FULANO], "copy")
        self.cli("copy", "remove", ref, FULANO)
        mark = self.lab.sink.mark()
        self.staff_says(ref, "Sem o Fulano.\n")
        self.wait_mail(ZE, mark, "Sem o Fulano.")
        self.nothing_to(FULANO, mark, "")
        self.cli("copy", "add", ref, FULANO)
        self.assertIn(f"copy added: {FULANO} (paula)", self.events(ref))

    def test_contact_that_wants_no_copies(self):
        self.lab.portaria("customer", "contact", "C1001", "edit", CONTADOR,
                          "--no-copies")
        try:
            ref, _ = self.open_ticket("Sem copias")
            mark = self.lab.sink.mark()
            self.staff_says(ref, "Só para quem quer.\n")
            self.wait_mail(MARIA, mark, "Só para quem quer.")
            self.nothing_to(CONTADOR, mark, "Só para quem quer.")
            # Who writes reads the answer.
            self.customer_says(ref, "Eu também.\n", CONTADOR, AT_OUTRO)
            self.wait_text(ref, "customer", "Eu também.")
            self.staff_says(ref, "Agora sim.\n")
            self.wait_mail(CONTADOR, mark, "Agora sim.")
        finally:
            self.lab.portaria("customer", "contact", "C1001", "edit",
                              CONTADOR, "--copies")

    def test_nobody_reads_his_own(self):
        ref, _ = self.open_ticket("Eco")
        self.notice(ref, RUI)
        self.settle()
        mark = self.lab.sink.mark()
        self.staff_says(ref, "Palavras da Paula.\n", PAULA)
        self.wait_mail(ZE, mark, "Palavras da Paula.")
        self.nothing_to(PAULA, mark, "Palavras da Paula.")
        self.customer_says(ref, "Palavras do Zé.\n")
        self.wait_mail(RUI, mark, "Palavras do Zé.")
        self.nothing_to(ZE, mark, "Palavras do Zé.")

    def test_assignee_is_told(self):
        ref, _ = self.open_ticket("Responsavel")
        self.settle()
        mark = self.lab.sink.mark()
        self.staff_says(ref, "#atribuir lia\n")
        self.assertIn("atribuído a você por: Paula Atendente",
                      body(self.wait_mail(LIA, mark, ref)))
        self.assertEqual(self.ticket(ref)["assignee"], "lia")
        self.customer_says(ref, "E então?\n")
        self.wait_mail(LIA, mark, "E então?")

    # -- 3. staff by mail --------------------------------------------------

    def test_notice_has_the_facts(self):
        first, _ = self.open_ticket("Primeiro")
        ref, _ = self.open_ticket("Segundo")
        text = self.notice(ref).get_body(("plain",)).get_content()
        for part in ("Padaria do Zé (C1001)", "spf=pass", "dmarc=pass",
                     first, "Nao abre."):
            self.assertIn(part, text)
        self.assertRegex(str(self.notice(ref)["Reply-To"]),
                         rf"{ref.replace('-', '').lower()}\.\w+@{DESK}")

    def test_commands_in_three_languages(self):
        cases = (
            ("#prioridade alta\n#estado espera\n\nVendo.\n", "on_hold",
             "high"),
            ("#priority low\n#status hold\n\nVendo.\n", "on_hold", "low"),
            ("#prioridad alta\n#estado en curso\n\nVendo.\n", "in_progress",
             "high"),
            ("#close\n\nVendo.\n", "closed", "medium"),
            ("#cerrar\n\nVendo.\n", "closed", "medium"),
            ("#resolve\n\nVendo.\n", "resolved", "medium"),
        )
        for text, status, priority in cases:
            with self.subTest(text):
                ref, _ = self.open_ticket("Comandos")
                mark = self.lab.sink.mark()
                self.staff_says(ref, text)
                self.wait_status(ref, status)
                wait_for(lambda: self.ticket(ref)["priority"] == priority,
                         priority)
                answer = body(self.wait_mail(ZE, mark, "Vendo."))
                self.assertNotIn("#", answer.split("-- \n")[0])

    def test_note_is_for_staff_only(self):
        ref, _ = self.open_ticket("Nota")
        mark = self.lab.sink.mark()
        self.staff_says(ref, "#nota\n\nCliente difícil.\n")
        self.wait_text(ref, "note", "Cliente difícil.")
        for address in (ZE, MARIA, CONTADOR):
            self.nothing_to(address, mark, "difícil")
        self.assertEqual(self.ticket(ref)["status"], "open")

    def test_wrong_command_sends_nothing(self):
        ref, _ = self.open_ticket("Comando errado")
        mark = self.lab.sink.mark()
        self.staff_says(ref, "#fehcar\n#prioridade alta\n\nFeito.\n")
        told = self.wait_mail(PAULA, mark, "nada foi enviado ao cliente")
        self.assertIn("#fehcar", body(told))
        for address in (ZE, MARIA, CONTADOR):
            self.nothing_to(address, mark, "Feito.")
        ticket = self.ticket(ref)
        self.assertEqual((ticket["status"], ticket["priority"]),
                         ("open", "medium"))
        self.assertIn("Feito.", self.entries(ref, "note")[0]["text"])

    def test_move_by_mail(self):
        ref, data = self.open_ticket("Fatura")
        self.settle()
        mark = self.lab.sink.mark()
        self.staff_says(ref, "#setor financeiro\n\nPasso adiante.\n")
        self.wait_mail(LIA, mark, "transferido do setor: Suporte Técnico")
        self.assertEqual(self.ticket(ref)["department"], "financeiro")
        # Named by his own first mail, at the old address.
        self.customer_says(ref, "Minha fatura.\n", subject="sem numero",
                           headers=[("In-Reply-To", message_id(data))])
        self.wait_text(ref, "customer", "Minha fatura.")
        self.wait_mail(LIA, mark, "Minha fatura.")
        mark = self.lab.sink.mark()
        self.staff_says(ref, "Segue a fatura.\n", LIA)
        answer = self.wait_mail(ZE, mark, "Segue a fatura.")
        self.assertEqual(answer.message["From"].addresses[0].addr_spec,
                         FINANCEIRO)

    def test_forged_staff_mail_counts_for_nothing(self):
        ref, _ = self.open_ticket("Forjado")
        self.notice(ref)
        self.staff_says(ref, "#fechar\n", code=550, at=AT_FORGER)
        self.assertEqual(self.ticket(ref)["status"], "open")

    def test_commands_of_customers_are_words(self):
        ref, _ = self.open_ticket("Palavras")
        self.customer_says(ref, "#fechar\n#prioridade alta\n")
        self.wait_text(ref, "customer", "#fechar")
        self.assertEqual((self.ticket(ref)["status"],
                          self.ticket(ref)["priority"]),
                         ("customer_reply", "medium"))
        # Nor do they run when staff quote them.
        self.staff_says(ref, "Vendo.\n\n> #fechar\n> #prioridade alta\n")
        self.wait_status(ref, "answered")
        self.assertEqual(self.ticket(ref)["priority"], "medium")

    # -- 4. fields of customers --------------------------------------------

    def test_fields(self):
        cases = (
            ("Prioridade: alta\nServiço: cliente.example\n\nOi.\n", "high"),
            ("Priority: low\nService: Hospedagem Profissional\n\nHi.\n",
             "low"),
            ("Prioridad: alta\nServicio: cliente.example\n\nHola.\n",
             "high"),
        )
        for text, priority in cases:
            with self.subTest(text):
                data = mail(ZE, SUPORTE, "Campos", text)
                ref, _ = self.open_ticket("Campos", data=data)
                ticket = self.ticket(ref)
                self.assertEqual(ticket["priority"], priority)
                self.assertEqual(ticket["service"],
                                 "Hospedagem Profissional")

    def test_unknown_values_are_told_and_kept(self):
        mark = self.lab.sink.mark()
        data = mail(ZE, SUPORTE, "Campos errados",
                    "Prioridade: altíssima\nServiço: nada.example\n\nOi.\n")
        ref, _ = self.open_ticket("Campos errados", data=data)
        ack = body(self.lab.sink.wait_to(ZE, mark)[0])
        self.assertIn("Prioridade: altíssima", ack)
        self.assertIn("nada.example", ack)
        entry = self.entries(ref, "customer")[0]
        self.assertIn("Prioridade: altíssima", entry["text"])
        self.assertEqual(self.ticket(ref)["priority"], "medium")
        self.assertIn("nada.example", self.events(ref))
        # In an answer they change the ticket.
        self.customer_says(ref, "Prioridade: alta\n\nÉ urgente.\n")
        wait_for(lambda: self.ticket(ref)["priority"] == "high", "high")

    # -- 9. merge, split, move, link ---------------------------------------

    def test_merge_and_unmerge(self):
        target, _ = self.open_ticket("Site parado")
        source, data = self.open_ticket("Ainda parado", sender=MARIA)
        to_source = self.reply_address(source)
        self.cli("merge", source, target)
        texts = [e["text"] for e in self.entries(target, "customer")]
        self.assertEqual(len(texts), 2)
        old = self.ticket(source)
        self.assertEqual((old["merged_into"], old["status"]),
                         (target, "closed"))
        self.assertIn(f"merged into: {target}",
                      self.cli("show", source).stdout)
        self.assertIn(f"merged into {target}", self.events(source))
        self.assertIn(f"{source} was merged into", self.events(target))
        # Old names: reply address, signed id, number, his own id.
        ack = [m for m in self.lab.sink.to(MARIA)
               if f"[{source}]" in m.message["Subject"]][0].message
        for words, more in (
                ("pelo endereço", dict(to=to_source, subject="x")),
                ("pelo id", dict(subject="x", headers=[
                    ("In-Reply-To", ack["Message-ID"])])),
                ("pelo número", dict()),
                ("pelo seu id", dict(subject="x", headers=[
                    ("In-Reply-To", message_id(data))]))):
            self.customer_says(source, words + "\n", MARIA, **more)
            self.wait_text(target, "customer", words)
        # The command follows, too.
        self.assertIn(target, self.cli("note", source, "--text", "x").stdout)
        self.cli("unmerge", source)
        self.assertEqual(self.ticket(source)["status"], "open")
        self.assertEqual(self.ticket(source)["merged_into"], "")
        self.assertEqual(len(self.entries(source, "customer")), 1)
        self.assertEqual(len(self.entries(target, "customer")), 5)
        self.customer_says(source, "de volta\n", MARIA, to=to_source)
        self.wait_text(source, "customer", "de volta")
        self.cli("unmerge", source, fails=1)

    def test_merge_of_other_customers_is_refused(self):
        mine, _ = self.open_ticket("Meu")
        ana = "ana@assinado.example"
        data = self.lab.signer.sign(mail(ana, SUPORTE, "Dela", "Oi\n"))
        hers, _ = self.open_ticket(sender=ana, at=AT_FORGER, data=data)
        result = self.lab.portaria("ticket", "merge", mine, hers, "--as",
                                   "paula", check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn("different customers", result.stderr)

    def test_split_and_its_answers(self):
        ref, _ = self.open_ticket("Duas coisas")
        second = self.customer_says(ref, "E a fatura?\n", MARIA)
        entry = self.wait_text(ref, "customer", "E a fatura?")
        mark = self.lab.sink.mark()
        self.staff_says(ref, "Sobre a fatura: paga.\n")
        answer = self.wait_mail(MARIA, mark, "fatura: paga").message
        said = self.wait_text(ref, "staff", "fatura: paga")
        rows = self.lab.json("ticket", "split", ref, "--message", entry["id"],
                             "--message", said["id"], "--subject", "Fatura",
                             "--as", "paula")
        new = [r["ref"] for r in rows if r["ref"] != ref][0]
        self.assertEqual(self.ticket(new)["subject"], "Fatura")
        self.assertEqual([e["text"].strip() for e in self.entries(new)
                          if e["author"] != "event"],
                         ["E a fatura?", "Sobre a fatura: paga."])
        self.assertEqual(len(self.entries(ref, "customer")), 1)
        # Maria's program answers to the old ticket's address.
        self.customer_says(ref, "Obrigada, recebi a nota?\n", MARIA,
                           to=str(answer["Reply-To"]),
                           subject=answer["Subject"],
                           headers=[("In-Reply-To", answer["Message-ID"])])
        self.wait_text(new, "customer", "recebi a nota")
        # And to her own mail.
        self.customer_says(ref, "Aliás, outra coisa.\n", MARIA, subject="x",
                           headers=[("In-Reply-To", message_id(second))])
        self.wait_text(new, "customer", "Aliás")
        # What is about the rest stays.
        self.customer_says(ref, "O site ainda está fora.\n")
        self.wait_text(ref, "customer", "ainda está fora")

    def test_move_and_link_by_command(self):
        one, _ = self.open_ticket("Um")
        two, _ = self.open_ticket("Dois")
        self.settle()
        mark = self.lab.sink.mark()
        self.cli("move", one, "financeiro")
        self.assertEqual(self.ticket(one)["department"], "financeiro")
        self.wait_mail(LIA, mark, "transferido")
        self.cli("link", one, two)
        self.assertEqual([l["ref"] for l in self.ticket(one)["links"]], [two])
        self.assertEqual([l["ref"] for l in self.ticket(two)["links"]], [one])
        self.cli("unlink", two, one)
        self.assertEqual(self.ticket(one)["links"], [])
        self.cli("move", one, "nenhum", fails=1)

    def test_everything_is_audited(self):
        ref, _ = self.open_ticket("Auditoria")
        other, _ = self.open_ticket("Auditoria 2")
        self.cli("priority", ref, "high")
        self.cli("assign", ref, "rui")
        self.cli("move", ref, "financeiro")
        self.cli("link", ref, other)
        self.cli("copy", "add", ref, FULANO)
        self.cli("merge", other, ref)
        db = sqlite3.connect(f"file:{self.lab.dir}/var/portaria.db?mode=ro",
                             uri=True)
        rows = [row for row in db.execute(
            "SELECT action, actor FROM audit WHERE object = ? ORDER BY id",
            (f"ticket {ref}",))]
        db.close()
        self.assertEqual([action for action, _ in rows],
                         ["priority", "assignee", "department", "assignee",
                          "link", "copy", "merge"])
        self.assertEqual({actor for _, actor in rows}, {"paula"})
        self.lab.portaria("db", "check")


if __name__ == "__main__":
    main()
