/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * doctor.c - `portaria doctor`: what is wrong, in words
 *
 * A table of checks. Each says what it found and, unless that is fine, what
 * to do. Postfix is asked with postconf(1) and postmap(1), never by reading
 * its files.
 */
#include "cli/doctor.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/service.h"
#include "desk/tickettimer.h"
#include "store/department.h"
#include "store/outbox.h"

#include <gio/gio.h>
#include <gio/gunixsocketaddress.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#define OUTBOX_LATE  (15 * CLOCK_MINUTE)
#define OUTBOX_STUCK (60 * CLOCK_MINUTE)

static char *postfix_dir;

const GOptionEntry doctor_options[] = {
	CLI_TEXT("postfix", &postfix_dir,
		 "configuration folder of the Postfix instance", "DIR"),
	{ 0 }
};

enum health { HEALTH_OK, HEALTH_WARN, HEALTH_FAIL };

struct finding {
	enum health health;
	char *what;
	const char *fix; /* static; NULL when fine */
	bool unasked;    /* because Postfix does not answer */
};

static void found(struct finding *finding, enum health health, const char *fix,
		  const char *fmt, ...) G_GNUC_PRINTF(4, 5);

static void found(struct finding *finding, enum health health, const char *fix,
		  const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	finding->what = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	finding->health = health;
	finding->fix = fix;
}

/* --- ourselves --------------------------------------------------------------- */

static void check_config(struct cli *cli, struct finding *f)
{
	g_autoptr(GError) problem = NULL;
	const struct desk *desk = cli_desk(cli, &problem);
	const char *complaint
		= desk != NULL ? texts_complaints(desk_get_texts(desk))[0]
			       : NULL;

	if (complaint != NULL)
		found(f, HEALTH_WARN,
		      "\"portaria template check\" names all; meanwhile the "
		      "shipped text is sent",
		      "%s", complaint);
	else if (desk != NULL)
		found(f, HEALTH_OK, NULL, "%s, key and templates are fine",
		      cli->config->path);
	else
		found(f, HEALTH_FAIL,
		      "correct the file, or make the key with "
		      "\"portaria key create\"",
		      "%s", problem->message);
}

static void check_database(struct cli *cli, struct finding *f)
{
	g_autoptr(GError) problem = NULL;

	if (cli_store(cli, &problem) != NULL)
		found(f, HEALTH_OK, NULL, "%s, schema %d",
		      cli->config->store.database, store_current_version());
	else
		found(f, HEALTH_FAIL,
		      "\"portaria db init\" or \"portaria db migrate\", as "
		      "the daemons' user",
		      "%s", problem->message);
}

/* SQLite's WAL needs shared memory: not on network file systems. */
static void check_disk(struct cli *cli, struct finding *f)
{
	static const long network[] = { 0x6969, 0xff534d42, 0x517b,
					0x65735546 };
	const char *path = cli->config->store.database;
	struct statfs fs;

	if (statfs(path, &fs) != 0) {
		found(f, HEALTH_WARN, "create the database first",
		      "%s: cannot be looked at", path);
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(network); i++) {
		if (fs.f_type == network[i]) {
			found(f, HEALTH_FAIL, "move it to a local disk",
			      "%s is on a network file system", path);
			return;
		}
	}
	guint64 free_mib
		= (guint64)fs.f_bavail * (guint64)fs.f_bsize / MIB;
	bool low = free_mib < 500;
	found(f, low ? HEALTH_WARN : HEALTH_OK,
	      low ? "make room: a full disk defers all department mail" : NULL,
	      "%" G_GUINT64_FORMAT " MiB free", free_mib);
}

/* The folder of the database belongs to the daemons' user, who must be able
 * to write what is in it; nobody else needs to read customers' mail. */
static bool file_fits(const char *path, const struct stat *folder,
		      struct finding *f)
{
	static const char fix[] = "chown and chmod it as the folder is: all "
				  "that the daemons write is theirs alone";
	struct stat st;
	bool owner, group;

	if (lstat(path, &st) != 0)
		return true; /* other checks say so, where it must be */
	owner = st.st_uid == folder->st_uid && (st.st_mode & S_IWUSR) != 0;
	group = (folder->st_mode & S_IWGRP) != 0
		&& st.st_gid == folder->st_gid && (st.st_mode & S_IWGRP) != 0;
	if (!owner && !group) {
		found(f, HEALTH_FAIL, fix,
		      "%s: owner %u, mode %04o; its folder's owner %u cannot "
		      "write it",
		      path, st.st_uid, st.st_mode & 07777, folder->st_uid);
		return false;
	}
	if ((st.st_mode & S_IRWXO) != 0
	    && (!S_ISDIR(st.st_mode) || (st.st_mode & S_IWOTH) != 0)) {
		found(f, HEALTH_FAIL, fix, "%s: mode %04o: open to everybody",
		      path, st.st_mode & 07777);
		return false;
	}
	return true;
}

static bool blobs_fit(const char *blob_dir, const struct stat *folder,
		      struct finding *f)
{
	g_autoptr(GDir) dir = g_dir_open(blob_dir, 0, NULL);
	const char *name;

	if (dir == NULL) {
		found(f, HEALTH_FAIL, "put it back, or mount it",
		      "%s: cannot be read", blob_dir);
		return false;
	}
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *path = g_build_filename(blob_dir, name, NULL);

		if (!file_fits(path, folder, f))
			return false;
	}
	return file_fits(blob_dir, folder, f);
}

static void check_files(struct cli *cli, struct finding *f)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	const struct config_store *config = &cli->config->store;
	g_autofree char *dir = g_path_get_dirname(config->database);
	struct stat folder;

	if (stat(dir, &folder) != 0) {
		found(f, HEALTH_FAIL, "portaria db init", "%s: not there",
		      dir);
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *path = g_strconcat(config->database,
						    suffixes[i], NULL);

		if (!file_fits(path, &folder, f))
			return;
	}
	if (blobs_fit(config->blob_dir, &folder, f))
		found(f, HEALTH_OK, NULL, "all belong to user %u, like %s",
		      folder.st_uid, dir);
}

static void check_departments(struct cli *cli, struct finding *f)
{
	g_autoptr(GPtrArray) all = NULL;
	g_autoptr(GError) problem = NULL;

	if (cli->store != NULL)
		all = department_list(cli->store, NULL);
	if (all == NULL || all->len == 0)
		found(f, HEALTH_FAIL, "portaria department add ...",
		      "no departments");
	else if (cli->desk != NULL
		 && !tickettimer_check(cli->desk, cli->store, &problem))
		found(f, HEALTH_FAIL,
		      "portaria department clock NAME --hours ..., or "
		      "department edit NAME --time-zone ...",
		      "%s", problem->message);
	else
		found(f, HEALTH_OK, NULL, "%u departments", all->len);
}

static bool connects(const char *path)
{
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketAddress) address = g_unix_socket_address_new(path);
	g_autoptr(GSocketConnection) connection = NULL;

	g_socket_client_set_timeout(client, 3);
	connection = g_socket_client_connect(
		client, G_SOCKET_CONNECTABLE(address), NULL, NULL);
	return connection != NULL;
}

static void check_socket(const char *address, const char *unit,
			 struct finding *f)
{
	const char *path = service_unix_path(address);
	struct stat st;

	if (path == NULL) {
		found(f, HEALTH_WARN,
		      "a unix socket is faster: TCP costs 45 ms a message",
		      "%s", address);
		return;
	}
	if (stat(path, &st) != 0) {
		found(f, HEALTH_FAIL, unit, "%s: no such socket", path);
		return;
	}
	if (!connects(path)) {
		found(f, HEALTH_FAIL, unit, "%s: nobody answers", path);
		return;
	}
	found(f, (st.st_mode & 0060) == 0060 ? HEALTH_OK : HEALTH_WARN,
	      (st.st_mode & 0060) == 0060
		      ? NULL
		      : "the group (postfix) needs read and write: socket_mode "
			"= 0660 and a setgid folder",
	      "%s answers, mode %04o", path, st.st_mode & 07777);
}

static void check_milter(struct cli *cli, struct finding *f)
{
	check_socket(cli->config->milter.socket,
		     "systemctl start portaria-milter", f);
}

static void check_lmtpd(struct cli *cli, struct finding *f)
{
	check_socket(cli->config->lmtp.socket,
		     "systemctl start portaria-lmtpd", f);
}

static GPtrArray *outbox_waiting(struct cli *cli, struct finding *f)
{
	GPtrArray *rows = NULL;

	if (cli->store != NULL)
		rows = outbox_list(cli->store, OUTBOX_QUEUED, 0, 1000, NULL);
	if (rows == NULL)
		found(f, HEALTH_WARN, "see the database check",
		      "cannot be read");
	return rows;
}

static void check_outbox(struct cli *cli, struct finding *f)
{
	g_autoptr(GPtrArray) rows = outbox_waiting(cli, f);
	gint64 now = clock_now();
	gint64 oldest = now;

	if (rows == NULL)
		return;
	for (guint i = 0; i < rows->len; i++) {
		const struct outbox *row = rows->pdata[i];

		oldest = MIN(oldest, MAX(row->created, row->next_attempt));
	}
	bool late = now - oldest > OUTBOX_LATE;
	found(f, late ? HEALTH_FAIL : HEALTH_OK,
	      late ? "is portaria-notifier running? \"portaria outbox list\" "
		     "shows what the mail server said"
		   : NULL,
	      "%u waiting, the longest due for %" G_GINT64_FORMAT " s",
	      rows->len, (now - oldest) / CLOCK_SECOND);
}

/* A mail server that says no for an hour is not just busy. */
static void check_retries(struct cli *cli, struct finding *f)
{
	g_autoptr(GPtrArray) rows = outbox_waiting(cli, f);
	const struct outbox *oldest = NULL;
	guint stuck = 0;

	if (rows == NULL)
		return;
	for (guint i = 0; i < rows->len; i++) {
		const struct outbox *row = rows->pdata[i];

		if (row->attempts == 0
		    || clock_now() - row->created < OUTBOX_STUCK)
			continue;
		stuck++;
		if (oldest == NULL || row->created < oldest->created)
			oldest = row;
	}
	if (oldest == NULL)
		found(f, HEALTH_OK, NULL, "none that fails for long");
	else
		found(f, HEALTH_FAIL,
		      "correct what the mail server complains of, then "
		      "\"portaria outbox retry ID\"",
		      "%u tried and not sent for an hour; %" G_GINT64_FORMAT
		      " to %s: %s",
		      stuck, oldest->id, oldest->recipient,
		      oldest->last_reply);
}

/* Whether the server greets with 220, and a polite end. */
static bool greets(GSocketConnection *connection, GError **error)
{
	GIOStream *stream = G_IO_STREAM(connection);
	GInputStream *in = g_io_stream_get_input_stream(stream);
	char code[512] = "";

	if (g_input_stream_read(in, code, sizeof(code), NULL, error) < 0)
		return false;
	if (strncmp(code, "220", 3) != 0) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_PERMANENT,
			    "answers %.3s instead of 220", code);
		return false;
	}
	if (g_output_stream_write_all(g_io_stream_get_output_stream(stream),
				      "QUIT\r\n", 6, NULL, NULL, NULL))
		(void)g_input_stream_read(in, code, sizeof(code), NULL, NULL);
	return true;
}

/* Where the notifier hands in its mail. */
static void check_submission(struct cli *cli, struct finding *f)
{
	const char *url = cli->config->notifier.submission;
	/* Behind smtps:// the greeting comes after TLS. */
	bool plain = g_str_has_prefix(url, "smtp:");
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketConnection) connection = NULL;
	g_autoptr(GError) problem = NULL;

	g_socket_client_set_timeout(client, 3);
	connection = g_socket_client_connect_to_uri(client, url, 25, NULL,
						    &problem);
	if (connection != NULL && (!plain || greets(connection, &problem)))
		found(f, HEALTH_OK, NULL, "%s answers", url);
	else
		found(f, HEALTH_FAIL, "see INSTALL, step \"Postfix\"",
		      "%s: %s", url, problem->message);
}

static void check_map(struct cli *cli, struct finding *f)
{
	const char *path = cli->config->postfix.map_file;
	struct stat st;

	if (stat(path, &st) != 0)
		found(f, HEALTH_FAIL, "portaria postfix export",
		      "%s: not there", path);
	else if ((st.st_mode & 0004) == 0)
		found(f, HEALTH_FAIL, "portaria postfix export",
		      "%s: Postfix cannot read it", path);
	else
		found(f, HEALTH_OK, NULL, "%s", path);
}

/* --- Postfix -------------------------------------------------------------------- */

/* What a Postfix command prints, NULL if it fails. `command` is its name and
 * arguments, ended by NULL; --postfix is put in between. */
static char *ask_postfix(const char *const *command)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autoptr(GSubprocess) process = NULL;
	g_autofree char *out = NULL;

	g_ptr_array_add(argv, g_strdup(*command++));
	if (postfix_dir != NULL) {
		g_ptr_array_add(argv, g_strdup("-c"));
		g_ptr_array_add(argv, g_strdup(postfix_dir));
	}
	for (; *command != NULL; command++)
		g_ptr_array_add(argv, g_strdup(*command));
	g_ptr_array_add(argv, NULL);
	g_ptr_array_set_free_func(argv, g_free);
	process = g_subprocess_newv((const char *const *)argv->pdata,
				    G_SUBPROCESS_FLAGS_STDOUT_PIPE
					    | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
				    NULL);
	if (process == NULL
	    || !g_subprocess_communicate_utf8(process, NULL, NULL, &out, NULL,
					      NULL)
	    || !g_subprocess_get_successful(process))
		return NULL;
	return g_strdup(g_strchomp(out));
}

/* "name = value", a line each, into the table. */
static void take_lines(GHashTable *table, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	for (char **line = lines; *line != NULL; line++) {
		char *equals = strchr(*line, '=');

		if (equals == NULL)
			continue;
		g_hash_table_insert(
			table,
			g_strchomp(g_strndup(*line, (gsize)(equals - *line))),
			g_strdup(g_strchug(equals + 1)));
	}
}

/* The parameters of Postfix and of its services, asked for once: a Postfix
 * command that fails waits a second before it does. NULL if it cannot be
 * asked. */
static GHashTable *postfix_parameters(void)
{
	/* All that the checks look at: without names postconf resolves the
	 * host's, too, which may take seconds. */
	static const char *const everybody[] = {
		"postconf",
		"enable_long_queue_ids",
		"lmtp_line_length_limit",
		"lmtp_send_xforward_command",
		"recipient_delimiter",
		"smtpd_forbid_bare_newline",
		"smtpd_milters",
		"transport_maps",
		NULL,
	};
	static const char *const services[] = { "postconf", "-P", NULL };
	static GHashTable *table;
	static bool asked;
	g_autofree char *all = NULL;
	g_autofree char *own = NULL;

	if (asked)
		return table;
	asked = true;
	all = ask_postfix(everybody);
	if (all == NULL)
		return NULL;
	own = ask_postfix(services);
	table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	take_lines(table, all);
	take_lines(table, own != NULL ? own : "");
	return table;
}

/* The value of a parameter, NULL if postconf cannot be asked. */
static const char *postconf(const char *parameter)
{
	GHashTable *table = postfix_parameters();
	const char *value
		= table != NULL ? g_hash_table_lookup(table, parameter) : NULL;

	return table != NULL && value == NULL ? "" : value;
}

/* The value that our own service has, else everybody's. */
static const char *postconf_service(const char *parameter)
{
	g_autofree char *name
		= g_strdup_printf("portaria/unix/%s", parameter);
	const char *own = postconf(name);

	return own != NULL && own[0] != '\0' ? own : postconf(parameter);
}

static void not_asked(struct finding *f)
{
	f->unasked = true;
	/* A folder that was named must be one. */
	if (postfix_dir != NULL)
		found(f, HEALTH_FAIL,
		      "--postfix wants the folder of main.cf and master.cf",
		      "%s: postconf cannot read it", postfix_dir);
	else
		found(f, HEALTH_WARN, "run it where Postfix is, or --postfix",
		      "postconf cannot be asked");
}

/* A parameter that must say something. */
static void check_parameter(const char *parameter, const char *wanted,
			    enum health otherwise, const char *fix,
			    struct finding *f)
{
	const char *value = postconf(parameter);

	if (value == NULL)
		not_asked(f);
	else if (strstr(value, wanted) == NULL)
		found(f, otherwise, fix, "%s = %s", parameter, value);
	else
		found(f, HEALTH_OK, NULL, "%s = %s", parameter, value);
}

static void check_line_length(struct cli *cli, struct finding *f)
{
	const char *value = postconf_service("lmtp_line_length_limit");

	(void)cli;
	if (value == NULL)
		not_asked(f);
	else if (strcmp(value, "0") == 0)
		found(f, HEALTH_OK, NULL, "lmtp_line_length_limit = 0");
	else
		found(f, HEALTH_FAIL,
		      "postconf -P portaria/unix/lmtp_line_length_limit=0",
		      "lmtp_line_length_limit = %s: folds long lines and "
		      "breaks DKIM",
		      value);
}

static void check_xforward(struct cli *cli, struct finding *f)
{
	const char *value
		= postconf_service("lmtp_send_xforward_command");

	(void)cli;
	if (value == NULL)
		not_asked(f);
	else if (strcmp(value, "yes") == 0)
		found(f, HEALTH_OK, NULL, "lmtp_send_xforward_command = yes");
	else
		found(f, HEALTH_WARN,
		      "postconf -P portaria/unix/lmtp_send_xforward_command=yes",
		      "lmtp_send_xforward_command = %s: while the milter is "
		      "away, mail that only SPF proves is held",
		      value);
}

static void check_queue_ids(struct cli *cli, struct finding *f)
{
	(void)cli;
	check_parameter("enable_long_queue_ids", "yes", HEALTH_WARN,
			"postconf enable_long_queue_ids=yes", f);
}

static void check_newline(struct cli *cli, struct finding *f)
{
	const char *value = postconf("smtpd_forbid_bare_newline");

	(void)cli;
	if (value != NULL && strcmp(value, "no") == 0)
		found(f, HEALTH_FAIL,
		      "postconf smtpd_forbid_bare_newline=normalize",
		      "smtpd_forbid_bare_newline = no: mail can be smuggled "
		      "in with somebody else's SPF");
	else
		check_parameter("smtpd_forbid_bare_newline", "", HEALTH_WARN,
				NULL, f);
}

static void check_delimiter(struct cli *cli, struct finding *f)
{
	(void)cli;
	check_parameter("recipient_delimiter", "+", HEALTH_FAIL,
			"postconf recipient_delimiter=+ (reply addresses need "
			"it)",
			f);
}

static void check_milters(struct cli *cli, struct finding *f)
{
	const char *value = postconf("smtpd_milters");
	const char *path = service_unix_path(cli->config->milter.socket);
	g_autofree char *base
		= path != NULL ? g_path_get_basename(path) : g_strdup("");

	if (value == NULL)
		check_parameter("smtpd_milters", "", HEALTH_WARN, NULL, f);
	else if (strstr(value, base) == NULL)
		found(f, HEALTH_FAIL, "see INSTALL, step \"Postfix\"",
		      "smtpd_milters = %s: does not name our socket", value);
	else if (strstr(value, "default_action=accept") == NULL)
		found(f, HEALTH_WARN,
		      "{ unix:..., connect_timeout=3s, default_action=accept }",
		      "without default_action=accept a stopped milter defers "
		      "the whole server's mail");
	else
		found(f, HEALTH_OK, NULL, "smtpd_milters = %s", value);
}

/* What the first SQLite map of a list of maps answers for a key, NULL if
 * nothing. proxymap(8) is gone round: it need not run. */
static char *postmap(const char *maps, const char *key)
{
	g_auto(GStrv) list = g_strsplit_set(maps, ", \t\n", -1);

	for (char **map = list; *map != NULL; map++) {
		const char *sqlite = strstr(*map, "sqlite:");
		const char *const command[]
			= { "postmap", "-q", key, sqlite, NULL };

		if (sqlite != NULL)
			return ask_postfix(command);
	}
	return NULL;
}

/* The address every department sends from must lead to the agent. */
static void check_transport(struct cli *cli, struct finding *f)
{
	const char *value = postconf("transport_maps");
	g_autoptr(GPtrArray) all = NULL;

	if (cli->store != NULL)
		all = department_list(cli->store, NULL);
	if (value == NULL) {
		not_asked(f);
		return;
	}
	for (guint i = 0; all != NULL && i < all->len; i++) {
		const struct department *one = all->pdata[i];
		g_autofree char *answer
			= one->active ? postmap(value, one->addresses[0])
				      : g_strdup("");

		if (answer != NULL)
			continue;
		found(f, HEALTH_FAIL, "see INSTALL, step \"Postfix\"",
		      "transport_maps = %s: does not know %s", value,
		      one->addresses[0]);
		return;
	}
	found(f, HEALTH_OK, NULL, "transport_maps = %s", value);
}

/* --- all of them -------------------------------------------------------------------- */

static const struct {
	const char *name;
	void (*run)(struct cli *cli, struct finding *finding);
} checks[] = {
	{ "configuration", check_config },
	/* Before root opens the database, which mends its owner. */
	{ "files", check_files },
	{ "database", check_database },
	{ "disk", check_disk },
	{ "departments", check_departments },
	{ "milter socket", check_milter },
	{ "lmtp socket", check_lmtpd },
	{ "outbox", check_outbox },
	{ "retries", check_retries },
	{ "submission", check_submission },
	{ "postfix map", check_map },
	{ "smtpd_milters", check_milters },
	{ "routing", check_transport },
	{ "line length", check_line_length },
	{ "xforward", check_xforward },
	{ "queue ids", check_queue_ids },
	{ "delimiter", check_delimiter },
	{ "bare newline", check_newline },
};

static void tell(struct output *out, const char *name,
		 const struct finding *finding)
{
	static const char *const words[] = { "OK", "WARN", "FAIL" };

	if (output_is_json(out)) {
		output_begin(out, "check");
		output_json_text(out, "name", name);
		output_json_text(out, "health", words[finding->health]);
		output_json_text(out, "what", finding->what);
		output_json_text(out, "fix", finding->fix);
		output_end(out);
		return;
	}
	output_say(out, "%-4s  %-14s %s", words[finding->health], name,
		   finding->what);
	if (finding->fix != NULL)
		output_say(out, "      %-14s -> %s", "", finding->fix);
}

bool doctor_run(struct cli *cli, char **arguments, GError **error)
{
	unsigned failed = 0;
	bool unasked = false;

	(void)arguments;
	for (size_t i = 0; i < G_N_ELEMENTS(checks); i++) {
		struct finding finding = { 0 };

		checks[i].run(cli, &finding);
		/* One cause, one row. */
		if (!finding.unasked || !unasked) {
			tell(cli->out,
			     finding.unasked ? "postfix" : checks[i].name,
			     &finding);
			failed += finding.health == HEALTH_FAIL;
		}
		unasked = unasked || finding.unasked;
		g_free(finding.what);
	}
	if (failed > 0)
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_PERMANENT,
			    "%u of %zu checks failed", failed,
			    G_N_ELEMENTS(checks));
	return failed == 0;
}
