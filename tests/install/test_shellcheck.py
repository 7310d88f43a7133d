# SPDX-License-Identifier: GPL-2.0-or-later
"""test_shellcheck.py - the shell scripts of the source tree"""

import unittest

from support import SOURCE, need, run


def scripts():
    """Every file of scripts/ and .ci/ that begins with a shell's name."""
    for folder in ("scripts", ".ci"):
        for path in sorted((SOURCE / folder).iterdir()):
            if path.is_file() and path.read_bytes().startswith(b"#!/bin/sh"):
                yield path


class Scripts(unittest.TestCase):

    def test_found(self):
        self.assertIn("demo", [path.name for path in scripts()])

    def test_clean(self):
        for path in scripts():
            with self.subTest(path.name):
                result = run("shellcheck", path)
                self.assertEqual((result.returncode, result.stdout), (0, ""))


if __name__ == "__main__":
    need("shellcheck")
    unittest.main(verbosity=2)
