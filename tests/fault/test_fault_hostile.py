# SPDX-License-Identifier: GPL-2.0-or-later
"""A peer on the LMTP socket that wants to hurt.

No message ends where somebody else would not end it, nothing of an unfinished
one is kept, the daemon goes on, and its memory stays below 64 MiB and the
largest message for each session in use. (Sanitized programs use more: there
the figures are printed, but not judged.)
"""

import os
import random
import re
import socket
import threading
import time
import unittest
from pathlib import Path

from fault_support import check_database, figures, length
from lmtp_support import DaemonTest, message, wait_for

MIB = 1024 * 1024
LARGEST = 1  # MiB, of a message
SANITIZED = os.environ.get("PORTARIA_SANITIZE", "") != ""


def resident(pid):
    text = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"^VmRSS:\s+(\d+)", text, re.M)[1]) / 1024


class Watch:
    """The most memory of the daemon, in MiB, while it is watched."""

    def __init__(self, pid):
        self.pid, self.peak, self.stop = pid, 0, threading.Event()
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stop.wait(0.02):
            self.peak = max(self.peak, resident(self.pid))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        self.thread.join()


class Hostile(DaemonTest):
    options = (f"limits.message_bytes={LARGEST}M", "limits.idle_seconds=10",
               "log.level=warning")

    def bounded(self, watch, sessions, what):
        bound = 64 + LARGEST * sessions
        figures(what, sessions=sessions, rss_mib=f"{watch.peak:.1f}",
                bound_mib=bound)
        if not SANITIZED:
            self.assertLess(watch.peak, bound)

    def alive(self):
        """It stores mail as if nothing had been."""
        self.stored(self.daemon.deliver(self.daemon.sealed()))

    def in_data(self, recipient="abusos@desk.example"):
        client = self.daemon.client().hello()
        client.send(f"MAIL FROM:<a@b.example>\r\nRCPT TO:<{recipient}>\r\n"
                    "DATA\r\n")
        self.assertEqual([client.reply()[0] for _ in range(3)],
                         [250, 250, 354])
        return client

    @staticmethod
    def pour(client, chunk, count):
        """As much as it takes; how many chunks went out."""
        for i in range(count):
            try:
                client.sock.sendall(chunk)
            except OSError:
                return i
        return count

    def test_lines_without_end(self):
        """As a command and in a message, from several at once."""
        chunk = b"x" * 65536
        sessions, count = 8, length(400, 4000)

        def command():
            with self.daemon.client() as client:
                client.hello()
                self.pour(client, chunk, count)

        def content():
            with self.in_data() as client:
                self.pour(client, chunk, count)
                client.send(b"\r\n.\r\n")
                self.assertEqual(client.reply()[:2], (452, "4.3.4"))
        threads = [threading.Thread(target=(command, content)[i % 2])
                   for i in range(sessions)]
        with Watch(self.daemon.process.pid) as watch:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.bounded(watch, sessions, "lines without end, "
                     f"{count * 65536 // MIB} MiB each")
        self.alive()

    def test_messages_at_the_limit(self):
        """The largest that is allowed, in many sessions at once: each is
        stored or deferred, and all of them in the end."""
        body = "".join(f"{i:06}" + "x" * 70 + "\r\n"
                       for i in range(LARGEST * MIB // 78 - 20))
        sessions = 24
        letters = [self.daemon.seal(message(f"Grande {i}", body=body))
                   for i in range(sessions)]
        codes = []

        def deliver(data):
            code = None
            while code != 250:
                time.sleep(0.2 * random.random())
                code = self.daemon.deliver(data)[0][0]
                codes.append(code)
        threads = [threading.Thread(target=deliver, args=(l,))
                   for l in letters]
        with Watch(self.daemon.process.pid) as watch:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        self.assertEqual(set(codes) - {250, 452}, set())
        self.bounded(watch, sessions, "largest messages at once")
        self.assertEqual(len(self.daemon.dump()["tickets"]), sessions)

    def test_hundred_thousand_recipients(self):
        for address in ("suporte@desk.example", "nobody@desk.example"):
            count = length(20000, 100000)
            with self.daemon.client() as client, \
                    Watch(self.daemon.process.pid) as watch:
                client.hello()
                self.assertEqual(client.command("MAIL FROM:<a@b>")[0], 250)
                codes = self.recipients(client, address, count)
                self.assertEqual(client.command("NOOP")[0], 250)
            self.assertEqual(sum(codes.values()), count)
            self.assertLessEqual(codes.get(250, 0), 100)
            self.assertLessEqual(set(codes), {250, 452, 550})
            self.bounded(watch, 1, f"{count} RCPT")
        self.alive()

    @staticmethod
    def recipients(client, address, count):
        """Pipelined; the replies are read by another thread."""
        codes = {}

        def read():
            for _ in range(count):
                code = client.reply()[0]
                codes[code] = codes.get(code, 0) + 1
        reader = threading.Thread(target=read)
        reader.start()
        line = f"RCPT TO:<{address}>\r\n".encode()
        for _ in range(count // 100):
            client.send(line * 100)
        reader.join()
        return codes

    def test_slow_drip(self):
        """A byte now and then: it costs a session, nobody else waits, and
        one that says nothing at all is sent away."""
        drips = [self.in_data() for _ in range(20)]
        mute = self.daemon.client()
        start = time.monotonic()
        slowest = 0
        with Watch(self.daemon.process.pid) as watch:
            while time.monotonic() - start < length(12, 40):
                for client in drips:
                    client.send(b"x")
                before = time.monotonic()
                self.alive()
                slowest = max(slowest, time.monotonic() - before)
                time.sleep(0.5)
        self.assertEqual(mute.reply()[0], 220)
        self.assertEqual(mute.reply()[:2], (421, "4.4.2"))
        mute.close()
        for client in drips:
            client.send(b"\r\n.\r\n")
            self.assertEqual(client.reply()[0], 250)
            client.close()
        self.bounded(watch, 22, "slow drip")
        figures("others beside a slow drip", slowest_s=f"{slowest:.2f}")
        self.assertLess(slowest, 10)

    def test_garbage(self):
        """Pipelined nonsense of all kinds, from a seed that is printed."""
        seed = int(os.environ.get("PORTARIA_FAULT_SEED",
                                  str(time.time_ns())))
        print("seed", seed, flush=True)
        chance = random.Random(seed)
        words = [b"LHLO x\r\n", b"MAIL FROM:<a@b>\r\n", b"DATA\r\n",
                 b"RCPT TO:<abusos@desk.example>\r\n", b"RSET\r\n",
                 b"BDAT 10\r\n", b"BDAT 99999999999999999999 LAST\r\n",
                 b"XFORWARD ADDR=x NAME=\r\n", b"\r\n", b"\n", b"\r", b"\0",
                 b".\r\n", b"\r\n.\r\n", b".\n", b"QUIT\n", b"x" * 5000,
                 b"MAIL FROM:<" + b"a" * 3000 + b">\r\n", b"\xff\xfe\r\n"]
        rounds = length(300, 3000)
        with Watch(self.daemon.process.pid) as watch:
            for _ in range(rounds):
                with socket.socket(socket.AF_UNIX) as sock:
                    sock.connect(str(self.daemon.socket))
                    try:
                        sock.sendall(b"".join(
                            chance.choice(words)
                            if chance.random() < 0.8 else
                            chance.randbytes(chance.randint(1, 300))
                            for _ in range(chance.randint(1, 60))))
                    except OSError:
                        pass
        self.bounded(watch, 1, f"{rounds} connections of garbage")
        self.alive()
        check_database(self.daemon)

    def test_early_close(self):
        """At every byte of a transaction: stored whole or not at all. Ends
        without descriptors or sessions that stay."""
        data = self.daemon.sealed("Cortada")
        talk = (b"LHLO client.example\r\nMAIL FROM:<ze@cliente.example>\r\n"
                b"RCPT TO:<suporte@desk.example>\r\nDATA\r\n" + data
                + b".\r\n")
        pid = self.daemon.process.pid
        self.stored(self.daemon.deliver(self.daemon.sealed("Antes")))
        before = len(os.listdir(f"/proc/{pid}/fd"))
        step = length(7, 1)
        cuts = list(range(0, len(talk) - 1, step))
        for cut in cuts:
            with socket.socket(socket.AF_UNIX) as sock:
                sock.connect(str(self.daemon.socket))
                sock.sendall(talk[:cut])
                if cut % 2:
                    sock.shutdown(socket.SHUT_WR)
                    while sock.recv(65536):
                        pass
        wait_for(lambda: len(os.listdir(f"/proc/{pid}/fd")) <= before,
                 "descriptors to be closed")
        self.assertEqual([t["subject"] for t in
                          self.daemon.dump()["tickets"]], ["Antes"])
        self.stored(self.daemon.deliver(data))
        self.assertEqual(len(self.daemon.dump()["tickets"]), 2)
        figures("closed early", places=len(cuts), descriptors=before)

    def test_smuggling(self):
        """What is not <CRLF>.<CRLF> ends no message, however it is cut into
        packets; and it is kept byte for byte."""
        ends = [before + b"." + after
                for before in (b"\n", b"\r", b"\r\n", b"\n\r", b"\r\r\n",
                               b"\0\n", b"\r\n\0")
                for after in (b"\n", b"\r", b"\r\n", b"\n\r", b"\r\r\n",
                              b"\n\n", b"\0\r\n", b" \r\n", b"\r\n ")]
        real = (b"\r\n.\r\n",)
        ends = [e for e in ends if not any(r in e for r in real)]
        smuggled = (b"MAIL FROM:<evil@b.example>\r\n"
                    b"RCPT TO:<abusos@desk.example>\r\nDATA\r\n"
                    b"Subject: contrabando\r\n\r\nx\r\n")
        wanted = set()
        for number, end in enumerate(ends):
            for cut in (None, 1, 2, 3):
                name = f"<s{number}.{cut}@cliente.example>"
                body = b"antes" + end + smuggled
                data = message("Fora", name, body="").rstrip(b"\r\n") \
                    + b"\r\n\r\n" + body
                self.send_cut(data, end, cut)
                wanted.add((name, self.unstuffed(data)))
        tickets = self.daemon.dump()["tickets"]
        self.assertNotIn("contrabando", [t["subject"] for t in tickets])
        got = {(m["message_id"], self.daemon.blob(m["raw"]))
               for t in tickets for m in t["messages"] if m["raw"]}
        self.assertEqual(got, wanted)
        figures("smuggling", sequences=len(ends), sent=len(wanted),
                ended_by_one=0)

    @staticmethod
    def unstuffed(data):
        """What we send is not stuffed on purpose: RFC 5321 section 4.5.2
        takes the first dot of a line away."""
        return re.sub(rb"(^|(?<=\r\n))\.", b"", data)

    def send_cut(self, data, end, cut):
        with self.in_data() as client:
            at = data.index(b"antes" + end) + 5
            pieces = [data] if cut is None else \
                [data[:at + cut], data[at + cut:]]
            for piece in pieces:
                client.send(piece)
                time.sleep(0.002 if cut else 0)
            client.send(b".\r\n")
            self.assertEqual(client.reply()[0], 250, (end, cut))
            # One message, one answer: the next command is answered next.
            self.assertEqual(client.command("NOOP")[:2], (250, "2.0.0"))


if __name__ == "__main__":
    unittest.main()
