# SPDX-License-Identifier: GPL-2.0-or-later
"""Things that go wrong: hostile messages, dying processes, a locked disk."""

import os
import re
import resource
import signal
import sqlite3
import threading
import time
import unittest

from lmtp_support import DaemonTest, children, comm, message, wait_for


def nested(header):
    """A message whose attached message has a poisonous header."""
    return message(
        extra="MIME-Version: 1.0\r\n"
              "Content-Type: multipart/mixed; boundary=b\r\n",
        body="--b\r\n\r\nveja\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
             f"{header}\r\nSubject: x\r\n\r\nbody\r\n--b--\r\n")


def folded(text, width=70):
    return "\r\n ".join(text[i:i + width] for i in range(0, len(text), width))


GROUPS = [f"{name}: {text}" for name in ("To", "Cc", "Reply-To", "From",
                                         "Resent-To")
          for text in ("g:" * 30000, "g:" * 100000 + ";" * 100000,
                       folded("g:" * 30000), "a:(c)" * 20000, "g : " * 30000,
                       '"g":' * 20000, "=?utf-8?q?g?=:" * 10000)]


class Poison(DaemonTest):
    def check_survives(self, data):
        [ref] = self.stored(self.daemon.deliver(self.daemon.seal(data)))
        [fine] = self.stored(self.daemon.deliver(self.daemon.sealed()))
        self.assertNotEqual(ref, fine)
        return ref

    def texts(self):
        return {t["ref"]: t["messages"][0]["text"]
                for t in self.daemon.dump()["tickets"]}

    def test_nested_groups(self):
        refs = [self.check_survives(nested(header)) for header in GROUPS]
        self.assertEqual(len(set(refs)), len(GROUPS))
        self.assertEqual(self.daemon.process.poll(), None)

    def test_other_bombs(self):
        deep = "".join(
            f"--b{i}\r\nContent-Type: multipart/mixed; boundary=b{i + 1}\r\n"
            "\r\n" for i in range(1000))
        bombs = {
            "depth": message(
                extra="Content-Type: multipart/mixed; boundary=b0\r\n",
                body=deep),
            "parts": message(
                extra="Content-Type: multipart/mixed; boundary=b\r\n",
                body="--b\r\n\r\n" * 100000),
            "headers": message(extra="X: y\r\n" * 100000),
            "parameters": message(
                extra="Content-Type: text/plain" + "".join(
                    f";\r\n a{i}=b" for i in range(13000)) + "\r\n"),
            "html": message(extra="Content-Type: text/html\r\n",
                            body="<div>" * 100000),
            "header": message(extra="X-Long: " + "x" * 1000000 + "\r\n"),
            "addresses": message(extra="Cc: " + "a@b, " * 100000 + "\r\n"),
            "encoded": message("=?utf-8?q?" + "=41" * 20000 + "?="),
        }
        for name, data in bombs.items():
            with self.subTest(name):
                self.check_survives(data)

    def test_stub_says_why(self):
        ref = self.check_survives(message(extra="X: y\r\n" * 5000))
        text = self.texts()[ref]
        self.assertIn("não pôde ser lida", text)
        self.assertIn("headers", text)
        self.assertIn("unparsed, keeping a stub", self.daemon.log())
        [ticket] = [t for t in self.daemon.dump()["tickets"]
                    if t["ref"] == ref]
        self.assertEqual(ticket["subject"], "Ajuda")


class PoisonPastThePrescan(DaemonTest):
    """Limits as high as they go: now the child meets what the pre-scan of
    mail/ usually keeps from it."""

    options = ("limits.addresses=10000", "limits.header_field_bytes=1M",
               "limits.header_bytes=16M", "limits.headers=100000",
               "limits.mime_depth=200", "limits.mime_parts=20000",
               "limits.mime_parameters=1000", "limits.html_nodes=2000000",
               "limits.parser_seconds=2")

    def test_each_is_kept_and_the_next_is_fine(self):
        groups = [f"{name}: {text}" for name in ("To", "From", "Resent-To")
                  for text in ("g:" * 9000, "g:" * 400000, "a:(c)" * 9000,
                               "(" * 900000, "<" * 900000, "@a," * 300000)]
        for header in groups + ["X: y"]:
            data = self.daemon.seal(nested(header))
            self.stored(self.daemon.deliver(data))
            self.stored(self.daemon.deliver(self.daemon.sealed()))
        html = message(extra="Content-Type: text/html\r\n",
                       body="<div>" * 1000000)
        self.stored(self.daemon.deliver(self.daemon.seal(html)))
        self.stored(self.daemon.deliver(self.daemon.sealed()))
        self.assertEqual(len(self.daemon.dump()["tickets"]),
                         2 * len(groups) + 4)


class Parsers(DaemonTest):
    options = ("limits.message_bytes=100M", "limits.parser_memory=2G",
               "lmtp.parsers=1")

    def parsers(self):
        return [pid for pid in children(self.daemon.zygote())
                if comm(pid) == "lmtpd-parser"]

    @staticmethod
    def ticks(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as file:
                fields = file.read().rsplit(")", 1)[1].split()
        except (OSError, IndexError):
            return 0
        return int(fields[11]) + int(fields[12])

    def kill_working(self, stop):
        """Kills the child as soon as it has worked for a while."""
        while not stop.is_set():
            for pid in self.parsers():
                if self.ticks(pid) >= 2:
                    os.kill(pid, signal.SIGKILL)
                    return

    def test_child_killed_at_work(self):
        big = self.daemon.seal(message(
            "Grande", extra="MIME-Version: 1.0\r\n"
            "Content-Type: multipart/mixed; boundary=b\r\n",
            body=("--b\r\nContent-Type: application/octet-stream\r\n"
                  "Content-Transfer-Encoding: base64\r\n\r\n" +
                  ("QUJD" * 18 + "\r\n") * 10000) * 110 + "--b--\r\n"))
        stop = threading.Event()
        killer = threading.Thread(target=self.kill_working, args=(stop,))
        killer.start()
        try:
            [ref] = self.stored(self.daemon.deliver(big))
        finally:
            stop.set()
            killer.join()
        self.assertIn('the parser was ended by Killed', self.daemon.log())
        self.stored(self.daemon.deliver(self.daemon.sealed()))
        dump = self.daemon.dump()
        self.assertEqual(len(dump["tickets"]), 2)
        [stub] = [t for t in dump["tickets"] if t["ref"] == ref]
        self.assertEqual(stub["subject"], "Grande")
        self.assertEqual(self.daemon.blob(stub["messages"][0]["raw"]), big)

    def test_idle_child_killed(self):
        for _ in range(5):
            for pid in self.parsers():
                os.kill(pid, signal.SIGKILL)
            self.stored(self.daemon.deliver(self.daemon.sealed("inteira")))
        self.assertNotIn("unparsed", self.daemon.log())

    def test_zygote_killed(self):
        """Nothing is lost; the daemon stops so that it is started again."""
        data = self.daemon.sealed()
        process = self.daemon.process
        os.kill(self.daemon.zygote(), signal.SIGKILL)
        self.assertEqual(process.wait(60), 70)
        self.assertIn("the parser zygote died", self.daemon.log())
        self.daemon.start()
        self.stored(self.daemon.deliver(data))

    def test_children_are_confined(self):
        wait_for(self.parsers, "a child")
        [pid] = self.parsers()
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            status = dict(line.split(":\t", 1) for line in file)
        self.assertEqual(status["Seccomp"].strip(), "2")
        self.assertEqual(status["NoNewPrivs"].strip(), "1")
        links = {os.readlink(f"/proc/{pid}/fd/{fd}")
                 for fd in os.listdir(f"/proc/{pid}/fd")}
        self.assertEqual({link for link in links
                          if not link.startswith("socket:")} -
                         {"/dev/null", str(self.daemon.logfile)}, set())
        zygote = self.daemon.zygote()
        for fd in os.listdir(f"/proc/{zygote}/fd"):
            self.assertNotIn("portaria.db",
                             os.readlink(f"/proc/{zygote}/fd/{fd}"))

    def test_no_process_is_left(self):
        zygote = self.daemon.zygote()
        pids = self.parsers() + [zygote]
        self.daemon.stop(signal.SIGKILL)
        wait_for(lambda: not any(comm(pid).startswith("lmtpd-")
                                 for pid in pids), "children to end")
        self.daemon.start()


class Crash(DaemonTest):
    COUNT = 60

    def deliver_all(self, queue, done, stop):
        """Tries each message until it is answered 250, as an MTA does."""
        while queue and not stop.is_set():
            try:
                data = queue.pop()
            except IndexError:
                return
            try:
                replies = self.daemon.deliver(data)
            except (OSError, EOFError, AssertionError):
                replies = [(451, "", "")]
            if replies[0][0] == 250:
                done.append((data, replies[0][2].split()[0]))
            else:
                queue.insert(0, data)
                time.sleep(0.05)

    def test_kill_under_load(self):
        """Each message is there exactly once after any number of crashes."""
        data = [self.daemon.sealed(f"Assunto {i}") for i in range(self.COUNT)]
        queue, done, stop = list(data), [], threading.Event()
        threads = [threading.Thread(target=self.deliver_all,
                                    args=(queue, done, stop))
                   for _ in range(8)]
        for thread in threads:
            thread.start()
        try:
            for pause in (0.05, 0.1, 0.2, 0.02, 0.3):
                time.sleep(pause)
                self.daemon.stop(signal.SIGKILL)
                self.daemon.start()
            wait_for(lambda: len(done) == self.COUNT, "all deliveries")
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        # Those answered before a crash come again when the reply was lost.
        again = {d: self.stored(self.daemon.deliver(d))[0] for d in data}
        self.assertEqual(again, dict(done))
        tickets = self.daemon.dump()["tickets"]
        self.assertEqual(sorted(t["subject"] for t in tickets),
                         sorted(f"Assunto {i}" for i in range(self.COUNT)))
        for ticket in tickets:
            self.assertEqual([m["author"] for m in ticket["messages"]
                              if m["author"] != "event"], ["customer"])


class Database(DaemonTest):
    options = ("store.busy_ms=300",)

    def test_locked(self):
        """Another process writes for longer than we wait."""
        data = self.daemon.sealed()
        other = sqlite3.connect(self.daemon.dir / "portaria.db",
                                isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with self.daemon.client() as client:
            client.hello()
            replies = client.deliver(data)
            self.assertEqual(replies[0][:2], (451, "4.3.0"))
            other.execute("ROLLBACK")
            self.stored(client.deliver(data))
        other.close()
        self.assertEqual(len(self.daemon.dump()["tickets"]), 1)

    def test_unlocked_in_time(self):
        other = sqlite3.connect(self.daemon.dir / "portaria.db",
                                isolation_level=None,
                                check_same_thread=False)
        self.daemon.stop()
        self.daemon.start("store.busy_ms=20000")
        other.execute("BEGIN IMMEDIATE")
        timer = threading.Timer(1, lambda: other.execute("ROLLBACK"))
        data = self.daemon.sealed()
        timer.start()
        self.stored(self.daemon.deliver(data))
        timer.join()
        other.close()

    def test_database_gone(self):
        """The file is moved away: 4xx, and fine again when it is back."""
        first, second = self.daemon.sealed(), self.daemon.sealed()
        self.stored(self.daemon.deliver(first))
        away = self.daemon.dir / "away"
        away.mkdir()
        names = [p for p in self.daemon.dir.iterdir()
                 if p.name.startswith("portaria.db")]
        for path in names:
            path.rename(away / path.name)
        with self.daemon.client() as client:
            client.hello()
            self.assertEqual(client.command("MAIL FROM:<a@b>")[0], 250)
            self.assertEqual(
                client.command("RCPT TO:<suporte@desk.example>")[:2],
                (451, "4.3.0"))
        for path in self.daemon.dir.glob("portaria.db*"):
            path.unlink()
        for path in names:
            (away / path.name).rename(path)
        self.stored(self.daemon.deliver(second))
        self.assertEqual(len(self.daemon.dump()["tickets"]), 2)

    def test_blob_folder_unwritable(self):
        """A large message cannot be put down; small ones can."""
        blobs = self.daemon.dir / "blobs"
        blobs.rename(self.daemon.dir / "blobs.away")
        blobs.write_text("a file, not a folder")
        large = self.daemon.sealed(body="x" * 70 + "\r\n" * 2000000)
        self.assertEqual(self.daemon.deliver(large)[0][:2], (451, "4.3.0"))
        self.stored(self.daemon.deliver(self.daemon.sealed()))
        blobs.unlink()
        (self.daemon.dir / "blobs.away").rename(blobs)
        self.stored(self.daemon.deliver(large))

    def test_one_bad_message_in_a_batch(self):
        """Its batch is stored without it."""
        blobs = self.daemon.dir / "blobs"
        blobs.rename(self.daemon.dir / "blobs.away")
        blobs.write_text("")
        large = self.daemon.sealed(body=("x" * 70 + "\r\n") * 40000)
        small = [self.daemon.sealed() for _ in range(6)]
        clients = [self.daemon.client().hello() for _ in range(7)]
        codes = {}

        def deliver(client, data):
            codes[data] = client.deliver(data)[0][0]
        threads = [threading.Thread(target=deliver, args=pair)
                   for pair in zip(clients, small[:3] + [large] + small[3:])]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()
        self.assertEqual([codes[data] for data in small], [250] * 6)
        self.assertEqual(codes[large], 451)
        blobs.unlink()
        (self.daemon.dir / "blobs.away").rename(blobs)


class Commits(DaemonTest):
    options = ("store.busy_ms=20000", "store.blob_inline_max=64K")

    def test_messages_that_wait_share_a_commit(self):
        count = 12
        data = [self.daemon.sealed() for _ in range(count)]
        clients = [self.daemon.client().hello() for _ in range(count)]
        other = sqlite3.connect(self.daemon.dir / "portaria.db",
                                isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        refs = []
        threads = [threading.Thread(
            target=lambda c=c, d=d: refs.extend(self.stored(c.deliver(d))))
            for c, d in zip(clients, data)]
        for thread in threads:
            thread.start()
        time.sleep(3)
        other.execute("ROLLBACK")
        other.close()
        for thread in threads:
            thread.join()
        for client in clients:
            client.close()
        self.assertEqual(len(set(refs)), count)
        self.daemon.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: "stats: " in self.daemon.log(), "statistics")
        batches = int(re.search(r" batches=(\d+)", self.daemon.log())[1])
        self.assertLessEqual(batches, 4)

    def test_disk_full(self):
        """Writing fails in the middle: nobody is told 250 for what is not
        there, and nothing is there twice when it came again."""
        data = [self.daemon.sealed(f"Assunto {i}", body="x" * 70 + "\r\n")
                for i in range(40)]
        resource.prlimit(self.daemon.process.pid, resource.RLIMIT_FSIZE,
                         (700 * 1024, resource.RLIM_INFINITY))
        codes = [self.daemon.deliver(one)[0][0] for one in data]
        self.assertIn(451, codes)
        self.assertEqual(set(codes) - {250, 451}, set())
        resource.prlimit(self.daemon.process.pid, resource.RLIMIT_FSIZE,
                         (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        subjects = [t["subject"] for t in self.daemon.dump()["tickets"]]
        for code, i in zip(codes, range(40)):
            if code == 250:
                self.assertIn(f"Assunto {i}", subjects)
        for one in data:
            self.stored(self.daemon.deliver(one))
        subjects = [t["subject"] for t in self.daemon.dump()["tickets"]]
        self.assertEqual(sorted(subjects),
                         sorted(f"Assunto {i}" for i in range(40)))


class Memory(DaemonTest):
    options = ("limits.message_bytes=64K",)

    def test_messages_held_at_once_are_bounded(self):
        """Eight times the largest message fits; the next one is deferred."""
        part = message(body="x" * 70 + "\r\n" * 30000)[:60000]
        clients = []
        for _ in range(9):
            client = self.daemon.client().hello()
            clients.append(client)
            client.send(b"MAIL FROM:<a@b>\r\n"
                        b"RCPT TO:<abusos@desk.example>\r\nDATA\r\n")
            for _ in range(3):
                client.reply()
            client.send(part)
        time.sleep(1)
        codes = []
        for client in clients:
            client.send(b"\r\n.\r\n")
            codes.append(client.reply()[:2])
            client.close()
        self.assertEqual(codes.count((452, "4.3.1")), 1, codes)
        self.assertEqual(codes.count((250, "2.6.0")), 8, codes)


if __name__ == "__main__":
    unittest.main()
