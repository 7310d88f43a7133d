# SPDX-License-Identifier: GPL-2.0-or-later
"""The protocol as the real daemon speaks it over its socket."""

import os
import signal
import socket
import subprocess
import time
import unittest

from lmtp_support import (LMTPD, DaemonTest, daemon_environment,
                          wait_for)


class Protocol(DaemonTest):
    options = ("limits.message_bytes=128K", "limits.recipients=3",
               "limits.command_line_bytes=1024")

    def test_extensions(self):
        with self.daemon.client() as client:
            self.assertEqual(client.reply()[0], 220)
            code, _, text = client.command("LHLO x")
        self.assertEqual(code, 250)
        for word in ("PIPELINING", "SIZE 131072", "8BITMIME", "SMTPUTF8",
                     "ENHANCEDSTATUSCODES",
                     "XFORWARD NAME ADDR PROTO HELO SOURCE IDENT"):
            self.assertIn(word, text)
        for word in ("DSN", "CHUNKING"):
            self.assertNotIn(word, text)

    def test_verbs(self):
        with self.daemon.client() as client:
            client.reply()
            for line, want in (
                    ("EHLO x", (500, "5.5.1")), ("MAIL FROM:<>", (503, "5.5.1")),
                    ("LHLO x", (250, "")), ("VRFY ze", (252, "2.0.0")),
                    ("HELP", (214, "2.0.0")), ("NOOP", (250, "2.0.0")),
                    ("BDAT 0 LAST", (502, "5.5.1")),
                    ("MAIL FROM:<> SIZE=131073", (552, "5.3.4")),
                    ("MAIL FROM:<> RET=HDRS", (555, "5.5.4")),
                    ("MAIL FROM:<> BODY=8BITMIME SMTPUTF8", (250, "2.1.0")),
                    ("RCPT TO:<nobody@desk.example>", (550, "5.1.1")),
                    ("RCPT TO:<suporte@other.example>", (550, "5.1.1")),
                    ("RCPT TO:<not an address>", (550, "5.1.1")),
                    ("RCPT TO:<>", (501, "5.1.3")),
                    ("DATA", (503, "5.5.1")),
                    ("RCPT TO:<SUPORTE@Desk.Example>", (250, "2.1.5")),
                    ("RCPT TO:<suporte+x.y@desk.example>", (250, "2.1.5")),
                    ("RCPT TO:<abusos@desk.example> X=Y", (555, "5.5.4")),
                    ("RCPT TO:<abusos@desk.example>", (250, "2.1.5")),
                    ("RCPT TO:<abusos@desk.example>", (452, "4.5.3")),
                    ("RSET", (250, "2.0.0")), ("QUIT", (221, "2.0.0"))):
                self.assertEqual(client.command(line)[:2], want, line)
            with self.assertRaises(EOFError):
                client.reply()

    def test_everything_in_one_packet(self):
        data = self.daemon.sealed().decode()
        other = self.daemon.sealed().decode()
        with self.daemon.client() as client:
            client.send("LHLO x\r\nMAIL FROM:<a@b.example>\r\n"
                        "RCPT TO:<suporte@desk.example>\r\n"
                        "RCPT TO:<nobody@desk.example>\r\nDATA\r\n"
                        f"{data}.\r\nMAIL FROM:<a@b.example>\r\n"
                        "RCPT TO:<suporte@desk.example>\r\nDATA\r\n"
                        f"{other}.\r\nQUIT\r\n")
            codes = [client.reply()[0] for _ in range(11)]
        self.assertEqual(codes, [220, 250, 250, 250, 550, 354, 250, 250, 250,
                                 354, 250])
        self.assertEqual(len(self.daemon.dump()["tickets"]), 2)

    def test_bytes_are_kept(self):
        """Whatever came between DATA and the dot can be got back."""
        body = (".\r\n..\r\nbare\rCR and bare\nLF\r\n.leading\r\n\r\n" +
                "x" * 3000 + "\r\n\xff\xfe\0\x01\r\n")
        data = self.daemon.sealed(body=body)
        self.stored(self.daemon.deliver(data))
        raw = self.daemon.dump()["tickets"][0]["messages"][0]["raw"]
        self.assertEqual(self.daemon.blob(raw), data)

    def test_message_past_the_limit(self):
        """Read to its end, told later, and the session goes on."""
        with self.daemon.client() as client:
            client.hello()
            replies = client.deliver(
                self.daemon.sealed(body="x" * 70 + "\r\n" * 70000))
            self.assertEqual([r[:2] for r in replies], [(452, "4.3.4")])
            self.stored(client.deliver(self.daemon.sealed()))
        self.assertEqual(len(self.daemon.dump()["tickets"]), 1)

    def test_line_too_long(self):
        with self.daemon.client() as client:
            client.hello()
            self.assertEqual(client.command("NOOP " + "x" * 2000)[:2],
                             (500, "5.5.2"))
            self.assertEqual(client.command("NOOP")[0], 250)

    def test_abort_stores_nothing(self):
        data = self.daemon.sealed()
        for part in (b"", data[:50], data, data + b".", data + b".\r"):
            with self.daemon.client() as client:
                client.hello()
                client.send(b"MAIL FROM:<a@b>\r\n"
                            b"RCPT TO:<suporte@desk.example>\r\nDATA\r\n" +
                            part)
                for _ in range(3):
                    client.reply()
        with self.daemon.client() as client:
            client.hello().command("MAIL FROM:<a@b>")
        self.assertEqual(self.daemon.dump(), {"tickets": [], "held": []})
        self.stored(self.daemon.deliver(data))

    def test_unread_replies_do_no_harm(self):
        with self.daemon.client() as client:
            client.hello()
            client.sock.settimeout(2)
            try:
                for _ in range(200):
                    client.send("HELP\r\n" * 10000)
            except socket.timeout:
                pass
            self.stored(self.daemon.deliver(self.daemon.sealed()))


class Idle(DaemonTest):
    options = ("limits.idle_seconds=10",)

    def test_idle_timeout(self):
        with self.daemon.client() as client:
            client.hello()
            client.command("MAIL FROM:<a@b>")
            start = time.monotonic()
            self.assertEqual(client.reply()[:2], (421, "4.4.2"))
            self.assertGreater(time.monotonic() - start, 8)
            with self.assertRaises(EOFError):
                client.reply()


class Sessions(DaemonTest):
    def test_two_hundred_and_one(self):
        """limits.sessions is 200; one more is refused, room comes back."""
        clients = [self.daemon.client() for _ in range(200)]
        for client in clients:
            self.addCleanup(client.close)
            client.hello()
        with self.daemon.client() as client:
            self.assertEqual(client.reply()[:2], (421, "4.3.2"))
            with self.assertRaises(EOFError):
                client.reply()
        data = [self.daemon.sealed() for _ in range(5)]
        for client, one in zip(clients, data):
            self.stored(client.deliver(one))
        for client in clients:
            client.close()

        def room():
            with self.daemon.client() as client:
                return client.reply()[0] == 220
        wait_for(room, "a session to end")


class Signals(DaemonTest):
    def test_drain(self):
        """SIGTERM: idle sessions are told, an open transaction ends well."""
        idle = self.daemon.client().hello()
        busy = self.daemon.client().hello()
        data = self.daemon.sealed()
        busy.command("MAIL FROM:<ze@cliente.example>")
        busy.command("RCPT TO:<suporte@desk.example>")
        self.assertEqual(busy.command("DATA")[0], 354)
        busy.send(data[:100])
        self.daemon.process.send_signal(signal.SIGTERM)
        self.assertEqual(idle.reply()[:2], (421, "4.3.2"))
        busy.send(data[100:] + b".\r\n")
        self.stored([busy.reply()])
        self.assertEqual(busy.reply()[:2], (421, "4.3.2"))
        idle.close()
        busy.close()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(len(self.daemon.dump()["tickets"]), 1)

    def test_drain_is_bounded(self):
        stuck = self.daemon.client().hello()
        stuck.command("MAIL FROM:<ze@cliente.example>")
        start = time.monotonic()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertLess(time.monotonic() - start, 50)
        stuck.close()

    def test_hup_and_usr1(self):
        self.daemon.process.send_signal(signal.SIGHUP)
        self.stored(self.daemon.deliver(self.daemon.sealed()))
        self.daemon.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: "stats: " in self.daemon.log(), "statistics")
        self.assertIn("SIGHUP ignored", self.daemon.log())
        line = [l for l in self.daemon.log().splitlines()
                if "stats: " in l][0]
        self.assertIn(" messages=1 ", line)
        self.assertIn(" stored=1 ", line)

    def test_socket_of_a_dead_daemon(self):
        """After a kill the socket is taken over; a live one is not."""
        self.daemon.stop(signal.SIGKILL)
        self.daemon.start()
        self.stored(self.daemon.deliver(self.daemon.sealed()))
        first = self.daemon.process
        try:
            self.daemon.start()
            self.assertGreater(self.daemon.process.wait(30), 0)
            self.assertIn("another program is listening", self.daemon.log())
        finally:
            self.daemon.process = first

    def test_readiness_is_told(self):
        path = str(self.daemon.dir / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(30)
            self.daemon.stop()
            os.environ["NOTIFY_SOCKET"] = path
            try:
                self.daemon.start()
            finally:
                del os.environ["NOTIFY_SOCKET"]
            self.assertEqual(notify.recv(100), b"READY=1")
            self.daemon.stop()
            self.assertEqual(notify.recv(100), b"STOPPING=1")
        self.daemon.start()


class Start(DaemonTest):
    """What stops the start says so, leaves nothing behind, and exits with a
    code of sysexits."""

    def fail(self, *options):
        process = subprocess.run(
            [LMTPD, "-c", str(self.daemon.conf)] +
            [word for option in options for word in ("-o", option)],
            capture_output=True, text=True, timeout=60, check=False)
        return process.returncode, process.stderr

    def test_no_start(self):
        self.daemon.stop()
        for option, code, text in (
                ("server.key_file=/nonexistent", None, "/nonexistent"),
                ("store.database=/nonexistent/x", None, "/nonexistent/x"),
                ("server.template_dir=/nonexistent", None, "nonexistent"),
                ("lmtp.socket=unix:/nonexistent/x", None, "/nonexistent/x"),
                ("lmtp.socket=bogus", 78, "lmtp"),
                ("lmtp.bogus=1", 78, "bogus")):
            with self.subTest(option):
                got, error = self.fail(option)
                self.assertGreaterEqual(got, 64, error)
                self.assertLess(got, 79, error)
                if code:
                    self.assertEqual(got, code)
                self.assertIn(text, error)
        self.daemon.start()

    def test_socket_is_removed(self):
        self.assertEqual(self.daemon.socket.stat().st_mode & 0o777, 0o600)
        self.daemon.stop()
        self.assertFalse(self.daemon.socket.exists())
        self.daemon.start()

    def test_socket_activation(self):
        """The service manager's socket is used and left in place."""
        self.daemon.stop()
        path = self.daemon.dir / "activated"
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(str(path))
            listening.listen(16)
            os.set_inheritable(listening.fileno(), True)
            words = "".join(f"{name}={value} " for name, value
                            in daemon_environment().items())
            with open(self.daemon.logfile, "ab") as log:
                self.daemon.process = subprocess.Popen(
                    ["/bin/sh", "-c",
                     f"exec 3<&{listening.fileno()}; {words} LISTEN_FDS=1 "
                     f"LISTEN_PID=$$ exec {LMTPD} -c {self.daemon.conf}"],
                    stderr=log, pass_fds=[listening.fileno()])
            self.daemon.socket = path
            self.stored(self.daemon.deliver(self.daemon.sealed()))
            self.assertEqual(self.daemon.stop(), 0)
        self.assertTrue(path.exists())

    def test_inet_socket(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.daemon.stop()
        with open(self.daemon.logfile, "ab") as log:
            self.daemon.process = subprocess.Popen(
                [LMTPD, "-c", str(self.daemon.conf),
                 "-o", f"lmtp.socket=inet:127.0.0.1:{port}"], stderr=log,
                env=dict(os.environ, **daemon_environment()))

        def listens():
            with socket.socket() as one:
                return one.connect_ex(("127.0.0.1", port)) == 0
        wait_for(listens, "the port")
        with socket.create_connection(("127.0.0.1", port), 30) as one:
            self.assertTrue(one.recv(100).startswith(b"220 "))


if __name__ == "__main__":
    unittest.main()
