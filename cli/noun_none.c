/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_none.c - verbs that stand alone
 */
#include "cli/doctor.h"
#include "cli/explain.h"
#include "cli/stats.h"

static const struct verb verbs[] = {
	{ "explain", "< MESSAGE", "what would become of a message, and why",
	  explain_options, 0, 0, explain_run },
	{ "doctor", "", "what is wrong, in words", doctor_options, 0, 0,
	  doctor_run },
	{ "stats", "", "how the departments do, in figures", stats_options, 0,
	  0, stats_run },
	{ 0 }
};

const struct noun noun_none = { "", "", verbs };
