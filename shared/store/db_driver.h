/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/db_driver.h - what db.c and the drivers share
 *
 * A driver keeps its own things in the two `handle` members and leaves the
 * rest to db.c.
 */
#ifndef PORTARIA_STORE_DB_DRIVER_H
#define PORTARIA_STORE_DB_DRIVER_H

#include "store/db.h"

struct db {
	const struct db_driver *driver;
	void *handle;
	char *url;
	enum db_mode mode;
	GHashTable *idle;    /* text -> statement that nobody uses */
	GQueue idle_order;   /* the same; the longest unused first */
	GHashTable *busy;    /* statements that are handed out */
	char *begun_at;      /* NULL: no transaction */
	unsigned savepoints; /* open ones */
};

enum db_stmt_state {
	DB_STMT_READY, /* binding */
	DB_STMT_ROW,
	DB_STMT_DONE,
	DB_STMT_FAILED,
};

struct db_stmt {
	struct db *db;
	void *handle;
	char *sql;
	GList link; /* in idle_order */
	enum db_stmt_state state;
	GError *failure; /* of a bind */
	bool *bound;     /* a flag a parameter */
	unsigned parameters;
};

extern const struct db_driver db_driver_sqlite;

#endif
