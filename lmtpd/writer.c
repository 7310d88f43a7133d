/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * writer.c - the one thread that writes: group commit
 *
 * Nothing is waited for to fill a batch: while one commit runs, the next
 * batch gathers. After trouble with the transaction itself the database is
 * closed and opened again, since it may have been moved, restored or filled.
 */
#include "lmtpd/writer.h"

#include "base/error.h"
#include "store/store.h"

struct job {
	const struct intake_message *message;
	struct intake_result *results;
	GError *error;
	bool done;
};

struct writer {
	const struct desk *desk;
	const struct config *config;
	struct store *store; /* the thread's */
	GThread *thread;
	GMutex lock; /* everything below */
	GCond arrived;
	GCond finished;
	GQueue jobs;
	bool ending;
	gint64 batches;
};

static bool open_store(struct writer *writer, GError **error)
{
	if (writer->store == NULL)
		writer->store =
			store_open(&writer->config->store, STORE_WRITE, error);
	return writer->store != NULL;
}

static void job_undo(const struct job *job)
{
	for (size_t i = 0; i < job->message->n_recipients; i++)
		intake_result_clear(&job->results[i]);
}

/* One message; false if the transaction itself is in doubt. */
static bool run_job(struct writer *writer, struct job *job, GError **error)
{
	if (!store_savepoint(writer->store, error))
		return false;
	if (intake_store(writer->desk, writer->store, job->message,
	                 job->results, &job->error))
		return store_release(writer->store, error);
	job_undo(job);
	store_rollback_to(writer->store);
	return true;
}

static bool run_jobs(struct writer *writer, GPtrArray *batch, GError **error)
{
	for (guint i = 0; i < batch->len; i++)
		if (!run_job(writer, g_ptr_array_index(batch, i), error))
			return false;
	return true;
}

static bool run_transaction(struct writer *writer, GPtrArray *batch,
                            GError **error)
{
	if (!open_store(writer, error) || !store_begin(writer->store, error))
		return false;
	if (run_jobs(writer, batch, error) &&
	    store_commit(writer->store, error))
		return true;
	store_rollback(writer->store);
	return false;
}

/* Nobody of a batch that was not committed gets a 250. */
static void fail_batch(GPtrArray *batch, const GError *error)
{
	for (guint i = 0; i < batch->len; i++) {
		struct job *job = g_ptr_array_index(batch, i);

		if (job->error == NULL)
			job->error = g_error_copy(error);
		job_undo(job);
	}
}

static void run_batch(struct writer *writer, GPtrArray *batch)
{
	g_autoptr(GError) error = NULL;

	if (run_transaction(writer, batch, &error))
		return;
	fail_batch(batch, error);
	g_clear_pointer(&writer->store, store_close);
}

/* What waits, up to the limits, one message at least. Call with the lock. */
static GPtrArray *take_batch(struct writer *writer)
{
	GPtrArray *batch = g_ptr_array_new();
	guint64 bytes = 0;

	while (!g_queue_is_empty(&writer->jobs) &&
	       batch->len < writer->config->lmtp.batch_max) {
		const struct job *job = g_queue_peek_head(&writer->jobs);

		bytes += g_bytes_get_size(job->message->raw);
		if (batch->len > 0 && bytes > writer->config->lmtp.batch_bytes)
			break;
		g_ptr_array_add(batch, g_queue_pop_head(&writer->jobs));
	}
	return batch;
}

static void finish_batch(struct writer *writer, GPtrArray *batch)
{
	writer->batches++;
	for (guint i = 0; i < batch->len; i++) {
		struct job *job = g_ptr_array_index(batch, i);

		job->done = true;
	}
	g_cond_broadcast(&writer->finished);
}

static gpointer writer_main(gpointer data)
{
	struct writer *writer = data;

	g_mutex_lock(&writer->lock);
	for (;;) {
		g_autoptr(GPtrArray) batch = NULL;

		while (g_queue_is_empty(&writer->jobs) && !writer->ending)
			g_cond_wait(&writer->arrived, &writer->lock);
		if (g_queue_is_empty(&writer->jobs))
			break;
		batch = take_batch(writer);
		g_mutex_unlock(&writer->lock);
		run_batch(writer, batch);
		g_mutex_lock(&writer->lock);
		finish_batch(writer, batch);
	}
	g_mutex_unlock(&writer->lock);
	g_clear_pointer(&writer->store, store_close);
	return NULL;
}

struct writer *writer_new(const struct desk *desk)
{
	struct writer *writer = g_new0(struct writer, 1);

	writer->desk = desk;
	writer->config = desk_get_config(desk);
	g_mutex_init(&writer->lock);
	g_cond_init(&writer->arrived);
	g_cond_init(&writer->finished);
	g_queue_init(&writer->jobs);
	writer->thread = g_thread_new("writer", writer_main, writer);
	return writer;
}

void writer_free(struct writer *writer)
{
	if (writer == NULL)
		return;
	g_mutex_lock(&writer->lock);
	writer->ending = true;
	g_cond_signal(&writer->arrived);
	g_mutex_unlock(&writer->lock);
	g_thread_join(writer->thread);
	g_mutex_clear(&writer->lock);
	g_cond_clear(&writer->arrived);
	g_cond_clear(&writer->finished);
	g_free(writer);
}

bool writer_store(struct writer *writer, const struct intake_message *message,
                  struct intake_result *ret_results, GError **error)
{
	struct job job = { .message = message, .results = ret_results };

	for (size_t i = 0; i < message->n_recipients; i++)
		ret_results[i] = (struct intake_result){ 0 };
	g_mutex_lock(&writer->lock);
	g_queue_push_tail(&writer->jobs, &job);
	g_cond_signal(&writer->arrived);
	while (!job.done)
		g_cond_wait(&writer->finished, &writer->lock);
	g_mutex_unlock(&writer->lock);
	if (job.error == NULL)
		return true;
	g_propagate_error(error, job.error);
	return false;
}

gint64 writer_get_batches(struct writer *writer)
{
	gint64 batches;

	g_mutex_lock(&writer->lock);
	batches = writer->batches;
	g_mutex_unlock(&writer->lock);
	return batches;
}
