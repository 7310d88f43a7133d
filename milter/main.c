/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - portaria-milter: from start to stop
 *
 * Signals. libmilter waits in a thread of its own for SIGTERM, SIGINT and
 * SIGHUP, and on any of them frees sessions under the hands of its workers.
 * So it must not get them. The first thread never blocks these three, and the
 * kernel prefers the first thread: SIGHUP is ignored and goes nowhere, the
 * other two find a handler. Should libmilter get one nevertheless it ends,
 * and the process with it, at once. The configuration is read at the start
 * only. SIGUSR1 logs what was done so far.
 *
 * The database may be away, at the start too: then mail for departments is
 * put off and other mail flows. A wrong configuration or key file is another
 * matter (exit 78): it would not heal by itself.
 */
#include <glib/gstdio.h>
#include <malloc.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/service.h"
#include "milter/mfi.h"

#define IDENT           "portaria-milter"
#define READERS_MAX     16
#define REFRESH_SECONDS 2
#define HEAPS_MAX       4
#define DRAIN           (20 * CLOCK_SECOND)

struct daemon {
	struct hub hub;
	struct config_store store; /* with a shorter wait */
	bool has_database;         /* at the last look; the keeper's */
	bool own_socket;           /* made here, not by the service manager */
	pthread_t keeper;
	bool keeper_runs;
	sem_t go; /* libmilter may begin */
	_Atomic bool libmilter_ended;
	_Atomic int status; /* of the process */
	_Atomic bool stop;
};

/* Posted when it is time to stop; a handler cannot be given an argument. */
static sem_t stop_wanted;

static void on_signal(int number)
{
	(void)number;
	sem_post(&stop_wanted);
}

static void wait_for(sem_t *semaphore)
{
	while (sem_wait(semaphore) != 0)
		continue; /* interrupted */
}

/* --- the keeper: reads the departments now and then, answers SIGUSR1 --- */

/* Says so when the database goes and when it comes back. */
static void refresh(struct daemon *daemon)
{
	g_autoptr(GError) error = NULL;
	bool ok = directory_refresh(daemon->hub.directory, daemon->hub.readers,
	                            &error);

	if (!ok && daemon->has_database)
		log_error(NULL, "no database, deferring mail for departments",
		          error);
	if (ok && !daemon->has_database)
		log_event(LOG_LEVEL_INFO, NULL, "the database is back");
	daemon->has_database = ok;
}

static void *keeper_main(void *data)
{
	static const struct timespec pause = { .tv_sec = REFRESH_SECONDS };
	struct daemon *daemon = data;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	while (!daemon->stop) {
		if (sigtimedwait(&set, NULL, &pause) == SIGUSR1) {
			if (!daemon->stop)
				counters_log(&daemon->hub.counters);
		} else {
			refresh(daemon);
		}
	}
	return NULL;
}

/* --- libmilter's thread --- */

static void *mfi_main(void *data)
{
	struct daemon *daemon = data;

	wait_for(&daemon->go);
	if (!mfi_run()) {
		log_event(LOG_LEVEL_ERROR, NULL, "libmilter gave up");
		daemon->status = EX_SOFTWARE;
	}
	daemon->libmilter_ended = true;
	sem_post(&stop_wanted);
	return NULL;
}

/* --- start --- */

static bool start_hub(struct daemon *daemon, GError **error)
{
	struct hub *hub = &daemon->hub;
	const struct config *config = hub->config;

	hub->desk = desk_new(config, error);
	if (hub->desk == NULL)
		return false;
	hub->auth = auth_new(config, error);
	if (hub->auth == NULL)
		return false;
	/* A few lookups must fit into the time before DATA. */
	daemon->store = config->store;
	daemon->store.busy_ms = MIN(config->store.busy_ms,
	                            config->milter.envelope_seconds * 1000 / 4);
	hub->readers = store_pool_new(&daemon->store, STORE_READ, READERS_MAX);
	hub->directory = directory_new();
	hub->ratelimit = ratelimit_new(&config->rate);
	return true;
}

static int open_socket(struct daemon *daemon, GError **error)
{
	const struct config_milter *config = &daemon->hub.config->milter;
	int fd = service_take_listen_fd();

	if (fd >= 0)
		return fd;
	daemon->own_socket = true;
	return service_listen(config->socket, (unsigned)config->socket_mode,
	                      error);
}

static bool start_thread(pthread_t *thread, void *(*run)(void *), void *data,
                         GError **error)
{
	int code = pthread_create(thread, NULL, run, data);

	if (code != 0)
		error_set_errno(error, PORTARIA_ERROR_TEMPORARY, code,
		                "pthread_create");
	return code == 0;
}

static bool start(struct daemon *daemon, GError **error)
{
	pthread_t libmilter;
	int fd;

	if (!start_hub(daemon, error))
		return false;
	fd = open_socket(daemon, error);
	if (fd < 0 || !mfi_init(&daemon->hub, fd, error))
		return false;
	/* Before the first message, so that none slips by. */
	daemon->has_database = true;
	refresh(daemon);
	daemon->keeper_runs =
		start_thread(&daemon->keeper, keeper_main, daemon, error);
	return daemon->keeper_runs &&
	       start_thread(&libmilter, mfi_main, daemon, error);
}

/* --- stop --- */

static void remove_socket(const struct daemon *daemon)
{
	const char *path = service_unix_path(daemon->hub.config->milter.socket);

	if (daemon->own_socket && path != NULL)
		g_unlink(path);
}

static void stop_keeper(struct daemon *daemon)
{
	daemon->stop = true;
	if (!daemon->keeper_runs)
		return;
	pthread_kill(daemon->keeper, SIGUSR1);
	pthread_join(daemon->keeper, NULL);
}

static void free_hub(struct daemon *daemon)
{
	struct hub *hub = &daemon->hub;

	ratelimit_free(hub->ratelimit);
	directory_free(hub->directory);
	store_pool_free(hub->readers);
	auth_free(hub->auth);
	desk_free(hub->desk);
}

/* Sessions that are still open end with the process; the mail server repeats
 * what was not answered. */
static int stop(struct daemon *daemon)
{
	service_notify("STOPPING=1");
	remove_socket(daemon);
	if (daemon->libmilter_ended || !mfi_drain(DRAIN)) {
		counters_log(&daemon->hub.counters);
		log_event(LOG_LEVEL_INFO, NULL, "stopped with sessions open",
		          LOG_NUM("messages", daemon->hub.messages));
		_exit(daemon->status);
	}
	stop_keeper(daemon);
	counters_log(&daemon->hub.counters);
	free_hub(daemon);
	log_event(LOG_LEVEL_INFO, NULL, "stopped");
	return daemon->status;
}

static int run(struct daemon *daemon)
{
	g_autoptr(GError) error = NULL;
	int status;

	if (!start(daemon, &error)) {
		log_error(NULL, "cannot start", error);
		/* A key file or a template that cannot be read is a mistake
		 * of the configuration, whatever errno says. */
		status = daemon->hub.desk != NULL ? error_exit_code(error)
		                                  : EX_CONFIG;
		stop_keeper(daemon);
		free_hub(daemon);
		return status;
	}
	log_event(LOG_LEVEL_INFO, NULL, "started",
	          LOG_STR("socket", daemon->hub.config->milter.socket));
	service_notify("READY=1");
	/* Creating a thread blocks signals for a moment; there are no more. */
	sem_post(&daemon->go);
	wait_for(&stop_wanted);
	return stop(daemon);
}

/* See above. */
static void set_signals(void)
{
	const struct sigaction stop = { .sa_handler = on_signal,
		                        .sa_flags = SA_RESTART };
	sigset_t set;

	service_block_signals();
	signal(SIGHUP, SIG_IGN);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGINT, &stop, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* libmilter's threads come and go, and glibc would give each a heap of its
 * own, up to eight a processor, which never shrink. */
static void bound_heaps(void)
{
#ifdef M_ARENA_MAX
	(void)mallopt(M_ARENA_MAX, HEAPS_MAX);
#endif
}

int main(int argc, char **argv)
{
	struct daemon daemon = { 0 };
	int status = EX_OK;
	AUTO(config)
	config = config_main(IDENT,
	                     "Decides, while a sender is still connected, "
	                     "whether a message may reach a department.",
	                     NULL, &argc, &argv, &status);

	if (config == NULL)
		return status;
	bound_heaps();
	sem_init(&stop_wanted, 0, 0);
	sem_init(&daemon.go, 0, 0);
	set_signals();
	daemon.hub.config = config;
	return run(&daemon);
}
