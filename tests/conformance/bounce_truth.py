# SPDX-License-Identifier: GPL-2.0-or-later
"""What a bounce says, read a second time and in another way.

Shares nothing with the product: Python's email package and regular
expressions. A standard report (message/delivery-status) is judged by its own
fields. A report in prose is judged by the SMTP replies and enhanced codes in
the words above the returned message; without any, by whether the words say
that the mail is late only. Recipients in prose are the addresses named there
that are neither side of the notice itself, and of those, if any is among
them, the ones that the returned message was addressed to.
"""
import email
import email.policy
import re

ADDRESS = re.compile(rb"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@"
                     rb"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*")
ENHANCED = re.compile(rb"(?<![\w.])([245])\.\d{1,3}\.\d{1,3}(?![\w.]*\.\d)")
REPLY = re.compile(rb"(?<![\w./@=-])(?<!\d:)([45])[0-5]\d"
                   rb"(?=[\s:),>\]-])(?!-\d\d)")
RETURNED = re.compile(
    rb"(?im)^(?:[>|\s]*(?:received: (?:from|by|\()|return-path: ?<"
    rb"|dkim-signature:|x-received:|message-id: ?<)|"
    rb"[-* ]*(?:below this line is a copy|this is a copy of|original message"
    rb"|unsent message|returned message|undelivered message|message header"
    rb"|original headers follow|your message headers"
    rb"|here is a copy|a copy of your message|the original message|"
    rb"the header of the original))")
LATE = re.compile(rb"(?i)(delay|still trying|will (be )?retr|not yet been|"
                  rb"keep(s)? trying|will try again|temporar|deferred|"
                  rb"warning: (message|could not))")


def find(data):
    return {match.lower().decode("ascii") for match in ADDRESS.findall(data)}


def walk(message):
    """Every part, attached messages opened."""
    yield message
    payload = message.get_payload()
    if isinstance(payload, list):
        for part in payload:
            yield from walk(part)


def body(part):
    payload = part.get_payload(decode=True)
    return payload if payload is not None else b""


def raw_groups(data):
    """Blocks of fields of the delivery-status part, by plain search."""
    start = re.search(rb"(?im)^content-type:\s*message/"
                      rb"(?:global-)?delivery-status", data)
    if not start:
        return None
    rest = data[start.end():]
    end = re.search(rb"(?m)^--\S.*\n+content-|^content-type:", rest,
                    re.I | re.M)
    return re.split(rb"\n[ \t]*\n", rest[:end.start()] if end else rest)


def one_line(value):
    return re.sub(rb"\s*\n\s+", b" ", value)


def field(group, name):
    found = re.search(rb"(?im)^" + name + rb"[ \t]*:[ \t]*(.*)",
                      one_line(group))
    return found.group(1).strip() if found else b""


def standard(data):
    rows = []
    for group in raw_groups(data) or []:
        addresses = (find(field(group, b"final-recipient"))
                     | find(field(group, b"original-recipient")))
        if not addresses:
            continue
        status = re.match(rb"\s*([245])\.\d", field(group, b"status"))
        said = (ENHANCED.search(field(group, b"diagnostic-code"))
                or REPLY.search(field(group, b"diagnostic-code") + b" "))
        action = field(group, b"action").lower()
        if status:
            classes = {status.group(1)}
        elif said:
            classes = {said.group(1)}
        else:
            classes = {b"4" if action.startswith(b"delay") else b"5"}
        rows.append((addresses, {c.decode() for c in classes}))
    return rows


def words_and_returned(data):
    """The notice's own words, and what was returned."""
    message = email.message_from_bytes(data, policy=email.policy.compat32)
    words, returned = b"", b""
    for part in walk(message):
        kind = part.get_content_type()
        if kind in ("message/rfc822", "text/rfc822-headers"):
            inner = part.get_payload()
            returned += (inner[0].as_bytes() if isinstance(inner, list)
                         else body(part))
            break
        if kind in ("text/plain", "text/html") or (
                isinstance(part.get_payload(), str)
                and kind.startswith("multipart/")):
            text = body(part)
            if kind == "text/html":
                text = re.sub(rb"(?s)<(style|script).*?</\1>", b"", text)
                text = re.sub(rb"(?i)<(br|p|/p|tr|/tr|div|/div|li)[^>]*>",
                              b"\n", text)
                text = re.sub(rb"<(?![^<>\s]+@)[^>]*>", b"", text)
                text = text.replace(b"&lt;", b"<").replace(b"&gt;", b">")
            words += text + b"\n"
    words = words.replace(b"\r\n", b"\n")
    cut = RETURNED.search(words, 1)
    if cut:
        words, returned = words[:cut.start()], words[cut.start():] + returned
    return message, words, returned


def header(message, *names):
    found = set()
    for name in names:
        for value in message.get_all(name, []):
            found |= find(str(value).encode("ascii", "replace"))
    return found


SUMMARY = re.compile(rb"(?im)^[ \t]*(to|cc|from|subject|sent|mail from):.*")


def prose_addresses(message, words, returned):
    """(addresses of which one must be told, all that may be told)."""
    failed = header(message, "X-Failed-Recipients")
    sides = header(message, "From", "To", "Sender", "Return-Path")
    named = {a for a in find(words) if not a.startswith("postmaster@")}
    if failed:
        return failed | aliases(words), named | failed
    fields = find(b"\n".join(re.findall(
        rb"(?im)^(?:final|original)-recipient:.*", words + returned)))
    if fields:
        return fields, fields
    plain = find(SUMMARY.sub(b"", words)) & named
    sent_to = find(b"\n".join(re.findall(
        rb"(?im)^[>| ]*(?:to|cc|x-envelope-to|delivered-to):.*",
        one_line(returned))))
    must = ((plain & sent_to) - sides or plain - sides or named & sent_to
            or named - sides or plain or sent_to)
    return must | aliases(words), (named - sides) | must


def aliases(words):
    """Behind which mailbox of the other side our address stood."""
    return find(b"\n".join(re.findall(
        rb"(?i)\((?:generated|expanded) from:?[^)]*\)", words)))


def prose_classes(message, words):
    """Every class that an SMTP reply or an enhanced code names."""
    codes = {m.decode() for m in ENHANCED.findall(words)} - {"2"}
    codes = codes or {m.decode() for m in REPLY.findall(words + b" ")}
    if codes:
        return codes
    subject = str(message.get("Subject", "")).encode("utf-8", "replace")
    late = LATE.search(subject) or LATE.search(words)
    return {"4"} if late else {"5"}


def read(path):
    """(is standard, [(addresses one of which must be told, addresses that
    may be, classes that are right)])."""
    data = path.read_bytes().replace(b"\r\n", b"\n")
    if data.startswith(b"From "):
        data = data.split(b"\n", 1)[1]
    rows = standard(data)
    if rows:
        return True, [(addresses, addresses, classes)
                      for addresses, classes in rows]
    message, words, returned = words_and_returned(data)
    must, may = prose_addresses(message, words, returned)
    return False, [(must, may, prose_classes(message, words + b"\n"
                                             + b"\n".join(re.findall(
                                                 rb"(?im)^(?:status|diagnostic"
                                                 rb"-code):.*", returned))))]


def is_right(rows, recipients):
    """Every recipient told stands in the report with its class, and none is
    missing; of prose the one that failed must be told."""
    met = set()
    for recipient in recipients:
        fits = [i for i, (_, may, classes) in enumerate(rows)
                if recipient["address"] in may
                and recipient["status"][:1] in classes]
        if not fits:
            return False
        met.update(i for i in fits if recipient["address"] in rows[i][0])
    return len(met) == len(rows)
