/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mfi.c - libmilter, behind a wall
 *
 * The callbacks only translate. libmilter has no pointer of ours to hand to
 * them but per connection, hence the one static variable.
 */
#include "milter/mfi.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include <libmilter/mfapi.h>

#include "base/clock.h"
#include "base/error.h"
#include "milter/session.h"

#define BACKLOG     1024
#define COMMAND_MAX ((size_t)1024 * 1024)
#define REPLY_GRACE (200 * 1000) /* microseconds */
#define DRAIN_LOOK  ((gint64)50)

/* Steps without an answer of ours. */
#define STEPS_SILENT                                                           \
	(SMFIP_NR_CONN | SMFIP_NR_HELO | SMFIP_NR_MAIL | SMFIP_NR_HDR |        \
	 SMFIP_NR_BODY)
/* Wanted where the mail server has it. */
#define STEPS_WANTED SMFIP_HDR_LEADSPC
#define ACTIONS      (SMFIF_ADDHDRS | SMFIF_CHGHDRS)

/* A connection as libmilter knows it. */
struct link {
	struct session *session;
	bool leadspc; /* values come with their leading blank */
};

static struct {
	pthread_mutex_t lock;
	struct hub *hub; /* NULL: closed */
	unsigned inside; /* callbacks that run */
	unsigned links;
} gate = { .lock = PTHREAD_MUTEX_INITIALIZER };

/* The prototypes of libmilter know no const. */
static char name_filter[] = "portaria";
static char macro_queue_id[] = "i";
static char macro_sender[] = "{mail_addr}";
static char macro_login[] = "{auth_authen}";
static char macro_recipient[] = "{rcpt_addr}";
static char macros_mail[] = "{mail_addr} {auth_authen}";
static char macros_rcpt[] = "i {rcpt_addr}";

/* --- the gate --- */

/* NULL: too late, the hub is gone. */
static struct hub *gate_enter(void)
{
	struct hub *hub;

	pthread_mutex_lock(&gate.lock);
	hub = gate.hub;
	if (hub != NULL)
		gate.inside++;
	pthread_mutex_unlock(&gate.lock);
	return hub;
}

static void gate_leave(void)
{
	pthread_mutex_lock(&gate.lock);
	gate.inside--;
	pthread_mutex_unlock(&gate.lock);
}

static struct link *link_new(struct hub *hub)
{
	struct link *link = g_new0(struct link, 1);

	link->session = session_new(hub);
	pthread_mutex_lock(&gate.lock);
	gate.links++;
	pthread_mutex_unlock(&gate.lock);
	return link;
}

static void link_free(struct link *link)
{
	session_free(link->session);
	g_free(link);
	pthread_mutex_lock(&gate.lock);
	gate.links--;
	pthread_mutex_unlock(&gate.lock);
}

/* The link of a callback, entered; NULL: answer as if in trouble. */
static struct link *enter(SMFICTX *ctx)
{
	struct link *link = smfi_getpriv(ctx);

	if (link == NULL || gate_enter() == NULL)
		return NULL;
	return link;
}

/* --- answers --- */

static const sfsistat statuses[] = {
	[REPLY_CONTINUE] = SMFIS_CONTINUE, [REPLY_ACCEPT] = SMFIS_ACCEPT,
	[REPLY_REJECT] = SMFIS_REJECT,     [REPLY_TEMPFAIL] = SMFIS_TEMPFAIL,
};
G_STATIC_ASSERT(G_N_ELEMENTS(statuses) == REPLY_ACTION__COUNT);

/* A text that libmilter does not take is lost, the decision is not. */
static void set_text(SMFICTX *ctx, const struct reply *reply)
{
	char *text[REPLY_LINES] = { NULL };
	g_autofree char *code = g_strdup_printf("%u", reply->code);

	for (size_t i = 0; i < REPLY_LINES && reply->lines[i] != NULL; i++)
		text[i] = reply->lines[i];
	if (smfi_setmlreply(ctx, code, reply->enhanced, text[0], text[1],
	                    text[2], NULL) != MI_SUCCESS)
		log_event(LOG_LEVEL_WARNING, NULL,
		          "libmilter refuses a reply, sending its own",
		          LOG_STR("text", text[0]));
}

/* Leaves the callback. */
static sfsistat leave(SMFICTX *ctx, struct reply *reply)
{
	sfsistat status = statuses[reply->action];

	if (reply->code != 0)
		set_text(ctx, reply);
	reply_clear(reply);
	gate_leave();
	return status;
}

/* --- callbacks --- */

static sfsistat on_negotiate(SMFICTX *ctx, unsigned long actions,
                             unsigned long steps, unsigned long f2,
                             unsigned long f3, unsigned long *ret_actions,
                             unsigned long *ret_steps, unsigned long *ret_f2,
                             unsigned long *ret_f3)
{
	struct hub *hub = gate_enter();
	struct link *link;

	(void)f2;
	(void)f3;
	if (hub == NULL)
		return SMFIS_REJECT;
	if ((actions & ACTIONS) != ACTIONS) {
		log_event(LOG_LEVEL_ERROR, NULL,
		          "the mail server cannot change headers, no session");
		gate_leave();
		return SMFIS_REJECT;
	}
	link = link_new(hub);
	link->leadspc = (steps & SMFIP_HDR_LEADSPC) != 0;
	smfi_setpriv(ctx, link);
	if ((actions & SMFIF_SETSYMLIST) != 0) {
		smfi_setsymlist(ctx, SMFIM_ENVFROM, macros_mail);
		smfi_setsymlist(ctx, SMFIM_ENVRCPT, macros_rcpt);
		smfi_setsymlist(ctx, SMFIM_DATA, macro_queue_id);
		smfi_setsymlist(ctx, SMFIM_EOH, macro_queue_id);
		smfi_setsymlist(ctx, SMFIM_EOM, macro_queue_id);
	}
	*ret_actions = ACTIONS | (actions & SMFIF_SETSYMLIST);
	*ret_steps = SMFIP_NOUNKNOWN | STEPS_SILENT | (steps & STEPS_WANTED);
	*ret_f2 = 0;
	*ret_f3 = 0;
	gate_leave();
	return SMFIS_CONTINUE;
}

/* As text; NULL if the client has no internet address. */
static const char *client_text(const struct sockaddr *address, char *buffer,
                               socklen_t size)
{
	const void *bytes;

	if (address == NULL)
		return NULL;
	if (address->sa_family == AF_INET)
		bytes = &((const struct sockaddr_in *)(const void *)address)
		                 ->sin_addr;
	else if (address->sa_family == AF_INET6)
		bytes = &((const struct sockaddr_in6 *)(const void *)address)
		                 ->sin6_addr;
	else
		return NULL;
	return inet_ntop(address->sa_family, bytes, buffer, size);
}

/* A mail server that uses a connection again (since protocol 6) does not
 * negotiate again; it has had the leading blank since before. */
static struct link *renew(SMFICTX *ctx)
{
	struct link *link = smfi_getpriv(ctx);
	struct hub *hub = gate_enter();

	if (hub == NULL)
		return NULL;
	if (link != NULL)
		return link;
	link = link_new(hub);
	link->leadspc = true;
	smfi_setpriv(ctx, link);
	return link;
}

static sfsistat on_connect(SMFICTX *ctx, char *host, struct sockaddr *address)
{
	struct link *link = renew(ctx);
	char text[INET6_ADDRSTRLEN];

	(void)host;
	if (link == NULL)
		return SMFIS_NOREPLY;
	session_connect(link->session,
	                client_text(address, text, sizeof(text)));
	gate_leave();
	return SMFIS_NOREPLY;
}

static sfsistat on_helo(SMFICTX *ctx, char *name)
{
	struct link *link = enter(ctx);

	if (link == NULL)
		return SMFIS_NOREPLY;
	session_helo(link->session, name);
	gate_leave();
	return SMFIS_NOREPLY;
}

static bool is_null_path(const char *path)
{
	return path[0] == '\0' || strcmp(path, "<>") == 0;
}

/* The macro is the cleaned address; but for the null sender some mail servers
 * put another name there. */
static sfsistat on_mail(SMFICTX *ctx, char **argv)
{
	struct link *link = enter(ctx);
	const char *sender = smfi_getsymval(ctx, macro_sender);

	if (link == NULL)
		return SMFIS_NOREPLY;
	if (sender == NULL || is_null_path(argv[0]))
		sender = argv[0];
	session_mail(link->session, sender, smfi_getsymval(ctx, macro_login));
	gate_leave();
	return SMFIS_NOREPLY;
}

static sfsistat on_rcpt(SMFICTX *ctx, char **argv)
{
	struct link *link = enter(ctx);
	const char *recipient = smfi_getsymval(ctx, macro_recipient);
	struct reply reply = { 0 };

	if (link == NULL)
		return SMFIS_TEMPFAIL;
	session_rcpt(link->session, smfi_getsymval(ctx, macro_queue_id),
	             recipient != NULL ? recipient : argv[0], &reply);
	return leave(ctx, &reply);
}

static sfsistat on_data(SMFICTX *ctx)
{
	struct link *link = enter(ctx);
	struct reply reply = { 0 };

	if (link == NULL)
		return SMFIS_TEMPFAIL;
	session_data(link->session, &reply);
	return leave(ctx, &reply);
}

static sfsistat on_header(SMFICTX *ctx, char *name, char *value)
{
	struct link *link = enter(ctx);
	g_autofree char *spaced = NULL;

	if (link == NULL)
		return SMFIS_NOREPLY;
	if (!link->leadspc)
		spaced = g_strconcat(" ", value, NULL);
	session_header(link->session, name, spaced != NULL ? spaced : value);
	gate_leave();
	return SMFIS_NOREPLY;
}

static sfsistat on_end_header(SMFICTX *ctx)
{
	struct link *link = enter(ctx);
	struct reply reply = { 0 };

	if (link == NULL)
		return SMFIS_TEMPFAIL;
	session_end_header(link->session, smfi_getsymval(ctx, macro_queue_id),
	                   &reply);
	return leave(ctx, &reply);
}

static sfsistat on_body(SMFICTX *ctx, unsigned char *data, size_t len)
{
	struct link *link = enter(ctx);

	if (link == NULL)
		return SMFIS_NOREPLY;
	session_body(link->session, (const char *)data, len);
	gate_leave();
	return SMFIS_NOREPLY;
}

static bool apply(SMFICTX *ctx, const struct link *link,
                  const struct block_edit *edit)
{
	char *value = edit->value;

	if (value == NULL)
		return smfi_chgheader(ctx, edit->name, (int)edit->index,
		                      NULL) == MI_SUCCESS;
	/* Without LEADSPC the mail server puts the blank itself. */
	if (!link->leadspc && value[0] == ' ')
		value++;
	return smfi_insheader(ctx, 0, edit->name, value) == MI_SUCCESS;
}

/* A message half changed is not let through. */
static void apply_all(SMFICTX *ctx, const struct link *link,
                      const GPtrArray *edits, struct reply *reply)
{
	if (reply->action != REPLY_CONTINUE)
		return;
	for (guint i = 0; i < edits->len; i++) {
		if (apply(ctx, link, g_ptr_array_index(edits, i)))
			continue;
		log_event(LOG_LEVEL_ERROR, NULL,
		          "the header cannot be changed, deferring",
		          LOG_STR("qid", smfi_getsymval(ctx, macro_queue_id)));
		reply_set(reply, REPLY_TEMPFAIL);
		return;
	}
}

static sfsistat on_end(SMFICTX *ctx)
{
	struct link *link = enter(ctx);
	g_autoptr(GPtrArray) edits = NULL;
	struct reply reply = { 0 };

	if (link == NULL)
		return SMFIS_TEMPFAIL;
	edits = g_ptr_array_new_with_free_func(block_edit_free);
	session_end(link->session, smfi_getsymval(ctx, macro_queue_id), &reply,
	            edits);
	apply_all(ctx, link, edits, &reply);
	return leave(ctx, &reply);
}

static sfsistat on_abort(SMFICTX *ctx)
{
	struct link *link = enter(ctx);

	if (link != NULL) {
		session_abort(link->session);
		gate_leave();
	}
	return SMFIS_CONTINUE;
}

static sfsistat on_close(SMFICTX *ctx)
{
	struct link *link = enter(ctx);

	if (link != NULL) {
		smfi_setpriv(ctx, NULL);
		link_free(link);
		gate_leave();
	}
	return SMFIS_CONTINUE;
}

/* --- from outside --- */

static bool set_error(GError **error, const char *what)
{
	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_INTERNAL,
	            "libmilter: %s failed", what);
	return false;
}

bool mfi_init(struct hub *hub, int fd, GError **error)
{
	const struct smfiDesc filter = {
		.xxfi_name = name_filter,
		.xxfi_version = SMFI_VERSION,
		.xxfi_flags = ACTIONS,
		.xxfi_connect = on_connect,
		.xxfi_helo = on_helo,
		.xxfi_envfrom = on_mail,
		.xxfi_envrcpt = on_rcpt,
		.xxfi_header = on_header,
		.xxfi_eoh = on_end_header,
		.xxfi_body = on_body,
		.xxfi_eom = on_end,
		.xxfi_abort = on_abort,
		.xxfi_close = on_close,
		.xxfi_data = on_data,
		.xxfi_negotiate = on_negotiate,
	};
	g_autofree char *connection = g_strdup_printf("fd:%d", fd);
	size_t command_max =
		MAX(COMMAND_MAX, 2 * hub->config->limits.header_field_bytes);

	gate.hub = hub;
	/* A full queue of connections is an error to Postfix at once; the
	 * system cuts the number to what it allows. */
	(void)listen(fd, BACKLOG);
	if (smfi_register(filter) != MI_SUCCESS)
		return set_error(error, "smfi_register");
	(void)smfi_setmaxdatasize(command_max);
	(void)smfi_setbacklog(BACKLOG);
	if (smfi_setconn(connection) != MI_SUCCESS)
		return set_error(error, "smfi_setconn");
	if (smfi_opensocket(false) != MI_SUCCESS)
		return set_error(error, "smfi_opensocket");
	return true;
}

bool mfi_run(void)
{
	return smfi_main() == MI_SUCCESS;
}

/* Closes the gate if nobody needs the hub. */
static bool try_close(void)
{
	bool closed;

	pthread_mutex_lock(&gate.lock);
	closed = gate.links == 0 && gate.inside == 0;
	if (closed)
		gate.hub = NULL;
	pthread_mutex_unlock(&gate.lock);
	return closed;
}

static bool is_busy(const struct hub *hub)
{
	bool inside;

	pthread_mutex_lock(&gate.lock);
	inside = gate.inside > 0;
	pthread_mutex_unlock(&gate.lock);
	return inside || hub->messages > 0;
}

bool mfi_drain(gint64 timeout)
{
	struct hub *hub = gate.hub;
	gint64 end = clock_monotonic() + timeout;

	hub->stopping = true;
	while (is_busy(hub) && clock_monotonic() < end)
		g_usleep((gulong)DRAIN_LOOK * 1000);
	/* libmilter writes the last answer after the callback has ended. */
	g_usleep(REPLY_GRACE);
	return try_close();
}
