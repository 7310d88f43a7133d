/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base_tmpdir.h - a scratch directory of one test program of base/ */
#ifndef PORTARIA_TESTS_BASE_TMPDIR_H
#define PORTARIA_TESTS_BASE_TMPDIR_H

#include <glib.h>
#include <glib/gstdio.h>

/* setup of a group or a test: *state is the path. */
static inline int tmpdir_setup(void **state)
{
	*state = g_dir_make_tmp("portaria-test-XXXXXX", NULL);
	return *state != NULL ? 0 : -1;
}

static inline void tmpdir_remove(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		if (g_file_test(child, G_FILE_TEST_IS_DIR) &&
		    !g_file_test(child, G_FILE_TEST_IS_SYMLINK))
			tmpdir_remove(child);
		else
			g_unlink(child);
	}
	if (dir != NULL)
		g_dir_close(dir);
	g_rmdir(path);
}

static inline int tmpdir_teardown(void **state)
{
	tmpdir_remove(*state);
	g_free(*state);
	return 0;
}

#endif
