# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads a message with Python's email package and says what is in it.

An independent reader for the test of mail/compose.c: one "name=value" line
for each thing asked about, so that the test compares text. Complaints start
with "!".
"""
import email
import email.policy
import hashlib
import sys


def complain(text):
    print("!" + text)


def show(name, value):
    print("%s=%s" % (name, str(value).replace("\n", "\\n")))


def check_bytes(raw):
    if any(byte > 0x7E for byte in raw):
        complain("8-bit")
    if raw.count(b"\n") != raw.count(b"\r\n") or raw.count(b"\r") != raw.count(b"\n"):
        complain("line ends")
    for line in raw.split(b"\r\n"):
        if len(line) > 78:
            complain("long line: %r" % line)


def show_part(part, path):
    for defect in part.defects:
        complain("%s: %r" % (path, defect))
    for name, value in part.items():
        for defect in value.defects:
            complain("%s: %s: %r" % (path, name, defect))
    show(path, part.get_content_type())
    if part.is_multipart():
        for i, child in enumerate(part.iter_parts()):
            show_part(child, "%s.%d" % (path, i))
    elif part.get_content_disposition():
        data = part.get_payload(decode=True)
        show(path + " disposition", part.get_content_disposition())
        show(path + " filename", part.get_filename())
        show(path + " id", part.get("Content-ID", ""))
        show(path + " sha256", hashlib.sha256(data).hexdigest())
    else:
        show(path + " text", part.get_content().replace("\r\n", "\n"))


def main():
    raw = sys.stdin.buffer.read()
    check_bytes(raw)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    for name, value in message.items():
        if name not in ("MIME-Version", "Content-Type",
                        "Content-Transfer-Encoding"):
            show(name, value)
    show_part(message, "part")


main()
