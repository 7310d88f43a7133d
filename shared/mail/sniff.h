/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/sniff.h - what a file really is: the forms that come by mail by their
 * first bytes, everything else through libmagic
 */
#ifndef PORTARIA_MAIL_SNIFF_H
#define PORTARIA_MAIL_SNIFF_H

#include <glib.h>

/* Loads the database; once, before threads and confinement. Without one
 * sniff_dup_type() knows its own table only. */
void sniff_init(void);

/* The type by content if it contradicts the declared one, else "". Owned by
 * the caller. */
char *sniff_dup_type(GBytes *data, const char *declared);

#endif
