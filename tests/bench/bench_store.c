/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_store.c - what commits, blobs and searches cost on this machine
 *
 * Usage: bench_store [seconds for each figure, default 1] [directory]
 *
 * Prints three tables: messages a second by batch size (each with its ticket
 * row touched, text indexed, raw bytes, delivery key and outbox row); raw
 * messages a second by size, in the database and as files, which is where
 * store.blob_inline_max comes from; and how long lists and searches take.
 */
#include <glib.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/limits.h"
#include "store/blob.h"
#include "store/department.h"
#include "store/message.h"
#include "store/outbox.h"
#include "store/store.h"
#include "store/ticket.h"

static const char *const words[] = {
	"servidor",  "boleto",   "domínio",    "hospedagem",  "não",
	"funciona",  "página",   "erro",       "fatura",      "pagamento",
	"e-mail",    "senha",    "manutenção", "urgente",     "obrigado",
	"registro",  "renovar",  "contrato",   "suporte",     "cliente",
	"aplicação", "lentidão", "backup",     "certificado", "ontem",
};

struct bench {
	char *dir;
	struct config_store config;
	struct store *store;
	gint64 department;
	gint64 ticket;
	double seconds;
};

static void check(bool good, GError *error)
{
	if (good)
		return;
	fprintf(stderr, "bench_store: %s\n",
	        error != NULL ? error->message : "failed");
	exit(1);
}

static char *make_text(size_t len)
{
	GString *text = g_string_new(NULL);

	while (text->len < len) {
		if (g_random_int_range(0, 8) == 0)
			g_string_append_printf(text, "%x ", g_random_int());
		g_string_append(text, words[g_random_int_range(
					      0, (gint32)G_N_ELEMENTS(words))]);
		g_string_append_c(text, ' ');
	}
	return g_string_free(text, FALSE);
}

static GBytes *make_bytes(size_t len)
{
	guint8 *data = g_malloc(len);

	random_fill(data, len);
	return g_bytes_new_take(data, len);
}

static void remove_all(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir != NULL && (name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		if (g_file_test(child, G_FILE_TEST_IS_DIR))
			remove_all(child);
		else
			g_unlink(child);
	}
	if (dir != NULL)
		g_dir_close(dir);
	g_rmdir(path);
}

static struct ticket *open_ticket(struct bench *bench)
{
	GError *error = NULL;
	struct ticket *ticket = ticket_new();

	ticket->department_id = bench->department;
	g_free(ticket->subject);
	ticket->subject = make_text(30);
	check(ticket_insert(bench->store, "VIA", ticket, &error), error);
	return ticket;
}

static void bench_open(struct bench *bench, const char *parent,
                       guint64 inline_max)
{
	GError *error = NULL;
	AUTO(department) department = department_new();
	AUTO(ticket) ticket = NULL;
	g_autofree char *unique = id_dup_random(5);

	bench->dir = g_strdup_printf("%s/bench-store-%s", parent, unique);
	check(g_mkdir(bench->dir, 0700) == 0, NULL);
	bench->config.database = g_strdup_printf("%s/db", bench->dir);
	bench->config.blob_dir = g_strdup_printf("%s/blobs", bench->dir);
	bench->config.blob_inline_max = inline_max;
	bench->config.busy_ms = 10000;
	check(store_init(&bench->config, &error), error);
	bench->store = store_open(&bench->config, STORE_WRITE, &error);
	check(bench->store != NULL, error);
	check(store_begin(bench->store, &error), error);
	g_free(department->name);
	department->name = g_strdup("suporte");
	department->addresses = g_strsplit("suporte@desk.example", " ", 0);
	check(department_insert(bench->store, department, &error), error);
	bench->department = department->id;
	ticket = open_ticket(bench);
	bench->ticket = ticket->id;
	check(store_commit(bench->store, &error), error);
}

static void bench_close(struct bench *bench)
{
	store_close(bench->store);
	remove_all(bench->dir);
	g_free(bench->config.database);
	g_free(bench->config.blob_dir);
	g_free(bench->dir);
}

/* What intake writes for one message. */
static void write_message(struct bench *bench, gint64 ticket, const char *text,
                          size_t raw_len)
{
	GError *error = NULL;
	AUTO(message) message = message_new();
	AUTO(outbox) row = outbox_new();
	g_autoptr(GBytes) raw = make_bytes(raw_len);
	g_autofree char *key = id_dup_random(16);

	message->ticket_id = ticket;
	g_free(message->text);
	message->text = g_strdup(text);
	g_free(message->raw);
	message->raw = blob_put(bench->store, raw, &error);
	check(message->raw != NULL, error);
	check(message_insert(bench->store, message, &error), error);
	check(delivery_insert(bench->store, key, "stored", &error), error);
	row->ticket_id = ticket;
	row->message_id = message->id;
	g_free(row->recipient);
	row->recipient = g_strdup("ana@cliente.example");
	row->bytes = make_bytes(1500);
	check(outbox_insert(bench->store, row, &error), error);
}

static void bench_batches(double seconds, const char *parent)
{
	static const unsigned batches[] = { 1, 4, 16, 64, 256 };

	printf("Messages a second by batch (1.5 KB text, 5 KB raw, outbox,"
	       " index):\n");
	for (size_t i = 0; i < G_N_ELEMENTS(batches); i++) {
		struct bench bench = { .seconds = seconds };
		GError *error = NULL;
		gint64 start;
		gint64 took;
		gint64 worst = 0;
		unsigned done = 0;

		bench_open(&bench, parent, 512 * KIB);
		start = g_get_monotonic_time();
		do {
			gint64 begun = g_get_monotonic_time();

			check(store_begin(bench.store, &error), error);
			for (unsigned n = 0; n < batches[i]; n++) {
				g_autofree char *text = make_text(1500);

				write_message(&bench, bench.ticket, text, 5000);
			}
			check(store_commit(bench.store, &error), error);
			done += batches[i];
			worst = MAX(worst, g_get_monotonic_time() - begun);
			took = g_get_monotonic_time() - start;
		} while ((double)took < seconds * 1e6);
		printf("  batch %4u: %8.0f messages/s, worst batch"
		       " %6.1f ms\n",
		       batches[i], done / ((double)took / 1e6),
		       (double)worst / 1e3);
		bench_close(&bench);
	}
}

/* Blobs a second; inline_max decides where they go. */
static double blob_rate(const char *parent, double seconds, size_t size,
                        unsigned batch, guint64 inline_max)
{
	struct bench bench = { .seconds = seconds };
	GError *error = NULL;
	gint64 took = 0;
	unsigned done = 0;

	bench_open(&bench, parent, inline_max);
	while ((double)took < seconds * 1e6 || done < 2 * batch) {
		g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(
			(GDestroyNotify)g_bytes_unref);
		gint64 start;

		for (unsigned n = 0; n < batch; n++)
			g_ptr_array_add(all, make_bytes(size));
		start = g_get_monotonic_time();
		check(store_begin(bench.store, &error), error);
		for (unsigned n = 0; n < batch; n++) {
			g_autofree char *sha256 = blob_put(
				bench.store, g_ptr_array_index(all, n), &error);

			check(sha256 != NULL, error);
		}
		check(store_commit(bench.store, &error), error);
		took += g_get_monotonic_time() - start;
		done += batch;
	}
	bench_close(&bench);
	return done / ((double)took / 1e6);
}

static void bench_blobs(double seconds, const char *parent)
{
	static const size_t sizes[] = {
		5 * KIB,   20 * KIB, 64 * KIB, 128 * KIB, 256 * KIB,
		512 * KIB, 1 * MIB,  2 * MIB,  5 * MIB,
	};
	static const unsigned batches[] = { 1, 16 };

	printf("Raw messages a second, in the database / as files:\n");
	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		printf("  %5zu KiB:", sizes[i] / (size_t)KIB);
		for (size_t b = 0; b < G_N_ELEMENTS(batches); b++) {
			double in = blob_rate(parent, seconds, sizes[i],
			                      batches[b], 64 * MIB);
			double out = blob_rate(parent, seconds, sizes[i],
			                       batches[b], 0);

			printf("  batch %2u: %7.0f / %7.0f %s", batches[b], in,
			       out, in >= out ? "database" : "files   ");
			fflush(stdout);
		}
		printf("\n");
	}
}

static void fill(struct bench *bench, unsigned tickets)
{
	GError *error = NULL;

	for (unsigned i = 0; i < tickets;) {
		check(store_begin(bench->store, &error), error);
		for (unsigned n = 0; n < 200 && i < tickets; n++, i++) {
			AUTO(ticket) ticket = open_ticket(bench);

			for (unsigned m = 0; m < 3; m++) {
				g_autofree char *text = make_text(500);

				write_message(bench, ticket->id, text, 100);
			}
			if (i % 10 == 0)
				continue;
			ticket->status = TICKET_CLOSED;
			check(ticket_update(bench->store, ticket, &error),
			      error);
		}
		check(store_commit(bench->store, &error), error);
	}
}

static void time_list(struct bench *bench, const char *what,
                      const struct ticket_filter *filter)
{
	GError *error = NULL;
	gint64 start = g_get_monotonic_time();
	g_autoptr(GPtrArray) list = NULL;
	unsigned rounds = 0;
	gint64 took;

	do {
		g_clear_pointer(&list, g_ptr_array_unref);
		list = ticket_list(bench->store, filter, &error);
		check(list != NULL, error);
		rounds++;
		took = g_get_monotonic_time() - start;
	} while ((double)took < bench->seconds * 1e6);
	printf("  %-32s %4u found %9.2f ms\n", what, list->len,
	       (double)took / 1e3 / rounds);
}

static void bench_lists(double seconds, const char *parent)
{
	enum { TICKETS = 20000 };
	struct bench bench = { .seconds = seconds };
	struct ticket_filter any = TICKET_FILTER_ANY;
	struct ticket_filter f;

	bench_open(&bench, parent, 512 * KIB);
	fill(&bench, TICKETS);
	printf("Lists over %d tickets of 3 messages, 9 of 10 closed:\n",
	       TICKETS);
	time_list(&bench, "open tickets", &any);
	f = any;
	f.department = "suporte";
	f.priority = TICKET_HIGH;
	time_list(&bench, "open, none of this priority", &f);
	f = any;
	f.search = "manutencao";
	time_list(&bench, "open, a common word", &f);
	f.include_closed = true;
	time_list(&bench, "all, a common word", &f);
	f.search = "manutencao certificado urgente";
	time_list(&bench, "all, three common words", &f);
	f.search = "1a2b3";
	time_list(&bench, "all, a rare word", &f);
	bench_close(&bench);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? g_ascii_strtod(argv[1], NULL) : 1.0;
	const char *parent = argc > 2 ? argv[2] : g_get_tmp_dir();

	bench_batches(seconds, parent);
	bench_blobs(seconds, parent);
	bench_lists(seconds, parent);
	return 0;
}
