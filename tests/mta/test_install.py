# SPDX-License-Identifier: GPL-2.0-or-later
"""test_install.py - INSTALL, executed block by block

The shell blocks are taken from INSTALL itself. What differs here from a real
server stands in Site.substitutions(), REPLACED and Site.settle(): paths lead
into a scratch folder, ports are free ones, the daemons' user is nobody, the
daemons are started from the installed tree instead of by systemd. No user is
made, nothing outside the scratch folder is written, nothing listens beyond
loopback.
"""

import contextlib
import os
import re
import subprocess
import sys
import unittest
import uuid
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import lab as labs  # noqa: E402
from lab import Lab, wait_for  # noqa: E402

INSTALL = labs.SOURCE / "INSTALL"
KINDS = ("step", "check", "undo", "byhand", "also")
FENCE = re.compile(r"^```(\w+)(?: (\w+)=(\S+))?$")


class Block:
    """One marked shell block and the output that the text promises."""

    def __init__(self, kind, name, line):
        self.kind, self.name, self.line = kind, name, line
        self.text = ""
        self.output = None

    def __str__(self):
        return f"INSTALL:{self.line}: {self.kind}={self.name}"


def read_blocks(text):
    """All marked shell blocks, in order, with their outputs."""
    blocks, inside, lines = [], None, text.splitlines()
    for number, line in enumerate(lines, 1):
        if inside is None:
            found = FENCE.match(line)
            if found and found[1] == "sh":
                inside = Block(found[2], found[3], number)
                blocks.append(inside)
            elif found and found[1] == "output":
                if not blocks or blocks[-1].output is not None:
                    raise ValueError(f"INSTALL:{number}: output of nothing")
                inside = blocks[-1]
                inside.output = ""
            elif line.startswith("```"):
                raise ValueError(f"INSTALL:{number}: unmarked block")
        elif line == "```":
            inside = None
        elif inside.output is not None:
            inside.output += line + "\n"
        else:
            inside.text += line + "\n"
    if inside is not None:
        raise ValueError("INSTALL: a block has no end")
    return blocks


def matches(want, got):
    """True if `got` is `want`, where a line "..." stands for any lines and
    "..." inside a line for any characters."""
    pattern = ""
    for line in want.splitlines():
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            parts = [re.escape(part) for part in line.split("...")]
            pattern += ".*?".join(parts) + r"\n"
    return re.fullmatch(pattern, got) is not None


class InstallText(unittest.TestCase):
    """What can be said of the text without running it."""

    @classmethod
    def setUpClass(cls):
        cls.text = INSTALL.read_text()
        cls.blocks = read_blocks(cls.text)

    def named(self, kind):
        return [b.name for b in self.blocks if b.kind == kind]

    def test_every_block_is_marked(self):
        for block in self.blocks:
            self.assertIn(block.kind, KINDS, str(block))
            self.assertTrue(block.text.strip(), str(block))

    def test_every_step_has_a_check_with_output_and_an_undo(self):
        steps = self.named("step")
        self.assertGreaterEqual(len(steps), 12)
        self.assertEqual(len(set(steps)), len(steps))
        for name in steps:
            self.assertEqual(self.named("check").count(name), 1, name)
            self.assertEqual(self.named("undo").count(name), 1, name)
        self.assertEqual(sorted(self.named("undo")), sorted(steps))

    def test_every_check_has_an_output(self):
        for block in self.blocks:
            if block.kind == "check":
                self.assertTrue(block.output and block.output.strip("\n ."),
                                str(block))

    def test_a_check_comes_before_the_undo(self):
        order = [(b.kind, b.name) for b in self.blocks]
        for name in self.named("step"):
            at = [order.index((kind, name))
                  for kind in ("step", "check", "undo")]
            self.assertEqual(at, sorted(at), name)

    def test_folders_by_hand_are_those_of_tmpfiles(self):
        """install -d lines and tmpfiles.d say the same."""
        conf = (labs.SOURCE / "conf/portaria.tmpfiles.conf").read_text()
        conf = conf.replace("@CMAKE_INSTALL_FULL_LOCALSTATEDIR@", "/var")
        conf = conf.replace("@CMAKE_INSTALL_FULL_SYSCONFDIR@", "/etc")
        want = {tuple(line.split()[1:5]) for line in conf.splitlines()
                if line.startswith("d ")}
        hand = [b for b in self.blocks
                if (b.kind, b.name) == ("byhand", "user")][0].text
        got = {(path, mode, user, group) for mode, user, group, path in
               re.findall(r"install -d -m (\d+) -o (\w+) -g (\w+) (\S+)",
                          hand)}
        self.assertEqual(got, want)

    def test_troubles_name_events_that_are_logged(self):
        rows = re.findall(r"^\| `portaria-(\w+): ([a-z][^:`]*):", self.text,
                          re.M)
        self.assertGreaterEqual(len(rows), 6)
        for program, event in rows:
            source = "".join(path.read_text() for path in
                             (labs.SOURCE / program).glob("*.c"))
            self.assertIn(f'"{event}"', source, program)

    def test_troubles_point_at_headings(self):
        headings = re.findall(r"^#+ ([\d.]+)", self.text, re.M)
        headings = [number.rstrip(".") for number in headings]
        steps = re.findall(r"\bstep ([\d.]*\d)", self.text)
        self.assertTrue(steps)
        for number in steps:
            self.assertIn(number, headings)

    def test_matches_knows_its_wildcards(self):
        table = (
            ("a\n", "a\n", True), ("a\n", "b\n", False),
            ("a...c\n", "abc\n", True), ("a...c\n", "ab\nc\n", False),
            ("...\nb\n", "x\ny\nb\n", True), ("...\nb\n", "b\n", True),
            ("a\n...\n", "a\n", True), ("a\n", "a\nb\n", False),
            ("a.c\n", "abc\n", False))
        for want, got, answer in table:
            self.assertEqual(matches(want, got), answer, (want, got))


# A mail server as it was before anybody thought of Portaria: mailboxes of
# example.com (they are in the sink), a partner's domain that it relays for.
MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {dir}/postfix/spool
data_directory = {dir}/postfix/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = {dir}/postfix
maillog_file = {dir}/postfix/mail.log
inet_interfaces = loopback-only
inet_protocols = ipv4
myhostname = mx.example.com
mydestination =
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
virtual_mailbox_domains = example.com
virtual_mailbox_maps = inline:{{ info@example.com=x, paula@example.com=x }}
virtual_transport = smtp:[127.0.0.1]:{sink}
relay_domains = parceiro.example
relay_recipient_maps = inline:{{ caixa@parceiro.example=x }}
transport_maps = inline:{{ parceiro.example=smtp:[127.0.0.1]:{sink} }}
relayhost = [127.0.0.1]:{sink}
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.1
local_header_rewrite_clients =
in_flow_delay = 0
minimal_backoff_time = 2s
maximal_backoff_time = 4s
queue_run_delay = 2s
notify_classes =
"""

# smtpd is chrooted, as Debian has it.
MASTER_CF = """\
127.0.0.1:{smtp} inet n - y - 300 smtpd
pickup unix n - y 60 1 pickup
cleanup unix n - y - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - y - - trivial-rewrite
bounce unix - - y - 0 bounce
defer unix - - y - 0 bounce
trace unix - - y - 0 bounce
verify unix - - y - 1 verify
flush unix n - y 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - y - - smtp
relay unix - - y - - smtp
lmtp unix - - y - - lmtp
showq unix n - y - - showq
error unix - - y - - error
retry unix - - y - - error
discard unix - - y - - discard
anvil unix - - y - 1 anvil
scache unix - - y - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

# Keys that a real server leaves at their defaults.
PATHS_CONF = """\
[server]
key_file = {dir}/etc/portaria/portaria.key
template_dir = {data}/templates

[store]
database = {dir}/var/lib/portaria/portaria.db
blob_dir = {dir}/var/lib/portaria/blobs

[milter]
socket = unix:{dir}/postfix/spool/portaria/milter

[lmtp]
socket = unix:{dir}/postfix/spool/portaria/lmtp

[dns]
forwarders = 127.0.0.1@{dns}

[notifier]
submission = smtp://127.0.0.1:{submission}
poll_seconds = 1

[postfix]
map_file = {dir}/var/lib/portaria/postfix/portaria-map.db

[log]
target = stderr
"""

DAEMONS = ("milter", "lmtpd", "notifier")

# Steps that are not run here as they stand: the method of Site that is.
REPLACED = {
    ("step", "packages"): "nothing",  # the test's own packages
    ("undo", "packages"): "nothing",
    ("step", "build"): "install_tree",  # built already
    ("undo", "build"): "remove_tree",
    ("step", "daemons"): "start_daemons",  # no service manager
    ("undo", "daemons"): "stop_daemons",
    ("also", "stop"): "stop_daemons",
    ("also", "start"): "start_daemons",
    ("also", "restart"): "restart_daemons",
    ("also", "dkim-start"): "start_signer",
}
# Lines that are left out: they make and delete a user.
LEFT_OUT = ("systemd-sysusers ", "useradd ", "    --shell ", "userdel ")

CUSTOMER = ("ze@cliente.example", "192.0.2.10")
STRANGER = ("alguem@estranho.example", "192.0.2.50")


class Site(Lab):
    """A private Postfix, to which the blocks of INSTALL are applied."""

    def __init__(self, build):
        super().__init__(build, quiet=False)
        self.prefix = self.cached("CMAKE_INSTALL_PREFIX")
        self.ports["signer"] = labs.free_port()

    def cached(self, name):
        text = (self.build / "CMakeCache.txt").read_text()
        return re.search(rf"^{name}:\w+=(.*)$", text, re.M)[1]

    @property
    def tree(self):
        """Where the installed tree begins, bin/ and share/ are below."""
        return f"{self.dir}{self.prefix}"

    @property
    def conf(self):
        return str(self.dir / "etc/portaria/portaria.conf")

    def program(self, name):
        return f"{self.tree}/sbin/portaria-{name}"

    def start(self):
        self.make_folders()
        self.sink = labs.Sink()
        self.start_dns(labs.ZONE)
        names = dict(dir=self.dir, sink=self.sink.port, **self.ports)
        conf = self.dir / "postfix/conf"
        (conf / "main.cf").write_text(MAIN_CF.format(**names))
        (conf / "master.cf").write_text(MASTER_CF.format(**names))
        self.start_postfix()

    def make_folders(self):
        os.chmod(self.dir, 0o755)
        for name in ("etc", "var/lib", "postfix/conf", "postfix/spool",
                     "postfix/data", "log"):
            (self.dir / name).mkdir(parents=True)
        os.chown(self.dir / "postfix/data",
                 labs.pwd.getpwnam("postfix").pw_uid, self.postfix_gid)

    # -- what differs from a real server ---------------------------------------

    def substitutions(self):
        group = labs.Path("/etc/group").read_text()
        nogroup = re.search(rf"^(\w+):[^:]*:{self.user.pw_gid}:", group,
                            re.M)[1]
        user = labs.DAEMON_USER
        server = f"127.0.0.1:{self.ports['smtp']}"
        return (
            ("/etc/portaria", f"{self.dir}/etc/portaria"),
            ("/etc/postfix", self.postfix_conf),
            ("/etc/opendkim", f"{self.dir}/etc/opendkim"),
            ("opendkim:opendkim", f"{user}:{nogroup}"),
            ("UserID opendkim", f"UserID {user}\nRequireSafeKeys no"),
            ("-o opendkim -g opendkim", f"-o {user} -g {nogroup}"),
            ("8891", str(self.ports["signer"])),
            ("/var/spool/postfix", f"{self.dir}/postfix/spool"),
            ("/var/lib/portaria", f"{self.dir}/var/lib/portaria"),
            ("/usr/share/portaria", f"{self.tree}/share/portaria"),
            ("/usr/lib/tmpfiles.d", f"{self.tree}/lib/tmpfiles.d"),
            ("/var/backups", f"{self.dir}/var"),
            ("/tmp/customers.csv", f"{self.dir}/customers.csv"),
            ("10587", str(self.ports["submission"])),
            ("--server 127.0.0.1 ", f"--server {server} "),
            ("--server mx.example.com ", f"--server {server} --xclient "
             f"'ADDR={CUSTOMER[1]} NAME=mail.cliente.example' "),
            ("journalctl --since -5min -o cat",
             f"cat {self.dir}/postfix/mail.log {self.dir}/log/*.log"),
            ("root:portaria", f"root:{nogroup}"),
            ("portaria:portaria", f"{user}:{nogroup}"),
            ("portaria:postfix", f"{user}:postfix"),
            ("runuser -u portaria", f"runuser -u {user}"),
            ("-o portaria", f"-o {user}"),
            ("-g portaria", f"-g {nogroup}"),
        )

    def here(self, text):
        for old, new in self.substitutions():
            text = text.replace(old, new)
        return "".join(line + "\n" for line in text.splitlines()
                       if not line.startswith(LEFT_OUT))

    # -- running blocks ---------------------------------------------------------

    @property
    def environment(self):
        # Postfix's commands use the private instance, ours the scratch file.
        return {"PATH": f"{self.tree}/bin:{self.tree}/sbin:"
                        "/usr/sbin:/usr/bin:/sbin:/bin",
                "MAIL_CONFIG": self.postfix_conf,
                "PORTARIA_CONFIG": self.conf,
                "LC_ALL": "C.UTF-8", "HOME": str(self.dir), "USER": "lab"}

    def run_block(self, block):
        method = REPLACED.get((block.kind, block.name))
        if method:
            getattr(self, method)()
            return ""
        if block.kind == "step":
            self.settle(block.name)
        result = subprocess.run(
            ["bash", "-euc", self.here(block.text)],
            cwd=self.dir, env=self.environment, text=True, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=60)
        if result.returncode != 0:
            raise labs.LabError(f"{block}: exit {result.returncode}:\n"
                                f"{result.stdout}")
        return result.stdout

    def settle(self, step):
        """What stands in no block: the paths that are not the defaults."""
        if step == "config":
            names = dict(dir=self.dir, data=f"{self.tree}/share/portaria",
                         **self.ports)
            folder = self.dir / "etc/portaria/conf.d"
            folder.mkdir()
            (folder / "paths.conf").write_text(PATHS_CONF.format(**names))

    def nothing(self):
        pass

    def install_tree(self):
        subprocess.run(["cmake", "--install", str(self.build)], check=True,
                       stdout=subprocess.DEVNULL,
                       env={**os.environ, "DESTDIR": str(self.dir)})
        self.manifest = (self.build / "install_manifest.txt").read_text()
        tmpfiles = f"{self.tree}/lib/tmpfiles.d/portaria.conf"
        self.lead_here(tmpfiles)
        for name in ("recipient", "transport"):
            self.lead_here(f"{self.tree}/share/portaria/postfix/{name}.cf")

    def lead_here(self, path):
        """An installed file names absolute paths: into the scratch folder."""
        text = Path(path).read_text()
        if self.prefix != "/usr":
            text = text.replace(f"{self.prefix}/var/", "/var/")
            text = text.replace(f"{self.prefix}/etc/", "/etc/")
        # tmpfiles.d separates user and group by a blank.
        text = re.sub(r" (portaria|root) (portaria|postfix) -$", r" \1:\2 -",
                      text, flags=re.M)
        text = self.here(text)
        text = re.sub(r" (\w+):(\w+) -$", r" \1 \2 -", text, flags=re.M)
        Path(path).write_text(text)

    def remove_tree(self):
        for line in self.manifest.splitlines():
            (self.dir / line.lstrip("/")).unlink(missing_ok=True)

    def start_daemons(self):
        for name in DAEMONS:
            self.spawn(name, [self.program(name), "-c", self.conf], self.user)
        for name in ("milter", "lmtp"):
            path = self.dir / "postfix/spool/portaria" / name
            wait_for(lambda p=path: labs.can_connect(p), f"{path}", 20)

    def stop_daemons(self):
        for name in DAEMONS:  # together: the milter takes seconds
            self.processes[name].terminate()
        for name in DAEMONS:
            self.stop_daemon(name)

    def start_signer(self):
        self.spawn("opendkim", ["/usr/sbin/opendkim", "-f", "-x",
                                f"{self.dir}/etc/opendkim.conf"])
        wait_for(lambda: labs.can_connect_port(self.ports["signer"]),
                 "opendkim to listen", 20)

    def restart_daemons(self):
        self.stop_daemons()
        self.start_daemons()


class InstallSteps(unittest.TestCase):
    """The guide from its first to its last line."""

    def setUp(self):
        reason = labs.why_not()
        if reason:
            self.skipTest(reason)
        self.blocks = read_blocks(INSTALL.read_text())
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.site = stack.enter_context(Site(os.environ["PORTARIA_BUILD"]))

    def block(self, kind, name):
        return next(b for b in self.blocks
                    if (b.kind, b.name) == (kind, name))

    def run_block(self, kind, name):
        """Runs a block and compares what it prints with the text."""
        block = self.block(kind, name)
        got = self.site.run_block(block)
        if os.environ.get("SHOW_BLOCKS"):
            print(f"--- {block}\n{got}", flush=True)
        if block.output is not None:
            want = self.site.here(block.output)
            self.assertTrue(matches(want, got),
                            f"{block}\nwanted:\n{want}\ngot:\n{got}")
        return got

    def step(self, name):
        self.run_block("step", name)
        self.run_block("check", name)

    def postconf(self):
        """The settings of the private instance, main.cf and master.cf."""
        return "".join(subprocess.run(
            ["postconf", "-c", self.site.postfix_conf, option], check=True,
            capture_output=True, text=True).stdout for option in ("-n", "-M",
                                                                 "-P"))

    def send(self, sender, to, subject, client):
        return self.site.send(sender, to, (
            f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\n"
            f"Date: Mon, 02 Nov 2026 10:00:00 -0300\r\n"
            f"Message-ID: <{subject}.{uuid.uuid4()}@{client}>\r\n"
            "\r\nOi\r\n").encode(), client=client)

    def assert_other_mail_flows(self, subject):
        for to in ("info@example.com", "caixa@parceiro.example"):
            mark = self.site.sink.mark()
            reply = self.send(STRANGER[0], to, subject, STRANGER[1])
            self.assertEqual(reply[0], 250, reply)
            self.site.sink.wait_to(to, mark)

    def assert_desk_works(self, address):
        """A customer is let in, a stranger is not. The acknowledgement."""
        mark = self.site.sink.mark()
        reply = self.send(CUSTOMER[0], address, "Ajuda", CUSTOMER[1])
        self.assertEqual(reply[0], 250, reply)
        found = self.site.sink.wait_to(CUSTOMER[0], mark)[0].message
        self.assertIn(address, str(found["From"]))
        reply = self.send(STRANGER[0], address, "Ajuda", STRANGER[1])
        self.assertEqual(reply[0], 550, reply)
        self.assertIn("5.7.1", reply[1])
        return found

    def assert_answer_joins(self, acknowledgement):
        """Mail to the signed reply address gets into the ticket."""
        ref = re.search(r"\[(\S+)\]", acknowledgement["Subject"])[1]
        to = str(acknowledgement["Reply-To"])
        self.assertIn("+", to)
        before = len(self.site.ticket(ref))
        reply = self.send(CUSTOMER[0], to, f"Resposta{before}", CUSTOMER[1])
        self.assertEqual(reply[0], 250, reply)
        wait_for(lambda: len(self.site.ticket(ref)) > before, "the answer")

    def named(self, kind):
        return [block.name for block in self.blocks if block.kind == kind]

    def test_guide(self):
        before = self.postconf()
        self.assert_other_mail_flows("before")
        steps = self.named("step")
        common = steps[:steps.index("recipe-1")]
        for name in common:
            self.step(name)
        self.run_block("byhand", "user")
        self.run_block("check", "user")
        self.assert_other_mail_flows("no-recipe")
        self.own_domain()
        self.single_addresses()
        self.undo_all(common, before)

    def own_domain(self):
        """Recipe 1, and all that is done with a running desk."""
        self.step("recipe-1")
        acknowledgement = self.assert_desk_works("suporte@desk.example.com")
        for name in self.named("also"):
            if not name.startswith("dkim-"):
                self.run_block("also", name)
        self.signed_mail()
        # After restoring, upgrading and a new key in front of the old one.
        self.assert_answer_joins(acknowledgement)
        self.assert_other_mail_flows("recipe-1")
        self.undo_recipe("recipe-1")

    def signed_mail(self):
        """The acknowledgement of a desk that signs, judged as others do."""
        if not Path("/usr/sbin/opendkim").exists():
            return
        for name in ("dkim-key", "dkim-start", "dkim-service"):
            self.run_block("also", name)
        record = (self.site.dir / "etc/opendkim/desk.txt").read_text()
        key = "".join(re.findall(r'"([^"]*)"', record))
        parts = " ".join(f'"{key[at:at + 200]}"'
                         for at in range(0, len(key), 200))
        self.site.set_zone(
            labs.ZONE + f"desk._domainkey.desk.example.com 300 TXT {parts}\n"
            '_dmarc.desk.example.com 300 TXT "v=DMARC1; p=reject"\n')
        mark = self.site.sink.mark()
        self.assert_desk_works("suporte@desk.example.com")
        found = self.site.sink.wait_to(CUSTOMER[0], mark)[0]
        self.assertIn("d=desk.example.com",
                      found.message["DKIM-Signature"].replace(" ", ""))
        self.assertEqual(found.sender, "")
        verdict = self.site.portaria(
            "explain", "--ip", "192.0.2.99", "--helo", "mx.example.com",
            "--from", "", "--rcpt", "suporte@desk.example.com",
            stdin=found.data, text=False, check=False).stdout.decode()
        self.assertRegex(verdict, r"dkim\S*[ =]+pass", verdict)
        self.run_block("also", "dkim-undo")
        self.site.stop_daemon("opendkim")

    def single_addresses(self):
        self.step("recipe-2")
        self.run_block("also", "doctor")
        acknowledgement = self.assert_desk_works("financeiro@example.com")
        self.assert_answer_joins(acknowledgement)
        self.assert_other_mail_flows("recipe-2")
        self.undo_recipe("recipe-2")

    def undo_recipe(self, name):
        self.run_block("undo", name)
        for word in ("desk.example.com", "portaria-recipient.cf",
                     "portaria-transport.cf", "portaria-alias.cf"):
            self.assertNotIn(word, self.postconf())

    def undo_all(self, steps, before):
        for name in reversed(steps):
            self.run_block("undo", name)
            if name in ("postfix", "map", "daemons"):
                self.assert_other_mail_flows(f"undone-{name}")
        self.assertEqual(self.postconf(), before)
        self.assertEqual(self.left_over(), [])

    def left_over(self):
        """Files of ours that the undo blocks forgot."""
        ours = {str(path.relative_to(self.site.dir))
                for path in self.site.dir.rglob("*portaria*")
                if not path.is_dir() or "spool" in path.parts}
        # The backup and the lab's own copy of the programs stay; a stopped
        # service's socket and lock are Postfix's.
        return sorted(path for path in ours if not path.startswith((
            "bin/", "var/portaria/", "postfix/spool/pid/",
            "postfix/spool/private/")))


if __name__ == "__main__":
    reason = labs.why_not()
    if reason:
        result = unittest.main(argv=[sys.argv[0], "InstallText"],
                               verbosity=2, exit=False).result
        print(f"skipped: {reason}")
        sys.exit(77 if result.wasSuccessful() else 1)
    unittest.main(verbosity=2)
