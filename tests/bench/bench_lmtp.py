#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench_lmtp.py - portaria-lmtpd beside Dovecot's LMTP and a sink

  bench_lmtp.py BUILD [--seconds S] [--sessions 1,8,20,64] [--sizes 4,100,1024]
                [--only portaria,maildir,mdbox,sink] [--dir FOLDER]

The same load, one program after the other, in one run: messages of 4 KiB
(text), 100 KiB (two attachments) and 1 MiB (one attachment), pipelined, every
one different. Dovecot delivers with mail_fsync=always to Maildir and to mdbox;
smtp-sink (Postfix) throws everything away and is the ceiling of the client.
Times are those from the last dot to the reply. "CPU ms" is the processor time
a message, of the server's processes; PSS is theirs too, while under load.

Everything is put under --dir (default: the current folder), which must be on
the disk that is meant. Needs root (Dovecot changes its user), the Debian
packages dovecot-lmtpd and postfix; a program that is missing is left out.
"""

import argparse
import base64
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
NUMBER = "PortariaNumber000000"
RECIPIENT = "suporte@desk.example"

DOVECOT = """\
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/dovecot.log
protocols = lmtp
ssl = no
mail_location = {location}
mail_fsync = always
first_valid_uid = 1
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
default_process_limit = 100
auth_mechanisms = plain
passdb {{
  driver = static
  args = nopassword=y
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home={dir}/home
}}
protocol lmtp {{
  postmaster_address = postmaster@desk.example
}}
service lmtp {{
  process_min_avail = 8
  unix_listener {dir}/lmtp {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


def words(count, rng):
    """Text of so many bytes, as people write it: short words, short lines."""
    some = ("site servidor e-mail conta senha erro página domínio hoje manhã "
            "cliente acesso arquivo pedido favor preciso ajuda desde então "
            "quando abro aparece mensagem fatura boleto").split()
    lines, size = [], 0
    while size < count:
        line = " ".join(rng.choice(some) for _ in range(9))
        lines.append(line)
        size += len(line.encode()) + 2
    return "\n".join(lines)


def attachment(name, kind, size, rng):
    """Bytes that nothing can make smaller, and another number each time."""
    data = base64.b64encode(rng.randbytes(size * 3 // 4)).decode()
    data = NUMBER + data[len(NUMBER):]
    lines = "\n".join(data[i:i + 76] for i in range(0, len(data), 76))
    return (f'--limite\nContent-Type: {kind}; name="{name}"\n'
            f'Content-Disposition: attachment; filename="{name}"\n'
            f"Content-Transfer-Encoding: base64\n\n{lines}\n")


def sample(kib):
    rng = random.Random(kib)
    head = (f"From: Ze <ze@cliente.example>\nTo: {RECIPIENT}\n"
            f"Subject: Site fora do ar {NUMBER}\n"
            "Date: Sun, 22 Nov 2026 16:20:00 -0300\n"
            f"Message-ID: <{NUMBER}@cliente.example>\nMIME-Version: 1.0\n")
    text = "Content-Type: text/plain; charset=utf-8\n" \
           "Content-Transfer-Encoding: 8bit\n\n"
    if kib < 50:
        return head + text + words(kib * 1024 - len(head) - 100, rng) + "\n"
    parts = [("captura.png", "image/png"), ("registro.bin",
                                            "application/octet-stream")]
    if kib > 500:
        parts = parts[1:]
    size = (kib * 1024 - 3000) * 75 // 77 // len(parts)
    return (head + 'Content-Type: multipart/mixed; boundary="limite"\n\n'
            "--limite\n" + text + words(1500, rng) + "\n" +
            "".join(attachment(*part, size, rng) for part in parts) +
            "--limite--\n")


class Server:
    """One program under load; started for each load anew, on an empty disk."""

    def __init__(self, bench):
        self.bench = bench
        self.dir = Path(tempfile.mkdtemp(prefix="bench-lmtp-", dir=bench.dir))
        self.dir.chmod(0o755)
        self.process = None
        self.socket = self.dir / "lmtp"

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)

    def wait(self):
        end = time.monotonic() + 30
        while not self.socket.exists():
            if time.monotonic() > end or self.process.poll() is not None:
                sys.exit(f"bench_lmtp: {type(self).__name__} does not start")
            time.sleep(0.05)
        time.sleep(0.5)

    def check(self, sent):
        """That what was sent is there."""


class Portaria(Server):
    name = "portaria-lmtpd"

    def __init__(self, bench):
        super().__init__(bench)
        import lmtp_support
        config = self.dir / "portaria.conf"
        text = lmtp_support.CONFIG.format(dir=self.dir, source=SOURCE, dns=9)
        config.write_text(text.replace("level = debug", "level = warning")
                          .replace("parsers = 2\n", "")
                          .replace("busy_ms = 2000\n", ""))
        subprocess.run([lmtp_support.TOOL, "-c", config, "init"], check=True)
        shutil.copy(self.dir / "key", bench.key)
        self.process = subprocess.Popen(
            [lmtp_support.LMTPD, "-c", config, *bench.options],
            stdin=subprocess.DEVNULL)
        self.wait()

    def check(self, sent):
        import sqlite3
        with sqlite3.connect(self.dir / "portaria.db") as db:
            count, = db.execute("SELECT COUNT(*) FROM message WHERE raw"
                                " IS NOT NULL").fetchone()
        if count != sent:
            sys.exit(f"bench_lmtp: {sent} sent, {count} stored")


class Dovecot(Server):
    location = None

    def __init__(self, bench):
        super().__init__(bench)
        if not shutil.which("dovecot") or os.geteuid() != 0:
            return
        for name in ("home", "run", "state"):
            (self.dir / name).mkdir()
        shutil.chown(self.dir / "home", 65534, 65534)
        config = self.dir / "dovecot.conf"
        config.write_text(DOVECOT.format(
            dir=self.dir, location=self.location.format(dir=self.dir)))
        self.process = subprocess.Popen(["dovecot", "-F", "-c", config],
                                        stdin=subprocess.DEVNULL)
        self.wait()


class Maildir(Dovecot):
    name = "Dovecot, Maildir"
    location = "maildir:{dir}/home/Maildir"

    def check(self, sent):
        count = sum(1 for _ in (self.dir / "home/Maildir/new").iterdir())
        if count != sent:
            sys.exit(f"bench_lmtp: {sent} sent, {count} in the Maildir")


class Mdbox(Dovecot):
    name = "Dovecot, mdbox"
    location = "mdbox:{dir}/home/mdbox"


class Sink(Server):
    name = "smtp-sink"

    def __init__(self, bench):
        super().__init__(bench)
        if not shutil.which("smtp-sink"):
            return
        self.process = subprocess.Popen(
            ["smtp-sink", "-L", "-u", "root", f"unix:{self.socket}", "1000"],
            stdin=subprocess.DEVNULL)
        self.wait()


SERVERS = {"portaria": Portaria, "maildir": Maildir, "mdbox": Mdbox,
           "sink": Sink}


def family(pid):
    """A process and all below it."""
    found = [pid]
    try:
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                found += family(int(child))
    except OSError:
        pass
    return found


def spent(pids):
    """Seconds of processor time, with what ended children have used."""
    ticks = 0
    for pid in pids:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            continue
        ticks += sum(map(int, stat.rsplit(")", 1)[1].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


def pss(pids):
    total = 0
    for pid in pids:
        try:
            text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue
        total += int(re.search(r"^Pss:\s+(\d+)", text, re.M).group(1))
    return total / 1024


class Bench:

    def __init__(self, options):
        build = Path(options.build).resolve()
        os.environ.update(
            PORTARIA_LMTPD=str(build / "lmtpd/portaria-lmtpd"),
            PORTARIA_LMTP_TOOL=str(build / "tests/proto/lmtp_tool"),
            PORTARIA_FAKEDNS=str(build / "tests/support/fakedns"),
            PORTARIA_SOURCE=str(SOURCE))
        sys.path.insert(0, str(SOURCE / "tests/proto/lmtp"))
        self.client = build / "tests/bench/bench_lmtp"
        self.seconds = options.seconds
        self.options = [w for o in options.set for w in ("-o", o)]
        self.dir = Path(options.dir).resolve()
        self.key = self.dir / "bench-lmtp.key"
        self.samples = {}
        for kib in options.sizes:
            path = self.dir / f"bench-lmtp-{kib}.eml"
            path.write_text(sample(kib))
            self.samples[kib] = path
        self.rates = {}

    def measure(self, server, kib, sessions):
        pids = family(server.process.pid)
        before = spent(pids)
        idle = pss(pids)
        client = subprocess.Popen(
            [self.client, str(sessions), str(self.seconds), server.socket,
             self.key, RECIPIENT, self.samples[kib]],
            stdout=subprocess.PIPE, text=True)
        time.sleep(0.5 + self.seconds * 0.8)
        pids = family(server.process.pid)
        memory = pss(pids)
        out = client.communicate()[0]
        if client.returncode:
            sys.exit(f"bench_lmtp: {server.name} failed")
        rate, p50, p99, sent = map(float, out.split())
        cpu = (spent(pids) - before) / sent * 1000
        server.check(int(sent))
        print(f"{server.name:18} {kib:>5} {sessions:>8} {rate:>8.0f} "
              f"{p50:>8.2f} {p99:>8.2f} {cpu:>7.2f} {idle:>8.1f} "
              f"{memory:>8.1f}", flush=True)
        self.rates[server.name, kib, sessions] = rate, p99

    def compare(self):
        first = Portaria.name
        print(f"\n{first}: messages a second and p99, times the other's")
        for (name, kib, sessions), (rate, p99) in self.rates.items():
            ours = self.rates.get((first, kib, sessions))
            if name != first and ours and rate and p99:
                print(f"{name:18} {kib:>5} {sessions:>8} "
                      f"{ours[0] / rate:>8.2f} {ours[1] / p99:>8.2f}")

    def run(self, names, sessions):
        # The key must be there before the first client.
        if "portaria" not in names:
            names = ["portaria", *names]
        print(f"{'program':18} {'KiB':>5} {'sessions':>8} {'msg/s':>8} "
              f"{'p50 ms':>8} {'p99 ms':>8} {'CPU ms':>7} {'idle MiB':>8} "
              f"{'load MiB':>8}")
        for kib in self.samples:
            for count in sessions:
                for name in names:
                    server = SERVERS[name](self)
                    try:
                        if server.process is None:
                            print(f"({server.name}: not here, left out)")
                            continue
                        self.measure(server, kib, count)
                    finally:
                        server.stop()
        self.compare()

    def close(self):
        for path in [self.key, *self.samples.values()]:
            path.unlink(missing_ok=True)


def numbers(text):
    return [int(word) for word in text.split(",")]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("build")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--sessions", type=numbers, default=[1, 8, 20, 64])
    parser.add_argument("--sizes", type=numbers, default=[4, 100, 1024])
    parser.add_argument("--only", default="portaria,maildir,mdbox,sink")
    parser.add_argument("--dir", default=".")
    parser.add_argument("--set", action="append", default=[],
                        metavar="SECTION.KEY=VALUE",
                        help="a setting of portaria-lmtpd")
    options = parser.parse_args()
    bench = Bench(options)
    try:
        bench.run(options.only.split(","), options.sessions)
    finally:
        bench.close()


if __name__ == "__main__":
    main()
