/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/writer.h - the one thread that writes: group commit
 *
 * All messages that wait are stored in one transaction, a savepoint each, and
 * their sessions are woken after the commit: one fsync for the batch. A
 * message that cannot be stored is undone alone.
 */
#ifndef PORTARIA_LMTPD_WRITER_H
#define PORTARIA_LMTPD_WRITER_H

#include "desk/intake.h"

struct writer;

/* Starts the thread. desk is borrowed. The database is opened by need. */
struct writer *writer_new(const struct desk *desk);
/* Writes what still waits, then ends the thread. */
void writer_free(struct writer *writer);
DEFINE_AUTO(writer)

/*
 * Blocks until the message is on disk. True: ret_results (n_recipients
 * entries) are set, to be cleared by the caller. False: nothing of it was
 * stored; every error is to be taken as temporary. Thread-safe.
 */
bool writer_store(struct writer *writer, const struct intake_message *message,
                  struct intake_result *ret_results, GError **error) NODISCARD;

/* Commits so far. */
gint64 writer_get_batches(struct writer *writer);

#endif
