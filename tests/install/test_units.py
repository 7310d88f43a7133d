# SPDX-License-Identifier: GPL-2.0-or-later
"""test_units.py - the systemd units: correct, confined, and yet they work

Their system call filters are applied to the real daemons, which then do a
piece of work: too tight a filter shows only there.
"""

import os
import shutil
import smtplib
import socket
import struct
import sys
import unittest
from functools import cache as remember

from house import ABUSOS, STRANGER, ZE, House, mail, wait_for
from support import BUILD, SOURCE, Scratch, need, run

UNITS = ("portaria-milter.service", "portaria-lmtpd.service",
         "portaria-notifier.service", "portaria-milter.socket",
         "portaria-lmtpd.socket")
SERVICES = UNITS[:3]
EXPOSURE_MAX = 2.0


def unit_path(name):
    made = BUILD / "conf" / name
    return made if made.exists() else SOURCE / "conf/systemd" / name


@remember
def group(name):
    """The calls of a group of systemd's, groups inside it too."""
    result = run("systemd-analyze", "syscall-filter", name)
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    calls = set()
    for line in result.stdout.splitlines()[1:]:
        word = line.strip()
        if word.startswith("@"):
            calls |= group(word)
        elif word and not word.startswith("#"):
            calls.add(word)
    return frozenset(calls)


def allowed_calls(service):
    """As systemd reads SystemCallFilter=: first what is allowed, then less
    and more of it; @default is always there."""
    calls = set(group("@default"))
    for line in unit_path(service).read_text().splitlines():
        if not line.startswith("SystemCallFilter="):
            continue
        words = line.split("=", 1)[1]
        for word in words.removeprefix("~").split():
            named = group(word) if word.startswith("@") else {word}
            calls = calls - named if words.startswith("~") else calls | named
    return calls


class Units(Scratch):

    def copy(self):
        """The units with programs that exist, as verify wants it."""
        for name in UNITS:
            text = unit_path(name).read_text()
            for line in text.splitlines():
                if line.startswith("ExecStart="):
                    text = text.replace(line, "ExecStart=/bin/true")
                if line.startswith("Documentation="):
                    text = text.replace(line, "")
            (self.dir / name).write_text(text)
        return [self.dir / name for name in UNITS]

    def test_verify(self):
        result = run("systemd-analyze", "verify", "--man=no", *self.copy())
        mine = [line for line in result.stderr.splitlines()
                if "portaria" in line]
        self.assertEqual(mine, [])

    def test_exposure(self):
        for path in self.copy()[:3]:
            with self.subTest(path.name):
                result = run("systemd-analyze", "security", "--offline=yes",
                             f"--threshold={EXPOSURE_MAX * 10:.0f}",
                             "--no-pager", path)
                self.assertEqual(result.returncode, 0,
                                 result.stdout[-400:] + result.stderr)

    def test_programs_are_those_installed(self):
        for name in SERVICES:
            program = name.removesuffix(".service")
            self.assertRegex(unit_path(name).read_text(),
                             rf"(?m)^ExecStart=\S*/sbin/{program}$")

    def test_sockets_are_the_configured_ones(self):
        sample = (BUILD / "conf/portaria.conf").read_text()
        for name, path in (("milter", "milter"), ("lmtpd", "lmtp")):
            socket_path = f"/var/spool/postfix/portaria/{path}"
            self.assertIn(f"\n#socket = unix:{socket_path}\n", sample)
            self.assertIn(f"\nListenStream={socket_path}\n",
                          unit_path(f"portaria-{name}.socket").read_text())

    def test_sysusers_and_tmpfiles(self):
        need_here = [tool for tool in ("systemd-sysusers", "systemd-tmpfiles")
                     if not shutil.which(tool)]
        if need_here:
            self.skipTest(f"{need_here} not installed")
        users = BUILD / "conf/portaria.sysusers.conf"
        result = run("systemd-sysusers", "--dry-run", users)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertNotIn("portaria.sysusers.conf", result.stderr)
        text = (BUILD / "conf/portaria.tmpfiles.conf").read_text()
        self.assertIn("d /var/spool/postfix/portaria 2710 portaria postfix",
                      text)


class Confined(Scratch):
    """Each daemon does its work under the filter of its unit."""

    def setUp(self):
        super().setUp()
        if os.environ.get("PORTARIA_SANITIZED"):
            self.skipTest("sanitizers need more system calls")
        self.house = House(self.dir)
        self.addCleanup(self.house.close)
        self.house.open()

    def before(self, name):
        calls = self.dir / f"{name}.calls"
        calls.write_text("\n".join(
            sorted(allowed_calls(f"portaria-{name}.service"))))
        return [BUILD / "tests/install/confine", calls]

    def start(self, name):
        self.house.start(name, self.before(name))

    def test_filter_forbids(self):
        result = run(*self.before("notifier"), "/bin/mount", "-t", "tmpfs",
                     "x", "/mnt")
        self.assertNotEqual(result.returncode, 0)
        result = run(*self.before("notifier"), "/usr/bin/python3", "-c",
                     "import os; os.chown('.', -1, -1)", cwd=self.dir)
        self.assertIn("PermissionError", result.stderr)

    def test_lmtpd_stores_and_parses(self):
        self.start("lmtpd")
        ref = self.house.ticket(attachment=("a.bin", bytes(range(256))))
        head, entry, *_ = self.house.json("ticket", "show", ref)
        self.assertEqual(head["subject"], "Site fora do ar")
        self.assertEqual(entry["attachments"][0]["filename"], "a.bin")
        self.assertIn("spf=pass", entry["auth"])
        self.assertNotIn("unparsed", self.house.log("lmtpd"))
        self.assertEqual(self.house.stop("lmtpd"), 0)

    def test_lmtpd_stores_large_blobs(self):
        self.start("lmtpd")
        data = os.urandom(900000)
        ref = self.house.ticket(attachment=("grande.bin", data))
        self.house.must("ticket", "attachment", "save", ref)
        self.assertEqual((self.dir / "grande.bin").read_bytes(), data)

    def test_notifier_sends_and_exports(self):
        self.house.start("lmtpd")
        self.house.ticket()
        self.start("notifier")
        self.assertIn("Site fora do ar", str(
            self.house.sink.wait_to(ZE)[0].message["Subject"]))
        wait_for((self.dir / "map.db").exists, "the map")
        self.assertEqual(self.house.stop("notifier"), 0)

    def test_milter_refuses_a_stranger(self):
        self.start("milter")
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(60)
            peer.connect(str(self.dir / "milter"))

            def ask(command, data=b""):
                peer.sendall(struct.pack("!I", len(data) + 1) + command + data)
                size, = struct.unpack("!I", peer.recv(4, socket.MSG_WAITALL))
                return peer.recv(size, socket.MSG_WAITALL)

            # Version 6, all actions, no step without an answer.
            ask(b"O", struct.pack("!III", 6, 0x1ff, 0))
            ask(b"C", b"x.example\0004" + struct.pack("!H", 25)
                + b"192.0.2.50\0")
            ask(b"H", b"x.example\0")
            ask(b"M", f"<{STRANGER}>\0".encode())
            self.assertEqual(ask(b"R", b"<suporte@desk.example>\0"), b"c")
            ask(b"L", b"From\0 " + STRANGER.encode() + b"\0")
            answer = ask(b"N")
            if answer == b"c":
                answer = ask(b"E")
        self.assertTrue(answer.startswith(b"y550-5.7.1 "), answer)
        self.assertEqual(self.house.stop("milter"), 0)


if __name__ == "__main__":
    need("systemd-analyze")
    unittest.main(verbosity=2)
