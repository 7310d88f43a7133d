/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/parser_pool.h - a message to a confined child, the result back
 *
 * At most `children` children live at a time, made ahead by the zygote; each
 * takes a number of messages, one after the other. What a child says is
 * bounded, sealed, and to be checked by whoever reads the variant.
 */
#ifndef PORTARIA_LMTPD_PARSER_POOL_H
#define PORTARIA_LMTPD_PARSER_POOL_H

#include "lmtpd/parser_zygote.h"

struct parser_pool_config {
	unsigned children;
	guint64 job_ms;     /* a message may take this long, by the clock */
	guint64 wait_ms;    /* and wait this long for a free child */
	guint64 result_max; /* bytes */
	const GVariantType *type; /* of results */
};

struct parser_pool;

/* Takes the zygote over. config is copied, type borrowed. */
struct parser_pool *parser_pool_new(const struct parser_zygote *zygote,
                                    const struct parser_pool_config *config);
/* Ends the zygote, and with it all children. */
void parser_pool_end(struct parser_pool *pool);
/* Blocks until the zygote has ended; true if nobody asked it to. */
bool parser_pool_wait(struct parser_pool *pool);
/* Nobody may be in the other functions. Ends and waits, if not yet done. */
void parser_pool_free(struct parser_pool *pool);
DEFINE_AUTO(parser_pool)

/*
 * fd: sealed memfd with the message. Owned by the caller (strong reference).
 * Errors: TEMPORARY is our trouble (no child to be had, the zygote gone); any
 * other code is the message's: LIMIT and SYNTAX as the parser says, PERMANENT
 * if the child died, took too long or answered nonsense. Thread-safe.
 */
GVariant *parser_pool_run(struct parser_pool *pool, int fd, guint64 size,
                          GError **error) NODISCARD;

#endif
