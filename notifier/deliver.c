/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * deliver.c - from the outbox to the crew and back
 *
 * A row is leased before it is sent, so two notifiers never send the same
 * one; leases are renewed while their rows are on their way, and no row is
 * begun whose lease would end before the slowest mail. A notifier that dies
 * between the mail server's 250 and the commit that says so sends that mail a
 * second time when the lease has run out, under the same Message-ID. That is
 * once: RFC 5321 section 6.1 prefers it to a loss. Results wait for nothing
 * but the commit before them.
 */
#include "notifier/deliver.h"

#include "base/clock.h"
#include "base/error.h"
#include "desk/bounces.h"

#include <string.h>

#define ROWS_MAX        512 /* leased at once ... */
#define BYTES_MAX       ((gsize)64 * 1024 * 1024) /* ... and in memory */
#define WAIT_MS         200 /* for a report */
#define LINGER_MS       20  /* for more of them, and for other writers */
#define SERVER_DOWN_MAX (5 * CLOCK_MINUTE) /* between tries without a server */

struct deliver {
	const struct desk *desk;
	struct crew *crew;
	const char *owner;
	GPtrArray *reports; /* struct crew_report, not recorded yet */
	gint64 renew_at;    /* monotonic */
	gsize bytes;        /* of the rows that the crew has */
	bool progress; /* something was sent since the server was down */
	bool stopping;
};

gint64 deliver_backoff(const struct config_notifier *config, gint64 attempts)
{
	gint64 wait = (gint64)config->retry_seconds * CLOCK_SECOND;

	for (gint64 i = 1; i < attempts && wait < CLOCK_HOUR; i++)
		wait *= 2;
	return MIN(wait, CLOCK_HOUR);
}

gint64 deliver_jitter(gint64 wait, double chance)
{
	return wait + (gint64)((double)wait / 4 * CLAMP(chance, 0, 1));
}

static void free_report(void *data)
{
	crew_report_free(data);
}

struct deliver *deliver_new(const struct desk *desk, struct crew *crew,
			    const char *owner)
{
	struct deliver *deliver = g_new0(struct deliver, 1);

	deliver->desk = desk;
	deliver->crew = crew;
	deliver->owner = owner;
	deliver->reports = g_ptr_array_new_with_free_func(free_report);
	return deliver;
}

void deliver_free(struct deliver *deliver)
{
	if (deliver == NULL)
		return;
	g_ptr_array_unref(deliver->reports);
	g_free(deliver);
}

static const struct config_notifier *config_of(const struct deliver *deliver)
{
	return &desk_get_config(deliver->desk)->notifier;
}

static gint64 lease_ms(const struct deliver *deliver)
{
	return (gint64)config_of(deliver)->lease_seconds * CLOCK_SECOND;
}

static void log_row(enum log_level level, const struct outbox *row,
		    const char *event, const char *reply)
{
	const struct log_ctx ctx = {
		.ticket = row->ticket,
		.message_id = row->header_id,
	};

	log_event(level, &ctx, event, LOG_STR("kind", row->kind),
		  LOG_STR("to", row->recipient), LOG_NUM("try", row->attempts),
		  LOG_STR("reply", reply));
}

/* --- what a report means ----------------------------------------------------- */

/* A row that was broken off because we stop is not the server's fault. */
static enum outbox_end end_of(const struct deliver *deliver,
			      const struct crew_report *report)
{
	gint64 age = clock_now() - report->row->created;
	gint64 give_up = (gint64)config_of(deliver)->give_up_seconds
			 * CLOCK_SECOND;

	if (!report->tried)
		return OUTBOX_END_BACK;
	switch (report->outcome) {
	case SUBMIT_SENT:
		return OUTBOX_END_SENT;
	case SUBMIT_REFUSED:
	case SUBMIT_REFUSED_ADDRESS:
		return OUTBOX_END_FAILED;
	case SUBMIT_DOWN:
		if (deliver->stopping)
			return OUTBOX_END_BACK;
		break;
	case SUBMIT_LATER:
		break;
	}
	return age > give_up ? OUTBOX_END_FAILED : OUTBOX_END_RETRY;
}

static gint64 next_attempt(const struct deliver *deliver,
			   const struct crew_report *report)
{
	gint64 wait = deliver_backoff(config_of(deliver),
				      report->row->attempts);

	if (report->outcome == SUBMIT_DOWN)
		wait = MIN(wait, SERVER_DOWN_MAX);
	return clock_now() + deliver_jitter(wait, g_random_double());
}

static struct outbox_result result_of(const struct deliver *deliver,
				      const struct crew_report *report)
{
	struct outbox_result result = {
		.id = report->row->id,
		.end = end_of(deliver, report),
		.reply = report->reply,
	};

	if (result.end == OUTBOX_END_RETRY)
		result.next_attempt = next_attempt(deliver, report);
	return result;
}

static void log_report(const struct crew_report *report, enum outbox_end end)
{
	static const struct {
		enum log_level level;
		const char *event;
	} words[] = {
		[OUTBOX_END_SENT] = { LOG_LEVEL_INFO, "sent" },
		[OUTBOX_END_FAILED] = { LOG_LEVEL_WARNING, "given-up" },
		[OUTBOX_END_RETRY] = { LOG_LEVEL_WARNING, "deferred" },
		[OUTBOX_END_BACK] = { LOG_LEVEL_DEBUG, "given-back" },
	};

	log_row(words[end].level, report->row, words[end].event,
		report->reply != NULL ? report->reply : "");
}

/* --- recording ----------------------------------------------------------------- */

/* People see on the ticket, and staff in a notice, that a mail never left. */
static bool settle(const struct deliver *deliver, struct store *store,
		   const struct crew_report *report,
		   const struct outbox_result *result, GError **error)
{
	bool bad_address = report->outcome == SUBMIT_REFUSED_ADDRESS;

	if (!outbox_settle(store, deliver->owner, result, error))
		return false;
	return result->end != OUTBOX_END_FAILED
	       || bounces_refused(deliver->desk, store, report->row,
				  report->reply, bad_address, error);
}

/* Whether the trouble is this row's alone. Who took the row meanwhile has to
 * do with it; a row that cannot be recorded is left to its lease's end. */
static bool is_of_row(const GError *problem)
{
	return g_error_matches(problem, PORTARIA_ERROR, PORTARIA_ERROR_CONFLICT)
	       || g_error_matches(problem, PORTARIA_ERROR,
				  PORTARIA_ERROR_NOT_FOUND)
	       || g_error_matches(problem, PORTARIA_ERROR,
				  PORTARIA_ERROR_PERMANENT);
}

static bool record(const struct deliver *deliver, struct store *store,
		   const struct crew_report *report, GError **error)
{
	const struct outbox_result result = result_of(deliver, report);
	g_autoptr(GError) problem = NULL;

	if (!store_savepoint(store, error))
		return false;
	if (settle(deliver, store, report, &result, &problem))
		return store_release(store, error);
	store_rollback_to(store);
	if (is_of_row(problem)) {
		log_row(LOG_LEVEL_WARNING, report->row, "not-recorded",
			problem->message);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

static bool record_all(const struct deliver *deliver, struct store *store,
		       GError **error)
{
	for (guint i = 0; i < deliver->reports->len; i++) {
		if (!record(deliver, store, deliver->reports->pdata[i], error))
			return false;
	}
	return true;
}

/* What was sent is logged before it is recorded, and once. */
static void note_reports(struct deliver *deliver, guint from)
{
	for (guint i = from; i < deliver->reports->len; i++) {
		const struct crew_report *report = deliver->reports->pdata[i];

		log_report(report, end_of(deliver, report));
		deliver->bytes -= g_bytes_get_size(report->row->bytes);
		if (report->tried && report->outcome == SUBMIT_SENT)
			deliver->progress = true;
	}
}

static void collect(struct deliver *deliver)
{
	guint before = deliver->reports->len;

	crew_collect(deliver->crew, before > 0 ? 0 : WAIT_MS,
		     deliver->reports);
	if (deliver->reports->len > before
	    && crew_busy(deliver->crew) > ROWS_MAX / 8)
		g_usleep(LINGER_MS * 1000);
	crew_collect(deliver->crew, 0, deliver->reports);
	note_reports(deliver, before);
}

/* --- leasing ------------------------------------------------------------------- */

/* Rows of one line: to one reader about one ticket, in their order. */
static char *dup_line_key(const struct outbox *row)
{
	if (row->ticket_id == 0)
		return g_strdup_printf("%" G_GINT64_FORMAT, row->id);
	return g_strdup_printf("%" G_GINT64_FORMAT " %s", row->ticket_id,
			       row->recipient);
}

static void free_row(void *row)
{
	outbox_free(row);
}

/* Takes the rows out of the array; lines in the order of their first row. */
static GPtrArray *make_lines(GPtrArray *rows)
{
	GPtrArray *lines = g_ptr_array_new();
	g_autoptr(GHashTable) by_key
		= g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	g_ptr_array_set_free_func(rows, NULL);
	for (guint i = 0; i < rows->len; i++) {
		g_autofree char *key = dup_line_key(rows->pdata[i]);
		GPtrArray *line = g_hash_table_lookup(by_key, key);

		if (line == NULL) {
			line = g_ptr_array_new_with_free_func(free_row);
			g_ptr_array_add(lines, line);
			g_hash_table_insert(by_key, g_steal_pointer(&key),
					    line);
		}
		g_ptr_array_add(line, rows->pdata[i]);
	}
	return lines;
}

/* A short lease still lets every row be begun in its first half. */
static gint64 begin_until(const struct deliver *deliver)
{
	gint64 lease = lease_ms(deliver);

	return clock_monotonic() + lease
	       - MIN(SUBMIT_SECONDS_MAX * CLOCK_SECOND, lease / 2);
}

static void hand_out(struct deliver *deliver, GPtrArray *rows)
{
	g_autoptr(GPtrArray) lines = make_lines(rows);
	gint64 until = begin_until(deliver);

	for (guint i = 0; i < rows->len; i++) {
		const struct outbox *row = rows->pdata[i];

		deliver->bytes += g_bytes_get_size(row->bytes);
	}

	for (guint i = 0; i < lines->len; i++)
		crew_send(deliver->crew, lines->pdata[i], until);
}

/* *ret_rows NULL: none were wanted. */
static bool lease(const struct deliver *deliver, struct store *store,
		  unsigned wanted, GPtrArray **ret_rows, GError **error)
{
	const struct outbox_batch batch = {
		.owner = deliver->owner,
		.lease_ms = lease_ms(deliver),
		.max = wanted,
		.max_bytes = BYTES_MAX - deliver->bytes,
	};

	*ret_rows = NULL;
	if (wanted == 0)
		return true;
	*ret_rows = outbox_take(store, &batch, error);
	return *ret_rows != NULL;
}

/* How many rows to take: none while the crew still has half of them, or
 * while it finds out that the server is down. */
static unsigned wanted(const struct deliver *deliver)
{
	unsigned busy = crew_busy(deliver->crew);

	if (deliver->stopping || busy > ROWS_MAX / 2
	    || deliver->bytes > BYTES_MAX / 2)
		return 0;
	if (busy > 0 && crew_is_down(deliver->crew))
		return 0;
	return ROWS_MAX - busy;
}

static bool renew(struct deliver *deliver, struct store *store, GError **error)
{
	gint64 now = clock_monotonic();

	if (crew_busy(deliver->crew) == 0 || now < deliver->renew_at)
		return true;
	deliver->renew_at = now + lease_ms(deliver) / 3;
	return outbox_renew(store, deliver->owner, lease_ms(deliver), error);
}

/* --- one round ------------------------------------------------------------------ */

/* One transaction: results, leases on their way, new leases. */
static bool exchange(struct deliver *deliver, struct store *store,
		     unsigned count, GPtrArray **ret_rows, GError **error)
{
	g_autoptr(GPtrArray) rows = NULL;

	if (!store_begin(store, error))
		return false;
	if (!record_all(deliver, store, error)
	    || !renew(deliver, store, error)
	    || !lease(deliver, store, count, &rows, error)) {
		store_rollback(store);
		return false;
	}
	if (!store_commit(store, error))
		return false;
	*ret_rows = g_steal_pointer(&rows);
	return true;
}

static bool must_exchange(const struct deliver *deliver, unsigned count)
{
	return count > 0 || deliver->reports->len > 0
	       || (crew_busy(deliver->crew) > 0
		   && clock_monotonic() >= deliver->renew_at);
}

bool deliver_round(struct deliver *deliver, struct store *store, bool stopping,
		   bool *ret_idle, GError **error)
{
	g_autoptr(GPtrArray) rows = NULL;
	bool down;
	unsigned count;

	deliver->stopping = stopping;
	collect(deliver);
	count = wanted(deliver);
	down = crew_is_down(deliver->crew) && crew_busy(deliver->crew) == 0;
	/* Nobody there: what is due waits for the next look, unless other
	 * mail got through. */
	if (down && deliver->reports->len > 0 && !deliver->progress)
		count = 0;
	if (must_exchange(deliver, count)
	    && !exchange(deliver, store, count, &rows, error))
		return false;
	g_ptr_array_set_size(deliver->reports, 0);
	deliver->progress = deliver->progress && !down;
	*ret_idle = crew_busy(deliver->crew) == 0
		    && (rows == NULL || rows->len == 0);
	if (rows != NULL && rows->len > 0)
		hand_out(deliver, rows);
	return true;
}
