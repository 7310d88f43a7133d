/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - portaria-notifier: sends what the outbox holds
 *
 * The main thread waits for signals, one worker thread works. Trouble with
 * the database or the mail server is logged and tried again; only a wrong
 * configuration ends the program.
 */
#include "notifier/deliver.h"
#include "notifier/timers.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/service.h"

#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#define TIMER_INTERVAL (10 * CLOCK_SECOND)
#define STOP_GRACE     (5 * CLOCK_SECOND) /* for a mail that is on its way */

struct notifier {
	const struct config *config;
	struct desk *desk;
	struct submit *submit;
	char *owner;
	GMutex mutex;
	GCond wake;
	bool stop;
	bool hurry; /* a signal asked to look now */
};

/* Sleeps until the next poll, a signal, or the end; true to go on. */
static bool notifier_wait(struct notifier *n)
{
	gint64 until = g_get_monotonic_time()
		       + (gint64)n->config->notifier.poll_seconds
				 * G_TIME_SPAN_SECOND;
	bool go_on;

	g_mutex_lock(&n->mutex);
	while (!n->stop && !n->hurry
	       && g_cond_wait_until(&n->wake, &n->mutex, until))
		;
	n->hurry = false;
	go_on = !n->stop;
	g_mutex_unlock(&n->mutex);
	return go_on;
}

static bool notifier_stopping(void *data)
{
	struct notifier *n = data;
	bool stop;

	g_mutex_lock(&n->mutex);
	stop = n->stop;
	g_mutex_unlock(&n->mutex);
	return stop;
}

/* Mail goes out whatever the timers' trouble is; if the store is broken,
 * delivering finds out. */
static void notifier_run_timers(struct notifier *n, struct store *store,
				gint64 *next)
{
	g_autoptr(GError) problem = NULL;

	if (clock_monotonic() < *next)
		return;
	if (!timers_run(n->desk, store, &problem))
		log_error(NULL, "timers failed, trying again", problem);
	*next = clock_monotonic() + TIMER_INTERVAL;
}

/* Works with one open store until something fails or the end. */
static bool notifier_serve(struct notifier *n, struct store *store,
			   GError **error)
{
	const struct deliver deliver = {
		.desk = n->desk,
		.store = store,
		.submit = n->submit,
		.owner = n->owner,
		.is_stopping = notifier_stopping,
		.data = n,
	};
	gint64 next_timers = 0;

	do {
		unsigned count = 0;

		notifier_run_timers(n, store, &next_timers);
		do {
			if (!deliver_batch(&deliver, &count, error))
				return false;
		} while (count > 0 && !notifier_stopping(n));
	} while (notifier_wait(n));
	return true;
}

static void *notifier_work(void *data)
{
	struct notifier *n = data;

	do {
		g_autoptr(GError) problem = NULL;
		AUTO(store)
		store = store_open(&n->config->store, STORE_WRITE, &problem);
		if (store == NULL || !notifier_serve(n, store, &problem))
			log_error(NULL, "outbox not served, trying again",
				  problem);
	} while (notifier_wait(n));
	return NULL;
}

static void notifier_tell(struct notifier *n, bool stop)
{
	g_mutex_lock(&n->mutex);
	n->stop = n->stop || stop;
	n->hurry = true;
	g_cond_signal(&n->wake);
	g_mutex_unlock(&n->mutex);
}

static int run(struct notifier *n)
{
	GThread *worker = g_thread_new("worker", notifier_work, n);
	int signal_number;

	log_event(LOG_LEVEL_INFO, NULL, "started",
		  LOG_STR("version", PORTARIA_VERSION),
		  LOG_STR("submission", n->config->notifier.submission));
	service_notify("READY=1");
	do {
		signal_number = service_wait_signal();
		notifier_tell(n, false);
	} while (signal_number != SIGTERM && signal_number != SIGINT);
	service_notify("STOPPING=1");
	notifier_tell(n, true);
	submit_stop(n->submit, STOP_GRACE);
	g_thread_join(worker);
	log_event(LOG_LEVEL_INFO, NULL, "stopped");
	return EX_OK;
}

static int start(struct notifier *n, GError **error)
{
	AUTO(desk) desk = desk_new(n->config, error);
	AUTO(submit) submit = NULL;
	g_autofree char *owner = NULL;
	g_autofree char *random = id_dup_random(5);
	int code;

	if (desk == NULL)
		return error_exit_code(*error);
	submit = submit_new(n->config->notifier.submission,
			    n->config->server.hostname, error);
	if (submit == NULL)
		return error_exit_code(*error);
	owner = g_strdup_printf("%s.%ld.%s", n->config->server.hostname,
				(long)getpid(), random);
	n->desk = desk;
	n->submit = submit;
	n->owner = owner;
	g_mutex_init(&n->mutex);
	g_cond_init(&n->wake);
	code = run(n);
	g_cond_clear(&n->wake);
	g_mutex_clear(&n->mutex);
	return code;
}

int main(int argc, char **argv)
{
	struct notifier n = { 0 };
	g_autoptr(GError) error = NULL;
	int code;
	AUTO(config)
	config = config_main("portaria-notifier",
			     "- mail what the help desk has to say", NULL,
			     &argc, &argv, &code);

	if (config == NULL)
		return code;
	n.config = config;
	service_block_signals();
	code = start(&n, &error);
	if (error != NULL)
		log_error(NULL, "not started", error);
	return code;
}
