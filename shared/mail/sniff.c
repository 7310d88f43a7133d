/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sniff.c - what a file really is (libmagic)
 *
 * One cookie under a lock: libmagic's are not for several threads. It looks
 * at the first 256 KiB only and never unpacks anything (that would start
 * programs).
 */
#include "mail/sniff.h"

#include <magic.h>
#include <stdbool.h>
#include <string.h>

#include "mail/text.h"

#define LOOK_BYTES ((size_t)256 * 1024)

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

char *sniff_dup_type(GBytes *data, const char *declared)
{
	gsize len = 0;
	const void *bytes = text_of_bytes(data, &len);
	char *answer = NULL;

	if (len == 0)
		return g_strdup("");
	g_mutex_lock(&lock);
	if (cookie != NULL) {
		const char *type =
			magic_buffer(cookie, bytes, MIN(len, LOOK_BYTES));

		if (type != NULL && !is_vague(type) && !is_same(declared, type))
			answer = g_ascii_strdown(type, -1);
	}
	g_mutex_unlock(&lock);
	return answer != NULL ? answer : g_strdup("");
}
