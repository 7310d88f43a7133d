/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store/blob_private.h - checking the files of blobs */
#ifndef PORTARIA_STORE_BLOB_PRIVATE_H
#define PORTARIA_STORE_BLOB_PRIVATE_H

#include "store/blob.h"

/* Adds a line for every blob whose file is missing or has another size. */
bool blob_check_files(struct store *store, GPtrArray *problems,
                      GError **error) NODISCARD;

/* Removes the file of a blob; none is fine. The caller sees to it that no row
 * needs it. */
bool blob_unlink(const struct config_store *config, const char *sha256,
                 GError **error) NODISCARD;

#endif
