/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * crew.c - several connections to the mail server, each with a thread
 *
 * One lock for the queue, the reports and the state; nobody holds it while
 * something is sent.
 */
#include "notifier/crew.h"

#include "base/clock.h"

#include <pthread.h>
#include <time.h>

struct job {
	GPtrArray *line;
	gint64 until;
};

struct worker {
	struct crew *crew;
	struct submit *submit;
	GThread *thread;
};

struct crew {
	pthread_mutex_t lock;
	pthread_cond_t work;   /* a job came, or the end, or more may join */
	pthread_cond_t report; /* a report came */
	GQueue jobs;
	GPtrArray *reports;
	unsigned busy;    /* rows in jobs and in workers' hands */
	unsigned active;  /* workers that have a job */
	unsigned allowed; /* how many may have one */
	bool down;
	bool stop;
	bool end;
	struct worker *workers;
	unsigned count;
};

void crew_report_free(struct crew_report *report)
{
	if (report == NULL)
		return;
	outbox_free(report->row);
	g_free(report->reply);
	g_free(report);
}

static void free_report(void *data)
{
	crew_report_free(data);
}

/* --- the workers --------------------------------------------------------- */

/* With the lock. */
static void put_report(struct crew *crew, struct crew_report *report)
{
	g_ptr_array_add(crew->reports, report);
	crew->busy--;
	pthread_cond_signal(&crew->report);
}

/* With the lock: what a reply says of the server. */
static void learn(struct crew *crew, enum submit_outcome outcome)
{
	if (outcome == SUBMIT_DOWN) {
		crew->down = true;
		crew->allowed = 1;
	} else if (!crew->down && crew->allowed < crew->count) {
		crew->allowed = crew->count;
		pthread_cond_broadcast(&crew->work);
	}
}

/* With the lock. */
static bool may_begin(const struct crew *crew, gint64 until)
{
	return !crew->stop && !crew->down && clock_monotonic() < until;
}

/* What must not be overtaken by the rows behind it. */
static bool puts_off(enum submit_outcome outcome)
{
	return outcome == SUBMIT_DOWN || outcome == SUBMIT_LATER;
}

/* Called and left with the lock. */
static void work_on_row(struct worker *worker, struct crew_report *report)
{
	struct crew *crew = worker->crew;

	report->tried = true;
	pthread_mutex_unlock(&crew->lock);
	report->outcome = submit_send(worker->submit, report->row,
				      &report->reply);
	pthread_mutex_lock(&crew->lock);
	learn(crew, report->outcome);
}

/* Called and left with the lock. Takes the line. */
static void work_on_line(struct worker *worker, GPtrArray *line, gint64 until)
{
	struct crew *crew = worker->crew;
	bool go_on = true;

	while (line->len > 0) {
		struct crew_report *report = g_new0(struct crew_report, 1);

		report->row = g_ptr_array_steal_index(line, 0);
		go_on = go_on && may_begin(crew, until);
		if (go_on)
			work_on_row(worker, report);
		go_on = go_on && !puts_off(report->outcome);
		put_report(crew, report);
	}
	g_ptr_array_unref(line);
}

static void *work(void *data)
{
	struct worker *worker = data;
	struct crew *crew = worker->crew;

	pthread_mutex_lock(&crew->lock);
	while (!crew->end) {
		struct job *job = NULL;

		if (crew->active < crew->allowed || crew->down || crew->stop)
			job = g_queue_pop_head(&crew->jobs);
		if (job == NULL) {
			pthread_cond_wait(&crew->work, &crew->lock);
			continue;
		}
		crew->active++;
		work_on_line(worker, job->line, job->until);
		crew->active--;
		g_free(job);
		/* Its place may be taken by one that waits. */
		pthread_cond_signal(&crew->work);
	}
	pthread_mutex_unlock(&crew->lock);
	return NULL;
}

/* --- from outside ---------------------------------------------------------- */

static bool add_worker(struct crew *crew, const char *url, const char *helo,
		       GError **error)
{
	struct worker *worker = &crew->workers[crew->count];
	g_autofree char *name = g_strdup_printf("smtp-%u", crew->count);

	worker->crew = crew;
	worker->submit = submit_new(url, helo, error);
	if (worker->submit == NULL)
		return false;
	worker->thread = g_thread_new(name, work, worker);
	crew->count++;
	return true;
}

static void init_locks(struct crew *crew)
{
	pthread_condattr_t monotonic;

	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_mutex_init(&crew->lock, NULL);
	pthread_cond_init(&crew->work, NULL);
	pthread_cond_init(&crew->report, &monotonic);
	pthread_condattr_destroy(&monotonic);
}

struct crew *crew_new(const char *url, const char *helo, unsigned count,
		      GError **error)
{
	AUTO(crew) crew = g_new0(struct crew, 1);

	init_locks(crew);
	g_queue_init(&crew->jobs);
	crew->reports = g_ptr_array_new_with_free_func(free_report);
	crew->allowed = 1;
	crew->workers = g_new0(struct worker, MAX(count, 1));
	for (unsigned i = 0; i < MAX(count, 1); i++) {
		bool added;

		/* Workers that run already read the count. */
		pthread_mutex_lock(&crew->lock);
		added = add_worker(crew, url, helo, error);
		pthread_mutex_unlock(&crew->lock);
		if (!added)
			return NULL;
	}
	return g_steal_pointer(&crew);
}

static void free_job(void *data)
{
	struct job *job = data;

	g_ptr_array_unref(job->line);
	g_free(job);
}

void crew_free(struct crew *crew)
{
	if (crew == NULL)
		return;
	crew_stop(crew, 0);
	pthread_mutex_lock(&crew->lock);
	crew->end = true;
	pthread_cond_broadcast(&crew->work);
	pthread_mutex_unlock(&crew->lock);
	for (unsigned i = 0; i < crew->count; i++)
		g_thread_join(crew->workers[i].thread);
	for (unsigned i = 0; i < crew->count; i++)
		submit_free(crew->workers[i].submit);
	g_queue_clear_full(&crew->jobs, free_job);
	g_ptr_array_unref(crew->reports);
	g_free(crew->workers);
	pthread_cond_destroy(&crew->work);
	pthread_cond_destroy(&crew->report);
	pthread_mutex_destroy(&crew->lock);
	g_free(crew);
}

void crew_stop(struct crew *crew, gint64 grace_ms)
{
	pthread_mutex_lock(&crew->lock);
	crew->stop = true;
	pthread_cond_broadcast(&crew->work);
	pthread_cond_broadcast(&crew->report);
	pthread_mutex_unlock(&crew->lock);
	for (unsigned i = 0; i < crew->count; i++)
		submit_stop(crew->workers[i].submit, grace_ms);
}

void crew_send(struct crew *crew, GPtrArray *line, gint64 until)
{
	struct job *job = g_new0(struct job, 1);

	job->line = line;
	job->until = until;
	pthread_mutex_lock(&crew->lock);
	if (crew->busy == 0)
		crew->down = false;
	crew->busy += line->len;
	g_queue_push_tail(&crew->jobs, job);
	pthread_cond_signal(&crew->work);
	pthread_mutex_unlock(&crew->lock);
}

static struct timespec deadline(gint64 wait_ms)
{
	gint64 at = clock_monotonic() + wait_ms;

	return (struct timespec){ .tv_sec = (time_t)(at / 1000),
				  .tv_nsec = (long)(at % 1000) * 1000000 };
}

void crew_collect(struct crew *crew, gint64 wait_ms, GPtrArray *reports)
{
	const struct timespec until = deadline(wait_ms);

	pthread_mutex_lock(&crew->lock);
	while (crew->reports->len == 0 && crew->busy > 0
	       && pthread_cond_timedwait(&crew->report, &crew->lock, &until)
			  == 0)
		;
	g_ptr_array_extend_and_steal(
		reports, g_steal_pointer(&crew->reports));
	crew->reports = g_ptr_array_new_with_free_func(free_report);
	pthread_mutex_unlock(&crew->lock);
}

unsigned crew_busy(struct crew *crew)
{
	unsigned busy;

	pthread_mutex_lock(&crew->lock);
	busy = crew->busy + crew->reports->len;
	pthread_mutex_unlock(&crew->lock);
	return busy;
}

bool crew_is_down(struct crew *crew)
{
	bool down;

	pthread_mutex_lock(&crew->lock);
	down = crew->down;
	pthread_mutex_unlock(&crew->lock);
	return down;
}
