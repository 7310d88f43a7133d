/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/cleanup.h - scope-bound ownership for the project's own structs
 *
 * GLib types use g_autoptr and g_autofree. A struct of ours that has a
 * destructor `void foo_free(struct foo *)` (accepting NULL) states
 * DEFINE_AUTO(foo) once, below the prototype; then `AUTO(foo) f = ...;` frees
 * f when it leaves the scope. g_steal_pointer() moves it out.
 */
#ifndef PORTARIA_BASE_CLEANUP_H
#define PORTARIA_BASE_CLEANUP_H

#include <glib.h>

#define DEFINE_AUTO(name)                                                      \
	static inline void name##_auto(struct name **p)                        \
	{                                                                      \
		if (*p != NULL)                                                \
			name##_free(*p);                                       \
	}

#define AUTO(name) __attribute__((cleanup(name##_auto))) struct name *

#define NODISCARD __attribute__((warn_unused_result))

#endif
