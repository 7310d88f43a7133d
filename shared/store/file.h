/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store/file.h - files that appear complete or not at all; private */
#ifndef PORTARIA_STORE_FILE_H
#define PORTARIA_STORE_FILE_H

#include "base/cleanup.h"

#include <stdbool.h>

/* Writes the bytes beside `path`, syncs them, renames the file to `path` and
 * syncs the directory. DENIED for a file mode, else TEMPORARY. */
bool file_put(const char *path, GBytes *bytes, unsigned mode, GError **error)
	NODISCARD;
/* Removes what writers that died left in a folder, and nothing that is being
 * written. How many there were. */
unsigned file_sweep(const char *dir);
bool file_sync_dir(const char *path, GError **error) NODISCARD;
/* Sets the error for errno; false. */
bool file_fail(const char *path, GError **error);

/* For root: the owner of the folder becomes the owner of what is new in it,
 * so that a command run by root takes nothing away from the daemons. */
bool file_inherit_owner(const char *path, GError **error) NODISCARD;

#endif
