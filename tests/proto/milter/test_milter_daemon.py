# SPDX-License-Identifier: GPL-2.0-or-later
"""test_milter_daemon.py - start, stop, signals, sockets, a database that goes"""

import os
import re
import signal
import socket
import subprocess
import threading
import time
import unittest

from milter_support import (MILTER, PATIENCE, SUPORTE, ZE, Gone, Milter,
                            MilterTest, header_text, main, text_of, wait_for)


class Start(unittest.TestCase):

    def run_once(self, milter, *options):
        milter.spawn(*options)
        code = milter.process.wait(PATIENCE)
        milter.process = None
        return code

    def with_milter(self, **more):
        milter = Milter(**more)
        self.addCleanup(milter.close)
        return milter

    def test_bad_configuration(self):
        milter = self.with_milter()
        self.assertEqual(self.run_once(milter, "-o",
                                       "milter.envelope_secs=1"), 78)
        self.assertIn("envelope_secs", milter.log)

    def test_no_key_file(self):
        milter = self.with_milter()
        (milter.dir / "key").unlink()
        self.assertEqual(self.run_once(milter), 78)

    def test_key_file_for_everybody(self):
        milter = self.with_milter()
        (milter.dir / "key").chmod(0o644)
        self.assertEqual(self.run_once(milter), 78)

    def test_no_templates(self):
        milter = self.with_milter()
        self.assertEqual(
            self.run_once(milter, "-o", "server.template_dir=/nonexistent"),
            78)

    def test_bad_zone_file(self):
        milter = self.with_milter()
        bad = milter.dir / "bad.zone"
        bad.write_text("what is this\n")
        self.assertEqual(self.run_once(milter, "-o",
                                       f"dns.local_zones={bad}"), 78)

    def test_help_and_version(self):
        for option in ("--help", "--version"):
            done = subprocess.run([MILTER, option], capture_output=True,
                                  check=True)
            self.assertIn(b"ortaria", done.stdout)

    def test_socket_mode_and_end(self):
        milter = self.with_milter()
        milter.start()
        self.assertEqual(milter.path.stat().st_mode & 0o777, 0o660)
        self.assertEqual(milter.stop(), 0)
        self.assertFalse(milter.path.exists())

    def test_dead_socket_is_replaced(self):
        milter = self.with_milter()
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(milter.path))
        milter.start()
        with milter.peer() as peer:
            self.assertEqual(peer.begin()[0], b"c")

    def test_live_socket_is_left_alone(self):
        milter = self.with_milter()
        milter.start()
        first = milter.process
        second = subprocess.run([MILTER, "-c", milter.conf],
                                capture_output=True, timeout=PATIENCE)
        self.assertNotEqual(second.returncode, 0)
        self.assertIn(b"another program", second.stderr)
        self.assertIsNone(first.poll())
        with milter.peer() as peer:
            self.assertEqual(peer.begin()[0], b"c")

    def test_inet_socket(self):
        milter = self.with_milter()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        milter.spawn("-o", f"milter.socket=inet:127.0.0.1:{port}")
        wait_for(lambda: "started" in milter.log, "start")
        with socket.create_connection(("127.0.0.1", port)) as link:
            link.sendall(b"\0\0\0\x0dO" + bytes(3) + b"\6" + bytes(2) +
                         b"\1\xff\0\x1f\xff\xff")
            self.assertEqual(link.recv(5)[4:], b"O")

    def test_ready_is_told(self):
        milter = self.with_milter()
        path = milter.dir / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(str(path))
            notify.settimeout(PATIENCE)
            milter.spawn(env={**os.environ, "NOTIFY_SOCKET": str(path)})
            self.assertEqual(notify.recv(100), b"READY=1")
            self.assertEqual(milter.stop(), 0)
            self.assertEqual(notify.recv(100), b"STOPPING=1")

    def test_socket_of_the_service_manager(self):
        milter = self.with_milter()
        path = milter.dir / "handed"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(path))
            listener.listen(5)
            # The variable must name the process that reads it.
            script = ('exec 3<&0; export LISTEN_FDS=1 LISTEN_PID=$$; '
                      'exec "$0" "$@"')
            with open(milter.dir / "log", "ab") as log:
                milter.process = subprocess.Popen(
                    ["sh", "-c", script, MILTER, "-c", milter.conf],
                    stdin=listener.fileno(), stdout=log, stderr=log)
            wait_for(lambda: "started" in milter.log, "start")
            self.assertFalse(milter.path.exists())
            from milter_support import Peer
            with Peer(path) as peer:
                self.assertEqual(peer.begin()[0], b"c")
            self.assertEqual(milter.stop(), 0)
        # It is the service manager's to remove.
        self.assertTrue(path.exists())


class Signals(MilterTest):

    def setUp(self):
        process = self.milter.process
        if process is None or process.poll() is not None:
            self.milter.start()

    def start_message(self):
        peer = self.milter.peer()
        self.addCleanup(peer.socket.close)
        peer.begin()
        peer.data()
        peer.headers(header_text().encode())
        peer.end_header()
        return peer

    def test_hangup_is_ignored(self):
        for pause in (0, 0, 0, 0.01, 0.1):
            self.milter.process.send_signal(signal.SIGHUP)
            time.sleep(pause)
        time.sleep(0.5)
        self.assertIsNone(self.milter.process.poll())
        self.assert_alive()

    def test_statistics(self):
        before = self.milter.log.count("stats:")
        self.assert_alive()
        self.milter.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: self.milter.log.count("stats:") > before, "stats")
        line = [l for l in self.milter.log.splitlines() if "stats:" in l][-1]
        self.assertGreaterEqual(int(re.search(r"accepted=(\d+)",
                                              line).group(1)), 1)

    def stop_within(self, seconds, how=signal.SIGTERM):
        start = time.monotonic()
        self.assertEqual(self.milter.stop(how), 0)
        self.assertLess(time.monotonic() - start, seconds)

    def test_stop_at_rest(self):
        self.assert_alive()
        self.stop_within(5)

    def test_stop_at_any_moment_of_the_start(self):
        self.milter.stop()
        for pause in range(20):
            process = self.milter.spawn()
            time.sleep(pause / 200)
            process.send_signal(signal.SIGHUP)
            process.send_signal(signal.SIGTERM)
            # Before main() the default action is all there is.
            self.assertIn(process.wait(PATIENCE),
                          (0, -signal.SIGTERM, -signal.SIGHUP),
                          self.milter.log[-3000:])
        self.milter.process = None

    def test_hangup_and_statistics_do_not_stop(self):
        for _ in range(200):
            self.milter.process.send_signal(signal.SIGUSR1)
            self.milter.process.send_signal(signal.SIGHUP)
        time.sleep(0.5)
        self.assertIsNone(self.milter.process.poll())
        self.assert_alive()

    def test_interrupt(self):
        self.stop_within(5, signal.SIGINT)

    def test_stop_with_an_idle_session(self):
        with self.milter.peer().negotiate() as peer:
            peer.connect()
            self.stop_within(5)
            with self.assertRaises(Gone):
                peer.receive()

    def test_stop_waits_for_a_message(self):
        peer = self.start_message()
        self.milter.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        self.assertIsNone(self.milter.process.poll())
        # No other begins meanwhile, and mail of others flows.
        with self.milter_peer_or_none() as other:
            if other:
                with other:
                    self.assertEqual(text_of(other.begin())[0], 451)
                    self.assertEqual(other.rcpt("a@world.example")[0], b"c")
        self.assertEqual(peer.end()[0], b"c")
        self.assertEqual(len(peer.edits), 2)
        self.assertEqual(self.milter.process.wait(PATIENCE), 0)
        self.milter.process = None

    def milter_peer_or_none(self):
        """The socket's name is gone by then; one inherited may still be."""
        import contextlib
        try:
            return self.milter.peer()
        except OSError:
            return contextlib.nullcontext()

    def test_stop_does_not_wait_for_ever(self):
        self.start_message()
        self.stop_within(30)


class Database(unittest.TestCase):

    def setUp(self):
        self.milter = Milter(fill=False)
        self.addCleanup(self.milter.close)

    def rcpt(self, recipient=SUPORTE):
        with self.milter.peer() as peer:
            answer = peer.begin(recipient=recipient)
            return answer, peer.data()

    def move(self, away):
        pairs = [(self.milter.dir / f"portaria.db{end}",
                  self.milter.dir / f"away{end}") for end in ("", "-wal",
                                                             "-shm")]
        for one, other in pairs:
            source, target = (one, other) if away else (other, one)
            if source.exists():
                source.rename(target)

    def test_none_at_the_start(self):
        self.milter.start()
        self.assertIn("no database", self.milter.log)
        # Nobody knows who is ours: mail goes on, without a seal.
        answer, data = self.rcpt()
        self.assertEqual((answer[0], data[0]), (b"c", b"a"))
        self.milter.tool("fill")
        wait_for(lambda: "the database is back" in self.milter.log,
                 "the database to be found")
        with self.milter.peer() as peer:
            self.assertEqual(peer.begin()[0], b"c")
            answer = peer.message(header_text())
            self.assertEqual(answer[0], b"c")
            self.assertEqual(len(peer.edits), 2)

    def test_gone_and_back(self):
        self.milter.tool("fill")
        self.milter.start()
        self.assertEqual(self.rcpt()[0][0], b"c")
        self.move(True)
        answer, data = self.rcpt()
        self.assertEqual(text_of(answer)[0], 451)
        self.assertEqual(data[0], b"a")
        self.assertEqual(self.rcpt("a@world.example")[0][0], b"c")
        time.sleep(3)  # the copy is read again, in vain
        self.assertEqual(text_of(self.rcpt()[0])[0], 451)
        self.assertEqual(self.rcpt("a@world.example")[0][0], b"c")
        self.assertEqual(self.milter.log.count("no database"), 1)
        self.move(False)
        self.assertEqual(self.rcpt()[0][0], b"c")

    def test_gone_inside_a_message(self):
        self.milter.tool("fill")
        self.milter.start()
        with self.milter.peer() as peer:
            peer.begin()
            self.move(True)
            code, lines = text_of(peer.message(header_text()))
            self.assertEqual(code, 451)
            self.assertTrue(lines[0].startswith("4.3.0"))
            self.move(False)
            peer.mail()
            self.assertEqual(peer.rcpt()[0], b"c")

    def test_broken(self):
        self.milter.tool("fill")
        self.milter.start()
        self.move(True)
        (self.milter.dir / "portaria.db").write_bytes(b"x" * 8192)
        self.assertEqual(text_of(self.rcpt()[0])[0], 451)
        self.assertEqual(self.rcpt("a@world.example")[0][0], b"c")


class Budget(unittest.TestCase):
    """Slow name servers: the answer comes in time, and is temporary."""

    def test_time_of_a_message(self):
        milter = Milter(more="\n[milter]\nmessage_seconds = 2\n"
                             "[dns]\ntimeout_ms = 1500\n")
        self.addCleanup(milter.close)
        milter.start()
        with milter.peer() as peer:
            self.assertEqual(peer.begin("203.0.113.9", "lia@lento.example")[0],
                             b"c")
            start = time.monotonic()
            answer = peer.message(header_text("lia@lento.example"))
            self.assertEqual(text_of(answer)[0], 451, answer)
            self.assertLess(time.monotonic() - start, 10)

    def test_others_are_not_held_up(self):
        milter = Milter()
        self.addCleanup(milter.close)
        milter.start()

        def slow():
            with milter.peer() as peer:
                peer.begin("203.0.113.9", "lia@lento.example")
                peer.message(header_text("lia@lento.example"))

        threads = [threading.Thread(target=slow) for _ in range(30)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        start = time.monotonic()
        with milter.peer() as peer:
            peer.begin()
            self.assertEqual(peer.message(header_text())[0], b"c")
        took = time.monotonic() - start
        for thread in threads:
            thread.join()
        self.assertLess(took, 2.5)


if __name__ == "__main__":
    main()
