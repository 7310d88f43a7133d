# SPDX-License-Identifier: GPL-2.0-or-later
"""lmtp_support.py - portaria-lmtpd in a temporary folder, and a client for it

Needs no root and no network: a unix socket, a database and a name server of
its own on a loopback port. The programs come from the environment (see
lmtp.cmake).
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

LMTPD = os.environ["PORTARIA_LMTPD"]
TOOL = os.environ["PORTARIA_LMTP_TOOL"]
FAKEDNS = os.environ["PORTARIA_FAKEDNS"]
SOURCE = os.environ["PORTARIA_SOURCE"]
# A library below the daemon (tsan_glib.c), or None.
PRELOAD = os.environ.get("PORTARIA_PRELOAD")
# Sanitized programs and busy machines are slow.
PATIENCE = 60

ZONE = """\
cliente.example 300 TXT "v=spf1 ip4:192.0.2.10 -all"
_dmarc.cliente.example 300 TXT "v=DMARC1; p=reject"
morto.example SERVFAIL
_dmarc.morto.example SERVFAIL
"""

CONFIG = """\
[server]
hostname = mx.desk.example
brand = Provedor
language = pt_BR
ref_prefix = VIA
help = https://ajuda.example
key_file = {dir}/key
template_dir = {source}/conf/templates

[store]
database = {dir}/portaria.db
blob_dir = {dir}/blobs
busy_ms = 2000

[lmtp]
socket = unix:{dir}/lmtp
socket_mode = 0600
parsers = 2

[dns]
forwarders = 127.0.0.1@{dns}
trust_anchor_file =
timeout_ms = 1000

[log]
target = stderr
level = debug
"""


def daemon_environment():
    """What a daemon with ThreadSanitizer needs: GLib's locks and its slices
    have no sanitizer."""
    if not PRELOAD:
        return {}
    return {"LD_PRELOAD": PRELOAD, "G_SLICE": "always-malloc"}


def wait_for(condition, what, seconds=PATIENCE):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(0.02)


def message(subject="Ajuda", message_id=None, sender="ze@cliente.example",
            body="Bom dia.\r\n", extra=""):
    message_id = message_id or f"<{os.urandom(8).hex()}@cliente.example>"
    return (f"From: {sender}\r\nTo: suporte@desk.example\r\n"
            f"Subject: {subject}\r\n"
            f"Date: Sun, 22 Nov 2026 16:20:00 -0300\r\n"
            f"Message-ID: {message_id}\r\n{extra}\r\n{body}").encode()


class Client:
    """A connection. Replies are (code, enhanced or "", text)."""

    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        try:
            self.sock.connect(str(path))
        except OSError:
            self.sock.close()
            raise
        self.sock.settimeout(PATIENCE)
        self.file = self.sock.makefile("rb")

    def close(self):
        self.file.close()
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.close()

    def send(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else data.encode())

    def reply(self):
        lines = []
        while True:
            line = self.file.readline().decode()
            if not line.endswith("\r\n"):
                raise EOFError(f"connection ended: {lines} {line!r}")
            lines.append(line[:-2])
            if line[3:4] != "-":
                break
        match = re.match(r"(\d{3})[ ]?(\d\.\d+\.\d+)?[ ]?(.*)", lines[-1])
        return int(match[1]), match[2] or "", "\n".join(
            lines[:-1] + [match[3]])

    def command(self, line):
        self.send(line + "\r\n")
        return self.reply()

    def hello(self):
        assert self.reply()[0] == 220
        assert self.command("LHLO client.example")[0] == 250
        return self

    def deliver(self, data, recipients=("suporte@desk.example",),
                sender="ze@cliente.example", xforward=None):
        """One transaction, pipelined; the replies behind the data."""
        lines = [f"XFORWARD {xforward}"] if xforward else []
        lines += [f"MAIL FROM:<{sender}>"]
        lines += [f"RCPT TO:<{r}>" for r in recipients]
        lines += ["DATA"]
        self.send("\r\n".join(lines) + "\r\n")
        replies = [self.reply() for _ in lines]
        if replies[-1][0] != 354:
            return replies
        stuffed = data.replace(b"\r\n.", b"\r\n..")
        if stuffed.startswith(b"."):
            stuffed = b"." + stuffed
        if not stuffed.endswith(b"\r\n"):
            stuffed += b"\r\n"
        self.send(stuffed + b".\r\n")
        accepted = [r for r in replies if r[0] == 250 and r[1] == "2.1.5"]
        return [self.reply() for _ in accepted]


class Daemon:
    """portaria-lmtpd with all it needs, as a context manager."""

    def __init__(self, *options):
        self.options = options
        self.process = None
        self.dir = Path(tempfile.mkdtemp(prefix="portaria-lmtp-"))
        self.conf = self.dir / "portaria.conf"
        self.socket = self.dir / "lmtp"
        self.logfile = self.dir / "log"
        self.dns = None

    def __enter__(self):
        try:
            (self.dir / "zone").write_text(ZONE)
            self.dns = subprocess.Popen(
                [FAKEDNS, "-p", "0", str(self.dir / "zone")],
                stdout=subprocess.PIPE, text=True)
            port = self.dns.stdout.readline().strip()
            self.conf.write_text(CONFIG.format(dir=self.dir, source=SOURCE,
                                               dns=port))
            self.tool("init")
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, kind, value, trace):
        if self.process:
            self.stop()
        if self.dns:
            self.dns.terminate()
            self.dns.wait()
            self.dns.stdout.close()
        if kind and self.logfile.exists():
            print(self.log()[-6000:])
        shutil.rmtree(self.dir, ignore_errors=True)

    def tool(self, *arguments, data=b"", options=()):
        more = [word for option in self.options for word in ("-o", option)]
        result = subprocess.run(
            [TOOL, "-c", str(self.conf), *more, *options, *arguments],
            input=data, capture_output=True, check=False)
        if result.returncode != 0:
            raise AssertionError(f"{arguments}: {result.stderr.decode()}")
        return result.stdout

    def start(self, *options):
        command = [LMTPD, "-c", str(self.conf)]
        for option in self.options + options:
            command += ["-o", option]
        with open(self.logfile, "ab") as log:
            self.process = subprocess.Popen(
                command, stderr=log, stdin=subprocess.DEVNULL,
                env=dict(os.environ, **daemon_environment()))
        wait_for(self.ready, "the daemon to listen")

    def ready(self):
        if self.process.poll() is not None:
            raise AssertionError(f"exit {self.process.returncode}:\n"
                                 f"{self.log()}")
        with socket.socket(socket.AF_UNIX) as probe:
            try:
                probe.connect(str(self.socket))
            except OSError:
                return False
        return True

    def stop(self, number=signal.SIGTERM):
        process, self.process = self.process, None
        process.send_signal(number)
        try:
            return process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError("the daemon did not stop:\n" + self.log())

    def client(self):
        return Client(self.socket)

    def deliver(self, data, *args, **kwargs):
        with self.client() as client:
            return client.hello().deliver(data, *args, **kwargs)

    def seal(self, data, departments="suporte", identity="ze@cliente.example",
             verdict="accept", age=0, key=None):
        return self.tool("seal", departments, identity, verdict, str(age),
                         *([str(key)] if key else []), data=data)

    def sealed(self, *args, **kwargs):
        return self.seal(message(*args, **kwargs))

    def dump(self):
        return json.loads(self.tool("dump"))

    def blob(self, sha):
        return self.tool("blob", sha)

    def log(self):
        return self.logfile.read_text(errors="replace")

    def zygote(self):
        for pid in children(self.process.pid):
            if comm(pid) == "lmtpd-zygote":
                return pid
        raise AssertionError("no zygote")


def children(pid):
    """Of all threads of a process."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += (task / "children").read_text().split()
        except OSError:
            continue
    return [int(pid) for pid in found]


def comm(pid):
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


class DaemonTest(unittest.TestCase):
    """A fresh daemon for each test."""

    options = ()

    def setUp(self):
        self.daemon = Daemon(*self.options)
        self.daemon.__enter__()
        self.addCleanup(self.finish)

    def finish(self):
        """Shows the log if something failed, and checks the exit."""
        failed = any(error for _, error in getattr(
            self._outcome, "errors", []) or [])
        code = self.daemon.stop() if self.daemon.process else 0
        if failed:
            print(self.daemon.log()[-6000:])
        self.daemon.__exit__(None, None, None)
        self.assertEqual(code, 0)

    def stored(self, replies):
        """The refs of replies, all of which must be 250."""
        for code, enhanced, _ in replies:
            self.assertEqual((code, enhanced), (250, "2.6.0"), replies)
        return [text.split()[0] for _, _, text in replies]
