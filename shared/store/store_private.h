/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store/store_private.h - what the modules of this folder see of a store */
#ifndef PORTARIA_STORE_STORE_PRIVATE_H
#define PORTARIA_STORE_STORE_PRIVATE_H

#include "store/db.h"
#include "store/store.h"

struct store {
	struct db *db;
	enum store_mode mode;
	struct config_store config; /* own copies */
};

/* Own copies of the strings, and their end. */
void store_config_copy(struct config_store *to, const struct config_store *of);
void store_config_clear(struct config_store *config);

#endif
