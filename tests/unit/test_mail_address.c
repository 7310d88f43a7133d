/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses as identities. Hermetic: no files, no network, no clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mail/address.h"

/* Bytes with NULs in them. */
#define BYTES(text) (text), sizeof(text) - 1

struct from_case {
	const char *name;
	const char *input;
	size_t len;
	enum address_status want;
	const char *address; /* NULL unless ADDRESS_OK */
	const char *display; /* "" if NULL */
};

#define OK(name, input, address, display)                                      \
	{                                                                      \
		name, BYTES(input), ADDRESS_OK, address, display               \
	}
#define BAD(name, input)                                                       \
	{                                                                      \
		name, BYTES(input), ADDRESS_DOUBTFUL, NULL, NULL               \
	}
#define SEVERAL(name, input)                                                   \
	{                                                                      \
		name, BYTES(input), ADDRESS_SEVERAL, NULL, NULL                \
	}
#define NONE(name, input)                                                      \
	{                                                                      \
		name, BYTES(input), ADDRESS_NONE, NULL, NULL                   \
	}

static void check_from(const struct from_case *c)
{
	AUTO(mailbox) mailbox = NULL;
	enum address_status got;

	got = address_parse_from(c->input, c->len, &mailbox);
	if (got != c->want)
		fail_msg("%s: %s, not %s", c->name, address_status_name(got),
		         address_status_name(c->want));
	if (got != ADDRESS_OK) {
		assert_null(mailbox);
		return;
	}
	if (strcmp(mailbox->address, c->address) != 0)
		fail_msg("%s: address %s", c->name, mailbox->address);
	if (strcmp(mailbox->name, c->display) != 0)
		fail_msg("%s: name '%s'", c->name, mailbox->name);
}

static void check_from_table(const struct from_case *cases, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		check_from(&cases[i]);
}

static void test_from_accepts_one_author(void **state)
{
	static const struct from_case cases[] = {
		OK("bare", "joao@viavps.example", "joao@viavps.example", ""),
		OK("leading blank", " joao@a.example", "joao@a.example", ""),
		OK("angle", "<joao@a.example>", "joao@a.example", ""),
		OK("name", "Joao Silva <joao@a.example>", "joao@a.example",
		   "Joao Silva"),
		OK("no blank", "Joao<joao@a.example>", "joao@a.example",
		   "Joao"),
		OK("case", "<Joao.Silva@A.Example>", "joao.silva@a.example",
		   ""),
		OK("quoted name", "\"Silva, Joao\" <j@a.example>",
		   "j@a.example", "Silva, Joao"),
		OK("quoted pair in name", "\"Joao \\\"Ze\\\" S\" <j@a.example>",
		   "j@a.example", "Joao \"Ze\" S"),
		OK("dot in name", "Joao J. Silva <j@a.example>", "j@a.example",
		   "Joao J. Silva"),
		OK("apostrophe", "Ana D'Avila & Cia <j@a.example>",
		   "j@a.example", "Ana D'Avila & Cia"),
		OK("mixed words", "Joao \"Ze\" Silva <j@a.example>",
		   "j@a.example", "Joao Ze Silva"),
		OK("doubled quotes", "\"\"Joao\"\" <j@a.example>",
		   "j@a.example", "Joao"),
		OK("empty quoted name", "\"\" <j@a.example>", "j@a.example",
		   ""),
		OK("utf-8 name", "Jo\303\243o <j@a.example>", "j@a.example",
		   "Jo\303\243o"),
		OK("latin1 name", "Jo\343o <j@a.example>", "j@a.example",
		   "Jo\303\243o"),
		OK("latin1 quoted name", "\"Jos\351\" <j@a.example>",
		   "j@a.example", "Jos\303\251"),
		OK("encoded q", "=?UTF-8?Q?Jo=C3=A3o?= Silva <j@a.example>",
		   "j@a.example", "Jo\303\243o Silva"),
		OK("encoded latin1",
		   "=?iso-8859-1?q?Jo=E3o_Silva?= <j@a.example>", "j@a.example",
		   "Jo\303\243o Silva"),
		OK("encoded comma",
		   "=?utf-8?b?U2lsdmEsIEpvw6Nv?= <j@a.example>", "j@a.example",
		   "Silva, Jo\303\243o"),
		OK("encoded, quoted", "\"=?UTF-8?Q?Jo=C3=A3o?=\" <j@a.example>",
		   "j@a.example", "Jo\303\243o"),
		OK("comment behind", "root@a.example (Cron Daemon)",
		   "root@a.example", "Cron Daemon"),
		OK("comment behind angle", "Ze <j@a.example> (home)",
		   "j@a.example", "Ze"),
		OK("comment before", "(hi) j@a.example", "j@a.example", "hi"),
		OK("comment in name", "Joao (casa) Silva <j@a.example>",
		   "j@a.example", "Joao Silva"),
		OK("nested comment", "j@a.example (a (b) c)", "j@a.example",
		   "a b c"),
		OK("folded", "Joao\r\n Silva\r\n\t<j@a.example>", "j@a.example",
		   "Joao Silva"),
		OK("folded with LF", "Joao\n Silva\n\t<j@a.example>",
		   "j@a.example", "Joao Silva"),
		OK("folded at once", "\r\n j@a.example", "j@a.example", ""),
		OK("plus", "j+x@a.example", "j+x@a.example", ""),
		OK("odd atext", "a_b-c=d#e$f*g/h?i^j`k{l|m}n~o'p@a.example",
		   "a_b-c=d#e$f*g/h?i^j`k{l|m}n~o'p@a.example", ""),
		OK("quoted local", "\"joao\"@a.example", "joao@a.example", ""),
		OK("single label", "root@localhost", "root@localhost", ""),
		OK("name is the address", "\"j@a.example\" <j@a.example>",
		   "j@a.example", "j@a.example"),
		OK("name is the address, other case",
		   "\"J@A.example\" <j@a.example>", "j@a.example",
		   "J@A.example"),
		OK("name holds the address",
		   "\"'j@a.example' (Ze)\" <j@a.example>", "j@a.example",
		   "'j@a.example' (Ze)"),
		OK("encoded name is the address",
		   "=?utf-8?q?j=40a.example?= <j@a.example>", "j@a.example",
		   "j@a.example"),
		OK("handle", "\"Ze @ Empresa\" <j@a.example>", "j@a.example",
		   "Ze @ Empresa"),
		OK("handle at start", "\"@ze\" <j@a.example>", "j@a.example",
		   "@ze"),
	};
	(void)state;
	check_from_table(cases, G_N_ELEMENTS(cases));
}

static void test_from_accepts_internationalized(void **state)
{
	static const struct from_case cases[] = {
		OK("u-label", "joao@caf\303\251.example",
		   "joao@xn--caf-dma.example", ""),
		OK("u-label upper case", "joao@CAF\303\211.example",
		   "joao@xn--caf-dma.example", ""),
		OK("u-label decomposed", "joao@cafe\314\201.example",
		   "joao@xn--caf-dma.example", ""),
		OK("sharp s is kept", "joao@stra\303\237e.example",
		   "joao@xn--strae-oqa.example", ""),
		OK("a-label", "joao@XN--CAF-DMA.example",
		   "joao@xn--caf-dma.example", ""),
		OK("local", "<JO\303\203O@caf\303\251.example>",
		   "jo\303\243o@xn--caf-dma.example", ""),
		OK("local decomposed", "<joa\314\203o@a.example>",
		   "jo\303\243o@a.example", ""),
		OK("chinese", "\347\224\250\346\210\267@a.example",
		   "\347\224\250\346\210\267@a.example", ""),
		OK("name shows the u-label",
		   "\"joao@caf\303\251.example\" <joao@xn--caf-dma.example>",
		   "joao@xn--caf-dma.example", "joao@caf\303\251.example"),
	};
	(void)state;
	check_from_table(cases, G_N_ELEMENTS(cases));
}

static void test_from_finds_nobody(void **state)
{
	static const struct from_case cases[] = {
		NONE("empty", ""),
		NONE("blank", "  \t "),
		NONE("comment only", "(nobody)"),
		NONE("null address", "<>"),
		NONE("named null address", "MAILER-DAEMON <>"),
		NONE("empty group", "undisclosed-recipients:;"),
		NONE("empty group with blanks", "a b : ; "),
		NONE("empty group with comment", "a: (nobody) ;"),
	};
	(void)state;
	check_from_table(cases, G_N_ELEMENTS(cases));
}

static void test_from_finds_several(void **state)
{
	static const struct from_case cases[] = {
		SEVERAL("two", "a@a.example, b@b.example"),
		SEVERAL("two angles", "<a@a.example>,<b@b.example>"),
		SEVERAL("the same twice", "a@a.example, a@a.example"),
		SEVERAL("three",
		        "A <a@a.example>, b@b.example, \"C\" <c@c.example>"),
		SEVERAL("folded", "a@a.example,\r\n b@b.example"),
		SEVERAL("group", "Us: a@a.example;"),
		SEVERAL("group of two", "Us: A <a@a.example>, b@b.example;"),
		SEVERAL("group and mailbox", "Us: a@a.example;, b@b.example"),
		SEVERAL("empty group and mailbox", "Us:;, b@b.example"),
		SEVERAL("mailbox and group", "b@b.example, Us: a@a.example;"),
		SEVERAL("quoted group name", "\"U s\": <a@a.example>;"),
	};
	(void)state;
	check_from_table(cases, G_N_ELEMENTS(cases));
}

static void test_from_doubts_what_is_no_grammar(void **state)
{
	static const struct from_case cases[] = {
		BAD("a word", "joao"),
		BAD("words", "Joao Silva"),
		BAD("quoted words", "\"Joao Silva\""),
		BAD("no local", "@a.example"),
		BAD("no domain", "joao@"),
		BAD("no domain in angle", "<joao@>"),
		BAD("no at in angle", "Joao <joao>"),
		BAD("two ats", "a@b@c.example"),
		BAD("open angle", "Joao <j@a.example"),
		BAD("close angle", "j@a.example>"),
		BAD("double angle", "Joao <<j@a.example>>"),
		BAD("swapped angle", "Joao >j@a.example<"),
		BAD("open quote", "\"Joao <j@a.example>"),
		BAD("close quote", "Joao\" <j@a.example>"),
		BAD("lone quote", "\""),
		BAD("quote and backslash", "\"\\"),
		BAD("open comment", "j@a.example (home"),
		BAD("open nested comment", "j@a.example (a (b)"),
		BAD("close comment", "j@a.example home)"),
		BAD("trailing word", "<j@a.example> Joao"),
		BAD("trailing dot", "<j@a.example>."),
		BAD("trailing comma", "j@a.example,"),
		BAD("leading comma", ",j@a.example"),
		BAD("null element", "a@a.example,,b@b.example"),
		BAD("trailing semicolon", "j@a.example;"),
		BAD("semicolon list", "a@a.example; b@b.example"),
		BAD("colon", ":j@a.example"),
		BAD("open group", "Us: a@a.example"),
		BAD("group in group", "Us: Them: a@a.example;;"),
		BAD("null element in group", "Us: a@a.example,,b@b.example;"),
		BAD("trailing comma in group", "Us: a@a.example,;"),
		BAD("null address in group", "Us: <>;"),
		BAD("null address in list", "<>, a@a.example"),
		BAD("null address then list", "a@a.example, <>"),
		BAD("unquoted comma", "Silva, Joao <j@a.example>"),
		BAD("unquoted bracket", "[x] Joao <j@a.example>"),
		BAD("blank in address", "joao silva@a.example"),
		BAD("blank before at", "<joao @a.example>"),
		BAD("blank behind at", "<joao@ a.example>"),
		BAD("blanks in angle", "< joao@a.example >"),
		BAD("blank in domain", "<joao@a .example>"),
		BAD("comment in address", "<joao(x)@a.example>"),
		BAD("comment in domain", "<joao@a.example(x)>"),
		BAD("comment between", "joao@(x)a.example"),
		BAD("dot first", "<.joao@a.example>"),
		BAD("dot last", "<joao.@a.example>"),
		BAD("two dots", "<jo..ao@a.example>"),
		BAD("root dot", "<joao@a.example.>"),
		BAD("empty label", "<joao@a..example>"),
		BAD("leading dot", "<joao@.example>"),
		BAD("hyphen", "<joao@-a.example>"),
		BAD("underscore", "<joao@a_b.example>"),
		BAD("literal", "<joao@[192.0.2.1]>"),
		BAD("ip address", "<joao@192.0.2.1>"),
		BAD("empty quoted local", "\"\"@a.example"),
		BAD("backslash outside", "jo\\ao@a.example"),
		BAD("list address", "a@a.example b@b.example"),
	};
	(void)state;
	check_from_table(cases, G_N_ELEMENTS(cases));
}

static void test_from_doubts_control_characters(void **state)
{
	static const struct from_case cases[] = {
		BAD("nul", "a@a.example\0b@b.example"),
		BAD("nul in name", "Jo\0ao <a@a.example>"),
		BAD("nul last", "a@a.example\0"),
		BAD("nul first", "\0a@a.example"),
		BAD("bell", "Jo\aao <a@a.example>"),
		BAD("escape", "\033$B <a@a.example>"),
		BAD("del", "Jo\177ao <a@a.example>"),
		BAD("vertical tab", "Joao\v<a@a.example>"),
		BAD("form feed", "Joao\f<a@a.example>"),
		BAD("lone CR", "a@a.example\rb@b.example"),
		BAD("CR before blank", "Joao\r <a@a.example>"),
		BAD("CR last", "a@a.example\r"),
		BAD("line without blank", "a@a.example\nb@b.example"),
		BAD("CRLF without blank", "a@a.example\r\nTo: b@b.example"),
		BAD("line end last", "a@a.example\r\n"),
		BAD("blank line", "\r\n \r\n a@a.example"),
		BAD("blank last line", "a@a.example\r\n "),
		BAD("blank LF line", "Joao\n\t\n <a@a.example>"),
		BAD("encoded nul", "=?utf-8?q?a=00b?= <a@a.example>"),
		BAD("encoded CR LF", "=?utf-8?q?a=0D=0AB:_c?= <a@a.example>"),
		BAD("encoded base64 nul", "=?utf-8?b?YQBi?= <a@a.example>"),
		BAD("encoded in comment", "a@a.example (=?utf-8?q?a=00?=)"),
		BAD("c1", "Jo\302\205ao <a@a.example>"),
		BAD("line separator", "Jo\342\200\250ao <a@a.example>"),
		BAD("right-to-left", "Jo\342\200\256ao <a@a.example>"),
		BAD("isolate", "Jo\342\201\246ao <a@a.example>"),
	};
	(void)state;
	check_from_table(cases, G_N_ELEMENTS(cases));
}

/* Forms that programs in use have been seen to read differently; most of
 * them are the inconsistencies of Chen, Paxson and Jiang, "Composition
 * Kills" (USENIX Security 2020). */
static void test_from_doubts_what_others_read_differently(void **state)
{
	static const struct from_case cases[] = {
		BAD("address as name", "a@a.example <b@b.example>"),
		BAD("no blank", "a@a.example<b@b.example>"),
		BAD("two angles", "<a@a.example> <b@b.example>"),
		BAD("two angles joined", "<a@a.example><b@b.example>"),
		BAD("angle, then bare", "<a@a.example> b@b.example"),
		BAD("angle, then glued", "<a@a.example>b@b.example"),
		BAD("quoted address", "\"a@a.example\" <b@b.example>"),
		BAD("quoted angle", "\"<a@a.example>\" <b@b.example>"),
		BAD("quoted pair", "\"a@a.example\\\" x\" <b@b.example>"),
		BAD("two quoted", "\"a@a.example\" \"x\" <b@b.example>"),
		BAD("escaped comma", "<a@a.example>\\,<b@b.example>"),
		BAD("encoded list",
		    "=?utf-8?b?PGFAYS5leGFtcGxlPg==?=,<b@b.example>"),
		BAD("encoded address, list",
		    "=?utf-8?q?a=40a=2Eexample?=, <b@b.example>"),
		BAD("encoded address",
		    "=?utf-8?q?a=40a=2Eexample?= <b@b.example>"),
		BAD("encoded address in quotes",
		    "\"=?utf-8?q?a=40a=2Eexample?=\" <b@b.example>"),
		BAD("split encoded address",
		    "=?utf-8?q?a=40a=2Eexa?= =?utf-8?q?mple?= <b@b.example>"),
		BAD("encoded angle", "=?utf-8?q?Joao_=3C?= <b@b.example>"),
		BAD("encoded utf-7 address",
		    "=?utf-7?q?a+AEA-a=2Eexample?= <b@b.example>"),
		BAD("only encoded", "=?utf-8?q?a=40a=2Eexample?="),
		BAD("encoded angle address",
		    "=?utf-8?b?PGFAYS5leGFtcGxlPg==?="),
		BAD("encoded local", "<=?utf-8?q?a?=@b.example>"),
		BAD("encoded local with at",
		    "=?utf-8?q?a=40a=2Eexample?=@b.example"),
		BAD("unfinished encoded word",
		    "=?utf-8?q?a=40a.example <b@b.example>"),
		BAD("encoded word with a blank",
		    "\"=?utf-8?q?a=40a.example ?=\" <b@b.example>"),
		BAD("encoded twice",
		    "=?utf-8?q?=3D=3Futf-8=3Fq=3Fa=3D40a=3F=3D?= <b@b.example>"),
		BAD("raw address in base64",
		    "\"=?utf-8?b?a@a.example?=\" <b@b.example>"),
		BAD("comment with address", "(a@a.example) b@b.example"),
		BAD("comment behind", "b@b.example (a@a.example)"),
		BAD("comment with angle", "<b@b.example>(<a@a.example>)"),
		BAD("comment with quote", "b@b.example (\")"),
		BAD("comment with pair", "b@b.example (\\))"),
		BAD("encoded comment",
		    "b@b.example (=?utf-8?q?a=40a.example?=)"),
		BAD("route", "<@a.example:b@b.example>"),
		BAD("route of two", "<@a.example,@c.example:b@b.example>"),
		BAD("route without colon", "<@a.example@b.example>"),
		BAD("quoted at", "\"a@a.example\"@b.example"),
		BAD("quoted angle local", "\"<a>\"@b.example"),
		BAD("quoted comma local", "\"a,b\"@b.example"),
		BAD("quoted pair local", "\"a\\b\"@b.example"),
		BAD("quoted quote local", "\"a\\\"b\"@b.example"),
		BAD("quoted blank", "\"joao silva\"@b.example"),
		BAD("quoted dot", "\"joao.\"@b.example"),
		BAD("quoted outer blank", "\" a\"@b.example"),
		BAD("quoted two blanks", "\"a  b\"@b.example"),
		BAD("partly quoted", "a.\"b\"@b.example"),
		BAD("percent", "a%a.example@b.example"),
		BAD("bang", "a.example!a@b.example"),
		BAD("full-width at in name",
		    "\"a\357\274\240a.example\" <b@b.example>"),
		BAD("small at in name",
		    "\"a\357\271\253a.example\" <b@b.example>"),
		BAD("name with other address and own",
		    "\"b@b.example a@a.example\" <b@b.example>"),
		BAD("name with longer address",
		    "\"b@b.example.org\" <b@b.example>"),
		BAD("angle in quotes", "\"Ze <\" <b@b.example>"),
		BAD("unquoted equal name", "b@b.example <b@b.example>"),
		BAD("raw 8-bit and backslash",
		    "\"Jo\343o \\\" x\" <b@b.example>"),
		BAD("raw 8-bit in local", "<jo\343o@b.example>"),
		BAD("raw 8-bit in domain", "<joao@caf\351.example>"),
		BAD("overlong less-than", "\300\274a <b\300@b.example>"),
		BAD("full-width local", "<\357\275\201@b.example>"),
		BAD("full-width domain", "<a@\357\275\202.example>"),
		BAD("ideographic dot", "<a@b\343\200\202example>"),
		BAD("soft hyphen in domain", "<a@b\302\255b.example>"),
		BAD("zero width in domain", "<a@b\342\200\213b.example>"),
		BAD("kelvin sign", "<\342\204\252a@b.example>"),
		BAD("kelvin sign in domain", "<a@\342\204\252.example>"),
		BAD("dotted I", "<a\314\207\304\260\342\200\213@b.example>"),
		BAD("zero width in local", "<a\342\200\213@b.example>"),
		BAD("no-break space in local", "<a\302\240b@b.example>"),
		BAD("ideographic stop in local", "<a\343\200\202b@b.example>"),
		BAD("emoji in local", "<\360\237\230\200@b.example>"),
		BAD("private use in local", "<a\356\200\200@b.example>"),
		BAD("mixed labels", "<a@xn--caf-dma.caf\303\251.example>"),
		BAD("not idna",
		    "<a@b\342\230\272\314\201\342\200\217.example>"),
	};
	(void)state;
	check_from_table(cases, G_N_ELEMENTS(cases));
}

static enum address_status parse_repeated(const char *head, const char *unit,
                                          size_t times, const char *tail)
{
	g_autoptr(GString) value = g_string_new(head);
	AUTO(mailbox) mailbox = NULL;
	size_t i;

	for (i = 0; i < times; i++)
		g_string_append(value, unit);
	g_string_append(value, tail);
	return address_parse_from(value->str, value->len, &mailbox);
}

static void test_from_is_bounded(void **state)
{
	static const struct {
		const char *head, *unit;
		size_t times;
		const char *tail;
		enum address_status want;
	} cases[] = {
		{ "", "a", 4000, " <a@a.example>", ADDRESS_OK },
		{ "", "a", 10000, " <a@a.example>", ADDRESS_DOUBTFUL },
		{ "\"", "a ", 5000, "\" <a@a.example>", ADDRESS_DOUBTFUL },
		{ "a@a.example", ", a@a.example", 300, "", ADDRESS_SEVERAL },
		{ "a@a.example", ", a@a.example", 10000, "", ADDRESS_DOUBTFUL },
		{ "", "(", 4000, "", ADDRESS_DOUBTFUL },
		{ "", "(", 5, ")))))a@a.example", ADDRESS_OK },
		{ "", "(", 6, "))))))a@a.example", ADDRESS_DOUBTFUL },
		{ "", "<", 4000, "", ADDRESS_DOUBTFUL },
		{ "", "\"", 4000, "<a@a.example>", ADDRESS_OK },
		{ "", "@", 4000, "", ADDRESS_DOUBTFUL },
		{ "\"", "@", 4000, "\" <a@a.example>", ADDRESS_OK },
		{ "\"", "a@", 2000, "\" <a@a.example>", ADDRESS_DOUBTFUL },
		{ "", "\\", 4000, "", ADDRESS_DOUBTFUL },
		{ "", "a", 255, "@a.example", ADDRESS_OK },
		{ "", "a", 256, "@a.example", ADDRESS_DOUBTFUL },
		{ "a@", "a", 63, ".example", ADDRESS_OK },
		{ "a@", "a", 64, ".example", ADDRESS_DOUBTFUL },
		{ "a@", "a.", 126, "a", ADDRESS_OK },
		{ "a@", "a.", 126, "aa", ADDRESS_DOUBTFUL },
		{ "a@", "\303\251", 60, ".example", ADDRESS_DOUBTFUL },
		{ "a@", "\303\251.", 340, "example", ADDRESS_DOUBTFUL },
		{ "a@", "a", 4000, "", ADDRESS_DOUBTFUL },
		{ "", "=?utf-8?q?a?= ", 280, "<a@a.example>", ADDRESS_OK },
		{ "", "=?a?q?", 600, "<a@a.example>", ADDRESS_DOUBTFUL },
		{ "a: ", "a@a.example,", 300, "", ADDRESS_DOUBTFUL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		enum address_status got =
			parse_repeated(cases[i].head, cases[i].unit,
		                       cases[i].times, cases[i].tail);

		if (got != cases[i].want)
			fail_msg("case %zu (%s%s...): %s", i, cases[i].head,
			         cases[i].unit, address_status_name(got));
	}
}

/* Megabytes are refused by their length, before they are looked at. */
static void test_from_refuses_megabytes_at_once(void **state)
{
	g_autofree char *huge = g_strnfill(64 << 20, '(');
	AUTO(mailbox) mailbox = NULL;

	(void)state;
	assert_int_equal(address_parse_from(huge, 64 << 20, &mailbox),
	                 ADDRESS_DOUBTFUL);
	assert_null(address_parse(huge, 64 << 20));
	assert_null(address_dup_domain(huge, 64 << 20));
}

static void test_from_sets_all_members(void **state)
{
	static const char value[] =
		"Z\303\251 <Jos\303\211.X@Caf\303\251.Example>";
	AUTO(mailbox) mailbox = NULL;
	AUTO(mailbox) copy = NULL;

	(void)state;
	assert_int_equal(address_parse_from(value, strlen(value), &mailbox),
	                 ADDRESS_OK);
	copy = mailbox_dup(mailbox);
	assert_string_equal(copy->name, "Z\303\251");
	assert_string_equal(copy->local, "Jos\303\211.X");
	assert_string_equal(copy->domain, "xn--caf-dma.example");
	assert_string_equal(copy->address, "jos\303\251.x@xn--caf-dma.example");
}

static void test_parse_reads_paths(void **state)
{
	static const struct {
		const char *input;
		size_t len;
		const char *want;
	} cases[] = {
		{ BYTES("a@b.example"), "a@b.example" },
		{ BYTES("<A@B.example>"), "a@b.example" },
		{ BYTES("\"a b\"@b.example"), "\"a b\"@b.example" },
		{ BYTES("\"a\\\"b\"@b.example"), "\"a\\\"b\"@b.example" },
		{ BYTES("\"a@b\"@b.example"), "\"a@b\"@b.example" },
		{ BYTES("\"a\\b\"@b.example"), "ab@b.example" },
		{ BYTES("a%c@b.example"), "a%c@b.example" },
		{ BYTES("a=b+c@b.example"), "a=b+c@b.example" },
		{ BYTES("jo\303\243o@b.example"), "jo\303\243o@b.example" },
		{ BYTES(""), NULL },
		{ BYTES("<>"), NULL },
		{ BYTES("a"), NULL },
		{ BYTES("<a@b.example"), NULL },
		{ BYTES("a@b.example>"), NULL },
		{ BYTES("<<a@b.example>>"), NULL },
		{ BYTES(" a@b.example"), NULL },
		{ BYTES("a@b.example "), NULL },
		{ BYTES("a@b.example\n"), NULL },
		{ BYTES("a@b.example\0"), NULL },
		{ BYTES("\"a\nb\"@b.example"), NULL },
		{ BYTES("\"a\tb\"@b.example"), NULL },
		{ BYTES("\"a\0b\"@b.example"), NULL },
		{ BYTES("Ze <a@b.example>"), NULL },
		{ BYTES("a@b.example,c@d.example"), NULL },
		{ BYTES("<@c.example:a@b.example>"), NULL },
		{ BYTES("a@[192.0.2.1]"), NULL },
		{ BYTES("\"a@b.example"), NULL },
		{ BYTES("\"a\\"), NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		AUTO(mailbox)
		mailbox = address_parse(cases[i].input, cases[i].len);
		const char *got = mailbox == NULL ? NULL : mailbox->address;

		if (g_strcmp0(got, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].input, got);
	}
}

/* A key read again is the same key. */
static void test_dup_key_is_stable(void **state)
{
	static const char *const inputs[] = {
		"A@B.example",
		"\"A b\"@B.example",
		"\"A\\\"\\\\\"@b.example",
		"\"a.\"@b.example",
		"JO\303\203O@CAF\303\211.example",
		"\310\272@b.example",
		"\316\243\316\243@b.example",
		"\307\204x\307\205@b.example",
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(inputs); i++) {
		g_autofree char *once = address_dup_key(inputs[i]);
		g_autofree char *twice = NULL;

		if (once == NULL)
			continue;
		twice = address_dup_key(once);
		assert_non_null(twice);
		assert_string_equal(once, twice);
	}
	assert_null(address_dup_key("nobody"));
}

static void test_split_extension(void **state)
{
	static const struct {
		const char *key, *base, *extension;
	} cases[] = {
		{ "suporte+t.m@d.example", "suporte@d.example", "t.m" },
		{ "suporte+a+b@d.example", "suporte@d.example", "a+b" },
		{ "suporte+@d.example", "suporte@d.example", "" },
		{ "suporte@d.example", "suporte@d.example", NULL },
		{ "+a@d.example", "+a@d.example", NULL },
		{ "\"a+b c\"@d.example", "\"a+b c\"@d.example", NULL },
		{ "", "", NULL },
		{ "a+b", "a+b", NULL },
		{ "a@b+c", "a@b+c", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *base = NULL, *extension = NULL;

		address_split_extension(cases[i].key, &base, &extension);
		assert_string_equal(base, cases[i].base);
		if (g_strcmp0(extension, cases[i].extension) != 0)
			fail_msg("%s: %s", cases[i].key, extension);
	}
}

static void test_dup_domain(void **state)
{
	static const struct {
		const char *input;
		size_t len;
		const char *want;
	} cases[] = {
		{ BYTES("A.Example"), "a.example" },
		{ BYTES("a.example."), "a.example" },
		{ BYTES("localhost"), "localhost" },
		{ BYTES("3com.example"), "3com.example" },
		{ BYTES("a--b.example"), "a--b.example" },
		{ BYTES("S\303\243o.example"), "xn--so-sia.example" },
		{ BYTES("xn--80ak6aa92e.example"), "xn--80ak6aa92e.example" },
		{ BYTES(""), NULL },
		{ BYTES("."), NULL },
		{ BYTES("a.."), NULL },
		{ BYTES(".a"), NULL },
		{ BYTES("a..b"), NULL },
		{ BYTES("a b"), NULL },
		{ BYTES("a_b.example"), NULL },
		{ BYTES("-a.example"), NULL },
		{ BYTES("a-.example"), NULL },
		{ BYTES("192.0.2.1"), NULL },
		{ BYTES("a.1"), NULL },
		{ BYTES("[192.0.2.1]"), NULL },
		{ BYTES("a\0b.example"), NULL },
		{ BYTES("a.example\n"), NULL },
		{ BYTES("caf\351.example"), NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got =
			address_dup_domain(cases[i].input, cases[i].len);

		if (g_strcmp0(got, cases[i].want) != 0)
			fail_msg("%s: %s", cases[i].input, got);
	}
}

static void test_status_name(void **state)
{
	(void)state;
	assert_string_equal(address_status_name(ADDRESS_OK), "ok");
	assert_string_equal(address_status_name(ADDRESS_DOUBTFUL), "doubtful");
	assert_string_equal(address_status_name(ADDRESS_STATUS__COUNT), "?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_accepts_one_author),
		cmocka_unit_test(test_from_accepts_internationalized),
		cmocka_unit_test(test_from_finds_nobody),
		cmocka_unit_test(test_from_finds_several),
		cmocka_unit_test(test_from_doubts_what_is_no_grammar),
		cmocka_unit_test(test_from_doubts_control_characters),
		cmocka_unit_test(test_from_doubts_what_others_read_differently),
		cmocka_unit_test(test_from_is_bounded),
		cmocka_unit_test(test_from_refuses_megabytes_at_once),
		cmocka_unit_test(test_from_sets_all_members),
		cmocka_unit_test(test_parse_reads_paths),
		cmocka_unit_test(test_dup_key_is_stable),
		cmocka_unit_test(test_split_extension),
		cmocka_unit_test(test_dup_domain),
		cmocka_unit_test(test_status_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
