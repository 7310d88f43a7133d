/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * output.h - rows for people (a table) or for programs (a JSON object a line)
 *
 * A verb writes each row once: output_begin(), members, output_end(). Table
 * headings are the upper-cased keys of the first row of a kind; members
 * written with output_json_* appear in JSON only.
 */
#ifndef PORTARIA_CLI_OUTPUT_H
#define PORTARIA_CLI_OUTPUT_H

#include "base/cleanup.h"

#include <stdbool.h>

struct output;

struct output *output_new(bool json);
/* Prints what is left of the table. */
void output_free(struct output *out);
bool output_is_json(const struct output *out);
/* Rows so far: a list without any exits 1. */
unsigned output_rows(const struct output *out);

/* object: "ticket", "department", ... */
void output_begin(struct output *out, const char *object);
void output_end(struct output *out);

void output_text(struct output *out, const char *key, const char *value);
void output_number(struct output *out, const char *key, gint64 value);
void output_flag(struct output *out, const char *key, bool value);
/* 63-bit ids are strings in JSON: a double cannot hold them. */
void output_id(struct output *out, const char *key, gint64 id);
/* Local time for people, ISO 8601 in JSON; 0 is empty. */
void output_time(struct output *out, const char *key, gint64 ms);
/* Joined with ", " for people, an array in JSON. */
void output_list(struct output *out, const char *key, char *const *values);

/* JSON only. */
void output_json_text(struct output *out, const char *key, const char *value);
void output_json_id(struct output *out, const char *key, gint64 id);
void output_json_time(struct output *out, const char *key, gint64 ms);
void output_json_flag(struct output *out, const char *key, bool value);
void output_json_number(struct output *out, const char *key, gint64 value);
void output_list_json(struct output *out, const char *key,
		      char *const *values);
/* Nested: between these the output_json_* functions fill one object of the
 * array `key` ... */
void output_array_begin(struct output *out, const char *key);
void output_array_end(struct output *out);
void output_object_begin(struct output *out);
void output_object_end(struct output *out);
/* ... or one object member. */
void output_member_begin(struct output *out, const char *key);

/* A sentence for people, nothing in JSON. */
void output_say(struct output *out, const char *fmt, ...) G_GNUC_PRINTF(2, 3);

#endif
