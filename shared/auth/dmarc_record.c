/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dmarc_record.c - one DMARC policy record
 */
#include "auth/dmarc_record.h"

#include <string.h>

#define TAGS_MAX 64

static const char *const policy_names[] = { "none", "quarantine", "reject" };
G_STATIC_ASSERT(G_N_ELEMENTS(policy_names) == DMARC_POLICY__COUNT);

const char *dmarc_policy_name(enum dmarc_policy policy)
{
	if ((unsigned)policy >= DMARC_POLICY__COUNT)
		return "unknown";
	return policy_names[policy];
}

struct reading {
	struct dmarc_record *record;
	bool has_p;
	bool has_sp;
	bool bad_policy; /* p, sp or np with an unknown value */
	bool has_rua;
};

static bool read_policy(struct reading *reading, const char *value,
                        enum dmarc_policy *ret_policy)
{
	for (unsigned i = 0; i < DMARC_POLICY__COUNT; i++) {
		if (g_ascii_strcasecmp(value, policy_names[i]) == 0) {
			*ret_policy = (enum dmarc_policy)i;
			return true;
		}
	}
	reading->bad_policy = true;
	return false;
}

static void read_p(struct reading *reading, const char *value)
{
	reading->has_p = read_policy(reading, value, &reading->record->p);
}

static void read_sp(struct reading *reading, const char *value)
{
	reading->has_sp = read_policy(reading, value, &reading->record->sp);
}

static void read_np(struct reading *reading, const char *value)
{
	reading->record->has_np =
		read_policy(reading, value, &reading->record->np);
}

static void read_psd(struct reading *reading, const char *value)
{
	if (g_ascii_strcasecmp(value, "y") == 0)
		reading->record->psd = DMARC_PSD_YES;
	else if (g_ascii_strcasecmp(value, "n") == 0)
		reading->record->psd = DMARC_PSD_NO;
}

static void read_adkim(struct reading *reading, const char *value)
{
	reading->record->strict_dkim = g_ascii_strcasecmp(value, "s") == 0;
}

static void read_aspf(struct reading *reading, const char *value)
{
	reading->record->strict_spf = g_ascii_strcasecmp(value, "s") == 0;
}

static void read_t(struct reading *reading, const char *value)
{
	reading->record->testing = g_ascii_strcasecmp(value, "y") == 0;
}

/* One URI that could be one is enough: scheme, colon, something. */
static void read_rua(struct reading *reading, const char *value)
{
	g_auto(GStrv) uris = g_strsplit(value, ",", -1);

	for (char **uri = uris; *uri != NULL; uri++) {
		g_autofree char *scheme = g_uri_parse_scheme(g_strstrip(*uri));

		if (scheme != NULL && strlen(*uri) > strlen(scheme) + 1)
			reading->has_rua = true;
	}
}

static const struct {
	const char *name;
	void (*read)(struct reading *reading, const char *value);
} tags[] = {
	{ "p", read_p },       { "sp", read_sp },   { "np", read_np },
	{ "psd", read_psd },   { "t", read_t },     { "adkim", read_adkim },
	{ "aspf", read_aspf }, { "rua", read_rua },
};

/* The first of equal tags counts. */
static void read_tag(struct reading *reading, char *item, unsigned *seen)
{
	char *value = strchr(item, '=');

	if (value == NULL)
		return;
	*value++ = '\0';
	g_strstrip(item);
	g_strstrip(value);
	for (unsigned i = 0; i < G_N_ELEMENTS(tags); i++) {
		if (g_ascii_strcasecmp(item, tags[i].name) == 0 &&
		    (*seen & 1u << i) == 0) {
			*seen |= 1u << i;
			tags[i].read(reading, value);
		}
	}
}

/* "v" WSP "=" WSP "DMARC1" WSP, then ";" or the end. */
static bool is_version(char *item)
{
	char *value = strchr(item, '=');

	if (value == NULL)
		return false;
	*value++ = '\0';
	return g_ascii_strcasecmp(g_strstrip(item), "v") == 0 &&
	       strcmp(g_strstrip(value), "DMARC1") == 0;
}

/* RFC 9989: without a valid p, or with an invalid sp or np, a record asks
 * for nothing but reports if it says where to send them, else for nothing. */
static void settle(struct reading *reading)
{
	struct dmarc_record *record = reading->record;

	record->usable = reading->has_p && !reading->bad_policy;
	if (!record->usable && reading->has_rua) {
		record->usable = true;
		record->p = DMARC_POLICY_NONE;
		reading->has_sp = false;
		record->has_np = false;
	}
	if (!reading->has_sp)
		record->sp = record->p;
	if (!record->has_np)
		record->np = record->sp;
}

bool dmarc_record_parse(const char *text, size_t len,
                        struct dmarc_record *ret_record)
{
	struct dmarc_record record = { .p = DMARC_POLICY_NONE };
	struct reading reading = { .record = &record };
	g_autofree char *copy = NULL;
	g_auto(GStrv) items = NULL;
	unsigned seen = 0;

	if (len == 0 || g_ascii_tolower(text[0]) != 'v' ||
	    memchr(text, '\0', len) != NULL)
		return false;
	copy = g_strndup(text, len);
	items = g_strsplit(copy, ";", TAGS_MAX);
	if (items[0] == NULL || !is_version(items[0]))
		return false;
	for (char **item = items + 1; *item != NULL; item++)
		read_tag(&reading, *item, &seen);
	settle(&reading);
	*ret_record = record;
	return true;
}
