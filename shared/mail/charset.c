/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * charset.c - any text to valid UTF-8
 *
 * windows-1252 is decoded here by table: it is the last resort and must take
 * every byte. Everything else goes through iconv, strictly.
 */
#include "mail/charset.h"

#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "mail/text.h"

#define WINDOWS_1252 "WINDOWS-1252"
#define UTF_8        "UTF-8"

/* Labels after charset_fold(): lower case, "-" for "_", no "x-". */
static const struct {
	const char *label;
	const char *name; /* as iconv_open() wants it */
} charsets[] = {
	{ "utf-8", UTF_8 },
	{ "utf8", UTF_8 },
	{ "unicode-1-1-utf-8", UTF_8 },
	{ "utf-7", "UTF-7" },
	{ "unicode-1-1-utf-7", "UTF-7" },
	{ "utf-16", "UTF-16" },
	{ "utf-16le", "UTF-16LE" },
	{ "utf-16be", "UTF-16BE" },
	{ "ucs-2", "UTF-16" },
	{ "utf-32", "UTF-32" },
	{ "iso-8859-1", WINDOWS_1252 },
	{ "iso8859-1", WINDOWS_1252 },
	{ "iso-8859-1-windows-3.1-latin-1", WINDOWS_1252 },
	{ "8859-1", WINDOWS_1252 },
	{ "latin1", WINDOWS_1252 },
	{ "latin-1", WINDOWS_1252 },
	{ "l1", WINDOWS_1252 },
	{ "cp819", WINDOWS_1252 },
	{ "ibm819", WINDOWS_1252 },
	{ "windows-1252", WINDOWS_1252 },
	{ "cp1252", WINDOWS_1252 },
	{ "cp-1252", WINDOWS_1252 },
	{ "ansi", WINDOWS_1252 },
	{ "iso-8859-2", "ISO-8859-2" },
	{ "iso-8859-3", "ISO-8859-3" },
	{ "iso-8859-4", "ISO-8859-4" },
	{ "iso-8859-5", "ISO-8859-5" },
	{ "iso-8859-6", "ISO-8859-6" },
	{ "iso-8859-7", "ISO-8859-7" },
	{ "iso-8859-8", "ISO-8859-8" },
	{ "iso-8859-8-i", "ISO-8859-8" },
	{ "iso-8859-9", "WINDOWS-1254" },
	{ "iso-8859-10", "ISO-8859-10" },
	{ "iso-8859-11", "CP874" },
	{ "iso-8859-13", "ISO-8859-13" },
	{ "iso-8859-14", "ISO-8859-14" },
	{ "iso-8859-15", "ISO-8859-15" },
	{ "latin9", "ISO-8859-15" },
	{ "latin-9", "ISO-8859-15" },
	{ "iso-8859-16", "ISO-8859-16" },
	{ "windows-1250", "WINDOWS-1250" },
	{ "cp1250", "WINDOWS-1250" },
	{ "windows-1251", "WINDOWS-1251" },
	{ "cp1251", "WINDOWS-1251" },
	{ "windows-1253", "WINDOWS-1253" },
	{ "windows-1254", "WINDOWS-1254" },
	{ "windows-1255", "WINDOWS-1255" },
	{ "windows-1256", "WINDOWS-1256" },
	{ "windows-1257", "WINDOWS-1257" },
	{ "windows-1258", "WINDOWS-1258" },
	{ "windows-874", "CP874" },
	{ "tis-620", "CP874" },
	{ "koi8-r", "KOI8-R" },
	{ "koi8-u", "KOI8-U" },
	{ "koi8-ru", "KOI8-U" },
	{ "gb2312", "GB18030" },
	{ "gb-2312", "GB18030" },
	{ "gb2312-80", "GB18030" },
	{ "gbk", "GB18030" },
	{ "cp936", "GB18030" },
	{ "gb18030", "GB18030" },
	{ "big5", "BIG5-HKSCS" },
	{ "big5-hkscs", "BIG5-HKSCS" },
	{ "cn-big5", "BIG5-HKSCS" },
	{ "cp950", "CP950" },
	{ "shift-jis", "CP932" },
	{ "sjis", "CP932" },
	{ "windows-31j", "CP932" },
	{ "cp932", "CP932" },
	{ "euc-jp", "EUC-JP-MS" },
	{ "iso-2022-jp", "ISO-2022-JP-2" },
	{ "iso-2022-jp-1", "ISO-2022-JP-2" },
	{ "iso-2022-jp-2", "ISO-2022-JP-2" },
	{ "iso-2022-jp-ms", "ISO-2022-JP-2" },
	{ "cp50220", "ISO-2022-JP-2" },
	{ "cp50221", "ISO-2022-JP-2" },
	{ "euc-kr", "CP949" },
	{ "ks-c-5601-1987", "CP949" },
	{ "ks-c-5601", "CP949" },
	{ "cp949", "CP949" },
	{ "iso-2022-kr", "ISO-2022-KR" },
	{ "macintosh", "MACINTOSH" },
	{ "mac-roman", "MACINTOSH" },
	{ "ibm437", "CP437" },
	{ "cp437", "CP437" },
	{ "ibm850", "CP850" },
	{ "cp850", "CP850" },
	{ "dos-850", "CP850" },
	{ "cp852", "CP852" },
	{ "cp860", "CP860" },
	{ "cp866", "CP866" },
	{ "ibm866", "CP866" },
};

/* windows-1252, 0x80 to 0x9f; 0 where nothing is defined. */
static const gunichar windows_1252[32] = {
	0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021,
	0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017d, 0,
	0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014,
	0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178,
};

/* GMime decodes some header fields on its own, by the names senders write. */
static const char *const gmime_names[] = {
	"ISO-8859-1",  "US-ASCII",  "GB2312",     "GBK",
	"BIG5",        "SHIFT_JIS", "EUC-JP",     "EUC-KR",
	"ISO-2022-JP", "TIS-620",   "ISO-8859-9", "KS_C_5601-1987",
};

/* Open for the life of the program: a handle keeps its module loaded. */
static iconv_t kept[G_N_ELEMENTS(charsets) + G_N_ELEMENTS(gmime_names)];

static bool is_opened_before(size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(charsets[k].name, charsets[i].name) == 0)
			return true;
	return false;
}

void charset_init(void)
{
	static gsize done;

	if (!g_once_init_enter(&done))
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(charsets); i++)
		kept[i] = is_opened_before(i)
		                  ? (iconv_t)-1
		                  : iconv_open(UTF_8, charsets[i].name);
	for (size_t i = 0; i < G_N_ELEMENTS(gmime_names); i++)
		kept[G_N_ELEMENTS(charsets) + i] =
			iconv_open(UTF_8, gmime_names[i]);
	g_once_init_leave(&done, 1);
}

/* Lower case, "_" as "-", without quotes, blanks and a leading "x-". */
static char *charset_fold(const char *label)
{
	GString *out = g_string_sized_new(16);

	for (; *label != '\0' && out->len < 64; label++) {
		if (strchr("\"' \t\r\n", *label) == NULL)
			g_string_append_c(
				out,
				*label == '_' ? '-' : g_ascii_tolower(*label));
	}
	if (g_str_has_prefix(out->str, "x-"))
		g_string_erase(out, 0, 2);
	return g_string_free(out, FALSE);
}

const char *charset_lookup(const char *label)
{
	g_autofree char *folded = charset_fold(label);

	for (size_t i = 0; i < G_N_ELEMENTS(charsets); i++)
		if (strcmp(folded, charsets[i].label) == 0)
			return charsets[i].name;
	return NULL;
}

/* Valid UTF-8, apart from NUL, which finish() deals with. */
static bool is_utf8(const char *data, size_t len)
{
	const char *end = data + len, *bad;

	while (!g_utf8_validate_len(data, (gsize)(end - data), &bad)) {
		if (*bad != '\0')
			return false;
		data = bad + 1;
	}
	return true;
}

/* With `lenient` a byte without a meaning becomes U+FFFD; otherwise it makes
 * the whole conversion NULL. */
static GString *from_windows_1252(const char *data, size_t len, bool lenient)
{
	GString *out = g_string_sized_new(len + 64);

	for (size_t i = 0; i < len; i++) {
		guchar byte = (guchar)data[i];

		if (byte < 0x80) {
			g_string_append_c(out, (char)byte);
			continue;
		}
		gunichar ch = byte < 0xa0 ? windows_1252[byte - 0x80] : byte;

		if (ch == 0 && !lenient) {
			g_string_free(out, TRUE);
			return NULL;
		}
		g_string_append_unichar(out, ch != 0 ? ch : 0xfffd);
	}
	return out;
}

/* One strict run of iconv; NULL if the bytes do not fit. */
static GString *from_iconv(iconv_t cd, const char *data, size_t len)
{
	GString *out = g_string_sized_new(len + 64);
	char *in = (char *)(guintptr)data; /* iconv() does not write to it */
	size_t in_left = len;
	char chunk[4096];

	while (in_left > 0) {
		char *at = chunk;
		size_t room = sizeof(chunk);
		size_t rc = iconv(cd, &in, &in_left, &at, &room);

		g_string_append_len(out, chunk, (gssize)(at - chunk));
		if (rc == (size_t)-1 && errno != E2BIG) {
			g_string_free(out, TRUE);
			return NULL;
		}
	}
	return out;
}

static GString *from_named(const char *name, const char *data, size_t len)
{
	if (strcmp(name, WINDOWS_1252) == 0)
		return from_windows_1252(data, len, false);
	if (strcmp(name, UTF_8) == 0)
		return is_utf8(data, len) ? g_string_new_len(data, (gssize)len)
		                          : NULL;
	iconv_t cd = iconv_open(UTF_8, name);

	if (cd == (iconv_t)-1)
		return NULL;
	GString *out = from_iconv(cd, data, len);

	iconv_close(cd);
	return out;
}

/* Declared UTF-8 with a little damage (a cut, a bad relay) is still UTF-8:
 * at least as many good multi-byte characters as bad bytes. */
static GString *from_damaged_utf8(const char *data, size_t len)
{
	const char *at = data, *end = data + len, *bad;
	size_t good = 0, broken = 0;

	while (!g_utf8_validate_len(at, (gsize)(end - at), &bad)) {
		for (; at < bad; at = text_next(at))
			good += (guchar)*at >= 0x80;
		at = bad + 1;
		broken++;
	}
	for (; at < end; at = text_next(at))
		good += (guchar)*at >= 0x80;
	if (good < broken)
		return NULL;
	g_autofree char *valid = g_utf8_make_valid(data, (gssize)len);

	return g_string_new(valid);
}

static GString *guess(const char *data, size_t len)
{
	if (is_utf8(data, len))
		return g_string_new_len(data, (gssize)len);
	return from_windows_1252(data, len, true);
}

/* No NUL, no byte order mark at the start. */
static char *finish(GString *text)
{
	if (memchr(text->str, '\0', text->len) != NULL) {
		GString *out = g_string_sized_new(text->len + 64);

		for (gsize i = 0; i < text->len; i++) {
			if (text->str[i] != '\0')
				g_string_append_c(out, text->str[i]);
			else
				g_string_append(out, "\357\277\275");
		}
		g_string_free(text, TRUE);
		text = out;
	}
	if (g_str_has_prefix(text->str, "\357\273\277"))
		g_string_erase(text, 0, 3);
	return g_string_free(text, FALSE);
}

/* An escape counts as not: it may start an ISO 2022 charset. */
static bool is_ascii(const char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((guchar)data[i] >= 0x80 || data[i] == 0x1b)
			return false;
	return true;
}

char *charset_to_utf8(const char *label, const char *data, size_t len,
                      bool *ret_wrong)
{
	const char *name = label != NULL ? charset_lookup(label) : NULL;
	GString *text = NULL;

	if (name != NULL)
		text = from_named(name, data, len);
	if (text != NULL)
		return finish(text);
	if (ret_wrong != NULL && label != NULL &&
	    (name != NULL || !is_ascii(data, len)))
		*ret_wrong = true;
	if (name != NULL && strcmp(name, UTF_8) == 0)
		text = from_damaged_utf8(data, len);
	return finish(text != NULL ? text : guess(data, len));
}

/* The length of the charset name of an encoded word that starts at `at`
 * ("=?"), or 0 if none does. A language tag (RFC 2231 5) is not part of it. */
static size_t word_charset_len(const char *at)
{
	size_t n = strcspn(at + 2, "?* \t\r\n");

	return n > 0 && n <= 64 && (at[2 + n] == '?' || at[2 + n] == '*') ? n
	                                                                  : 0;
}

char *charset_prepare_header(const char *value, size_t len)
{
	g_autofree char *text = charset_to_utf8(NULL, value, len, NULL);
	GString *out = g_string_sized_new(len + 16);
	const char *at = text, *next;

	while ((next = strstr(at, "=?")) != NULL) {
		size_t n = word_charset_len(next);

		g_string_append_len(out, at, (gssize)(next + 2 - at));
		at = next + 2;
		if (n == 0)
			continue;
		g_autofree char *label = g_strndup(at, n);
		const char *name = charset_lookup(label);

		g_string_append(out, name != NULL ? name : WINDOWS_1252);
		at += n;
		at += strcspn(at, "?"); /* the language tag */
	}
	g_string_append(out, at);
	return g_string_free(out, FALSE);
}
