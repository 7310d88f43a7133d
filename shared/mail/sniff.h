/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/sniff.h - what a file really is (libmagic)
 */
#ifndef PORTARIA_MAIL_SNIFF_H
#define PORTARIA_MAIL_SNIFF_H

#include <glib.h>

/* Loads the database; once, before threads and confinement. Without one,
 * sniff_dup_type() finds nothing. */
void sniff_init(void);

/* The type by content if it contradicts the declared one, else "". Owned by
 * the caller. */
char *sniff_dup_type(GBytes *data, const char *declared);

#endif
