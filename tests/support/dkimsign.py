# SPDX-License-Identifier: GPL-2.0-or-later
"""dkimsign.py - sign a test message (RFC 6376, rsa-sha256, relaxed/relaxed)

Written from the RFC with nothing but openssl, so that the tests do not judge
the verifier by its own library.
"""

import base64
import hashlib
import re
import subprocess
import tempfile
from pathlib import Path

SIGNED = ("from", "to", "subject", "date", "message-id")


class Signer:
    """An RSA key of its own for one domain and selector."""

    def __init__(self, domain, selector="sel", bits=2048):
        self.domain, self.selector = domain, selector
        self.folder = tempfile.TemporaryDirectory(prefix="portaria-dkim-")
        self.key = str(Path(self.folder.name) / "key.pem")
        subprocess.run(["openssl", "genrsa", "-out", self.key, str(bits)],
                       check=True, capture_output=True)

    def zone_line(self):
        """The key record for the name server of the tests."""
        der = subprocess.run(
            ["openssl", "rsa", "-in", self.key, "-pubout", "-outform", "DER"],
            check=True, capture_output=True).stdout
        text = "v=DKIM1; k=rsa; p=" + base64.b64encode(der).decode()
        strings = " ".join(f'"{text[i:i + 200]}"'
                           for i in range(0, len(text), 200))
        return f"{self.selector}._domainkey.{self.domain} 300 TXT {strings}\n"

    def sign(self, data):
        head, body = data.split(b"\r\n\r\n", 1)
        digest = base64.b64encode(hashlib.sha256(relaxed_body(body)).digest())
        fields = {}
        for line in re.split(rb"\r\n(?![ \t])", head):
            name, value = line.split(b":", 1)
            fields[name.strip().lower().decode()] = value
        names = [name for name in SIGNED if name in fields]
        value = (f" v=1; a=rsa-sha256; c=relaxed/relaxed; d={self.domain};"
                 f" s={self.selector};\r\n\th={':'.join(names)};\r\n"
                 f"\tbh={digest.decode()};\r\n\tb=").encode()
        text = b"".join(relaxed_field(name, fields[name]) + b"\r\n"
                        for name in names)
        text += relaxed_field("dkim-signature", value)
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self.key], input=text,
            check=True, capture_output=True).stdout
        encoded = base64.b64encode(signature)
        folded = b"\r\n\t ".join(encoded[i:i + 70]
                                 for i in range(0, len(encoded), 70))
        return b"DKIM-Signature:" + value + folded + b"\r\n" + data


def relaxed_field(name, value):
    value = re.sub(rb"\r\n(?=[ \t])", b"", value)
    return name.encode() + b":" + re.sub(rb"[ \t]+", b" ", value).strip()


def relaxed_body(body):
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ")
             for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)
