/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abusedesk.c - machine-readable reports in departments open to anyone
 *
 * Only the first report of a case becomes an entry of its ticket; the others
 * are rows of evidence. What a report claims is a stranger's word: it decides
 * who is suspected, never who reads or receives anything.
 */
#include "desk/abusedesk.h"

#include "base/clock.h"
#include "base/utf8.h"
#include "desk/abusenotice.h"
#include "desk/lookup.h"
#include "mail/abuse_value.h"
#include "mail/automatic.h"
#include "store/mailreport.h"

#include <string.h>

#define TYPE_BYTES_MAX   100
#define SUBJECT_ROOM     100 /* for a source behind it */
#define SCAN_BYTES       65536
#define SCAN_WORDS_MAX   20000
#define SCAN_SOURCES_MAX 20

static void set(char **where, const char *value)
{
	g_free(*where);
	*where = g_strdup(value != NULL ? value : "");
}

static const struct mail_abuse *abuse_of(const struct intake *in)
{
	return in->message->mail->abuse;
}

bool abusedesk_takes(const struct intake *in, enum signed_kind token)
{
	return in->kind == MAIL_KIND_ABUSE_REPORT && abuse_of(in) != NULL &&
	       in->recipient->department->accept == DEPARTMENT_ANYONE &&
	       in->recipient->verdict != SEAL_ACCEPT_STAFF &&
	       token == SIGNED_NONE;
}

/* Key of the author, as far as anybody knows him. */
static const char *author_address(const struct intake *in)
{
	const struct mail *mail = in->message->mail;
	const struct mailbox *from =
		mail->from->len > 0 ? mail->from->pdata[0] : NULL;

	if (in->recipient->identity[0] != '\0')
		return in->recipient->identity;
	return from != NULL ? from->address : "";
}

static const char *author_name(const struct intake *in)
{
	const struct mail *mail = in->message->mail;
	const struct mailbox *from =
		mail->from->len > 0 ? mail->from->pdata[0] : NULL;

	return from != NULL && from->name[0] != '\0' ? from->name
	                                             : author_address(in);
}

/* ---- reports of counts --------------------------------------------------- */

static const char *const file_kinds[] = {
	[MAIL_ABUSE_INCIDENT] = "incident",
	[MAIL_ABUSE_FAILURE] = "failure",
	[MAIL_ABUSE_DMARC] = "dmarc",
	[MAIL_ABUSE_TLS] = "tls",
};
G_STATIC_ASSERT(G_N_ELEMENTS(file_kinds) == MAIL_ABUSE_CLASS__COUNT);

static struct mail_report *make_file(const struct intake *in)
{
	const struct mail_abuse *abuse = abuse_of(in);
	struct mail_report *report = mail_report_new();
	bool one = abuse->class == MAIL_ABUSE_FAILURE;

	report->department_id = in->recipient->department->id;
	set(&report->kind, file_kinds[abuse->class]);
	set(&report->reporter, abuse->reporter);
	set(&report->address, author_address(in));
	set(&report->domain, abuse->reported_domain);
	report->period_begin = one ? abuse->time : abuse->begin;
	report->period_end = one ? abuse->time : abuse->end;
	report->total = one ? 1 : abuse->total;
	report->failed = one ? 1 : abuse->failed;
	set(&report->source_ip, abuse->source_ip);
	set(&report->report_id, abuse->report_id);
	report->derived = abuse->derived;
	set(&report->raw, in->blob);
	set(&report->message_id, in->message->mail->message_id);
	set(&report->subject, in->message->mail->subject);
	g_free(report->auth);
	report->auth = conversation_dup_evidence(in->message->evidence);
	return report;
}

static bool file_report(const struct intake *in, struct intake_result *result,
                        GError **error)
{
	AUTO(mail_report) report = make_file(in);

	if (!mail_report_insert(in->store, report, error))
		return false;
	result->outcome = INTAKE_FILED;
	result->ref = g_strdup("");
	result->answer = g_strdup_printf("report %" G_GINT64_FORMAT " filed",
	                                 report->id);
	return true;
}

/* ---- the key of a case --------------------------------------------------- */

/* "Abuse / Login-Attack" and "abuse/login_attack" are one type. */
static char *dup_type(const char *reported)
{
	g_autofree char *lower = g_utf8_strdown(reported, -1);
	GString *type = g_string_new(NULL);

	for (const char *p = lower; *p != '\0'; p = utf8_next(p)) {
		gunichar c = g_utf8_get_char(p);

		if (type->len >= TYPE_BYTES_MAX)
			break;
		if (c == '-')
			g_string_append_c(type, '_');
		else if (!g_unichar_isspace(c))
			g_string_append_unichar(type, c);
	}
	if (type->len == 0)
		g_string_append(type, "abuse");
	return g_string_free(type, FALSE);
}

/* The struct is what a confined child wrote: read again. */
static struct abuse_case *make_key(const struct intake *in)
{
	const struct mail_abuse *abuse = abuse_of(in);
	struct abuse_case *key = abuse_case_new();
	char *ip = abuse_dup_ip(abuse->source_ip);
	g_autofree char *domain = abuse_dup_host(abuse->reported_domain);

	g_free(key->source);
	key->source_kind = ip != NULL       ? ABUSE_SOURCE_IP
	                   : domain != NULL ? ABUSE_SOURCE_DOMAIN
	                                    : ABUSE_SOURCE_REPORTER;
	if (ip != NULL)
		key->source = ip;
	else if (domain != NULL)
		key->source = g_steal_pointer(&domain);
	else
		key->source = g_strdup(abuse->reporter);
	g_free(key->type);
	key->type = dup_type(abuse->feedback_type);
	key->department_id = in->recipient->department->id;
	return key;
}

/* ---- suspects ------------------------------------------------------------ */

static bool add_suspects(const struct intake *in, gint64 ticket_id,
                         GPtrArray *matches, bool derived, GError **error)
{
	g_autoptr(GPtrArray) found = matches;

	if (found == NULL)
		return false;
	for (guint i = 0; i < found->len; i++) {
		struct abuse_suspect *one = found->pdata[i];

		one->derived = derived;
		if (!abuse_suspect_add(in->store, ticket_id, one, error))
			return false;
	}
	return true;
}

/* An address or a host name. */
static bool suspect_host(const struct intake *in, gint64 ticket_id,
                         const char *host, bool derived, GError **error)
{
	g_autofree char *ip = abuse_dup_ip(host);

	if (ip != NULL)
		return add_suspects(in, ticket_id,
		                    abuse_match_ip(in->store, ip, error),
		                    derived, error);
	return add_suspects(in, ticket_id,
	                    abuse_match_domain(in->store, host, error), derived,
	                    error);
}

/* Source, domain and links of a report. */
static bool suspect_report(const struct intake *in, gint64 ticket_id,
                           GError **error)
{
	const struct mail_abuse *abuse = abuse_of(in);
	g_autofree char *domain = abuse_dup_host(abuse->reported_domain);

	if (!suspect_host(in, ticket_id, abuse->source_ip,
	                  (abuse->derived & MAIL_ABUSE_DERIVED_SOURCE) != 0,
	                  error) ||
	    (domain != NULL &&
	     !suspect_host(in, ticket_id, domain,
	                   (abuse->derived & MAIL_ABUSE_DERIVED_DOMAIN) != 0,
	                   error)))
		return false;
	for (char **url = abuse->urls; *url != NULL; url++) {
		g_autofree char *host = abuse_dup_host(*url);

		if (host != NULL &&
		    !suspect_host(in, ticket_id, host, false, error))
			return false;
	}
	return true;
}

/* ---- a new case ---------------------------------------------------------- */

/* Programs that report name where people answer in Reply-To. */
static const char *answer_address(const struct intake *in)
{
	const GPtrArray *reply_to = in->message->mail->reply_to;
	const char *from = author_address(in);
	const struct mailbox *other =
		reply_to->len > 0 ? reply_to->pdata[0] : NULL;

	if (from[0] != '\0' && !automatic_is_robot(from))
		return from;
	return other != NULL && !automatic_is_robot(other->address)
	               ? other->address
	               : "";
}

static char *dup_ticket_subject(const struct intake *in,
                                const struct abuse_case *key)
{
	g_autofree char *bare =
		conversation_dup_subject(in->desk, in->message->mail->subject);

	if (key->source_kind == ABUSE_SOURCE_REPORTER ||
	    strlen(key->source) > SUBJECT_ROOM ||
	    strstr(bare, key->source) != NULL)
		return g_steal_pointer(&bare);
	return g_strdup_printf("%s (%s)", bare, key->source);
}

static struct ticket *open_ticket(const struct intake *in,
                                  const struct abuse_case *key, GError **error)
{
	const char *prefix = desk_get_config(in->desk)->server.ref_prefix;
	const char *answers = answer_address(in);
	AUTO(ticket) ticket = ticket_new();

	ticket->department_id = in->recipient->department->id;
	set(&ticket->department, in->recipient->department->name);
	set(&ticket->requester, author_address(in));
	g_free(ticket->subject);
	ticket->subject = dup_ticket_subject(in, key);
	if (!ticket_insert(in->store, prefix, ticket, error) ||
	    (answers[0] != '\0' &&
	     !participant_add(in->store, ticket->id, answers, author_name(in),
	                      PARTICIPANT_REPORTER, error)))
		return NULL;
	return g_steal_pointer(&ticket);
}

static struct message *make_entry(const struct intake *in,
                                  const struct ticket *ticket)
{
	const struct intake_message *source = in->message;
	const struct mail *mail = source->mail;
	struct message *entry = message_new();

	entry->ticket_id = ticket->id;
	entry->author = MESSAGE_CUSTOMER;
	set(&entry->address, author_address(in));
	set(&entry->name, author_name(in));
	set(&entry->channel, "mail");
	set(&entry->kind, mail_kind_name(in->kind));
	set(&entry->message_id, mail->message_id);
	set(&entry->subject, mail->subject);
	set(&entry->text, mail->text);
	set(&entry->text_trimmed, mail->text_trimmed);
	set(&entry->html, mail->html);
	set(&entry->raw, in->blob);
	g_free(entry->auth);
	entry->auth = conversation_dup_evidence(source->evidence);
	set(&entry->client_ip, source->client_ip);
	set(&entry->queue_id, source->queue_id);
	entry->sent = mail->date;
	entry->warnings = mail->warnings;
	return entry;
}

static struct message *insert_entry(const struct intake *in,
                                    const struct ticket *ticket, GError **error)
{
	const struct mail *mail = in->message->mail;
	AUTO(message) entry = make_entry(in, ticket);

	if (!message_insert(in->store, entry, error) ||
	    !conversation_attach(in->store, entry->id, mail->parts, error))
		return NULL;
	if (mail->message_id[0] != '\0' &&
	    !message_id_learn(in->store, ticket->id, mail->message_id, error))
		return NULL;
	return g_steal_pointer(&entry);
}

/* The evidence of this mail under a case. */
static bool add_evidence(const struct intake *in, struct abuse_case *one,
                         GError **error)
{
	const struct mail_abuse *abuse = abuse_of(in);
	const struct intake_message *source = in->message;
	AUTO(abuse_report) report = abuse_report_new();

	set(&report->raw, in->blob);
	set(&report->reporter, abuse->reporter);
	set(&report->address, author_address(in));
	set(&report->format, abuse->format);
	set(&report->type, abuse->feedback_type);
	set(&report->source_ip, abuse->source_ip);
	report->source_port = abuse->source_port;
	set(&report->domain, abuse->reported_domain);
	g_free(report->urls);
	report->urls = g_strjoinv("\n", abuse->urls);
	report->time = abuse->time;
	report->derived = abuse->derived;
	set(&report->report_id, abuse->report_id);
	set(&report->message_id, source->mail->message_id);
	set(&report->subject, source->mail->subject);
	g_free(report->auth);
	report->auth = conversation_dup_evidence(source->evidence);
	set(&report->client_ip, source->client_ip);
	set(&report->queue_id, source->queue_id);
	return abuse_case_add(in->store, one, report, error);
}

/* Which case was about the same before, if any. */
static bool record_former(const struct intake *in, const struct ticket *ticket,
                          const struct abuse_case *former, GError **error)
{
	if (former == NULL)
		return true;
	g_autofree char *text = g_strdup_printf(
		"an earlier case about %s: %s, %" G_GINT64_FORMAT " reports",
		former->source, former->ref, former->reports);

	return conversation_event(in->store, ticket->id, text, error);
}

static bool open_case(const struct intake *in, struct abuse_case *key,
                      const struct abuse_case *former,
                      struct intake_result *result, GError **error)
{
	AUTO(ticket) ticket = open_ticket(in, key, error);
	AUTO(message)
	entry = ticket != NULL ? insert_entry(in, ticket, error) : NULL;

	if (entry == NULL)
		return false;
	key->ticket_id = ticket->id;
	if (!abuse_case_insert(in->store, key, error) ||
	    !add_evidence(in, key, error) ||
	    !suspect_report(in, ticket->id, error) ||
	    !record_former(in, ticket, former, error))
		return false;

	const struct abuse_notice notice = {
		.ticket = ticket,
		.department = in->recipient->department,
		.about = key,
		.message = entry,
		.parts = in->message->mail->parts,
		.is_new = true,
	};
	if (!abuse_notice_post(in->desk, in->store, &notice, error))
		return false;
	intake_result_set(result, INTAKE_CREATED, ticket->ref);
	return true;
}

/* ---- one report more ----------------------------------------------------- */

/* 10, 100, 1000 ... */
static bool is_told(gint64 count)
{
	while (count >= 10 && count % 10 == 0)
		count /= 10;
	return count == 1;
}

/* The reports have grown tenfold: an event, and a notice that shows the one
 * at hand. */
static bool tell_growth(const struct intake *in, const struct abuse_case *one,
                        GError **error)
{
	g_autofree char *text = abuse_notice_dup_event(one);
	AUTO(ticket) ticket = ticket_get(in->store, one->ticket_id, error);
	AUTO(message)
	entry = ticket != NULL ? make_entry(in, ticket) : NULL;

	if (entry == NULL ||
	    !conversation_event(in->store, ticket->id, text, error))
		return false;

	const struct abuse_notice notice = {
		.ticket = ticket,
		.department = in->recipient->department,
		.about = one,
		.message = entry,
	};
	return abuse_notice_post(in->desk, in->store, &notice, error);
}

static bool join_case(const struct intake *in, struct abuse_case *one,
                      struct intake_result *result, GError **error)
{
	if (!add_evidence(in, one, error) ||
	    (is_told(one->reports) && !tell_growth(in, one, error)))
		return false;
	intake_result_set(result, INTAKE_APPENDED, one->ref);
	return true;
}

/* Reports come late: what happened before staff resolved the ticket is no
 * news; what happened since, or nobody knows when, is. */
static bool is_late(const struct intake *in, const struct abuse_case *one,
                    bool *ret, GError **error)
{
	const struct mail_abuse *abuse = abuse_of(in);
	AUTO(ticket) ticket = ticket_get(in->store, one->ticket_id, error);

	if (ticket == NULL)
		return false;
	*ret = abuse->time != 0 && abuse->time <= ticket->updated;
	return true;
}

static bool may_join(const struct intake *in, const struct abuse_case *one,
                     bool *ret, GError **error)
{
	guint64 window = desk_get_config(in->desk)->abuse.window_seconds;

	*ret = one->status != TICKET_CLOSED &&
	       clock_now() - one->last <= (gint64)window * CLOCK_SECOND;
	if (!*ret || one->status != TICKET_RESOLVED)
		return true;
	return is_late(in, one, ret, error);
}

/* Staff may have put the case's ticket into another: that one counts then. */
static bool follow_merges(const struct intake *in, struct abuse_case *one,
                          GError **error)
{
	AUTO(ticket) ticket = ticket_get(in->store, one->ticket_id, error);

	ticket = ticket_follow(in->store, ticket, error);
	if (ticket == NULL)
		return false;
	one->ticket_id = ticket->id;
	one->status = ticket->status;
	set(&one->ref, ticket->ref);
	return true;
}

static bool store_incident(const struct intake *in,
                           struct intake_result *result, GError **error)
{
	GError *local = NULL;
	bool joins = false;
	AUTO(abuse_case) key = make_key(in);
	AUTO(abuse_case) newest = abuse_case_find(in->store, key, 0, &local);

	if (newest == NULL && !lookup_is_absent(local, error))
		return false;
	if (newest != NULL && (!follow_merges(in, newest, error) ||
	                       !may_join(in, newest, &joins, error)))
		return false;
	return joins ? join_case(in, newest, result, error)
	             : open_case(in, key, newest, result, error);
}

bool abusedesk_store(const struct intake *in, struct intake_result *result,
                     GError **error)
{
	return abuse_of(in)->class == MAIL_ABUSE_INCIDENT
	               ? store_incident(in, result, error)
	               : file_report(in, result, error);
}

/* ---- what stands in ordinary mail ---------------------------------------- */

/* Addresses, and hosts of links, among the words of a text. */
static void scan_text(GHashTable *found, const char *text, size_t len)
{
	g_autofree char *valid = g_utf8_make_valid(text, (gssize)len);
	g_auto(GStrv) words =
		g_strsplit_set(valid, " \t\r\n<>\"'()|,;", SCAN_WORDS_MAX);

	for (char **word = words; *word != NULL; word++) {
		bool link = strstr(*word, "://") != NULL;
		size_t n = strlen(*word);
		char *host = NULL;

		if (g_hash_table_size(found) >= SCAN_SOURCES_MAX)
			return;
		while (n > 0 && strchr(".:!?", (*word)[n - 1]) != NULL)
			(*word)[--n] = '\0';
		if (link)
			host = abuse_dup_host(*word);
		else if (n >= 3 && strpbrk(*word, ".:") != NULL)
			host = abuse_dup_ip(*word);
		if (host != NULL)
			g_hash_table_add(found, host);
	}
}

static GHashTable *scan_mail(const struct mail *mail)
{
	GHashTable *found =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	scan_text(found, mail->subject, strlen(mail->subject));
	scan_text(found, mail->text, MIN(strlen(mail->text), SCAN_BYTES));
	for (guint i = 0; i < mail->parts->len; i++) {
		const struct mail_part *part = mail->parts->pdata[i];
		gsize len = 0;
		const char *data = g_bytes_get_data(part->data, &len);

		if (len > 0 && g_str_has_prefix(part->content_type, "text/"))
			scan_text(found, data, MIN(len, SCAN_BYTES));
	}
	return found;
}

bool abusedesk_find_suspects(const struct intake *in, const char *ref,
                             GError **error)
{
	AUTO(ticket) ticket = ticket_by_ref(in->store, ref, error);
	g_autoptr(GHashTable) found = scan_mail(in->message->mail);
	GHashTableIter iter;
	gpointer host;

	if (ticket == NULL)
		return false;
	g_hash_table_iter_init(&iter, found);
	while (g_hash_table_iter_next(&iter, &host, NULL))
		if (!suspect_host(in, ticket->id, host, true, error))
			return false;
	return true;
}
