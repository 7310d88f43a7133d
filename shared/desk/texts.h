/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/texts.h - which texts for people there are, and what each may say
 *
 * A text is a file of server.template_dir (the shipped ones), unless the site
 * has one of its own in server.own_template_dir. One of its own with a
 * mistake is passed over: the shipped one is sent, and the complaint is kept
 * for whoever starts the program. So a mail never has a hole.
 */
#ifndef PORTARIA_DESK_TEXTS_H
#define PORTARIA_DESK_TEXTS_H

#include "base/config.h"
#include "mail/template.h"

/*
 * What a text is for. fields: the names of those that have a value in it, each
 * followed by marks: "?" it may be empty, so it stands in a section of its own
 * name; "!" it must be there; "^" the subject must have it in brackets,
 * "[{{ref}}]", so that answers come back.
 */
struct texts_kind {
	const char *name;
	const char *fields;
	const char *about; /* one line, for lists */
};
/* NULL past the last. */
const struct texts_kind *texts_kind_get(unsigned index);
const char *texts_language_get(unsigned index);

/* One text in one language. */
struct texts_file {
	char *path;                /* of what is sent; NULL: there is none */
	struct template *template; /* the same */
	bool own;
	char *complaint; /* why the site's own is not sent, NULL: nothing */
};

struct texts;
/* CONFIG if a shipped text is wrong, or is in neither the site's language nor
 * pt_BR. */
struct texts *texts_load(const struct config_server *server, GError **error)
	NODISCARD;
void texts_free(struct texts *texts);
DEFINE_AUTO(texts)

/* The first of the languages that has the text, else the site's, else pt_BR;
 * NULL and unknown languages are skipped. Borrowed; NULL for a name that is
 * none. */
const struct template *texts_find(const struct texts *texts, const char *name,
				  const char *first, const char *second);
/* By the indexes above; borrowed. */
const struct texts_file *texts_file_get(const struct texts *texts,
					unsigned name, unsigned language);
/* Files of own_template_dir that no program reads, and all complaints, one
 * line each; NULL-terminated, borrowed. */
const char *const *texts_complaints(const struct texts *texts);

/* What is wrong with a template for this use, one line each; g_strfreev.
 * Empty if it is fine. */
char **texts_check(const struct texts_kind *kind,
		   const struct template *template);

/* Made-up values for every field, to look at a text; borrowed. */
const struct template_value *texts_sample(const char *language);
/* What {{notice}} says in texts of this name; NULL: as in texts_sample(). */
const char *texts_sample_notice(const char *name, const char *language);

#endif
