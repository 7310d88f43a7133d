/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * seal.c - the milter's verdict, sealed for the LMTP agent
 *
 * The mac is taken over the members as they stand in the header, still
 * percent-encoded, so that there is one spelling of a seal only. White space
 * is never part of a value: the field may be folded anywhere on its way.
 * The four covered fields are hashed with runs of white space as one blank,
 * because an MTA may fold them anew between milter and LMTP.
 */
#include "auth/seal.h"

#include "base/clock.h"
#include "base/ids.h"
#include "mail/header.h"

#include <string.h>

#define SEAL_VERSION    "1"
#define SEAL_MAC_BYTES  32
#define SEAL_ID_BYTES   16
#define SEAL_LINE_WIDTH 72

/* The members in their order; the mac comes last and covers all others. */
enum tag {
	TAG_VERSION,
	TAG_KID,
	TAG_ID,
	TAG_TIME,
	TAG_QUEUE_ID,
	TAG_IP,
	TAG_HELO,
	TAG_FROM,
	TAG_LOGIN,
	TAG_DEPARTMENTS,
	TAG_VERDICT,
	TAG_IDENTITY,
	TAG_PROOF,
	TAG_SUMMARY,
	TAG_MAC,
	TAG__COUNT
};

static const char *const tag_names[] = {
	"v",     "kid", "id",      "t",   "q",     "ip",  "helo", "from",
	"login", "d",   "verdict", "who", "proof", "sum", "mac",
};
G_STATIC_ASSERT(G_N_ELEMENTS(tag_names) == TAG__COUNT);

static const char *const verdict_names[] = {
	"accept", "reply", "staff", "bounce", "hold",
};
G_STATIC_ASSERT(G_N_ELEMENTS(verdict_names) == SEAL_VERDICT__COUNT);

static const char *const status_names[] = {
	"valid", "absent", "malformed", "forged", "stale", "other-department",
};
G_STATIC_ASSERT(G_N_ELEMENTS(status_names) == SEAL_STATUS__COUNT);

/* seal_read() refuses a time further ahead than this. */
#define SEAL_AHEAD (5 * CLOCK_MINUTE)

const char *seal_verdict_name(enum seal_verdict verdict)
{
	if ((unsigned)verdict >= SEAL_VERDICT__COUNT)
		return "unknown";
	return verdict_names[verdict];
}

const char *seal_status_name(enum seal_status status)
{
	if ((unsigned)status >= SEAL_STATUS__COUNT)
		return "unknown";
	return status_names[status];
}

struct seal *seal_new(void)
{
	struct seal *seal = g_new0(struct seal, 1);

	seal->id = id_dup_random(SEAL_ID_BYTES);
	seal->time = clock_now();
	seal->queue_id = g_strdup("");
	seal->client_ip = g_strdup("");
	seal->helo = g_strdup("");
	seal->mail_from = g_strdup("");
	seal->login = g_strdup("");
	seal->departments = g_new0(char *, 1);
	seal->verdict = SEAL_HOLD;
	seal->identity = g_strdup("");
	seal->proof = AUTH_UNPROVEN;
	seal->summary = g_strdup("");
	return seal;
}

void seal_free(struct seal *seal)
{
	if (seal == NULL)
		return;
	g_free(seal->id);
	g_free(seal->queue_id);
	g_free(seal->client_ip);
	g_free(seal->helo);
	g_free(seal->mail_from);
	g_free(seal->login);
	g_strfreev(seal->departments);
	g_free(seal->identity);
	g_free(seal->summary);
	g_free(seal);
}

/* --- the covered fields --- */

void seal_headers_clear(struct seal_headers *headers)
{
	g_clear_pointer(&headers->from, g_free);
	g_clear_pointer(&headers->date, g_free);
	g_clear_pointer(&headers->message_id, g_free);
	g_clear_pointer(&headers->subject, g_free);
}

struct covered {
	const char *name;
	char **value;
	unsigned count;
};

/* The milter never sees a NUL (its protocol ends strings there): a field
 * with one cannot be the one that was judged, and counts as absent. */
static void covered_take(struct covered *field, const char *value, size_t len)
{
	if (field->count++ == 0 && memchr(value, '\0', len) == NULL)
		*field->value = g_strndup(value, len);
	else
		g_clear_pointer(field->value, g_free);
}

void seal_headers_read(const char *data, size_t len,
                       struct seal_headers *ret_headers)
{
	struct seal_headers found = { NULL, NULL, NULL, NULL };
	struct covered covered[] = {
		{ "From", &found.from, 0 },
		{ "Date", &found.date, 0 },
		{ "Message-ID", &found.message_id, 0 },
		{ "Subject", &found.subject, 0 },
	};
	struct header_walk walk;
	struct header_field field;

	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field)) {
		for (size_t i = 0; i < G_N_ELEMENTS(covered); i++) {
			if (header_is(&field, covered[i].name))
				covered_take(&covered[i], field.value,
				             field.value_len);
		}
	}
	*ret_headers = found;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What of a field goes into the mac: "+" and the value, white space as one
 * blank and none at the ends; "-" for none. */
static char *covered_dup_text(const char *value)
{
	GString *text;

	if (value == NULL)
		return g_strdup("-");
	text = g_string_new("+");
	for (const char *p = value; *p != '\0'; p++) {
		if (!is_blank(*p))
			g_string_append_c(text, *p);
		else if (p[1] != '\0' && !is_blank(p[1]) && text->len > 1)
			g_string_append_c(text, ' ');
	}
	return g_string_free(text, FALSE);
}

/* --- members --- */

/* Everything that may stand for itself in a value. */
#define PLAIN                                                                  \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"       \
	"-._~@:/+"

static void append_encoded(GString *out, const char *value)
{
	for (const char *p = value; *p != '\0'; p++) {
		if (strchr(PLAIN, *p) != NULL)
			g_string_append_c(out, *p);
		else
			g_string_append_printf(out, "%%%02X",
			                       (unsigned)(unsigned char)*p);
	}
}

static char *encode(const char *value)
{
	GString *out = g_string_new(NULL);

	append_encoded(out, value);
	return g_string_free(out, FALSE);
}

static char *encode_list(char **list)
{
	GString *out = g_string_new(NULL);

	for (char **item = list; *item != NULL; item++) {
		if (item != list)
			g_string_append_c(out, ',');
		append_encoded(out, *item);
	}
	return g_string_free(out, FALSE);
}

/* NULL for anything that encode() does not write. */
static char *decode(const char *text, size_t len)
{
	g_autoptr(GString) out = g_string_new(NULL);

	for (size_t i = 0; i < len; i++) {
		int high, low;

		if (text[i] != '%') {
			if (text[i] == '\0' || strchr(PLAIN, text[i]) == NULL)
				return NULL;
			g_string_append_c(out, text[i]);
			continue;
		}
		if (len - i < 3)
			return NULL;
		high = g_ascii_xdigit_value(text[i + 1]);
		low = g_ascii_xdigit_value(text[i + 2]);
		if (high < 0 || low < 0 || high + low == 0)
			return NULL;
		g_string_append_c(out, (char)(high * 16 + low));
		i += 2;
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static char **decode_list(const char *text)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);

	while (*text != '\0') {
		size_t len = strcspn(text, ",");
		char *item = decode(text, len);

		if (item == NULL || *item == '\0') {
			g_free(item);
			return NULL;
		}
		g_ptr_array_add(list, item);
		text += len;
		if (*text == ',' && *++text == '\0')
			return NULL;
	}
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

/* --- the mac --- */

static void free_values(char **values)
{
	for (unsigned i = 0; i < TAG__COUNT; i++)
		g_free(values[i]);
}

#define COVERED 4

struct mac_input {
	char *texts[COVERED];
	const char *parts[TAG_MAC + COVERED + 1];
};

static void mac_input_init(struct mac_input *input, char *const *values,
                           const struct seal_headers *headers)
{
	const char *const fields[COVERED] = { headers->from, headers->date,
		                              headers->message_id,
		                              headers->subject };

	for (unsigned i = 0; i < TAG_MAC; i++)
		input->parts[i] = values[i];
	for (unsigned i = 0; i < COVERED; i++) {
		input->texts[i] = covered_dup_text(fields[i]);
		input->parts[TAG_MAC + i] = input->texts[i];
	}
	input->parts[TAG_MAC + COVERED] = NULL;
}

static void mac_input_done(struct mac_input *input)
{
	for (unsigned i = 0; i < COVERED; i++)
		g_free(input->texts[i]);
}

/* --- writing --- */

static void fill_values(const struct seal *seal, const char *kid,
                        char *values[TAG__COUNT])
{
	values[TAG_VERSION] = g_strdup(SEAL_VERSION);
	values[TAG_KID] = encode(kid);
	values[TAG_ID] = encode(seal->id);
	values[TAG_TIME] = g_strdup_printf("%" G_GINT64_FORMAT, seal->time);
	values[TAG_QUEUE_ID] = encode(seal->queue_id);
	values[TAG_IP] = encode(seal->client_ip);
	values[TAG_HELO] = encode(seal->helo);
	values[TAG_FROM] = encode(seal->mail_from);
	values[TAG_LOGIN] = encode(seal->login);
	values[TAG_DEPARTMENTS] = encode_list(seal->departments);
	values[TAG_VERDICT] = g_strdup(seal_verdict_name(seal->verdict));
	values[TAG_IDENTITY] = encode(seal->identity);
	values[TAG_PROOF] = g_strdup(auth_proof_name(seal->proof));
	values[TAG_SUMMARY] = encode(seal->summary);
	values[TAG_MAC] = NULL;
}

/* Appends text that may be folded anywhere; *column is where the line is. */
static void append_folding(GString *out, const char *text, size_t *column)
{
	size_t left = strlen(text);

	while (left > 0) {
		size_t room = SEAL_LINE_WIDTH - *column;
		size_t step = MIN(left, room);

		g_string_append_len(out, text, (gssize)step);
		text += step;
		left -= step;
		*column += step;
		if (*column == SEAL_LINE_WIDTH) {
			g_string_append(out, "\n\t");
			*column = 8;
		}
	}
}

static char *fold_members(char *const *values)
{
	GString *out = g_string_new(" ");
	size_t column = strlen(SEAL_HEADER ": ");

	for (unsigned i = 0; i < TAG__COUNT; i++) {
		g_autofree char *member =
			g_strdup_printf("%s=%s%s", tag_names[i], values[i],
		                        i + 1 < TAG__COUNT ? ";" : "");
		size_t len = strlen(member);

		if (i > 0 && column > 8 && column + 1 + len > SEAL_LINE_WIDTH) {
			g_string_append(out, "\n\t");
			column = 8;
		} else if (i > 0 && column > 8) {
			g_string_append_c(out, ' ');
			column++;
		}
		append_folding(out, member, &column);
	}
	if (g_str_has_suffix(out->str, "\n\t"))
		g_string_truncate(out, out->len - 2);
	return g_string_free(out, FALSE);
}

char *seal_format(const struct seal *seal, const struct seal_headers *headers,
                  const struct keyring *ring)
{
	const char *kid = keyring_get_current(ring);
	char *values[TAG__COUNT];
	struct mac_input input;
	char *text;

	fill_values(seal, kid, values);
	mac_input_init(&input, values, headers);
	values[TAG_MAC] =
		token_sign(ring, kid, TOKEN_SEAL, SEAL_MAC_BYTES, input.parts);
	text = fold_members(values);
	mac_input_done(&input);
	free_values(values);
	return text;
}

/* --- reading --- */

/* All members in order, each once, nothing else. */
static bool split_members(const char *value, size_t len,
                          char *ret_values[TAG__COUNT])
{
	g_autoptr(GString) text = g_string_new(NULL);
	char *values[TAG__COUNT] = { NULL };
	const char *p;
	unsigned i;

	for (size_t at = 0; at < len; at++) {
		if (value[at] == '\0')
			return false;
		if (!is_blank(value[at]))
			g_string_append_c(text, value[at]);
	}
	p = text->str;
	for (i = 0; i < TAG__COUNT; i++) {
		size_t name_len = strlen(tag_names[i]);
		size_t value_len;

		if (strncmp(p, tag_names[i], name_len) != 0 ||
		    p[name_len] != '=')
			break;
		p += name_len + 1;
		value_len = strcspn(p, ";");
		values[i] = g_strndup(p, value_len);
		p += value_len;
		if (i + 1 < TAG__COUNT ? *p++ != ';' : *p != '\0')
			break;
	}
	if (i < TAG__COUNT) {
		free_values(values);
		return false;
	}
	memcpy(ret_values, values, sizeof(values));
	return true;
}

static bool verdict_parse(const char *name, enum seal_verdict *ret_verdict)
{
	for (unsigned i = 0; i < SEAL_VERDICT__COUNT; i++) {
		if (strcmp(name, verdict_names[i]) == 0) {
			*ret_verdict = (enum seal_verdict)i;
			return true;
		}
	}
	return false;
}

static bool replace_decoded(char **field, const char *value)
{
	char *text = decode(value, strlen(value));

	if (text == NULL)
		return false;
	g_free(*field);
	*field = text;
	return true;
}

static struct seal *seal_from_values(char *const *values)
{
	AUTO(seal) seal = seal_new();
	const struct {
		char **field;
		enum tag tag;
	} texts[] = {
		{ &seal->id, TAG_ID },
		{ &seal->queue_id, TAG_QUEUE_ID },
		{ &seal->client_ip, TAG_IP },
		{ &seal->helo, TAG_HELO },
		{ &seal->mail_from, TAG_FROM },
		{ &seal->login, TAG_LOGIN },
		{ &seal->identity, TAG_IDENTITY },
		{ &seal->summary, TAG_SUMMARY },
	};
	char **departments;

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		if (!replace_decoded(texts[i].field, values[texts[i].tag]))
			return NULL;
	}
	if (*seal->id == '\0' || strcmp(values[TAG_VERSION], SEAL_VERSION) != 0)
		return NULL;
	if (!g_ascii_string_to_signed(values[TAG_TIME], 10, 0, G_MAXINT64,
	                              &seal->time, NULL))
		return NULL;
	if (!verdict_parse(values[TAG_VERDICT], &seal->verdict) ||
	    !auth_proof_parse(values[TAG_PROOF], &seal->proof))
		return NULL;
	departments = decode_list(values[TAG_DEPARTMENTS]);
	if (departments == NULL)
		return NULL;
	g_strfreev(seal->departments);
	seal->departments = departments;
	return g_steal_pointer(&seal);
}

static bool mac_fits(char *const *values, const struct seal_headers *headers,
                     const struct keyring *ring)
{
	g_autofree char *kid = decode(values[TAG_KID], strlen(values[TAG_KID]));
	struct mac_input input;
	bool fits;

	if (kid == NULL)
		return false;
	mac_input_init(&input, values, headers);
	fits = token_verify(ring, kid, TOKEN_SEAL, SEAL_MAC_BYTES, input.parts,
	                    values[TAG_MAC]);
	mac_input_done(&input);
	return fits;
}

static bool is_stale(const struct seal *seal, guint64 max_age)
{
	gint64 now = clock_now();

	if (seal->time > now)
		return seal->time - now > SEAL_AHEAD;
	return (guint64)(now - seal->time) / (guint64)CLOCK_SECOND > max_age;
}

/* The only field of our name; counts all of them. */
static unsigned find_seal(const char *data, size_t len,
                          struct header_field *ret_field)
{
	struct header_walk walk;
	struct header_field field;
	unsigned count = 0;

	header_walk_init(&walk, data, len);
	while (header_walk_next(&walk, &field)) {
		if (header_is(&field, SEAL_HEADER)) {
			*ret_field = field;
			count++;
		}
	}
	return count;
}

static enum seal_status judge(char *const *values,
                              const struct seal_headers *headers,
                              const struct keyring *ring,
                              const char *department, guint64 max_age,
                              struct seal **ret_seal)
{
	AUTO(seal) seal = seal_from_values(values);

	if (seal == NULL)
		return SEAL_MALFORMED;
	if (!mac_fits(values, headers, ring))
		return SEAL_FORGED;
	if (is_stale(seal, max_age))
		return SEAL_STALE;
	if (!g_strv_contains((const char *const *)seal->departments,
	                     department))
		return SEAL_OTHER_DEPARTMENT;
	*ret_seal = g_steal_pointer(&seal);
	return SEAL_VALID;
}

enum seal_status seal_read(const char *data, size_t len,
                           const struct keyring *ring, const char *department,
                           guint64 max_age, struct seal **ret_seal)
{
	struct header_field field;
	struct seal_headers headers;
	char *values[TAG__COUNT];
	enum seal_status status;
	unsigned count = find_seal(data, len, &field);

	if (count == 0)
		return SEAL_ABSENT;
	if (count > 1 || !split_members(field.value, field.value_len, values))
		return SEAL_MALFORMED;
	seal_headers_read(data, len, &headers);
	status = judge(values, &headers, ring, department, max_age, ret_seal);
	seal_headers_clear(&headers);
	free_values(values);
	return status;
}
