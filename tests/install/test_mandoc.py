# SPDX-License-Identifier: GPL-2.0-or-later
"""test_mandoc.py - the manual pages are correct mdoc"""

import re
import unittest

from support import BUILD, PAGES, need, run


class Pages(unittest.TestCase):

    def test_lint(self):
        for page in PAGES:
            with self.subTest(page):
                result = run("mandoc", "-Tlint", "-Wwarning",
                             BUILD / "man" / page)
                self.assertEqual((result.returncode, result.stdout), (0, ""))

    def test_paths_are_filled_in(self):
        for page in PAGES:
            with self.subTest(page):
                text = (BUILD / "man" / page).read_text()
                self.assertNotIn("@CMAKE", text)

    def test_references_exist(self):
        names = {tuple(page.rsplit(".", 1)) for page in PAGES}
        for page in PAGES:
            text = (BUILD / "man" / page).read_text()
            for name, section in re.findall(
                    r"^\.(?:Pq See |Pq see )?Xr (portaria\S*) (\d)", text,
                    re.M):
                with self.subTest(page, name=name):
                    self.assertIn((name, section), names)


if __name__ == "__main__":
    need("mandoc")
    unittest.main(verbosity=2)
