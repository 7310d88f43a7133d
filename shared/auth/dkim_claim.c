/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dkim_claim.c - reading DKIM-Signature fields strictly
 *
 * A field that breaks the grammar, or that two readers could read in two
 * ways, is no signature. Expired ones and those dated ahead are refused
 * within a small tolerance for clocks.
 */
#include "auth/dkim_parts.h"

#include <string.h>

#define CLOCK_SKEW ((gint64)300) /* seconds */
#define B_PREFIX   8             /* RFC 6008 */
#define NUMBER_MAX 18            /* digits: any fits a gint64 */

/* --- tag lists --- */

static bool is_fws(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool is_tag_char(char c, bool eight_bit)
{
	if ((c & 0x80) != 0)
		return eight_bit;
	return is_fws(c) || (c > 32 && c < 127);
}

static char *dup_squeezed(const char *text, size_t len)
{
	GString *out = g_string_sized_new(len);

	for (size_t i = 0; i < len; i++) {
		if (!is_fws(text[i]))
			g_string_append_c(out, text[i]);
	}
	return g_string_free(out, FALSE);
}

static void trim(const char **text, size_t *len)
{
	while (*len > 0 && is_fws(**text)) {
		(*text)++;
		(*len)--;
	}
	while (*len > 0 && is_fws((*text)[*len - 1]))
		(*len)--;
}

/* ALPHA *ALNUMPUNC */
static bool is_tag_name(const char *name, size_t len)
{
	if (len == 0 || !g_ascii_isalpha(name[0]))
		return false;
	for (size_t i = 1; i < len; i++) {
		if (!g_ascii_isalnum(name[i]) && name[i] != '_')
			return false;
	}
	return true;
}

/* One "name=value"; NULL or what is wrong. */
static const char *tag_add(GHashTable *tags, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	size_t name_len;
	char *name;

	if (equals == NULL)
		return "a tag without a value";
	name_len = (size_t)(equals - text);
	trim(&text, &name_len);
	if (!is_tag_name(text, name_len))
		return "a tag with a bad name";
	name = g_ascii_strdown(text, (gssize)name_len);
	if (g_hash_table_contains(tags, name)) {
		g_free(name);
		return "a tag named twice";
	}
	len -= (size_t)(equals + 1 - text);
	g_hash_table_insert(tags, name, dup_squeezed(equals + 1, len));
	return NULL;
}

static const char *tags_fill(GHashTable *tags, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *semicolon = memchr(text, ';', (size_t)(end - text));
		const char *stop = semicolon != NULL ? semicolon : end;
		const char *item = text;
		size_t item_len = (size_t)(stop - text);
		const char *why;

		trim(&item, &item_len);
		if (item_len == 0 && semicolon == NULL)
			break; /* behind the last semicolon */
		if (g_hash_table_size(tags) >= DKIM_TAGS_MAX)
			return "too many tags";
		why = tag_add(tags, item, item_len);
		if (why != NULL)
			return why;
		text = semicolon != NULL ? semicolon + 1 : end;
	}
	return g_hash_table_size(tags) > 0 ? NULL : "an empty tag list";
}

/* g_base64_decode() skips what is not base64; this does not. */
GBytes *dkim_base64_decode(const char *text)
{
	static const char *const padding[] = { "", NULL, "==", "=" };
	size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	                          "abcdefghijklmnopqrstuvwxyz0123456789+/");
	size_t pad = strspn(text + len, "=");
	g_autofree char *whole = NULL;
	size_t size;
	guint8 *data;

	if (text[len + pad] != '\0' || pad > 2 || len % 4 == 1)
		return NULL;
	whole = g_strdup_printf("%.*s%s", (int)len, text, padding[len % 4]);
	data = g_base64_decode(whole, &size);
	return g_bytes_new_take(data, size);
}

GHashTable *dkim_tags_parse(const char *text, size_t len, bool eight_bit,
                            const char **ret_why)
{
	g_autoptr(GHashTable) tags =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	const char *why;

	for (size_t i = 0; i < len; i++) {
		if (is_tag_char(text[i], eight_bit))
			continue;
		*ret_why = (text[i] & 0x80) != 0
		                   ? "a tag list that is not ASCII"
		                   : "a control character";
		return NULL;
	}
	why = tags_fill(tags, text, len);
	if (why != NULL) {
		*ret_why = why;
		return NULL;
	}
	return g_steal_pointer(&tags);
}

/* --- values --- */

/* Labels of letters, digits, "-" and "_" with single dots between them. */
static bool is_domain(const char *name)
{
	size_t label = 0;

	if (strlen(name) > DNS_NAME_MAX)
		return false;
	for (const char *p = name; *p != '\0'; p++) {
		if (*p == '.' ? label == 0
		              : !g_ascii_isalnum(*p) && *p != '-' && *p != '_')
			return false;
		label = *p == '.' ? 0 : label + 1;
		if (label > DNS_LABEL_MAX)
			return false;
	}
	return label > 0;
}

static bool number_parse(const char *text, guint64 *ret_number)
{
	guint64 number = 0;
	size_t len = strlen(text);

	if (len == 0 || len > NUMBER_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_isdigit(text[i]))
			return false;
		number = number * 10 + (guint64)(text[i] - '0');
	}
	*ret_number = number;
	return true;
}

/* --- one signature --- */

struct reading {
	struct dkim_claim *claim;
	GHashTable *tags;
	gint64 now;
};

static const char *get(const struct reading *reading, const char *name)
{
	return g_hash_table_lookup(reading->tags, name);
}

/* The first thing that speaks against the claim is the one reported. */
static bool refuse(struct dkim_claim *claim, enum dkim_result result,
                   const char *why)
{
	claim->result = result;
	claim->why = why;
	return false;
}

static bool read_required(struct reading *reading)
{
	static const char *const names[] = {
		"v", "a", "b", "bh", "d", "h", "s"
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *value = get(reading, names[i]);

		if (value == NULL || *value == '\0')
			return refuse(reading->claim, DKIM_RESULT_NEUTRAL,
			              "a required tag is missing");
	}
	if (strcmp(get(reading, "v"), "1") != 0)
		return refuse(reading->claim, DKIM_RESULT_NEUTRAL,
		              "an unknown version");
	return true;
}

/* Filled even for a claim that is refused, so that it can be reported. */
static void read_names(struct reading *reading)
{
	struct dkim_claim *claim = reading->claim;
	const char *domain = get(reading, "d");
	const char *selector = get(reading, "s");
	const char *algorithm = get(reading, "a");
	const char *b = get(reading, "b");

	if (domain != NULL && is_domain(domain))
		claim->domain = g_ascii_strdown(domain, -1);
	if (selector != NULL && is_domain(selector))
		claim->selector = g_strdup(selector);
	if (algorithm != NULL)
		claim->algorithm_name = g_ascii_strdown(algorithm, -1);
	if (b != NULL)
		claim->b_prefix = g_strndup(b, B_PREFIX);
}

static bool read_key_name(struct reading *reading)
{
	struct dkim_claim *claim = reading->claim;

	if (claim->domain == NULL)
		return refuse(claim, DKIM_RESULT_NEUTRAL,
		              "d= is no domain name");
	if (claim->selector == NULL)
		return refuse(claim, DKIM_RESULT_NEUTRAL, "s= is no selector");
	if (strlen(claim->domain) + strlen("._domainkey.") +
	            strlen(claim->selector) >
	    DNS_NAME_MAX)
		return refuse(claim, DKIM_RESULT_NEUTRAL,
		              "the key's name is too long");
	return true;
}

static bool read_algorithm(struct reading *reading)
{
	static const struct {
		const char *name;
		enum dkim_algorithm algorithm;
	} known[] = {
		{ "rsa-sha256", DKIM_RSA_SHA256 },
		{ "ed25519-sha256", DKIM_ED25519_SHA256 },
	};
	struct dkim_claim *claim = reading->claim;

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		if (strcmp(claim->algorithm_name, known[i].name) == 0) {
			claim->algorithm = known[i].algorithm;
			return true;
		}
	}
	/* RFC 8301 3.1 */
	if (strcmp(claim->algorithm_name, "rsa-sha1") == 0)
		return refuse(claim, DKIM_RESULT_POLICY,
		              "SHA-1 is not accepted");
	return refuse(claim, DKIM_RESULT_NEUTRAL, "an unknown algorithm");
}

static bool read_canonicalization(struct reading *reading)
{
	static const struct {
		const char *name;
		bool relaxed_body;
	} known[] = {
		{ "simple", false },         { "relaxed", false },
		{ "simple/simple", false },  { "simple/relaxed", true },
		{ "relaxed/simple", false }, { "relaxed/relaxed", true },
	};
	const char *name = get(reading, "c");

	if (name == NULL)
		return true;
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		if (g_ascii_strcasecmp(name, known[i].name) == 0) {
			reading->claim->relaxed_body = known[i].relaxed_body;
			return true;
		}
	}
	return refuse(reading->claim, DKIM_RESULT_NEUTRAL,
	              "an unknown canonicalization");
}

/* RFC 6376 5.4: From is always signed. */
static bool read_signed_fields(struct reading *reading)
{
	const char *list = get(reading, "h");
	g_auto(GStrv) names = NULL;

	if (strlen(list) >= DKIM_LIST_MAX)
		return refuse(reading->claim, DKIM_RESULT_NEUTRAL,
		              "h= is too long");
	names = g_strsplit(list, ":", -1);
	if (g_strv_length(names) > DKIM_NAMES_MAX)
		return refuse(reading->claim, DKIM_RESULT_NEUTRAL,
		              "h= names too many fields");
	for (char **name = names; *name != NULL; name++) {
		if (g_ascii_strcasecmp(*name, "from") == 0)
			return true;
	}
	return refuse(reading->claim, DKIM_RESULT_PERMERROR,
	              "From is not signed");
}

static bool read_query_method(struct reading *reading)
{
	const char *method = get(reading, "q");

	if (method == NULL || g_ascii_strcasecmp(method, "dns/txt") == 0)
		return true;
	return refuse(reading->claim, DKIM_RESULT_NEUTRAL,
	              "an unknown query method");
}

static bool is_below(const char *name, const char *parent)
{
	size_t name_len = strlen(name);
	size_t parent_len = strlen(parent);

	if (name_len == parent_len)
		return strcmp(name, parent) == 0;
	return name_len > parent_len &&
	       name[name_len - parent_len - 1] == '.' &&
	       strcmp(name + name_len - parent_len, parent) == 0;
}

static bool read_identity(struct reading *reading)
{
	struct dkim_claim *claim = reading->claim;
	const char *identity = get(reading, "i");
	const char *at;

	if (identity == NULL) {
		claim->identity_domain = g_strdup(claim->domain);
		return true;
	}
	at = strrchr(identity, '@');
	if (at == NULL || !is_domain(at + 1))
		return refuse(claim, DKIM_RESULT_NEUTRAL, "i= is no identity");
	claim->identity_domain = g_ascii_strdown(at + 1, -1);
	if (!is_below(claim->identity_domain, claim->domain))
		return refuse(claim, DKIM_RESULT_PERMERROR,
		              "i= is outside of d=");
	return true;
}

static bool read_length(struct reading *reading)
{
	const char *length = get(reading, "l");

	if (length == NULL)
		return true;
	reading->claim->has_length = true;
	if (!number_parse(length, &reading->claim->length))
		return refuse(reading->claim, DKIM_RESULT_NEUTRAL,
		              "l= is no number");
	return true;
}

static bool read_times(struct reading *reading)
{
	struct dkim_claim *claim = reading->claim;
	const char *signed_text = get(reading, "t");
	const char *expires_text = get(reading, "x");
	guint64 signed_at = 0, expires_at = 0;

	if ((signed_text != NULL && !number_parse(signed_text, &signed_at)) ||
	    (expires_text != NULL && !number_parse(expires_text, &expires_at)))
		return refuse(claim, DKIM_RESULT_NEUTRAL,
		              "t= or x= is no number");
	if (signed_text != NULL &&
	    (gint64)signed_at > reading->now + CLOCK_SKEW)
		return refuse(claim, DKIM_RESULT_PERMERROR,
		              "dated in the future");
	if (expires_text == NULL)
		return true;
	if (signed_text != NULL && expires_at <= signed_at)
		return refuse(claim, DKIM_RESULT_PERMERROR,
		              "expires before it was made");
	if ((gint64)expires_at + CLOCK_SKEW <= reading->now)
		return refuse(claim, DKIM_RESULT_PERMERROR, "expired");
	return true;
}

static bool read_hashes(struct reading *reading)
{
	struct dkim_claim *claim = reading->claim;

	claim->signature = dkim_base64_decode(get(reading, "b"));
	claim->body_hash = dkim_base64_decode(get(reading, "bh"));
	if (claim->signature == NULL)
		return refuse(claim, DKIM_RESULT_NEUTRAL, "b= is corrupt");
	if (claim->body_hash == NULL)
		return refuse(claim, DKIM_RESULT_NEUTRAL, "bh= is corrupt");
	return true;
}

static void read_claim(struct reading *reading)
{
	static bool (*const steps[])(struct reading *) = {
		read_required,         read_key_name,     read_algorithm,
		read_canonicalization, read_query_method, read_signed_fields,
		read_identity,         read_length,       read_times,
		read_hashes,
	};

	read_names(reading);
	for (size_t i = 0; i < G_N_ELEMENTS(steps); i++) {
		if (!steps[i](reading))
			return;
	}
}

static void fill_empty(char **field)
{
	if (*field == NULL)
		*field = g_strdup("");
}

struct dkim_claim *dkim_claim_parse(const char *value, size_t len, gint64 now)
{
	struct dkim_claim *claim = g_new0(struct dkim_claim, 1);
	const char *why = NULL;
	g_autoptr(GHashTable) tags = dkim_tags_parse(value, len, false, &why);
	struct reading reading = { claim, tags, now };

	if (tags == NULL)
		refuse(claim, DKIM_RESULT_NEUTRAL, why);
	else
		read_claim(&reading);
	fill_empty(&claim->domain);
	fill_empty(&claim->selector);
	fill_empty(&claim->algorithm_name);
	fill_empty(&claim->b_prefix);
	fill_empty(&claim->identity_domain);
	return claim;
}

void dkim_claim_free(struct dkim_claim *claim)
{
	if (claim == NULL)
		return;
	g_free(claim->domain);
	g_free(claim->selector);
	g_free(claim->algorithm_name);
	g_free(claim->b_prefix);
	g_free(claim->identity_domain);
	g_clear_pointer(&claim->signature, g_bytes_unref);
	g_clear_pointer(&claim->body_hash, g_bytes_unref);
	g_free(claim);
}
