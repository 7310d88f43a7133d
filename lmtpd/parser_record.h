/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/parser_record.h - what the daemon, the zygote and a child say
 *
 * One job socket a child. The daemon holds one end; the child holds the
 * other, and so does the zygote, which tells of the child's birth and death.
 *
 *	zygote  BORN     number = pid, with a pidfd
 *	daemon  JOB      size of the message, with its sealed memfd
 *	child   STARTED  from here on the message is to blame
 *	child   PARSED   size of the result, with its sealed memfd; number:
 *	                 whether the child takes another JOB; or
 *	child   REFUSED  number = enum portaria_error, text = why
 *	zygote  DIED     number = wait status; or NOT_BORN, number = errno
 */
#ifndef PORTARIA_LMTPD_PARSER_RECORD_H
#define PORTARIA_LMTPD_PARSER_RECORD_H

#include <glib.h>

#define PARSER_TEXT_MAX 1024 /* bytes of a reason; a longer one is cut */

enum parser_record_kind {
	PARSER_BORN = 1,
	PARSER_NOT_BORN,
	PARSER_JOB,
	PARSER_STARTED,
	PARSER_PARSED,
	PARSER_REFUSED,
	PARSER_DIED,
};

struct parser_record {
	guint32 kind;
	gint32 number;
	guint64 size;
	char text[PARSER_TEXT_MAX]; /* REFUSED: terminated */
};

#endif
