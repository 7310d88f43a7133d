/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/labels.h - the words of DESIGN section 4, in the reader's language
 */
#ifndef PORTARIA_DESK_LABELS_H
#define PORTARIA_DESK_LABELS_H

#include "store/ticket.h"

#include <glib.h>

/* language: pt_BR, en, es; anything else reads pt_BR. Static strings. */
const char *label_status(enum ticket_status status, const char *language);
const char *label_priority(enum ticket_priority priority,
			   const char *language);
const char *label_none(const char *language); /* "nenhum" */

/* "29/11/2026 16:20", in English "29 Nov 2026 16:20"; zone NULL: the
 * system's. Owned by the caller. */
char *label_dup_time(gint64 ms, const char *language, GTimeZone *zone);

#endif
