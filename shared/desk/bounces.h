/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/bounces.h - our own mail that came back (RFC 3464)
 *
 * Known by the signed bounce address, or by one of our Message-IDs among the
 * returned or referred ones: what carries neither is nobody's bounce and
 * marks nothing.
 */
#ifndef PORTARIA_DESK_BOUNCES_H
#define PORTARIA_DESK_BOUNCES_H

#include "desk/intake_parts.h"
#include "store/outbox.h"

/*
 * Records a bounce, or an automatic answer to the null sender: the mail as an
 * event of the ticket; if it is not tried any more, a mark on the outbox row,
 * and on the address, which then gets no more mail, if that is to blame: not
 * for class 4 of RFC 3463 (waited in vain), nor if the message is (too large,
 * of the wrong kind). One notice to staff for such an address, else one for
 * each mail. What may still arrive is only noted. *ret_done is false if the
 * message is nothing of the kind.
 */
bool bounces_record(const struct intake *in, bool *ret_done,
		    struct intake_result *result, GError **error) NODISCARD;

/* An address that failed works again; with an audit row that names it by the
 * mail that failed, for audit rows stay when a person is erased. by: login, or
 * "author". *ret_was: whether there was something to forget. */
bool bounces_clear(struct store *store, const char *address, const char *by,
		   bool *ret_was, GError **error) NODISCARD;
/* A person who provably writes from an address can be reached there again. */
bool bounces_forget(const struct intake *in, GError **error) NODISCARD;

/*
 * The mail server never took this row's mail: the same on the ticket and for
 * staff. bad_address: the address is to blame, so the contact is marked. The
 * row's state is the caller's.
 */
bool bounces_refused(const struct desk *desk, struct store *store,
		     const struct outbox *row, const char *reply,
		     bool bad_address, GError **error) NODISCARD;

#endif
