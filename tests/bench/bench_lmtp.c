/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_lmtp.c - an LMTP client under load
 *
 *   bench_lmtp SESSIONS SECONDS SOCKET KEY RECIPIENT MESSAGE...
 *
 * Each session is a thread with one connection; MAIL, RCPT and DATA are
 * pipelined (RFC 2920), as Postfix does. The messages are sent in turn, each
 * with a number of its own in place of every NUMBER in it, so that no two are
 * equal, and under a seal made with the key file KEY, so that the agent has
 * nothing to judge again. Prints messages a second, the times from the last
 * dot to the reply, and how many messages were sent in all.
 */
#include <errno.h>
#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "auth/seal.h"

/* Also a piece of base64. */
#define NUMBER  "PortariaNumber000000"
#define WARM_UP (G_USEC_PER_SEC / 2)

static void G_GNUC_NORETURN die(const char *what, const char *detail)
{
	fprintf(stderr, "bench_lmtp: %s: %s\n", what, detail);
	exit(1);
}

/* --- messages --- */

struct sample {
	char *text; /* stuffed, lines end with CRLF */
	size_t len;
	size_t head_len;
	GArray *numbers; /* size_t: where NUMBER stands */
};

struct plan {
	const char *socket;
	const char *recipient;
	struct keyring *ring;
	struct sample *samples;
	unsigned n_samples;
	gint64 start; /* of counting, microseconds */
	gint64 end;
};

static char *stuff(const char *text, size_t len, size_t *ret_len)
{
	GString *out = g_string_sized_new(len + 64);
	bool line_start = true;

	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\r')
			continue;
		if (line_start && text[i] == '.')
			g_string_append_c(out, '.');
		if (text[i] == '\n')
			g_string_append_c(out, '\r');
		g_string_append_c(out, text[i]);
		line_start = text[i] == '\n';
	}
	if (!line_start)
		g_string_append(out, "\r\n");
	*ret_len = out->len;
	return g_string_free(out, FALSE);
}

static void load(struct sample *sample, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *raw = NULL;
	const char *end, *at;
	size_t len;

	if (!g_file_get_contents(path, &raw, &len, &error))
		die(path, error->message);
	sample->text = stuff(raw, len, &sample->len);
	end = g_strstr_len(sample->text, (gssize)sample->len, "\r\n\r\n");
	sample->head_len =
		end != NULL ? (size_t)(end + 4 - sample->text) : sample->len;
	sample->numbers = g_array_new(FALSE, FALSE, sizeof(size_t));
	at = sample->text;
	while ((at = memmem(at, sample->len - (size_t)(at - sample->text),
	                    NUMBER, strlen(NUMBER))) != NULL) {
		size_t where = (size_t)(at - sample->text);

		g_array_append_val(sample->numbers, where);
		at += strlen(NUMBER);
	}
}

/* --- a session --- */

struct session {
	const struct plan *plan;
	pthread_t thread;
	unsigned index;
	int fd;
	char in[4096];
	size_t in_len;
	guint64 sent;  /* in all */
	GArray *times; /* gint64 microseconds, while counting */
};

static void send_all(int fd, struct iovec *iov, int count)
{
	while (count > 0) {
		ssize_t n = writev(fd, iov, count);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			die("write", g_strerror(errno));
		while (count > 0 && (size_t)n >= iov->iov_len) {
			n -= (ssize_t)iov->iov_len;
			iov++;
			count--;
		}
		if (count > 0) {
			iov->iov_base = (char *)iov->iov_base + n;
			iov->iov_len -= (size_t)n;
		}
	}
}

/* One reply, which must begin with `code`. */
static void expect(struct session *session, const char *code)
{
	for (;;) {
		char *end = memchr(session->in, '\n', session->in_len);
		ssize_t n;

		if (end != NULL) {
			bool last = session->in_len > 3 &&
			            session->in[3] != '-';
			size_t line = (size_t)(end + 1 - session->in);

			if (strncmp(session->in, code, strlen(code)) != 0) {
				*end = '\0';
				die("reply", session->in);
			}
			session->in_len -= line;
			memmove(session->in, end + 1, session->in_len);
			if (last)
				return;
			continue;
		}
		n = read(session->fd, session->in + session->in_len,
		         sizeof(session->in) - session->in_len);
		if (n <= 0)
			die("read", n < 0 ? g_strerror(errno) : "closed");
		session->in_len += (size_t)n;
	}
}

static void send_text(struct session *session, const char *text)
{
	union {
		const char *bytes;
		void *base;
	} view = { .bytes = text };
	struct iovec iov = { view.base, strlen(text) };

	send_all(session->fd, &iov, 1);
}

static void open_session(struct session *session)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = session->plan->socket;

	if (strlen(path) >= sizeof(addr.sun_path))
		die(path, "too long");
	memcpy(addr.sun_path, path, strlen(path));
	session->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(session->fd, (const struct sockaddr *)&addr,
	            sizeof(addr)) != 0)
		die(path, g_strerror(errno));
	expect(session, "220");
	send_text(session, "LHLO client.example\r\n");
	expect(session, "250");
}

/* The seal of this message as a whole field, CRLF. */
static char *dup_seal(const struct plan *plan, const char *head, size_t len)
{
	AUTO(seal) seal = seal_new();
	struct seal_headers headers;
	g_autofree char *value = NULL;
	g_auto(GStrv) lines = NULL;
	g_autofree char *folded = NULL;

	g_strfreev(seal->departments);
	seal->departments = g_strsplit("suporte", ",", -1);
	seal->verdict = SEAL_ACCEPT;
	seal->proof = AUTH_PROVEN;
	g_free(seal->identity);
	seal->identity = g_strdup("ze@cliente.example");
	g_free(seal->mail_from);
	seal->mail_from = g_strdup("ze@cliente.example");
	seal_headers_read(head, len, &headers);
	value = seal_format(seal, &headers, plan->ring);
	seal_headers_clear(&headers);
	lines = g_strsplit(value, "\n", -1);
	folded = g_strjoinv("\r\n", lines);
	return g_strconcat(SEAL_HEADER ":", folded, "\r\n", NULL);
}

static void deliver(struct session *session, struct sample *sample, char *text)
{
	static char dot[] = ".\r\n";
	const struct plan *plan = session->plan;
	g_autofree char *number = g_strdup_printf(
		"N%03uN%015" G_GUINT64_FORMAT, session->index, session->sent);
	g_autofree char *envelope = g_strdup_printf(
		"MAIL FROM:<ze@cliente.example>\r\nRCPT TO:<%s>\r\nDATA\r\n",
		plan->recipient);
	g_autofree char *seal = NULL;
	struct iovec iov[3];
	gint64 start, end;

	for (guint i = 0; i < sample->numbers->len; i++)
		memcpy(text + g_array_index(sample->numbers, size_t, i), number,
		       strlen(NUMBER));
	seal = dup_seal(plan, text, sample->head_len);
	send_text(session, envelope);
	expect(session, "250");
	expect(session, "250");
	expect(session, "354");
	iov[0] = (struct iovec){ seal, strlen(seal) };
	iov[1] = (struct iovec){ text, sample->len };
	iov[2] = (struct iovec){ dot, strlen(dot) };
	send_all(session->fd, iov, 3);
	start = g_get_monotonic_time();
	expect(session, "250");
	end = g_get_monotonic_time();
	session->sent++;
	end -= start;
	if (start >= plan->start && start < plan->end)
		g_array_append_val(session->times, end);
}

static void *session_main(void *data)
{
	struct session *session = data;
	const struct plan *plan = session->plan;
	char **texts = g_new(char *, plan->n_samples);

	for (unsigned i = 0; i < plan->n_samples; i++)
		texts[i] =
			g_memdup2(plan->samples[i].text, plan->samples[i].len);
	open_session(session);
	for (unsigned i = session->index; g_get_monotonic_time() < plan->end;
	     i++)
		deliver(session, &plan->samples[i % plan->n_samples],
		        texts[i % plan->n_samples]);
	send_text(session, "QUIT\r\n");
	close(session->fd);
	for (unsigned i = 0; i < plan->n_samples; i++)
		g_free(texts[i]);
	g_free(texts);
	return NULL;
}

/* --- the whole --- */

static int compare(const void *a, const void *b)
{
	gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;

	return (left > right) - (left < right);
}

static double percentile(const GArray *times, double part)
{
	guint at = (guint)((double)times->len * part);

	return times->len == 0 ? 0
	                       : (double)g_array_index(times, gint64, at) / 1000;
}

static void run(struct plan *plan, unsigned n, double seconds)
{
	struct session *sessions = g_new0(struct session, n);
	g_autoptr(GArray) times = g_array_new(FALSE, FALSE, sizeof(gint64));
	guint64 sent = 0;

	plan->start = g_get_monotonic_time() + WARM_UP;
	plan->end = plan->start + (gint64)(seconds * G_USEC_PER_SEC);
	for (unsigned i = 0; i < n; i++) {
		sessions[i].plan = plan;
		sessions[i].index = i;
		sessions[i].times = g_array_new(FALSE, FALSE, sizeof(gint64));
		if (pthread_create(&sessions[i].thread, NULL, session_main,
		                   &sessions[i]) != 0)
			die("thread", "none");
	}
	for (unsigned i = 0; i < n; i++) {
		pthread_join(sessions[i].thread, NULL);
		sent += sessions[i].sent;
		g_array_append_vals(times, sessions[i].times->data,
		                    sessions[i].times->len);
		g_array_unref(sessions[i].times);
	}
	g_array_sort(times, compare);
	printf("%.1f %.3f %.3f %" G_GUINT64_FORMAT "\n", times->len / seconds,
	       percentile(times, 0.5), percentile(times, 0.99), sent);
	g_free(sessions);
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	struct plan plan = { 0 };

	if (argc < 7) {
		fputs("usage: bench_lmtp SESSIONS SECONDS SOCKET KEY RECIPIENT "
		      "MESSAGE...\n",
		      stderr);
		return 64;
	}
	plan.socket = argv[3];
	plan.recipient = argv[5];
	plan.ring = keyring_load(argv[4], &error);
	if (plan.ring == NULL)
		die(argv[4], error->message);
	plan.n_samples = (unsigned)argc - 6;
	plan.samples = g_new0(struct sample, plan.n_samples);
	for (unsigned i = 0; i < plan.n_samples; i++)
		load(&plan.samples[i], argv[6 + i]);
	run(&plan, (unsigned)g_ascii_strtoull(argv[1], NULL, 10),
	    g_ascii_strtod(argv[2], NULL));
	keyring_free(plan.ring);
	return 0;
}
