# SPDX-License-Identifier: GPL-2.0-or-later
"""What becomes of messages: seals, departments, redelivery, judging here."""

import base64
import hashlib
import signal
import threading
import unittest

from lmtp_support import DaemonTest, message, wait_for

REMOTE = "ADDR=192.0.2.10 NAME=mail.cliente.example HELO=mail.cliente.example"


class Delivery(DaemonTest):
    def test_sealed_message_becomes_a_ticket(self):
        data = self.daemon.sealed("Site fora do ar")
        [ref] = self.stored(self.daemon.deliver(
            data, xforward="IDENT=4cABC SOURCE=REMOTE " + REMOTE))
        [ticket] = self.daemon.dump()["tickets"]
        self.assertEqual(ticket["ref"], ref)
        self.assertEqual(ticket["subject"], "Site fora do ar")
        self.assertEqual(ticket["department"], "suporte")
        self.assertEqual(ticket["requester"], "ze@cliente.example")
        entry = ticket["messages"][0]
        self.assertIn("Bom dia.", entry["text"])
        self.assertIn("dmarc=pass", entry["auth"])
        self.assertEqual(entry["client_ip"], "192.0.2.10")
        self.assertEqual(entry["raw"], hashlib.sha256(data).hexdigest())
        self.assertIn(f"qid=4cABC ticket={ref}", self.daemon.log())

    def test_redelivery_is_the_same(self):
        data = self.daemon.sealed()
        first = self.stored(self.daemon.deliver(data))
        for _ in range(3):
            self.assertEqual(self.stored(self.daemon.deliver(data)), first)
        [ticket] = self.daemon.dump()["tickets"]
        self.assertEqual(len([m for m in ticket["messages"]
                              if m["author"] == "customer"]), 1)

    def test_redelivery_at_the_same_time(self):
        """The same message in one batch and over many connections."""
        data = self.daemon.sealed()
        refs = []

        def deliver():
            refs.extend(self.stored(self.daemon.deliver(data)))
        threads = [threading.Thread(target=deliver) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(refs), 16)
        self.assertEqual(len(set(refs)), 1)
        self.assertEqual(len(self.daemon.dump()["tickets"]), 1)

    def test_two_departments(self):
        """One ticket, owned by the first; a word about it to the second."""
        data = self.daemon.seal(message(), "financeiro,suporte")
        replies = self.daemon.deliver(
            data, ["suporte@desk.example", "financeiro@desk.example"])
        refs = self.stored(replies)
        self.assertEqual(refs[0], refs[1])
        [ticket] = self.daemon.dump()["tickets"]
        self.assertEqual(ticket["department"], "suporte")
        again = self.stored(self.daemon.deliver(
            data, ["financeiro@desk.example"]))
        self.assertEqual(again, refs[:1])
        self.assertEqual(len(self.daemon.dump()["tickets"]), 1)

    def test_two_departments_apart(self):
        """The MTA may bring the second recipient in another transaction."""
        data = self.daemon.seal(message(), "financeiro,suporte")
        one = self.stored(self.daemon.deliver(data))
        two = self.stored(self.daemon.deliver(
            data, ["financeiro@desk.example"]))
        self.assertEqual(one, two)
        self.assertEqual(len(self.daemon.dump()["tickets"]), 1)

    def test_one_department_twice(self):
        data = self.daemon.sealed()
        refs = self.stored(self.daemon.deliver(
            data, ["suporte@desk.example", "suporte+x@desk.example",
                   "SUPORTE@desk.example"]))
        self.assertEqual(len(set(refs)), 1)
        [ticket] = self.daemon.dump()["tickets"]
        self.assertEqual(len(ticket["messages"]), 1)

    def test_sealed_hold(self):
        replies = self.daemon.deliver(
            self.daemon.seal(message(), verdict="hold"))
        self.assertEqual(replies[0][:2], (250, "2.6.0"))
        dump = self.daemon.dump()
        self.assertEqual(dump["tickets"], [])
        self.assertEqual(dump["held"][0]["address"], "ze@cliente.example")
        self.assertNotEqual(dump["held"][0]["reason"], "")

    def check_held(self, data, status, recipient="suporte@desk.example"):
        replies = self.daemon.deliver(data, [recipient])
        self.assertEqual(replies[0][:2], (250, "2.6.0"), replies)
        dump = self.daemon.dump()
        self.assertEqual(dump["tickets"], [])
        self.assertEqual(len(dump["held"]), 1)
        self.assertIn("unsealed: ", self.daemon.log())
        self.assertIn(f"seal={status} ", self.daemon.log())
        self.assertEqual(self.daemon.blob(dump["held"][0]["raw"]), data)

    def test_no_seal(self):
        self.check_held(message(), "absent")

    def test_seal_of_another_message(self):
        seal = self.daemon.sealed().split(b"From:")[0]
        self.check_held(seal + message(), "forged")

    def test_seal_of_another_key(self):
        key = self.daemon.dir / "other"
        key.write_text("k2 " + "ab" * 32 + "\n")
        key.chmod(0o600)
        self.check_held(self.daemon.seal(message(), key=key), "forged")

    def test_seal_gone_stale(self):
        self.check_held(self.daemon.seal(message(), age=7 * 86400), "stale")

    def test_seal_of_the_future(self):
        self.check_held(self.daemon.seal(message(), age=-3600), "stale")

    def test_seal_of_another_department(self):
        self.check_held(self.daemon.seal(message(), "financeiro"),
                        "other-department")

    def test_two_seals(self):
        self.check_held(self.daemon.seal(self.daemon.sealed()), "malformed")

    def test_malformed_seal(self):
        self.check_held(b"X-Portaria-Seal: v=1; mac=x\r\n" + message(),
                        "malformed")

    def test_stranger_is_held_not_bounced(self):
        """A refusal here would make the MTA bounce to whoever it says."""
        self.check_held(message(sender="x@nowhere.example"), "absent")

    def test_anyone_department_takes_all(self):
        replies = self.daemon.deliver(
            message(sender="x@nowhere.example"), ["abusos@desk.example"])
        self.stored(replies)
        [ticket] = self.daemon.dump()["tickets"]
        self.assertEqual(ticket["department"], "abusos")

    def test_unsealed_redelivery(self):
        data = message(sender="x@nowhere.example")
        first = self.daemon.deliver(data, ["abusos@desk.example"])
        self.assertEqual(self.daemon.deliver(data, ["abusos@desk.example"]),
                         first)
        other = self.daemon.deliver(data + b"more\r\n",
                                    ["abusos@desk.example"])
        self.assertNotEqual(self.stored(other), self.stored(first))

    def test_proven_by_spf_here(self):
        """The milter was down; XFORWARD tells who the client was."""
        [ref] = self.stored(self.daemon.deliver(message(), xforward=REMOTE))
        [ticket] = self.daemon.dump()["tickets"]
        self.assertEqual(ticket["ref"], ref)
        self.assertIn("spf=pass", ticket["messages"][0]["auth"])
        self.assertIn("seal=absent ", self.daemon.log())

    def test_wrong_client_is_held(self):
        self.daemon.deliver(message(), xforward="ADDR=192.0.2.66")
        dump = self.daemon.dump()
        self.assertEqual(dump["tickets"], [])
        self.assertIn("spf=fail", dump["held"][0]["auth"])

    def test_loopback_proves_nothing(self):
        for address in ("127.0.0.1", "IPV6:::1", "::1", "[UNAVAILABLE]",
                        "garbage"):
            self.daemon.deliver(
                message(), xforward=f"ADDR={address} SOURCE=LOCAL")
        dump = self.daemon.dump()
        self.assertEqual(dump["tickets"], [])
        self.assertEqual(len(dump["held"]), 5)

    def test_xforward_ends_with_the_transaction(self):
        with self.daemon.client() as client:
            client.hello()
            self.stored(client.deliver(message(), xforward=REMOTE))
            client.deliver(message())
        dump = self.daemon.dump()
        self.assertEqual((len(dump["tickets"]), len(dump["held"])), (1, 1))

    def test_dns_trouble_is_for_later(self):
        """Neither proven nor disproven: the MTA shall come again."""
        data = message(sender="ze@morto.example")
        replies = self.daemon.deliver(data, sender="ze@morto.example",
                                      xforward=REMOTE)
        self.assertEqual(replies[0][:2], (451, "4.7.0"))
        self.assertEqual(self.daemon.dump(), {"tickets": [], "held": []})
        (self.daemon.dir / "zone").write_text(
            'morto.example 300 TXT "v=spf1 ip4:192.0.2.10 -all"\n'
            '_dmarc.morto.example 300 TXT "v=DMARC1; p=reject"\n')
        self.daemon.dns.send_signal(signal.SIGHUP)
        # What failed is remembered for some seconds, in us and in libunbound.
        wait_for(lambda: self.daemon.deliver(
            data, sender="ze@morto.example", xforward=REMOTE)[0][0] == 250,
            "DNS to come back")
        self.assertEqual(len(self.daemon.dump()["tickets"]), 1)

    def test_replies_in_the_order_of_recipients(self):
        data = self.daemon.seal(message(), "suporte")
        replies = self.daemon.deliver(
            data, ["abusos@desk.example", "suporte@desk.example",
                   "abusos@desk.example"])
        self.assertEqual([r[0] for r in replies], [250] * 3)
        self.assertEqual(replies[0], replies[2])

    def test_charsets(self):
        """The confined child can open no charset: they are all open."""
        texts = {"windows-1252": "Ação", "iso-8859-15": "5 €",
                 "koi8-r": "Привет", "iso-2022-jp": "こんにちは",
                 "shift_jis": "日本", "gb18030": "中文", "euc-kr": "한국어",
                 "utf-16": "Olá", "iso-8859-2": "Łódź", "big5": "中文"}
        for charset, text in texts.items():
            data = message(extra=f"Content-Type: text/plain; "
                                 f"charset={charset}\r\n"
                                 "Content-Transfer-Encoding: base64\r\n",
                           body="", subject=charset)
            data += base64.encodebytes(text.encode(charset)).replace(
                b"\n", b"\r\n")
            self.stored(self.daemon.deliver(self.daemon.seal(data)))
        got = {t["subject"]: t["messages"][0]["text"].strip()
               for t in self.daemon.dump()["tickets"]}
        self.assertEqual(got, texts)

    def test_attachments(self):
        data = message(
            extra="MIME-Version: 1.0\r\n"
                  "Content-Type: multipart/mixed; boundary=b\r\n",
            body="--b\r\n\r\nveja\r\n--b\r\n"
                 "Content-Type: application/pdf; name=nota.pdf\r\n"
                 "Content-Transfer-Encoding: base64\r\n"
                 "Content-Disposition: attachment\r\n\r\n"
                 "JVBERi0xLjQK\r\n--b--\r\n")
        self.stored(self.daemon.deliver(self.daemon.seal(data)))
        entry = self.daemon.dump()["tickets"][0]["messages"][0]
        self.assertEqual(entry["attachments"], ["nota.pdf"])

    def test_odd_messages_are_kept(self):
        """No header, no body, binary: a ticket or a stub, never a refusal."""
        for data in (b"", b"\r\n", b"x\r\n", b"\0\xff" * 100 + b"\r\n",
                     b"Subject: only\r\n", b"\r\nbody only\r\n",
                     b": \r\n", b"From \r\n" * 10):
            replies = self.daemon.deliver(data, ["abusos@desk.example"])
            self.assertEqual([r[0] for r in replies], [250], data)
        self.assertGreaterEqual(len(self.daemon.dump()["tickets"]), 7)


if __name__ == "__main__":
    unittest.main()
