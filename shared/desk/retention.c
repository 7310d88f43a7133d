/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * retention.c - what is kept how long, and removing the rest
 *
 * A round is a list of jobs. Rows go first and their bytes at the end, when
 * nothing names them any more and they are old enough themselves.
 */
#include "desk/retention.h"

#include "base/clock.h"
#include "base/error.h"
#include "store/audit.h"
#include "store/timer.h"

#define ROWS_STEP  200
#define BLOBS_STEP 500

struct retention {
	GPtrArray *jobs; /* struct retention_job */
	guint at;        /* the job at hand */
	struct retention_cursor cursor;
	unsigned folder;
	struct retention_count counts[RETENTION__COUNT];
};

static void free_job(void *data)
{
	struct retention_job *job = data;

	g_free(job->department);
	g_free(job);
}

/* keep: milliseconds, 0 is for ever. */
static void add_job(struct retention *retention, enum retention_what what,
		    const struct department *department, gint64 keep)
{
	struct retention_job *job;

	if (keep <= 0)
		return;
	job = g_new0(struct retention_job, 1);
	job->scope.what = what;
	job->scope.before = clock_now() - keep;
	job->scope.department_id = department != NULL ? department->id : 0;
	job->department = g_strdup(department != NULL ? department->name : "");
	g_ptr_array_add(retention->jobs, job);
}

static gint64 own_or_site(gint64 own, guint64 site_seconds)
{
	return own != TIMER_SITE ? own : (gint64)site_seconds * CLOCK_SECOND;
}

static bool add_department(struct retention *retention, struct store *store,
			   const struct config_retention *site,
			   const struct department *department, GError **error)
{
	AUTO(timer_clock)
	own = timer_clock_get(store, department->id, error);

	if (own == NULL)
		return false;
	add_job(retention, RETENTION_TICKET, department,
		own_or_site(own->keep_tickets, site->ticket_seconds));
	add_job(retention, RETENTION_ATTACHMENT, department,
		own_or_site(own->keep_attachments, site->attachment_seconds));
	add_job(retention, RETENTION_RAW, department,
		own_or_site(own->keep_raw, site->raw_seconds));
	return true;
}

static void add_site(struct retention *retention,
		     const struct config_retention *site)
{
	const struct {
		enum retention_what what;
		guint64 seconds;
	} rows[] = {
		{ RETENTION_HELD, site->held_seconds },
		{ RETENTION_OUTBOX, site->outbox_seconds },
		{ RETENTION_DELIVERY, site->delivery_seconds },
		{ RETENTION_BLOB, site->blob_seconds },
		{ RETENTION_FILE, site->blob_seconds },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		add_job(retention, rows[i].what, NULL,
			(gint64)rows[i].seconds * CLOCK_SECOND);
}

struct retention *retention_new(const struct desk *desk, struct store *store,
				GError **error)
{
	const struct config_retention *site
		= &desk_get_config(desk)->retention;
	g_autoptr(GPtrArray) departments = department_list(store, error);
	AUTO(retention) retention = NULL;

	if (departments == NULL)
		return NULL;
	retention = g_new0(struct retention, 1);
	retention->jobs = g_ptr_array_new_with_free_func(free_job);
	for (guint i = 0; i < departments->len; i++) {
		if (!add_department(retention, store, site,
				    departments->pdata[i], error))
			return NULL;
	}
	add_site(retention, site);
	return g_steal_pointer(&retention);
}

void retention_free(struct retention *retention)
{
	if (retention == NULL)
		return;
	g_ptr_array_unref(retention->jobs);
	g_free(retention);
}

const struct retention_job *retention_get_job(const struct retention *retention,
					      unsigned index)
{
	return index < retention->jobs->len ? retention->jobs->pdata[index]
					    : NULL;
}

const struct retention_count *
retention_get_counts(const struct retention *retention)
{
	return retention->counts;
}

/* --- steps ---------------------------------------------------------------------- */

/* Each sets *ret_done when there is nothing left of the job. */

static bool step_rows(struct retention *retention, struct store *store,
		      const struct retention_job *job,
		      struct retention_count *count, bool *ret_done,
		      GError **error)
{
	(void)retention;
	if (!store_begin(store, error))
		return false;
	if (!retention_remove(store, &job->scope, ROWS_STEP, count, error)) {
		store_rollback(store);
		return false;
	}
	*ret_done = count->rows < ROWS_STEP;
	return store_commit(store, error);
}

static bool remove_ticket(struct store *store, const struct retention_job *job,
			  gint64 *ret_id, GError **error)
{
	g_autofree char *ref = NULL;
	g_autofree char *object = NULL;

	if (!retention_next_ticket(store, &job->scope, ret_id, &ref, error))
		return false;
	if (*ret_id == 0)
		return true;
	object = g_strdup_printf("ticket %s", ref);
	return retention_remove_ticket(store, *ret_id, error)
	       && audit_add(store, "system", "retention", object,
			    job->department, error);
}

/* A ticket may have thousands of entries, so one at a time. */
static bool step_ticket(struct retention *retention, struct store *store,
			const struct retention_job *job,
			struct retention_count *count, bool *ret_done,
			GError **error)
{
	gint64 id = 0;

	(void)retention;
	if (!store_begin(store, error))
		return false;
	if (!remove_ticket(store, job, &id, error)) {
		store_rollback(store);
		return false;
	}
	count->rows = id != 0;
	*ret_done = id == 0;
	return store_commit(store, error);
}

static bool step_blobs(struct retention *retention, struct store *store,
		       const struct retention_job *job,
		       struct retention_count *count, bool *ret_done,
		       GError **error)
{
	bool more = false;

	if (!retention_remove_blobs(store, &job->scope, BLOBS_STEP,
				    &retention->cursor, count, &more, error))
		return false;
	*ret_done = !more;
	return true;
}

static bool step_files(struct retention *retention, struct store *store,
		       const struct retention_job *job,
		       struct retention_count *count, bool *ret_done,
		       GError **error)
{
	if (!retention_sweep_folder(store, retention->folder, job->scope.before,
				    count, error))
		return false;
	*ret_done = ++retention->folder == RETENTION_FOLDERS;
	return true;
}

bool retention_step(struct retention *retention, struct store *store,
		    bool *ret_more, GError **error)
{
	static bool (*const steps[RETENTION__COUNT])(
		struct retention *, struct store *,
		const struct retention_job *, struct retention_count *, bool *,
		GError **) = {
		[RETENTION_RAW] = step_rows,
		[RETENTION_ATTACHMENT] = step_rows,
		[RETENTION_TICKET] = step_ticket,
		[RETENTION_HELD] = step_rows,
		[RETENTION_OUTBOX] = step_rows,
		[RETENTION_DELIVERY] = step_rows,
		[RETENTION_BLOB] = step_blobs,
		[RETENTION_FILE] = step_files,
	};
	const struct retention_job *job
		= retention_get_job(retention, retention->at);
	struct retention_count count = { 0 };
	bool done = false;

	if (job != NULL) {
		struct retention_count *sum
			= &retention->counts[job->scope.what];

		if (!steps[job->scope.what](retention, store, job, &count,
					    &done, error))
			return false;
		sum->rows += count.rows;
		sum->bytes += count.bytes;
		retention->at += done;
	}
	*ret_more = retention->at < retention->jobs->len;
	return true;
}
