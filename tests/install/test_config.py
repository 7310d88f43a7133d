# SPDX-License-Identifier: GPL-2.0-or-later
"""test_config.py - program, sample and manual name the same keys"""

import re
import unittest

from support import BUILD, PORTARIA, Scratch, run

SAMPLE = BUILD / "conf/portaria.conf"
MANUAL = BUILD / "man/portaria.conf.5"


def from_program():
    result = run(PORTARIA, "config", "show", "--defaults")
    if result.returncode != 0:
        raise AssertionError(result.stderr)
    return dict(re.match(r"(\S+) = ?(.*)", line).groups()
                for line in result.stdout.splitlines())


def from_lines(lines, section, key):
    """Keys below sections, by a pattern for each; in order."""
    found, current = {}, None
    for line in lines:
        if match := re.fullmatch(section, line):
            current = match.group(1)
        elif match := re.fullmatch(key, line):
            name = f"{current}.{match.group(1)}"
            if name in found:
                raise AssertionError(f"{name} is there twice")
            found[name] = (match.group(2) or "").strip()
    return found


def from_sample():
    return from_lines(SAMPLE.read_text().splitlines(), r"\[(\w+)\]",
                      r"#(\w+) =(.*)")


def from_manual():
    return from_lines(MANUAL.read_text().splitlines(), r"\.Ss \[(\w+)\]",
                      r"\.It Cm (\w+) Li =(.*)")


class Names(unittest.TestCase):

    def test_program_has_keys(self):
        self.assertGreater(len(from_program()), 60)

    def test_sample(self):
        self.assertEqual(list(from_sample().items()),
                         list(from_program().items()))

    def test_manual(self):
        self.assertEqual(list(from_manual().items()),
                         list(from_program().items()))

    def test_explain_knows_each_key(self):
        for name, default in list(from_program().items())[::9]:
            with self.subTest(name):
                result = run(PORTARIA, "-c", SAMPLE, "config", "explain", name)
                self.assertEqual(result.returncode, 0)
                self.assertIn(f"{name} - ", result.stdout)
                self.assertIn(f"default: {default}", result.stdout)


class Sample(Scratch):

    def test_loads_as_it_is(self):
        result = run(PORTARIA, "-c", SAMPLE, "config", "show")
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_loads_with_every_line_uncommented(self):
        text, count = re.subn(r"^#(\w+ =)", r"\1", SAMPLE.read_text(),
                              flags=re.M)
        self.assertEqual(count, len(from_program()))
        path = self.dir / "portaria.conf"
        path.write_text(text)
        result = run(PORTARIA, "-c", path, "config", "show")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        # hostname and authserv_id, empty here, become the host's name.
        shown = dict(line.split(" = ", 1) if " = " in line
                     else (line.removesuffix(" ="), "")
                     for line in result.stdout.splitlines())
        for name, default in from_program().items():
            if not default and name.startswith("server."):
                continue
            self.assertEqual(shown[name].strip(), default, name)


class Mistakes(Scratch):

    def load(self, text):
        path = self.dir / "portaria.conf"
        path.write_text(text)
        result = run(PORTARIA, "-c", path, "config", "show")
        self.assertEqual((result.returncode, result.stdout), (78, ""))
        return result.stderr.replace(str(path), "FILE")

    def test_each_is_told_with_file_line_key_and_reason(self):
        error = self.load("[server]\nhostnam = a\n[lmtp]\n"
                          "parsers = 0\nbatch_bytes = viele\nnonsense\n"
                          "[limts]\nx = 1\n")
        for wanted in ('FILE:2: [server] hostnam: unknown key; did you mean '
                       '"hostname"?',
                       "FILE:4: [lmtp] parsers: 0 is not between 1 and 64",
                       'FILE:5: [lmtp] batch_bytes: "viele" is not a number',
                       "FILE:6: neither [section], key = value nor # comment",
                       'FILE:7: [limts]: unknown section; did you mean '
                       '"limits"?',
                       "nothing was started; correct the lines above"):
            self.assertIn(wanted, error)
        self.assertNotIn("FILE:8", error)

    def test_key_of_another_section(self):
        self.assertIn("did you mean it for [lmtp]?",
                      self.load("[milter]\nparsers = 2\n"))

    def test_option_of_the_command_line(self):
        path = self.dir / "portaria.conf"
        path.write_text("")
        result = run(PORTARIA, "-c", path, "-o", "lmtp.parser=2", "config",
                     "show")
        self.assertEqual(result.returncode, 78)
        self.assertIn('-o: [lmtp] parser: unknown key; did you mean '
                      '"parsers"?', result.stderr)

    def test_missing_file(self):
        result = run(PORTARIA, "-c", self.dir / "none", "config", "show")
        self.assertEqual(result.returncode, 78)
        self.assertIn("No such file or directory", result.stderr)

    def test_daemons_say_the_same(self):
        path = self.dir / "portaria.conf"
        path.write_text("[milter]\nsocket = tcp:1\n")
        for name in ("milter", "lmtpd", "notifier"):
            with self.subTest(name):
                result = run(BUILD / name / f"portaria-{name}", "-c", path)
                self.assertEqual(result.returncode, 78)
                self.assertIn(f'portaria-{name}: {path}:2: [milter] socket: '
                              '"tcp:1" is neither unix:/path nor '
                              "inet:host:port", result.stderr)

    def test_key_file_that_everybody_reads(self):
        key, path = self.dir / "key", self.dir / "portaria.conf"
        path.write_text(f"[server]\nkey_file = {key}\n")
        result = run(PORTARIA, "-c", path, "key", "create")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(key.stat().st_mode & 0o777, 0o640)
        key.chmod(0o644)
        for name in ("milter", "lmtpd", "notifier"):
            with self.subTest(name):
                result = run(BUILD / name / f"portaria-{name}", "-c", path,
                             "-o", "log.target=stderr")
                # Neither is restarted by the units.
                self.assertIn(result.returncode, (77, 78))
                self.assertIn(f"{key}: mode 0644", result.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
