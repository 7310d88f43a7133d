# SPDX-License-Identifier: GPL-2.0-or-later
"""threads.py - how mail programs put mails together, each by its own rules

A mail is an email.message; a grouping is a list of lists of indexes. Rules:

references  RFC 5256 section 3 (the algorithm of Jamie Zawinski) without its
            step by subject: Message-ID, References, In-Reply-To.
gmail       one of the ids of References or In-Reply-To is in the thread (as a
            mail or named by one), and the subject is the same but for reply
            prefixes.
outlook     MS-OXOMSG: the GUID of Thread-Index; without one, Thread-Topic or
            the subject without its prefix.
"""

import base64
import re

ID = re.compile(r"<[^<>\s]+>")
# Prefixes of programs in English, Portuguese and Spanish.
PREFIX = re.compile(r"^\s*((re|res|enc|fw|fwd|rv)(\[\d+\])?\s*:\s*)+", re.I)


def ids_of(mail):
    """What a mail names, oldest first; In-Reply-To only without References."""
    named = ID.findall(str(mail["References"] or ""))
    answered = ID.findall(str(mail["In-Reply-To"] or ""))[:1]
    return named + [one for one in answered if one not in named]


def bare_subject(mail):
    return re.sub(r"\s+", " ", PREFIX.sub("", str(mail["Subject"]))).strip()


class Groups:
    """Sets that grow together."""

    def __init__(self):
        self.parent = {}

    def find(self, item):
        self.parent.setdefault(item, item)
        while self.parent[item] != item:
            item = self.parent[item]
        return item

    def join(self, one, other):
        self.parent[self.find(one)] = self.find(other)

    def of(self, mails, key):
        found = {}
        for number, mail in enumerate(mails):
            found.setdefault(self.find(key(number, mail)), []).append(number)
        return list(found.values())


def references(mails):
    groups = Groups()
    for mail in mails:
        own = str(mail["Message-ID"]).strip()
        for named in ids_of(mail):
            groups.join(own, named)
    return groups.of(mails, lambda _, mail: str(mail["Message-ID"]).strip())


def gmail(mails):
    threads = []  # (subject, ids, numbers)
    for number, mail in enumerate(mails):
        ids = {str(mail["Message-ID"]).strip(), *ids_of(mail)}
        subject = bare_subject(mail)
        for thread in threads:
            if thread[0] == subject and thread[1] & ids:
                thread[1].update(ids)
                thread[2].append(number)
                break
        else:
            threads.append((subject, ids, [number]))
    return [thread[2] for thread in threads]


def outlook_key(mail):
    index = re.sub(r"\s", "", str(mail["Thread-Index"] or ""))
    if index:
        data = base64.b64decode(index, validate=True)
        if len(data) < 22 or (len(data) - 22) % 5:
            raise ValueError(f"Thread-Index of {len(data)} bytes")
        return data[6:22]
    return str(mail["Thread-Topic"] or bare_subject(mail))


def outlook(mails):
    groups = Groups()
    return groups.of(mails, lambda _, mail: outlook_key(mail))


RULES = {"references": references, "gmail": gmail, "outlook": outlook}
