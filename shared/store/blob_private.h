/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store/blob_private.h - checking the files of blobs */
#ifndef PORTARIA_STORE_BLOB_PRIVATE_H
#define PORTARIA_STORE_BLOB_PRIVATE_H

#include "store/blob.h"

/* Adds a line for every blob whose file is missing or has another size. */
bool blob_check_files(struct store *store, GPtrArray *problems,
                      GError **error) NODISCARD;

#endif
