# SPDX-License-Identifier: GPL-2.0-or-later
"""test_letters.py - what goes out, what comes back, and what must not loop"""

import email
import email.policy
import os
import re
import threading
import time
import unittest
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

import threads
from scenario import (AT_CLIENTE, AT_NOTHING, AT_PROVEDOR,
                      PAULA, SUPORTE, Lab, MtaTest, body, labs, mail, main,
                      message_id, png, wait_for)

AUTO_REPLIES = 1000
FIRST_WINDOW = 10  # notifier.brake_ticket: 10/10m
FIRST_TOTAL = 20
CONF = """\
[rate]
client = 0
sender = 0
department = 0
[limits]
sessions = 400
"""


class LettersLab(Lab):
    """Counts nothing at the door: the brakes behind it are meant."""

    more = ""

    def write_configuration(self):
        super().write_configuration()
        folder = self.dir / "etc/conf.d"
        folder.mkdir()
        (folder / "letters.conf").write_text(CONF + self.more)


class BrakedLab(LettersLab):

    more = f"[notifier]\nbrake_total = {FIRST_TOTAL}/10m\n"


class Letters(MtaTest):

    @classmethod
    def setUpClass(cls):
        cls.lab = LettersLab(os.environ["PORTARIA_BUILD"], quiet=False)
        cls.lab.__enter__()

    def customer(self, name, *more):
        """A customer of this test alone; the address."""
        address = f"{name}@cliente.example"
        self.lab.portaria("customer", "add", "--name", name.title(),
                          "--code", f"C-{name}", "--email", address, *more)
        return address

    def staff_reply(self, ref, text, *more):
        self.lab.portaria("ticket", "reply", ref, "--as", "paula", *more,
                          "--text", text)

    def outbox(self, ref, **want):
        rows = self.lab.json("outbox", "list", "--all", "--ticket", ref)
        return [row for row in rows
                if all(row[name] == value for name, value in want.items())]

    def events(self, ref, part):
        return [e for e in self.entries(ref, "event") if part in e["text"]]

    def undeliverable(self, address):
        return [row for row in self.lab.json("outbox", "undeliverable")
                if row["address"] == address]

    def quiet(self, seconds=2.5):
        """Nothing more is on its way out."""
        def still():
            return not [row for row in self.lab.json(
                "outbox", "list", "--state", "queued")]
        wait_for(still, "an empty outbox")
        time.sleep(seconds)

    # -- bounces -----------------------------------------------------------

    def test_bounce_stops_mail_until_the_address_writes(self):
        pedro = self.customer("pedro")
        ref, _ = self.open_ticket("Caixa cheia", sender=pedro)
        self.quiet()
        self.lab.sink.refuse[pedro] = "550 5.1.1 no such user here"
        mark = self.lab.sink.mark()
        # Two on their way before the first comes back.
        self.staff_reply(ref, "Primeira resposta.")
        self.staff_reply(ref, "Segunda resposta.")
        wait_for(lambda: len(self.outbox(ref, kind="reply", recipient=pedro,
                                         state="bounced")) == 2,
                 "two bounced mails")
        row = self.outbox(ref, state="bounced")[0]
        self.assertIn("5.1.1", row["last_reply"])
        self.assertIn("no such user", row["last_reply"])
        self.assertEqual(len(self.events(ref, f"mail to {pedro} (reply): "
                                              "failed 5.1.1")), 2)
        self.assertEqual(self.undeliverable(pedro)[0]["failures"], 2)
        # Staff are told once.
        self.quiet()
        notices = [m for m in self.lab.sink.to(PAULA, mark)
                   if "no such user" in body(m)]
        self.assertEqual(len(notices), 1)

        # No more mail, and whoever answers learns of it at once.
        mark = self.lab.sink.mark()
        self.lab.sink.refuse.pop(pedro)
        self.staff_reply(ref, "Terceira resposta.")
        wait_for(lambda: self.events(ref, f"mail to {pedro} (reply) not sent"),
                 "the event")
        told = self.lab.sink.wait_to(PAULA, mark)[0]
        self.assertIn("não foi enviada", body(told))
        self.assertIn(pedro, body(told))
        self.quiet()
        self.assertEqual(self.lab.sink.to(pedro, mark), [])
        self.assertEqual(len(self.outbox(ref, state="cancelled",
                                         recipient=pedro)), 1)

        # Until the address writes again.
        data = mail(pedro, SUPORTE, f"Re: [{ref}] Caixa cheia", "Voltei.\n")
        self.assertEqual(self.lab.send(pedro, SUPORTE, data,
                                       **AT_CLIENTE)[0], 250)
        self.wait_entries(ref, "customer", 2)
        self.assertEqual(self.undeliverable(pedro), [])
        self.staff_reply(ref, "Quarta resposta.")
        self.assertIn("Quarta", body(self.lab.sink.wait_to(pedro, mark)[0]))

    def test_staff_clear_an_address(self):
        address = self.customer("limpo")
        ref, _ = self.open_ticket("Limpar", sender=address)
        self.quiet()
        self.lab.sink.refuse[address] = "550 5.1.1 unknown"
        self.staff_reply(ref, "Chega?")
        wait_for(lambda: self.undeliverable(address), "the mark")
        self.lab.sink.refuse.pop(address)
        contact = [c for c in self.lab.json("customer", "show", "C-limpo")
                   if c.get("address") == address][0]
        self.assertNotEqual(contact["bounced"], "")
        self.lab.portaria("customer", "contact", "C-limpo", "clear", address,
                          "--as", "paula")
        self.assertEqual(self.undeliverable(address), [])
        mark = self.lab.sink.mark()
        self.staff_reply(ref, "Agora chega.")
        self.assertIn("Agora chega", body(self.lab.sink.wait_to(address,
                                                                mark)[0]))
        result = self.lab.portaria("outbox", "clear", address, check=False)
        self.assertEqual(result.returncode, 1, result.stderr)

    def report(self, ref, address, action, status):
        """A delivery report to the bounce address of the newest answer."""
        row = self.outbox(ref, kind="reply", recipient=address)[0]
        data = (f"From: Mail Delivery System <MAILER-DAEMON@cliente.example>\n"
                f"To: {row['sender']}\nSubject: Warning\nMIME-Version: 1.0\n"
                "Auto-Submitted: auto-replied\n"
                "Content-Type: multipart/report; boundary=b;"
                " report-type=delivery-status\n\n"
                "--b\nContent-Type: text/plain\n\nStill trying.\n"
                "--b\nContent-Type: message/delivery-status\n\n"
                "Reporting-MTA: dns; mail.cliente.example\n\n"
                f"Final-Recipient: rfc822; {address}\nAction: {action}\n"
                f"Status: {status}\n\n--b--\n").replace("\n", "\r\n")
        reply = self.lab.send("", row["sender"], data.encode(), **AT_CLIENTE)
        self.assertEqual(reply[0], 250, reply)
        wait_for(lambda: self.events(ref, f"{action} {status}"), status)

    def test_reports_that_mark_nothing(self):
        address = self.customer("lento")
        for action, status in (("delayed", "4.4.1"), ("failed", "4.2.2"),
                               ("failed", "5.3.4"), ("delivered", "2.0.0")):
            with self.subTest(status):
                ref, _ = self.open_ticket(f"Lento {status}", sender=address)
                self.staff_reply(ref, "Resposta.")
                mark = self.lab.sink.mark()
                self.report(ref, address, action, status)
                self.assertEqual(self.undeliverable(address), [])
                state = self.outbox(ref, kind="reply",
                                    recipient=address)[0]["state"]
                if action != "failed":
                    self.assertNotEqual(state, "bounced")
                    continue
                # This mail did not arrive: staff know.
                self.assertEqual(state, "bounced")
                wait_for(lambda m=mark, s=status:
                         [one for one in self.lab.sink.to(PAULA, m)
                          if f"failed {s}" in body(one)], "the notice")

    # -- loops -------------------------------------------------------------

    def test_vacation_responder_stops_after_the_first(self):
        address = self.customer("ferias")
        ref, _ = self.open_ticket("Ferias", sender=address)
        ack = self.lab.sink.to(address)[-1].message
        mark = self.lab.sink.mark()
        to = str(ack["Reply-To"])
        data = mail(address, to, "Resposta automatica: Ferias",
                    "Estou fora ate segunda.\n",
                    headers=[("Auto-Submitted", "auto-replied"),
                             ("In-Reply-To", ack["Message-ID"])])
        self.assertEqual(self.lab.send(address, to, data, **AT_CLIENTE)[0],
                         250)
        self.wait_entries(ref, "customer", 2)
        self.assertEqual(self.ticket(ref)["status"], "open")
        self.quiet()
        self.assertEqual(self.lab.sink.to(address, mark), [])

    def test_thousand_auto_replies(self):
        address = self.customer("eco")
        ref, _ = self.open_ticket("Eco", sender=address)
        ack = self.lab.sink.to(address)[-1].message
        to = str(ack["Reply-To"])
        self.quiet()
        mark = self.lab.sink.mark()
        begun = time.monotonic()
        self.send_many(address, to)
        seconds = time.monotonic() - begun
        wait_for(lambda: self.stored(ref) == AUTO_REPLIES + 1,
                 "every auto-reply in the ticket", 180)
        self.quiet()
        mails = self.lab.sink.mails[mark:]
        print(f"{AUTO_REPLIES} auto-replies in {seconds:.0f} s: "
              f"{len(mails)} mails")
        self.assertLess(seconds, 60)
        self.assertLessEqual(len(mails), FIRST_WINDOW)
        self.assertEqual(self.lab.sink.to(address, mark), [])
        # The first one that was held back is shown, once.
        self.assertEqual(len(self.events(ref, "loop brake")), 1)
        self.assertEqual(len(self.outbox(ref, state="cancelled")), 1)

    def stored(self, ref):
        return len(self.entries(ref, "customer"))

    def send_many(self, address, to):
        with self.lab.connect(**AT_CLIENTE) as smtp:
            for number in range(AUTO_REPLIES):
                data = (f"From: {address}\r\nTo: {to}\r\n"
                        f"Subject: Re: Eco {number}\r\n"
                        f"Message-ID: <eco{number}@cliente.example>\r\n"
                        "Auto-Submitted: auto-replied\r\n\r\nEco\r\n")
                smtp.mail(address)
                smtp.rcpt(to)
                code, text = smtp.data(data)
                self.assertEqual(code, 250, text)

    # -- languages and hours -----------------------------------------------

    def test_language_and_hour_of_the_reader(self):
        """The contact's language, the customer's hour."""
        self.lab.portaria("customer", "add", "--name", "Acre", "--code",
                          "C-acre", "--email", "acre@semnada.example",
                          "--time-zone", "America/Rio_Branco")
        self.lab.portaria("customer", "contact", "C-acre", "add",
                          "english@semnada.example", "--language", "en")
        for address, pattern, word, form in (
                ("acre@semnada.example", r"\d\d/\d\d/\d{4} \d\d:\d\d",
                 "Confirme", "%d/%m/%Y %H:%M"),
                ("english@semnada.example", r"\d+ \w{3} \d{4} \d\d:\d\d",
                 "Please confirm", "%d %b %Y %H:%M")):
            with self.subTest(address):
                mark = self.lab.sink.mark()
                self.lab.send(address, SUPORTE,
                              mail(address, SUPORTE, "Prazo", "Oi\n"),
                              **AT_NOTHING)
                asked = self.lab.sink.wait_to(address, mark)[0]
                self.assertIn(word, asked.message["Subject"])
                text = re.search(pattern, body(asked))
                self.assertTrue(text, body(asked))
                # Seven days from now, five hours behind UTC.
                shown = datetime.strptime(text[0], form)
                want = (datetime.now(timezone.utc) + timedelta(days=7)
                        - timedelta(hours=5)).replace(tzinfo=None)
                self.assertLess(abs(shown - want), timedelta(minutes=5))

    def test_own_text_replaces_and_a_wrong_one_does_not(self):
        folder = self.lab.dir / "etc/templates/pt_BR"
        folder.mkdir(parents=True)
        try:
            (folder / "closed.txt").write_text(
                "Subject: [{{ref}}] {{subject}}\n\nAté logo!\n")
            (folder / "ack.txt").write_text(
                "Subject: {{subject}}\n\nPrazo {{deadline}}, {{name}}\n")
            result = self.lab.portaria("template", "check", check=False)
            self.assertEqual(result.returncode, 78, result.stdout)
            for part in ("ack.txt", "[{{ref}}]", "{{deadline}}", "{{name}}"):
                self.assertIn(part, result.stdout)
            self.assertNotIn("closed.txt", result.stdout)
            for name in ("lmtpd", "notifier"):
                self.lab.stop_daemon(name)
                self.lab.start_daemon(name)
            address = self.customer("textos")
            ref, _ = self.open_ticket("Textos", sender=address)
            ack = self.lab.sink.to(address)[-1]
            self.assertIn("Recebemos", body(ack))
            mark = self.lab.sink.mark()
            self.lab.portaria("ticket", "status", ref, "closed", "--as",
                              "paula")
            self.assertIn("Até logo!", body(self.lab.sink.wait_to(
                address, mark)[0]))
            for name in ("lmtpd", "notifier"):
                self.assertIn("ack.txt", self.lab.log(name))
        finally:
            labs.shutil.rmtree(folder)
            for name in ("lmtpd", "notifier"):
                self.lab.stop_daemon(name)
                self.lab.start_daemon(name)

    # -- threads -----------------------------------------------------------

    def answer(self, sender, captured, text, at, **more):
        """Answers a mail as mail programs do."""
        message = captured.message
        to = str(message["Reply-To"])
        headers = [("In-Reply-To", message["Message-ID"]),
                   ("References", f"{message['References'] or ''} "
                    f"{message['Message-ID']}".strip())]
        headers += more.pop("headers", [])
        data = mail(sender, to, "Re: " + message["Subject"], text,
                    headers=headers, **more)
        reply = self.lab.send(sender, to, data, **at)
        self.assertEqual(reply[0], 250, reply)
        return data

    def newest(self, address, ref, mark, text):
        return wait_for(
            lambda: [m for m in self.lab.sink.to(address, mark)
                     if ref in str(m.message["Subject"])
                     and text in body(m)], f"{text} to {address}")[-1]

    def test_conversation_is_one_thread(self):
        """A long conversation, by each program's rules, for each reader."""
        nina = self.customer("nina", "--contact", "leo@cliente.example")
        leo = "leo@cliente.example"
        mark = self.lab.sink.mark()
        # Outlook writes these.
        index = "AdzYq0v1mZKyQm0aRbyMNOaxA2vHGQ=="
        first = mail(nina, SUPORTE, "Migração do e-mail corporativo",
                     "Preciso migrar.\n",
                     headers=[("Thread-Index", index),
                              ("Thread-Topic", "Migração do e-mail")])
        self.assertEqual(self.lab.send(nina, SUPORTE, first,
                                       **AT_CLIENTE)[0], 250)
        ack = self.lab.sink.wait_to(nina, mark)[0]
        ref = re.search(r"\[(VIA-\w{7})\]", ack.message["Subject"])[1]
        sent = {nina: [first], leo: []}
        for turn in range(8):
            text = f"Resposta numero {turn}."
            notice = self.newest(
                PAULA, ref, mark,
                "Preciso migrar" if turn == 0 else f"Pergunta {turn - 1}")
            # a long line, 8-bit text, and every other time a file
            long_line = "ção " * 600
            self.answer(PAULA, notice, f"{text}\n{long_line}\n", AT_PROVEDOR,
                        attachment=(f"relatório {turn}.png", png())
                        if turn % 2 else None)
            reader = nina if turn % 3 else leo
            got = self.newest(reader, ref, mark, text)
            self.newest(nina, ref, mark, text)
            self.newest(leo, ref, mark, text)
            data = self.answer(reader, got, f"Pergunta {turn}\n", AT_CLIENTE)
            sent[reader].append(data)
            self.wait_entries(ref, "customer", turn + 2)
        self.lab.portaria("ticket", "status", ref, "closed", "--as", "paula")
        for reader in (nina, leo):
            wait_for(lambda r=reader: [m for m in self.lab.sink.to(r, mark)
                                       if "fechado" in body(m)], "closed")
        for reader in (nina, leo, PAULA):
            ours = [m for m in self.lab.sink.to(reader, mark)
                    if f"[{ref}]" in m.message["Subject"]]
            self.assert_one_thread(reader, ours, sent.get(reader, []))
        self.assert_in_reply_to(nina, mark, ref, sent[nina])

    def assert_one_thread(self, reader, ours, theirs):
        mails = [m.message for m in ours]
        self.assertGreater(len(mails), 8, reader)
        for name, rule in threads.RULES.items():
            self.assertEqual(len(rule(mails)), 1, (name, reader))
        # With what the reader wrote, too, by every program's own marks.
        all_mails = mails + [email.message_from_bytes(
            data, policy=email.policy.default) for data in theirs]
        self.assertEqual(len(threads.references(all_mails)), 1, reader)
        for captured in ours:
            self.assert_form(captured)

    def assert_form(self, captured):
        head, _, text = captured.data.partition(b"\n\n")
        if b"\r\n\r\n" in captured.data:
            head, _, text = captured.data.partition(b"\r\n\r\n")
        for line in captured.data.split(b"\n"):
            self.assertLessEqual(len(line.rstrip(b"\r")), 998)
        self.assertTrue(head.isascii())
        message = captured.message
        found = re.findall(rb"(?im)^References:(.*(?:\r?\n[ \t].*)*)", head)
        self.assertEqual(len(found), 1)
        self.assertLessEqual(len(found[0]), 1600)
        for name in message.keys():
            self.assertFalse(name.lower().startswith("list-"), name)
        self.assertIsNone(message["Precedence"])
        self.assertEqual(message.defects, [])
        parsedate_to_datetime(str(message["Date"]))

    def assert_in_reply_to(self, reader, mark, ref, sent):
        """The last mail of that reader before ours."""
        ids = [message_id(data) for data in sent]
        ours = [m.message for m in self.lab.sink.to(reader, mark)
                if f"[{ref}]" in m.message["Subject"]]
        named = [str(m["In-Reply-To"]) for m in ours]
        self.assertLessEqual(set(named), set(ids))
        self.assertEqual(named[0], ids[0])
        self.assertEqual(named[-1], ids[-1])

    def test_names_of_files_and_inline_images(self):
        self.lab.portaria("department", "edit", "suporte", "--html")
        try:
            address = self.customer("figura")
            ref, _ = self.open_ticket("Figura", sender=address)
            mark = self.lab.sink.mark()
            notice = wait_for(
                lambda: [m for m in self.lab.sink.to(PAULA)
                         if ref in m.message["Subject"]], "notice")[0]
            image = png()
            message = email.message.EmailMessage(
                policy=email.policy.default.clone(max_line_length=990))
            message["From"] = PAULA
            message["To"] = str(notice.message["Reply-To"])
            message["Subject"] = "Re: " + notice.message["Subject"]
            message["Message-ID"] = "<figura@provedor.example>"
            message["In-Reply-To"] = notice.message["Message-ID"]
            message.set_content("Veja a tela:\n[cid:tela@provedor.example]\n"
                                "E o relatório.\n")
            message.add_alternative(
                "<p>Veja a tela:</p><img src=\"cid:tela@provedor.example\">"
                "<p>E o relatório.</p>", subtype="html")
            message.get_payload()[1].add_related(
                image, "image", "png", cid="<tela@provedor.example>",
                filename="tela.png")
            message.add_attachment(b"a;b\n", maintype="text", subtype="csv",
                                   filename="relatório de março.csv")
            reply = self.lab.send(PAULA, str(message["To"]),
                                  message.as_bytes().replace(b"\n", b"\r\n"),
                                  **AT_PROVEDOR)
            self.assertEqual(reply[0], 250, reply)
            got = self.newest(address, ref, mark, "Veja a tela")
            parts = {part.get_filename(): part
                     for part in got.message.walk() if part.get_filename()}
            self.assertEqual(set(parts),
                             {"tela.png", "relatório de março.csv"})
            self.assertEqual(parts["tela.png"].get_content(), image)
            html = got.message.get_body(("html",)).get_content()
            cid = str(parts["tela.png"]["Content-ID"]).strip("<> ")
            self.assertIn(f'src="cid:{cid}"', html)
            self.assertNotIn("[cid:", body(got))
            self.assert_form(got)
        finally:
            self.lab.portaria("department", "edit", "suporte", "--plain")


class Bridge(threading.Thread):
    """Carries mail between two labs, as the world between them would."""

    def __init__(self, pairs, deaf):
        super().__init__(daemon=True)
        self.pairs = pairs  # (lab, addresses of the other, other lab)
        self.deaf = deaf    # strips every mark of automatic mail
        self.carried = 0
        self.seen = {lab: 0 for lab, _, _ in pairs}
        self.over = threading.Event()

    def run(self):
        while not self.over.wait(0.1):
            for source, domain, target in self.pairs:
                mails = source.sink.mails[self.seen[source]:]
                self.seen[source] += len(mails)
                for one in mails:
                    for recipient in one.recipients:
                        if recipient.endswith("@" + domain):
                            self.carry(one, recipient, target)

    def carry(self, captured, recipient, target):
        data, sender = captured.data, captured.sender
        if self.deaf:
            sender = email.utils.parseaddr(captured.message["From"])[1]
            for name in (b"Auto-Submitted", b"X-Auto-Response-Suppress",
                         b"In-Reply-To", b"References", b"Reply-To"):
                data = re.sub(rb"(?im)^%s:.*(\r?\n[ \t].*)*\r?\n" % name,
                              b"", data)
            data = re.sub(rb"\[VIA-\w{7}\] ?", b"", data)
        data = re.sub(rb"\r?\n", b"\r\n", data)
        target.send(sender, recipient, data, client="192.0.2.10",
                    helo="mail.vizinha.example")
        self.carried += 1


class TwoDesks(unittest.TestCase):
    """Two installations, each the other's customer."""

    OTHER = "desk.vizinha.example"

    def start(self, domain, hostname):
        keep = labs.DESK, labs.HOSTNAME, labs.ZONE
        labs.DESK, labs.HOSTNAME = domain, hostname
        labs.ZONE = keep[2] + "".join(
            f'{name} 300 TXT "v=spf1 ip4:192.0.2.10 -all"\n'
            for name in (keep[0], self.OTHER))
        try:
            lab = BrakedLab(os.environ["PORTARIA_BUILD"], quiet=False)
            lab.__enter__()
            self.addCleanup(lab.__exit__, None, None, None)
            return lab
        finally:
            labs.DESK, labs.HOSTNAME, labs.ZONE = keep

    def setUp(self):
        self.here = self.start(labs.DESK, labs.HOSTNAME)
        self.there = self.start(self.OTHER, "mx.vizinha.example")
        self.other = f"suporte@{self.OTHER}"
        for lab, address in ((self.here, self.other), (self.there, SUPORTE)):
            lab.portaria("customer", "add", "--name", "A outra", "--code",
                         "C-outra", "--email", address)

    def run_bridge(self, deaf):
        bridge = Bridge([(self.here, self.OTHER, self.there),
                         (self.there, labs.DESK, self.here)], deaf)
        bridge.start()
        # The other desk writes first, as if a person of it had.
        self.here.send(self.other, SUPORTE,
                       mail(self.other, SUPORTE, "Uma pergunta", "Oi\n"),
                       **AT_CLIENTE)
        last, quiet_since = -1, time.monotonic()
        end = time.monotonic() + 90
        while time.monotonic() - quiet_since < 8 and time.monotonic() < end:
            if bridge.carried != last:
                last, quiet_since = bridge.carried, time.monotonic()
            time.sleep(0.2)
        bridge.over.set()
        bridge.join()
        self.assertLess(time.monotonic(), end, "still writing")
        return bridge.carried

    def test_they_stop(self):
        for deaf, most in ((False, 3), (True, 2 * FIRST_TOTAL + 1)):
            with self.subTest(deaf=deaf):
                carried = self.run_bridge(deaf)
                print(f"two desks, deaf={deaf}: {carried} mails")
                self.assertGreater(carried, 0)
                self.assertLessEqual(carried, most)


if __name__ == "__main__":
    main()
