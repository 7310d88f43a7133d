/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * noun_abuse.c - portaria abuse: cases, their evidence, filed reports
 */
#include "cli/abuse.h"

#include "base/clock.h"
#include "base/error.h"
#include "cli/customer.h"
#include "cli/ticket.h"
#include "mail/abuse_value.h"
#include "mail/mail.h"
#include "store/abusecase.h"
#include "store/blob.h"
#include "store/mailreport.h"

#include <stdio.h>
#include <string.h>

#define TOP_REPORTERS 5

static struct {
	char *since, *type, *source, *customer;
	gboolean open, reports;
	char *limit;
	char *evidence;
} opt;

static const GOptionEntry list_options[] = {
	CLI_TEXT("since", &opt.since, "with a report since (2026-11-01)",
		 "DATE"),
	CLI_TEXT("type", &opt.type, "of one type, or one side of its \"/\"",
		 "TYPE"),
	CLI_TEXT("source", &opt.source, "about one address or host name",
		 "SOURCE"),
	CLI_TEXT("customer", &opt.customer, "with this suspect", "CUSTOMER"),
	CLI_FLAG("open", &opt.open, "neither resolved nor closed"),
	CLI_FLAG("reports", &opt.reports,
		 "DMARC and TLS reports that were filed, instead of cases"),
	CLI_TEXT("limit", &opt.limit, "at most so many (100)", "N"),
	{ 0 }
};

static const GOptionEntry top_options[] = {
	CLI_TEXT("since", &opt.since, "with a report since (2026-11-01)",
		 "DATE"),
	CLI_TEXT("type", &opt.type, "of one type, or one side of its \"/\"",
		 "TYPE"),
	CLI_TEXT("customer", &opt.customer, "with this suspect", "CUSTOMER"),
	CLI_FLAG("open", &opt.open, "neither resolved nor closed"),
	CLI_TEXT("limit", &opt.limit, "at most so many (100)", "N"),
	{ 0 }
};

static const GOptionEntry show_options[] = {
	CLI_TEXT("evidence", &opt.evidence,
		 "the original bytes of report N to standard output", "N"),
	CLI_TEXT("limit", &opt.limit, "list so many reports (100)", "N"),
	{ 0 }
};

/* --- filters ---------------------------------------------------------------- */

/* Midnight local time of "2026-11-01". */
static bool parse_date(const char *text, gint64 *ret_ms, GError **error)
{
	int year, month, day, used = 0;
	g_autoptr(GDateTime) when = NULL;

	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3
	    && text[used] == '\0')
		when = g_date_time_new_local(year, month, day, 0, 0, 0);
	if (when == NULL)
		return cli_usage(error, "\"%s\" is no date like 2026-11-01",
				 text);
	*ret_ms = g_date_time_to_unix(when) * CLOCK_SECOND;
	return true;
}

/* Types and sources as cases have them; freed by the caller. */
struct words {
	char *type;
	char *source;
};

static void words_clear(struct words *words)
{
	g_free(words->type);
	g_free(words->source);
}

static void read_words(struct words *words)
{
	if (opt.type != NULL) {
		words->type = g_ascii_strdown(opt.type, -1);
		g_strdelimit(words->type, "-", '_');
	}
	if (opt.source != NULL)
		words->source = abuse_dup_host(opt.source);
	if (opt.source != NULL && words->source == NULL)
		words->source = g_strdup(opt.source);
}

static bool find_customer(struct store *store, struct abuse_filter *filter,
			  GError **error)
{
	AUTO(customer) customer = customer_find(store, opt.customer, error);

	if (customer == NULL)
		return false;
	filter->customer_id = customer->id;
	return true;
}

static bool make_filter(struct store *store, const struct words *words,
			struct abuse_filter *filter, GError **error)
{
	filter->type = words->type;
	filter->source = words->source;
	filter->open = opt.open;
	return cli_check_limit(opt.limit, &filter->limit, error)
	       && (opt.since == NULL
		   || parse_date(opt.since, &filter->since, error))
	       && (opt.customer == NULL || find_customer(store, filter, error));
}

/* --- what rows share ---------------------------------------------------------- */

static char **dup_names(const GPtrArray *suspects)
{
	char **names = g_new0(char *, suspects->len + 1);

	for (guint i = 0; i < suspects->len; i++) {
		const struct abuse_suspect *one = suspects->pdata[i];

		names[i] = g_strdup(one->customer);
	}
	return names;
}

/* The members that the reporter did not state, by name. */
static char **dup_derived(guint32 derived)
{
	static const struct {
		guint32 bit;
		const char *name;
	} rows[] = {
		{ MAIL_ABUSE_DERIVED_TYPE, "type" },
		{ MAIL_ABUSE_DERIVED_SOURCE, "source_ip" },
		{ MAIL_ABUSE_DERIVED_DOMAIN, "domain" },
		{ MAIL_ABUSE_DERIVED_TIME, "time" },
		{ MAIL_ABUSE_DERIVED_REPORTER, "reporter" },
		{ MAIL_ABUSE_DERIVED_PERIOD, "period" },
	};
	char **names = g_new0(char *, G_N_ELEMENTS(rows) + 1);

	for (size_t i = 0, n = 0; i < G_N_ELEMENTS(rows); i++) {
		if ((derived & rows[i].bit) != 0)
			names[n++] = g_strdup(rows[i].name);
	}
	return names;
}

/* Where a table has a value that is derived, it says so with a "~". */
static char *dup_marked(const char *value, guint32 derived, guint32 bit)
{
	return g_strconcat(value, (derived & bit) != 0 && value[0] != '\0'
					  ? "~" : "", NULL);
}

/* --- list ------------------------------------------------------------------- */

static void case_members(struct output *out, const struct abuse_case *one)
{
	output_json_id(out, "id", one->id);
	output_text(out, "ticket", one->ref);
	output_text(out, "source", one->source);
	output_json_text(out, "source_kind",
			 abuse_source_kind_name(one->source_kind));
	output_text(out, "type", one->type);
	output_number(out, "reports", one->reports);
	output_number(out, "reporters", one->reporters);
	output_time(out, "first", one->first);
	output_time(out, "last", one->last);
	output_text(out, "status", ticket_status_name(one->status));
}

static bool show_case_row(struct cli *cli, struct store *store,
			  const struct abuse_case *one, GError **error)
{
	g_autoptr(GPtrArray) suspects
		= abuse_suspect_list(store, one->ticket_id, error);
	g_auto(GStrv) names = NULL;

	if (suspects == NULL)
		return false;
	names = dup_names(suspects);
	output_begin(cli->out, "abuse_case");
	case_members(cli->out, one);
	output_list(cli->out, "customers", names);
	output_end(cli->out);
	return true;
}

static bool list_cases(struct cli *cli, struct store *store,
		       const struct abuse_filter *filter, GError **error)
{
	g_autoptr(GPtrArray) cases = abuse_case_list(store, filter, error);

	for (guint i = 0; cases != NULL && i < cases->len; i++) {
		if (!show_case_row(cli, store, cases->pdata[i], error))
			return false;
	}
	return cases != NULL && cases->len > 0;
}

static void show_file(struct cli *cli, const struct mail_report *report)
{
	struct output *out = cli->out;
	g_auto(GStrv) derived = dup_derived(report->derived);

	output_begin(out, "mail_report");
	output_id(out, "id", report->id);
	output_text(out, "kind", report->kind);
	output_text(out, "reporter", report->reporter);
	output_json_text(out, "address", report->address);
	output_text(out, "domain", report->domain);
	output_time(out, "begin", report->period_begin);
	output_time(out, "end", report->period_end);
	output_number(out, "total", report->total);
	output_number(out, "failed", report->failed);
	output_json_text(out, "source_ip", report->source_ip);
	output_json_text(out, "report_id", report->report_id);
	output_json_text(out, "subject", report->subject);
	output_json_text(out, "message_id", report->message_id);
	output_json_text(out, "auth", report->auth);
	output_list_json(out, "derived", derived);
	output_time(out, "created", report->created);
	output_end(out);
}

/* --type is the kind, --source the domain. */
static bool list_files(struct cli *cli, struct store *store,
		       const struct abuse_filter *filter, GError **error)
{
	g_autoptr(GPtrArray) files
		= mail_report_list(store, filter->since, filter->type,
				   filter->source, filter->limit, error);

	if (opt.customer != NULL || opt.open)
		return cli_usage(error, "--customer and --open are for cases, "
					"not for --reports");
	for (guint i = 0; files != NULL && i < files->len; i++)
		show_file(cli, files->pdata[i]);
	return files != NULL && files->len > 0;
}

static bool run_list(struct cli *cli, char **arguments, GError **error)
{
	struct abuse_filter filter = { 0 };
	struct store *store = cli_store(cli, error);
	struct words words = { 0 };
	bool ok;

	(void)arguments;
	if (store == NULL)
		return false;
	read_words(&words);
	ok = make_filter(store, &words, &filter, error)
	     && (opt.reports ? list_files : list_cases)(cli, store, &filter,
							error);
	words_clear(&words);
	return ok;
}

/* --- top -------------------------------------------------------------------- */

static bool show_source(struct cli *cli, struct store *store,
			const struct abuse_source *source, GError **error)
{
	g_autoptr(GPtrArray) suspects
		= abuse_suspect_of_source(store, source->source, error);
	g_auto(GStrv) names = NULL;

	if (suspects == NULL)
		return false;
	names = dup_names(suspects);
	output_begin(cli->out, "abuse_source");
	output_text(cli->out, "source", source->source);
	output_json_text(cli->out, "source_kind",
			 abuse_source_kind_name(source->source_kind));
	output_number(cli->out, "reports", source->reports);
	output_number(cli->out, "cases", source->cases);
	output_time(cli->out, "first", source->first);
	output_time(cli->out, "last", source->last);
	output_list(cli->out, "customers", names);
	output_end(cli->out);
	return true;
}

static bool run_top(struct cli *cli, char **arguments, GError **error)
{
	struct abuse_filter filter = { 0 };
	struct store *store = cli_store(cli, error);
	g_autoptr(GPtrArray) sources = NULL;
	struct words words = { 0 };

	(void)arguments;
	if (store == NULL)
		return false;
	read_words(&words);
	if (make_filter(store, &words, &filter, error))
		sources = abuse_source_list(store, &filter, error);
	words_clear(&words);
	for (guint i = 0; sources != NULL && i < sources->len; i++) {
		if (!show_source(cli, store, sources->pdata[i], error))
			return false;
	}
	return sources != NULL && sources->len > 0;
}

/* --- show ------------------------------------------------------------------- */

/* A ticket's case, if any, and its suspects. */
struct abuse_head {
	struct abuse_case *about; /* NULL: no case */
	GPtrArray *suspects;
	GPtrArray *reporters; /* NULL: no case */
};

void abuse_head_free(struct abuse_head *head)
{
	if (head == NULL)
		return;
	abuse_case_free(head->about);
	g_clear_pointer(&head->suspects, g_ptr_array_unref);
	g_clear_pointer(&head->reporters, g_ptr_array_unref);
	g_free(head);
}

struct abuse_head *abuse_head_read(struct store *store, gint64 ticket_id,
				   GError **error)
{
	AUTO(abuse_head) head = g_new0(struct abuse_head, 1);
	GError *local = NULL;

	head->about = abuse_case_of_ticket(store, ticket_id, &local);
	if (head->about == NULL
	    && !g_error_matches(local, PORTARIA_ERROR,
				PORTARIA_ERROR_NOT_FOUND)) {
		g_propagate_error(error, local);
		return NULL;
	}
	g_clear_error(&local);
	head->suspects = abuse_suspect_list(store, ticket_id, error);
	if (head->suspects == NULL)
		return NULL;
	if (head->about != NULL) {
		head->reporters = abuse_reporter_list(store, head->about->id,
						      TOP_REPORTERS, error);
		if (head->reporters == NULL)
			return NULL;
	}
	return g_steal_pointer(&head);
}

static void reporters_json(struct output *out, const GPtrArray *reporters)
{
	output_array_begin(out, "top_reporters");
	for (guint i = 0; i < reporters->len; i++) {
		const struct abuse_reporter *reporter = reporters->pdata[i];

		output_object_begin(out);
		output_json_text(out, "reporter", reporter->reporter);
		output_json_number(out, "reports", reporter->reports);
		output_json_time(out, "first", reporter->first);
		output_json_time(out, "last", reporter->last);
		output_object_end(out);
	}
	output_array_end(out);
}

static void suspects_json(struct output *out, const GPtrArray *suspects)
{
	output_array_begin(out, "suspects");
	for (guint i = 0; i < suspects->len; i++) {
		const struct abuse_suspect *suspect = suspects->pdata[i];

		output_object_begin(out);
		output_json_id(out, "customer_id", suspect->customer_id);
		output_json_text(out, "customer", suspect->customer);
		output_json_text(out, "customer_code", suspect->code);
		output_json_text(out, "service", suspect->service);
		output_json_text(out, "matched", suspect->matched);
		output_json_flag(out, "derived", suspect->derived);
		output_object_end(out);
	}
	output_array_end(out);
}

void abuse_head_json(struct output *out, const struct abuse_head *head)
{
	const struct abuse_case *one = head->about;

	suspects_json(out, head->suspects);
	if (one == NULL)
		return;
	output_member_begin(out, "abuse");
	output_json_id(out, "id", one->id);
	output_json_text(out, "source", one->source);
	output_json_text(out, "type", one->type);
	output_json_number(out, "reports", one->reports);
	output_json_number(out, "reporters", one->reporters);
	output_json_time(out, "first", one->first);
	output_json_time(out, "last", one->last);
	reporters_json(out, head->reporters);
	output_object_end(out);
}

static void case_text(struct output *out, const struct abuse_head *head)
{
	const struct abuse_case *one = head->about;
	g_autofree char *first = clock_dup_local(one->first);
	g_autofree char *last = clock_dup_local(one->last);

	output_say(out,
		   "abuse: %s, %s: %" G_GINT64_FORMAT
		   " reports by %" G_GINT64_FORMAT " reporters, %s to %s",
		   one->source, one->type, one->reports, one->reporters, first,
		   last);
	for (guint i = 0; i < head->reporters->len; i++) {
		const struct abuse_reporter *reporter
			= head->reporters->pdata[i];

		output_say(out, "reporter: %s (%" G_GINT64_FORMAT ")",
			   reporter->reporter, reporter->reports);
	}
}

void abuse_head_text(struct output *out, const struct abuse_head *head)
{
	if (head->about != NULL)
		case_text(out, head);
	for (guint i = 0; i < head->suspects->len; i++) {
		const struct abuse_suspect *one = head->suspects->pdata[i];

		output_say(out, "suspect: %s %s, %s, by %s%s (takes no part)",
			   one->customer, one->code, one->service, one->matched,
			   one->derived ? "~" : "");
	}
}

static bool show_head(struct cli *cli, struct store *store,
		      const struct abuse_case *one, GError **error)
{
	AUTO(abuse_head) head = abuse_head_read(store, one->ticket_id, error);

	if (head == NULL)
		return false;
	if (!output_is_json(cli->out)) {
		abuse_head_text(cli->out, head);
		return true;
	}
	output_begin(cli->out, "abuse_case");
	case_members(cli->out, one);
	if (head->reporters != NULL)
		reporters_json(cli->out, head->reporters);
	suspects_json(cli->out, head->suspects);
	output_end(cli->out);
	return true;
}

/* "192.0.2.1:443~" */
static char *dup_source(const struct abuse_report *report)
{
	g_autofree char *port
		= report->source_port != 0 && report->source_ip[0] != '\0'
			  ? g_strdup_printf(" port %" G_GINT64_FORMAT,
					    report->source_port)
			  : g_strdup("");
	g_autofree char *ip = dup_marked(report->source_ip, report->derived,
					 MAIL_ABUSE_DERIVED_SOURCE);

	return g_strconcat(ip, port, NULL);
}

static void report_json(struct cli *cli, const struct abuse_report *report)
{
	struct output *out = cli->out;
	g_auto(GStrv) derived = dup_derived(report->derived);
	g_auto(GStrv) urls = g_strsplit(report->urls, "\n", -1);

	output_begin(out, "abuse_report");
	output_number(out, "number", report->number);
	output_json_text(out, "reporter", report->reporter);
	output_json_text(out, "address", report->address);
	output_json_text(out, "format", report->format);
	output_json_text(out, "type", report->type);
	output_json_text(out, "source_ip", report->source_ip);
	output_json_number(out, "source_port", report->source_port);
	output_json_text(out, "domain", report->domain);
	output_list_json(out, "urls", urls);
	output_json_time(out, "time", report->time);
	output_list_json(out, "derived", derived);
	output_json_text(out, "report_id", report->report_id);
	output_json_text(out, "message_id", report->message_id);
	output_json_text(out, "subject", report->subject);
	output_json_text(out, "auth", report->auth);
	output_json_text(out, "client_ip", report->client_ip);
	output_json_text(out, "queue_id", report->queue_id);
	output_json_time(out, "created", report->created);
	output_end(out);
}

static void report_row(struct cli *cli, const struct abuse_report *report)
{
	struct output *out = cli->out;
	g_autofree char *source = dup_source(report);
	g_autofree char *domain = dup_marked(report->domain, report->derived,
					     MAIL_ABUSE_DERIVED_DOMAIN);
	g_autofree char *when = report->time != 0
					? clock_dup_local(report->time)
					: g_strdup("");
	g_autofree char *marked = dup_marked(when, report->derived,
					     MAIL_ABUSE_DERIVED_TIME);
	g_autofree char *type = dup_marked(report->type, report->derived,
					   MAIL_ABUSE_DERIVED_TYPE);

	output_begin(out, "abuse_report");
	output_number(out, "number", report->number);
	output_time(out, "created", report->created);
	output_text(out, "reporter", report->reporter);
	output_text(out, "type", type);
	output_text(out, "source", source);
	output_text(out, "domain", domain);
	output_text(out, "time", marked);
	output_text(out, "report_id", report->report_id);
	output_end(out);
}

static bool show_reports(struct cli *cli, struct store *store,
			 const struct abuse_case *one, unsigned limit,
			 GError **error)
{
	g_autoptr(GPtrArray) reports
		= abuse_report_list(store, one->id, 0, limit, error);

	for (guint i = 0; reports != NULL && i < reports->len; i++)
		(output_is_json(cli->out) ? report_json : report_row)(
			cli, reports->pdata[i]);
	if (reports != NULL && one->reports > (gint64)reports->len)
		output_say(cli->out,
			   "\nthe first %u of %" G_GINT64_FORMAT
			   " reports; --limit shows more",
			   reports->len, one->reports);
	return reports != NULL;
}

static bool write_blob(struct store *store, const char *sha256, GError **error)
{
	g_autoptr(GBytes) raw = blob_get(store, sha256, error);

	return raw != NULL && cli_write_bytes(raw, error);
}

static bool show_case(struct cli *cli, struct store *store,
		      const struct abuse_case *one, GError **error)
{
	unsigned limit = 0;
	gint64 number;

	if (opt.evidence == NULL)
		return cli_check_limit(opt.limit, &limit, error)
		       && show_head(cli, store, one, error)
		       && show_reports(cli, store, one, limit, error);
	if (!cli_parse_id(opt.evidence, &number, error))
		return false;
	AUTO(abuse_report)
	report = abuse_report_get(store, one->id, number, error);
	return report != NULL && write_blob(store, report->raw, error);
}

/* A filed report is its only evidence. */
static bool show_filed(struct cli *cli, struct store *store, gint64 id,
		       GError **error)
{
	AUTO(mail_report) report = mail_report_get(store, id, error);

	if (report == NULL)
		return false;
	if (opt.evidence != NULL)
		return write_blob(store, report->raw, error);
	show_file(cli, report);
	return true;
}

/* A ref, or the id of a case or of a filed report. */
static bool run_show(struct cli *cli, char **arguments, GError **error)
{
	struct store *store = cli_store(cli, error);
	gint64 id = 0;

	if (store == NULL)
		return false;
	if (cli_parse_id(arguments[0], &id, NULL)) {
		AUTO(abuse_case) one = abuse_case_get(store, id, NULL);

		return one != NULL ? show_case(cli, store, one, error)
				   : show_filed(cli, store, id, error);
	}
	AUTO(ticket) ticket = ticket_find(cli, store, arguments[0], error);
	if (ticket == NULL)
		return false;
	AUTO(abuse_case) one = abuse_case_of_ticket(store, ticket->id, error);
	return one != NULL && show_case(cli, store, one, error);
}

static const struct verb verbs[] = {
	{ "list", "", "cases, the last reported first", list_options, 0, 0,
	  run_list },
	{ "show", "CASE|REF", "one case: fields, suspects, evidence",
	  show_options, 1, 1, run_show },
	{ "top", "", "sources with most reports, and whose they are",
	  top_options, 0, 0, run_top },
	{ 0 }
};

const struct noun noun_abuse = { "abuse", "abuse reports (denúncias)", verbs };
