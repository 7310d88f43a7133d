/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bench_milter.c - a mail server's side of the milter protocol under load
 *
 *   bench_milter SESSIONS SECONDS MESSAGE WANT SOCKET [SOCKET]
 *
 * Each session is a thread with a connection to every filter. A message goes
 * through the filters one after the other, as in an MTA: what the first adds
 * to the header the second sees. What needs no answer is written together
 * with the next thing that does. Prints messages a second and the times from
 * MAIL to the last answer. WANT is a text that must stand in what the last
 * filter adds; a message without it, or not accepted, ends the program.
 */
#include <arpa/inet.h>
#include <glib.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FILTERS_MAX 2
#define CHUNK       65535
#define PACKET_MAX  ((size_t)1 << 20)
#define WARM_UP     (G_USEC_PER_SEC / 2)

/* Of libmilter/mfdef.h. */
#define ACTIONS 0x1ffu
#define STEPS   0x1fffffu
#define NOHELO  0x02u
#define NOMAIL  0x04u
#define NORCPT  0x08u
#define NOBODY  0x10u
#define NOHDRS  0x20u
#define NOEOH   0x40u
#define NR_HDR  0x80u
#define NODATA  0x200u
#define NR_CONN 0x1000u
#define NR_HELO 0x2000u
#define NR_MAIL 0x4000u
#define NR_RCPT 0x8000u
#define NR_DATA 0x10000u
#define NR_EOH  0x40000u
#define NR_BODY 0x80000u
#define LEADSPC 0x100000u
#define NOCONN  0x01u

struct field {
	char *name;
	char *value; /* with the leading blank, folds as LF */
};

struct plan {
	double seconds;
	GPtrArray *fields; /* struct field */
	const char *body;
	size_t body_len;
	const char *want;
	unsigned n_filters;
	char **sockets;
};

struct filter {
	int fd;
	guint32 steps;
	GByteArray *out;
	GByteArray *in;
	GPtrArray *added; /* struct field, by the last message */
};

struct session {
	const struct plan *plan;
	pthread_t thread;
	struct filter filters[FILTERS_MAX];
	GArray *times; /* gint64, microseconds */
	guint64 number;
	gint64 begin; /* of what is measured */
	gint64 end;
};

static G_GNUC_NORETURN void die(const char *what)
{
	fprintf(stderr, "bench_milter: %s\n", what);
	exit(1);
}

static void field_free(gpointer data)
{
	struct field *field = data;

	g_free(field->name);
	g_free(field->value);
	g_free(field);
}

/* --- packets --- */

static void put(struct filter *filter, char command, const void *data,
                size_t len)
{
	guint32 size = htonl((guint32)len + 1);

	g_byte_array_append(filter->out, (const guint8 *)&size, sizeof(size));
	g_byte_array_append(filter->out, (const guint8 *)&command, 1);
	g_byte_array_append(filter->out, data, (guint)len);
}

static void flush(struct filter *filter)
{
	size_t done = 0;

	while (done < filter->out->len) {
		ssize_t n = send(filter->fd, filter->out->data + done,
		                 filter->out->len - done, MSG_NOSIGNAL);

		if (n <= 0)
			die("the filter is gone");
		done += (size_t)n;
	}
	g_byte_array_set_size(filter->out, 0);
}

static void need(struct filter *filter, size_t len)
{
	guint8 buffer[16384];

	while (filter->in->len < len) {
		ssize_t n = recv(filter->fd, buffer, sizeof(buffer), 0);

		if (n <= 0)
			die("the filter hung up");
		g_byte_array_append(filter->in, buffer, (guint)n);
	}
}

/* What an answer inserts or adds ("i" has an index in front). */
static void take_field(struct filter *filter, const char *data, size_t len)
{
	struct field *field = g_new0(struct field, 1);
	size_t name_len = strnlen(data, len);

	if (name_len >= len)
		die("a strange field");
	field->name = g_strdup(data);
	field->value = g_strndup(data + name_len + 1, len - name_len - 1);
	if (field->value[0] != ' ') {
		char *spaced = g_strconcat(" ", field->value, NULL);

		g_free(field->value);
		field->value = spaced;
	}
	g_ptr_array_add(filter->added, field);
}

/* The next answer that is one. */
static char answer(struct filter *filter)
{
	flush(filter);
	for (;;) {
		guint32 size;
		char code;
		const char *data;

		need(filter, sizeof(size));
		memcpy(&size, filter->in->data, sizeof(size));
		size = ntohl(size);
		if (size == 0 || size > PACKET_MAX)
			die("a strange packet");
		need(filter, sizeof(size) + size);
		data = (const char *)filter->in->data + sizeof(size);
		code = data[0];
		if (code == 'h')
			take_field(filter, data + 1, size - 1);
		else if (code == 'i' && size > 5)
			take_field(filter, data + 5, size - 5);
		else if (code == 'O' && size >= 13)
			memcpy(&filter->steps, data + 9, sizeof(guint32));
		g_byte_array_remove_range(filter->in, 0,
		                          (guint)sizeof(size) + size);
		if (strchr("himp", code) == NULL)
			return code;
	}
}

/* A step with its macros ("name\0value\0..."); its answer, or "c" if none is
 * due or the filter does not want the step. */
static char step(struct filter *filter, char command, const GByteArray *macros,
                 const void *data, size_t len, guint32 no, guint32 silent)
{
	if ((filter->steps & no) != 0)
		return 'c';
	if (macros != NULL)
		put(filter, 'D', macros->data, macros->len);
	put(filter, command, data, len);
	if ((filter->steps & silent) != 0)
		return 'c';
	return answer(filter);
}

static GByteArray *macros_new(char command, const char *const *words)
{
	GByteArray *macros = g_byte_array_new();

	g_byte_array_append(macros, (const guint8 *)&command, 1);
	for (; *words != NULL; words++)
		g_byte_array_append(macros, (const guint8 *)*words,
		                    (guint)strlen(*words) + 1);
	return macros;
}

#define MACROS(command, ...)                                                   \
	macros_new((command), (const char *const[]){ __VA_ARGS__, NULL })

/* --- a session --- */

static void connect_filter(struct filter *filter, const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const guint32 offer[] = { htonl(6), htonl(ACTIONS), htonl(STEPS) };
	static const char client[] = "mail.assinado.example\0"
				     "4\x09\xdd"
				     "192.0.2.10";
	static const char helo[] = "mail.assinado.example";

	if (strlen(path) >= sizeof(addr.sun_path))
		die("the path is too long");
	memcpy(addr.sun_path, path, strlen(path));
	filter->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(filter->fd, (const struct sockaddr *)&addr, sizeof(addr)) !=
	    0)
		die("cannot connect");
	filter->out = g_byte_array_new();
	filter->in = g_byte_array_new();
	filter->added = g_ptr_array_new_with_free_func(field_free);
	put(filter, 'O', offer, sizeof(offer));
	if (answer(filter) != 'O')
		die("no negotiation");
	filter->steps = ntohl(filter->steps);
	g_autoptr(GByteArray) macros =
		MACROS('C', "j", "mx.desk.example", "{daemon_name}", "mx");
	if (step(filter, 'C', macros, client, sizeof(client), NOCONN,
	         NR_CONN) != 'c' ||
	    step(filter, 'H', NULL, helo, sizeof(helo), NOHELO, NR_HELO) != 'c')
		die("the filter refuses the client");
}

static void send_fields(struct filter *filter, const GPtrArray *fields)
{
	for (guint i = 0; i < fields->len; i++) {
		const struct field *field = g_ptr_array_index(fields, i);
		const char *value = field->value;
		g_autoptr(GByteArray) data = g_byte_array_new();

		if ((filter->steps & LEADSPC) == 0)
			value++;
		g_byte_array_append(data, (const guint8 *)field->name,
		                    (guint)strlen(field->name) + 1);
		g_byte_array_append(data, (const guint8 *)value,
		                    (guint)strlen(value) + 1);
		if (step(filter, 'L', NULL, data->data, data->len, NOHDRS,
		         NR_HDR) != 'c')
			die("a field is refused");
	}
}

static void send_body(struct filter *filter, const char *body, size_t len)
{
	for (size_t at = 0; at < len; at += CHUNK) {
		char code = step(filter, 'B', NULL, body + at,
		                 MIN(len - at, CHUNK), NOBODY, NR_BODY);

		if (code == 's')
			return;
		if (code != 'c')
			die("the body is refused");
	}
}

/* before: what the filter in front has added, or NULL. */
static void run_filter(const struct plan *plan, struct filter *filter,
                       const char *qid, const GPtrArray *before)
{
	static const char from[] = "<ana@assinado.example>";
	static const char to[] = "<suporte@desk.example>";
	g_autoptr(GByteArray) mail =
		MACROS('M', "i", qid, "{mail_addr}", "ana@assinado.example");
	g_autoptr(GByteArray) rcpt =
		MACROS('R', "i", qid, "{rcpt_addr}", "suporte@desk.example");
	g_autoptr(GByteArray) data = MACROS('T', "i", qid);
	g_autoptr(GByteArray) end_header = MACROS('N', "i", qid);
	g_autoptr(GByteArray) end = MACROS('E', "i", qid);

	g_ptr_array_set_size(filter->added, 0);
	if (step(filter, 'M', mail, from, sizeof(from), NOMAIL, NR_MAIL) !=
	            'c' ||
	    step(filter, 'R', rcpt, to, sizeof(to), NORCPT, NR_RCPT) != 'c' ||
	    step(filter, 'T', data, "", 0, NODATA, NR_DATA) != 'c')
		die("the envelope is refused");
	if (before != NULL)
		send_fields(filter, before);
	send_fields(filter, plan->fields);
	if (step(filter, 'N', end_header, "", 0, NOEOH, NR_EOH) != 'c')
		die("the header is refused");
	send_body(filter, plan->body, plan->body_len);
	if (strchr("ca", step(filter, 'E', end, "", 0, 0, 0)) == NULL)
		die("the message is refused");
}

static void check(const struct plan *plan, const struct filter *last)
{
	for (guint i = 0; i < last->added->len; i++) {
		const struct field *field = g_ptr_array_index(last->added, i);

		if (strstr(field->value, plan->want) != NULL)
			return;
	}
	for (guint i = 0; i < last->added->len; i++) {
		const struct field *field = g_ptr_array_index(last->added, i);

		fprintf(stderr, "%s:%s\n", field->name, field->value);
	}
	die("the filter did not find what it should");
}

static void run_message(struct session *session)
{
	const struct plan *plan = session->plan;
	g_autofree char *qid =
		g_strdup_printf("4Q%" G_GUINT64_FORMAT, session->number++);
	const GPtrArray *before = NULL;

	for (unsigned i = 0; i < plan->n_filters; i++) {
		run_filter(plan, &session->filters[i], qid, before);
		before = session->filters[i].added;
	}
	check(plan, &session->filters[plan->n_filters - 1]);
}

static void *session_main(void *data)
{
	struct session *session = data;

	while (g_get_monotonic_time() < session->end) {
		gint64 start = g_get_monotonic_time();
		gint64 time;

		run_message(session);
		time = g_get_monotonic_time() - start;
		if (start >= session->begin)
			g_array_append_val(session->times, time);
	}
	return NULL;
}

/* --- the whole --- */

static int compare(const void *a, const void *b)
{
	gint64 left = *(const gint64 *)a, right = *(const gint64 *)b;

	return (left > right) - (left < right);
}

/* messages: with those of the warm-up, whose times are not in the list. */
static void report(const GArray *times, double seconds, guint64 messages)
{
	const gint64 *list = (const gint64 *)(const void *)times->data;

	if (times->len == 0)
		die("not one message was finished");
	printf("%.0f %.2f %.2f %" G_GUINT64_FORMAT "\n", times->len / seconds,
	       (double)list[times->len / 2] / 1000.0,
	       (double)list[times->len * 99 / 100] / 1000.0, messages);
}

static void run(const struct plan *plan, unsigned n)
{
	g_autofree struct session *sessions = g_new0(struct session, n);
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(gint64));
	guint64 messages = 0;
	gint64 begin;

	for (unsigned i = 0; i < n; i++) {
		sessions[i].plan = plan;
		sessions[i].number = i * (guint64)1000000;
		sessions[i].times = g_array_new(FALSE, FALSE, sizeof(gint64));
		for (unsigned f = 0; f < plan->n_filters; f++)
			connect_filter(&sessions[i].filters[f],
			               plan->sockets[f]);
	}
	begin = g_get_monotonic_time() + WARM_UP;
	for (unsigned i = 0; i < n; i++) {
		sessions[i].begin = begin;
		sessions[i].end =
			begin + (gint64)(plan->seconds * G_USEC_PER_SEC);
		if (pthread_create(&sessions[i].thread, NULL, session_main,
		                   &sessions[i]) != 0)
			die("no thread");
	}
	for (unsigned i = 0; i < n; i++) {
		pthread_join(sessions[i].thread, NULL);
		messages += sessions[i].number - i * (guint64)1000000;
		g_array_append_vals(all, sessions[i].times->data,
		                    sessions[i].times->len);
	}
	g_array_sort(all, compare);
	report(all, plan->seconds, messages);
}

static GPtrArray *read_fields(char *head)
{
	GPtrArray *fields = g_ptr_array_new_with_free_func(field_free);
	char *line = head;

	while (line != NULL && *line != '\0') {
		char *next = line;
		struct field *field = g_new0(struct field, 1);
		g_auto(GStrv) parts = NULL;
		char *colon;

		do {
			next = strstr(next, "\r\n");
			if (next != NULL)
				next += 2;
		} while (next != NULL && (*next == ' ' || *next == '\t'));
		if (next != NULL)
			next[-2] = '\0';
		colon = strchr(line, ':');
		if (colon == NULL)
			die("a strange message");
		field->name = g_strndup(line, (size_t)(colon - line));
		parts = g_strsplit(colon + 1, "\r\n", -1);
		field->value = g_strjoinv("\n", parts);
		g_ptr_array_add(fields, field);
		line = next;
	}
	return fields;
}

int main(int argc, char **argv)
{
	struct plan plan = { 0 };
	g_autofree char *text = NULL;
	gsize len;
	char *body;
	unsigned sessions;

	if (argc < 6 || argc > 5 + FILTERS_MAX)
		die("usage: SESSIONS SECONDS MESSAGE WANT SOCKET [SOCKET]");
	sessions = (unsigned)g_ascii_strtoull(argv[1], NULL, 10);
	plan.seconds = g_ascii_strtod(argv[2], NULL);
	plan.want = argv[4];
	plan.sockets = argv + 5;
	plan.n_filters = (unsigned)argc - 5;
	if (!g_file_get_contents(argv[3], &text, &len, NULL))
		die("no message");
	body = strstr(text, "\r\n\r\n");
	if (body == NULL)
		die("the message has no body");
	plan.body = body + 4;
	plan.body_len = len - (size_t)(plan.body - text);
	body[0] = '\0';
	plan.fields = read_fields(text);
	run(&plan, sessions);
	g_ptr_array_unref(plan.fields);
	return 0;
}
