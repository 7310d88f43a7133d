/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transfer encodings undone. Hermetic. */
#include "mail_case.h"

#include "mail/mimecode.h"

static void test_find_encoding(void **state)
{
	static const struct {
		const char *value;
		enum mime_encoding want;
	} cases[] = {
		{ " base64", MIME_BASE64 },
		{ "BASE64\r\n", MIME_BASE64 },
		{ "\"base64\"", MIME_BASE64 },
		{ "base64; x=y", MIME_BASE64 },
		{ " Quoted-Printable (all of it)", MIME_QUOTED_PRINTABLE },
		{ "x-uuencode", MIME_UUENCODE },
		{ "uuencode", MIME_UUENCODE },
		{ "8bit", MIME_IDENTITY },
		{ "base6", MIME_IDENTITY },
		{ "base644", MIME_IDENTITY },
		{ "", MIME_IDENTITY },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_int_equal(mimecode_find_encoding(cases[i].value,
		                                        strlen(cases[i].value)),
		                 cases[i].want);
}

static void test_decode(void **state)
{
	static const struct {
		const char *name;
		enum mime_encoding encoding;
		const char *data;
		const char *want;
	} cases[] = {
		{ "plain", MIME_BASE64, "QUJD", "ABC" },
		{ "padding", MIME_BASE64, "QUI=", "AB" },
		{ "two of it", MIME_BASE64, "QQ==", "A" },
		{ "none of it", MIME_BASE64, "QUJDREU", "ABCDE" },
		{ "one sextet is nothing", MIME_BASE64, "QUJDR", "ABC" },
		{ "line ends", MIME_BASE64, "QU\r\nJD\n", "ABC" },
		{ "foreign bytes", MIME_BASE64, "Q!U*J.D", "ABC" },
		{ "goes on behind padding", MIME_BASE64, "QQ==QUJD", "AABC" },
		{ "nothing", MIME_BASE64, "", "" },
		{ "code", MIME_QUOTED_PRINTABLE, "a=3Db", "a=b" },
		{ "lower case", MIME_QUOTED_PRINTABLE, "=e1=E1", "\341\341" },
		{ "soft break", MIME_QUOTED_PRINTABLE, "a=\r\nb", "ab" },
		{ "with blanks", MIME_QUOTED_PRINTABLE, "a= \t\r\nb", "ab" },
		{ "bare LF", MIME_QUOTED_PRINTABLE, "a=\nb", "ab" },
		{ "at the end", MIME_QUOTED_PRINTABLE, "a=", "a" },
		{ "no code", MIME_QUOTED_PRINTABLE, "a=xyz=4", "a=xyz=4" },
		{ "cut code", MIME_QUOTED_PRINTABLE, "a=4", "a=4" },
		{ "identity", MIME_IDENTITY, "a=3D", "a=3D" },
		{ "uu", MIME_UUENCODE,
		  "begin 644 x\r\n#86)C\r\n`\r\nend\r\n", "abc" },
		{ "uu that is none", MIME_UUENCODE, "hello", "hello" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) got =
			mimecode_decode(cases[i].encoding, cases[i].data,
		                        strlen(cases[i].data));
		gsize len = 0;
		const char *data = g_bytes_get_data(got, &len);

		if (len != strlen(cases[i].want) ||
		    (len > 0 && memcmp(data, cases[i].want, len) != 0))
			fail_msg("%s: %.*s", cases[i].name, (int)len, data);
	}
}

static void free_file(gpointer file)
{
	mimecode_file_free(file);
}

#define FILE1 "begin 644 a b.txt\r\n#86)C\r\n`\r\nend\r\n"
#define FILE2 "begin 600 c\n#86)C\n\nend\n"

static void test_take_files(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		guint files;
		const char *rest; /* NULL: untouched */
	} cases[] = {
		{ "one", "Oi\r\n" FILE1 "Tchau\r\n", 1, "Oi\r\nTchau\r\n" },
		{ "two", FILE1 "x\n" FILE2, 2, "x\n" },
		{ "empty line for zero, bare LF", FILE2, 1, "" },
		{ "no end", "begin 644 x\n#86)C\n`\n", 0, NULL },
		{ "no length fits", "begin 644 x\nhello world\nend\n", 0,
		  NULL },
		{ "bad mode", "begin 999 x\n#86)C\n`\nend\n", 0, NULL },
		{ "no name", "begin 644\n#86)C\n`\nend\n", 1, "" },
		{ "no name, a blank", "begin 644 \n#86)C\n`\nend\n", 1, "" },
		{ "mode of five digits", "begin 00644 x\n#86)C\n`\nend\n", 0,
		  NULL },
		{ "words", "begin with this\nend\n", 0, NULL },
		{ "quoted", "> begin 644 x\n> #86)C\n> `\n> end\n", 0,
		  NULL },
		{ "first is broken", "begin 644 x\n!!!\n" FILE2, 1,
		  "begin 644 x\n!!!\n" },
		{ "yEnc is left", "=ybegin line=128 size=3 name=x\nabc\n=yend\n",
		  0, NULL },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GPtrArray) files =
			g_ptr_array_new_with_free_func(free_file);
		g_autoptr(GBytes) text = g_bytes_new_static(
			cases[i].text, strlen(cases[i].text));
		g_autoptr(GBytes) rest = mimecode_take_files(text, 10, files);
		gsize len = 0;
		const char *data =
			rest != NULL ? g_bytes_get_data(rest, &len) : NULL;

		if (files->len != cases[i].files ||
		    (rest == NULL) != (cases[i].rest == NULL) ||
		    (rest != NULL && (len != strlen(cases[i].rest) ||
		                      (len > 0 && memcmp(data, cases[i].rest,
		                                         len) != 0))))
			fail_msg("%s: %u files, \"%.*s\"", cases[i].name,
			         files->len, (int)len, data);
		for (guint k = 0; k < files->len; k++) {
			const struct mimecode_file *file =
				g_ptr_array_index(files, k);

			assert_int_equal(g_bytes_get_size(file->data), 3);
			assert_memory_equal(g_bytes_get_data(file->data, NULL),
			                    "abc", 3);
		}
	}
}

static void test_take_files_no_more_than_asked(void **state)
{
	g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(free_file);
	g_autoptr(GBytes) text =
		g_bytes_new_static(FILE2 FILE2, 2 * strlen(FILE2));
	g_autoptr(GBytes) rest = mimecode_take_files(text, 1, files);

	(void)state;
	assert_int_equal(files->len, 1);
	assert_int_equal(g_bytes_get_size(rest), strlen(FILE2));
	assert_null(mimecode_take_files(text, 0, files));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_find_encoding),
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_take_files),
		cmocka_unit_test(test_take_files_no_more_than_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
