/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli.h - the frame of the `portaria` command: nouns, verbs, what they share
 *
 * A noun is a table of verbs, a verb a function with its options. Each file
 * noun_*.c has one noun; nouns.c lists them. A verb returns false with a
 * GError whose code becomes the exit status (base/error.h).
 */
#ifndef PORTARIA_CLI_CLI_H
#define PORTARIA_CLI_CLI_H

#include "base/config.h"
#include "cli/output.h"
#include "desk/conversation.h"
#include "desk/desk.h"

struct cli {
	const struct config *config;
	struct output *out;
	struct desk *desk;   /* cli_desk() */
	struct store *store; /* cli_store() */
	const char *as;      /* --as: who acts, or NULL */
};

struct verb {
	const char *name;
	const char *arguments; /* "REF STATUS", "" if none */
	const char *summary;
	const GOptionEntry *options; /* NULL if none */
	int min;                     /* arguments that must be there */
	int max;                     /* -1: any number */
	bool (*run)(struct cli *cli, char **arguments, GError **error);
};

struct noun {
	const char *name;
	const char *summary;
	const struct verb *verbs; /* ends with a NULL name */
};

extern const struct noun noun_config, noun_key, noun_db, noun_department,
	noun_customer, noun_staff, noun_ticket, noun_held, noun_outbox, noun_template,
	noun_postfix, noun_abuse, noun_retention;
extern const struct noun noun_audit, noun_privacy;
/* Verbs without a noun: explain, doctor. */
extern const struct noun noun_none;

/* noun_config.c: --defaults was given, which works without a file. */
bool config_show_needs_no_file(void);

/* Opened at first use, borrowed; NULL and error if that fails. */
struct desk *cli_desk(struct cli *cli, GError **error) NODISCARD;
struct store *cli_store(struct cli *cli, GError **error) NODISCARD;

/* Opens the store and begins; cli_end commits if ok, else rolls back, and
 * returns whether everything went well. */
struct store *cli_begin(struct cli *cli, GError **error) NODISCARD;
bool cli_end(struct cli *cli, bool ok, GError **error) NODISCARD;

/* The member of staff who acts: --as, $USER, or the only administrator. */
struct staff *cli_actor(struct cli *cli, GError **error) NODISCARD;

/* Who acts where no member of staff must: a login as above, else "cli:" and
 * the name of the system's user. Owned by the caller. */
char *cli_dup_actor(struct cli *cli, GError **error) NODISCARD;
/* An audit row in the open transaction. object: kind and number or name,
 * "customer 12"; like detail it must name no customer, for it is never
 * erased. Returns `ok` if that is false: the change before it has failed. */
bool cli_audit(struct cli *cli, bool ok, const char *action,
	       const char *object, const char *detail, GError **error)
	NODISCARD;
/* "customer 12"; owned by the caller. */
char *cli_dup_object(const char *kind, gint64 id);

/* USAGE error with what is wrong and the verb's help to look at. */
bool cli_usage(GError **error, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

/* "123" as a positive id; USAGE otherwise. */
bool cli_parse_id(const char *text, gint64 *ret_id, GError **error) NODISCARD;
/* An address in key form; USAGE otherwise. Owned by the caller. */
char *cli_parse_address(const char *text, GError **error) NODISCARD;
/* English or Portuguese words. */
bool cli_parse_status(const char *text, enum ticket_status *ret,
		      GError **error) NODISCARD;
bool cli_parse_priority(const char *text, enum ticket_priority *ret,
			GError **error) NODISCARD;
/* "pt_BR", "en" or "es"; USAGE otherwise. */
bool cli_check_language(const char *text, GError **error) NODISCARD;

/* "America/Recife"; NULL and "" are fine; USAGE otherwise. */
bool cli_check_time_zone(const char *text, GError **error) NODISCARD;

/* Something to read, UTF-8; USAGE names what it is ("--name"). */
bool cli_check_text(const char *what, const char *text, GError **error)
	NODISCARD;
/* The value of --limit as it was written; NULL, not given, is 100. */
bool cli_check_limit(const char *text, unsigned *ret_limit, GError **error)
	NODISCARD;
/* A department of this name; USAGE if there is none. */
bool cli_check_department(struct store *store, const char *name,
			  GError **error) NODISCARD;

/* A file's bytes, "-" or NULL for standard input, at most `max`. */
GBytes *cli_read(const char *path, guint64 max, GError **error) NODISCARD;

/* The bytes to standard output. */
bool cli_write_bytes(GBytes *bytes, GError **error) NODISCARD;

/* One value of the table of options of a verb, with a text behind it. */
#define CLI_TEXT(name, variable, help, word)                                   \
	{ name, 0, 0, G_OPTION_ARG_FILENAME, variable, help, word }
#define CLI_LIST(name, variable, help, word)                                   \
	{ name, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, variable, help, word }
#define CLI_FLAG(name, variable, help)                                         \
	{ name, 0, 0, G_OPTION_ARG_NONE, variable, help, NULL }
#define CLI_NUMBER(name, variable, help, word)                                 \
	{ name, 0, 0, G_OPTION_ARG_INT, variable, help, word }

#endif
