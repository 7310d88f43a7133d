/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/unstuff.h - message content out of the DATA stream (RFC 5321 4.5.2)
 *
 * Takes the dots away that the client put before lines starting with one and
 * finds the end of the data. Only CRLF ends a line: a bare CR or LF is
 * content, kept as it came, and "LF . LF" or "LF . CR LF" ends nothing.
 */
#ifndef PORTARIA_LMTPD_UNSTUFF_H
#define PORTARIA_LMTPD_UNSTUFF_H

#include <stdbool.h>
#include <stddef.h>

enum unstuff_state {
	UNSTUFF_LINE_START,
	UNSTUFF_DOT,    /* "." at the start of a line, held back */
	UNSTUFF_DOT_CR, /* ".\r" there */
	UNSTUFF_TEXT,
	UNSTUFF_CR, /* the last byte of the line so far is a CR */
	UNSTUFF_END,
};

struct unstuff {
	enum unstuff_state state;
};

/* A view into the input (or a constant); may be empty. */
struct unstuff_span {
	const char *data;
	size_t len;
};

void unstuff_init(struct unstuff *unstuff);

/*
 * One step over at least one byte of input. Returns how many bytes it took
 * (0 only when a byte that was held back becomes content first) and sets
 * *ret_span to the content found. Call again with the rest, until all is
 * taken or unstuff_is_end().
 */
size_t unstuff_step(struct unstuff *unstuff, const char *in, size_t len,
                    struct unstuff_span *ret_span);

/* True once "CRLF . CRLF" was taken. */
bool unstuff_is_end(const struct unstuff *unstuff);

#endif
