/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/blob.h - bytes, addressed by their SHA-256, stored once
 *
 * At most config.blob_inline_max bytes go into the database, larger ones into
 * <blob_dir>/ab/cdef..., written and fsynced (file and directory) and renamed
 * before the transaction that names them commits. A file that no row names
 * is left by a rolled-back transaction and harmless.
 */
#ifndef PORTARIA_STORE_BLOB_H
#define PORTARIA_STORE_BLOB_H

#include "store/store.h"

/* 64 hex digits, owned by the caller; the blob is there when it returns. */
char *blob_put(struct store *store, GBytes *data, GError **error) NODISCARD;
/* Writes the file of a blob that is too large for the database and does
 * nothing for a smaller one. Needs no store, so any thread may do the slow
 * part before the transaction; blob_put then finds the file. */
bool blob_prepare(const struct config_store *config, GBytes *data,
		  GError **error) NODISCARD;
/* Removes the unfinished files that crashes left; how many there were. */
unsigned blob_sweep(const struct config_store *config);
/* The bytes, checked against the digest (PERMANENT if they differ). NOT_FOUND
 * if no such blob is known, TEMPORARY if its file cannot be read. */
GBytes *blob_get(struct store *store, const char *sha256, GError **error)
	NODISCARD;

#endif
