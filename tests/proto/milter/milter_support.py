# SPDX-License-Identifier: GPL-2.0-or-later
"""milter_support.py - portaria-milter in a scratch folder, and a mail server
that speaks the milter protocol to it

Needs no root and no network: a unix socket, a database and a name server on a
loopback port. The programs come from the environment (see milter.cmake).
"""

import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(SOURCE / "tests/support"))

from dkimsign import Signer  # noqa: E402

MILTER = os.environ["PORTARIA_MILTER"]
TOOL = os.environ["PORTARIA_MILTER_TOOL"]
FAKEDNS = os.environ["PORTARIA_FAKEDNS"]
# Sanitized programs and busy machines are slow.
PATIENCE = 60
SANITIZED = os.environ.get("PORTARIA_SANITIZED", "") != ""

ZE = "ze@cliente.example"
ANA = "ana@assinado.example"
SUPORTE = "suporte@desk.example"
ABUSOS = "abusos@desk.example"
CLIENTE, FORGER = "192.0.2.10", "203.0.113.66"

ZONE = """\
cliente.example 300 TXT "v=spf1 ip4:192.0.2.10 ip6:2001:db8::/32 -all"
_dmarc.cliente.example 300 TXT "v=DMARC1; p=reject"
_dmarc.assinado.example 300 TXT "v=DMARC1; p=reject"
semnada.example 300 A 192.0.2.30
provedor.example 300 TXT "v=spf1 ip4:192.0.2.40 -all"
dnsmorto.example SERVFAIL
_dmarc.dnsmorto.example SERVFAIL
lento.example TIMEOUT
_dmarc.lento.example TIMEOUT
"""

CONFIG = """\
[server]
hostname = mx.desk.example
key_file = {dir}/key
template_dir = {source}/conf/templates
help = https://ajuda.example

[store]
database = {dir}/portaria.db
blob_dir = {dir}/blobs
busy_ms = 2000

[milter]
socket = unix:{dir}/milter
socket_mode = 0660

[rate]
client = 0
sender = 0
department = 0
anyone_client = 0
anyone_sender = 0
anyone_department = 0

[dns]
forwarders = 127.0.0.1@{dns}
trust_anchor_file =
timeout_ms = 1000

[log]
target = stderr
level = info
"""

# Actions and steps (libmilter/mfdef.h).
ADDHDRS, CHGHDRS, QUARANTINE, SETSYMLIST = 0x1, 0x10, 0x20, 0x100
NR_HDR, NOUNKNOWN, HDR_LEADSPC = 0x80, 0x100, 0x100000
NR_CONN, NR_HELO, NR_MAIL, NR_BODY = 0x1000, 0x2000, 0x4000, 0x80000
ALL_ACTIONS, ALL_STEPS = 0x1ff, 0x1fffff
POSTFIX = (6, ALL_ACTIONS, ALL_STEPS)
OLD = (2, 0x3f, 0x7f)  # Sendmail 8.13: no DATA, no silence, no blank


def wait_for(condition, what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)
    return value


def packet(command, data=b""):
    return struct.pack("!I", len(data) + 1) + command + data


def header_text(sender=ZE, subject="Ajuda", extra=""):
    return (f"From: {sender}\r\nTo: {SUPORTE}\r\nSubject: {subject}\r\n"
            f"Date: Sun, 22 Nov 2026 16:20:00 -0300\r\n"
            f"Message-ID: <{os.urandom(6).hex()}@x.example>\r\n{extra}")


def fields(header):
    """(name, raw value) of a header in bytes, folds as LF as an MTA does."""
    for line in re.split(rb"\r\n(?![ \t])", header):
        if line:
            name, value = line.split(b":", 1)
            yield name, value.replace(b"\r\n", b"\n")


class Gone(Exception):
    """The milter closed the connection."""


class Peer:
    """A mail server's side of one connection."""

    def __init__(self, path, offer=POSTFIX, timeout=PATIENCE):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self.offer = offer
        self.steps = 0
        self.lists = {}
        self.edits = []

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()

    # -- packets -----------------------------------------------------------

    def send(self, command, data=b""):
        try:
            self.socket.sendall(packet(command, data))
        except (BrokenPipeError, ConnectionResetError) as error:
            raise Gone from error

    def take(self, count):
        data = b""
        while len(data) < count:
            try:
                part = self.socket.recv(count - len(data))
            except ConnectionResetError as error:
                raise Gone from error
            if not part:
                raise Gone
            data += part
        return data

    def receive(self):
        size, = struct.unpack("!I", self.take(4))
        data = self.take(size)
        return data[:1], data[1:]

    def macros(self, command, values):
        if values:
            self.send(b"D", command + b"".join(
                text.encode() + b"\0" for pair in values for text in pair))

    def ask(self, command, data=b"", silent=0):
        """Sends a step and gives its answer; (b"c", b"") if none is due."""
        self.send(command, data)
        if silent and self.steps & silent:
            return b"c", b""
        self.edits = []
        while True:
            code, data = self.receive()
            if code not in b"imhpe":
                return code, data
            self.edits.append((code, data))

    # -- steps -------------------------------------------------------------

    def negotiate(self):
        version, actions, steps = self.offer
        code, data = self.ask(b"O", struct.pack("!III", *self.offer))
        assert code == b"O", code
        version, self.actions, self.steps = struct.unpack("!III", data[:12])
        assert self.actions & ~actions == 0, hex(self.actions)
        assert self.steps & ~steps == 0, hex(self.steps)
        rest = data[12:]
        while rest:
            where, = struct.unpack("!I", rest[:4])
            names, rest = rest[4:].split(b"\0", 1)
            self.lists[where] = names.decode()
        return self

    def connect(self, ip=CLIENTE, family=None, port=2525):
        self.macros(b"C", [("j", "mx.desk.example"), ("v", "test")])
        if ip is None:
            return self.ask(b"C", b"localhost\0U", NR_CONN)
        family = family or (b"6" if ":" in ip else b"4")
        return self.ask(b"C", b"client.example\0" + family +
                        struct.pack("!H", port) + ip.encode() + b"\0",
                        NR_CONN)

    def helo(self, name="mail.cliente.example"):
        return self.ask(b"H", name.encode() + b"\0", NR_HELO)

    def mail(self, sender=ZE, login=None, macro=True, options=()):
        values = [("{mail_addr}", sender.lower())] if macro else []
        if login:
            values += [("{auth_authen}", login), ("{auth_type}", "plain")]
        self.macros(b"M", values)
        words = [f"<{sender}>", *options]
        return self.ask(b"M", b"".join(w.encode() + b"\0" for w in words),
                        NR_MAIL)

    def rcpt(self, recipient=SUPORTE, macro=True, qid=None):
        values = [("{rcpt_addr}", recipient.lower())] if macro else []
        if qid:
            values.append(("i", qid))
        self.macros(b"R", values)
        return self.ask(b"R", f"<{recipient}>".encode() + b"\0")

    def data(self, qid="4QID"):
        if self.offer[0] < 4:
            return b"c", b""
        self.macros(b"T", [("i", qid)])
        return self.ask(b"T")

    def header(self, name, value):
        if not self.steps & HDR_LEADSPC and value[:1] == b" ":
            value = value[1:]
        return self.ask(b"L", name + b"\0" + value + b"\0", NR_HDR)

    def headers(self, header):
        for name, value in fields(header):
            code, _ = self.header(name, value)
            assert code == b"c", code

    def end_header(self):
        self.macros(b"N", [("i", "4QID")])
        return self.ask(b"N")

    def body(self, data):
        """All of it; the last answer."""
        code = b"c"
        for start in range(0, len(data), 65535):
            code, rest = self.ask(b"B", data[start:start + 65535],
                                  NR_BODY)
            if code != b"c":
                return code, rest
        return code, b""

    def end(self):
        self.macros(b"E", [("i", "4QID")])
        return self.ask(b"E")

    def abort(self):
        self.send(b"A")

    def quit(self):
        self.send(b"Q")

    # -- more at once ------------------------------------------------------

    def begin(self, ip=CLIENTE, sender=ZE, recipient=SUPORTE, login=None):
        """To the end of the envelope; the answer to RCPT."""
        self.negotiate()
        self.connect(ip)
        self.helo()
        self.mail(sender, login)
        return self.rcpt(recipient)

    def message(self, header, body=b"Bom dia.\r\n"):
        """From DATA to the verdict; the answer that decided."""
        answer = self.data()
        if answer[0] == b"c":
            self.headers(header if isinstance(header, bytes)
                         else header.encode())
            answer = self.end_header()
        if answer[0] == b"c":
            answer = self.body(body)
        if answer[0] in b"cs":
            answer = self.end()
        return answer

    def result(self, header, body=b"Bom dia.\r\n"):
        """The message as changed by the answer to the end."""
        lines = [[name, value] for name, value in fields(header)]
        for code, data in self.edits:
            if code == b"m":
                index, = struct.unpack("!I", data[:4])
                name, value, _ = data[4:].split(b"\0", 2)
                same = [line for line in lines
                        if line[0].strip().lower() == name.lower()]
                assert value == b"", value
                lines.remove(same[index - 1])
            elif code == b"i":
                index, = struct.unpack("!I", data[:4])
                name, value, _ = data[4:].split(b"\0", 2)
                if not self.steps & HDR_LEADSPC:
                    value = b" " + value
                lines.insert(index, [name, value])
        return b"".join(name + b":" + value.replace(b"\n", b"\r\n") + b"\r\n"
                        for name, value in lines) + b"\r\n" + body


def text_of(answer):
    """(code, [lines]) of a reply with a text; "%%" undone as Postfix does."""
    assert answer[0] == b"y", answer
    lines = answer[1].rstrip(b"\0").decode().replace("%%", "%").split("\r\n")
    return int(lines[0][:3]), [line[4:] for line in lines]


class Milter:
    """The daemon, its database and its name server."""

    def __init__(self, more="", fill=True, zone=ZONE):
        self.dir = Path(tempfile.mkdtemp(prefix="portaria-milter-"))
        self.process = None
        self.signer = Signer("assinado.example")
        (self.dir / "zone").write_text(zone + self.signer.zone_line())
        self.dns = subprocess.Popen([FAKEDNS, str(self.dir / "zone")],
                                    stdout=subprocess.PIPE)
        try:
            port = int(self.dns.stdout.readline())
            self.conf = self.dir / "portaria.conf"
            self.conf.write_text(CONFIG.format(dir=self.dir, source=SOURCE,
                                               dns=port) + more)
            self.tool("key")
            if fill:
                self.tool("fill")
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *unused):
        self.close()

    def tool(self, *words, data=None):
        return subprocess.run([TOOL, "-c", self.conf, *words], input=data,
                              check=True, capture_output=True).stdout

    @property
    def path(self):
        return self.dir / "milter"

    @property
    def log(self):
        return (self.dir / "log").read_text(errors="replace")

    def spawn(self, *options, env=None, **more):
        env = dict(env or os.environ)
        if os.environ.get("PORTARIA_PRELOAD"):
            env["LD_PRELOAD"] = os.environ["PORTARIA_PRELOAD"]
            env["G_SLICE"] = "always-malloc"
        with open(self.dir / "log", "ab") as log:
            self.process = subprocess.Popen(
                [MILTER, "-c", self.conf, *options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env,
                **more)
        return self.process

    def start(self, *options, **more):
        before = self.starts()
        self.spawn(*options, **more)
        wait_for(lambda: self.is_up() > before, "the milter to listen")

    def starts(self):
        path = self.dir / "log"
        return self.log.count(": started: ") if path.exists() else 0

    def is_up(self):
        if self.process.poll() is not None:
            raise AssertionError(f"ended with {self.process.returncode}: "
                                 f"{self.log}")
        return self.starts()

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        code = self.process.wait(PATIENCE)
        self.process = None
        return code

    def close(self):
        code = None
        if self.process and self.process.poll() is None:
            code = self.stop()
        self.dns.terminate()
        self.dns.wait()
        self.dns.stdout.close()
        log = self.log if (self.dir / "log").exists() else ""
        shutil.rmtree(self.dir, ignore_errors=True)
        self.signer.folder.cleanup()
        # A sanitizer reports to the log and ends the daemon with its code.
        if code not in (None, 0) or "Sanitizer" in log:
            raise AssertionError(f"ended with {code}: {log[-6000:]}")

    def peer(self, offer=POSTFIX):
        return Peer(self.path, offer)

    def seal(self, message, department="suporte"):
        return self.tool("seal", department, data=message).decode().split()

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def memory(self, key="VmRSS"):
        """KiB."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{key}:\s+(\d+)", text, re.M).group(1))

    def threads(self):
        return len(os.listdir(f"/proc/{self.process.pid}/task"))


class MilterTest(unittest.TestCase):
    """A test with one daemon for its class."""

    more = ""

    @classmethod
    def setUpClass(cls):
        cls.milter = Milter(cls.more)
        cls.milter.start()

    @classmethod
    def tearDownClass(cls):
        cls.milter.close()

    def accepted(self, peer, header, body=b"Bom dia.\r\n",
                 department="suporte"):
        """The message as the LMTP agent gets it, with a valid seal."""
        header = header if isinstance(header, bytes) else header.encode()
        answer = peer.message(header, body)
        self.assertIn(answer[0], b"c", answer)
        message = peer.result(header, body)
        seal = self.milter.seal(message, department)
        self.assertEqual(seal[0], "valid", message[:600])
        return seal, message

    def refused(self, answer, code, enhanced):
        got, lines = text_of(answer)
        self.assertEqual(got, code, lines)
        self.assertTrue(lines[0].startswith(enhanced + " "), lines)
        self.assertLessEqual(len(lines), 3)
        return lines

    def assert_alive(self):
        """A good message is still taken."""
        with self.milter.peer() as peer:
            self.assertEqual(peer.begin()[0], b"c")
            self.accepted(peer, header_text())


def main():
    unittest.main(verbosity=2)
