/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/calendar.h - what an invitation is about (RFC 5545)
 */
#ifndef PORTARIA_MAIL_CALENDAR_H
#define PORTARIA_MAIL_CALENDAR_H

#include "mail/mail.h"

/* The first VEVENT of a calendar, NULL if there is none. `text` is valid
 * UTF-8. Owned by the caller. */
struct mail_event *calendar_read(const char *text);

#endif
