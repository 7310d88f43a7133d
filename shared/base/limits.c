/* SPDX-License-Identifier: GPL-2.0-or-later */
/* limits.c - the defaults of the limits table */
#include "base/limits.h"

#define CHECK_ROW(name, def, min, max, help)                                   \
	G_STATIC_ASSERT((min) > 0 && (min) <= (def) && (def) <= (max));
LIMITS_TABLE(CHECK_ROW)

void limits_init(struct limits *limits)
{
#define SET_DEFAULT(name, def, min, max, help) limits->name = (def);
	LIMITS_TABLE(SET_DEFAULT)
#undef SET_DEFAULT
}
