# SPDX-License-Identifier: GPL-2.0-or-later
"""A private notifier, an outbox to fill, and a mail server that misbehaves.

Everything lives in a temporary folder and on the loopback interface.
"""

import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

NOTIFIER = os.environ["PORTARIA_NOTIFIER"]
TOOL = os.environ["PORTARIA_NOTIFIER_TOOL"]
SOURCE = os.environ["PORTARIA_SOURCE"]
PATIENCE = 30

CONFIG = """
[server]
hostname = desk.example
key_file = {dir}/key
template_dir = {source}/conf/templates

[store]
database = {dir}/portaria.db
blob_dir = {dir}/blobs

[postfix]
map_file = {dir}/map.db

[notifier]
submission = smtp://127.0.0.1:{port}
poll_seconds = {poll}
retry_seconds = 1
lease_seconds = {lease}

[log]
target = stderr
level = debug
"""


def wait_for(condition, what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


class Server:
    """An SMTP server in threads.

    replies: what to say to a verb instead of yes ("RCPT": "550 5.1.1 no"), or
    at "GREETING", "END" (after the data). hang and drop: verbs at which it
    says nothing, or closes; "BODY" is in the middle of the data. on_end is
    called before the reply to the data is sent.
    """

    def __init__(self, port=0, utf8=True):
        self.replies = {}
        self.hang = set()
        self.drop = set()
        self.utf8 = utf8
        self.on_end = None
        self.delay = 0
        self.commands = []
        self.mails = []  # (sender, [recipients], bytes), as accepted
        self.connections = 0
        self.closing = threading.Event()
        self.open = []
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(("127.0.0.1", port))
        self.sock.listen(16)
        self.port = self.sock.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def close(self):
        self.closing.set()
        self.hang_up([self.sock])
        self.sock.close()

    def hang_up(self, more=()):
        for sock in [*self.open, *more]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def accept(self):
        while True:
            try:
                sock, _ = self.sock.accept()
            except OSError:
                return
            self.connections += 1
            self.open.append(sock)
            threading.Thread(target=self.serve, args=(sock,),
                             daemon=True).start()

    def serve(self, sock):
        try:
            with sock, sock.makefile("rwb") as file:
                self.talk(file)
        except (OSError, ValueError):
            pass

    def say(self, file, event, default):
        """False if the connection is to end."""
        if event in self.drop:
            return False
        if event in self.hang:
            self.closing.wait(600)
            return False
        text = self.replies.get(event, default)
        for line in text.split("\n"):
            file.write(line.encode() + b"\r\n")
        file.flush()
        return not text.startswith("421")

    def ehlo(self):
        lines = ["desk.example", "PIPELINING", "SIZE 50000000", "8BITMIME",
                 "ENHANCEDSTATUSCODES"] + ["SMTPUTF8"] * self.utf8
        return "\n".join(f"250{' ' if line is lines[-1] else '-'}{line}"
                         for line in lines)

    def talk(self, file):
        sender, recipients = None, []
        if not self.say(file, "GREETING", "220 desk.example ESMTP"):
            return
        while line := file.readline():
            text = line.decode("utf-8", "surrogateescape").rstrip("\r\n")
            self.commands.append(text)
            verb = text[:4].upper()
            default = "250 2.0.0 Ok"
            if verb == "EHLO":
                default = self.ehlo()
            elif verb == "MAIL":
                sender, recipients = text[10:], []
            elif verb == "RCPT":
                recipients.append(text[8:])
            elif verb == "DATA":
                default = "354 go on"
            elif verb == "QUIT":
                default = "221 2.0.0 Bye"
            if not self.say(file, verb, default) or verb == "QUIT":
                return
            if verb == "DATA" and "DATA" not in self.replies:
                if not self.take(file, sender, recipients):
                    return

    def take(self, file, sender, recipients):
        data = b""
        while (line := file.readline()) not in (b".\r\n", b""):
            if "BODY" in self.drop:
                return False
            data += line[1:] if line.startswith(b".") else line
        if not line:
            return False
        time.sleep(self.delay)
        if not self.replies.get("END", "2").startswith("2"):
            return self.say(file, "END", "")
        self.mails.append((sender, recipients, data))
        if self.on_end:
            self.on_end()
        return self.say(file, "END", "250 2.0.0 Ok: queued as X1")

    def ids(self):
        return [re.search(rb"Message-ID: (\S+)", data)[1].decode()
                for _, _, data in list(self.mails)]


class Notifier:
    """A folder with an outbox, and the program on it."""

    def __init__(self, port, poll=1, lease=300):
        self.dir = tempfile.mkdtemp(prefix="portaria-notifier-")
        self.config = f"{self.dir}/portaria.conf"
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(CONFIG.format(dir=self.dir, source=SOURCE, port=port,
                                     poll=poll, lease=lease))
        self.processes = []

    def remove(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        shutil.rmtree(self.dir)

    def tool(self, *args):
        subprocess.run([TOOL, "-c", self.config, *map(str, args)], check=True,
                       timeout=PATIENCE)

    def mail(self, recipient="ze@cliente.example", sender="-", text="Oi.",
             kind="reply", count=1):
        self.tool("mail", kind, recipient, sender, text, count)

    def start(self):
        log = open(f"{self.dir}/log", "ab")
        process = subprocess.Popen([NOTIFIER, "-c", self.config], stderr=log)
        log.close()
        self.processes.append(process)
        return process

    def log(self):
        with open(f"{self.dir}/log", encoding="utf-8") as file:
            return file.read()

    def stop(self, process, seconds=PATIENCE):
        process.send_signal(signal.SIGTERM)
        return process.wait(seconds)

    def sql(self, text, *values):
        with sqlite3.connect(f"{self.dir}/portaria.db", timeout=10) as db:
            db.row_factory = sqlite3.Row
            rows = db.execute(text, values).fetchall()
        db.close()
        return rows

    def rows(self, kind="reply"):
        return self.sql("SELECT * FROM outbox WHERE kind = ? ORDER BY id",
                        kind)

    def states(self, kind="reply"):
        return [row["state"] for row in self.rows(kind)]

    def events(self):
        return [row["text"] for row in self.sql(
            "SELECT text FROM message WHERE author = 'event'")]

    def bounced(self):
        [row] = self.sql("SELECT bounced FROM contact")
        return row["bounced"]


class NotifierTest(unittest.TestCase):
    poll = 1
    lease = 300

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        self.desk = Notifier(self.server.port, self.poll, self.lease)
        self.addCleanup(self.desk.remove)
        self.desk.tool("init")

    def wait_states(self, *want, kind="reply"):
        wait_for(lambda: self.desk.states(kind) == list(want),
                 f"{want}, now {self.desk.states(kind)}")

    def wait_attempt(self, seconds=PATIENCE):
        """Until the one row has been tried and put off."""
        def tried():
            [row] = self.desk.rows()
            return row["last_reply"] and not row["lease_owner"]
        wait_for(tried, "an attempt", seconds)
        [row] = self.desk.rows()
        return row
