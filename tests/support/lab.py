# SPDX-License-Identifier: GPL-2.0-or-later
"""lab.py - a private mail server with Portaria in it, on loopback ports

Starts, in one scratch folder and as root: a DNS server with the zones of the
scenario, a private Postfix instance (own configuration, queue and data
folders; the system's instance is not touched), portaria-milter,
portaria-lmtpd and portaria-notifier as an unprivileged user, and a sink that
takes all outgoing mail. Used by scripts/demo, tests/mta and the INSTALL test.

Everything is stopped by pid; nothing listens outside loopback.
"""

import os
import pwd
import re
import shutil
import signal
import smtplib
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from dkimsign import Signer

SOURCE = Path(__file__).resolve().parents[2]
DAEMON_USER = "nobody"
HOSTNAME = "mx.provedor.example"
DESK = "desk.provedor.example"
SUBMISSION = "submission"

SYSTEM_PATHS = {"postfix": "/usr/sbin/postfix", "daemons":
                "/usr/lib/postfix/sbin"}


class LabError(Exception):
    """Something of the lab did not start or did not answer in time."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition, what, seconds=30.0):
    """Polls until condition() is true and returns its value."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise LabError(f"timed out after {seconds:.0f} s: {what}")


def why_not():
    """None if a lab can run here, else the reason in words."""
    if os.geteuid() != 0:
        return "needs root (a private Postfix instance drops privileges)"
    for name, path in SYSTEM_PATHS.items():
        if not os.path.exists(path):
            return f"needs {name} at {path} (Debian package postfix)"
    return None


class Captured:
    """One outgoing mail as the outside world received it."""

    def __init__(self, sender, recipients, data):
        self.sender = sender
        self.recipients = recipients
        self.data = data

    @property
    def message(self):
        import email
        import email.policy
        return email.message_from_bytes(self.data,
                                        policy=email.policy.default)


class Sink:
    """The rest of the world: an SMTP server that keeps what it gets."""

    def __init__(self):
        self.mails = []
        self.refuse = {}  # address -> reply line
        self.lock = threading.Lock()
        sink = self

        class Handler(socketserver.StreamRequestHandler):
            def reply(self, line):
                self.wfile.write(line.encode() + b"\r\n")

            def handle(self):
                sender, recipients = None, []
                self.reply("220 world.example ESMTP")
                while line := self.rfile.readline():
                    text = line.decode("utf-8", "replace").strip()
                    verb = text[:4].upper()
                    if verb == "EHLO":
                        self.reply("250-world.example")
                        self.reply("250-8BITMIME")
                        self.reply("250 SMTPUTF8")
                    elif verb == "MAIL":
                        sender, recipients = angle(text), []
                        self.reply("250 ok")
                    elif verb == "RCPT":
                        address = angle(text)
                        refusal = sink.refuse.get(address)
                        if not refusal:
                            recipients.append(address)
                        self.reply(refusal or "250 ok")
                    elif verb == "DATA":
                        self.reply("354 go")
                        sink.keep(sender, recipients, self.read_data())
                        self.reply("250 taken")
                    elif verb == "QUIT":
                        self.reply("221 bye")
                        return
                    else:
                        self.reply("250 ok")

            def read_data(self):
                lines = []
                while (line := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(line[1:] if line.startswith(b".") else line)
                return b"".join(lines)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    def keep(self, sender, recipients, data):
        with self.lock:
            self.mails.append(Captured(sender, recipients, data))

    def to(self, address, since=0):
        with self.lock:
            return [m for m in self.mails[since:] if address in m.recipients]

    def wait_to(self, address, since=0, count=1, seconds=30.0):
        """The first `count` mails to an address, numbered from `since`."""
        return wait_for(
            lambda: (found := self.to(address, since))
            and len(found) >= count and found,
            f"{count} mail(s) to {address}", seconds)

    def mark(self):
        with self.lock:
            return len(self.mails)

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def angle(text):
    found = re.search(r"<([^>]*)>", text)
    return found.group(1).lower() if found else ""


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
myhostname = {hostname}
mydestination =
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
recipient_delimiter = +
relay_domains = {desk}
relay_recipient_maps = sqlite:{dir}/etc/postfix-recipient.cf
transport_maps = sqlite:{dir}/etc/postfix-transport.cf
virtual_alias_domains = antigo.example
virtual_alias_maps = inline:{{ {{abuse@antigo.example=abusos@{desk}}} }}
relayhost = [127.0.0.1]:{sink}
disable_dns_lookups = yes
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_client_restrictions =
smtpd_forbid_bare_newline = normalize
smtpd_milters = {{ unix:{dir}/sock/milter, connect_timeout=3s,
	default_action=accept }}
smtpd_authorized_xclient_hosts = 127.0.0.1
local_header_rewrite_clients =
enable_long_queue_ids = yes
lmtp_line_length_limit = 0
lmtp_send_xforward_command = yes
in_flow_delay = 0
minimal_backoff_time = 2s
maximal_backoff_time = 4s
queue_run_delay = 2s
smtp_send_xforward_command = no
notify_classes =
"""

MASTER_CF = """\
127.0.0.1:{smtp} inet n - n - 300 smtpd
127.0.0.1:{submission} inet n - n - - smtpd
	-o smtpd_milters= -o syslog_name=postfix/submission
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
portaria unix - - n - 4 lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""

MAP_CF = """\
dbpath = {dir}/var/map/portaria-map.db
query = SELECT result FROM {table} WHERE address = '%s'
"""

PORTARIA_CONF = """\
[server]
hostname = {hostname}
brand = Provedor Exemplo
language = pt_BR
ref_prefix = VIA
help = https://ajuda.provedor.example
key_file = {dir}/etc/portaria.key
template_dir = {dir}/templates
own_template_dir = {dir}/etc/templates
time_zone = America/Sao_Paulo

[store]
database = {dir}/var/portaria.db
blob_dir = {dir}/var/blobs
busy_ms = 3000

[milter]
socket = unix:{dir}/sock/milter
socket_mode = 0660

[lmtp]
socket = unix:{dir}/sock/lmtp
socket_mode = 0660

[dns]
forwarders = 127.0.0.1@{dns}
trust_anchor_file =
timeout_ms = 2000

[notifier]
submission = smtp://127.0.0.1:{submission}
poll_seconds = 1
# The scenarios write more often than a person does.
brake_total = 1000/10m

[postfix]
map_file = {dir}/var/map/portaria-map.db

[log]
target = stderr
level = info
"""

# Sending hosts of the scenario: 192.0.2.10 is cliente.example's server,
# 192.0.2.66 is nobody's.
ZONE = """\
cliente.example 300 TXT "v=spf1 ip4:192.0.2.10 -all"
_dmarc.cliente.example 300 TXT "v=DMARC1; p=reject"
outro.example 300 TXT "v=spf1 ip4:192.0.2.20 -all"
assinado.example 300 TXT "v=spf1 ?all"
_dmarc.assinado.example 300 TXT "v=DMARC1; p=reject"
semnada.example 300 A 192.0.2.30
provedor.example 300 TXT "v=spf1 ip4:192.0.2.40 -all"
_dmarc.provedor.example 300 TXT "v=DMARC1; p=reject"
estranho.example 300 TXT "v=spf1 ip4:192.0.2.50 -all"
dnsmorto.example SERVFAIL
_dmarc.dnsmorto.example SERVFAIL
"""


class Lab:
    """All processes of one private mail server. Use as a context manager."""

    def __init__(self, build, keep=False, quiet=True):
        self.build = Path(build).resolve()
        self.keep = keep
        self.quiet = quiet
        self.processes = {}
        self.logs = {}
        self.sink = None
        self.dir = Path(tempfile.mkdtemp(prefix="portaria-lab-", dir="/tmp"))
        self.ports = {name: free_port()
                      for name in ("smtp", SUBMISSION)}
        self.signer = Signer("assinado.example")
        self.user = pwd.getpwnam(DAEMON_USER)
        self.postfix_gid = pwd.getpwnam("postfix").pw_gid

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.show_logs()
            self.stop()
            raise
        return self

    def __exit__(self, kind, value, trace):
        if kind and not self.quiet:
            self.show_logs()
        self.stop()

    # -- the parts ---------------------------------------------------------

    def start(self):
        self.make_folders()
        self.sink = Sink()
        self.start_dns(ZONE + self.signer.zone_line())
        self.write_configuration()
        self.portaria("key", "create")
        self.portaria("db", "init")
        self.portaria("config", "test")
        self.populate()
        self.portaria("postfix", "export")
        self.start_daemon("lmtpd")
        self.start_daemon("milter")
        self.start_daemon("notifier")
        self.start_postfix()

    def make_folders(self):
        os.chmod(self.dir, 0o755)
        shutil.copytree(SOURCE / "conf/templates", self.dir / "templates")
        for name in ("bin", "etc", "var", "var/map", "sock", "postfix",
                     "postfix/conf", "postfix/spool", "postfix/data", "log"):
            (self.dir / name).mkdir()
        os.chown(self.dir / "postfix/data", pwd.getpwnam("postfix").pw_uid,
                 self.postfix_gid)
        for name in ("etc", "var", "var/map"):
            os.chown(self.dir / name, self.user.pw_uid, self.user.pw_gid)
        # Owner the daemons, group postfix, setgid: sockets inherit the group.
        os.chown(self.dir / "sock", self.user.pw_uid, self.postfix_gid)
        os.chmod(self.dir / "sock", 0o2710)

    def start_dns(self, zone):
        (self.dir / "etc/zone").write_text(zone)
        process = self.spawn("dns", [
            str(self.build / "tests/support/fakedns"), "-p", "0",
            str(self.dir / "etc/zone")], stdout=subprocess.PIPE)
        line = process.stdout.readline().decode()
        if not line.strip().isdigit():
            raise LabError(f"the DNS server said {line!r}")
        self.ports["dns"] = int(line)

    def set_zone(self, zone):
        """Replaces the DNS zone while everything runs."""
        (self.dir / "etc/zone").write_text(zone + self.signer.zone_line())
        self.processes["dns"].send_signal(signal.SIGHUP)
        time.sleep(0.2)

    def write_configuration(self):
        names = dict(dir=self.dir, hostname=HOSTNAME, desk=DESK,
                     sink=self.sink.port, **self.ports)
        etc, conf = self.dir / "etc", self.dir / "postfix/conf"
        (etc / "portaria.conf").write_text(PORTARIA_CONF.format(**names))
        (conf / "main.cf").write_text(MAIN_CF.format(**names))
        (conf / "master.cf").write_text(MASTER_CF.format(**names))
        for table in ("recipient", "transport"):
            (etc / f"postfix-{table}.cf").write_text(
                MAP_CF.format(dir=self.dir, table=table))

    def populate(self):
        """Departments, customers and staff of the scenario."""
        add = self.portaria
        for name, title in (("suporte", "Suporte Técnico"),
                            ("financeiro", "Financeiro"),
                            ("dominios", "Domínios")):
            add("department", "add", name, "--title", title,
                "--address", f"{name}@{DESK}", "--accept", "registered")
        add("department", "add", "abusos", "--title", "Abusos",
            "--address", f"abusos@{DESK}", "--accept", "anyone")
        add("customer", "add", "--name", "Padaria do Zé", "--code", "C1001",
            "--email", "ze@cliente.example",
            "--contact", "maria@cliente.example",
            "--contact", "contador@outro.example")
        add("customer", "service", "C1001", "add", "--kind", "hosting",
            "--label", "Hospedagem Profissional",
            "--domain", "cliente.example")
        add("customer", "add", "--name", "Assinado Ltda", "--code", "C1002",
            "--email", "ana@assinado.example",
            "--contact", "semnada@semnada.example")
        add("customer", "service", "C1002", "add", "--kind", "domain",
            "--label", "Domínio", "--domain", "assinado.example")
        add("customer", "add", "--name", "DNS Morto ME", "--code", "C1003",
            "--email", "joao@dnsmorto.example")
        add("staff", "add", "paula", "--name", "Paula Atendente",
            "--email", "paula@provedor.example", "--admin",
            "--department", "suporte", "--department", "financeiro",
            "--department", "dominios", "--department", "abusos")

    # -- processes ---------------------------------------------------------

    def spawn(self, name, command, user=None, stdout=None):
        log = self.dir / "log" / f"{name}.log"
        self.logs[name] = log
        with open(log, "ab") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL,
                stdout=stdout or output, stderr=output, cwd=self.dir,
                user=user.pw_uid if user else None,
                group=user.pw_gid if user else None,
                extra_groups=[] if user else None)
        self.processes[name] = process
        return process

    def program(self, name):
        folder = {"milter": "milter", "lmtpd": "lmtpd",
                  "notifier": "notifier"}[name]
        return str(self.copy(f"{folder}/portaria-{name}"))

    def copy(self, program):
        """A program where the daemons' user may run it: the build may be in
        a folder that only root can enter."""
        target = self.dir / "bin" / Path(program).name
        if not target.exists():
            target.parent.mkdir(exist_ok=True)
            shutil.copy(self.build / program, target)
        return target

    def start_daemon(self, name):
        self.spawn(name, [self.program(name), "-c", self.conf], self.user)
        path = self.dir / "sock" / {"milter": "milter",
                                    "lmtpd": "lmtp"}.get(name, "none")
        if path.name != "none":
            wait_for(lambda: self.alive(name) and can_connect(path),
                     f"{name} to listen", 20)

    def alive(self, name):
        code = self.processes[name].poll()
        if code is not None:
            raise LabError(f"{name} ended with {code}")
        return True

    def stop_daemon(self, name, how=signal.SIGTERM):
        process = self.processes.pop(name)
        process.send_signal(how)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout:
            process.stdout.close()
        return process.returncode

    @property
    def conf(self):
        return str(self.dir / "etc/portaria.conf")

    @property
    def postfix_conf(self):
        return str(self.dir / "postfix/conf")

    def start_postfix(self):
        self.postfix("start")
        wait_for(lambda: can_connect_port(self.ports["smtp"]),
                 "Postfix to listen", 20)

    def postfix(self, *arguments):
        result = subprocess.run(
            ["postfix", "-c", self.postfix_conf, *arguments],
            capture_output=True, text=True, check=False)
        if result.returncode != 0 and arguments[0] not in ("stop", "status"):
            raise LabError(f"postfix {arguments}: {result.stderr}")
        return result

    def flush(self):
        """Asks Postfix to try its deferred mail now."""
        subprocess.run(["postqueue", "-c", self.postfix_conf, "-f"],
                       check=False, capture_output=True)

    def queue(self):
        """Postfix's queue as text."""
        return subprocess.run(["postqueue", "-c", self.postfix_conf, "-p"],
                              check=False, capture_output=True,
                              text=True).stdout

    def wait_calm(self):
        """Until all mail of ours has reached its reader."""
        wait_for(lambda: self.json("outbox", "list") == [], "empty outbox")
        wait_for(lambda: "is empty" in self.queue(), "empty mail queue")

    def maillog(self):
        path = self.dir / "postfix/mail.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def log(self, name):
        return self.logs[name].read_text(errors="replace")

    def show_logs(self):
        for name, path in self.logs.items():
            text = path.read_text(errors="replace") if path.exists() else ""
            print(f"--- {name} ---\n{text[-4000:]}")
        print(f"--- postfix ---\n{self.maillog()[-6000:]}")

    def stop(self):
        if (self.dir / "postfix/spool/pid/master.pid").exists():
            self.postfix("stop")
            wait_for(lambda: self.postfix("status").returncode != 0,
                     "Postfix to stop", 20)
        for name in list(self.processes):
            self.stop_daemon(name)
        if self.sink:
            self.sink.close()
        if not self.keep:
            shutil.rmtree(self.dir, ignore_errors=True)

    # -- using it ----------------------------------------------------------

    def portaria(self, *arguments, stdin=None, check=True, text=True):
        """Runs the command as the daemons' user."""
        result = subprocess.run(
            [str(self.copy("cli/portaria")), "-c", self.conf, *arguments],
            input=stdin, capture_output=True, text=text, check=False,
            user=self.user.pw_uid, group=self.user.pw_gid, extra_groups=[],
            cwd=self.dir, env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"],
                               "USER": "lab"})
        if check and result.returncode != 0:
            raise LabError(f"portaria {' '.join(arguments)}: exit "
                           f"{result.returncode}: {result.stderr}")
        return result

    def json(self, *arguments):
        """The command's --json lines as a list of dicts."""
        import json
        out = self.portaria("--json", *arguments, check=False).stdout
        return [json.loads(line) for line in out.splitlines() if line]

    def ticket(self, ref):
        """The ticket as the command shows it: first line, then entries."""
        return self.json("ticket", "show", ref)

    def send(self, sender, recipients, data, client="192.0.2.10",
             helo="mail.cliente.example", login=None, options=()):
        """One SMTP transaction; the reply that decided, as (code, text).

        The client address is set by XCLIENT, as a test harness may."""
        if isinstance(recipients, str):
            recipients = [recipients]
        with self.connect(client, helo, login) as smtp:
            return transact(smtp, sender, recipients, data, options)

    def connect(self, client="192.0.2.10", helo="mail.cliente.example",
                login=None):
        smtp = smtplib.SMTP("127.0.0.1", self.ports["smtp"], timeout=90)
        smtp.ehlo(helo)
        words = f"ADDR={client} NAME={helo} HELO={helo}"
        if login:
            words += f" LOGIN={login}"
        code, text = smtp.docmd("XCLIENT", words)
        if code != 220:
            raise LabError(f"XCLIENT: {code} {text!r}")
        smtp.ehlo(helo)
        return smtp


def transact(smtp, sender, recipients, data, options=()):
    code, text = smtp.mail(sender, list(options))
    if code != 250:
        return code, text.decode(errors="replace")
    accepted = 0
    for recipient in recipients:
        code, text = smtp.rcpt(recipient)
        accepted += code == 250
    if not accepted:
        return code, text.decode(errors="replace")
    code, text = smtp.data(data)
    return code, text.decode(errors="replace")


def can_connect(path):
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


def can_connect_port(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
