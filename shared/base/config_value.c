/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * config_value.c - the types a key of the configuration can have
 *
 * A type is a row: how it is stored, and the check of a string or the units
 * of a number or the words of an enum. Lists check each item as their type's
 * string would be.
 */
#include "base/config_value.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/service.h"

enum storage { STORED_STRING, STORED_LIST, STORED_NUMBER, STORED_ENUM };

struct unit {
	const char *name;
	guint64 factor;
};

struct word {
	const char *name;
	unsigned value;
};

struct type {
	enum storage storage;
	const char *(*check)(const char *text); /* what is wrong, or NULL */
	unsigned base;
	const struct unit *units; /* smallest first, the bare number first */
	const struct word *words;
};

static const struct unit units_none[] = { { "", 1 }, { NULL, 0 } };

static const struct unit units_size[] = {
	{ "", 1 }, { "K", KIB }, { "M", MIB }, { "G", 1024 * MIB }, { NULL, 0 },
};

static const struct unit units_seconds[] = {
	{ "", 1 },     { "s", 1 },     { "m", 60 },
	{ "h", 3600 }, { "d", 86400 }, { NULL, 0 },
};

static const struct unit units_milliseconds[] = {
	{ "", 1 }, { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { NULL, 0 },
};

static const struct word words_target[] = {
	{ "auto", LOG_TARGET_AUTO },
	{ "syslog", LOG_TARGET_SYSLOG },
	{ "stderr", LOG_TARGET_STDERR },
	{ NULL, 0 },
};

static const struct word words_level[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
	{ NULL, 0 },
};

static const char *check_any(const char *text)
{
	(void)text;
	return NULL;
}

/* It stands behind the "@" of Message-IDs: RFC 5322, 3.2.3 dot-atom. */
static const char *check_host(const char *text)
{
	if (text[0] == '\0')
		return NULL;
	if (text[0] == '.' || g_str_has_suffix(text, ".") ||
	    strstr(text, "..") != NULL)
		return "has an empty label";
	for (; *text != '\0'; text++) {
		if (!g_ascii_isalnum(*text) && strchr("-_.", *text) == NULL)
			return "is not a host name of letters, digits, "
			       "hyphens and dots";
	}
	return NULL;
}

static const char *check_path(const char *text)
{
	return text[0] == '\0' || text[0] == '/' ? NULL
	                                         : "is not an absolute path";
}

static const char *check_socket(const char *text)
{
	return service_address_check(text, NULL)
	               ? NULL
	               : "is neither unix:/path nor inet:host:port";
}

static const char *check_smtp_url(const char *text)
{
	size_t scheme = strlen("smtp://");

	if (g_str_has_prefix(text, "smtps://"))
		scheme = strlen("smtps://");
	else if (!g_str_has_prefix(text, "smtp://"))
		return "is not smtp://host:port or smtps://host:port";
	if (text[scheme] == '\0' || strpbrk(text + scheme, " /@?#") != NULL)
		return "is more or less than smtp://host:port";
	return NULL;
}

static const char *check_language(const char *text)
{
	static const char *const languages[] = { "pt_BR", "en", "es", NULL };

	return g_strv_contains(languages, text) ? NULL
	                                        : "is not pt_BR, en or es";
}

static const char *check_ref_prefix(const char *text)
{
	return ref_prefix_is_valid(text) ? NULL : "is not 2 to 8 letters A-Z";
}

/* "127.0.0.1@5353" or a bare address. */
static const char *check_server(const char *text)
{
	const char *at = strchr(text, '@');
	g_autofree char *address = NULL;
	guint64 port;

	address = at != NULL ? g_strndup(text, (gsize)(at - text))
	                     : g_strdup(text);
	if (!g_hostname_is_ip_address(address) ||
	    (at != NULL &&
	     !g_ascii_string_to_unsigned(at + 1, 10, 1, 65535, &port, NULL)))
		return "is not ADDRESS or ADDRESS@PORT";
	return NULL;
}

static const char *check_network(const char *text)
{
	g_autoptr(GInetAddressMask) mask =
		g_inet_address_mask_new_from_string(text, NULL);

	return mask != NULL ? NULL
	                    : "is not a network such as 192.0.2.0/24 or "
	                      "2001:db8::/32";
}

static const char *check_time_zone(const char *text)
{
	return text[0] != '\0' ? clock_zone_complaint(text) : NULL;
}

/* Milliseconds since 1970 stay far from their end. */
#define WINDOW_SECONDS_MAX ((guint64)366 * 86400)

static const char *check_window(const char *text)
{
	guint64 count, seconds;

	if (!config_window_parse(text, &count, &seconds))
		return "is not COUNT/DURATION such as 10/30m";
	if (count == 0 || count > G_MAXINT32)
		return "counts to less than 1 or too far";
	return seconds > 0 && seconds <= WINDOW_SECONDS_MAX
	               ? NULL
	               : "is shorter than 1s or longer than 366d";
}

static const struct type types[] = {
	[CONFIG_TYPE_TEXT] = { STORED_STRING, .check = check_any },
	[CONFIG_TYPE_HOST] = { STORED_STRING, .check = check_host },
	[CONFIG_TYPE_PATH] = { STORED_STRING, .check = check_path },
	[CONFIG_TYPE_SOCKET] = { STORED_STRING, .check = check_socket },
	[CONFIG_TYPE_SMTP_URL] = { STORED_STRING, .check = check_smtp_url },
	[CONFIG_TYPE_LANGUAGE] = { STORED_STRING, .check = check_language },
	[CONFIG_TYPE_REF_PREFIX] = { STORED_STRING, .check = check_ref_prefix },
	[CONFIG_TYPE_TIME_ZONE] = { STORED_STRING, .check = check_time_zone },
	[CONFIG_TYPE_SERVERS] = { STORED_LIST, .check = check_server },
	[CONFIG_TYPE_PATHS] = { STORED_LIST, .check = check_path },
	[CONFIG_TYPE_NETWORKS] = { STORED_LIST, .check = check_network },
	[CONFIG_TYPE_WINDOWS] = { STORED_LIST, .check = check_window },
	[CONFIG_TYPE_COUNT] = { STORED_NUMBER, .base = 10,
	                        .units = units_none },
	[CONFIG_TYPE_MODE] = { STORED_NUMBER, .base = 8, .units = units_none },
	[CONFIG_TYPE_SIZE] = { STORED_NUMBER, .base = 10, .units = units_size },
	[CONFIG_TYPE_SECONDS] = { STORED_NUMBER, .base = 10,
	                          .units = units_seconds },
	[CONFIG_TYPE_MILLISECONDS] = { STORED_NUMBER, .base = 10,
	                               .units = units_milliseconds },
	[CONFIG_TYPE_LOG_TARGET] = { STORED_ENUM, .words = words_target },
	[CONFIG_TYPE_LOG_LEVEL] = { STORED_ENUM, .words = words_level },
};
G_STATIC_ASSERT(G_N_ELEMENTS(types) == CONFIG_TYPE__COUNT);
G_STATIC_ASSERT(sizeof(enum log_target) == sizeof(unsigned) &&
                sizeof(enum log_level) == sizeof(unsigned));

static void *member(const struct config_field *field, struct config *config)
{
	return (char *)config + field->offset;
}

static const void *const_member(const struct config_field *field,
                                const struct config *config)
{
	return (const char *)config + field->offset;
}

static char *bounds_reason(const struct config_field *field, const char *what)
{
	g_autofree char *min = config_number_dup(field->type, field->min);
	g_autofree char *max = config_number_dup(field->type, field->max);

	return g_strdup_printf("%s is not between %s and %s", what, min, max);
}

static char *quoted_reason(const char *text, const char *why)
{
	return g_strdup_printf("\"%s\" %s", text, why);
}

static char *set_string(const struct config_field *field, const char *text,
                        void *slot)
{
	char **string = slot;
	size_t len = strlen(text);
	const char *why = types[field->type].check(text);

	if (why != NULL)
		return quoted_reason(text, why);
	if (len == 0 && field->min > 0)
		return g_strdup("must not be empty");
	if (len < field->min || len > field->max)
		return bounds_reason(field, "the length");
	g_free(*string);
	*string = g_strdup(text);
	return NULL;
}

static char *set_list(const struct config_field *field, const char *text,
                      void *slot)
{
	char ***list = slot;
	g_auto(GStrv) pieces = g_strsplit(text, ";", -1);
	g_autoptr(GPtrArray) items = g_ptr_array_new_with_free_func(g_free);

	for (char **piece = pieces; *piece != NULL; piece++) {
		const char *item = g_strstrip(*piece);
		const char *why;

		if (item[0] == '\0')
			continue;
		why = types[field->type].check(item);
		if (why != NULL)
			return quoted_reason(item, why);
		g_ptr_array_add(items, g_strdup(item));
	}
	if (items->len < field->min || items->len > field->max)
		return bounds_reason(field, "the number of items");
	g_ptr_array_add(items, NULL);
	g_strfreev(*list);
	*list = (char **)g_ptr_array_free(g_steal_pointer(&items), FALSE);
	return NULL;
}

/* Digits and a unit, without a sign and without overflow. */
static bool parse_number(const struct type *type, const char *text,
                         guint64 *ret_number)
{
	guint64 digits;
	char *end;

	if (!g_ascii_isdigit(text[0]))
		return false;
	errno = 0;
	digits = g_ascii_strtoull(text, &end, type->base);
	if (errno != 0)
		return false;
	for (const struct unit *unit = type->units; unit->name != NULL;
	     unit++) {
		if (g_ascii_strcasecmp(end, unit->name) == 0)
			return g_uint64_checked_mul(ret_number, digits,
			                            unit->factor);
	}
	return false;
}

bool config_window_parse(const char *text, guint64 *ret_count,
                         guint64 *ret_seconds)
{
	static const struct type whole = { .base = 10, .units = units_none };
	const char *slash = strchr(text, '/');
	g_autofree char *count = NULL;
	guint64 number, seconds;

	if (slash == NULL)
		return false;
	count = g_strndup(text, (gsize)(slash - text));
	if (!parse_number(&whole, count, &number) ||
	    !parse_number(&types[CONFIG_TYPE_SECONDS], slash + 1, &seconds))
		return false;
	*ret_count = number;
	*ret_seconds = seconds;
	return true;
}

static char *number_reason(const struct type *type, const char *text)
{
	GString *out = g_string_new(NULL);

	g_string_printf(out, "\"%s\" is not %s number", text,
	                type->base == 8 ? "an octal" : "a");
	for (const struct unit *unit = type->units; unit->name != NULL;
	     unit++) {
		if (unit->name[0] != '\0')
			g_string_append_printf(
				out, "%s%s",
				unit == type->units + 1 ? " with unit " : ", ",
				unit->name);
	}
	return g_string_free(out, FALSE);
}

static char *set_number(const struct config_field *field, const char *text,
                        void *slot)
{
	const struct type *type = &types[field->type];
	guint64 number;

	if (!parse_number(type, text, &number))
		return number_reason(type, text);
	if (number < field->min || number > field->max)
		return bounds_reason(field, text);
	*(guint64 *)slot = number;
	return NULL;
}

static char *set_enum(const struct config_field *field, const char *text,
                      void *slot)
{
	const struct word *words = types[field->type].words;
	GString *reason;

	for (const struct word *word = words; word->name != NULL; word++) {
		if (strcmp(word->name, text) == 0) {
			*(unsigned *)slot = word->value;
			return NULL;
		}
	}
	reason = g_string_new(NULL);
	g_string_printf(reason, "\"%s\" is not one of", text);
	for (const struct word *word = words; word->name != NULL; word++)
		g_string_append_printf(reason, "%s %s",
		                       word == words ? "" : ",", word->name);
	return g_string_free(reason, FALSE);
}

char *config_value_set(const struct config_field *field, struct config *config,
                       const char *text)
{
	static char *(*const setters[])(const struct config_field *,
	                                const char *, void *) = {
		[STORED_STRING] = set_string,
		[STORED_LIST] = set_list,
		[STORED_NUMBER] = set_number,
		[STORED_ENUM] = set_enum,
	};

	return setters[types[field->type].storage](field, text,
	                                           member(field, config));
}

char *config_number_dup(enum config_type type, guint64 number)
{
	const struct unit *best = types[type].units;

	if (types[type].base == 8)
		return g_strdup_printf("%04" G_GINT64_MODIFIER "o", number);
	if (best == NULL)
		best = units_none;
	for (const struct unit *unit = best; unit->name != NULL; unit++) {
		if (number != 0 && number % unit->factor == 0)
			best = unit;
	}
	return g_strdup_printf("%" G_GUINT64_FORMAT "%s", number / best->factor,
	                       best->name);
}

static char *dup_enum(const struct type *type, unsigned value)
{
	for (const struct word *word = type->words; word->name != NULL;
	     word++) {
		if (word->value == value)
			return g_strdup(word->name);
	}
	return g_strdup("");
}

char *config_value_dup(const struct config_field *field,
                       const struct config *config)
{
	const struct type *type = &types[field->type];
	const void *slot = const_member(field, config);

	switch (type->storage) {
	case STORED_STRING:
		return g_strdup(*(char *const *)slot);
	case STORED_LIST:
		return g_strjoinv(";", *(char **const *)slot);
	case STORED_NUMBER:
		return config_number_dup(field->type, *(const guint64 *)slot);
	case STORED_ENUM:
		return dup_enum(type, *(const unsigned *)slot);
	}
	return NULL;
}

void config_value_clear(const struct config_field *field, struct config *config)
{
	void *slot = member(field, config);

	if (types[field->type].storage == STORED_STRING)
		g_clear_pointer((char **)slot, g_free);
	else if (types[field->type].storage == STORED_LIST)
		g_clear_pointer((char ***)slot, g_strfreev);
}
