/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * support/fakedns_run.h - fakedns started and ended by a C test
 *
 * PORTARIA_FAKEDNS in the environment names the program (ctest sets it).
 */
#ifndef PORTARIA_TESTS_SUPPORT_FAKEDNS_RUN_H
#define PORTARIA_TESTS_SUPPORT_FAKEDNS_RUN_H

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <unistd.h>

struct fakedns {
	GSubprocess *process;
	char *zone_file;
	char *forwarder; /* "127.0.0.1@PORT" */
};

/* NULL: no program, or it did not start (reason on stderr). */
G_GNUC_UNUSED static struct fakedns *fakedns_start(const char *zone)
{
	const char *program = g_getenv("PORTARIA_FAKEDNS");
	struct fakedns *dns = g_new0(struct fakedns, 1);
	g_autoptr(GDataInputStream) out = NULL;
	g_autofree char *port = NULL;
	int fd = g_file_open_tmp("portaria-dns-XXXXXX", &dns->zone_file, NULL);

	if (program == NULL || fd < 0 ||
	    !g_file_set_contents(dns->zone_file, zone, -1, NULL)) {
		g_printerr("fakedns: PORTARIA_FAKEDNS is not set\n");
		return NULL;
	}
	close(fd);
	dns->process = g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL,
	                                program, dns->zone_file, NULL);
	if (dns->process == NULL)
		return NULL;
	out = g_data_input_stream_new(
		g_subprocess_get_stdout_pipe(dns->process));
	port = g_data_input_stream_read_line(out, NULL, NULL, NULL);
	if (port == NULL)
		return NULL;
	dns->forwarder = g_strconcat("127.0.0.1@", port, NULL);
	return dns;
}

G_GNUC_UNUSED static void fakedns_reload(struct fakedns *dns, const char *zone)
{
	g_file_set_contents(dns->zone_file, zone, -1, NULL);
	g_subprocess_send_signal(dns->process, SIGHUP);
}

G_GNUC_UNUSED static void fakedns_stop(struct fakedns *dns)
{
	g_subprocess_send_signal(dns->process, SIGTERM);
	g_subprocess_wait(dns->process, NULL, NULL);
	g_object_unref(dns->process);
	g_unlink(dns->zone_file);
	g_free(dns->zone_file);
	g_free(dns->forwarder);
	g_free(dns);
}

#endif
