/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * threadindex.c - the Thread-Index field, by which Outlook threads
 */
#include "mail/threadindex.h"

#include <string.h>

#define HEADER_BYTES  22
#define GUID_BYTES    16
#define ANSWER_BYTES  5
#define ANSWERS_MAX   40
#define FIELD_MAX     4096
#define EPOCH_MS      G_GINT64_CONSTANT(11644473600000) /* 1601 to 1970 */
#define UNITS_MS      10000                             /* of 100 ns */
/* Bits 49 to 55: a difference of more than 1.7 years. */
#define FAR_APART     G_GUINT64_CONSTANT(0x00fe000000000000)

static guint64 filetime(gint64 ms)
{
	return (guint64)CLAMP(ms, 0, G_MAXINT64 / UNITS_MS - EPOCH_MS)
	       * UNITS_MS + (guint64)EPOCH_MS * UNITS_MS;
}

char *threadindex_new(const char *name, gint64 created)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	guint64 time = filetime(created);
	guint8 digest[32];
	gsize size = sizeof(digest);
	guint8 out[HEADER_BYTES];

	g_checksum_update(sum, (const guchar *)name, -1);
	g_checksum_get_digest(sum, digest, &size);
	for (int i = 0; i < HEADER_BYTES - GUID_BYTES; i++)
		out[i] = (guint8)(time >> (56 - 8 * i));
	memcpy(out + HEADER_BYTES - GUID_BYTES, digest, GUID_BYTES);
	return g_base64_encode(out, sizeof(out));
}

/* Time since the header's, its upper bit says in which unit. */
static void put_answer(guint8 *out, const guint8 *header, gint64 now,
		       guint64 salt)
{
	guint64 begun = 0;
	guint64 apart;
	guint32 value;

	for (int i = 0; i < HEADER_BYTES - GUID_BYTES; i++)
		begun |= (guint64)header[i] << (56 - 8 * i);
	apart = filetime(now) > begun ? filetime(now) - begun : 0;
	if ((apart & FAR_APART) == 0)
		value = (guint32)(apart >> 18) & 0x7fffffff;
	else
		value = ((guint32)(apart >> 23) & 0x7fffffff) | 0x80000000;
	for (int i = 0; i < 4; i++)
		out[i] = (guint8)(value >> (24 - 8 * i));
	out[4] = (guint8)((salt ^ (salt >> 8) ^ (salt >> 16)) & 0xff);
}

/* The letters without the blanks of folding. */
static char *dup_letters(const char *field)
{
	GString *letters = g_string_new(NULL);

	for (; *field != '\0'; field++) {
		if (!g_ascii_isspace(*field))
			g_string_append_c(letters, *field);
	}
	return g_string_free(letters, FALSE);
}

char *threadindex_answer(const char *field, gint64 now, guint64 salt)
{
	g_autofree char *letters = NULL;
	g_autofree guchar *bytes = NULL;
	guint8 out[HEADER_BYTES + ANSWERS_MAX * ANSWER_BYTES];
	gsize len;

	if (strlen(field) > FIELD_MAX)
		return NULL;
	letters = dup_letters(field);
	if (letters[strspn(letters, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789+/=")] != '\0')
		return NULL;
	bytes = g_base64_decode(letters, &len);
	if (len < HEADER_BYTES || (len - HEADER_BYTES) % ANSWER_BYTES != 0)
		return NULL;
	if (len > sizeof(out) - ANSWER_BYTES)
		len = HEADER_BYTES;
	memcpy(out, bytes, len);
	put_answer(out + len, bytes, now, salt);
	return g_base64_encode(out, len + ANSWER_BYTES);
}
