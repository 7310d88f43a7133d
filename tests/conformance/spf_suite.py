#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The RFC 7208 test suite against spf_check().

    spf_suite.py [--wire FAKEDNS] SPF_SUITE CORPUS

SPF_SUITE is the program of spf_suite.c. CORPUS is the folder that holds
spf-rfc7208/; the environment's PORTARIA_CORPUS goes before it. By default the answers of a scenario
are put into its resolver; with --wire they come from the name server FAKEDNS
on the loopback. Prints the cases that are not right and the count; fails if
fewer than MINIMUM are right. Exit 77: the suite is not here, skipped.
"""
import ipaddress
import os
import subprocess
import sys
import tempfile

MINIMUM = 202
TYPES = {"A": 1, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28}
FOUND, NO_DATA, FAILED = 0, 2, 3
CNAME_MOST = 8


def skip(why):
    print("skipped:", why)
    sys.exit(77)


try:
    import yaml
except ImportError:
    skip("no python3-yaml")


def to_bytes(value):
    return value.encode("utf-8") if isinstance(value, str) else bytes(value)


def join(value):
    """The character-strings of a TXT entry."""
    chunks = value if isinstance(value, list) else [value]
    return [to_bytes(chunk) for chunk in chunks]


def load_entries(entries):
    """One name: its (type, value) in order; TIMEOUT stands as a type."""
    records = []
    has_txt = any(isinstance(e, dict) and "TXT" in e for e in entries)
    for entry in entries:
        if entry == "TIMEOUT":
            records.append(("TIMEOUT", None))
            continue
        (kind, value), = entry.items()
        if kind == "SPF":
            if has_txt:
                continue
            kind = "TXT"
        elif kind == "TXT" and value == "NONE":
            continue
        records.append((kind, value))
    return records


def load_zone(zonedata):
    return {name.lower(): load_entries(entries)
            for name, entries in zonedata.items()}


def answer(zone, name, kind):
    """(status, values) as the suite's own resolver would answer."""
    for _ in range(CNAME_MOST):
        values, failed, target = [], name.startswith("error."), None
        for found, value in zone.get(name, []):
            if found == "TIMEOUT":
                failed = failed or not values
            elif found == kind:
                values.append(value)
            elif found == "CNAME":
                target = value.rstrip(".").lower()
        if values:
            return FOUND, values
        if failed:
            return FAILED, []
        if target is None:
            return NO_DATA, []
        name = target
    return FAILED, []


def name_to_wire(name):
    wire = b""
    for label in name.rstrip(".").split("."):
        raw = to_bytes(label)
        if raw:
            wire += bytes([len(raw)]) + raw
    return wire + b"\0"


def txt_to_wire(chunks):
    wire = b""
    for chunk in chunks or [b""]:
        for at in range(0, max(len(chunk), 1), 255):
            part = chunk[at:at + 255]
            wire += bytes([len(part)]) + part
    return wire


def rdata(kind, value):
    if kind in ("A", "AAAA"):
        return ipaddress.ip_address(value).packed
    if kind == "MX":
        return value[0].to_bytes(2, "big") + name_to_wire(value[1])
    if kind == "PTR":
        return name_to_wire(value)
    return txt_to_wire(join(value))


def hexed(text):
    return to_bytes(text).hex() or "-"


def put_lines(zone):
    lines = []
    for name in zone:
        for kind, number in TYPES.items():
            status, values = answer(zone, name, kind)
            words = ["put", hexed(name), str(number), str(status)]
            words += [rdata(kind, value).hex() for value in values]
            lines.append(" ".join(words))
    return lines


# ---- the same over the wire ----

def escape_name(name):
    out = ""
    for byte in to_bytes(name):
        char = chr(byte)
        out += char if char.isalnum() or char in "-_.:/%" else f"\\{byte:03d}"
    return out if out.endswith(".") else out + "."


def escape_txt(chunk):
    return '"' + "".join(f"\\{byte:03d}" for byte in chunk) + '"'


def zone_value(kind, value):
    if kind == "MX":
        return f"{value[0]} {escape_name(value[1])}"
    if kind in ("PTR", "CNAME"):
        return escape_name(value)
    if kind == "TXT":
        return " ".join(escape_txt(chunk) for chunk in join(value) or [b""])
    return value


def zone_lines(zone):
    lines = []
    for name, records in zone.items():
        kinds = []
        for kind, value in records:
            if kind == "TIMEOUT":
                lines += [f"{escape_name(name)} TIMEOUT {other}"
                          for other in TYPES if other not in kinds]
                continue
            kinds.append(kind)
            lines.append(
                f"{escape_name(name)} 300 {kind} {zone_value(kind, value)}")
    lines += ["*.error. TIMEOUT"]
    return lines


class Wire:
    """A name server for one scenario."""

    def __init__(self, program, zone):
        self.file = tempfile.NamedTemporaryFile("w", suffix=".zone")
        self.file.write("\n".join(zone_lines(zone)) + "\n")
        self.file.flush()
        self.process = subprocess.Popen([program, self.file.name],
                                        stdout=subprocess.PIPE, text=True)
        self.port = self.process.stdout.readline().strip()

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        self.file.close()


def run_scenario(program, fakedns, scenario):
    """Yields (name, wanted results, got, lookups, reason)."""
    zone = load_zone(scenario["zonedata"])
    wire = Wire(fakedns, zone) if fakedns else None
    command = [program] + ([f"127.0.0.1@{wire.port}"] if wire else [])
    child = subprocess.Popen(command, stdin=subprocess.PIPE, text=True,
                             stdout=subprocess.PIPE)
    for name, test in scenario["tests"].items():
        lines = [] if wire else put_lines(zone)
        lines.append(f"check {test['host']} {hexed(test['helo'])} "
                     f"{hexed(test['mailfrom'])}")
        child.stdin.write("\n".join(lines) + "\n")
        child.stdin.flush()
        words = child.stdout.readline().rstrip("\n").split(" ", 2)
        want = test["result"]
        want = want if isinstance(want, list) else [want]
        yield (name, want, *(words + ["", "", ""])[:3])
    child.stdin.close()
    child.wait()
    if wire:
        wire.stop()


def main(argv):
    fakedns = None
    if argv[1] == "--wire":
        fakedns = argv[2]
        del argv[1:3]
    suite = os.path.join(os.environ.get("PORTARIA_CORPUS") or argv[2],
                         "spf-rfc7208", "rfc7208-tests.yml")
    if not os.path.exists(suite):
        skip(f"no {suite}")
    right = total = most = 0
    with open(suite, encoding="utf-8") as file:
        for scenario in yaml.safe_load_all(file):
            for name, want, got, lookups, reason in run_scenario(
                    argv[1], fakedns, scenario):
                total += 1
                most = max(most, int(lookups or 0))
                if got in want:
                    right += 1
                    continue
                print(f"{scenario['description']}: {name}: got "
                      f"{got or 'nothing'}, want {' or '.join(want)} "
                      f"({reason})")
    print(f"{right} of {total} right, at most {most} lookups")
    over = "over the wire" if fakedns else "in memory"
    print(f"#result\tspf-rfc7208: SPF, {over}\t{total}\t{right}"
          f"\t{total - right}\t0")
    return 0 if right >= MINIMUM else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
