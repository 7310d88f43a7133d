/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many phrases looked for in one pass, beside strstr(). Hermetic. */
#include "mail_case.h"

#include "mail/phrases.h"

static const char *const words[] = {
	"ab", "abc", "bc", "over quota", "ção", "寫道", "\xff\xfe", "zz", NULL,
};

static const char *const texts[] = {
	"",
	"a",
	"ab",
	"abc",
	"aabcab",
	"bcbcb",
	"the mailbox is over quota",
	"over quot",
	"notificação de ação",
	"張三寫道:",
	"\xff\xfe\xff",
	"zzz",
	"nothing of it",
};

/* "position:row" of each hit, by looking for each word in turn. */
static char *naive_hits(const char *text)
{
	GString *out = g_string_new(NULL);

	for (const char *at = text; *at != '\0'; at++)
		for (guint row = 0; words[row] != NULL; row++)
			if (g_str_has_prefix(at, words[row]))
				g_string_append_printf(out, "%d:%u ",
				                       (int)(at - text), row);
	return g_string_free(out, FALSE);
}

static char *walked_hits(struct phrases *phrases, const char *text)
{
	GString *out = g_string_new(NULL);
	struct phrase_walk walk;

	phrase_walk_init(&walk, phrases, text);
	while (phrase_walk_next(&walk)) {
		assert_ptr_equal(walk.word, words[walk.row]);
		g_string_append_printf(out, "%d:%u ", (int)(walk.at - text),
		                       walk.row);
	}
	assert_false(phrase_walk_next(&walk));
	return g_string_free(out, FALSE);
}

static bool naive_begins(const char *text)
{
	for (const char *const *word = words; *word != NULL; word++)
		if (g_str_has_prefix(text, *word))
			return true;
	return false;
}

static void test_walk_finds_every_hit(void **state)
{
	static struct phrases phrases = PHRASES(words);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *want = naive_hits(texts[i]);
		g_autofree char *got = walked_hits(&phrases, texts[i]);

		assert_string_equal(got, want);
		assert_int_equal(phrases_in(&phrases, texts[i]),
		                 want[0] != '\0');
		assert_int_equal(phrases_begin(&phrases, texts[i]),
		                 naive_begins(texts[i]));
	}
}

static void test_rows_of_a_structure(void **state)
{
	static const struct {
		const char *phrase;
		int number;
	} rows[] = { { "one", 1 }, { "two", 2 }, { NULL, 0 } };
	static struct phrases phrases = PHRASE_ROWS(rows);
	struct phrase_walk walk;

	(void)state;
	phrase_walk_init(&walk, &phrases, "not two but one");
	assert_true(phrase_walk_next(&walk));
	assert_int_equal(rows[walk.row].number, 2);
	assert_true(phrase_walk_next(&walk));
	assert_int_equal(rows[walk.row].number, 1);
	assert_false(phrase_walk_next(&walk));
}

static void test_no_phrases_at_all(void **state)
{
	static const char *const none[] = { NULL };
	static struct phrases phrases = PHRASES(none);

	(void)state;
	assert_false(phrases_in(&phrases, "text"));
	assert_false(phrases_begin(&phrases, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk_finds_every_hit),
		cmocka_unit_test(test_rows_of_a_structure),
		cmocka_unit_test(test_no_phrases_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
