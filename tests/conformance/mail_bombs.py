# SPDX-License-Identifier: GPL-2.0-or-later
"""mail_bombs.py - messages made to cost time, memory or the parser's life

bombs() yields (name, message, want): want is "read" (a ticket with what is in
the message), or the name of the limit that the stub must give as its reason.
"""
import base64
import gzip
import struct

MIB = 1024 * 1024
HEAD = (b"From: Bomba <b@remoto.example>\r\nTo: abusos@desk.example\r\n"
        b"Subject: bomba\r\nMIME-Version: 1.0\r\n")


def mail(*parts):
    data = HEAD + b"".join(parts)
    return data if data.endswith(b"\r\n") else data + b"\r\n"


def multipart(*bodies, subtype=b"mixed"):
    return (b"Content-Type: multipart/" + subtype + b"; boundary=b\r\n\r\n"
            + b"".join(b"--b\r\n" + body + b"\r\n" for body in bodies)
            + b"--b--\r\n")


def nest(depth):
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
        % (i, i) for i in range(depth)) + b"\r\nfim\r\n"


def attachment(data, kind=b"application/octet-stream", name=b"a.bin"):
    return (b"Content-Type: " + kind + b"; name=\"" + name + b"\"\r\n"
            b"Content-Transfer-Encoding: base64\r\n"
            b"Content-Disposition: attachment\r\n\r\n"
            + base64.encodebytes(data).replace(b"\n", b"\r\n"))


# ---- TNEF ----

ATT_RENDDATA, ATT_TITLE, ATT_DATA, ATT_MAPI = (
    0x00069002, 0x00018010, 0x0006800F, 0x00069005)


def tnef_attribute(kind, data, level=2):
    return (struct.pack("<BII", level, kind, len(data)) + data
            + struct.pack("<H", sum(data) & 0xffff))


def tnef(*attributes):
    return struct.pack("<IH", 0x223e9f78, 1) + b"".join(attributes)


def tnef_file(name, data):
    return (tnef_attribute(ATT_RENDDATA, bytes(14))
            + tnef_attribute(ATT_TITLE, name + b"\0")
            + tnef_attribute(ATT_DATA, data))


def winmail(data):
    return mail(multipart(b"\r\nveja o anexo", attachment(
        data, b"application/ms-tnef", b"winmail.dat")))


# ---- all ----

def structure_bombs():
    yield "nested 32", mail(nest(32)), "read"
    yield "nested 33", mail(nest(33)), "mime_depth"
    yield "nested 100,000", mail(nest(100_000)), "mime_depth"
    yield ("messages in messages", mail(
        b"Content-Type: message/rfc822\r\n\r\n" * 100_000), "mime_depth")
    yield ("900 parts", mail(multipart(*[
        attachment(b"%d" % i, name=b"%d.txt" % i) for i in range(900)])),
        "read")
    yield ("100,000 parts", mail(multipart(*[b"\r\n"] * 100_000)),
           "mime_parts")
    yield ("lines like boundaries", mail(
        nest(32), b"--\r\n" * 2_400_000), "mime_parts")
    yield ("never closed", mail(
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n",
        b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" * 500), "read")
    yield ("long boundary", mail(
        b"Content-Type: multipart/mixed; boundary=" + b"b" * 60_000
        + b"\r\n\r\n" + (b"--" + b"b" * 59_999 + b"\r\n") * 100), "read")


def header_bombs():
    yield "one header of 40 MiB", mail(
        b"X: ", b"a " * (20 * MIB), b"\r\n\r\nx"), "header"
    yield "a million headers", mail(b"X: y\r\n" * 1_000_000, b"\r\nx"), "header"
    yield "900 headers of 250 bytes", mail(
        (b"X: " + b"y" * 245 + b"\r\n") * 900, b"\r\nx"), "read"
    yield "10,000 parameters", mail(
        b"Content-Type: text/plain", b";a=b" * 10_000, b"\r\n\r\nx"), "mime_par"
    yield "900 parts of 60 parameters", mail(multipart(*[
        b"Content-Type: application/x; name=a" + b"".join(
            b";\r\n name*%d*=%%41" % n for n in range(3))
        + b";\r\n x=y" * 55 + b"\r\n\r\nz" for i in range(900)])), "read"
    yield "groups in groups", mail(b"Cc: ", b"g:" * 30_000, b"\r\n\r\nx"), \
        "addresses"
    yield "groups in an attached message", mail(multipart(
        b"Content-Type: message/rfc822\r\n\r\nTo: " + b"g:" * 30_000
        + b"\r\n\r\nx")), "read"
    yield "30,000 addresses", mail(
        b"Cc: ", b",\r\n ".join([b"a@b.example"] * 3_000), b"\r\n\r\nx"), "read"
    yield "encoded words", mail(
        b"X-Y: ", b" =?utf-8?Q?=C3=A1?=\r\n" * 2_500, b"\r\nx"), "read"
    yield "references", mail(
        b"References:", b" <a@b.example>\r\n" * 3_500, b"\r\nx"), "read"
    yield "comments", mail(b"Cc: ", b"(" * 30_000, b"\r\n\r\nx"), "read"


def body_bombs():
    room = 50 * MIB - 2_000
    yield "50 MiB in one line", mail(b"\r\n", b"x" * room), "read"
    yield "50 MiB of empty lines", mail(b"\r\n", b"\r\n" * (room // 2)), "read"
    yield "50 MiB of NUL", mail(b"\r\n", b"\0" * room), "read"
    yield "50 MiB of CR", mail(b"\r\n", b"\r" * room), "read"
    yield "50 MiB of base64", mail(multipart(
        b"\r\nanexo", b"Content-Type: application/octet-stream\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n"
        + b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2"
        b"d3h5\r\n" * (room // 70))), "read"
    yield "base64 without line ends", mail(
        b"Content-Type: application/x\r\nContent-Transfer-Encoding: base64"
        b"\r\n\r\n", b"QUJD" * (room // 4)), "read"
    yield "50 MiB of quoted-printable", mail(
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n",
        b"=41=42=\r\n" * (room // 9)), "read"
    yield "50 MiB of HTML", mail(
        b"Content-Type: text/html\r\n\r\n", b"<b><i>" * (room // 6)), "read"
    yield "HTML nested", mail(
        b"Content-Type: text/html\r\n\r\n", b"<div>" * 200_000), "read"
    yield "HTML attributes", mail(
        b"Content-Type: text/html\r\n\r\n<p ", b"a=b " * 100_000, b">"), "read"
    yield "broken UTF-8", mail(
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n",
        b"\xc3" * 10 * MIB), "read"
    yield "ISO 2022", mail(
        b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n",
        b"\x1b$B\x1b(B" * (2 * MIB)), "read"
    yield "quotes", mail(b"\r\n", b"> " * 5 * MIB), "read"
    yield "quoted lines", mail(b"\r\n", b"> x\r\n" * 2_000_000), "read"
    yield "attributions", mail(
        b"\r\n", b"Em 22/11/2026 10:00, Ana <a@b.example> escreveu:\r\n"
        * 200_000), "read"
    yield "flowed", mail(
        b"Content-Type: text/plain; format=flowed\r\n\r\n",
        b"a \r\n" * (5 * MIB)), "read"


def file_bombs():
    yield "uuencode that never ends", mail(
        b"\r\n", b"begin 644 x\r\nM" + b"0" * 60 + b"\r\n",
        b"begin 644 x\r\n" * 1_000_000), "read"
    yield "uuencode, 30 MiB", mail(
        b"\r\nbegin 644 a.bin\r\n",
        (b"M" + b"#" * 60 + b"\r\n") * (30 * MIB // 63), b"`\r\nend\r\n"), "read"
    yield "TNEF, 30 MiB", winmail(tnef(tnef_file(b"a.bin", bytes(30 * MIB)))), \
        "read"
    yield "TNEF, 900 files", winmail(tnef(*[
        tnef_file(b"%d.bin" % i, b"x") for i in range(900)])), "read"
    yield "TNEF, 100,000 files", winmail(tnef(*[
        tnef_file(b"a.bin", b"x") for i in range(100_000)])), "read"
    yield "TNEF that lies", winmail(
        tnef(tnef_file(b"a.bin", b"x"))
        + struct.pack("<BII", 2, ATT_DATA, 0xfffffff0)), "read"
    yield "TNEF, properties that lie", winmail(tnef(
        tnef_attribute(ATT_RENDDATA, bytes(14)), tnef_attribute(
            ATT_MAPI, struct.pack("<IIII", 1, 0x37010102, 0xffffffff, 0xff)))), \
        "read"
    yield "gzip of 200 MiB", mail(multipart(b"\r\nrelatorio", attachment(
        gzip.compress(bytes(200 * MIB), 9), b"application/gzip",
        b"google.com!remoto.example!1!2.xml.gz"))), "read"
    yield "a calendar of 10 MiB", mail(
        b"Content-Type: text/calendar\r\n\r\nBEGIN:VCALENDAR\r\n",
        b"BEGIN:VEVENT\r\n" * 700_000), "read"
    yield "S/MIME, nested lengths", mail(
        b"Content-Type: application/pkcs7-mime; name=smime.p7m\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n",
        base64.encodebytes(b"\x30\x80" * 1_000_000)
        .replace(b"\n", b"\r\n")), "read"


def bombs():
    yield from structure_bombs()
    yield from header_bombs()
    yield from body_bombs()
    yield from file_bombs()
