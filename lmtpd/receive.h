/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/receive.h - the bytes of one message, on their way in
 *
 * They go into a sealed memfd, which the parser child can be handed without
 * a copy, and are hashed as they come. All messages together may take a
 * bounded amount of memory.
 */
#ifndef PORTARIA_LMTPD_RECEIVE_H
#define PORTARIA_LMTPD_RECEIVE_H

#include "base/cleanup.h"

#include <stdbool.h>

/* Bytes that all sessions together hold now; shared, thread-safe. */
struct receive_budget {
	guint64 max;
	_Atomic guint64 held;
};

enum receive_status {
	RECEIVE_OK,
	RECEIVE_LARGE,   /* the message passes its limit */
	RECEIVE_FULL,    /* all messages together do */
	RECEIVE_TROUBLE, /* no descriptor, no memory */
};

struct receive;

/* budget is borrowed. Never fails: receive_get_status() tells. */
struct receive *receive_new(struct receive_budget *budget, guint64 max);
/* Also gives the bytes back to the budget. A reference to the GBytes may live
 * longer. */
void receive_free(struct receive *receive);
DEFINE_AUTO(receive)

/* Adds bytes; after the first trouble they are counted only. */
void receive_add(struct receive *receive, const char *data, size_t len);

/* No more bytes will come: seals the memfd and maps it. */
enum receive_status receive_finish(struct receive *receive);

/* After receive_finish() said RECEIVE_OK; borrowed. */
int receive_get_fd(const struct receive *receive);
GBytes *receive_get_bytes(const struct receive *receive);
const char *receive_get_sha256(struct receive *receive);
/* Bytes that came, kept or not. */
guint64 receive_get_size(const struct receive *receive);

#endif
