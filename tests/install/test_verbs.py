# SPDX-License-Identifier: GPL-2.0-or-later
"""test_verbs.py - portaria(1) and portaria --help name the same verbs

And the same options of each verb. Those that every verb has are explained
once.
"""

import re
import unittest

from support import BUILD, PORTARIA, run

MANUAL = BUILD / "man/portaria.1"
EVERYWHERE = {"--json", "--as", "--help", "--config", "--option"}
ALONE = "Verbs without a noun"


def help_of(*words):
    result = run(PORTARIA, *words, "--help")
    if result.returncode != 0:
        raise AssertionError(f"{words}: {result.returncode} {result.stderr}")
    return result.stdout


def nouns():
    return re.findall(r"^  (\w+) {2,}", help_of(), re.M)


def verbs_of(noun):
    """Names, or [] for a verb that stands alone."""
    if help_of(noun).startswith("Usage:"):
        return []
    return re.findall(rf"^  portaria {noun} (\w+)", help_of(noun), re.M)


def options_of(*words):
    return set(re.findall(r"(--[\w-]+)", help_of(*words))) - EVERYWHERE


def from_program():
    found = {}
    for noun in nouns():
        verbs = verbs_of(noun)
        for verb in verbs:
            found[noun, verb] = options_of(noun, verb)
        if not verbs:
            found["", noun] = options_of(noun)
    return found


def items(lines):
    """Each .It with the lines of its head, a .It Xo until .Xc."""
    lines = iter(lines)
    for line in lines:
        if not line.startswith(".It "):
            continue
        head = [line.removeprefix(".It ")]
        while head[0] == "Xo" and head[-1] != ".Xc":
            head.append(next(lines))
        yield " ".join(head).replace("Xo .", "")


def from_manual():
    found = {}
    text = MANUAL.read_text().split(".Sh CSV FILES")[0]
    for part in re.split(r"^\.Ss ", text, flags=re.M)[1:]:
        title, *lines = part.splitlines()
        noun = "" if title == ALONE else title.removeprefix("portaria ")
        for head in items(lines):
            verb = re.match(r"Cm (\w+)", head).group(1)
            found[noun, verb] = {f"-{name}" for name in
                                 re.findall(r"Fl (-[\w-]+)", head)}
    return found


class Verbs(unittest.TestCase):

    def test_same_verbs(self):
        self.assertEqual(sorted(from_manual()), sorted(from_program()))

    def test_same_options(self):
        program, manual = from_program(), from_manual()
        for verb, options in program.items():
            with self.subTest(verb):
                self.assertEqual(manual[verb], options)

    def test_each_verb_says_what_it_is_for(self):
        for noun in nouns():
            for verb in verbs_of(noun):
                with self.subTest(noun, verb=verb):
                    text = help_of(noun, verb)
                    self.assertRegex(text, rf"portaria {noun} {verb}\b")
                    self.assertRegex(text, r"\n\n\S.*\n\nHelp Options:")

    def test_no_words(self):
        result = run(PORTARIA)
        self.assertEqual((result.returncode, result.stdout), (64, ""))
        self.assertIn("Usage:", result.stderr)

    def test_noun_alone_lists_its_verbs(self):
        for noun in nouns():
            if not verbs_of(noun):
                continue
            result = run(PORTARIA, "-c", BUILD / "conf/portaria.conf", noun)
            self.assertEqual(result.returncode, 64)
            self.assertIn(f"portaria {noun} ", result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
