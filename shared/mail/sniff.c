/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sniff.c - what a file really is
 *
 * libmagic tries thousands of rules one after the other, a millisecond a
 * file, and reports and returned headers (plain text, all of them) are the
 * commonest attachments of all. So a table of the forms that come by mail is
 * asked first, then whether it is text at all; libmagic sees what is left, and
 * archives whose content decides. One cookie under a lock: libmagic's are not
 * for several threads. It looks at the first 256 KiB only and never unpacks
 * anything (that would start programs).
 */
#include "mail/sniff.h"

#include <magic.h>
#include <stdbool.h>
#include <string.h>

#include "mail/text.h"

#define LOOK_BYTES ((size_t)256 * 1024)
#define TEXT_BYTES ((size_t)4096) /* enough to tell text from the rest */

static magic_t cookie;
static GMutex lock;

/* Types that one family of files goes by: no contradiction. */
static const struct {
	const char *declared; /* contained in the declared type */
	const char *detected; /* contained in the detected type */
} same[] = {
	{ "openxmlformats", "zip" },
	{ "opendocument", "zip" },
	{ "epub", "zip" },
	{ "zip", "zip" },
	{ "java-archive", "zip" },
	{ "android.package", "zip" },
	{ "msword", "ole" },
	{ "ms-excel", "ole" },
	{ "ms-powerpoint", "ole" },
	{ "ms-outlook", "ole" },
	{ "msword", "cdf" },
	{ "ms-excel", "cdf" },
	{ "ms-powerpoint", "cdf" },
	{ "ms-outlook", "cdf" },
	{ "jpg", "jpeg" },
	{ "pjpeg", "jpeg" },
	{ "x-png", "png" },
	{ "gzip", "gzip" },
	{ "bmp", "bmp" },
	{ "rtf", "rtf" },
	{ "xml", "xml" },
	{ "svg", "xml" },
	{ "json", "json" },
	{ "javascript", "javascript" },
	{ "rar", "rar" },
	{ "mp3", "audio/mpeg" },
	{ "wav", "wav" },
	{ "pgp", "pgp" },
	{ "pgp", "text/plain" },
	{ "pkcs7", "octet-stream" },
	{ "tnef", "tnef" },
};

/* What a file of some form begins with. */
static const struct signature {
	size_t at;
	const char *bytes;
	size_t len;
	const char *type;
	bool is_family; /* the type says little: libmagic knows more */
} signatures[] = {
#define SIGNATURE(at, bytes, type) { at, bytes, sizeof(bytes) - 1, type, false }
#define FAMILY(at, bytes, type)    { at, bytes, sizeof(bytes) - 1, type, true }
	SIGNATURE(0, "\211PNG\r\n\032\n", "image/png"),
	SIGNATURE(0, "\377\330\377", "image/jpeg"),
	SIGNATURE(0, "GIF87a", "image/gif"),
	SIGNATURE(0, "GIF89a", "image/gif"),
	SIGNATURE(8, "WEBP", "image/webp"),
	SIGNATURE(0, "II*\0", "image/tiff"),
	SIGNATURE(0, "MM\0*", "image/tiff"),
	SIGNATURE(4, "ftypheic", "image/heic"),
	SIGNATURE(4, "ftypavif", "image/avif"),
	SIGNATURE(4, "ftypqt  ", "video/quicktime"),
	FAMILY(4, "ftyp", "video/mp4"),
	SIGNATURE(8, "WAVEfmt ", "audio/x-wav"),
	SIGNATURE(8, "AVI LIST", "video/x-msvideo"),
	SIGNATURE(0, "ID3", "audio/mpeg"),
	SIGNATURE(0, "OggS", "application/ogg"),
	SIGNATURE(0, "%PDF-", "application/pdf"),
	SIGNATURE(0, "{\\rtf", "text/rtf"),
	SIGNATURE(0, "%!PS", "application/postscript"),
	FAMILY(0, "PK\3\4", "application/zip"),
	FAMILY(0, "\320\317\021\340\241\261\032\341",
	       "application/x-ole-storage"),
	SIGNATURE(0, "Rar!\032\7", "application/x-rar"),
	SIGNATURE(0, "7z\274\257\047\034", "application/x-7z-compressed"),
	SIGNATURE(0, "\037\213", "application/gzip"),
	SIGNATURE(0, "BZh", "application/x-bzip2"),
	SIGNATURE(0, "\3757zXZ\0", "application/x-xz"),
	FAMILY(0, "MZ", "application/x-dosexec"),
	FAMILY(0, "\177ELF", "application/x-executable"),
	SIGNATURE(0, "\170\237\076\042", "application/vnd.ms-tnef"),
#undef SIGNATURE
#undef FAMILY
};

/* Text of some form: what stands first, blanks and case aside. */
static const struct {
	const char *start;
	const char *type;
} text_forms[] = {
	{ "<!doctype html", "text/html" },
	{ "<html", "text/html" },
	{ "<svg", "image/svg+xml" },
	{ "<?xml", "text/xml" },
	{ "#!", "text/x-shellscript" },
	{ "begin:vcalendar", "text/calendar" },
	{ "begin:vcard", "text/vcard" },
};

void sniff_init(void)
{
	g_mutex_lock(&lock);
	if (cookie == NULL)
		cookie = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS |
		                    MAGIC_NO_CHECK_TOKENS);
	if (cookie != NULL && magic_load(cookie, NULL) != 0)
		g_clear_pointer(&cookie, magic_close);
	g_mutex_unlock(&lock);
}

/* Answers of libmagic that say nothing. */
static bool is_vague(const char *type)
{
	return g_str_equal(type, "application/octet-stream") ||
	       g_str_has_prefix(type, "inode/") || strchr(type, '/') == NULL;
}

static bool is_same(const char *declared, const char *detected)
{
	if (g_ascii_strcasecmp(declared, detected) == 0)
		return true;
	/* Kinds of text are guesses, and message/ and text/ mix freely. */
	if ((g_str_has_prefix(declared, "text/") ||
	     g_str_has_prefix(declared, "message/")) &&
	    (g_str_has_prefix(detected, "text/") ||
	     g_str_has_prefix(detected, "message/")))
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(same); i++)
		if (strstr(declared, same[i].declared) != NULL &&
		    strstr(detected, same[i].detected) != NULL)
			return true;
	return false;
}

static const struct signature *find_signature(const char *data, size_t len)
{
	for (size_t i = 0; i < G_N_ELEMENTS(signatures); i++) {
		const struct signature *row = &signatures[i];

		if (row->at + row->len <= len &&
		    memcmp(data + row->at, row->bytes, row->len) == 0)
			return row;
	}
	return NULL;
}

/* No byte that text does not have. */
static bool is_text(const char *data, size_t len)
{
	len = MIN(len, TEXT_BYTES);
	for (size_t i = 0; i < len; i++) {
		guchar byte = (guchar)data[i];

		if ((byte < 0x20 && strchr("\t\n\r\f\b\033", byte) == NULL) ||
		    byte == 0 || byte == 0x7f)
			return false;
	}
	return true;
}

static const char *text_form(const char *data, size_t len)
{
	while (len > 0 && (g_ascii_isspace(*data) || (guchar)*data >= 0x80)) {
		data++; /* a byte order mark is none of the form */
		len--;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(text_forms); i++) {
		size_t n = strlen(text_forms[i].start);

		if (n <= len &&
		    g_ascii_strncasecmp(data, text_forms[i].start, n) == 0)
			return text_forms[i].type;
	}
	return "text/plain";
}

/* Types whose files are text, though their names do not say so. */
static bool is_textual(const char *declared)
{
	static const char *const words[] = {
		"xml", "json", "script", "pgp",	 "yaml",    "sql",
		"x-sh", "csv", "pem",	 "x509", "rfc822", "calendar",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		if (strstr(declared, words[i]) != NULL)
			return true;
	return g_str_has_prefix(declared, "text/") ||
	       g_str_has_prefix(declared, "message/");
}

static char *answer_dup(const char *declared, const char *detected)
{
	return g_strdup(is_same(declared, detected) ? "" : detected);
}

static char *ask_library(const char *data, size_t len, const char *declared)
{
	char *answer = NULL;

	g_mutex_lock(&lock);
	if (cookie != NULL) {
		const char *type =
			magic_buffer(cookie, data, MIN(len, LOOK_BYTES));

		if (type != NULL && !is_vague(type) && !is_same(declared, type))
			answer = g_ascii_strdown(type, -1);
	}
	g_mutex_unlock(&lock);
	return answer != NULL ? answer : g_strdup("");
}

char *sniff_dup_type(GBytes *data, const char *declared)
{
	gsize len = 0;
	const char *bytes = text_of_bytes(data, &len);
	const struct signature *row = find_signature(bytes, len);

	if (len == 0)
		return g_strdup("");
	if (row != NULL && (!row->is_family || is_same(declared, row->type)))
		return answer_dup(declared, row->type);
	if (row == NULL && is_text(bytes, len)) {
		const char *form = text_form(bytes, len);

		return is_textual(declared) && g_str_equal(form, "text/plain")
		               ? g_strdup("")
		               : answer_dup(declared, form);
	}
	return ask_library(bytes, len, declared);
}
