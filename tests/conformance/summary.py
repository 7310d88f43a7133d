#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""One table of all conformance suites.

Usage: summary.py BUILD [RESULTS.md]

Runs the conformance tests of a build folder, gathers the lines

    #result <TAB> suite <TAB> cases <TAB> right <TAB> wrong <TAB> skipped

that they print, and shows them as one table, which is kept in RESULTS.md if
that is named. A test that prints no such line is one row: the cases are its
cmocka tests, or the test itself. Suites that are not evaluated are rows, too,
all of their cases skipped. The exit code is 1 if a test failed.
"""
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HEAD = """# Conformance

What this build makes of other people's test suites and mail, by
`scripts/test --conformance`, which rewrites this table. *Wrong* cases are
those where the answer of the suite is not ours; every test has a floor below
which it fails. The suites are not part of the source: without them (beside
the source tree in `../shared/corpus`, or `$PORTARIA_CORPUS`) their tests skip.

"""
OUTPUT = re.compile(r"(?m)^(\d+): (.*)$")
STATE = re.compile(r"(?m)^ *\d+/\d+ Test +#(\d+): (\S+) [. ]*\**(\w+)")
TESTS = re.compile(r"\[  (PASSED|FAILED)  \] (\d+) test\(s\)")


def corpus():
    named = os.environ.get("PORTARIA_CORPUS")
    return Path(named) if named else HERE.parents[1] / "../shared/corpus"


def not_evaluated():
    """ARC is not implemented: a sender's forwarders prove nothing here. The
    other SPF cases repeat those of RFC 7208 in a form of their own."""
    rows = []
    suite = corpus() / "arc-suite/arc-draft-validation-tests.yml"
    if suite.exists():
        rows.append(("arc-suite: not evaluated", sum(
            len(set(re.findall(
                r"(?m)^  (\w+):\n +(?:spec|description|message) *:", part)))
            for part in re.split(r"(?m)^---", suite.read_text()))))
    files = sorted(corpus().glob("stalwart-auth/spf/*.yml"))
    if files:
        rows.append(("stalwart-auth: SPF, not evaluated", sum(
            len(re.findall(r"(?m)^ +expect:", file.read_text()))
            for file in files)))
    return [(name, cases, 0, 0, cases) for name, cases in rows]


def run(build):
    done = subprocess.run(
        ["ctest", "--test-dir", build, "-V", "-R", "^conformance/"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def row_of_test(name, state, lines):
    """A row for a test without result lines."""
    counts = {"PASSED": 0, "FAILED": 0}
    for line in lines:
        found = TESTS.search(line)
        if found:
            counts[found.group(1)] += int(found.group(2))
    if state.startswith("Skip"):
        return (name, 1, 0, 0, 1)
    if sum(counts.values()) == 0:
        counts["PASSED" if state == "Passed" else "FAILED"] = 1
    return (name, sum(counts.values()), counts["PASSED"], counts["FAILED"], 0)


def gather(text):
    lines = {}
    for number, line in OUTPUT.findall(text):
        lines.setdefault(number, []).append(line)
    rows = []
    for number, name, state in STATE.findall(text):
        said = [line.split("\t")[1:] for line in lines.get(number, [])
                if line.startswith("#result\t")]
        rows += [(row[0], *(int(count) for count in row[1:])) for row in said
                 if len(row) == 5]
        if not said or state not in ("Passed", "Skipped"):
            rows.append(row_of_test(name, state, lines.get(number, [])))
    return sorted(rows + not_evaluated())


def table(rows):
    wide = max(len(row[0]) for row in rows)
    line = "| {:<{}} | {:>6} | {:>6} | {:>6} | {:>7} |"
    yield line.format("suite", wide, "cases", "right", "wrong", "skipped")
    yield line.format("-" * wide, wide, "-----:", "-----:", "-----:",
                      "------:")
    for name, *counts in rows:
        yield line.format(name, wide, *counts)


def main(argv):
    if len(argv) < 2:
        print(__doc__)
        return 64
    code, text = run(argv[1])
    rows = gather(text)
    if code != 0:
        print(text)
    lines = "\n".join(table(rows)) + "\n"
    print(lines, end="")
    if len(argv) > 2:
        Path(argv[2]).write_text(HEAD + lines)
    return 1 if code != 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
