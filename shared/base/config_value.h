/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/config_value.h - from text to a member of struct config and back
 *
 * Private to base: config.c reads files, config_table.c has the rows,
 * config_value.c knows the types.
 */
#ifndef PORTARIA_BASE_CONFIG_VALUE_H
#define PORTARIA_BASE_CONFIG_VALUE_H

#include "base/config.h"

enum config_type {
	/* char *; bounds are bytes */
	CONFIG_TYPE_TEXT,
	CONFIG_TYPE_HOST,
	CONFIG_TYPE_PATH, /* absolute */
	CONFIG_TYPE_SOCKET,
	CONFIG_TYPE_SMTP_URL,
	CONFIG_TYPE_LANGUAGE,
	CONFIG_TYPE_REF_PREFIX,
	CONFIG_TYPE_TIME_ZONE,
	/* char **; bounds are numbers of items */
	CONFIG_TYPE_SERVERS,
	CONFIG_TYPE_PATHS,
	CONFIG_TYPE_NETWORKS,
	CONFIG_TYPE_WINDOWS, /* "10/30m" */
	/* guint64 */
	CONFIG_TYPE_COUNT,
	CONFIG_TYPE_MODE, /* octal */
	CONFIG_TYPE_SIZE,
	CONFIG_TYPE_SECONDS,
	CONFIG_TYPE_MILLISECONDS,
	/* enum */
	CONFIG_TYPE_LOG_TARGET,
	CONFIG_TYPE_LOG_LEVEL,
	CONFIG_TYPE__COUNT
};

struct config_field {
	struct config_row row;
	enum config_type type;
	size_t offset; /* of the member in struct config */
	guint64 min;
	guint64 max;
};

/* The fields in the order of config_row_get(); NULL past the last. */
const struct config_field *config_field_get(unsigned index);

/* Sets the member; NULL, or why the text is no such value (owned by the
 * caller, the member keeps its old value). */
char *config_value_set(const struct config_field *field, struct config *config,
                       const char *text) NODISCARD;

/* The member as text that config_value_set() takes; owned by the caller. */
char *config_value_dup(const struct config_field *field,
                       const struct config *config);

/* A number as text with the largest unit of its type that is exact. */
char *config_number_dup(enum config_type type, guint64 number);

void config_value_clear(const struct config_field *field,
                        struct config *config);

#endif
