# SPDX-License-Identifier: GPL-2.0-or-later
"""demo.py - sends real messages and tells what became of each"""

import email.policy
import re
import shutil
import signal
import sys
import time
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from datetime import datetime, timezone

from lab import DESK, Lab, LabError, wait_for, why_not
from picture import png

ZE, ANA = "ze@cliente.example", "ana@assinado.example"
PAULA, STRANGER = "paula@provedor.example", "alguem@estranho.example"
SUPORTE, ABUSOS = f"suporte@{DESK}", f"abusos@{DESK}"
REF = re.compile(r"VIA-[0-9A-Z]{7}")

# Sending hosts: who SPF allows to send for which domain.
CLIENTE = dict(client="192.0.2.10", helo="mail.cliente.example")
PROVEDOR = dict(client="192.0.2.40", helo="mail.provedor.example")
ESTRANHO = dict(client="192.0.2.50", helo="mail.estranho.example")
FORGER = dict(client="192.0.2.66", helo="evil.example")


# The default policy encodes long Message-IDs, which no mail program does.
LONG_LINES = email.policy.default.clone(max_line_length=990)


def compose(sender, to, subject, text, html=None, image=None, headers=()):
    message = EmailMessage(LONG_LINES)
    message["From"], message["To"] = sender, to
    message["Subject"] = subject
    message["Date"] = format_datetime(datetime.now(timezone.utc))
    message["Message-ID"] = make_msgid(domain=sender.split("@")[1])
    for name, value in headers:
        message[name] = value
    if html:
        message.set_content(html, subtype="html")
        message.add_related(image, "image", "png", cid="<tela@cliente>",
                            filename="tela.png", disposition="inline")
    else:
        message.set_content(text)
        if image:
            message.add_attachment(image, maintype="image", subtype="png",
                                   filename="tela.png")
    data = message.as_bytes()
    return data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


class Demo:

    def __init__(self, lab):
        self.lab = lab
        self.number = 0

    def title(self, text):
        self.number += 1
        print(f"\n{self.number}. {text}")

    def line(self, label, text):
        first, *rest = str(text).splitlines() or [""]
        print(f"   {label:<10} {first}")
        for more in rest:
            print(f"   {'':<10} {more}")

    def refs(self):
        return {t["ref"] for t in self.lab.json("ticket", "list", "--all",
                                                "--limit", "1000")}

    def entries(self, ref):
        return self.lab.ticket(ref)[1:]

    def send(self, what, sender, to, data, at, joins=None):
        """One mail; prints reply, ticket and the mail it caused."""
        self.title(what)
        before, mark = self.refs(), self.lab.sink.mark()
        count = len(self.entries(joins)) if joins else 0
        reply = self.lab.send(sender, to, data, **at)
        self.line("SMTP", f"{reply[0]} {reply[1]}")
        if reply[0] != 250:
            self.line("ticket", "none: the sender's server keeps the mail "
                                "and tells its user")
            return None
        if joins:
            wait_for(lambda: len(self.entries(joins)) > count, "the entry")
            ref = joins
        else:
            ref = wait_for(lambda: self.refs() - before, "the ticket").pop()
        self.show_ticket(ref)
        self.show_mail(mark)
        return ref

    def show_ticket(self, ref):
        head, *entries = self.lab.ticket(ref)
        self.line("ticket", f"{ref}  {head['department']}  {head['status']}  "
                            f"{head['customer'] or head['requester']}: "
                            f"{head['subject']}")
        last = [e for e in entries if e["author"] in ("customer", "staff")][-1]
        for one in last["attachments"]:
            self.line("", f"attachment {one['filename']} "
                          f"({one['content_type']}, {one['size']} bytes)")
        if last.get("auth"):
            self.line("proof", last["auth"])

    def show_mail(self, mark):
        time.sleep(1.5)  # the notifier polls every second
        wait_for(lambda: not [o for o in self.lab.json("outbox", "list")
                              if o["state"] == "queued"], "the outbox")
        wait_for(lambda: "empty" in self.lab.queue(), "Postfix's queue")
        for mail in self.lab.sink.mails[mark:]:
            self.line("mail out", f"to {mail.recipients[0]}: "
                                  f"{mail.message['Subject']}")

    def run(self):
        ref = self.send("A customer writes, plain text with a screenshot "
                        "attached", ZE, SUPORTE,
                        compose(ZE, SUPORTE, "Site fora do ar",
                                "Prioridade: alta\n"
                                "Serviço: cliente.example\n\n"
                                "O site não abre desde as 9h.\n",
                                image=png()), CLIENTE)
        html = ('<p>Veja a tela:</p><p><img src="cid:tela@cliente"></p>'
                "<p>Obrigado</p>")
        self.send("HTML with an inline screenshot", ZE, SUPORTE,
                  compose(ZE, SUPORTE, "Erro na tela", "", html, png(seed=3)),
                  CLIENTE)
        self.send("DKIM-signed, from a server that SPF does not know", ANA,
                  SUPORTE, self.lab.signer.sign(
                      compose(ANA, SUPORTE, "Assinada", "Olá!\n")), FORGER)
        self.send("A forged sender of a protected domain", ZE, SUPORTE,
                  compose(ZE, SUPORTE, "Troque a senha", "Urgente!\n"),
                  FORGER)
        self.send("Somebody who is not registered", STRANGER, SUPORTE,
                  compose(STRANGER, SUPORTE, "Oi", "Preciso de ajuda.\n"),
                  ESTRANHO)
        self.send("The same person to the abuse desk, open to anyone",
                  STRANGER, ABUSOS,
                  compose(STRANGER, ABUSOS, "Phishing",
                          "http://cliente.example/banco\n"), ESTRANHO)
        answer = self.answer(ref)
        self.send("The customer replies, token in the subject", ZE, SUPORTE,
                  compose(ZE, SUPORTE, f"RES: {answer['Subject']}",
                          "Voltou, obrigado!\n"), CLIENTE, joins=ref)
        self.send("The customer replies without the token, with References",
                  ZE, SUPORTE,
                  compose(ZE, SUPORTE, "mais uma coisa", "E o e-mail?\n",
                          headers=[("References", answer["Message-ID"])]),
                  CLIENTE, joins=ref)
        self.overview()

    def answer(self, ref):
        """Staff answer from their own mailbox to the notice they got."""
        notice = [m for m in self.lab.sink.to(PAULA)
                  if ref in m.message["Subject"]][0].message
        mark = self.lab.sink.mark()
        to = str(notice["Reply-To"])
        self.send("Staff answer by replying to the notice", PAULA, to,
                  compose(PAULA, to, f"Re: {notice['Subject']}",
                          "Reiniciamos o servidor. Pode testar?\n",
                          headers=[("In-Reply-To", notice["Message-ID"])]),
                  PROVEDOR, joins=ref)
        return self.lab.sink.wait_to(ZE, mark)[0].message

    def overview(self):
        self.title("portaria ticket list")
        print(self.lab.portaria("ticket", "list", "--all").stdout)


def invite(lab):
    command = f"{lab.build}/cli/portaria -c {lab.conf}"
    print(f"""
Now try it yourself (the mail server is on port {lab.ports['smtp']}):

  swaks --server 127.0.0.1:{lab.ports['smtp']} \\
    --xclient 'ADDR=192.0.2.10 NAME=mail.cliente.example' \\
    --helo mail.cliente.example --from {ZE} --to {SUPORTE} \\
    --h-From {ZE} --h-Subject 'Minha vez' --body 'Funciona?'

  {command} ticket list
  {command} ticket show REF
  {command} ticket reply REF --as paula --text 'Resolvido.'
  {command} held list
  {command} outbox list --all

Another ADDR is another sender's server: 192.0.2.66 may not send for
cliente.example, and is told so.""")


def stop_on_signals():
    """However it is told to stop, it stops what it started."""
    def stop(number, frame):
        raise KeyboardInterrupt
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)


def stay(lab):
    print("\nRunning until Ctrl-C. Logs are in "
          f"{lab.dir}/log and {lab.dir}/postfix/mail.log")
    try:
        while True:
            time.sleep(3600)
    except KeyboardInterrupt:
        print("\nstopping")


def main():
    reason = why_not()
    if reason:
        sys.exit(f"demo: {reason}")
    stop_on_signals()
    keep_running = "--stay" in sys.argv[2:]
    for tool in ("swaks", "openssl"):
        if not shutil.which(tool):
            sys.exit(f"demo: {tool} is missing: scripts/packages test")
    print("Starting Postfix, portaria-milter, portaria-lmtpd and "
          "portaria-notifier on loopback ports ...")
    try:
        with Lab(sys.argv[1], quiet=False) as lab:
            Demo(lab).run()
            invite(lab)
            if keep_running:
                stay(lab)
            else:
                print("\n(scripts/demo --stay keeps it running; stopping "
                      "now)")
    except LabError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit("demo: stopped")


if __name__ == "__main__":
    main()
