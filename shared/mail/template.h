/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/template.h - texts for people, files with {{field}}
 *
 * <dir>/<language>/<name>.txt: "Subject: ..." on the first line, an empty
 * line, then the body; UTF-8. {{field}} is replaced, an unknown field is an
 * error at load time; {{#field}} ... {{/field}} stays only if the field is
 * not empty, and a line that holds nothing but such a mark leaves no line.
 * Replaced text is never read again for fields.
 */
#ifndef PORTARIA_MAIL_TEMPLATE_H
#define PORTARIA_MAIL_TEMPLATE_H

#include "base/cleanup.h"

#include <stdbool.h>

struct template;

struct template_value {
	const char *field; /* NULL ends an array */
	const char *value;
};

/*
 * `language` is one language ("es", "pt_BR", "es-AR") or a list in order of
 * preference, "es_AR:en": asked first, then the site's. A language that has
 * no such file is passed over, a country is dropped before ("es"), and pt_BR
 * is always the last. Errors: CONFIG with file, line and the field.
 */
struct template *template_load(const char *dir, const char *language,
                               const char *name, GError **error) NODISCARD;
/* Exactly this file; NOT_FOUND if there is none. */
struct template *template_load_file(const char *path, GError **error) NODISCARD;
void template_free(struct template *template);
DEFINE_AUTO(template)

/* True if the subject or the body names the field. */
bool template_uses(const struct template *template, const char *field);
/* True if somewhere the field is put in although it may be empty: outside of
 * {{#field}} ... {{/field}}. */
bool template_uses_bare(const struct template *template, const char *field);

/* Fills in; owned by the caller. A field without a value is empty. The subject
 * is one line (header_dup_line()); in the body a value loses the line ends at
 * its end, since the template brings its own. */
void template_fill(const struct template *template,
                   const struct template_value *values, char **ret_subject,
                   char **ret_body);

/* The fields any template may name (NULL-terminated, borrowed). */
const char *const *template_fields(void);

#endif
