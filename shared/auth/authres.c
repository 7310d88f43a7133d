/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * authres.c - Authentication-Results (RFC 8601): writing ours, finding forged
 *
 * Writing: nothing of a peer's goes into comments or reasons, only into
 * property values, quoted where the grammar wants it. Reading: only the
 * authserv-id matters; whatever does not follow the grammar up to the first
 * semicolon counts as forged, since another reader might take it for ours.
 */
#include "auth/authres.h"

#include "base/utf8.h"

#include "mail/header.h"

#include <string.h>

#define LINE_WIDTH 78
/* Longer than any address (RFC 5321 4.5.3.1): such a property is left out. */
#define VALUE_MAX 320

/* --- writing --- */

struct writer {
	GString *text;
	size_t column;
	bool any;
};

/* RFC 2045 token. */
static bool is_token_char(char c)
{
	return c > 32 && c < 127 && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
}

static bool is_token(const char *value)
{
	const char *p = value;

	while (is_token_char(*p))
		p++;
	return *p == '\0' && p > value;
}

/* pvalue also takes dot-atom "@" domain-name without quotes. */
static bool is_plain_address(const char *value)
{
	const char *at = strchr(value, '@');

	if (at == NULL || at == value || at[1] == '\0')
		return false;
	for (const char *p = value; p < at; p++) {
		if (!g_ascii_isalnum(*p) &&
		    strchr("!#$&'*+-^_`{|}~.", *p) == NULL)
			return false;
	}
	for (const char *p = at + 1; *p != '\0'; p++) {
		if (!g_ascii_isalnum(*p) && *p != '-' && *p != '.')
			return false;
	}
	return true;
}

/* RFC 8601 2.2 "value": a token or a quoted-string; what may stand in
 * neither (controls, bytes that are no UTF-8) becomes "?". */
static char *quote(const char *value)
{
	g_autofree char *utf8 = NULL;
	GString *out;

	if (is_token(value))
		return g_strdup(value);
	utf8 = g_utf8_make_valid(value, -1);
	out = g_string_new("\"");
	for (const char *p = utf8; *p != '\0'; p = utf8_next(p)) {
		gunichar c = g_utf8_get_char(p);

		if (c == '"' || c == '\\')
			g_string_append_c(out, '\\');
		if (c == 0xfffd || g_unichar_iscntrl(c))
			g_string_append_c(out, '?');
		else
			g_string_append_unichar(out, c);
	}
	g_string_append_c(out, '"');
	return g_string_free(out, FALSE);
}

/* One word, on a new line where the old one is full. */
static void put(struct writer *writer, const char *word)
{
	size_t len = strlen(word);

	if (writer->column > 8 && writer->column + 1 + len > LINE_WIDTH) {
		g_string_append(writer->text, "\n\t");
		writer->column = 8;
	} else if (writer->column > 8) {
		g_string_append_c(writer->text, ' ');
		writer->column++;
	}
	g_string_append(writer->text, word);
	writer->column += len;
}

static void put_result(struct writer *writer, const char *method,
                       const char *result)
{
	g_autofree char *word = g_strdup_printf("%s=%s", method, result);

	g_string_append(writer->text, ";\n\t");
	writer->column = 8;
	writer->any = true;
	put(writer, word);
}

static void put_reason(struct writer *writer, const char *reason)
{
	g_autofree char *quoted = NULL;
	g_autofree char *word = NULL;

	if (reason == NULL || *reason == '\0')
		return;
	quoted = quote(reason);
	word = g_strdup_printf("reason=%s", quoted);
	put(writer, word);
}

static void put_property(struct writer *writer, const char *name,
                         const char *value)
{
	g_autofree char *quoted = NULL;
	g_autofree char *word = NULL;

	if (value == NULL || *value == '\0' || strlen(value) > VALUE_MAX)
		return;
	quoted = is_plain_address(value) ? g_strdup(value) : quote(value);
	word = g_strdup_printf("%s=%s", name, quoted);
	put(writer, word);
}

static void put_spf(struct writer *writer, const struct spf_outcome *spf,
                    const char *property, const char *identity)
{
	put_result(writer, "spf", spf_result_name(spf->result));
	if (spf->result != SPF_RESULT_PASS)
		put_reason(writer, spf->reason);
	put_property(writer, property, identity);
}

/* RFC 8601 2.7.2: with a null sender only the HELO identity was checked. */
static void put_both_spf(struct writer *writer,
                         const struct auth_client *client,
                         const struct auth_result *result)
{
	if (client->ip == NULL)
		return;
	if (client->helo != NULL && *client->helo != '\0')
		put_spf(writer, &result->spf_helo, "smtp.helo", client->helo);
	if (client->mail_from != NULL && *client->mail_from != '\0')
		put_spf(writer, &result->spf_mail, "smtp.mailfrom",
		        client->mail_from);
}

static void put_dkim(struct writer *writer, const GPtrArray *signatures)
{
	if (signatures == NULL || signatures->len == 0) {
		put_result(writer, "dkim", dkim_result_name(DKIM_RESULT_NONE));
		return;
	}
	for (unsigned i = 0; i < signatures->len; i++) {
		const struct dkim_signature *signature = signatures->pdata[i];

		put_result(writer, "dkim", dkim_result_name(signature->result));
		put_reason(writer, signature->reason);
		put_property(writer, "header.d", signature->domain);
		put_property(writer, "header.s", signature->selector);
		put_property(writer, "header.a", signature->algorithm);
		put_property(writer, "header.b", signature->b_prefix);
	}
}

static void put_dmarc(struct writer *writer, const struct auth_result *result)
{
	const struct dmarc_outcome *dmarc = &result->dmarc;

	put_result(writer, "dmarc", dmarc_result_name(dmarc->result));
	if (dmarc->result != DMARC_RESULT_PASS)
		put_reason(writer, dmarc->reason);
	if (result->from != NULL)
		put_property(writer, "header.from", result->from->domain);
	if (dmarc->result == DMARC_RESULT_PASS ||
	    dmarc->result == DMARC_RESULT_FAIL)
		put_property(writer, "policy.dmarc",
		             dmarc_policy_name(dmarc->policy));
}

char *authres_format(const char *authserv_id, const struct auth_client *client,
                     const struct auth_result *result, const char *registered)
{
	struct writer writer = { .text = g_string_new(" ") };
	g_autofree char *id = quote(authserv_id);

	g_string_append(writer.text, id);
	put_both_spf(&writer, client, result);
	put_dkim(&writer, result->dkim);
	put_dmarc(&writer, result);
	if (client->login != NULL) {
		put_result(&writer, "auth", "pass");
		put_property(&writer, "smtp.auth", client->login);
	}
	if (registered != NULL) {
		put_result(&writer, "x-registered", registered);
		if (result->from != NULL)
			put_property(&writer, "header.from",
			             result->from->address);
	}
	return g_string_free(writer.text, FALSE);
}

/* --- reading --- */

struct reader {
	const char *at;
	const char *end;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The opening parenthesis is passed. False if it is never closed. */
static bool skip_comment(struct reader *reader)
{
	size_t depth = 1;

	while (reader->at < reader->end && depth > 0) {
		char c = *reader->at++;

		if (c == '(')
			depth++;
		else if (c == ')')
			depth--;
		else if (c == '\\' && reader->at++ == reader->end)
			return false;
	}
	return depth == 0;
}

static bool skip_cfws(struct reader *reader)
{
	while (reader->at < reader->end) {
		if (is_space(*reader->at)) {
			reader->at++;
			continue;
		}
		if (*reader->at != '(')
			break;
		reader->at++;
		if (!skip_comment(reader))
			return false;
	}
	return true;
}

/* The opening quote is passed; folds inside vanish. NULL if it is never
 * closed or holds a control character. */
static char *read_quoted(struct reader *reader)
{
	g_autoptr(GString) text = g_string_new(NULL);

	while (reader->at < reader->end) {
		char c = *reader->at++;

		if (c == '"')
			return g_string_free(g_steal_pointer(&text), FALSE);
		if (c == '\r' || c == '\n')
			continue;
		if (c == '\\') {
			if (reader->at == reader->end)
				return NULL;
			c = *reader->at++;
		}
		if (g_ascii_iscntrl(c) && c != '\t')
			return NULL;
		g_string_append_c(text, c);
	}
	return NULL;
}

/* A token; UTF-8 is let through (RFC 8616). NULL if empty. */
static char *read_token(struct reader *reader)
{
	const char *start = reader->at;

	while (reader->at < reader->end &&
	       (is_token_char(*reader->at) || (*reader->at & 0x80) != 0))
		reader->at++;
	if (reader->at == start)
		return NULL;
	return g_strndup(start, (size_t)(reader->at - start));
}

/* What may follow the id: a version number, then ";" or the end. */
static bool skip_version(struct reader *reader)
{
	if (!skip_cfws(reader))
		return false;
	while (reader->at < reader->end && g_ascii_isdigit(*reader->at))
		reader->at++;
	if (!skip_cfws(reader))
		return false;
	return reader->at == reader->end || *reader->at == ';';
}

/* The authserv-id, or NULL if the field does not follow the grammar. */
static char *read_id(const char *value, size_t len)
{
	struct reader reader = { value, value + len };
	g_autofree char *id = NULL;

	if (!skip_cfws(&reader) || reader.at == reader.end)
		return NULL;
	if (*reader.at == '"') {
		reader.at++;
		id = read_quoted(&reader);
	} else {
		id = read_token(&reader);
	}
	if (id == NULL || !skip_version(&reader))
		return NULL;
	return g_steal_pointer(&id);
}

/* Lower case, no outer blanks or dots, A-labels where it is a host name. */
static char *normal_id(const char *id)
{
	g_autofree char *text = g_ascii_strdown(id, -1);
	char *domain;
	size_t len;

	g_strstrip(text);
	len = strlen(text);
	while (len > 0 && text[len - 1] == '.')
		text[--len] = '\0';
	domain = address_dup_domain(text, len);
	return domain != NULL ? domain : g_steal_pointer(&text);
}

static bool same_id(const char *a, const char *b)
{
	g_autofree char *normal_a = normal_id(a);
	g_autofree char *normal_b = normal_id(b);

	return strcmp(normal_a, normal_b) == 0;
}

bool authres_is_forged(const char *authserv_id, const char *name,
                       size_t name_len, const char *value, size_t value_len)
{
	struct header_field field = { .name = name, .name_len = name_len };
	g_autofree char *id = NULL;

	while (field.name_len > 0 && is_space(name[field.name_len - 1]))
		field.name_len--;
	if (field.name_len >= strlen("X-Portaria-") &&
	    g_ascii_strncasecmp(name, "X-Portaria-", strlen("X-Portaria-")) ==
	            0)
		return true;
	if (!header_is(&field, "Authentication-Results"))
		return false;
	id = read_id(value, value_len);
	return id == NULL || same_id(authserv_id, id);
}
