/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * support/fakedns_answer.h - from a query packet to an answer packet
 */
#ifndef PORTARIA_TESTS_SUPPORT_FAKEDNS_ANSWER_H
#define PORTARIA_TESTS_SUPPORT_FAKEDNS_ANSWER_H

#include "support/fakedns_zone.h"

/*
 * The answer to a query, owned by the caller; NULL: say nothing. Over UDP it
 * is cut (TC) at what the client announced, at most 1232 bytes. *ret_line:
 * "name type what" for a log, owned by the caller, NULL if not a query.
 */
GByteArray *fakedns_answer(const struct fakedns_zone *zone, const guint8 *query,
                           size_t len, bool tcp, char **ret_line);

#endif
