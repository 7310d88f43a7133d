#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""bench_notifier.py - how fast the notifier empties its outbox

  bench_notifier.py BUILD [MAILS [TICKETS [CONNECTIONS]]]

Fills an outbox (10000 mails of 1000 tickets unless told otherwise), starts
smtp-sink of Postfix on a loopback port and the notifier, and prints how many
mails a second went out, and how long the database was kept from another
writer. Not a test; nothing is left behind.
"""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_port(port):
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    sys.exit(f"nothing listens on port {port}")


def other_writer(path):
    """Milliseconds that a writer waits for its turn, as the agent would."""
    started = time.monotonic()
    db = sqlite3.connect(path, isolation_level=None, timeout=60)
    db.execute("BEGIN IMMEDIATE")
    db.execute("ROLLBACK")
    db.close()
    return (time.monotonic() - started) * 1000


def watch(desk, total):
    waits, seen, started = [], 0, None
    while seen < total:
        waits.append(other_writer(f"{desk.dir}/portaria.db"))
        [row] = desk.sql("SELECT COUNT(*) AS n, MIN(sent) AS first,"
                         " MAX(sent) AS last FROM outbox WHERE sent > 0")
        seen = row["n"]
        if started is None and seen:
            started = time.monotonic()
        time.sleep(0.05)
    return row, waits


def main():
    build = Path(sys.argv[1]).resolve()
    mails, tickets, connections = (
        int(word) for word in sys.argv[2:] + ["10000", "1000", "8"][
            len(sys.argv) - 2:])
    os.environ.update(
        PORTARIA_NOTIFIER=str(build / "notifier/portaria-notifier"),
        PORTARIA_NOTIFIER_TOOL=str(build / "tests/proto/notifier_tool"),
        PORTARIA_SOURCE=str(SOURCE))
    sys.path.insert(0, str(SOURCE / "tests/proto/notifier"))
    from notifier_support import Notifier

    sink = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin")
    if not sink:
        sys.exit("needs smtp-sink (Debian package postfix)")
    port = free_port()
    desk = Notifier(port)
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen([sink, *user, "-c", f"127.0.0.1:{port}", "200"],
                               stdout=subprocess.DEVNULL)
    try:
        wait_port(port)
        with open(desk.config, "a", encoding="utf-8") as file:
            file.write(f"[notifier]\nconnections = {connections}\n"
                       "[log]\nlevel = warning\n")
        desk.tool("init")
        desk.tool("flood", tickets, mails // tickets)
        total = mails // tickets * tickets
        began = time.monotonic()
        notifier = desk.start()
        row, waits = watch(desk, total)
        seconds = time.monotonic() - began
        desk.stop(notifier)
        waits.sort()
        print(f"{total} mails of {tickets} tickets, {connections} "
              f"connections: {seconds:.1f} s, {total / seconds:.0f} a second")
        print(f"another writer waited {waits[len(waits) // 2]:.1f} ms "
              f"(median), {waits[-1]:.1f} ms (longest)")
    finally:
        process.terminate()
        process.wait()
        desk.remove()


if __name__ == "__main__":
    main()
