/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * replay.c - a main for fuzz targets without an engine
 *
 * Runs each file named on the command line through the target once.
 */
#include <glib.h>
#include <stdio.h>

int LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

int main(int argc, char **argv)
{
	if (LLVMFuzzerInitialize != NULL)
		LLVMFuzzerInitialize(&argc, &argv);
	for (int i = 1; i < argc; i++) {
		g_autofree char *text = NULL;
		g_autofree guint8 *exact = NULL;
		g_autoptr(GError) error = NULL;
		gsize len;

		if (!g_file_get_contents(argv[i], &text, &len, &error)) {
			fprintf(stderr, "%s\n", error->message);
			return 1;
		}
		/* A block of the exact size: reading past it shows. */
		exact = g_memdup2(text, len);
		LLVMFuzzerTestOneInput(exact, len);
	}
	printf("%d inputs\n", argc - 1);
	return argc > 1 ? 0 : 1;
}
