/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cli.c - what the verbs share
 */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/error.h"
#include "desk/labels.h"
#include "mail/address.h"
#include "store/audit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define READ_CHUNK    65536
#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000000

struct desk *cli_desk(struct cli *cli, GError **error)
{
	if (cli->desk == NULL)
		cli->desk = desk_new(cli->config, error);
	return cli->desk;
}

struct store *cli_store(struct cli *cli, GError **error)
{
	g_autoptr(GError) problem = NULL;

	if (cli->store != NULL)
		return cli->store;
	cli->store = store_open(&cli->config->store, STORE_WRITE, &problem);
	if (cli->store != NULL)
		return cli->store;
	g_propagate_error(error, g_steal_pointer(&problem));
	return NULL;
}

struct store *cli_begin(struct cli *cli, GError **error)
{
	struct store *store = cli_store(cli, error);

	if (store == NULL || !store_begin(store, error))
		return NULL;
	return store;
}

bool cli_end(struct cli *cli, bool ok, GError **error)
{
	if (ok && store_commit(cli->store, error))
		return true;
	store_rollback(cli->store);
	return false;
}

bool cli_usage(GError **error, const char *fmt, ...)
{
	va_list ap;
	g_autofree char *text = NULL;

	va_start(ap, fmt);
	text = g_strdup_vprintf(fmt, ap);
	va_end(ap);
	g_set_error_literal(error, PORTARIA_ERROR, PORTARIA_ERROR_USAGE, text);
	return false;
}

/* The only active administrator, NULL if there are none or several. */
static struct staff *only_administrator(struct store *store, GError **error)
{
	g_autoptr(GPtrArray) all = staff_list(store, error);
	const struct staff *only = NULL;
	guint count = 0;

	for (guint i = 0; all != NULL && i < all->len; i++) {
		const struct staff *one = all->pdata[i];

		if (one->active && one->admin) {
			only = one;
			count++;
		}
	}
	if (count == 1)
		return staff_get(store, only->id, error);
	if (all != NULL)
		cli_usage(error, "who answers? Say --as LOGIN "
				 "(portaria staff list shows the logins)");
	return NULL;
}

struct staff *cli_actor(struct cli *cli, GError **error)
{
	struct store *store = cli_store(cli, error);
	const char *user = g_getenv("USER");
	struct staff *staff = NULL;

	if (store == NULL)
		return NULL;
	if (cli->as != NULL)
		return staff_by_login(store, cli->as, error);
	if (user != NULL)
		staff = staff_by_login(store, user, NULL);
	return staff != NULL ? staff : only_administrator(store, error);
}

char *cli_dup_actor(struct cli *cli, GError **error)
{
	const char *user = g_getenv("USER");
	AUTO(staff) staff = NULL;

	if (cli->as != NULL) {
		staff = staff_by_login(cli->store, cli->as, error);
		return staff != NULL ? g_strdup(staff->login) : NULL;
	}
	if (user != NULL)
		staff = staff_by_login(cli->store, user, NULL);
	return staff != NULL ? g_strdup(staff->login)
			     : g_strdup_printf("cli:%s", g_get_user_name());
}

bool cli_audit(struct cli *cli, bool ok, const char *action,
	       const char *object, const char *detail, GError **error)
{
	g_autofree char *actor = ok ? cli_dup_actor(cli, error) : NULL;

	return actor != NULL
	       && audit_add(cli->store, actor, action, object, detail, error);
}

char *cli_dup_object(const char *kind, gint64 id)
{
	return g_strdup_printf("%s %" G_GINT64_FORMAT, kind, id);
}

bool cli_parse_id(const char *text, gint64 *ret_id, GError **error)
{
	guint64 value;

	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT64, &value, NULL))
		return cli_usage(error, "\"%s\" is no id", text);
	*ret_id = (gint64)value;
	return true;
}

char *cli_parse_address(const char *text, GError **error)
{
	char *key = address_dup_key(text);

	if (key == NULL)
		cli_usage(error, "\"%s\" is no e-mail address", text);
	return key;
}

static bool same_word(const char *a, const char *b)
{
	g_autofree char *folded_a = g_utf8_casefold(a, -1);
	g_autofree char *folded_b = g_utf8_casefold(b, -1);

	return strcmp(folded_a, folded_b) == 0;
}

bool cli_parse_status(const char *text, enum ticket_status *ret, GError **error)
{
	for (unsigned i = 0; i < TICKET_STATUS__COUNT; i++) {
		if (same_word(text, ticket_status_name(i))
		    || same_word(text, label_status(i, "pt_BR"))) {
			*ret = i;
			return true;
		}
	}
	return cli_usage(error,
			 "unknown status \"%s\": open, answered, "
			 "customer_reply, in_progress, on_hold, resolved, "
			 "closed (or in Portuguese)",
			 text);
}

bool cli_parse_priority(const char *text, enum ticket_priority *ret,
			GError **error)
{
	for (unsigned i = 0; i < TICKET_PRIORITY__COUNT; i++) {
		if (same_word(text, ticket_priority_name(i))
		    || same_word(text, label_priority(i, "pt_BR"))) {
			*ret = i;
			return true;
		}
	}
	return cli_usage(error, "unknown priority \"%s\": low, medium, high "
				"(or baixa, média, alta)",
			 text);
}

bool cli_check_text(const char *what, const char *text, GError **error)
{
	if (text == NULL || text[strspn(text, " \t\r\n")] == '\0')
		return cli_usage(error, "%s must not be empty", what);
	return g_utf8_validate(text, -1, NULL)
	       || cli_usage(error, "%s is not UTF-8", what);
}

bool cli_check_limit(const char *text, unsigned *ret_limit, GError **error)
{
	guint64 limit = LIMIT_DEFAULT;

	if (text != NULL
	    && !g_ascii_string_to_unsigned(text, 10, 1, LIMIT_MAX, &limit,
					   NULL))
		return cli_usage(error, "--limit %s: 1 to %d", text,
				 LIMIT_MAX);
	*ret_limit = (unsigned)limit;
	return true;
}

bool cli_check_department(struct store *store, const char *name,
			  GError **error)
{
	g_autoptr(GError) problem = NULL;
	AUTO(department) found = department_by_name(store, name, &problem);

	if (found != NULL)
		return true;
	if (g_error_matches(problem, PORTARIA_ERROR, PORTARIA_ERROR_NOT_FOUND))
		return cli_usage(error,
				 "no department \"%s\": \"portaria "
				 "department list\" shows them",
				 name);
	g_propagate_error(error, g_steal_pointer(&problem));
	return false;
}

bool cli_check_language(const char *text, GError **error)
{
	static const char *const languages[] = { "pt_BR", "en", "es", NULL };

	return g_strv_contains(languages, text)
	       || cli_usage(error, "unknown language \"%s\": pt_BR, en or es",
			    text);
}

bool cli_check_time_zone(const char *text, GError **error)
{
	const char *complaint = NULL;

	if (text != NULL && text[0] != '\0')
		complaint = clock_zone_complaint(text);
	return complaint == NULL
	       || cli_usage(error, "\"%s\" %s", text, complaint);
}

static GBytes *read_fd(int fd, const char *name, guint64 max, GError **error)
{
	g_autoptr(GByteArray) data = g_byte_array_new();
	guint8 chunk[READ_CHUNK];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno,
					"%s", name);
			return NULL;
		}
		if (data->len + (guint64)n > max) {
			g_set_error(error, PORTARIA_ERROR,
				    PORTARIA_ERROR_LIMIT,
				    "%s: larger than %" G_GUINT64_FORMAT
				    " bytes",
				    name, max);
			return NULL;
		}
		g_byte_array_append(data, chunk, (guint)n);
	}
	return g_byte_array_free_to_bytes(g_steal_pointer(&data));
}

GBytes *cli_read(const char *path, guint64 max, GError **error)
{
	GBytes *bytes;
	int fd;

	max = MIN(max, (guint64)G_MAXINT32);
	if (path == NULL || strcmp(path, "-") == 0)
		return read_fd(STDIN_FILENO, "standard input", max, error);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		error_set_errno(error, PORTARIA_ERROR_NOT_FOUND, errno, "%s",
				path);
		return NULL;
	}
	bytes = read_fd(fd, path, max, error);
	close(fd);
	return bytes;
}

bool cli_write_bytes(GBytes *bytes, GError **error)
{
	size_t left;
	const char *at = g_bytes_get_data(bytes, &left);

	while (left > 0) {
		ssize_t n = write(STDOUT_FILENO, at, left);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno,
					"standard output");
			return false;
		}
		at += n;
		left -= (size_t)n;
	}
	return true;
}
