/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prefixes and tokens of subjects. Hermetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ids.h"
#include "mail/subject.h"

/* "VIA-000000" and its check digit 0: the sum of zeros is right. */
#define REF "VIA-0000000"

static void test_dup_bare(void **state)
{
	static const struct {
		const char *input;
		const char *want;
	} cases[] = {
		{ "Site fora do ar", "Site fora do ar" },
		{ "Re: Site", "Site" },
		{ "RE:Site", "Site" },
		{ "re : Site", "Site" },
		{ "RES: Site", "Site" },
		{ "ENC: Site", "Site" },
		{ "Fwd: Site", "Site" },
		{ "FW: Site", "Site" },
		{ "AW: WG: Site", "Site" },
		{ "SV: VS: Site", "Site" },
		{ "RV: Site", "Site" },
		{ "Re: RES: Re: ENC: Fwd: Site", "Site" },
		{ "Re[2]: Site", "Site" },
		{ "Re(12): Site", "Site" },
		{ "Re^3: Site", "Site" },
		{ "Re2: Site", "Site" },
		{ "Re[2: Site", "Re[2: Site" },
		{ "Re[2): Site", "Re[2): Site" },
		{ "Re[12345]: Site", "Re[12345]: Site" },
		{ "R\303\251p : Site", "Site" },
		{ "Re\357\274\232Site", "Site" },
		{ "\345\233\236\345\244\215: Site", "Site" },
		{ "Re: ", "" },
		{ "Re:", "" },
		{ "Re", "Re" },
		{ "Refer\303\252ncia: nota", "Refer\303\252ncia: nota" },
		{ "Restore: nota", "Restore: nota" },
		{ "R: 100 reais", "R: 100 reais" },
		{ "I: Imposto", "I: Imposto" },
		{ "R: [" REF "] Site", "Site" },
		{ "R: I: R: [" REF "] Site", "Site" },
		{ "R: Re: Site", "Site" },
		{ "R: I: 100", "R: I: 100" },
		{ "SV: VS: Antw: Odp: YNT: Site", "Site" },
		{ "Re [2]: RE (3): Site", "Site" },
		{ "Re 2: Site", "Re 2: Site" },
		{ "TR: RV: WG: I: Fwd: Site", "Site" },
		{ "\345\233\236\345\244\215\357\274\232"
		  "\347\255\224\345\244\215: "
		  "\350\275\254\345\217\221: Site",
		  "Site" },
		{ "Re: [" REF "] RES: [" REF "] ENC: Site", "Site" },
		{ "[via0000000]RES:Site", "Site" },
		{ "Site Re: fora", "Site Re: fora" },
		{ "[" REF "] Site", "Site" },
		{ "Re: [" REF "] Site", "Site" },
		{ "[" REF "] Re: [" REF "] RES: Site", "Site" },
		{ "Re: Site [" REF "] fora", "Site fora" },
		{ "Site[" REF "]", "Site" },
		{ "[via0000000]Site", "Site" },
		{ "[VIA-0000001] Site", "[VIA-0000001] Site" },
		{ "[OUT-0000000] Site", "[OUT-0000000] Site" },
		{ REF " Site", REF " Site" },
		{ "  a \t b  ", "a b" },
		{ "", "" },
		{ "[", "[" },
		{ "[[" REF "]]", "[ ]" },
		{ "Re: \351\377", "\351\377" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = subject_dup_bare("VIA", cases[i].input);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("'%s': '%s'", cases[i].input, got);
	}
}

static void test_dup_bare_strips_any_number(void **state)
{
	g_autoptr(GString) subject = g_string_new(NULL);
	g_autofree char *bare = NULL;
	int i;

	(void)state;
	for (i = 0; i < 10000; i++)
		g_string_append(subject, i % 2 ? "RES: " : "Enc: ");
	g_string_append(subject, "Site");
	bare = subject_dup_bare("VIA", subject->str);
	assert_string_equal(bare, "Site");
}

static void test_dup_ref(void **state)
{
	static const struct {
		const char *input;
		const char *want;
	} cases[] = {
		{ "[" REF "] Site", REF },
		{ "Re: [" REF "] Site", REF },
		{ "Site[" REF "]fora", REF },
		{ "[via-0000000]", REF },
		{ "[VIA0000000]", REF },
		{ "[VIA-OOOOOOO]", REF },
		{ "[ " REF " ]", REF },
		{ "[[" REF "]]", REF },
		{ "[x] [" REF "]", REF },
		{ "[VIA-0000001] [" REF "]", REF },
		{ "[x [" REF "]", REF },
		{ "R: [" REF "]", REF },
		{ "I: R: [" REF "] x", REF },
		{ "SV: VS: Antw: AW: WG: TR: RV: [" REF "] x", REF },
		{ "Re[2]: RE(3): [" REF "] x", REF },
		{ "\345\233\236\345\244\215\357\274\232[" REF "]", REF },
		{ "RES:RES:RES:[" REF "]RES:", REF },
		{ "ola[" REF "]ola", REF },
		{ "[Vi"
		  "A-ooOo0O0]",
		  REF },
		{ "[VIA - 0000000]", REF },
		{ "[VIA-000 0000]", REF },
		{ "[VIA-\t0000000]", REF },
		{ "[VIA\342\200\2230000000]", REF },
		{ "[VIA\342\200\2210000000]", REF },
		{ "[\302\240VIA-0000000\342\200\213]", REF },
		{ "[VIA-1000002]", "VIA-1000002" },
		{ "[via-ioooo02]", "VIA-1000002" },
		{ "[via-lOOoo02]", "VIA-1000002" },
		{ "[VIAI000002]", "VIA-1000002" },
		{ "[VIA-1000003] [VIA-1000002]", "VIA-1000002" },
		{ "[VIA-1000002] [" REF "]", "VIA-1000002" },
		{ "[VIA-1000002\303\243]", NULL },
		{ "[VIA_1000002]", NULL },
		{ "[VIA--1000002]", NULL },
		{ "[VIAU000002]", NULL },
		{ "[VIA-1000002-]", NULL },
		{ REF, NULL },
		{ "(" REF ")", NULL },
		{ "[" REF, NULL },
		{ REF "]", NULL },
		{ "[VIA-0000001]", NULL },
		{ "[VIA-000000]", NULL },
		{ "[VIA-00000000]", NULL },
		{ "[OUT-0000000]", NULL },
		{ "[#" REF "]", NULL },
		{ "[]", NULL },
		{ "[", NULL },
		{ "", NULL },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = subject_dup_ref("VIA", cases[i].input);

		if (g_strcmp0(got, cases[i].want) != 0)
			fail_msg("'%s': '%s'", cases[i].input, got);
	}
}

/* In their order, each once, no more than asked for. */
static void test_dup_refs(void **state)
{
	static const struct {
		const char *input;
		size_t max;
		const char *want;
	} cases[] = {
		{ "Site", 8, "" },
		{ "[" REF "] [VIA-1000002]", 8, REF ",VIA-1000002" },
		{ "[VIA-1000002] [" REF "]", 8, "VIA-1000002," REF },
		{ "[VIA-1000003][" REF "] [via0000000]", 8, REF },
		{ "[" REF "] [VIA-1000002]", 1, REF },
		{ "[" REF "]", 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_auto(GStrv) refs =
			subject_dup_refs("VIA", cases[i].input, cases[i].max);
		g_autofree char *got = g_strjoinv(",", refs);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("'%s': '%s'", cases[i].input, got);
	}
}

static void test_dup_ref_finds_new_refs(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 100; i++) {
		g_autofree char *ref = ref_new("ABC");
		g_autofree char *subject = g_strdup_printf("RES: [%s] x", ref);
		g_autofree char *found = subject_dup_ref("ABC", subject);
		g_autofree char *bare = subject_dup_bare("ABC", subject);

		assert_string_equal(found, ref);
		assert_string_equal(bare, "x");
	}
}

static void test_is_forward(void **state)
{
	static const struct {
		const char *input;
		bool want;
	} cases[] = {
		{ "ENC: Site", true },
		{ "enc: Site", true },
		{ "Enc:Site", true },
		{ "FW: Site", true },
		{ "Fwd: Site", true },
		{ "WG: Site", true },
		{ "RV: Site", true },
		{ "TR : Site", true },
		{ " Fwd: Re: Site", true },
		{ "[" REF "] ENC: Site", true },
		{ "[EXTERNO] ENC: Site", true },
		{ "Re: Fwd: Site", false },
		{ "RES: ENC: Site", false },
		{ "Site", false },
		{ "Fwd Site", false },
		{ "Encomenda: Site", false },
		{ "", false },
		{ "[", false },
		{ "[[ENC: x", false },
		{ "I: [" REF "] Site", true },
		{ "I: R: Site", false },
		{ "I: Re: Site", true },
		{ "I: Imposto", false },
		{ "R: I: [x] Site", false },
		{ "\350\275\254\345\217\221\357\274\232Site", true },
		{ "TR: Site", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(cases); i++) {
		if (subject_is_forward(cases[i].input) != cases[i].want)
			fail_msg("'%s'", cases[i].input);
	}
}

static void test_is_answer(void **state)
{
	static const struct {
		const char *input;
		bool want;
	} cases[] = {
		{ "Re: x", true },
		{ "ENC: x", true },
		{ "[ti] x", true },
		{ " RES: x", true },
		{ "x", false },
		{ "", false },
		{ "Returned mail: x", false },
		{ "[ti x", false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		if (subject_is_answer(cases[i].input) != cases[i].want)
			fail_msg("'%s'", cases[i].input);
}

/* As they stand in the header: split, folded, encoded, raw. */
static void test_decode(void **state)
{
	static const struct {
		const char *value;
		const char *want; /* ref */
	} cases[] = {
		{ " =?UTF-8?Q?[VIA-0000000]_Ol=C3=A1?=\r\n =?UTF-8?Q?_mundo?=",
		  REF },
		/* split in the middle of the token */
		{ " =?UTF-8?Q?RES:_[VIA-000?=\r\n =?UTF-8?Q?0000]_Ol=C3=A1?=",
		  REF },
		{ " =?UTF-8?B?UkVTOiBbVklBLTAw?=\r\n =?UTF-8?B?MDAwMDBdIE9sw6E=?=",
		  REF },
		{ " =?iso-8859-1?Q?RES=3A_=5BVIA-0000000=5D_Ol=E1?=", REF },
		{ " =?UTF-8?Q?RES:_=5BVI?= =?ISO-8859-1?Q?A-0000000=5D?=",
		  REF },
		/* folded in the middle, as no program should */
		{ " RES: [VIA-\r\n 0000000] x", REF },
		{ " RES:\r\n [VIA-0000000]\r\n x", REF },
		{ " RES: [VIA-0000000]=?UTF-8?Q?Ol=C3=A1?=", REF },
		{ " ENC: Re: [via0000000] a\347\343o", REF },
		{ " =?UTF-8?Q?RES:_[VIA-0000001]?=", NULL },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *subject =
			subject_decode(cases[i].value, strlen(cases[i].value));
		g_autofree char *ref = subject_dup_ref("VIA", subject);

		if (g_strcmp0(ref, cases[i].want) != 0)
			fail_msg("'%s': '%s': %s", cases[i].value, subject,
			         ref);
	}
}

/* Would take minutes if each bracket looked at all the rest. */
static void test_dup_ref_is_linear(void **state)
{
	static const char *const units[] = {
		"[", "[VIA-", "[a]", "[ ", "]", "R:", "I: ", "Re: ", "Re[1]",
	};
	size_t i;

	(void)state;
	for (i = 0; i < G_N_ELEMENTS(units); i++) {
		g_autoptr(GString) subject = g_string_new(NULL);

		while (subject->len < 1 << 20)
			g_string_append(subject, units[i]);
		assert_null(subject_dup_ref("VIA", subject->str));
		g_free(subject_dup_bare("VIA", subject->str));
		assert_false(subject_is_forward(subject->str));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_dup_bare),
		cmocka_unit_test(test_dup_bare_strips_any_number),
		cmocka_unit_test(test_dup_ref),
		cmocka_unit_test(test_dup_refs),
		cmocka_unit_test(test_dup_ref_finds_new_refs),
		cmocka_unit_test(test_is_forward),
		cmocka_unit_test(test_is_answer),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_dup_ref_is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
