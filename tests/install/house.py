# SPDX-License-Identifier: GPL-2.0-or-later
"""house.py - a Portaria of its own in a scratch folder, without a mail server

Messages are delivered to portaria-lmtpd over its socket, as Postfix would;
what portaria-notifier sends ends in a sink. Needs no root; listens on loopback
and unix sockets only.
"""

import json
import os
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import time
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from support import BUILD, PORTARIA, SOURCE

sys.path.insert(0, str(SOURCE / "tests/support"))

from lab import Sink, wait_for  # noqa: E402

PATIENCE = 60
SUPORTE, ABUSOS = "suporte@desk.example", "abusos@desk.example"
ZE, MARIA = "ze@cliente.example", "maria@cliente.example"
PAULA, STRANGER = "paula@provedor.example", "alguem@estranho.example"
# Which server may send for which domain (see ZONE).
AT_CLIENTE, AT_PROVEDOR, AT_FORGER = "192.0.2.10", "192.0.2.40", "192.0.2.66"

ZONE = """\
cliente.example 300 TXT "v=spf1 ip4:192.0.2.10 -all"
_dmarc.cliente.example 300 TXT "v=DMARC1; p=reject"
provedor.example 300 TXT "v=spf1 ip4:192.0.2.40 -all"
estranho.example 300 TXT "v=spf1 ip4:192.0.2.50 -all"
"""

CONFIG = """\
[server]
hostname = mx.desk.example
brand = Provedor Exemplo
help = https://ajuda.example
key_file = {dir}/key
template_dir = {source}/conf/templates
[store]
database = {dir}/portaria.db
blob_dir = {dir}/blobs
busy_ms = 1s
[milter]
socket = unix:{dir}/milter
[lmtp]
socket = unix:{dir}/lmtp
[dns]
forwarders = 127.0.0.1@{dns}
timeout_ms = 2s
[notifier]
submission = smtp://127.0.0.1:{sink}
poll_seconds = 1s
[postfix]
map_file = {dir}/map.db
[log]
target = stderr
"""


def mail(sender, to, subject, text, attachment=None, headers=()):
    """A message as bytes; attachment = (name, bytes)."""
    message = EmailMessage(SMTP.clone(max_line_length=900))
    message["From"], message["To"], message["Subject"] = sender, to, subject
    message["Date"] = "Sun, 22 Nov 2026 16:20:00 -0300"
    message["Message-ID"] = f"<{os.urandom(8).hex()}@teste.example>"
    for name, value in headers:
        message[name] = value
    message.set_content(text)
    if attachment:
        message.add_attachment(attachment[1], maintype="application",
                               subtype="octet-stream",
                               filename=attachment[0])
    return message.as_bytes()


class House:
    """Configuration, database and daemons in one folder."""

    def __init__(self, folder):
        self.dir = Path(folder)
        self.dir.chmod(0o755)
        self.processes = {}
        self.sink = None
        self.environment = {}
        self.conf = self.dir / "portaria.conf"

    def open(self, fill=True):
        self.sink = Sink()
        (self.dir / "zone").write_text(ZONE)
        dns = self.spawn("dns", [BUILD / "tests/support/fakedns",
                                 self.dir / "zone"], subprocess.PIPE)
        port = dns.stdout.readline().decode().strip()
        self.conf.write_text(CONFIG.format(dir=self.dir, source=SOURCE,
                                           sink=self.sink.port, dns=port))
        self.must("key", "create")
        self.must("db", "init")
        if fill:
            self.fill()
        return self

    def fill(self):
        self.must("department", "add", "suporte", "--title", "Suporte",
                  "--address", SUPORTE)
        self.must("department", "add", "abusos", "--address", ABUSOS,
                  "--accept", "anyone")
        self.must("customer", "add", "--name", "Padaria do Zé", "--code",
                  "C1001", "--email", ZE, "--contact", MARIA)
        self.must("staff", "add", "paula", "--name", "Paula", "--email",
                  PAULA, "--admin", "--department", "suporte",
                  "--department", "abusos")

    def close(self):
        for name in list(self.processes):
            self.stop(name)
        if self.sink:
            self.sink.close()

    # -- processes ---------------------------------------------------------

    def spawn(self, name, command, stdout=None, environment=None):
        with open(self.dir / f"{name}.log", "ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(word) for word in command], stdin=subprocess.DEVNULL,
                stdout=stdout or log, stderr=log,
                env={**os.environ, **(environment or {})})
        return self.processes[name]

    def start(self, name, before=()):
        """Starts a daemon, behind the words `before`, until it is ready."""
        path = self.dir / f"{name}.notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ready:
            path.unlink(missing_ok=True)
            ready.bind(str(path))
            ready.settimeout(0.2)
            process = self.spawn(
                name, [*before, BUILD / name / f"portaria-{name}", "-c",
                       self.conf], environment={"NOTIFY_SOCKET": str(path)})
            end = time.monotonic() + PATIENCE
            while True:
                try:
                    if b"READY=1" in ready.recv(4096):
                        return process
                except TimeoutError:
                    pass
                if process.poll() is not None or time.monotonic() > end:
                    raise AssertionError(f"{name}: {process.poll()} "
                                         f"{self.log(name)}")

    def stop(self, name):
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(PATIENCE)
        finally:
            process.kill()
        if process.stdout:
            process.stdout.close()
        return process.returncode

    def log(self, name):
        return (self.dir / f"{name}.log").read_text(errors="replace")

    # -- the command -------------------------------------------------------

    def portaria(self, *words, stdin="", text=True, config=True):
        """Runs the command; a CompletedProcess."""
        before = ["-c", str(self.conf)] if config else []
        return subprocess.run(
            [str(PORTARIA), *before, *[str(word) for word in words]],
            input=stdin, capture_output=True, text=text, check=False,
            cwd=self.dir, env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC",
                               "USER": "nobody-of-staff",
                               **self.environment})

    def must(self, *words, **more):
        """Output of a command that must succeed."""
        result = self.portaria(*words, **more)
        if result.returncode != 0:
            raise AssertionError(f"{words}: {result.returncode} "
                                 f"{result.stderr}")
        return result.stdout

    def json(self, *words):
        """The JSON objects that a command prints, whatever its exit."""
        out = self.portaria(*words, "--json").stdout
        return [json.loads(line) for line in out.splitlines()]

    def sql(self, statement):
        """Changes the database behind the programs' backs."""
        db = sqlite3.connect(self.dir / "portaria.db")
        with db:
            db.execute(statement)
        db.close()

    # -- mail --------------------------------------------------------------

    def deliver(self, sender, to, data, client=AT_CLIENTE):
        """By LMTP, as from a client that Postfix names; the reply."""
        with smtplib.LMTP(str(self.dir / "lmtp"), timeout=PATIENCE) as lmtp:
            lmtp.ehlo("mx.desk.example")
            lmtp.docmd("XFORWARD", f"ADDR={client} NAME=mail.example "
                                   f"HELO=mail.example PROTO=ESMTP")
            lmtp.mail(sender)
            code, text = lmtp.rcpt(to)
            if code == 250:
                code, text = lmtp.data(data)
        return code, text.decode()

    def ticket(self, subject="Site fora do ar", text="Não abre.\n",
               attachment=None, sender=ZE, to=SUPORTE):
        """The ref of a new ticket; portaria-lmtpd must be running."""
        code, reply = self.deliver(sender, to, mail(sender, to, subject, text,
                                                    attachment))
        if code != 250 or not reply.endswith(" stored"):
            raise AssertionError(f"{code} {reply}\n{self.log('lmtpd')}")
        return reply.split()[-2]

    def hold(self, subject="Forjada"):
        """The id of a message that is held: nothing proves its sender."""
        before = {row["id"] for row in self.json("held", "list")}
        code, reply = self.deliver(ZE, SUPORTE,
                                   mail(ZE, SUPORTE, subject, "Olá\n"),
                                   AT_FORGER)
        if code != 250:
            raise AssertionError(f"{code} {reply}")
        new = [row["id"] for row in self.json("held", "list")
               if row["id"] not in before]
        if len(new) != 1:
            raise AssertionError(f"held: {new}")
        return new[0]


__all__ = ["House", "mail", "wait_for"]
