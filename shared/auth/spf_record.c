/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spf_record.c - an SPF record read strictly (RFC 7208 section 12)
 */
#include "auth/spf_record.h"

#include "auth/spf_macro.h"
#include "base/error.h"

#include <arpa/inet.h>
#include <string.h>

#define VERSION "v=spf1"

/* One term of the text, and why it is wrong. */
struct reader {
	const char *rest; /* of the term, NUL-terminated */
	const char *why;
	bool explained; /* exp= seen */
	struct spf_record *record;
};

static void term_free(void *data)
{
	struct spf_term *term = data;

	g_free(term->spec);
	g_free(term);
}

void spf_record_free(struct spf_record *record)
{
	if (record == NULL)
		return;
	g_ptr_array_unref(record->terms);
	g_free(record->redirect);
	g_free(record);
}

bool spf_record_is_spf(const char *text, size_t len)
{
	size_t version = strlen(VERSION);

	return len >= version &&
	       g_ascii_strncasecmp(text, VERSION, version) == 0 &&
	       (len == version || text[version] == ' ');
}

/* ---- what follows the name of a mechanism ---- */

/* "/" and a number without leading zeros, at *at, which moves behind it. */
static bool read_prefix(const char **at, unsigned max, unsigned *ret_prefix)
{
	const char *digits = *at + 1;
	size_t len = strspn(digits, "0123456789");
	unsigned value = 0;

	if (len == 0 || len > 3 || (digits[0] == '0' && len > 1))
		return false;
	for (size_t i = 0; i < len; i++)
		value = value * 10 + (unsigned)(digits[i] - '0');
	if (value > max)
		return false;
	*ret_prefix = value;
	*at = digits + len;
	return true;
}

/* dual-cidr-length: "/n", "//m" or "/n//m", to the end of the term. */
static bool read_prefixes(const char *at, struct spf_term *term)
{
	if (at[0] == '/' && at[1] != '/' &&
	    !read_prefix(&at, 32, &term->prefix4))
		return false;
	if (at[0] == '/' && at[1] == '/') {
		at++;
		if (!read_prefix(&at, 128, &term->prefix6))
			return false;
	}
	return *at == '\0';
}

static const char *read_spec(const char *text, size_t len,
                             struct spf_term *term)
{
	const char *why = spf_macro_check_domain_spec(text, len);

	if (why == NULL)
		term->spec = g_strndup(text, len);
	return why;
}

static const char *read_nothing(const char *rest, struct spf_term *term)
{
	(void)term;
	return *rest == '\0' ? NULL : "text behind \"all\"";
}

static const char *read_domain(const char *rest, struct spf_term *term)
{
	if (*rest != ':')
		return "a mechanism without its domain";
	return read_spec(rest + 1, strlen(rest + 1), term);
}

static const char *read_optional_domain(const char *rest, struct spf_term *term)
{
	return *rest == '\0' ? NULL : read_domain(rest, term);
}

/* Where the prefix lengths begin: at the first slash behind the last label
 * or macro, because neither ends with one. */
static size_t prefixes_at(const char *text)
{
	size_t at = 0;

	for (size_t i = 0; text[i] != '\0'; i++)
		if (strchr(".}%", text[i]) != NULL)
			at = i;
	return at + strcspn(text + at, "/");
}

static const char *read_domain_and_prefixes(const char *rest,
                                            struct spf_term *term)
{
	size_t end = *rest == ':' ? prefixes_at(rest) : 0;

	if (!read_prefixes(rest + end, term))
		return "a wrong prefix length";
	return end == 0 ? NULL : read_spec(rest + 1, end - 1, term);
}

static const char *read_network(const char *rest, int family, unsigned max,
                                guint8 *address, unsigned *prefix)
{
	char text[INET6_ADDRSTRLEN];
	size_t len;

	if (*rest != ':')
		return "a mechanism without its address";
	rest++;
	len = strcspn(rest, "/");
	if (len >= sizeof(text))
		return "a wrong address";
	memcpy(text, rest, len);
	text[len] = '\0';
	if (inet_pton(family, text, address) != 1)
		return "a wrong address";
	rest += len;
	if (*rest == '/' && !read_prefix(&rest, max, prefix))
		return "a wrong prefix length";
	return *rest == '\0' ? NULL : "text behind an address";
}

static const char *read_ip4(const char *rest, struct spf_term *term)
{
	return read_network(rest, AF_INET, 32, term->address, &term->prefix4);
}

static const char *read_ip6(const char *rest, struct spf_term *term)
{
	return read_network(rest, AF_INET6, 128, term->address, &term->prefix6);
}

static const struct {
	const char *name;
	const char *(*read)(const char *rest, struct spf_term *term);
} mechanisms[] = {
	[SPF_MECHANISM_ALL] = { "all", read_nothing },
	[SPF_MECHANISM_INCLUDE] = { "include", read_domain },
	[SPF_MECHANISM_A] = { "a", read_domain_and_prefixes },
	[SPF_MECHANISM_MX] = { "mx", read_domain_and_prefixes },
	[SPF_MECHANISM_PTR] = { "ptr", read_optional_domain },
	[SPF_MECHANISM_IP4] = { "ip4", read_ip4 },
	[SPF_MECHANISM_IP6] = { "ip6", read_ip6 },
	[SPF_MECHANISM_EXISTS] = { "exists", read_domain },
};
G_STATIC_ASSERT(G_N_ELEMENTS(mechanisms) == SPF_MECHANISM__COUNT);

const char *spf_mechanism_name(enum spf_mechanism mechanism)
{
	return mechanism < SPF_MECHANISM__COUNT ? mechanisms[mechanism].name
	                                        : "?";
}

/* ---- terms ---- */

static const struct {
	char sign;
	enum spf_result result;
} qualifiers[] = {
	{ '+', SPF_RESULT_PASS },
	{ '-', SPF_RESULT_FAIL },
	{ '~', SPF_RESULT_SOFTFAIL },
	{ '?', SPF_RESULT_NEUTRAL },
};

static bool read_qualifier(struct reader *reader, enum spf_result *ret_result)
{
	for (size_t i = 0; i < G_N_ELEMENTS(qualifiers); i++) {
		if (*reader->rest != qualifiers[i].sign)
			continue;
		reader->rest++;
		*ret_result = qualifiers[i].result;
		return true;
	}
	*ret_result = SPF_RESULT_PASS;
	return false;
}

static bool is_name(const char *name, size_t len, const char *want)
{
	return strlen(want) == len && g_ascii_strncasecmp(name, want, len) == 0;
}

static const char *read_redirect(struct reader *reader, const char *value)
{
	const char *why = spf_macro_check_domain_spec(value, strlen(value));

	if (reader->record->redirect != NULL)
		return "two redirects";
	if (why == NULL)
		reader->record->redirect = g_strdup(value);
	return why;
}

static const char *read_explanation(struct reader *reader, const char *value)
{
	if (reader->explained)
		return "two explanations";
	reader->explained = true;
	return spf_macro_check_domain_spec(value, strlen(value));
}

static const char *read_modifier(struct reader *reader, size_t name_len)
{
	const char *name = reader->rest;
	const char *value = name + name_len + 1;

	if (is_name(name, name_len, "redirect"))
		return read_redirect(reader, value);
	if (is_name(name, name_len, "exp"))
		return read_explanation(reader, value);
	return spf_macro_check_string(value, strlen(value));
}

static const char *read_mechanism(struct reader *reader, size_t name_len,
                                  enum spf_result qualifier)
{
	for (size_t i = 0; i < G_N_ELEMENTS(mechanisms); i++) {
		struct spf_term *term;

		if (!is_name(reader->rest, name_len, mechanisms[i].name))
			continue;
		term = g_new0(struct spf_term, 1);
		g_ptr_array_add(reader->record->terms, term);
		term->mechanism = (enum spf_mechanism)i;
		term->qualifier = qualifier;
		term->prefix4 = 32;
		term->prefix6 = 128;
		return mechanisms[i].read(reader->rest + name_len, term);
	}
	return "a mechanism that does not exist";
}

/* The name of a mechanism or modifier at text. */
static size_t name_length(const char *text)
{
	size_t len = 0;

	if (!g_ascii_isalpha(text[0]))
		return 0;
	while (g_ascii_isalnum(text[len]) ||
	       (text[len] != '\0' && strchr("-_.", text[len]) != NULL))
		len++;
	return len;
}

static const char *read_term(struct reader *reader)
{
	enum spf_result qualifier;
	bool qualified = read_qualifier(reader, &qualifier);
	size_t len = name_length(reader->rest);

	if (len == 0)
		return "a term without a name";
	if (reader->rest[len] != '=')
		return read_mechanism(reader, len, qualifier);
	if (qualified)
		return "a modifier with a qualifier";
	return read_modifier(reader, len);
}

/* Everything but the blank between terms is a graphic ASCII character. */
static bool is_clean(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] != ' ' && !g_ascii_isgraph(text[i]))
			return false;
	return true;
}

static const char *read_terms(struct reader *reader, const char *text,
                              unsigned *ret_number)
{
	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		g_autofree char *term = g_strndup(text, len);
		const char *why;

		text += len + (text[len] == ' ' ? 1 : 0);
		if (len == 0)
			continue;
		++*ret_number;
		reader->rest = term;
		why = read_term(reader);
		if (why != NULL)
			return why;
	}
	return NULL;
}

struct spf_record *spf_record_parse(const char *text, size_t len,
                                    GError **error)
{
	AUTO(spf_record) record = g_new0(struct spf_record, 1);
	struct reader reader = { .record = record };
	g_autofree char *copy = NULL;
	const char *why;
	unsigned number = 0;

	record->terms = g_ptr_array_new_with_free_func(term_free);
	if (len > SPF_RECORD_MAX) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_LIMIT,
		            "the record has more than %d bytes",
		            SPF_RECORD_MAX);
		return NULL;
	}
	if (!spf_record_is_spf(text, len) || !is_clean(text, len)) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX,
		            "the record has characters outside printable "
		            "ASCII");
		return NULL;
	}
	copy = g_strndup(text + strlen(VERSION), len - strlen(VERSION));
	why = read_terms(&reader, copy, &number);
	if (why != NULL) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX,
		            "term %u of the record has %s", number, why);
		return NULL;
	}
	return g_steal_pointer(&record);
}
