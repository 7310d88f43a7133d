/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * unstuff.c - message content out of the DATA stream
 *
 * Content is handed out in spans as long as possible: a run ends only at a
 * line that starts with a dot.
 */
#include "lmtpd/unstuff.h"

#include <string.h>

static const char held_cr[] = "\r";

void unstuff_init(struct unstuff *unstuff)
{
	unstuff->state = UNSTUFF_LINE_START;
}

bool unstuff_is_end(const struct unstuff *unstuff)
{
	return unstuff->state == UNSTUFF_END;
}

/* Length of the content at in, up to the next line that starts with a dot.
 * Starts and leaves in LINE_START, TEXT or CR. */
static size_t run_length(struct unstuff *unstuff, const char *in, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const char *cr;

		switch (unstuff->state) {
		case UNSTUFF_LINE_START:
			if (in[at] == '.')
				return at;
			unstuff->state = UNSTUFF_TEXT;
			break;
		case UNSTUFF_CR:
			if (in[at] == '\n')
				unstuff->state = UNSTUFF_LINE_START;
			else if (in[at] != '\r')
				unstuff->state = UNSTUFF_TEXT;
			at++;
			break;
		default:
			cr = memchr(in + at, '\r', len - at);
			if (cr == NULL)
				return len;
			at = (size_t)(cr - in) + 1;
			unstuff->state = UNSTUFF_CR;
		}
	}
	return at;
}

size_t unstuff_step(struct unstuff *unstuff, const char *in, size_t len,
                    struct unstuff_span *ret_span)
{
	*ret_span = (struct unstuff_span){ in, 0 };
	if (len == 0)
		return 0;
	switch (unstuff->state) {
	case UNSTUFF_END:
		return 0;
	case UNSTUFF_LINE_START:
		if (in[0] == '.') {
			unstuff->state = UNSTUFF_DOT;
			return 1;
		}
		break;
	case UNSTUFF_DOT:
		if (in[0] == '\r') {
			unstuff->state = UNSTUFF_DOT_CR;
			return 1;
		}
		unstuff->state = UNSTUFF_TEXT; /* the dot was stuffing */
		break;
	case UNSTUFF_DOT_CR:
		if (in[0] == '\n') {
			unstuff->state = UNSTUFF_END;
			return 1;
		}
		unstuff->state = UNSTUFF_CR;
		*ret_span = (struct unstuff_span){ held_cr, 1 };
		return 0;
	case UNSTUFF_TEXT:
	case UNSTUFF_CR:
		break;
	}
	ret_span->len = run_length(unstuff, in, len);
	return ret_span->len;
}
