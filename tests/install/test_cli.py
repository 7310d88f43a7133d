# SPDX-License-Identifier: GPL-2.0-or-later
"""test_cli.py - the `portaria` command: every verb, and what it refuses

No root and no mail server: see house.py. The classes share one house each,
because starting one takes a second; tests do not rely on each other's order.
"""

import json
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import tempfile
import threading
import unittest
from pathlib import Path

from house import (ABUSOS, AT_CLIENTE, AT_FORGER, AT_PROVEDOR, MARIA, PAULA,
                   STRANGER, SUPORTE, ZE, House, mail, wait_for)
from support import BUILD, PORTARIA

OK, NOTHING, USAGE, DATA, FAILED = 0, 1, 64, 65, 69
TEMPORARY, DENIED, CONFIG = 75, 77, 78
REF = r"VIA-[0-9A-Z]{7}"
ISO = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"


class WithHouse(unittest.TestCase):
    daemons = ()
    fill = True

    @classmethod
    def setUpClass(cls):
        folder = tempfile.mkdtemp(prefix="portaria-cli-")
        cls.addClassCleanup(shutil.rmtree, folder, True)
        cls.house = House(folder)
        cls.addClassCleanup(cls.house.close)
        cls.house.open(cls.fill)
        for name in cls.daemons:
            cls.house.start(name)

    def check(self, code, *words, says="", **more):
        """Runs the command; exit code and a part of what it says."""
        result = self.house.portaria(*words, **more)
        self.assertEqual(result.returncode, code,
                         f"{words}: {result.stdout}{result.stderr}")
        if code in (OK, NOTHING) and not says:
            return result.stdout
        self.assertIn(says, result.stdout + result.stderr)
        if code not in (OK, NOTHING):
            self.assertIn("portaria: ", result.stderr)
        return result.stdout + result.stderr

    def rows(self, *words, **wanted):
        """The JSON objects whose members are as wanted."""
        return [row for row in self.house.json(*words)
                if all(row.get(key) == value
                       for key, value in wanted.items())]

    def row(self, *words, **wanted):
        found = self.rows(*words, **wanted)
        self.assertEqual(len(found), 1, f"{words} {wanted}: {found}")
        return found[0]


class Database(unittest.TestCase):
    """db and key, from nothing."""

    def setUp(self):
        self.dir = Path(tempfile.mkdtemp(prefix="portaria-cli-"))
        self.addCleanup(shutil.rmtree, self.dir, True)
        self.house = House(self.dir)
        self.addCleanup(self.house.close)

    check = WithHouse.check

    def write_config(self, **more):
        self.house.conf.write_text(
            "[server]\nkey_file = {0}/key\n[store]\ndatabase = {0}/db/p.db\n"
            "blob_dir = {0}/db/blobs\n[postfix]\nmap_file = {0}/map.db\n"
            "{1}".format(self.dir, more.get("text", "")))

    def test_from_nothing_to_a_current_schema(self):
        self.write_config()
        self.check(CONFIG, "ticket", "list", says='"portaria db init"')
        self.check(NOTHING, "db", "status", says="No such file")
        out = self.check(OK, "db", "init", says="p.db: created, schema ")
        self.assertIn("current", self.check(OK, "db", "status"))
        status, = self.house.json("db", "status")
        self.assertEqual(status["object"], "database")
        self.assertEqual(status["schema"], status["wanted"])
        now = status["schema"]
        self.assertTrue(out.endswith(f"schema {now}\n"), out)
        self.check(DATA, "db", "init",
                   says=f"there is a schema ({now}) already")
        self.check(OK, "db", "migrate", says=f"schema {now} -> {now}")
        out = self.check(OK, "db", "check")
        self.assertEqual(out, "database: intact\n"
                              "audit chain: 0 rows, intact\n")
        mode = (self.dir / "db/p.db").stat().st_mode
        self.assertEqual(mode & 0o007, 0)

    def test_file_that_is_no_database(self):
        self.write_config()
        (self.dir / "db").mkdir()
        (self.dir / "db/p.db").write_text("So texto.\n" * 2000)
        self.check(OK, "key", "create")
        for words in (["ticket", "list"], ["db", "status"], ["db", "init"],
                      ["db", "check"], ["db", "migrate"]):
            self.check(CONFIG, *words, says="p.db: file is not a database")

    def exit_of(self, daemon, *words):
        result = subprocess.run(
            [BUILD / daemon / f"portaria-{daemon}", "-c", self.house.conf,
             "-o", "log.target=stderr", *words],
            capture_output=True, text=True, timeout=60, check=False)
        return result.returncode, result.stderr

    def test_daemons_that_cannot_start(self):
        """All say 78, and why: restarting them cures nothing."""
        source = Path(__file__).resolve().parents[2]
        self.write_config(text=f"[server]\n"
                               f"template_dir = {source}/conf/templates\n"
                               f"[lmtp]\nsocket = unix:{self.dir}/lmtp\n"
                               f"[milter]\nsocket = unix:{self.dir}/milter\n")
        key = self.dir / "key"

        def missing():
            key.unlink(missing_ok=True)

        def damaged():
            key.write_text("k1 abc\n")
            key.chmod(0o640)

        def readable():
            key.unlink()
            self.check(OK, "key", "create")
            key.chmod(0o644)

        for spoil in (missing, damaged, readable):
            spoil()
            for daemon in ("milter", "lmtpd", "notifier"):
                with self.subTest(daemon, key=spoil.__name__):
                    code, said = self.exit_of(daemon)
                    self.assertEqual(code, CONFIG, said)
                    self.assertIn(str(key), said)
        key.chmod(0o640)
        code, said = self.exit_of("lmtpd")
        self.assertEqual(code, CONFIG, said)
        self.assertIn("db/p.db: No such file", said)

    BAD_TIMES = (("timers.hours=mon-fry 09:00-18:00",
                  '"fry": no day of the week'),
                 ("timers.hours=seg-sex 9-18", '"9-18": no times like'),
                 ("timers.holidays=12-25 30/02",
                  '"30/02": no day like 2026-02-17'),
                 ("server.time_zone=America/Sampa",
                  "is not a time zone such as America/Sao_Paulo"))

    def test_bad_hours_stop_daemons_and_config_test(self):
        self.house.open(fill=False)
        for setting, says in self.BAD_TIMES:
            with self.subTest(setting):
                self.check(CONFIG, "-o", setting, "config", "test", says=says)
                for daemon in ("milter", "lmtpd", "notifier"):
                    code, said = self.exit_of(daemon, "-o", setting)
                    self.assertEqual(code, CONFIG, said)
                    self.assertIn(says, said.replace('\\"', '"'))

    def test_machine_without_time_zones(self):
        self.house.open(fill=False)
        self.house.environment["TZDIR"] = str(self.dir / "none")
        self.check(CONFIG, "-o", "server.time_zone=America/Recife", "config",
                   "test", says="no time zones (Debian package tzdata)")
        self.check(OK, "config", "test")

    def test_newer_database_is_refused(self):
        self.write_config()
        self.check(OK, "db", "init")
        with sqlite3.connect(self.dir / "db/p.db") as db:
            tables = [row[0] for row in db.execute(
                "SELECT name FROM sqlite_master WHERE sql LIKE "
                "'%schema%' AND type = 'table'")]
            self.assertTrue(tables)
            db.execute(f"UPDATE {tables[0]} SET version = version + 999")
        db.close()
        self.check(CONFIG, "ticket", "list",
                   says="newer than this program")
        self.check(OK, "db", "status", says="newer than this program")
        self.check(CONFIG, "db", "migrate", says="newer than this program")

    def test_damage_is_found(self):
        self.write_config()
        self.check(OK, "db", "init")
        path = self.dir / "db/p.db"
        data = bytearray(path.read_bytes())
        self.check(OK, "db", "check")
        middle = len(data) // 2
        data[middle:middle + 8192] = b"\xff" * 8192
        path.write_bytes(data)
        result = self.house.portaria("db", "check")
        self.assertNotIn(result.returncode, (OK, NOTHING))
        self.assertNotIn("intact", result.stdout)

    def test_audit_row_that_was_changed(self):
        self.house.open()
        self.house.start("lmtpd")
        ref = self.house.ticket()
        for priority in ("high", "low"):
            self.check(OK, "ticket", "priority", ref, priority)
        self.check(OK, "db", "check")
        with sqlite3.connect(self.dir / "portaria.db") as db:
            db.execute("DROP TRIGGER IF EXISTS audit_no_update")
            triggers = [row[0] for row in db.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger' "
                "AND tbl_name = 'audit'")]
            for name in triggers:
                db.execute(f"DROP TRIGGER {name}")
            db.execute("UPDATE audit SET actor = 'outra' WHERE id = "
                       "(SELECT min(id) FROM audit)")
        db.close()
        self.check(FAILED, "db", "check", says="does not fit the chain")

    def test_backup_is_a_database(self):
        self.house.open()
        out = self.check(OK, "db", "backup", self.dir / "copy.db")
        self.assertIn("copy.db: written", out)
        self.check(DATA, "db", "backup", self.dir / "copy.db",
                   says="copy.db")
        out = self.check(OK, "-o", f"store.database={self.dir}/copy.db",
                         "department", "list")
        self.assertIn(SUPORTE, out)

    def test_key_is_made_once(self):
        self.write_config()
        self.check(OK, "key", "create", says="created")
        key = self.dir / "key"
        self.assertEqual(key.stat().st_mode & 0o777, 0o640)
        self.assertRegex(key.read_text(), r"(?m)^[A-Za-z0-9]{1,16} "
                                          r"[0-9a-f]{64,}$")
        before = key.read_bytes()
        self.check(DATA, "key", "create", says="File exists")
        self.assertEqual(key.read_bytes(), before)

    def test_config_test(self):
        self.house.open(fill=False)
        self.check(OK, "config", "test", says="portaria.conf: ok")
        (self.dir / "key").chmod(0o644)
        self.check(DENIED, "config", "test", says="mode 0644")
        (self.dir / "key").chmod(0o640)
        (self.dir / "key").write_text("k1 abc\n")
        self.check(CONFIG, "config", "test", says="key:1:")
        (self.dir / "key").unlink()
        result = self.house.portaria("config", "test")
        self.assertIn(result.returncode, (NOTHING, DENIED, CONFIG))
        self.assertIn(str(self.dir / "key"), result.stderr)

    def test_bad_template_is_named(self):
        self.house.open(fill=False)
        templates = self.dir / "templates"
        source = re.search(r"template_dir = (.*)",
                           self.house.conf.read_text()).group(1)
        shutil.copytree(source, templates)
        with open(templates / "es/ack.txt", "a", encoding="utf-8") as file:
            file.write("{{nome}}\n")
        self.check(CONFIG, "-o", f"server.template_dir={templates}", "config",
                   "test", says="es/ack.txt:")
        shutil.rmtree(templates / "es")
        self.check(OK, "-o", f"server.template_dir={templates}", "config",
                   "test")
        (templates / "pt_BR/ack.txt").unlink()
        self.check(CONFIG, "-o", f"server.template_dir={templates}", "config",
                   "test", says="template ack is missing")

    def test_busy_database_is_temporary(self):
        self.house.open()
        db = sqlite3.connect(self.dir / "portaria.db", isolation_level=None)
        db.execute("BEGIN IMMEDIATE")
        self.check(TEMPORARY, "staff", "edit", "paula", "--name", "P")
        db.execute("ROLLBACK")
        db.close()
        self.check(OK, "staff", "edit", "paula", "--name", "P")


class Words(WithHouse):
    """What is no verb, and where output goes."""

    def test_unknown_words(self):
        self.check(USAGE, "nada", says='unknown noun "nada"')
        self.check(USAGE, "ticket", "nada", says='no verb "nada"')
        self.check(USAGE, "ticket", "show", says="show needs REF")
        self.check(USAGE, "ticket", "list", "x", says='unexpected "x"')
        self.check(USAGE, "ticket", "list", "--nada", says="--nada")
        self.check(USAGE, "ticket", "list", "--limit", "muito", says="limit")
        self.check(USAGE, "ticket", "list", "--limit", "-3", says="--limit")
        self.check(USAGE, "customer", "list", "--limit", "-3", says="--limit")

        for limit in ("0", "1000001", "", "1x", "+1"):
            for noun in ("ticket", "customer"):
                self.check(USAGE, noun, "list", "--limit", limit,
                           says=f"--limit {limit}: 1 to 1000000")
        self.check(USAGE, "ticket", "list", "--department", "nenhum",
                   says='no department "nenhum"')

    def test_option_that_sets_nothing(self):
        for words in (["-o", "log", "department", "list"],
                      ["department", "list", "-o", "log"]):
            self.check(USAGE, *words, says="section.key=value is wanted")
        result = subprocess.run(
            [BUILD / "lmtpd/portaria-lmtpd", "-o", "log"], check=False,
            capture_output=True, text=True)
        self.assertEqual(result.returncode, USAGE, result.stderr)
        self.check(CONFIG, "-o", "log.nada=1", "department", "list",
                   says="unknown key")

    def test_global_options_behind_the_verb(self):
        """They count above those in front; a value that looks like one is
        a value."""
        for words in (["-c", self.house.conf], ["--config", self.house.conf],
                      [f"--config={self.house.conf}"]):
            result = self.house.portaria("department", "list", *words,
                                         config=False)
            self.assertEqual(result.returncode, OK, result.stderr)
            self.assertIn(SUPORTE, result.stdout)
        out = self.check(OK, "-o", "server.brand=Um", "config", "show",
                         "-o", "server.brand=Dois", "-o", "log.level=error")
        self.assertIn("server.brand = Dois\n", out)
        self.assertIn("log.level = error\n", out)
        result = self.house.portaria("-c", "/nada", "department", "list",
                                     "-c", self.house.conf, config=False)
        self.assertEqual(result.returncode, OK, result.stderr)
        self.check(CONFIG, "department", "list", "-c", "/nada")
        self.check(NOTHING, "ticket", "note", "VIA-0000000", "--as", "paula",
                   "--text", "-c")

    def test_usage_points_to_help(self):
        self.check(USAGE, "ticket", "show", "x",
                   says='see "portaria ticket show --help"')

    def test_help_is_no_value(self):
        """The last word may be --help without being asked for help."""
        self.check(USAGE, "ticket", "show", "help", says="no ticket number")
        self.check(NOTHING, "ticket", "note", "VIA-0000000", "--as", "paula",
                   "--text", "--help", config=True)
        result = self.house.portaria("-c", self.house.conf, "ticket", "note",
                                     "VIA-0000000", "--as", "paula",
                                     "--text", "--help", config=False)
        self.assertEqual(result.returncode, NOTHING, result.stderr)

    def test_help_without_configuration(self):
        for words in (["--help"], ["ticket", "--help"],
                      ["ticket", "list", "--help"],
                      ["customer", "contact", "C1", "--help"],
                      ["config", "show", "--defaults"]):
            with self.subTest(words):
                result = self.house.portaria(*words, config=False)
                self.assertEqual((result.returncode, result.stderr), (OK, ""))

    def test_full_disk_is_no_success(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            result = subprocess.run(
                [PORTARIA, "-c", self.house.conf, "department", "list"],
                stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(result.returncode, TEMPORARY)
        self.assertIn("No space left", result.stderr)

    def test_json_before_and_behind_the_verb(self):
        before = self.check(OK, "--json", "department", "list")
        self.assertEqual(before, self.check(OK, "department", "list",
                                            "--json"))
        self.assertEqual(before[0], "{")


class Config(WithHouse):

    def test_show(self):
        out = self.check(OK, "-o", "server.brand=Outra", "config", "show")
        self.assertIn("server.brand = Outra\n", out)
        row = self.row("config", "show", section="server", key="brand")
        self.assertEqual(row["value"], "Provedor Exemplo")

    def test_explain(self):
        out = self.check(OK, "config", "explain", "socket")
        self.assertIn("milter.socket - ", out)
        self.assertIn("lmtp.socket - ", out)
        out = self.check(OK, "config", "explain", "lmtp.parsers")
        self.assertIn("default: 2", out)
        self.check(NOTHING, "config", "explain", "qualquercoisa",
                   says='no key "qualquercoisa"; ')
        for wrong, right in (("brnd", "server.brand"),
                             ("lmtp.parser", "lmtp.parsers"),
                             ("servr.brand", "server.brand")):
            self.check(NOTHING, "config", "explain", wrong,
                       says=f'"{wrong}": did you mean {right}?')
        row = self.row("config", "explain", "lmtp.parsers")
        self.assertEqual((row["default"], row["value"]), ("2", "2"))

    def test_conf_d_holds_over_the_file(self):
        folder = self.house.dir / "conf.d"
        folder.mkdir()
        self.addCleanup(shutil.rmtree, folder)
        (folder / "20.conf").write_text("[server]\nbrand = Vinte\n")
        (folder / "10.conf").write_text("[server]\nbrand = Dez\n")
        (folder / "30.txt").write_text("[server]\nbrand = Texto\n")
        self.assertEqual(self.row("config", "show", key="brand")["value"],
                         "Vinte")


class Departments(WithHouse):

    def test_add_edit_list(self):
        self.check(OK, "department", "add", "dominios", "--title", "Domínios",
                   "--address", "Dominios@Desk.Example", "--address",
                   "dominio@desk.example", "--accept", "replies",
                   "--unproven", "reject", "--language", "es", "--html",
                   "--no-ack")
        row = self.row("department", "list", name="dominios")
        self.assertEqual(row, {
            "object": "department", "name": "dominios", "title": "Domínios",
            "accept": "replies", "unproven": "reject", "language": "es",
            "time_zone": "", "ack": False, "html": True,
            "satisfaction": False, "active": True,
            "addresses": ["dominios@desk.example", "dominio@desk.example"]})
        self.check(OK, "department", "edit", "dominios", "--inactive",
                   "--plain", "--ack", "--accept", "anyone", "--title", "D")
        row = self.row("department", "list", name="dominios")
        self.assertEqual([row["active"], row["html"], row["ack"],
                          row["accept"], row["title"], row["unproven"]],
                         [False, False, True, "anyone", "D", "reject"])
        out = self.check(OK, "department", "list")
        self.assertRegex(out, r"(?m)^NAME +TITLE +ACCEPT")
        self.assertRegex(out, r"(?m)^suporte +Suporte +registered +hold")

    def test_addresses(self):
        self.check(OK, "department", "address", "suporte", "add",
                   "ajuda@desk.example")
        self.assertIn("ajuda@desk.example", self.row(
            "department", "list", name="suporte")["addresses"])
        self.check(DATA, "department", "address", "abusos", "add",
                   "ajuda@desk.example", says="suporte")
        self.check(OK, "department", "address", "suporte", "remove",
                   "ajuda@desk.example")
        self.check(NOTHING, "department", "address", "suporte", "remove",
                   "ajuda@desk.example", says="no address")
        self.check(DATA, "department", "address", "suporte", "remove",
                   SUPORTE, says="last address")
        self.check(USAGE, "department", "address", "suporte", "mova",
                   SUPORTE, says="add or remove")
        self.check(NOTHING, "department", "address", "nada", "add",
                   "a@desk.example", says="no department nada")

    def test_wrong_values(self):
        add = ("department", "add")
        for words, says in (
                (("Maiúsculo", "--address", "a@b.example"), "a-z, 0-9"),
                (("x" * 33, "--address", "a@b.example"), "1 to 32"),
                (("novo",), "--address is missing"),
                (("novo", "--address", "nada"), "no e-mail address"),
                (("novo", "--address", "a@b.example", "--accept", "todos"),
                 "registered, replies or anyone"),
                (("novo", "--address", "a@b.example", "--unproven", "x"),
                 "hold, accept or reject"),
                (("novo", "--address", "a@b.example", "--language", "fr"),
                 "pt_BR, en or es"),
                (("novo", "--address", "a@b.example", "--title", "  "),
                 "--title must not be empty"),
                (("novo", "--address", "x" * 40 + "@b.example"),
                 "no room for reply tokens")):
            with self.subTest(words):
                self.check(USAGE, *add, *words, says=says)
        self.check(DATA, *add, "suporte", "--address", "a@b.example",
                   says="suporte")
        self.check(DATA, *add, "novo", "--address", SUPORTE,
                   says="already belongs")
        self.check(DATA, *add, "novo", "--address", ZE)
        self.check(NOTHING, "department", "edit", "nada", "--html",
                   says="no department")
        self.assertEqual(self.rows("department", "list", name="novo"), [])

    def test_export(self):
        path = self.house.dir / "map.db"
        self.check(OK, "postfix", "export", says="map.db")
        self.check(OK, "postfix", "export", says="up to date")
        self.check(OK, "postfix", "export", "--transport", "lmtp:unix:/x",
                   says="written")
        with sqlite3.connect(path) as db:
            self.assertEqual(db.execute(
                "SELECT result FROM transport WHERE address = ?",
                (SUPORTE.upper(),)).fetchall(), [("lmtp:unix:/x",)])
            self.assertEqual(db.execute(
                "SELECT result FROM recipient WHERE address = 'a@b.example'"
                ).fetchall(), [])
        db.close()
        self.assertEqual(path.stat().st_mode & 0o777, 0o644)


class Clocks(WithHouse):

    def test_warning_must_be_shorter_than_the_wait(self):
        for warn in ("8d", "1d"):
            self.check(USAGE, "department", "clock", "suporte",
                       "--close-after", "1d", "--warn-before", warn,
                       says="--warn-before must be shorter than "
                            "--close-after")
        clock = self.row("department", "clock", "suporte")
        self.assertEqual(clock["close_after"], "site")
        self.check(OK, "department", "clock", "suporte", "--close-after",
                   "7d", "--warn-before", "2d")
        # Each alone, later: the other one is remembered.
        self.check(USAGE, "department", "clock", "suporte", "--close-after",
                   "2d", says="must be shorter")
        self.check(OK, "department", "clock", "suporte", "--close-after",
                   "never", "--warn-before", "8d")

    def test_target_is_confirmed(self):
        words = ("department", "target", "suporte", "first", "high")
        self.check(OK, *words, "4h", says="suporte: first high 4h\n")
        self.check(OK, *words, "none", says="suporte: first high removed\n")


class Texts(WithHouse):

    def test_check_of_a_folder_that_is_none(self):
        self.check(CONFIG, "template", "check", self.house.dir / "nada",
                   says="nada: is no folder")
        self.check(OK, "template", "check", says="texts: ok")

    def test_preview_tells_that_an_own_text_is_passed_over(self):
        own = self.house.dir / "own"
        (own / "pt_BR").mkdir(parents=True)
        (own / "pt_BR/closed.txt").write_text("Subject: [{{ref}}]\n\n{{x}}\n")
        result = self.house.portaria("-o", f"server.own_template_dir={own}",
                                     "template", "preview", "closed")
        self.assertEqual(result.returncode, OK, result.stderr)
        self.assertIn("unknown field 'x'", result.stderr)
        self.assertIn("the shipped text follows", result.stderr)
        self.assertNotIn("{{x}}", result.stdout)

    def test_sample_fits_the_text(self):
        for name, says in (("warn_close", "29/11/2026"),
                           ("notice_bounce", "550 5.1.1"),
                           ("hold_notice", "não foi provado")):
            out = self.check(OK, "template", "preview", name)
            self.assertIn(says, out)
            self.assertNotIn("exemplo.example", out, name)


class Customers(WithHouse):

    def add(self, name, email, *words):
        row = self.row("customer", "add", "--name", name, "--email", email,
                       *words)
        self.assertRegex(row["id"], r"^\d+$")
        return row["id"]

    def test_add_show_list(self):
        number = self.add("Ótica Luz", "luz@otica.example", "--code", "L1",
                          "--contact", "caixa@otica.example", "--contact",
                          "dono@otica.example", "--language", "en")
        for name in (number, "L1", "caixa@otica.example",
                     "LUZ@OTICA.EXAMPLE"):
            head, *contacts = self.house.json("customer", "show", name)
            self.assertEqual((head["id"], head["name"], head["language"]),
                             (number, "Ótica Luz", "en"))
            self.assertRegex(head["created"], ISO)
            self.assertEqual([(c["address"], c["role"]) for c in contacts],
                             [("luz@otica.example", "owner"),
                              ("caixa@otica.example", "additional"),
                              ("dono@otica.example", "additional")])
        for part in ("ótica", "L1", "caixa@"):
            self.assertEqual(self.row("customer", "list", "--search",
                                      part)["id"], number)
        self.assertEqual(len(self.rows("customer", "list", "--limit", "1")),
                         1)
        self.check(NOTHING, "customer", "list", "--search", "zzz")
        out = self.check(OK, "customer", "show", "L1")
        self.assertIn("Ótica Luz", out)
        self.assertRegex(out, r"(?m)^ADDRESS +NAME +ROLE")

    def test_wrong_values(self):
        add = ("customer", "add")
        for words, says in (
                ((), "--name and --email are needed"),
                (("--name", "N"), "--name and --email are needed"),
                (("--name", " ", "--email", "n@n.example"), "--name"),
                (("--name", "N", "--email", "nada"), "no e-mail address"),
                (("--name", "N", "--email", "n@n.example", "--contact", "x"),
                 "no e-mail address"),
                (("--name", "N", "--email", "n@n.example", "--language",
                  "fr"), "pt_BR, en or es")):
            with self.subTest(words):
                self.check(USAGE, *add, *words, says=says)
        self.check(DATA, *add, "--name", "N", "--email", ZE,
                   says="Padaria do Zé")
        self.check(DATA, *add, "--name", "N", "--email", "n@n.example",
                   "--code", "C1001", says="C1001")
        self.check(DATA, *add, "--name", "N", "--email", "n@n.example",
                   "--contact", PAULA, says=PAULA)
        self.check(DATA, *add, "--name", "N", "--email", SUPORTE)
        # Half a customer is none.
        self.assertEqual(self.rows("customer", "list", name="N"), [])
        self.check(NOTHING, "customer", "show", "1", says="no such customer")
        self.check(NOTHING, "customer", "show", "nada", says="give the id")
        self.check(NOTHING, "customer", "show", "a@b.example")
        self.check(USAGE, "customer", "show", "@")

    def test_contacts(self):
        contact = ("customer", "contact", "C1001")
        self.check(OK, *contact, "add", "Novo@Cliente.Example", "--name",
                   "Novo", "--login", "novo")
        row = self.row(*contact, "list", address="novo@cliente.example")
        self.assertEqual((row["name"], row["login"], row["role"]),
                         ("Novo", "novo", "additional"))
        self.check(DATA, *contact, "add", "novo@cliente.example",
                   says="already belongs")
        self.check(DATA, *contact, "add", "outro@cliente.example", "--login",
                   "novo", says="novo")
        self.check(OK, *contact, "remove", "novo@cliente.example")
        self.check(NOTHING, *contact, "remove", "novo@cliente.example")
        self.check(USAGE, *contact, "remove", ZE, says="owner")
        self.check(USAGE, *contact, "add")
        self.check(USAGE, *contact, "list", "x")
        self.check(USAGE, *contact, "mova", "x@y.example")
        self.check(NOTHING, "customer", "contact", "nada", "list")

    def test_contact_of_another_customer_stays(self):
        self.add("Vizinho", "vizinho@outro.example")
        self.check(USAGE, "customer", "contact", "C1001", "remove",
                   "vizinho@outro.example", says="no contact of")

    def test_services(self):
        service = ("customer", "service", "C1001")
        row = self.row(*service, "add", "--kind", "hosting", "--label",
                       "Plano Ouro", "--domain", "Cliente.Example", "--ip",
                       "192.0.2.0/28", "--ip", "2001:db8::1")
        self.assertEqual((row["domain"], row["ips"]),
                         ("cliente.example", ["192.0.2.0/28", "2001:db8::1"]))
        self.assertEqual(self.row(*service, "list", id=row["id"])["label"],
                         "Plano Ouro")
        for words, says in (
                (("--label", "x"), "--kind"), (("--kind", "x"), "--label"),
                (("--kind", "x", "--label", "y", "--domain", "a b"),
                 "no domain"),
                (("--kind", "x", "--label", "y", "--ip", "999"), "--ip 999"),
                (("--kind", "x", "--label", "y", "--ip", "10.0.0.1/8"),
                 "--ip 10.0.0.1/8")):
            with self.subTest(words):
                self.check(USAGE, *service, "add", *words, says=says)
        self.check(USAGE, *service, "remove", "x", says="no id")
        self.check(NOTHING, *service, "remove", "12")
        self.check(OK, *service, "remove", row["id"])
        self.assertEqual(self.rows(*service, "list", id=row["id"]), [])


class Import(WithHouse):

    def write(self, name, text, encoding="utf-8"):
        path = self.house.dir / name
        path.write_bytes(text.encode(encoding))
        return path

    def test_semicolons_in_latin_1(self):
        path = self.write("latin.csv",
                          "Código;Nome;E-mail;Contatos;Serviço;Domínio\r\n"
                          "I1;Pão & Cia;pao@pao.example;a@pao.example "
                          "b@pao.example;Hospedagem;pao.example\r\n",
                          "latin-1")
        report = self.row("customer", "import", path)
        self.assertEqual([report[key] for key in ("rows", "created",
                                                  "updated", "rejected")],
                         [1, 1, 0, 0])
        head, *rest = self.house.json("customer", "show", "I1")
        self.assertEqual(head["name"], "Pão & Cia")
        self.assertEqual([r["address"] for r in rest
                          if r["object"] == "contact"],
                         ["pao@pao.example", "a@pao.example",
                          "b@pao.example"])
        self.assertEqual([r["domain"] for r in rest
                          if r["object"] == "service"], ["pao.example"])

    def test_commas_in_utf_8_with_bom_and_quotes(self):
        path = self.write("utf8.csv",
                          '\ufeffcode,name,email\n'
                          'I2,"Silva, Souza ""e"" Filhos",s@silva.example\n')
        self.check(OK, "customer", "import", path)
        self.assertEqual(self.row("customer", "list", "--search",
                                  "I2")["name"], 'Silva, Souza "e" Filhos')

    def test_second_run_updates(self):
        path = self.write("again.csv", "code;name;email\nI3;Um;um@u.example\n")
        self.check(OK, "customer", "import", path)
        self.write("again.csv", "code;name;email\nI3;Dois;um@u.example\n")
        report = self.row("customer", "import", path)
        self.assertEqual((report["created"], report["updated"]), (0, 1))
        self.assertEqual(self.row("customer", "list", "--search",
                                  "I3")["name"], "Dois")

    def test_dry_run_changes_nothing(self):
        path = self.write("dry.csv", "code;name;email\nI4;Seco;s@seco.example"
                                     "\n")
        report = self.row("customer", "import", path, "--dry-run")
        self.assertEqual((report["created"], report["dry_run"]), (1, True))
        self.check(NOTHING, "customer", "show", "I4")

    def test_bad_rows_are_told_by_line_and_left_out(self):
        path = self.write("bad.csv",
                          "code;name;email\n"
                          "I5;Certo;certo@certo.example\n"
                          "I6;Sem arroba;nada\n"
                          '"I7";"Duas\nlinhas";duas@linhas.example\n'
                          f"I8;Tomado;{PAULA}\n")
        result = self.house.portaria("customer", "import", path)
        self.assertEqual(result.returncode, DATA)
        self.assertIn(f"{path}:3: ", result.stderr)
        self.assertIn(f"{path}:6: ", result.stderr)
        self.assertIn("2 of 4 rows were left out", result.stderr)
        for code, there in (("I5", True), ("I6", False), ("I7", True),
                            ("I8", False)):
            self.assertEqual(self.house.portaria(
                "customer", "show", code).returncode,
                OK if there else NOTHING, code)
        problems = [row for row in self.house.json(
            "customer", "import", path) if row["object"] == "problem"]
        self.assertEqual([row["line"] for row in problems], [3, 6])

    def test_no_heading(self):
        path = self.write("none.csv", "a;b;c\n1;2;3\n")
        self.check(DATA, "customer", "import", path)

    def test_no_file(self):
        self.check(NOTHING, "customer", "import", "/nada.csv",
                   says="/nada.csv: No such file")


class Staff(WithHouse):

    def test_add_edit_list(self):
        self.check(OK, "staff", "add", "rui", "--name", "Rui", "--email",
                   "Rui@Provedor.Example", "--department", "suporte",
                   "--language", "es", "--no-notify")
        row = self.row("staff", "list", login="rui")
        self.assertEqual(row, {
            "object": "staff", "login": "rui", "name": "Rui",
            "address": "rui@provedor.example", "language": "es",
            "admin": False, "notify": False, "active": True,
            "departments": ["suporte"]})
        self.check(OK, "staff", "edit", "rui", "--department", "abusos",
                   "--notify", "--inactive", "--admin", "--name", "Rui B.")
        row = self.row("staff", "list", login="rui")
        self.assertEqual([row["departments"], row["notify"], row["active"],
                          row["admin"], row["name"], row["language"]],
                         [["abusos"], True, False, True, "Rui B.", "es"])

    def test_wrong_values(self):
        add = ("staff", "add")
        self.check(USAGE, *add, "eva", says="--name and --email are needed")
        self.check(USAGE, *add, "eva", "--name", " ", "--email",
                   "eva@provedor.example", says="--name")
        self.check(USAGE, *add, "eva", "--name", "Eva", "--email", "nada",
                   says="no e-mail address")
        eva = ("--name", "Eva", "--email", "eva@provedor.example")
        self.check(DATA, *add, "", *eva, says="empty")
        self.check(DATA, *add, "e va", *eva, says="blanks")
        self.check(DATA, *add, "paula", *eva, says="paula")
        self.check(DATA, *add, "eva", "--name", "Eva", "--email", ZE,
                   says=ZE)
        self.check(NOTHING, *add, "eva", *eva, "--department", "nada",
                   says="no department nada")
        self.check(NOTHING, "staff", "edit", "nada", "--admin",
                   says="no staff member nada")
        self.assertEqual(self.rows("staff", "list", login="eva"), [])


class Empty(WithHouse):
    """Lists of nothing exit 1; things that are not there say so."""

    def test_lists(self):
        for words in (("ticket", "list"), ("ticket", "list", "--all"),
                      ("held", "list"), ("held", "list", "--all"),
                      ("outbox", "list"), ("outbox", "list", "--all")):
            with self.subTest(words):
                result = self.house.portaria(*words)
                self.assertEqual((result.returncode, result.stdout,
                                  result.stderr), (NOTHING, "", ""))
                self.assertEqual(self.house.json(*words), [])

    def test_nothing_there(self):
        for words, says in (
                (("ticket", "show", "VIA-0000000"), "no ticket VIA-0000000"),
                (("ticket", "raw", "via0000000"), "no ticket VIA-0000000"),
                (("ticket", "reply", "VIA-0000000", "--text", "x"),
                 "no ticket"),
                (("ticket", "status", "VIA-0000000", "closed"), "no ticket"),
                (("ticket", "priority", "VIA-0000000", "low"), "no ticket"),
                (("ticket", "assign", "VIA-0000000", "none"), "no ticket"),
                (("ticket", "attachment", "save", "VIA-0000000"),
                 "no ticket"),
                (("ticket", "list", "--assignee", "nada"),
                 "no staff member nada"),
                (("ticket", "list", "--customer", "nada"), "no customer"),
                (("outbox", "list", "--ticket", "VIA-0000000"), "no ticket"),
                (("held", "show", "1"), "no such held message"),
                (("held", "raw", "1"), "no such held message"),
                (("held", "release", "1"), "no such held message"),
                (("held", "discard", "1"), "no such held message"),
                (("outbox", "show", "1"), "no such outgoing mail"),
                (("outbox", "retry", "1"), "no such outgoing mail")):
            with self.subTest(words):
                self.check(NOTHING, *words, says=says)

    def test_wrong_words(self):
        for words, says in (
                (("ticket", "show", "VIA-0000001"), "checks the others"),
                (("ticket", "show", "1234"), "no ticket number"),
                (("ticket", "list", "--status", "x"), "unknown status"),
                (("ticket", "list", "--priority", "x"), "unknown priority"),
                (("ticket", "list", "--since", "ontem"), "no date"),
                (("ticket", "list", "--since", "2026-02-30"), "no date"),
                (("ticket", "list", "--since", "2026-02-01x"), "no date"),
                (("ticket", "attachment", "x", "VIA-0000000"),
                 "attachment save"),
                (("held", "show", "x"), "no id"),
                (("held", "show", "-1"), ""),
                (("outbox", "show", "0"), "no id"),
                (("outbox", "list", "--state", "x"), "unknown state")):
            with self.subTest(words):
                self.check(USAGE, *words, says=says)

    def test_who_acts(self):
        words = ("ticket", "note", "VIA-0000000", "--text", "x")
        self.check(NOTHING, *words, "--as", "nada", says="no staff member")
        self.check(OK, "staff", "add", "chefe", "--name", "Chefe", "--email",
                   "chefe@provedor.example", "--admin")
        self.addCleanup(self.check, OK, "staff", "edit", "chefe",
                        "--inactive")
        self.check(USAGE, *words, says="--as LOGIN")


class Tickets(WithHouse):
    """With a running agent and notifier."""

    daemons = ("lmtpd", "notifier")

    def show(self, ref):
        head, *entries = self.house.json("ticket", "show", ref)
        self.assertEqual(head["object"], "ticket")
        return head, entries

    def entries(self, ref, author):
        return [e for e in self.show(ref)[1] if e["author"] == author]

    def wait_answer(self, address, text):
        """The mail to an address that has the text in its body."""
        def found():
            for one in self.house.sink.to(address):
                plain = one.message.get_body(("plain",))
                if plain and text in plain.get_content():
                    return one.message
            return None
        return wait_for(found, f"{text!r} to {address}")

    def test_list_and_filters(self):
        ref = self.house.ticket("Filtro único", "palavra rara: abacaxi\n")
        other = self.house.ticket("Outro", "nada\n", to=ABUSOS)
        for words in (("--department", "suporte"), ("--status", "open"),
                      ("--status", "Aberto"), ("--priority", "média"),
                      ("--customer", "C1001"), ("--customer", MARIA),
                      ("--search", "ABACAXI"), ("--search", "unico"),
                      ("--since", "2020-01-01"), ("--all",), ()):
            with self.subTest(words):
                self.assertEqual(len(self.rows("ticket", "list", *words,
                                               ref=ref)), 1)
        for words in (("--department", "abusos"), ("--status", "closed"),
                      ("--priority", "high"), ("--assignee", "paula"),
                      ("--search", "banana"), ("--since", "2099-01-01"),
                      ("--department", "nada")):
            with self.subTest(words):
                self.assertEqual(self.rows("ticket", "list", *words,
                                           ref=ref), [])
        self.assertEqual(len(self.rows("ticket", "list", "--limit", "1")), 1)
        row = self.row("ticket", "list", ref=other)
        self.assertEqual(row["department"], "abusos")
        self.assertRegex(row["created"], ISO)
        out = self.check(OK, "ticket", "list")
        self.assertRegex(out, rf"(?m)^{ref}  suporte +Aberto +Média +"
                              r"Padaria do Zé +Filtro único")

    def test_show(self):
        ref = self.house.ticket("Ver", "Primeira linha\nSegunda\n",
                                ("dados.bin", b"\0\1\2"))
        head, entries = self.show(ref)
        self.assertEqual({key: head[key] for key in (
            "ref", "subject", "department", "status", "priority", "customer",
            "customer_code", "requester", "assignee", "service")}, {
                "ref": ref, "subject": "Ver", "department": "suporte",
                "status": "open", "priority": "medium",
                "customer": "Padaria do Zé", "customer_code": "C1001",
                "requester": ZE, "assignee": "", "service": ""})
        self.assertEqual({p["address"]: p["role"]
                          for p in head["participants"]},
                         {ZE: "owner", MARIA: "contact"})
        entry = entries[0]
        self.assertEqual((entry["author"], entry["address"],
                          entry["subject"], entry["client_ip"]),
                         ("customer", ZE, "Ver", AT_CLIENTE))
        self.assertIn("Primeira linha\nSegunda", entry["text"])
        self.assertIn("spf=pass", entry["auth"])
        self.assertEqual([(a["filename"], a["size"], a["inline"])
                          for a in entry["attachments"]],
                         [("dados.bin", 3, False)])
        for spelling in (ref.lower(), ref.replace("-", "")):
            self.assertEqual(self.show(spelling)[0]["ref"], ref)
        out = self.check(OK, "ticket", "show", ref)
        for part in (f"{ref}  Ver", "Padaria do Zé C1001", "Primeira linha",
                     "dados.bin"):
            self.assertIn(part, out)

    def test_show_keeps_terminals_safe(self):
        ref = self.house.ticket("Cor", "antes\x1b[31mdepois\n")
        out = self.check(OK, "ticket", "show", ref)
        self.assertIn("depois", out)
        self.assertNotIn("\x1b", out)

    def test_reply(self):
        ref = self.house.ticket("Responder")
        path = self.house.dir / "nota fiscal.txt"
        path.write_text("conteúdo\n")
        out = self.check(OK, "ticket", "reply", ref, "--as", "paula",
                         "--text", "Já está no ar.", "--attach", path)
        self.assertIn(ref, out)
        self.assertIn("answered", out)
        self.assertEqual(self.show(ref)[0]["status"], "answered")
        entry = self.entries(ref, "staff")[0]
        self.assertEqual((entry["text"].strip(), entry["channel"]),
                         ("Já está no ar.", "cli"))
        self.assertEqual(entry["attachments"][0]["filename"],
                         "nota fiscal.txt")
        for address in (ZE, MARIA):
            message = self.wait_answer(address, "Já está no ar.")
            self.assertIn(f"[{ref}]", message["Subject"])
            self.assertEqual([part.get_filename() for part
                              in message.iter_attachments()],
                             ["nota fiscal.txt"])

    def test_reply_from_standard_input_and_file(self):
        ref = self.house.ticket("Entrada")
        self.check(OK, "ticket", "reply", ref, stdin="Da entrada padrão.\n")
        path = self.house.dir / "texto.txt"
        path.write_text("Do arquivo.\n")
        row = self.row("ticket", "reply", ref, "--file", path, "--status",
                       "resolvido")
        self.assertEqual((row["ref"], row["status"]), (ref, "resolved"))
        self.assertEqual([e["text"].strip()
                          for e in self.entries(ref, "staff")],
                         ["Da entrada padrão.", "Do arquivo."])

    def test_reply_that_says_nothing(self):
        ref = self.house.ticket("Vazia")
        self.check(USAGE, "ticket", "reply", ref, stdin=" \n",
                   says="the text is empty")
        self.check(USAGE, "ticket", "reply", ref, "--text", "x", "--status",
                   "x", says="unknown status")
        self.check(NOTHING, "ticket", "reply", ref, "--text", "x",
                   "--attach", "/nada", says="/nada: No such file")
        self.check(NOTHING, "ticket", "reply", ref, "--file", "/nada")
        result = self.house.portaria("ticket", "reply", ref, text=False,
                                     stdin=b"\xff\xfe")
        self.assertEqual(result.returncode, USAGE)
        self.check(DATA, "-o", "limits.text_bytes=16K", "ticket", "reply",
                   ref, stdin="x" * 20000, says="larger than")
        self.assertEqual(self.entries(ref, "staff"), [])
        self.assertEqual(self.show(ref)[0]["status"], "open")

    def test_note_is_seen_by_nobody_outside(self):
        ref = self.house.ticket("Interno")
        self.check(OK, "ticket", "note", ref, "--text", "segredo nosso")
        self.assertEqual(self.entries(ref, "note")[0]["text"].strip(),
                         "segredo nosso")
        self.assertEqual(self.show(ref)[0]["status"], "open")
        # A later answer shows that the notifier has looked.
        self.check(OK, "ticket", "reply", ref, "--text", "resposta limpa")
        self.wait_answer(ZE, "resposta limpa")
        for one in self.house.sink.mails:
            self.assertNotIn(b"segredo", one.data)
        self.check(USAGE, "ticket", "note", ref, "--text", "x", "--status",
                   "closed", says="--status")

    def test_status(self):
        ref = self.house.ticket("Estado")
        for word, name in (("in_progress", "in_progress"),
                           ("Em espera", "on_hold"), ("RESOLVED", "resolved"),
                           ("fechado", "closed")):
            self.check(OK, "ticket", "status", ref, word, says=name)
            self.assertEqual(self.show(ref)[0]["status"], name)
        self.assertEqual(self.rows("ticket", "list", ref=ref), [])
        self.assertEqual(len(self.rows("ticket", "list", "--all", ref=ref)),
                         1)
        self.check(USAGE, "ticket", "status", ref, "nada",
                   says="unknown status")
        self.assertIn("status: resolved -> closed (paula)",
                      [e["text"] for e in self.entries(ref, "event")])

    def test_priority_and_assignee(self):
        ref = self.house.ticket("Urgente")
        self.check(OK, "ticket", "priority", ref, "alta", says="high")
        self.check(USAGE, "ticket", "priority", ref, "x",
                   says="unknown priority")
        self.check(OK, "ticket", "assign", ref, "paula")
        self.assertEqual(self.show(ref)[0]["assignee"], "paula")
        self.assertEqual(len(self.rows("ticket", "list", "--assignee",
                                       "paula", ref=ref)), 1)
        self.check(NOTHING, "ticket", "assign", ref, "nada",
                   says="no staff member nada")
        self.check(OK, "ticket", "assign", ref, "none")
        self.assertEqual(self.show(ref)[0]["assignee"], "")

    def test_user_is_who_acts(self):
        ref = self.house.ticket("Quem")
        self.check(OK, "staff", "add", "nobody-of-staff", "--name", "Bia",
                   "--email", "bia@provedor.example", "--department",
                   "suporte")
        self.addCleanup(self.check, OK, "staff", "edit", "nobody-of-staff",
                        "--inactive")
        self.check(OK, "ticket", "note", ref, "--text", "x")
        self.assertEqual(self.entries(ref, "note")[0]["address"],
                         "bia@provedor.example")

    def test_attachments(self):
        data = os.urandom(70000)
        ref = self.house.ticket("Anexo", attachment=("foto.bin", data))
        out = self.house.dir / f"saida-{ref}"
        out.mkdir()
        row = self.row("ticket", "attachment", "save", ref, "--dir", out)
        self.assertEqual((row["object"], row["size"]), ("saved", 70000))
        self.assertEqual((out / "foto.bin").read_bytes(), data)
        self.check(DATA, "ticket", "attachment", "save", ref, "--dir", out,
                   says="File exists")
        (out / "foto.bin").unlink()
        os.symlink(out / "alvo", out / "foto.bin")
        self.check(DATA, "ticket", "attachment", "save", ref, "--dir", out)
        self.assertFalse((out / "alvo").exists())
        (out / "foto.bin").unlink()
        self.check(OK, "ticket", "attachment", "save", ref, "--dir", out,
                   "--id", row["id"])
        self.check(NOTHING, "ticket", "attachment", "save", ref, "--dir",
                   out, "--id", "1")
        self.check(USAGE, "ticket", "attachment", "save", ref, "--id", "x")

    def test_raw(self):
        data = mail(ZE, SUPORTE, "Bytes", "Olá\n")
        code, reply = self.house.deliver(ZE, SUPORTE, data)
        self.assertEqual(code, 250, reply)
        ref = re.search(REF, reply).group()
        raw = self.house.portaria("ticket", "raw", ref, text=False, stdin=b"")
        self.assertEqual(raw.returncode, OK)
        self.assertTrue(raw.stdout.endswith(data))
        entry = self.show(ref)[1][0]
        again = self.house.portaria("ticket", "raw", ref, "--message",
                                    entry["id"], text=False, stdin=b"")
        self.assertEqual(again.stdout, raw.stdout)
        self.check(NOTHING, "ticket", "raw", ref, "--message", "1",
                   says="no such message")
        self.check(OK, "ticket", "note", ref, "--text", "x")
        note = self.entries(ref, "note")[0]
        self.check(NOTHING, "ticket", "raw", ref, "--message", note["id"],
                   says="original bytes")

    def test_outbox(self):
        ref = self.house.ticket("Saída")
        wait_for(lambda: not self.rows("outbox", "list", "--ticket", ref),
                 "an empty outbox")
        self.check(NOTHING, "outbox", "list", "--ticket", ref)
        rows = self.rows("outbox", "list", "--all", "--ticket", ref)
        self.assertEqual({row["recipient"] for row in rows},
                         {ZE, MARIA, PAULA})
        self.assertEqual({row["state"] for row in rows}, {"sent"})
        ack = [row for row in rows if row["recipient"] == ZE][0]
        self.assertEqual((ack["kind"], ack["sender"], ack["attempts"]),
                         ("ack", "", 1))
        self.assertRegex(ack["sent"], ISO)
        out = self.check(OK, "outbox", "show", ack["id"])
        self.assertIn(f"Message-ID: {ack['message_id']}", out)
        self.assertEqual(self.row("outbox", "show", ack["id"],
                                  "--json")["recipient"], ZE)
        self.check(DATA, "outbox", "retry", ack["id"])
        self.assertEqual(len(self.rows("outbox", "list", "--state", "sent",
                                       id=ack["id"])), 1)

    def test_outbox_status(self):
        # A customer of its own, whose server has no time now.
        busy = "ocupado@cliente.example"
        self.check(OK, "customer", "add", "--name", "Ocupado", "--email",
                   busy)
        wait_for(lambda: not self.rows("outbox", "list", state="queued"),
                 "an empty outbox")
        before = self.row("outbox", "status", object="outbox_status")
        self.assertEqual([before[key] for key in (
            "queued", "sending", "deferred", "behind", "seconds_left")],
            [0] * 5)
        self.house.sink.refuse[busy] = "450 4.2.0 come back later"
        self.addCleanup(self.house.sink.refuse.pop, busy, None)
        ref = self.house.ticket("Ocupado", sender=busy)
        self.check(OK, "ticket", "reply", ref, "--text", "Espere.")
        wait_for(lambda: self.rows("outbox", "status", deferred=1, behind=1,
                                   object="outbox_status"), "both waiting")
        status = self.row("outbox", "status", object="outbox_status")
        self.assertEqual(status["sending"], 0)
        self.assertRegex(status["oldest"], ISO)
        reason = self.row("outbox", "status", object="outbox_reason")
        self.assertEqual(reason["deferred"], 1)
        self.assertIn("450 4.2.0 come back later", reason["reason"])
        out = self.check(OK, "outbox", "status")
        self.assertIn("come back later", out)
        self.house.sink.refuse.pop(busy)
        for row in self.rows("outbox", "list", "--ticket", ref):
            self.check(OK, "outbox", "retry", row["id"])
        wait_for(lambda: self.rows("outbox", "status", queued=0, deferred=0,
                                   object="outbox_status"), "the rest")
        self.assertEqual(self.rows("outbox", "status",
                                   object="outbox_reason"), [])
        sent = [one.data for one in self.house.sink.mails
                if busy in one.recipients]
        self.assertIn(b"Espere.", sent[-1])

    def test_mail_that_was_refused_can_be_tried_again(self):
        # A customer of its own: an address that refused is remembered.
        owner, gone = "dona@cliente.example", "volta@cliente.example"
        self.check(OK, "customer", "add", "--name", "Dona", "--email", owner,
                   "--contact", gone)
        self.house.sink.refuse[gone] = "550 5.1.1 no such user"
        self.addCleanup(self.house.sink.refuse.pop, gone, None)
        ref = self.house.ticket("Recusada", sender=owner)
        row = wait_for(lambda: self.rows("outbox", "list", "--ticket", ref,
                                         recipient=gone, state="failed"),
                       "the refusal")[0]
        self.assertIn("5.1.1", row["last_reply"])
        wait_for(lambda: any("was not sent" in e["text"]
                             for e in self.entries(ref, "event")),
                 "the event")
        self.house.sink.refuse.pop(gone)
        self.check(OK, "outbox", "retry", row["id"], says="due now")
        wait_for(lambda: self.rows("outbox", "list", "--all", id=row["id"],
                                   state="sent"), "the second try")

    def test_held(self):
        number = self.house.hold("Retida")
        row = self.row("held", "list", id=number)
        self.assertEqual((row["department"], row["address"], row["subject"],
                          row["state"], row["ticket"]),
                         ("suporte", ZE, "Retida", "waiting", ""))
        self.assertIn("spf=fail", row["auth"])
        out = self.check(OK, "held", "show", number)
        self.assertIn("evidence: ", out)
        self.assertIn(AT_FORGER, out)
        raw = self.house.portaria("held", "raw", number, text=False,
                                  stdin=b"")
        self.assertIn(b"Subject: Retida", raw.stdout)
        released = self.row("held", "release", number, "--as", "paula")
        self.assertRegex(released["ticket"], REF)
        self.assertEqual(self.show(released["ticket"])[0]["subject"],
                         "Retida")
        self.check(DATA, "held", "release", number)
        self.assertEqual(self.rows("held", "list", id=number), [])
        row = self.row("held", "list", "--all", id=number)
        self.assertEqual((row["state"], row["decided_by"], row["ticket"]),
                         ("released", "paula", released["ticket"]))

    def test_discarded(self):
        number = self.house.hold("Fora")
        tickets = len(self.rows("ticket", "list", "--all"))
        self.check(OK, "held", "discard", number)
        self.assertEqual(self.row("held", "list", "--all",
                                  id=number)["state"], "discarded")
        self.check(DATA, "held", "discard", number)
        self.check(DATA, "held", "release", number)
        self.assertEqual(len(self.rows("ticket", "list", "--all")), tickets)

    def test_split_by_the_numbers_that_show_prints(self):
        ref = self.house.ticket("Duas coisas", "uma\n")
        self.check(OK, "ticket", "note", ref, "--as", "paula", "--text", "b")
        shown = self.check(OK, "ticket", "show", ref)
        ids = re.findall(r"^--- #(\d+)  ", shown, re.M)
        self.assertEqual(ids, [str(row["id"]) for row in self.rows(
            "ticket", "show", ref, object="message")])
        self.check(USAGE, "ticket", "split", ref, "--message", "VIA", "--as",
                   "paula", says='the number that "ticket show" has behind #')
        self.check(OK, "ticket", "split", ref, "--message", f"#{ids[0]}",
                   "--as", "paula")


class Explain(WithHouse):

    daemons = ("lmtpd",)

    def explain(self, data, *words):
        result = self.house.portaria("explain", "--json", *words,
                                     stdin=data.decode())
        self.assertEqual(result.returncode, OK, result.stderr)
        return json.loads(result.stdout)

    def session(self, sender, at, to=SUPORTE):
        return ("--ip", at, "--helo", "mail.example", "--from", sender,
                "--rcpt", to)

    def test_proven_customer(self):
        found = self.explain(mail(ZE, SUPORTE, "Oi", "x\n"),
                             *self.session(ZE, AT_CLIENTE))
        self.assertEqual((found["department"], found["who"], found["proof"],
                          found["action"], found["reply"]["code"]),
                         ("suporte", "contact", "proven", "accept", 250))
        self.assertEqual((found["spf"]["result"], found["dmarc"]["result"],
                          found["dkim"], found["ticket"]),
                         ("pass", "pass", [], ""))
        self.assertTrue(any("cliente.example" in one["lookup"]
                            for one in found["dns"]))

    def test_forger(self):
        found = self.explain(mail(ZE, SUPORTE, "Oi", "x\n"),
                             *self.session(ZE, AT_FORGER))
        self.assertEqual((found["proof"], found["action"],
                          found["reply"]["code"], found["spf"]["result"]),
                         ("disproven", "reject", 550, "fail"))
        self.assertEqual(found["reply"]["enhanced"], "5.7.1")
        self.assertIn(ZE, found["reply"]["text"][0])

    def test_login(self):
        words = ("--rcpt", SUPORTE, "--from", ZE, "--login", ZE)
        found = self.explain(mail(ZE, SUPORTE, "Oi", "x\n"), *words)
        self.assertEqual((found["proof"], found["action"]),
                         ("proven", "accept"))

    def test_stranger_and_abuse_desk(self):
        data = mail(STRANGER, SUPORTE, "Oi", "x\n")
        found = self.explain(data, *self.session(STRANGER, "192.0.2.50"))
        self.assertEqual((found["who"], found["action"]),
                         ("stranger", "reject"))
        found = self.explain(data, *self.session(STRANGER, "192.0.2.50",
                                                 ABUSOS))
        self.assertEqual(found["action"], "accept")

    def test_ticket_it_would_join(self):
        ref = self.house.ticket("Juntar")
        found = self.explain(mail(ZE, SUPORTE, f"Re: [{ref}] Juntar", "x\n"),
                             *self.session(ZE, AT_CLIENTE))
        self.assertEqual((found["ticket"], found["by"]), (ref, "subject"))
        self.assertEqual(len(self.house.json("ticket", "show", ref)), 2)

    def test_staff(self):
        found = self.explain(mail(PAULA, SUPORTE, "Oi", "x\n"),
                             *self.session(PAULA, AT_PROVEDOR))
        self.assertEqual((found["who"], found["action"]),
                         ("staff", "accept_staff"))

    def test_text(self):
        out = self.check(OK, "explain", *self.session(ZE, AT_FORGER),
                         stdin=mail(ZE, SUPORTE, "Oi", "x\n").decode())
        for part in ("checks\n", "dns\n", "verdict\n", "action     reject",
                     "reply      550-5.7.1", "department suporte"):
            self.assertIn(part, out)

    def test_wrong_use(self):
        self.check(USAGE, "explain", says="--rcpt is missing")
        self.check(USAGE, "explain", "--rcpt", "nada")
        for ip in ("999.1.1.1", "192.0.2", "localhost", ""):
            self.check(USAGE, "explain", "--ip", ip, "--rcpt", SUPORTE,
                       says=f"--ip {ip}: no IPv4 or IPv6 address")
        self.check(DATA, "explain", "--ip", "192.0.2.1", "--rcpt", SUPORTE,
                   says="standard input is empty")
        self.check(NOTHING, "explain", "--rcpt", "a@b.example",
                   says="no address of a department")
        self.check(USAGE, "explain", "--rcpt", SUPORTE, "--rcpt", ABUSOS,
                   says="different policies")


class Doctor(WithHouse):

    def setUp(self):
        # A Postfix command without configuration waits a second before it
        # says so; tests that need one ask for it.
        self.house.environment = {"PATH": "/nonexistent"}
        self.addCleanup(self.house.environment.clear)

    def test_says_what_is_missing(self):
        out = self.check(FAILED, "doctor", says="checks failed")
        self.assertRegex(out, r"(?m)^OK    configuration ")
        self.assertRegex(out, r"(?m)^OK    database ")
        self.assertRegex(out, r"(?m)^FAIL  milter socket .*no such socket\n"
                              r" +-> systemctl start portaria-milter$")
        self.assertRegex(out, r"(?m)^OK    submission ")
        self.assertRegex(out, r"(?m)^FAIL  postfix map ")

    def test_sees_what_is_there(self):
        self.house.start("milter")
        self.addCleanup(self.house.stop, "milter")
        self.check(OK, "postfix", "export")
        self.addCleanup((self.house.dir / "map.db").unlink)
        rows = {row["name"]: row["health"]
                for row in self.house.json("doctor")}
        self.assertEqual(rows["milter socket"], "OK")
        self.assertEqual(rows["postfix map"], "OK")
        self.assertEqual(rows["lmtp socket"], "FAIL")

    def test_submission_that_is_no_mail_server(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            def answer():
                peer, _ = server.accept()
                with peer:
                    peer.sendall(b"SSH-2.0-nada\r\n")
            thread = threading.Thread(target=answer)
            thread.start()
            port = server.getsockname()[1]
            self.check(FAILED, "-o",
                       f"notifier.submission=smtp://127.0.0.1:{port}",
                       "doctor", says="answers SSH instead of 220")
            thread.join()

    def test_department_with_a_zone_that_is_gone(self):
        self.house.sql("UPDATE department SET time_zone = 'America/Gone'"
                       " WHERE name = 'suporte'")
        self.addCleanup(self.house.sql, "UPDATE department SET time_zone = ''")
        self.check(FAILED, "doctor",
                   says='suporte: "America/Gone" is not a time zone')

    def asked(self, folder):
        """What the checks of a Postfix configuration say, by name."""
        self.house.environment.clear()
        return {row["name"]: row
                for row in self.house.json("doctor", "--postfix", folder)}

    @unittest.skipUnless(shutil.which("postconf"), "postfix is not installed")
    def test_postfix(self):
        folder = self.house.dir / "postfix"
        folder.mkdir()
        self.addCleanup(shutil.rmtree, folder)
        (folder / "master.cf").write_text("")
        # Without a name Postfix asks the resolver for the host's.
        (folder / "main.cf").write_text("myhostname = mx.desk.example\n")
        map_cf = folder / "transport.cf"
        map_cf.write_text(f"dbpath = {self.house.dir}/map.db\nquery = SELECT "
                          "result FROM transport WHERE address = '%s'\n")
        self.check(OK, "postfix", "export")
        self.addCleanup((self.house.dir / "map.db").unlink)

        def change(*words):
            subprocess.run(["postconf", "-c", folder, *words], check=True)

        change("-e", "setgid_group = postdrop",
               "smtpd_forbid_bare_newline = no",
               "recipient_delimiter =", "smtpd_milters =")
        milter = "{ unix:portaria/milter, default_action=accept }"
        steps = (
            ("smtpd_milters", "FAIL",
             ("-e", "smtpd_milters = inet:127.0.0.1:1, " + milter)),
            ("line length", "FAIL",
             ("-M", "portaria/unix=portaria unix - - n - 4 lmtp "
              "-o lmtp_line_length_limit=0")),
            ("xforward", "WARN",
             ("-P", "portaria/unix/lmtp_send_xforward_command=yes")),
            ("queue ids", "WARN", ("-e", "enable_long_queue_ids = yes")),
            ("delimiter", "FAIL", ("-e", "recipient_delimiter = +")),
            ("bare newline", "FAIL",
             ("-e", "smtpd_forbid_bare_newline = normalize")),
            ("routing", "FAIL",
             ("-e", f"transport_maps = hash:/x, proxy:sqlite:{map_cf}")))
        before = self.asked(folder)
        for done, (name, health, cure) in enumerate(steps):
            change(*cure)
            after = self.asked(folder)
            with self.subTest(name):
                self.assertEqual(before[name]["health"], health)
                self.assertNotEqual(before[name]["fix"], "")
                self.assertEqual((after[name]["health"], after[name]["fix"]),
                                 ("OK", ""))
                for other, wanted, _ in steps[done + 1:]:
                    self.assertEqual(after[other]["health"], wanted, other)

    @unittest.skipUnless(shutil.which("postconf"), "postfix is not installed")
    def test_postfix_folder_that_is_none(self):
        rows = self.asked(self.house.dir / "nada")
        self.assertEqual(rows["postfix"]["health"], "FAIL")
        told = [name for name, row in rows.items()
                if "nada: postconf cannot read it" in row["what"]]
        self.assertEqual(told, ["postfix"])  # one cause, one row

    def test_files_of_somebody_else(self):
        blobs = self.house.dir / "blobs"
        (blobs / "ab").mkdir()
        self.addCleanup(os.rmdir, blobs / "ab")
        for path, spoil, cure in (
                (self.house.dir / "portaria.db", 0o660, 0o640),
                (self.house.dir / "portaria.db", 0o644, 0o640),
                (self.house.dir / "portaria.db", 0o440, 0o640),
                (blobs, 0o757, 0o750), (blobs / "ab", 0o550, 0o750)):
            path.chmod(spoil)
            row = self.row("doctor", name="files")
            wanted = "OK" if spoil == 0o660 else "FAIL"
            self.assertEqual(row["health"], wanted, row)
            if wanted == "FAIL":
                self.assertTrue(row["what"].startswith(f"{path}: "), row)
            path.chmod(cure)
            self.assertEqual(self.row("doctor", name="files")["health"], "OK")

    @unittest.skipUnless(os.geteuid() == 0, "needs root to give files away")
    def test_file_that_root_left_behind(self):
        wal = self.house.dir / "portaria.db-wal"
        wal.touch()
        os.chown(wal, 65534, 65534)
        row = self.row("doctor", name="files")
        self.assertEqual(row["health"], "FAIL")
        self.assertIn("-wal: owner 65534", row["what"])
        wal.unlink(missing_ok=True)

    def test_mail_tried_in_vain(self):
        self.addCleanup(self.house.sql, "DELETE FROM outbox")
        self.house.sql(
            "INSERT INTO blob VALUES ('" + 64 * "0" + "', 0, x'', 0)")
        self.house.sql(
            "INSERT INTO outbox (id, kind, recipient, sender, header_id, "
            "subject, blob, state, created, next_attempt, attempts, "
            "last_reply, sent, lease_owner, lease_until) VALUES (7, 'ack', "
            "'ze@cliente.example', '', '<x@y>', 's', '" + 64 * "0" + "', "
            "'queued', 1000, 9000000000000, 3, '450 mailbox full', 0, '', 0)")
        row = self.row("doctor", name="retries")
        self.assertEqual(row["health"], "FAIL")
        self.assertIn("1 tried and not sent for an hour; 7 to "
                      "ze@cliente.example: 450 mailbox full", row["what"])
        self.assertEqual(self.row("doctor", name="outbox")["health"], "OK")

    def test_key_that_everybody_reads(self):
        key = self.house.dir / "key"
        key.chmod(0o644)
        self.addCleanup(key.chmod, 0o640)
        self.assertRegex(self.check(FAILED, "doctor", says="mode 0644"),
                         r"(?m)^FAIL  configuration ")


if __name__ == "__main__":
    unittest.main(verbosity=2)
