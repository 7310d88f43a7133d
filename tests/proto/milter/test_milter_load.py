# SPDX-License-Identifier: GPL-2.0-or-later
"""test_milter_load.py - many sessions: nothing grows, nobody waits for ever

Prints descriptors, threads and memory as it goes.
"""

import os
import threading
import time

from milter_support import (ANA, CLIENTE, FORGER, SANITIZED, SUPORTE, ZE,
                            Gone, MilterTest, header_text, main, wait_for)

SESSIONS = 1000
CLIENTS = 200
# Database connections stay open: 16 of them, three descriptors each.
POOL = 48
# A sanitizer's allocator keeps what was freed for a while.
GROWTH = 4096 if not SANITIZED else 200000


class Load(MilterTest):

    def report(self, what):
        print(f"\n  {what}: fds={self.milter.descriptors()} "
              f"threads={self.milter.threads()} "
              f"rss={self.milter.memory()} KiB", end="", flush=True)

    def one(self, kind):
        """One session of a kind; True if it went as it should."""
        with self.milter.peer() as peer:
            if kind == 0:
                peer.begin()
                return peer.message(header_text())[0] == b"c"
            if kind == 1:
                peer.begin(FORGER)
                return peer.message(header_text())[0] == b"y"
            if kind == 2:
                peer.begin(recipient="a@world.example")
                return peer.data()[0] == b"a"
            if kind == 3:
                peer.begin(FORGER, ANA)
                head, body = self.signed.split(b"\r\n\r\n", 1)
                return peer.message(head, body)[0] == b"c"
            if kind == 4:  # hangs up inside
                peer.begin()
                peer.data()
                peer.headers(header_text().encode())
                return peer.end_header()[0] == b"c"
            peer.begin()
            peer.abort()
            peer.quit()
            return True

    def setUp(self):
        self.signed = self.milter.signer.sign(
            header_text(ANA).encode() + b"\r\n" + b"linha\r\n" * 500)

    def settle(self, descriptors):
        """After the last session only what was there before is open."""
        wait_for(lambda: self.milter.descriptors() <= descriptors + POOL,
                 f"descriptors to fall to {descriptors}")

    def test_1_one_after_the_other(self):
        for n in range(120):
            self.assertTrue(self.one(n % 6), n % 6)
        time.sleep(0.5)
        descriptors, memory = self.milter.descriptors(), self.milter.memory()
        self.report("warm")
        for n in range(SESSIONS):
            self.assertTrue(self.one(n % 6), n % 6)
        self.report(f"after {SESSIONS} sessions")
        self.settle(descriptors)
        self.assertLess(self.milter.memory() - memory, GROWTH)

    def test_2_all_at_once(self):
        wrong = []
        start = threading.Barrier(CLIENTS)

        def client(n):
            start.wait()
            for turn in range(3):
                try:
                    if not self.one((n + turn) % 6):
                        wrong.append((n + turn) % 6)
                except Exception as error:  # told below
                    wrong.append(error)

        descriptors = self.milter.descriptors()
        memory = []
        for round_ in range(3):
            threads = [threading.Thread(target=client, args=(n,))
                       for n in range(CLIENTS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self.assertEqual(wrong, [])
            self.settle(descriptors)
            time.sleep(0.3)
            memory.append(self.milter.memory())
            self.report(f"round {round_ + 1} of {CLIENTS} sessions at once")
        self.assertLess(memory[2] - memory[0], GROWTH)

    def test_3_open_and_idle(self):
        peers = []
        for _ in range(CLIENTS):
            peer = self.milter.peer()
            peer.begin()
            peers.append(peer)
        self.report(f"{CLIENTS} open transactions")
        # One more is too many, for departments only.
        with self.milter.peer() as peer:
            self.assertEqual(peer.begin()[0], b"y")
            self.assertEqual(peer.rcpt("a@world.example")[0], b"c")
            self.assertEqual(peer.data()[0], b"a")
        for peer in peers:
            peer.socket.close()

        def works():
            try:
                return self.one(0)
            except Gone:
                return False
        wait_for(works, "the closed ones to be noticed")

    def test_4_large_messages(self):
        body = os.urandom(1 << 20).hex().encode()
        body = b"\r\n".join(body[i:i + 76] for i in range(0, len(body), 76))
        signed = self.milter.signer.sign(
            header_text(ANA).encode() + b"\r\n" + body + b"\r\n")
        head, body = signed.split(b"\r\n\r\n", 1)
        memory = []
        for _ in range(5):
            with self.milter.peer() as peer:
                peer.begin(FORGER, ANA)
                self.assertEqual(peer.message(head, body)[0], b"c")
            memory.append(self.milter.memory())
        self.report("after large messages")
        self.assertLess(memory[-1] - memory[1], GROWTH)


if __name__ == "__main__":
    main()
