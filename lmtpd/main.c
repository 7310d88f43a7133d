/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * main.c - portaria-lmtpd: from start to stop
 *
 * The order matters: the parser zygote is forked first, while the process
 * has one thread, no keys and no database, and before libunbound, which does
 * not survive a fork. Exits 0 after SIGTERM, 78 when the configuration stops
 * it, 70 when the zygote died (the service manager starts it again), else by
 * sysexits.
 */
#include <glib/gstdio.h>
#include <signal.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/error.h"
#include "base/service.h"
#include "lmtpd/agent.h"
#include "lmtpd/listener.h"
#include "lmtpd/parser_mail.h"
#include "mail/mail.h"
#include "store/blob.h"

#define IDENT         "portaria-lmtpd"
#define DRAIN_SECONDS 30
#define READERS_MAX   16  /* database connections of sessions */
#define BUDGET_FACTOR 8   /* largest messages held at once */
#define JOB_FACTOR    2   /* clock time of a parse, by its processor time */
#define PARSER_WAIT   120 /* seconds for a free parser */

struct lmtpd {
	struct agent agent;
	struct listener *listener;
	const char *path; /* of a unix socket that we made, else NULL */
	GThread *watch;
	_Atomic bool zygote_died;
};

/* The parsers do not come back by themselves; ends the daemon in order. */
static gpointer watch_main(gpointer data)
{
	struct lmtpd *lmtpd = data;

	if (parser_pool_wait(lmtpd->agent.parsers)) {
		log_event(LOG_LEVEL_ERROR, NULL,
		          "the parser zygote died, stopping");
		lmtpd->zygote_died = true;
		kill(getpid(), SIGTERM);
	}
	return NULL;
}

static bool start_parsers(struct agent *agent, GError **error)
{
	const struct config *config = agent->config;
	const struct parser_job job = {
		.init = parser_mail_init,
		.parse = parser_mail_parse,
		.limits = &config->limits,
		.result_max = parser_mail_result_max(&config->limits),
		.messages = config->lmtp.parser_messages,
	};
	const struct parser_pool_config pool = {
		.children = (unsigned)config->lmtp.parsers,
		.job_ms = JOB_FACTOR * 1000 * config->limits.parser_seconds,
		.wait_ms = PARSER_WAIT * 1000,
		.result_max = job.result_max,
		.type = G_VARIANT_TYPE(MAIL_VARIANT_TYPE),
	};
	struct parser_zygote zygote;

	if (!parser_zygote_start(&job, &zygote, error))
		return false;
	agent->parsers = parser_pool_new(&zygote, &pool);
	return true;
}

/* A database that is not there or has another schema stops the start; one
 * that cannot be used just now does not: mail is deferred until it can. */
static bool check_store(const struct config *config, GError **error)
{
	g_autoptr(GError) problem = NULL;
	AUTO(store) store = store_open(&config->store, STORE_WRITE, &problem);

	if (store != NULL)
		return true;
	if (g_error_matches(problem, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG) ||
	    g_error_matches(problem, PORTARIA_ERROR,
	                    PORTARIA_ERROR_NOT_FOUND)) {
		g_propagate_error(error, g_steal_pointer(&problem));
		return false;
	}
	log_error(NULL, "database not usable, deferring mail", problem);
	return true;
}

/* A text of the site's own with a mistake; the shipped one is sent. */
static void complain_of_texts(const struct desk *desk)
{
	const char *const *lines = texts_complaints(desk_get_texts(desk));

	for (size_t i = 0; lines[i] != NULL; i++)
		log_event(LOG_LEVEL_WARNING, NULL, "text-passed-over",
			  LOG_STR("why", lines[i]));
}

/* What the last one left when it was killed. */
static void sweep(const struct config *config)
{
	unsigned count = blob_sweep(&config->store);

	if (count > 0)
		log_event(LOG_LEVEL_INFO, NULL, "unfinished files removed",
		          LOG_NUM("count", count));
}

static bool start_agent(struct agent *agent, GError **error)
{
	const struct config *config = agent->config;

	agent->budget.max = BUDGET_FACTOR * config->limits.message_bytes;
	agent->desk = desk_new(config, error);
	if (agent->desk == NULL || !check_store(config, error))
		return false;
	sweep(config);
	complain_of_texts(agent->desk);
	agent->auth = auth_new(config, error);
	if (agent->auth == NULL)
		return false;
	agent->readers =
		store_pool_new(&config->store, STORE_READ, READERS_MAX);
	agent->writer = writer_new(agent->desk);
	return true;
}

static bool start_listener(struct lmtpd *lmtpd, GError **error)
{
	const struct config_lmtp *config = &lmtpd->agent.config->lmtp;
	int fd = service_take_listen_fd();

	if (fd < 0) {
		fd = service_listen(config->socket,
		                    (unsigned)config->socket_mode, error);
		if (fd >= 0)
			lmtpd->path = service_unix_path(config->socket);
	}
	if (fd < 0)
		return false;
	lmtpd->listener = listener_new(&lmtpd->agent, fd, error);
	return lmtpd->listener != NULL;
}

static bool start(struct lmtpd *lmtpd, GError **error)
{
	if (!start_parsers(&lmtpd->agent, error) ||
	    !start_agent(&lmtpd->agent, error))
		return false;
	lmtpd->watch = g_thread_new("watch", watch_main, lmtpd);
	return start_listener(lmtpd, error);
}

static void log_stats(struct lmtpd *lmtpd)
{
	struct agent *agent = &lmtpd->agent;
	gint64 batches = writer_get_batches(agent->writer);

	counters_add(&agent->counters, COUNTER_BATCHES,
	             batches - counters_get(&agent->counters, COUNTER_BATCHES));
	counters_log(&agent->counters);
}

static void serve(struct lmtpd *lmtpd)
{
	for (;;) {
		switch (service_wait_signal()) {
		case SIGUSR1:
			log_stats(lmtpd);
			break;
		case SIGHUP:
			log_event(LOG_LEVEL_WARNING, NULL,
			          "SIGHUP ignored: restart to read the "
			          "configuration");
			break;
		default:
			return;
		}
	}
}

/* False: some deliveries hang; what they use must stay. */
static bool stop_listener(struct lmtpd *lmtpd)
{
	unsigned left;

	/* While it is still listened on: afterwards it may be another's. */
	if (lmtpd->path != NULL)
		g_unlink(lmtpd->path);
	if (lmtpd->listener == NULL)
		return true;
	left = listener_stop(lmtpd->listener, DRAIN_SECONDS);
	log_stats(lmtpd);
	if (left == 0) {
		listener_free(lmtpd->listener);
		return true;
	}
	log_event(LOG_LEVEL_WARNING, NULL,
	          "stopping with sessions open, the MTA keeps the mail",
	          LOG_NUM("sessions", left));
	return false;
}

static void stop_agent(struct lmtpd *lmtpd)
{
	struct agent *agent = &lmtpd->agent;

	writer_free(agent->writer);
	store_pool_free(agent->readers);
	auth_free(agent->auth);
	desk_free(agent->desk);
	if (agent->parsers != NULL)
		parser_pool_end(agent->parsers);
	if (lmtpd->watch != NULL)
		g_thread_join(lmtpd->watch);
	parser_pool_free(agent->parsers);
}

static int run(struct lmtpd *lmtpd)
{
	g_autoptr(GError) error = NULL;

	if (!start(lmtpd, &error)) {
		log_error(NULL, "cannot start", error);
		/* As in the milter: a key file or a template that cannot be
		 * read is a mistake of the configuration. */
		return lmtpd->agent.parsers == NULL
		                       || lmtpd->agent.desk != NULL
		               ? error_exit_code(error)
		               : EX_CONFIG;
	}
	log_event(LOG_LEVEL_INFO, NULL, "started",
	          LOG_STR("socket", lmtpd->agent.config->lmtp.socket));
	service_notify("READY=1");
	serve(lmtpd);
	service_notify("STOPPING=1");
	return EX_OK;
}

int main(int argc, char **argv)
{
	struct lmtpd lmtpd = { 0 };
	int status = EX_OK;
	AUTO(config)
	config = config_main(IDENT,
	                     "Takes accepted mail from the mail server "
	                     "and makes tickets of it.",
	                     NULL, &argc, &argv, &status);

	if (config == NULL)
		return status;
	service_block_signals();
	signal(SIGXFSZ, SIG_IGN); /* a full disk by another name: an error */
	lmtpd.agent.config = config;
	status = run(&lmtpd);
	if (!stop_listener(&lmtpd))
		_exit(EX_OK);
	stop_agent(&lmtpd);
	log_event(LOG_LEVEL_INFO, NULL, "stopped");
	return lmtpd.zygote_died ? EX_SOFTWARE : status;
}
