# SPDX-License-Identifier: GPL-2.0-or-later
"""test_tree.py - what `cmake --install` puts where, and nothing else"""

import os
import re
import subprocess
import unittest
from pathlib import Path

from support import BUILD, PAGES, SOURCE, Scratch, cache, run

TEMPLATES = ("ack", "ack_contact", "closed", "escalation", "grade",
             "hold_confirm", "hold_notice", "notice_bounce", "notice_new",
             "notice_reply", "reply", "resolved", "warn_close")
LANGUAGES = ("pt_BR", "en", "es")
DAEMONS = ("portaria-milter", "portaria-lmtpd", "portaria-notifier")
CONF_FILES = """\
lib/systemd/system/portaria-lmtpd.service
lib/systemd/system/portaria-lmtpd.socket
lib/systemd/system/portaria-milter.service
lib/systemd/system/portaria-milter.socket
lib/systemd/system/portaria-notifier.service
lib/sysusers.d/portaria.conf
lib/tmpfiles.d/portaria.conf
share/portaria/postfix/main.cf.own-domain
share/portaria/postfix/main.cf.single-addresses
share/portaria/postfix/master.cf
share/portaria/postfix/recipient.cf
share/portaria/postfix/transport.cf
share/portaria/sendmail/portaria.mc
""".split()
CMAKE = cache("CMAKE_COMMAND") or "cmake"


def files_below(folder):
    """Everything that is no directory, as names relative to the folder."""
    return sorted(str((Path(root) / name).relative_to(folder))
                  for root, _, names in os.walk(folder) for name in names)


def expected_conf(prefix, sysconf):
    return sorted([f"{prefix}/{name}" for name in CONF_FILES]
                  + [f"{prefix}/share/portaria/templates/{language}/"
                     f"{name}.txt" for language in LANGUAGES
                     for name in TEMPLATES]
                  + [f"{sysconf}/portaria/portaria.conf.sample"])


def expected_man(prefix):
    return [f"{prefix}/share/man/man{page[-1]}/{page}" for page in PAGES]


def bare(path):
    return str(path).strip("/")


class Tree(Scratch):
    """The build at hand, with its own prefix, into a scratch folder."""

    def setUp(self):
        super().setUp()
        self.prefix = bare(cache("CMAKE_INSTALL_PREFIX"))
        self.sysconf = ("etc" if self.prefix == "usr"
                        else f"{self.prefix}/etc")
        self.manifest = BUILD / "install_manifest.txt"
        kept = self.manifest.read_bytes() if self.manifest.exists() else None
        self.addCleanup(self.put_back, kept)
        self.result = run(CMAKE, "--install", BUILD,
                          env={**os.environ, "DESTDIR": str(self.dir)})

    def put_back(self, kept):
        """INSTALL uses the manifest of the last real installation."""
        if kept is None:
            self.manifest.unlink(missing_ok=True)
        else:
            self.manifest.write_bytes(kept)

    def test_exactly_these_files(self):
        self.assertEqual(self.result.returncode, 0, self.result.stderr)
        wanted = (expected_conf(self.prefix, self.sysconf)
                  + expected_man(self.prefix)
                  + [f"{self.prefix}/bin/portaria"]
                  + [f"{self.prefix}/sbin/{name}" for name in DAEMONS])
        self.assertEqual(files_below(self.dir), sorted(wanted))

    def test_programs_run(self):
        for name in ["bin/portaria", *[f"sbin/{name}" for name in DAEMONS]]:
            with self.subTest(name):
                result = run(self.dir / self.prefix / name, "--version")
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(result.stdout.split()[0], Path(name).name)
                self.assertRegex(result.stdout, r" \d+\.\d+\.\d+\n$")

    def test_programs_carry_no_path_of_the_build(self):
        for name in ["bin/portaria", *[f"sbin/{name}" for name in DAEMONS]]:
            with self.subTest(name):
                result = run("readelf", "-d", self.dir / self.prefix / name)
                if result.returncode == 0:
                    self.assertNotRegex(result.stdout, "RPATH|RUNPATH")

    def test_modes(self):
        for name in files_below(self.dir):
            mode = (self.dir / name).stat().st_mode & 0o7777
            with self.subTest(name):
                is_program = re.search(r"/s?bin/", name)
                self.assertEqual(mode, 0o755 if is_program else 0o644)

    def test_nothing_is_overwritten(self):
        conf = self.dir / self.sysconf / "portaria/portaria.conf"
        conf.write_text("[server]\nbrand = Minha\n")
        result = run(CMAKE, "--install", BUILD,
                     env={**os.environ, "DESTDIR": str(self.dir)})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(conf.read_text(), "[server]\nbrand = Minha\n")

    def test_templates_are_complete(self):
        """Every template the program asks for, in every language."""
        source = (SOURCE / "shared/desk/texts.c").read_text()
        table = re.search(r"kinds\[\] = \{(.*?)\n\};", source, re.S)
        self.assertEqual(sorted(re.findall(r'\{ "(\w+)"', table.group(1))),
                         sorted(TEMPLATES))


class BelowUsr(Scratch):
    """Configured for /usr as INSTALL says: /etc and /var, not /usr/etc."""

    def setUp(self):
        super().setUp()
        self.build = self.dir / "build"
        result = run(CMAKE, "-S", SOURCE, "-B", self.build,
                     "-DCMAKE_INSTALL_PREFIX=/usr", "-DPORTARIA_TESTS=OFF",
                     f"-DCMAKE_C_COMPILER={cache('CMAKE_C_COMPILER')}")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.root = self.dir / "root"
        for part in ("conf", "man"):
            subprocess.run([CMAKE, "-P",
                            self.build / part / "cmake_install.cmake"],
                           env={**os.environ, "DESTDIR": str(self.root)},
                           check=True, capture_output=True)

    def test_paths(self):
        self.assertEqual(files_below(self.root),
                         sorted(expected_conf("usr", "etc")
                                + expected_man("usr")))
        self.assert_sample()
        self.assert_units()
        for name in files_below(self.root):
            with self.subTest(name):
                text = (self.root / name).read_text()
                self.assertNotRegex(text, "/usr/(local|etc|var)|@CMAKE|"
                                    + re.escape(str(self.dir)))

    def assert_sample(self):
        text = (self.root / "etc/portaria/portaria.conf.sample").read_text()
        for line in ("#key_file = /etc/portaria/portaria.key",
                     "#template_dir = /usr/share/portaria/templates",
                     "#database = /var/lib/portaria/portaria.db",
                     "#map_file = /var/lib/portaria/postfix/portaria-map.db"):
            self.assertIn(f"\n{line}\n", text)

    def assert_units(self):
        for name in DAEMONS:
            text = (self.root / f"usr/lib/systemd/system/{name}.service"
                    ).read_text()
            self.assertIn(f"\nExecStart=/usr/sbin/{name}\n", text)
        text = (self.root / "usr/share/portaria/postfix/recipient.cf"
                ).read_text()
        self.assertIn("dbpath = /var/lib/portaria/postfix/portaria-map.db\n",
                      text)


class PostfixSamples(unittest.TestCase):
    """conf/postfix and INSTALL give the same advice."""

    guide = (SOURCE / "INSTALL").read_text()

    def test_services(self):
        sample, service = {}, None
        for line in (SOURCE / "conf/postfix/master.cf").read_text(
                ).splitlines():
            words = line.split()
            if line.startswith("    -o "):
                name, value = words[1].split("=", 1)
                sample[f"{service}/{name}"] = value
            elif line and not line.startswith("#"):
                service = f"{words[0]}/{words[1]}"
                self.assertIn(f"postconf -M '{service}={line}'", self.guide)
        self.assertGreater(len(sample), 10)
        told = dict(re.findall(
            r"'((?:portaria/unix|127\.0\.0\.1:10587/inet)/\w+)=([^']*)'",
            self.guide.split("step=postfix\n")[1].split("```")[0]))
        self.assertEqual(told, sample)

    def test_parameters(self):
        for name in ("own-domain", "single-addresses"):
            text = (SOURCE / f"conf/postfix/main.cf.{name}").read_text()
            lines = [line for line in text.splitlines()
                     if line and not line.startswith("#")]
            self.assertGreater(len(lines), 6)
            for line in lines:
                parameter, value = line.split(" = ", 1)
                with self.subTest(name, parameter=parameter):
                    self.assertRegex(
                        self.guide, rf"(?m)['\"]{parameter} = (\$\(postconf "
                        rf"-h {parameter}\) )?{re.escape(value)}['\"]")


if __name__ == "__main__":
    unittest.main(verbosity=2)
