/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * milter/directory.h - which recipients could be ours, known without a database
 *
 * A copy of the departments' addresses, read again every few seconds by one
 * thread and kept when the database fails: then mail for a department is put
 * off, and the mail of everybody else on the server flows as if nothing were.
 * The rules of a department are never taken from here. Thread-safe.
 */
#ifndef PORTARIA_MILTER_DIRECTORY_H
#define PORTARIA_MILTER_DIRECTORY_H

#include "base/cleanup.h"
#include "store/store.h"

enum directory_place {
	/* Not at a domain of any department. Also while no copy could be read
	 * since the start: then nobody can tell, and the LMTP agent judges
	 * what comes to it unsealed. */
	DIRECTORY_ELSEWHERE,
	DIRECTORY_NEAR, /* at a department's domain: new ones appear there */
	DIRECTORY_OURS,
};

struct directory;
struct directory *directory_new(void); /* nothing is known yet */
void directory_free(struct directory *directory);
DEFINE_AUTO(directory)

/* Reads the copy anew; on failure the old one stays. */
bool directory_refresh(struct directory *directory, struct store_pool *readers,
                       GError **error) NODISCARD;

/* address: a key, extension included. */
enum directory_place directory_find(struct directory *directory,
                                    const char *address);

#endif
