/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * filename.c - names of attachments
 *
 * Parameters are read here and not through GMime, which prefers the plain
 * form over the RFC 2231 one and converts by charsets of its own choice.
 * Dangerous types are not renamed: the panel never trusts an extension.
 */
#include "mail/filename.h"

#include <stdlib.h>
#include <string.h>

#include "mail/charset.h"
#include "mail/header.h"
#include "mail/text.h"

/* ---- parameters (RFC 2045 5.1, RFC 2231) ---- */

#define SECTIONS_MAX 100 /* name*0 to name*99 */

struct parameter {
	char *name;  /* as written, with "*0*" */
	char *value; /* without quotes */
	bool is_quoted;
};

static void skip_space(const char **at)
{
	*at += strspn(*at, " \t\r\n");
}

static char *take_quoted(const char **at)
{
	GString *out = g_string_new(NULL);
	const char *p = *at + 1;

	for (; *p != '\0' && *p != '"'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		if (*p != '\r' && *p != '\n')
			g_string_append_c(out, *p);
	}
	*at = p + (*p == '"');
	return g_string_free(out, FALSE);
}

/* Up to ";": people send names with blanks and no quotes. */
static char *take_bare(const char **at)
{
	size_t len = strcspn(*at, ";\r\n");
	char *value = g_strchomp(g_strndup(*at, len));

	*at += len;
	return value;
}

/* The next "; name=value"; false at the end. Owned strings. */
static bool next_parameter(const char **at, struct parameter *ret_parameter)
{
	const char *p = *at + strcspn(*at, ";");

	while (*p == ';' || g_ascii_isspace(*p))
		p++;
	size_t len = strcspn(p, "=;");

	if (p[len] == '\0')
		return false;
	ret_parameter->name = g_strchomp(g_strndup(p, len));
	p += len;
	ret_parameter->is_quoted = false;
	if (*p != '=') {
		ret_parameter->value = g_strdup("");
		*at = p;
		return true;
	}
	p++;
	skip_space(&p);
	ret_parameter->is_quoted = *p == '"';
	ret_parameter->value =
		ret_parameter->is_quoted ? take_quoted(&p) : take_bare(&p);
	*at = p;
	return true;
}

struct sections {
	char *text[SECTIONS_MAX]; /* owned, NULL if absent */
	bool is_extended[SECTIONS_MAX];
	char *whole; /* name*=charset'lang'value */
	char *plain;
};

static void sections_clear(struct sections *sections)
{
	for (size_t i = 0; i < SECTIONS_MAX; i++)
		g_free(sections->text[i]);
	g_free(sections->whole);
	g_free(sections->plain);
}

/* Files a parameter under the name asked for; takes the value if it fits. */
static void sections_add(struct sections *sections, const char *wanted,
                         struct parameter *parameter)
{
	size_t len = strlen(wanted);
	const char *rest = parameter->name + len;
	char **slot = NULL;

	if (g_ascii_strncasecmp(parameter->name, wanted, len) != 0)
		return;
	if (*rest == '\0') {
		slot = &sections->plain;
	} else if (strcmp(rest, "*") == 0) {
		slot = &sections->whole;
	} else if (*rest == '*' && g_ascii_isdigit(rest[1])) {
		char *end;
		unsigned long n = strtoul(rest + 1, &end, 10);

		if (n >= SECTIONS_MAX ||
		    (*end != '\0' && strcmp(end, "*") != 0))
			return;
		slot = &sections->text[n];
		if (*slot == NULL)
			sections->is_extended[n] = *end == '*';
	}
	if (slot != NULL && *slot == NULL)
		*slot = g_steal_pointer(&parameter->value);
}

/* Undoes %XX; bytes, not text. */
static void append_percent(GString *out, const char *text)
{
	for (; *text != '\0'; text++) {
		int high = g_ascii_xdigit_value(text[0]);
		bool is_code = text[0] == '%' && text[1] != '\0' &&
		               g_ascii_isxdigit(text[1]) &&
		               g_ascii_isxdigit(text[2]);

		if (!is_code) {
			g_string_append_c(out, *text);
			continue;
		}
		high = g_ascii_xdigit_value(text[1]);
		g_string_append_c(
			out, (char)(high * 16 + g_ascii_xdigit_value(text[2])));
		text += 2;
	}
}

/* Splits charset'language'text; the charset may be "". */
static char *take_charset(const char **text)
{
	const char *first = strchr(*text, '\'');
	const char *second = first != NULL ? strchr(first + 1, '\'') : NULL;

	if (second == NULL)
		return NULL;
	char *charset = g_strndup(*text, (size_t)(first - *text));

	*text = second + 1;
	if (charset[0] == '\0')
		g_clear_pointer(&charset, g_free);
	return charset;
}

static char *join_sections(const struct sections *sections)
{
	GString *bytes = g_string_new(NULL);
	g_autofree char *charset = NULL;

	for (size_t i = 0; i < SECTIONS_MAX && sections->text[i] != NULL; i++) {
		const char *text = sections->text[i];

		if (!sections->is_extended[i]) {
			g_string_append(bytes, text);
			continue;
		}
		if (i == 0)
			charset = take_charset(&text);
		append_percent(bytes, text);
	}
	char *value = charset_to_utf8(charset, bytes->str, bytes->len, NULL);

	g_string_free(bytes, TRUE);
	return value;
}

static char *decode_whole(const char *text)
{
	g_autofree char *charset = take_charset(&text);
	GString *bytes = g_string_new(NULL);

	append_percent(bytes, text);
	char *value = charset_to_utf8(charset, bytes->str, bytes->len, NULL);

	g_string_free(bytes, TRUE);
	return value;
}

/* Encoded words have no place in a parameter (RFC 2047 5), but half of the
 * world puts them there; sections of them too. */
static char *decode_plain(const char *text)
{
	return header_decode(text, strlen(text), NULL);
}

static char *sections_value(const struct sections *sections)
{
	if (sections->whole != NULL)
		return decode_whole(sections->whole);
	if (sections->text[0] != NULL)
		return join_sections(sections);
	return g_strdup(sections->plain);
}

char *filename_dup_parameter(const char *value, const char *name,
                             guint64 max_parameters)
{
	char *found = filename_dup_token(value, name, max_parameters);

	if (found == NULL || g_utf8_validate(found, -1, NULL)) {
		if (found == NULL || strstr(found, "=?") == NULL)
			return found;
	}
	char *decoded = decode_plain(found);

	g_free(found);
	return decoded;
}

char *filename_dup_token(const char *value, const char *name,
                         guint64 max_parameters)
{
	struct sections sections = { 0 };
	struct parameter parameter = { 0 };
	const char *at = value;

	if (strcasestr(value, name) == NULL)
		return NULL;

	for (guint64 i = 0;
	     i < max_parameters && next_parameter(&at, &parameter); i++) {
		sections_add(&sections, name, &parameter);
		g_clear_pointer(&parameter.name, g_free);
		g_clear_pointer(&parameter.value, g_free);
	}
	char *found = sections_value(&sections);

	sections_clear(&sections);
	return found;
}

/* ---- safety ---- */

/* Characters that turn text round: "cod.exe" shown as "exe.doc". */
static bool is_invisible(gunichar ch)
{
	return ch == 0x61c || (ch >= 0x200b && ch <= 0x200f) ||
	       (ch >= 0x2028 && ch <= 0x202e) ||
	       (ch >= 0x2060 && ch <= 0x206f) || ch == 0xfeff ||
	       (ch >= 0xfff9 && ch <= 0xfffb) ||
	       (ch >= 0xe0000 && ch <= 0xe007f);
}

static bool is_forbidden(gunichar ch)
{
	return ch < 0x20 || (ch >= 0x7f && ch < 0xa0) ||
	       (ch < 0x80 && strchr("/\\:*?\"<>|", (int)ch) != NULL);
}

static bool is_reserved(const char *name)
{
	static const char *const names[] = { "con", "prn", "aux", "nul" };
	size_t len = strcspn(name, ".");

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (len == 3 && g_ascii_strncasecmp(name, names[i], 3) == 0)
			return true;
	return len == 4 && g_ascii_isdigit(name[3]) &&
	       (g_ascii_strncasecmp(name, "com", 3) == 0 ||
	        g_ascii_strncasecmp(name, "lpt", 3) == 0);
}

/* Where the extension starts, or the end if there is none worth keeping. */
static size_t extension_at(const char *name)
{
	const char *dot = strrchr(name, '.');
	size_t len = strlen(name);

	return dot != NULL && dot != name && strlen(dot) <= 16
	               ? (size_t)(dot - name)
	               : len;
}

/* Cuts the stem so that the whole fits into max bytes. */
static void fit(GString *name, size_t max)
{
	if (name->len <= max)
		return;
	size_t extension = extension_at(name->str);
	size_t tail = name->len - extension;
	const char *cut = name->str + (max - tail);

	while (cut > name->str && ((guchar)*cut & 0xc0) == 0x80)
		cut--;
	size_t keep = (size_t)(cut - name->str);

	g_string_erase(name, (gssize)keep, (gssize)(extension - keep));
}

/* The part behind the last "/" or "\", unless nothing is there. */
static const char *last_component(const char *name)
{
	const char *last = name;

	for (const char *p = name; *p != '\0'; p++)
		if ((*p == '/' || *p == '\\') && p[1] != '\0')
			last = p + 1;
	return last;
}

static void trim_ends(GString *name)
{
	size_t lead = strspn(name->str, " ");

	g_string_erase(name, 0, (gssize)lead);
	while (name->len > 0 && strchr(". ", name->str[name->len - 1]) != NULL)
		g_string_truncate(name, name->len - 1);
	if (name->str[0] == '.' || is_reserved(name->str))
		g_string_prepend_c(name, '_');
}

char *filename_dup_safe(const char *name)
{
	g_autofree char *valid = g_utf8_make_valid(name, -1);
	g_autofree char *normal =
		g_utf8_normalize(valid, -1, G_NORMALIZE_DEFAULT_COMPOSE);
	GString *out = g_string_new(NULL);

	for (const char *p = last_component(normal != NULL ? normal : valid);
	     *p != '\0'; p = text_next(p)) {
		gunichar ch = g_utf8_get_char(p);

		if (is_invisible(ch))
			continue;
		if (is_forbidden(ch))
			ch = '_';
		g_string_append_unichar(out, g_unichar_isspace(ch) ? ' ' : ch);
	}
	trim_ends(out);
	fit(out, FILENAME_MAX_BYTES);
	trim_ends(out);
	return g_string_free(out, FALSE);
}

bool filename_is_safe(const char *name)
{
	if (name[0] == '\0' || !g_utf8_validate(name, -1, NULL))
		return false;
	g_autofree char *safe = filename_dup_safe(name);

	return strcmp(safe, name) == 0;
}

/* ---- names for the nameless ---- */

static const struct {
	const char *type;
	const char *name;
} type_names[] = {
	{ "message/rfc822", "message.eml" },
	{ "message/global", "message.eml" },
	{ "message/delivery-status", "delivery-status.txt" },
	{ "message/disposition-notification", "disposition.txt" },
	{ "message/feedback-report", "feedback-report.txt" },
	{ "text/rfc822-headers", "headers.txt" },
	{ "text/plain", "text.txt" },
	{ "text/html", "page.html" },
	{ "text/calendar", "invite.ics" },
	{ "text/csv", "table.csv" },
	{ "text/vcard", "contact.vcf" },
	{ "text/x-vcard", "contact.vcf" },
	{ "image/jpeg", "image.jpg" },
	{ "image/png", "image.png" },
	{ "image/gif", "image.gif" },
	{ "image/webp", "image.webp" },
	{ "image/svg+xml", "image.svg" },
	{ "image/bmp", "image.bmp" },
	{ "image/tiff", "image.tiff" },
	{ "image/heic", "image.heic" },
	{ "audio/mpeg", "audio.mp3" },
	{ "audio/ogg", "audio.ogg" },
	{ "video/mp4", "video.mp4" },
	{ "application/pdf", "document.pdf" },
	{ "application/zip", "archive.zip" },
	{ "application/gzip", "archive.gz" },
	{ "application/json", "data.json" },
	{ "application/xml", "data.xml" },
	{ "text/xml", "data.xml" },
	{ "application/rtf", "document.rtf" },
	{ "text/rtf", "document.rtf" },
	{ "application/ms-tnef", "winmail.dat" },
	{ "application/vnd.ms-tnef", "winmail.dat" },
	{ "application/pgp-signature", "signature.asc" },
	{ "application/pgp-encrypted", "pgp-version.txt" },
	{ "application/pgp-keys", "key.asc" },
	{ "application/pkcs7-signature", "smime.p7s" },
	{ "application/x-pkcs7-signature", "smime.p7s" },
	{ "application/pkcs7-mime", "smime.p7m" },
	{ "application/x-pkcs7-mime", "smime.p7m" },
};

char *filename_dup_for_type(const char *content_type)
{
	static const char *const families[] = { "image", "audio", "video",
		                                "text" };

	for (size_t i = 0; i < G_N_ELEMENTS(type_names); i++)
		if (g_ascii_strcasecmp(content_type, type_names[i].type) == 0)
			return g_strdup(type_names[i].name);
	for (size_t i = 0; i < G_N_ELEMENTS(families); i++) {
		size_t len = strlen(families[i]);

		if (g_ascii_strncasecmp(content_type, families[i], len) == 0 &&
		    content_type[len] == '/')
			return g_strdup(families[i]);
	}
	return g_strdup("attachment.bin");
}

/* ---- unique within a message ---- */

/* Names that differ only in case, as some file systems see them. */
static bool take(GHashTable *taken, const char *name)
{
	g_autofree char *key = g_utf8_casefold(name, -1);

	return g_hash_table_add(taken, g_steal_pointer(&key));
}

char *filename_take_unique(GHashTable *taken, const char *name)
{
	if (take(taken, name))
		return g_strdup(name);
	/* Some number up to the size of the set plus two must be free. */
	for (guint n = 2;; n++) {
		g_autofree char *suffix = g_strdup_printf(" (%u)", n);
		GString *next = g_string_new(name);

		fit(next, FILENAME_MAX_BYTES - strlen(suffix));
		g_string_insert(next, (gssize)extension_at(next->str), suffix);
		if (take(taken, next->str))
			return g_string_free(next, FALSE);
		g_string_free(next, TRUE);
	}
}
