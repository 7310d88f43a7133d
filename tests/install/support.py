# SPDX-License-Identifier: GPL-2.0-or-later
"""support.py - what the tests of this folder share"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("PORTARIA_BUILD", SOURCE / "build")).resolve()
PORTARIA = BUILD / "cli/portaria"
PAGES = ("portaria.1", "portaria.conf.5", "portaria-templates.5",
         "portaria-milter.8", "portaria-lmtpd.8", "portaria-notifier.8")


def need(*tools):
    """Ends the test as skipped if a tool is not installed."""
    for tool in tools:
        if not shutil.which(tool):
            print(f"skipped: {tool} is not installed")
            sys.exit(77)


def run(*command, **more):
    return subprocess.run([str(word) for word in command], text=True,
                          capture_output=True, check=False, **more)


def cache(name):
    """A variable of the build's CMake cache, "" if it is not there."""
    text = (BUILD / "CMakeCache.txt").read_text()
    found = re.search(rf"^{name}:\w+=(.*)$", text, re.M)
    return found.group(1) if found else ""


class Scratch(unittest.TestCase):
    """A test with a folder of its own."""

    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="portaria-install-"))
        self.addCleanup(shutil.rmtree, self.dir, True)
