/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_mail.c - what reading mail costs, beside GMime alone
 *
 *   bench_mail [-r ROUNDS] FILE... (or names on standard input)
 *
 * Each file is brought into the form mail arrives in (no mbox line, CRLF) and
 * kept in memory. Then, message by message and in turn, so that both see the
 * same machine: (a) GMime builds its tree and decodes every part; (b) all
 * that intake wants of a message: limits, header, tree, text, trimming, kind,
 * attachments with their SHA-256. Prints messages and megabytes a second of
 * processor time, and the ratio.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mail/gmimeauto.h"
#include "mail/parse.h"

struct bench {
	GPtrArray *messages; /* GBytes */
	guint64 bytes;
	struct limits limits;
	guint64 decoded; /* so that nothing is left out */
	guint64 refused;
};

/* ---- what is read ---- */

static GBytes *as_mail(const char *data, size_t len)
{
	const char *at = data, *end = data + len;
	GString *out = g_string_sized_new(len + len / 32 + 16);

	if (len > 5 && memcmp(at, "From ", 5) == 0) {
		const char *lf = memchr(at, '\n', len);

		at = lf != NULL ? lf + 1 : end;
	}
	for (; at < end; at++) {
		if (*at == '\n' && (at == data || at[-1] != '\r'))
			g_string_append_c(out, '\r');
		g_string_append_c(out, *at);
	}
	return g_string_free_to_bytes(out);
}

static void add_file(struct bench *bench, const char *path)
{
	g_autofree char *data = NULL;
	gsize len = 0;

	if (!g_file_get_contents(path, &data, &len, NULL)) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return;
	}
	GBytes *message = as_mail(data, len);

	bench->bytes += g_bytes_get_size(message);
	g_ptr_array_add(bench->messages, message);
}

/* ---- the two ways ---- */

static void decode_part(G_GNUC_UNUSED GMimeObject *parent, GMimeObject *object,
                        gpointer data)
{
	guint64 *decoded = data;

	if (!GMIME_IS_PART(object))
		return;
	GMimeDataWrapper *content =
		g_mime_part_get_content(GMIME_PART(object));
	g_autoptr(GMimeStream) stream = g_mime_stream_mem_new();

	if (content != NULL)
		(void)g_mime_data_wrapper_write_to_stream(content, stream);
	*decoded += (guint64)g_mime_stream_length(stream);
}

static void read_with_gmime(struct bench *bench, GBytes *raw)
{
	gsize len = 0;
	const void *data = g_bytes_get_data(raw, &len);
	GByteArray *array = g_byte_array_new_take((guint8 *)(guintptr)data, len);
	GMimeStream *stream = g_mime_stream_mem_new();

	g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), array);
	g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
	g_autoptr(GMimeParser) parser = g_mime_parser_new_with_stream(stream);
	g_autoptr(GMimeMessage) message =
		g_mime_parser_construct_message(parser, NULL);

	if (message != NULL)
		g_mime_message_foreach(message, decode_part, &bench->decoded);
	g_object_unref(stream);
	g_byte_array_steal(array, NULL);
	g_byte_array_unref(array);
}

static void read_as_intake(struct bench *bench, GBytes *raw)
{
	AUTO(mail) mail = mail_parse(raw, &bench->limits, NULL);

	if (mail == NULL) {
		bench->refused++;
		return;
	}
	for (guint i = 0; i < mail->parts->len; i++) {
		const struct mail_part *part =
			g_ptr_array_index(mail->parts, i);
		g_autofree char *sum = g_compute_checksum_for_bytes(
			G_CHECKSUM_SHA256, part->data);

		bench->decoded += strlen(sum);
	}
}

/* ---- measuring ---- */

typedef void way(struct bench *bench, GBytes *raw);

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double spend(struct bench *bench, way *read, GBytes *raw)
{
	double start = now();

	read(bench, raw);
	return now() - start;
}

static void report(const struct bench *bench, const char *name, unsigned rounds,
                   double seconds)
{
	double messages = (double)bench->messages->len * rounds;
	double bytes = (double)bench->bytes * rounds;

	printf("%-8s %8.0f messages/s %8.1f MB/s %8.1f us a message\n", name,
	       messages / seconds, bytes / seconds / 1e6,
	       seconds * 1e6 / messages);
}

static void run(struct bench *bench, unsigned rounds)
{
	double gmime = 0, intake = 0;

	for (unsigned round = 0; round < rounds; round++) {
		for (guint i = 0; i < bench->messages->len; i++) {
			GBytes *raw = bench->messages->pdata[i];

			gmime += spend(bench, read_with_gmime, raw);
			intake += spend(bench, read_as_intake, raw);
		}
	}
	printf("%u messages, %.1f MB, %u rounds\n", bench->messages->len,
	       (double)bench->bytes / 1e6, rounds);
	report(bench, "GMime", rounds, gmime);
	report(bench, "intake", rounds, intake);
	printf("ratio    %8.2f (refused: %" G_GUINT64_FORMAT ")\n",
	       intake / gmime, bench->refused / rounds);
}

static void unref_bytes(gpointer data)
{
	g_bytes_unref(data);
}

static void read_names(struct bench *bench)
{
	char path[4096];

	while (fgets(path, sizeof(path), stdin) != NULL)
		add_file(bench, g_strchomp(path));
}

int main(int argc, char **argv)
{
	struct bench bench = { .messages = g_ptr_array_new_with_free_func(
				       unref_bytes) };
	int first = 1;
	unsigned rounds = 5;

	if (argc > 2 && strcmp(argv[1], "-r") == 0) {
		rounds = (unsigned)MAX(g_ascii_strtoull(argv[2], NULL, 10), 1);
		first = 3;
	}
	limits_init(&bench.limits);
	mail_parse_init();
	for (int i = first; i < argc; i++)
		add_file(&bench, argv[i]);
	if (argc == first)
		read_names(&bench);
	if (bench.messages->len > 0)
		run(&bench, rounds);
	g_ptr_array_unref(bench.messages);
	return EXIT_SUCCESS;
}
