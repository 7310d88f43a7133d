/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/threadindex.h - the Thread-Index field, by which Outlook threads
 *
 * MS-OXOMSG 2.2.1.3: in base64 a header of 22 bytes (the upper six of a
 * FILETIME, a GUID) that a whole conversation has in common, then five bytes
 * for each answer.
 */
#ifndef PORTARIA_MAIL_THREADINDEX_H
#define PORTARIA_MAIL_THREADINDEX_H

#include <glib.h>

/* Of a conversation that begins with us: the same for the same name and time
 * (ms). Owned by the caller. */
char *threadindex_new(const char *name, gint64 created);
/* Of an answer to a mail with this field, made at `now` (ms); `salt` tells
 * answers of the same moment apart. NULL if it is no such field; one with
 * very many answers in it loses those. Owned by the caller. */
char *threadindex_answer(const char *field, gint64 now, guint64 salt);

#endif
