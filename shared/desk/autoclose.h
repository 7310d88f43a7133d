/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/autoclose.h - when an answered ticket is closed by itself
 *
 * Pure. A ticket that is answered or resolved, and in which nobody has
 * written since, is closed after a while, and its people are told some time
 * before. Whatever moves it out of those states stops that. No ticket is
 * closed without its warning, nor sooner after it than the rules promise,
 * even if the program did not run meanwhile or the rules were changed.
 */
#ifndef PORTARIA_DESK_AUTOCLOSE_H
#define PORTARIA_DESK_AUTOCLOSE_H

#include "store/timer.h"

/* What is recorded as fired when the warning was sent. */
#define AUTOCLOSE_WARNED "close_warn"

/* Milliseconds. */
struct autoclose_rules {
	gint64 after; /* 0: never */
	gint64 warn;  /* so long before; 0: no warning */
};

struct autoclose_plan {
	gint64 idle_since; /* 0: it is not closed by itself, nothing follows */
	gint64 warn_at;    /* 0: no warning, or it was sent */
	gint64 close_at;   /* not before; with warn_at: if it is sent then */
};

/* Since when nobody has done anything; 0 for a status that stays. */
gint64 autoclose_idle_since(enum ticket_status status,
			    const struct timer_facts *facts,
			    gint64 status_since);
/* warned: when the warning was sent that belongs to idle_since; 0. */
struct autoclose_plan autoclose_plan(const struct autoclose_rules *rules,
				     gint64 idle_since, gint64 warned);

#endif
