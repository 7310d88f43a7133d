#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench_milter.py - portaria-milter beside opendkim and opendmarc

  bench_milter.py BUILD [SECONDS]

Signed messages of 4 and 100 KiB, at 1, 8 and 32 sessions, through
portaria-milter (SPF, DKIM, DMARC, registered sender, seal), opendkim alone
(DKIM), and opendkim followed by opendmarc (with SPF): what an administrator
would otherwise run. "CPU ms" is the
processor time of the filters for a message; the driver needs its share too. Answers of DNS are cached where the program has a cache.
Needs root (a network of its own, with a name server on port 53) and the
Debian packages opendkim and opendmarc; without one of them its rows are left
out.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests/support"))
sys.path.insert(0, str(SOURCE / "tests/proto/milter"))

SESSIONS = (1, 8, 32)
SIZES = {"4 KiB": 4096, "100 KiB": 102400}

ZONE = """\
assinado.example 3600 TXT "v=spf1 ip4:192.0.2.10 -all"
mail.assinado.example 3600 A 192.0.2.10
_dmarc.assinado.example 3600 TXT "v=DMARC1; p=reject"
"""

OPENDKIM = """\
Mode v
Socket local:{dir}/opendkim
PidFile {dir}/opendkim.pid
Background no
Syslog no
UMask 000
AuthservID mx.desk.example
AlwaysAddARHeader yes
Nameservers 127.0.0.1
InternalHosts {dir}/nobody
UserID root
"""

OPENDMARC = """\
Socket local:{dir}/opendmarc
PidFile {dir}/opendmarc.pid
Background no
Syslog no
UMask 000
AuthservID mx.desk.example
TrustedAuthservIDs mx.desk.example
RejectFailures true
SPFSelfValidate true
IgnoreHosts {dir}/nobody
UserID root
"""


def alone():
    """Runs this program again where port 53 and resolv.conf are its own."""
    if os.environ.get("BENCH_MILTER_ALONE"):
        return
    if os.geteuid() != 0:
        sys.exit("bench_milter: needs root for a network of its own")
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as conf:
        conf.write("nameserver 127.0.0.1\n")
        conf.flush()
        os.chmod(conf.name, 0o644)
        script = ('ip link set lo up && mount --bind "$0" /etc/resolv.conf'
                  ' && exec "$@"')
        sys.exit(subprocess.run(
            ["unshare", "-n", "-m", "sh", "-c", script, conf.name,
             sys.executable, "-B", *sys.argv],
            env={**os.environ, "BENCH_MILTER_ALONE": "1"}).returncode)


def pss(process):
    """KiB of the process and what it started."""
    text = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
    return int(re.search(r"^Pss:\s+(\d+)", text, re.M).group(1))


def cpu(processes):
    """Seconds of processor time so far, all of them together."""
    ticks = 0
    for process in processes:
        stat = Path(f"/proc/{process.pid}/stat").read_text()
        ticks += sum(map(int, stat.rsplit(")", 1)[1].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


class Bench:

    def __init__(self, build, seconds):
        build = Path(build).resolve()
        os.environ.update(
            PORTARIA_MILTER=str(build / "milter/portaria-milter"),
            PORTARIA_MILTER_TOOL=str(build / "tests/proto/milter_tool"),
            PORTARIA_FAKEDNS=str(build / "tests/support/fakedns"))
        import milter_support
        self.driver = build / "tests/bench/bench_milter"
        self.seconds = seconds
        # Its own name server is not asked; port 53 is, by all programs.
        self.milter = milter_support.Milter(
            more="\n[dns]\nforwarders = 127.0.0.1@53\n")
        self.dir = self.milter.dir
        self.others = {}
        (self.dir / "nobody").write_text("")
        (self.dir / "zone53").write_text(
            ZONE + self.milter.signer.zone_line().replace(" 300 ", " 3600 "))
        self.dns = subprocess.Popen(
            [build / "tests/support/fakedns", "-p", "53",
             self.dir / "zone53"], stdout=subprocess.DEVNULL)
        self.messages = {name: self.message(size)
                         for name, size in SIZES.items()}

    def message(self, size):
        line = b"Uma linha de texto como as outras, com sessenta e tal bytes.\r\n"
        head = (b"From: Ana <ana@assinado.example>\r\n"
                b"To: suporte@desk.example\r\nSubject: Site fora do ar\r\n"
                b"Date: Sun, 22 Nov 2026 16:20:00 -0300\r\n"
                b"Message-ID: <1@assinado.example>\r\n"
                b"MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n")
        data = self.milter.signer.sign(
            head + line * ((size - len(head)) // len(line)))
        path = self.dir / f"message{size}"
        path.write_bytes(data)
        return path

    def start(self, name, config):
        if not shutil.which(name):
            print(f"(no {name}: its rows are left out)")
            return
        conf = self.dir / f"{name}.conf"
        conf.write_text(config.format(dir=self.dir))
        self.others[name] = subprocess.Popen(
            [name, "-f", *(["-x"] if name == "opendkim" else ["-c"]), conf],
            stdin=subprocess.DEVNULL)
        end = time.monotonic() + 20
        while not (self.dir / name).exists():
            if time.monotonic() > end:
                sys.exit(f"bench_milter: {name} does not start")
            time.sleep(0.05)

    def row(self, what, want, sockets, processes):
        paths = [str(self.dir / name) for name in sockets]
        for size, message in self.messages.items():
            for count in SESSIONS:
                before = cpu(processes)
                driver = subprocess.Popen(
                    [self.driver, str(count), str(self.seconds), message,
                     want, *paths], stdout=subprocess.PIPE, text=True)
                time.sleep(0.5 + self.seconds * 0.8)
                memory = sum(pss(process) for process in processes)
                out = driver.communicate()[0]
                if driver.returncode:
                    sys.exit(f"bench_milter: {what} failed")
                rate, p50, p99, total = map(float, out.split())
                spent = (cpu(processes) - before) / total * 1000
                self.rates[what, size, count] = rate
                print(f"{what:22} {size:>8} {count:>8} {rate:>8.0f} "
                      f"{p50:>8.2f} {p99:>8.2f} {spent:>8.3f} "
                      f"{memory / 1024:>9.1f}",
                      flush=True)

    def compare(self):
        print("\nportaria-milter's messages a second, times the other's")
        for (what, size, count), rate in self.rates.items():
            if what != "portaria-milter":
                ours = self.rates["portaria-milter", size, count]
                print(f"{what:22} {size:>8} {count:>8} {ours / rate:>8.2f}")

    def run(self):
        self.rates = {}
        self.milter.start()
        self.start("opendkim", OPENDKIM)
        self.start("opendmarc", OPENDMARC)
        print(f"{'program':22} {'size':>8} {'sessions':>8} {'msg/s':>8} "
              f"{'p50 ms':>8} {'p99 ms':>8} {'CPU ms':>8} {'PSS MiB':>9}")
        self.row("portaria-milter", "dkim=pass", ["milter"],
                 [self.milter.process])
        if "opendkim" in self.others:
            self.row("opendkim", "dkim=pass", ["opendkim"],
                     [self.others["opendkim"]])
        if len(self.others) == 2:
            self.row("opendkim + opendmarc", "dmarc=pass",
                     ["opendkim", "opendmarc"], list(self.others.values()))
        self.compare()

    def close(self):
        for process in [*self.others.values(), self.dns]:
            process.kill()
            process.wait()
        self.milter.close()


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__.strip())
    alone()
    bench = Bench(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 4)
    try:
        bench.run()
    finally:
        bench.close()


if __name__ == "__main__":
    main()
