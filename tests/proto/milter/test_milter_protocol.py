# SPDX-License-Identifier: GPL-2.0-or-later
"""test_milter_protocol.py - what the milter says to a mail server"""

import random
import struct
import time
import unittest

from milter_support import (
    ABUSOS, ADDHDRS, ANA, CHGHDRS, FORGER, HDR_LEADSPC, NOUNKNOWN, NR_CONN,
    NR_BODY, NR_HDR, NR_HELO, NR_MAIL, OLD, POSTFIX, SETSYMLIST, SUPORTE, ZE,
    Gone, MilterTest, header_text, main, packet)


class Negotiation(MilterTest):

    def test_asks_for_what_it_needs(self):
        with self.milter.peer().negotiate() as peer:
            self.assertEqual(peer.actions, ADDHDRS | CHGHDRS | SETSYMLIST)
            self.assertEqual(peer.steps, HDR_LEADSPC | NOUNKNOWN | NR_CONN |
                             NR_HELO | NR_MAIL | NR_HDR | NR_BODY)
            self.assertEqual(peer.lists[2], "{mail_addr} {auth_authen}")
            self.assertEqual(peer.lists[3], "i {rcpt_addr}")
            self.assertEqual([peer.lists[n] for n in (4, 5, 6)], ["i"] * 3)

    def test_old_mail_server(self):
        with self.milter.peer(OLD) as peer:
            self.assertEqual(peer.begin()[0], b"c")
            self.assertEqual(peer.steps, 0)
            self.accepted(peer, header_text())

    def test_old_mail_server_gets_all_of_the_body_taken(self):
        with self.milter.peer(OLD) as peer:
            peer.begin()
            self.accepted(peer, header_text(), b"x" * 200000)

    def test_without_changing_headers(self):
        with self.milter.peer((6, ADDHDRS, POSTFIX[2])) as peer:
            with self.assertRaises(Gone):
                peer.negotiate()
        self.assert_alive()

    def test_each_subset_of_steps(self):
        for bit in range(21):
            with self.milter.peer((6, POSTFIX[1], POSTFIX[2] & ~(1 << bit))
                                  ) as peer:
                peer.begin()
                self.accepted(peer, header_text())


class Verdicts(MilterTest):

    def test_accepted_and_sealed(self):
        with self.milter.peer() as peer:
            peer.begin()
            seal, message = self.accepted(peer, header_text())
            self.assertEqual(seal[1:], ["accept", ZE, "4QID"])
            self.assertTrue(message.startswith(b"X-Portaria-Seal: "))
            self.assertEqual(
                message.count(b"\nAuthentication-Results: mx.desk.example"),
                1)

    def test_signed(self):
        header = header_text(ANA)
        body = b"Bom dia,\r\n  com  espacos \r\n\r\n"
        signed = self.milter.signer.sign(header.encode() + b"\r\n" + body)
        with self.milter.peer() as peer:
            peer.begin(FORGER, ANA)
            peer.data()
            peer.headers(signed.split(b"\r\n\r\n")[0])
            self.assertEqual(peer.end_header()[0], b"c")
            self.assertEqual(peer.body(body)[0], b"c")
            self.assertEqual(peer.end()[0], b"c")
            message = peer.result(signed.split(b"\r\n\r\n")[0], body)
            self.assertIn(b"dkim=pass", message)
            self.assertEqual(self.milter.seal(message)[1], "accept")

    def test_signed_and_changed(self):
        signed = self.milter.signer.sign(
            header_text(ANA).encode() + b"\r\nBom dia.\r\n")
        with self.milter.peer() as peer:
            peer.begin(FORGER, ANA)
            self.refused(peer.message(signed.split(b"\r\n\r\n")[0],
                                      b"Outra coisa.\r\n"), 550, "5.7.1")

    def test_signed_body_in_many_pieces(self):
        body = b"linha\r\n" * 2000
        signed = self.milter.signer.sign(
            header_text(ANA).encode() + b"\r\n" + body)
        with self.milter.peer() as peer:
            peer.begin(FORGER, ANA)
            peer.data()
            peer.headers(signed.split(b"\r\n\r\n")[0])
            peer.end_header()
            for i in range(0, len(body), 999):
                peer.ask(b"B", body[i:i + 999], NR_BODY)
            self.assertEqual(peer.end()[0], b"c")

    def test_body_past_the_limit_is_refused_at_the_end(self):
        with self.milter.peer() as peer:
            peer.begin()
            peer.data()
            peer.headers(header_text().encode())
            peer.end_header()
            for _ in range(51 * 16):
                peer.ask(b"B", b"x" * 65535, NR_BODY)
            self.refused(peer.end(), 552, "5.3.4")

    def test_forged(self):
        with self.milter.peer() as peer:
            peer.begin(FORGER)
            lines = self.refused(peer.message(header_text()), 550, "5.7.1")
            self.assertEqual(len(lines), 3)
            self.assertIn("mensagem", lines[0])
            self.assertIn("message", lines[1])
            self.assertIn("https://ajuda.example", lines[2])

    def test_stranger_before_the_body(self):
        with self.milter.peer() as peer:
            peer.begin()
            peer.data()
            peer.headers(header_text("x@else.example").encode())
            self.refused(peer.end_header(), 550, "5.7.1")

    def test_dns_trouble_is_temporary(self):
        with self.milter.peer() as peer:
            peer.begin(FORGER, "joao@dnsmorto.example")
            self.refused(peer.message(header_text("joao@dnsmorto.example")),
                         451, "4.7.0")

    def test_held(self):
        with self.milter.peer() as peer:
            peer.begin("192.0.2.30", "semnada@semnada.example")
            seal, _ = self.accepted(peer,
                                    header_text("semnada@semnada.example"))
            self.assertEqual(seal[1], "hold")

    def test_login(self):
        with self.milter.peer() as peer:
            peer.begin(FORGER, "paula@provedor.example", login="paula")
            seal, message = self.accepted(
                peer, header_text("paula@provedor.example"))
            self.assertEqual(seal[1], "staff")
            self.assertIn(b"smtp.auth=paula", message)

    def test_second_class(self):
        with self.milter.peer() as peer:
            peer.begin()
            self.refused(peer.rcpt(ABUSOS), 452, "4.5.3")
            self.assertEqual(peer.rcpt("vizinho@world.example")[0], b"c")
            self.accepted(peer, header_text())

    def test_mail_of_others(self):
        with self.milter.peer() as peer:
            self.assertEqual(peer.begin(recipient="a@world.example")[0], b"c")
            self.assertEqual(peer.data()[0], b"a")
            peer.mail()
            self.assertEqual(peer.rcpt()[0], b"c")
            self.accepted(peer, header_text())

    def test_false_fields_are_removed(self):
        extra = ("X-Portaria-Seal: v=1\r\n"
                 "Authentication-Results: mx.desk.example; spf=pass\r\n"
                 "Authentication-Results: else.example; spf=pass\r\n"
                 "x-portaria-seal:\r\n\tv=2\r\nX-Portaria-Other: 1\r\n"
                 "Authentication-Results : (x) MX.desk.example 1; none\r\n")
        with self.milter.peer() as peer:
            peer.begin()
            _, message = self.accepted(peer, header_text(extra=extra))
        head = message.split(b"\r\n\r\n")[0].lower()
        self.assertEqual(head.count(b"x-portaria-"), 1)
        self.assertEqual(head.count(b"mx.desk.example"), 1)
        self.assertIn(b"else.example; spf=pass", head)

    def test_folded_fields_are_sealed(self):
        header = (b"From: =?utf-8?q?Z=C3=A9?=\r\n\t da Padaria \r\n"
                  b"  <ze@cliente.example>\r\nSubject:\r\n a\r\n\tb  \r\n"
                  b"Date:Sun, 22 Nov 2026\r\n 16:20:00 +0000\r\n"
                  b"Message-ID: <a@b>\t\r\n")
        with self.milter.peer() as peer:
            peer.begin()
            _, message = self.accepted(peer, header)
        # What an MTA may fold anew on its way.
        again = message.replace(b"Subject:\r\n a\r\n\tb  \r\n",
                                b"Subject: a b\r\n")
        self.assertEqual(self.milter.seal(again)[0], "valid")
        changed = message.replace(b"\tb  \r\n", b"\tc  \r\n")
        self.assertEqual(self.milter.seal(changed)[0], "forged")

    def test_seal_of_a_message_without_some_fields(self):
        for header in (b"From: ze@cliente.example\r\n",
                       b"From: ze@cliente.example\r\nSubject: a\r\n"
                       b"Subject: b\r\nDate:\r\n"):
            with self.milter.peer() as peer:
                peer.begin()
                self.accepted(peer, header)

    def test_line_in_the_log(self):
        with self.milter.peer() as peer:
            peer.begin()
            peer.rcpt("financeiro@desk.example")
            self.accepted(peer, header_text(subject="Linha"))
        line = [l for l in self.milter.log.splitlines()
                if "dept=suporte,financeiro" in l][-1]
        for word in ("accepted:", "qid=4QID", f"from={ZE}",
                     f"rcpt={SUPORTE},financeiro@desk.example", "who=contact",
                     "proof=proven", "verdict=accept", "client=192.0.2.10",
                     "helo=mail.cliente.example", "ms=", "row="):
            self.assertIn(word, line)


class Clients(MilterTest):

    def test_ipv6(self):
        with self.milter.peer() as peer:
            peer.begin("2001:db8::1")
            _, message = self.accepted(peer, header_text())
            self.assertIn(b"ip=2001:db8::1;", message.replace(b"\r\n\t", b""))

    def test_mapped_address(self):
        with self.milter.peer() as peer:
            peer.begin("::ffff:192.0.2.10")
            _, message = self.accepted(peer, header_text())
            self.assertIn(b"ip=192.0.2.10;", message.replace(b"\r\n\t", b""))

    def local(self, sender, header):
        with self.milter.peer() as peer:
            self.assertEqual(peer.begin(None, sender)[0], b"c")
            answer = peer.message(header)
            self.assertEqual(answer[0], b"c", answer)
            return peer.result(header.encode())

    def test_no_address_is_never_refused(self):
        for sender in ("x@else.example", "joao@dnsmorto.example"):
            message = self.local(sender, header_text(
                sender, extra="X-Portaria-Seal: v=1\r\n"))
            self.assertEqual(self.milter.seal(message)[0], "absent")

    def test_no_address_proves_nothing(self):
        message = self.local("semnada@semnada.example",
                             header_text("semnada@semnada.example"))
        self.assertEqual(self.milter.seal(message)[:2], ["valid", "hold"])

    def test_unix_socket_is_no_address(self):
        with self.milter.peer().negotiate() as peer:
            peer.connect("/run/x", b"L")
            peer.mail("x@else.example")
            peer.rcpt()
            self.assertEqual(peer.message(header_text("x@else.example"))[0],
                             b"c")

    def test_bad_address_ends_the_connection(self):
        for ip, family in (("nonsense", b"4"), ("1.2.3", b"6"),
                           ("x", b"?")):
            with self.milter.peer().negotiate() as peer:
                with self.assertRaises(Gone):
                    peer.connect(ip, family)
                    peer.mail()
                    peer.rcpt()
        self.assert_alive()

    def test_without_macros(self):
        with self.milter.peer().negotiate() as peer:
            peer.connect()
            peer.helo()
            peer.mail("Ze@Cliente.example", macro=False,
                      options=["SIZE=100", "BODY=8BITMIME"])
            self.assertEqual(peer.rcpt("Suporte@DESK.example",
                                       macro=False)[0], b"c")
            self.accepted(peer, header_text())

    def test_null_sender_by_any_name(self):
        with self.milter.peer().negotiate() as peer:
            peer.connect()
            peer.helo()
            peer.macros(b"M", [("{mail_addr}", "MAILER-DAEMON")])
            peer.ask(b"M", b"<>\0", NR_MAIL)
            peer.rcpt()
            self.refused(peer.message(header_text()), 550, "5.7.1")
        self.assertIn('who=null', self.milter.log)

    def test_without_helo(self):
        with self.milter.peer().negotiate() as peer:
            peer.connect()
            peer.mail()
            peer.rcpt()
            self.accepted(peer, header_text())

    def test_unicode_addresses(self):
        with self.milter.peer() as peer:
            self.assertEqual(peer.begin(sender="z\u00e9@caf\u00e9.example",
                                        recipient="\u00e3@desk.example")[0],
                             b"c")
            self.assertEqual(peer.data()[0], b"a")

    def test_connection_used_again(self):
        with self.milter.peer() as peer:
            peer.begin()
            self.accepted(peer, header_text())
            for ip, want in (("2001:db8::1", b"c"), (FORGER, b"y")):
                peer.send(b"K")
                peer.connect(ip)
                peer.helo()
                peer.mail()
                peer.rcpt()
                answer = peer.message(header_text())
                self.assertEqual(answer[0], want, answer)


class Bounds(MilterTest):

    def refuse_header(self, fields, code=552, enhanced="5.3.4"):
        with self.milter.peer() as peer:
            peer.begin()
            peer.data()
            peer.headers(header_text().encode())
            for name, value in fields:
                peer.header(name, value)
            self.refused(peer.end_header(), code, enhanced)
            # The connection goes on.
            peer.mail()
            peer.rcpt()
            self.accepted(peer, header_text())

    def test_large_field(self):
        with self.milter.peer() as peer:
            peer.begin()
            self.accepted(peer, header_text(extra="X: " + "y" * 60000 +
                                            "\r\n"))
        self.refuse_header([(b"X", b" " + b"y" * 65536)])
        self.refuse_header([(b"X", b" " + b"y" * 1000000)])

    def test_large_header(self):
        self.refuse_header([(b"X", b" " + b"y" * 30000)] * 9)

    def test_many_fields(self):
        self.refuse_header([(b"X", b" y")] * 1000)

    def test_very_many_fields_are_cheap(self):
        start = time.monotonic()
        self.refuse_header([(b"X", b" y")] * 100000)
        self.assertLess(time.monotonic() - start, 30)

    def test_malformed_fields(self):
        for name, value in ((b"X", b" y\nFrom: x@evil.example"),
                            (b"X", b" y\n\nbody"), (b"X Y", b" z"),
                            (b"X\x01", b" z")):
            self.refuse_header([(name, value)], 554, "5.6.0")

    def test_many_recipients(self):
        with self.milter.peer() as peer:
            peer.begin()
            for n in range(99):
                self.assertEqual(peer.rcpt(f"suporte+{n}@desk.example")[0],
                                 b"c")
            self.refused(peer.rcpt(), 452, "4.5.3")
            self.accepted(peer, header_text())

    def test_large_packet(self):
        for size in (1 << 20, (1 << 20) + 1, 1 << 31, (1 << 32) - 1):
            with self.milter.peer() as peer:
                peer.begin()
                peer.socket.sendall(struct.pack("!I", size) + b"L")
                with self.assertRaises((Gone, OSError)):
                    for _ in range(40):
                        peer.socket.sendall(b"x" * 65536)
                    peer.receive()
        self.assert_alive()

    def test_packets_cut_short(self):
        whole = packet(b"O", struct.pack("!III", *POSTFIX))
        for size in range(len(whole)):
            with self.milter.peer() as peer:
                peer.socket.sendall(whole[:size])
        self.assert_alive()

    def test_empty_and_unknown_packets(self):
        for data in (struct.pack("!I", 0), packet(b"?"), packet(b"O"),
                     packet(b"O", b"123"), packet(b"M"), packet(b"C", b"\0"),
                     packet(b"D"), packet(b"D", b"Mabc"), b"\0" * 64,
                     b"GET / HTTP/1.0\r\n\r\n"):
            with self.milter.peer() as peer:
                peer.socket.sendall(data)
                peer.socket.shutdown(1)
                try:
                    while True:
                        peer.receive()
                except Gone:
                    pass
            with self.milter.peer().negotiate() as peer:
                peer.connect()
                peer.socket.sendall(data)
        self.assert_alive()


class Order(MilterTest):

    STEPS = [
        ("negotiate", lambda p: p.negotiate()),
        ("connect", lambda p: p.connect()),
        ("helo", lambda p: p.helo()),
        ("mail", lambda p: p.mail()),
        ("rcpt", lambda p: p.rcpt()),
        ("data", lambda p: p.data()),
        ("headers", lambda p: p.headers(header_text().encode())),
        ("end_header", lambda p: p.end_header()),
        ("body", lambda p: p.body(b"x")),
        ("end", lambda p: p.end()),
    ]

    def test_gone_at_each_step(self):
        for count in range(len(self.STEPS) + 1):
            for last in (None, "abort", "quit"):
                with self.milter.peer() as peer:
                    for _, step in self.STEPS[:count]:
                        step(peer)
                    if last:
                        getattr(peer, last)()
        self.assert_alive()

    def test_gone_inside_a_packet_at_each_step(self):
        for count in range(1, len(self.STEPS)):
            with self.milter.peer() as peer:
                for _, step in self.STEPS[:count]:
                    step(peer)
                peer.socket.sendall(struct.pack("!I", 1000) + b"L" + b"x" * 9)
        self.assert_alive()

    def test_abort_and_again_at_each_step(self):
        with self.milter.peer() as peer:
            peer.begin()
            for count in range(3, len(self.STEPS)):
                peer.abort()
                for _, step in self.STEPS[3:count]:
                    step(peer)
            peer.abort()
            peer.mail()
            peer.rcpt()
            self.accepted(peer, header_text())

    def test_messages_in_a_row(self):
        with self.milter.peer() as peer:
            peer.begin()
            for n in range(30):
                self.accepted(peer, header_text())
                peer.mail()
                self.assertEqual(peer.rcpt()[0], b"c")
                answer = peer.message(header_text("x@else.example"))
                self.refused(answer, 550, "5.7.1")
                peer.mail()
                peer.rcpt("a@world.example")
                self.assertEqual(peer.data()[0], b"a")
                peer.mail()
                self.assertEqual(peer.rcpt()[0], b"c")

    def test_pipelined(self):
        """All packets of three messages before the first answer is read."""
        with self.milter.peer().negotiate() as peer:
            peer.connect()
            out = b""
            for sender, recipient in ((ZE, SUPORTE), ("x@else.example", ABUSOS),
                                      (ZE, "financeiro@desk.example")):
                out += packet(b"M", f"<{sender}>".encode() + b"\0")
                out += packet(b"R", f"<{recipient}>".encode() + b"\0")
                out += packet(b"T")
                out += packet(b"L", b"From\0 " + sender.encode() + b"\0")
                out += packet(b"N") + packet(b"B", b"Oi.\r\n") + packet(b"E")
            peer.socket.sendall(out)
            got = b""
            for _ in range(3):
                codes = b""
                while codes[-3:] != b"iic":
                    codes += peer.receive()[0]
                got += codes + b" "
            self.assertEqual(got, b"ccciic " * 3)

    def test_packets_a_byte_at_a_time(self):
        with self.milter.peer().negotiate() as peer:
            peer.connect()
            for byte in packet(b"M", b"<ze@cliente.example>\0") + packet(
                    b"R", b"<suporte@desk.example>\0"):
                peer.socket.sendall(bytes([byte]))
            self.assertEqual(peer.receive()[0], b"c")
            self.accepted(peer, header_text())

    def test_any_order(self):
        """Random packets; the daemon may hang up, never go wrong."""
        seed = random.randrange(1 << 32)
        print(f"seed {seed}", end=" ", flush=True)
        dice = random.Random(seed)
        values = [b"", b"\0", b"<ze@cliente.example>\0", b"From\0 a@b\0",
                  b"<suporte@desk.example>\0", b"X-Portaria-Seal\0 v=1\0",
                  b"client\0004\x09\xddx192.0.2.10\0", b"x" * 70000]
        for _ in range(300):
            with self.milter.peer() as peer:
                if dice.random() < 0.9:
                    peer.negotiate()
                peer.steps = NR_CONN | NR_MAIL  # nobody reads answers here
                try:
                    if dice.random() < 0.8:
                        peer.connect()
                    for _ in range(dice.randrange(30)):
                        command = dice.choice(b"ABCDEHLMNQRTUOK")
                        peer.send(bytes([command]), dice.choice(values))
                        if dice.random() < 0.3:
                            peer.mail(macro=dice.random() < 0.5)
                            peer.send(b"R", b"<suporte@desk.example>\0")
                except (Gone, OSError):
                    pass
        self.assert_alive()


if __name__ == "__main__":
    main()
