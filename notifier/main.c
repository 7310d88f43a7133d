/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - portaria-notifier: sends what the outbox holds
 *
 * The main thread waits for signals, one thread works on the database, and
 * each connection to the mail server has one. Trouble with the database or
 * the mail server is logged and tried again; only a wrong configuration ends
 * the program.
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
	struct timers timers;
	struct crew *crew;
	char *owner;
	GMutex mutex;
	GCond wake;
	bool stop;
	bool hurry; /* a signal asked to look now */
	gint64 next_timers; /* monotonic; the worker's */
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
	if (n->hurry)
		n->next_timers = 0;
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
static void notifier_run_timers(struct notifier *n, struct store *store)
{
	g_autoptr(GError) problem = NULL;

	if (clock_monotonic() < n->next_timers)
		return;
	if (!timers_run(&n->timers, store, &problem))
		log_error(NULL, "timers failed, trying again", problem);
	n->next_timers = clock_monotonic() + TIMER_INTERVAL;
}

/* Works with one open store until something fails or the end. */
static bool notifier_serve(struct notifier *n, struct deliver *deliver,
			   struct store *store, GError **error)
{
	n->next_timers = 0;
	do {
		bool idle = false;

		while (!idle) {
			notifier_run_timers(n, store);
			if (!deliver_round(deliver, store, notifier_stopping(n),
					   &idle, error))
				return false;
		}
	} while (notifier_wait(n));
	return true;
}

static void *notifier_work(void *data)
{
	struct notifier *n = data;
	AUTO(deliver) deliver = deliver_new(n->desk, n->crew, n->owner);

	do {
		g_autoptr(GError) problem = NULL;
		AUTO(store)
		store = store_open(&n->config->store, STORE_WRITE, &problem);
		if (store == NULL
		    || !notifier_serve(n, deliver, store, &problem))
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
	crew_stop(n->crew, STOP_GRACE);
	g_thread_join(worker);
	log_event(LOG_LEVEL_INFO, NULL, "stopped");
	return EX_OK;
}

/* A text of the site's own with a mistake; the shipped one is sent. */
static void complain_of_texts(const struct desk *desk)
{
	const char *const *lines = texts_complaints(desk_get_texts(desk));

	for (size_t i = 0; lines[i] != NULL; i++)
		log_event(LOG_LEVEL_WARNING, NULL, "text-passed-over",
			  LOG_STR("why", lines[i]));
}

static int start(struct notifier *n, GError **error)
{
	AUTO(desk) desk = desk_new(n->config, error);
	AUTO(crew) crew = NULL;
	g_autofree char *owner = NULL;
	g_autofree char *random = id_dup_random(5);
	int code;

	/* As in the milter: a key file or a template that cannot be read is a
	 * mistake of the configuration, whatever errno says. */
	if (desk == NULL)
		return EX_CONFIG;
	complain_of_texts(desk);
	crew = crew_new(n->config->notifier.submission,
			n->config->server.hostname,
			(unsigned)n->config->notifier.connections, error);
	if (crew == NULL)
		return error_exit_code(*error);
	owner = g_strdup_printf("%s.%ld.%s", n->config->server.hostname,
				(long)getpid(), random);
	n->desk = desk;
	n->crew = crew;
	n->timers = (struct timers){ .desk = desk,
				     .is_stopping = notifier_stopping,
				     .data = n };
	n->owner = owner;
	g_mutex_init(&n->mutex);
	g_cond_init(&n->wake);
	code = run(n);
	timers_clear(&n->timers);
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
