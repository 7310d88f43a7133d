/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * parser_pool.c - a message to a confined child, the result back
 *
 * A child that ends before it took its message (somebody killed it while it
 * was idle) is nobody's fault: another one is tried. From STARTED on the
 * message is to blame and is not tried again.
 */
#include "lmtpd/parser_pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "lmtpd/fdpass.h"
#include "lmtpd/memfile.h"
#include "lmtpd/parser_record.h"

#define TRIES 3

struct parser_pool {
	struct parser_pool_config config;
	struct parser_zygote zygote;
	GMutex lock;
	GCond freed;
	unsigned free; /* children that may be in use */
	GQueue ready;  /* struct child: those that wait for a message */
	bool ending;
};

struct child {
	int sock;
	int pidfd; /* -1 until it is known */
};

/* One message with one child. */
struct exchange {
	const struct parser_pool *pool;
	struct child *child;
	gint64 deadline;
	bool started;
	bool more; /* the child takes another */
	GVariant *result;
};

/* Whatever it was at, the child's work is done. */
static void child_free(gpointer data)
{
	struct child *child = data;

	if (child->pidfd >= 0) {
		(void)pidfd_send_signal(child->pidfd, SIGKILL, NULL, 0);
		close(child->pidfd);
	}
	close(child->sock);
	g_free(child);
}

/* Call with the lock, or before there are threads. */
static struct child *make_child(struct parser_pool *pool, GError **error)
{
	struct child *child;
	int ends[2];
	bool sent;

	if (pool->ending) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_TEMPORARY,
		            "the parsers are being stopped");
		return NULL;
	}
	if (!fdpass_pair(ends)) {
		error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno,
		                "socketpair");
		return NULL;
	}
	sent = fdpass_send(pool->zygote.control, "c", 1, ends[1]);
	close(ends[1]);
	if (!sent) {
		error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno,
		                "no parser can be made");
		close(ends[0]);
		return NULL;
	}
	child = g_new(struct child, 1);
	*child = (struct child){ ends[0], -1 };
	return child;
}

/* Makes a child for the message after the next. If that fails, the one who
 * needs it will find out why. */
static void make_ahead(struct parser_pool *pool)
{
	struct child *child = make_child(pool, NULL);

	if (child != NULL)
		g_queue_push_tail(&pool->ready, child);
}

struct parser_pool *parser_pool_new(const struct parser_zygote *zygote,
                                    const struct parser_pool_config *config)
{
	struct parser_pool *pool = g_new0(struct parser_pool, 1);

	pool->config = *config;
	pool->zygote = *zygote;
	pool->free = config->children;
	g_mutex_init(&pool->lock);
	g_cond_init(&pool->freed);
	g_queue_init(&pool->ready);
	for (unsigned i = 0; i < config->children; i++)
		make_ahead(pool);
	return pool;
}

bool parser_pool_wait(struct parser_pool *pool)
{
	siginfo_t info;
	bool ending;

	while (waitid(P_PID, (id_t)pool->zygote.pid, &info, WEXITED | WNOWAIT) <
	               0 &&
	       errno == EINTR)
		continue;
	g_mutex_lock(&pool->lock);
	ending = pool->ending;
	g_mutex_unlock(&pool->lock);
	return !ending;
}

void parser_pool_end(struct parser_pool *pool)
{
	g_mutex_lock(&pool->lock);
	if (!pool->ending) {
		pool->ending = true;
		close(pool->zygote.control);
		g_queue_clear_full(&pool->ready, child_free);
	}
	g_mutex_unlock(&pool->lock);
}

void parser_pool_free(struct parser_pool *pool)
{
	if (pool == NULL)
		return;
	parser_pool_end(pool);
	while (waitpid(pool->zygote.pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	g_mutex_clear(&pool->lock);
	g_cond_clear(&pool->freed);
	g_free(pool);
}

/* One that was used before says nothing until it is asked: what has, died or
 * is up to something. */
static bool is_usable(const struct child *child)
{
	struct pollfd pollfd = { .fd = child->sock, .events = POLLIN };

	return child->pidfd < 0 || poll(&pollfd, 1, 0) == 0;
}

static struct child *take_ready(struct parser_pool *pool)
{
	struct child *child;

	while ((child = g_queue_pop_head(&pool->ready)) != NULL &&
	       !is_usable(child))
		child_free(child);
	return child;
}

/* A child, ready or being made; NULL if none is to be had. */
static struct child *take_child(struct parser_pool *pool, GError **error)
{
	gint64 until = g_get_monotonic_time() +
	               (gint64)pool->config.wait_ms * G_TIME_SPAN_MILLISECOND;
	struct child *child = NULL;
	bool ok = true;

	g_mutex_lock(&pool->lock);
	while (pool->free == 0 && ok)
		ok = g_cond_wait_until(&pool->freed, &pool->lock, until);
	if (pool->free == 0)
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_TEMPORARY,
		            "all parsers were busy for %" G_GUINT64_FORMAT
		            " ms",
		            pool->config.wait_ms);
	else if ((child = take_ready(pool)) == NULL)
		child = make_child(pool, error);
	if (child != NULL)
		pool->free--;
	g_mutex_unlock(&pool->lock);
	return child;
}

/* The one used last is the one used next: its memory is warm. */
static void give_child(struct parser_pool *pool, struct child *child, bool more)
{
	g_mutex_lock(&pool->lock);
	pool->free++;
	if (more && !pool->ending)
		g_queue_push_head(&pool->ready, g_steal_pointer(&child));
	else
		make_ahead(pool);
	g_cond_signal(&pool->freed);
	g_mutex_unlock(&pool->lock);
	if (child != NULL)
		child_free(child);
}

/* A fault of the message or, before it was taken, of ours. */
static bool fail(const struct exchange *exchange, GError **error,
                 const char *fmt, ...) G_GNUC_PRINTF(3, 4);
static bool fail(const struct exchange *exchange, GError **error,
                 const char *fmt, ...)
{
	va_list args;
	g_autofree char *text = NULL;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	g_set_error_literal(error, PORTARIA_ERROR,
	                    exchange->started ? PORTARIA_ERROR_PERMANENT
	                                      : PORTARIA_ERROR_TEMPORARY,
	                    text);
	return false;
}

static bool on_died(struct exchange *exchange,
                    const struct parser_record *record, G_GNUC_UNUSED int fd,
                    GError **error)
{
	if (WIFSIGNALED(record->number))
		return fail(exchange, error, "the parser was ended by %s",
		            strsignal(WTERMSIG(record->number)));
	return fail(exchange, error, "the parser ended with status %d",
	            WEXITSTATUS(record->number));
}

static bool on_not_born(struct exchange *exchange,
                        const struct parser_record *record,
                        G_GNUC_UNUSED int fd, GError **error)
{
	return fail(exchange, error, "no parser can be made: %s",
	            g_strerror(record->number));
}

/* Only the reasons that a parser can have are taken from the child. */
static bool on_refused(struct exchange *exchange,
                       const struct parser_record *record, G_GNUC_UNUSED int fd,
                       GError **error)
{
	g_autofree char *text = NULL;
	int code = record->number;

	if (memchr(record->text, '\0', sizeof(record->text)) == NULL)
		return fail(exchange, error, "the parser answered nonsense");
	if (code != PORTARIA_ERROR_LIMIT && code != PORTARIA_ERROR_SYNTAX)
		code = PORTARIA_ERROR_PERMANENT;
	text = g_utf8_make_valid(record->text, -1);
	g_set_error_literal(error, PORTARIA_ERROR, code, text);
	return false;
}

/* Unless nobody can change or cut the file any more, reading a mapping of it
 * could show two different things, or nothing. */
static GBytes *map_result(int fd, guint64 size, guint64 max)
{
	struct stat st;

	if (!memfile_is_sealed(fd) || fstat(fd, &st) < 0 || size == 0 ||
	    size > max || st.st_size != (off_t)size)
		return NULL;
	return memfile_map(fd, (size_t)size);
}

static bool on_parsed(struct exchange *exchange,
                      const struct parser_record *record, int fd,
                      GError **error)
{
	const struct parser_pool_config *config = &exchange->pool->config;
	g_autoptr(GBytes) bytes = NULL;

	if (fd >= 0)
		bytes = map_result(fd, record->size, config->result_max);
	if (bytes == NULL)
		return fail(exchange, error, "the parser answered nonsense");
	exchange->result = g_variant_ref_sink(
		g_variant_new_from_bytes(config->type, bytes, FALSE));
	exchange->more = record->number == 1;
	return true;
}

static bool on_born(struct exchange *exchange,
                    G_GNUC_UNUSED const struct parser_record *record, int fd,
                    GError **error)
{
	struct child *child = exchange->child;

	if (child->pidfd < 0 && fd >= 0)
		child->pidfd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (child->pidfd < 0)
		return fail(exchange, error, "a parser without a handle");
	return true;
}

static bool on_started(struct exchange *exchange,
                       G_GNUC_UNUSED const struct parser_record *record,
                       G_GNUC_UNUSED int fd, G_GNUC_UNUSED GError **error)
{
	exchange->started = true;
	return true;
}

/* A handler returns false with an error, or true to go on. */
static bool (*const handlers[])(struct exchange *exchange,
                                const struct parser_record *record, int fd,
                                GError **error) = {
	[PARSER_BORN] = on_born,       [PARSER_NOT_BORN] = on_not_born,
	[PARSER_STARTED] = on_started, [PARSER_PARSED] = on_parsed,
	[PARSER_REFUSED] = on_refused, [PARSER_DIED] = on_died,
};

static bool handle_record(struct exchange *exchange, GError **error)
{
	struct parser_record record;
	int fd = -1;
	ssize_t len =
		fdpass_recv(exchange->child->sock, &record, sizeof(record), &fd);
	bool ok;

	if (len == 0 || (len < 0 && errno == ECONNRESET)) {
		/* Nobody told of its death: the zygote is gone, too. */
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_TEMPORARY,
		            "the parser is gone");
		return false;
	}
	if (len != sizeof(record) || record.kind >= G_N_ELEMENTS(handlers) ||
	    handlers[record.kind] == NULL)
		ok = fail(exchange, error, "the parser answered nonsense");
	else
		ok = handlers[record.kind](exchange, &record, fd, error);
	if (fd >= 0)
		close(fd);
	return ok;
}

/* False: the time is over. */
static bool wait_for_record(const struct exchange *exchange)
{
	struct pollfd pollfd = { .fd = exchange->child->sock,
		                 .events = POLLIN };

	for (;;) {
		gint64 left = exchange->deadline - clock_monotonic();
		int n;

		if (left <= 0)
			return false;
		n = poll(&pollfd, 1, (int)MIN(left, G_MAXINT));
		if (n > 0)
			return true;
		if (n < 0 && errno != EINTR)
			return false;
	}
}

static bool take_record(struct exchange *exchange, GError **error)
{
	if (wait_for_record(exchange))
		return handle_record(exchange, error);
	return fail(exchange, error,
	            "the parser took more than %" G_GUINT64_FORMAT " ms",
	            exchange->pool->config.job_ms);
}

/* A child has seen no message before its birth was told, so nobody but the
 * zygote can have told it. */
static bool converse(struct exchange *exchange, int fd, guint64 size,
                     GError **error)
{
	struct parser_record job = { .kind = PARSER_JOB, .size = size };

	while (exchange->child->pidfd < 0)
		if (!take_record(exchange, error))
			return false;
	/* A child that died idle: what it left is still to be read. */
	(void)fdpass_send(exchange->child->sock, &job, sizeof(job), fd);
	while (exchange->result == NULL)
		if (!take_record(exchange, error))
			return false;
	return true;
}

/* *ret_again: the message is not to blame for the error. */
static GVariant *run_once(struct parser_pool *pool, int fd, guint64 size,
                          bool *ret_again, GError **error)
{
	struct exchange exchange = {
		.pool = pool,
		.child = take_child(pool, error),
		.deadline = clock_monotonic() + (gint64)pool->config.job_ms,
	};

	*ret_again = false;
	if (exchange.child == NULL)
		return NULL;
	*ret_again = !converse(&exchange, fd, size, error) && !exchange.started;
	give_child(pool, exchange.child,
	           exchange.result != NULL && exchange.more);
	return exchange.result;
}

GVariant *parser_pool_run(struct parser_pool *pool, int fd, guint64 size,
                          GError **error)
{
	g_autoptr(GError) last = NULL;
	GVariant *result = NULL;
	bool again = true;

	for (unsigned i = 0; i < TRIES && result == NULL && again; i++) {
		g_clear_error(&last);
		result = run_once(pool, fd, size, &again, &last);
	}
	if (result == NULL)
		g_propagate_error(error, g_steal_pointer(&last));
	return result;
}
