/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/template.h - texts for people, files with {{field}}
 *
 * <dir>/<language>/<name>.txt: "Subject: ..." on the first line, an empty
 * line, then the body. {{field}} is replaced, an unknown field is an error at
 * load time; {{#field}} ... {{/field}} stays only if the field is not empty.
 * Replaced text is never read again for fields. A missing language falls
 * back to pt_BR's parts of the chain: asked, site's, pt_BR.
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

/* Errors: CONFIG with file, line and the field. */
struct template *template_load(const char *dir, const char *language,
			       const char *name, GError **error) NODISCARD;
void template_free(struct template *template);
DEFINE_AUTO(template)

/* Fills in; owned by the caller. Subjects lose line ends. */
void template_fill(const struct template *template,
		   const struct template_value *values, char **ret_subject,
		   char **ret_body);

/* The fields any template may name (NULL-terminated, borrowed). */
const char *const *template_fields(void);

#endif
