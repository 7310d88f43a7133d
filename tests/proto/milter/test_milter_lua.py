# SPDX-License-Identifier: GPL-2.0-or-later
"""test_milter_lua.py - the dialogue as OpenDKIM's miltertest speaks it

A second opinion on the protocol, by a client that is not ours. Skipped where
miltertest is not installed.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from milter_support import PATIENCE, MilterTest, main

HERE = Path(__file__).resolve().parent


class Lua(MilterTest):

    def script(self, name):
        done = subprocess.run(
            ["miltertest", "-D", f"socket=unix:{self.milter.path}",
             "-D", f"folder={HERE}", "-s", HERE / f"{name}.lua"],
            capture_output=True, text=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_accepted(self):
        self.script("accepted")

    def test_refused(self):
        self.script("refused")

    def test_others(self):
        self.script("others")


if __name__ == "__main__":
    if not shutil.which("miltertest"):
        print("skipped: no miltertest (Debian package miltertest)")
        sys.exit(77)
    main()
