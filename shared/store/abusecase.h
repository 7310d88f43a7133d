/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * store/abusecase.h - abuse cases, their evidence, and whom they are about
 *
 * A case is a ticket and counts; each report is a row of evidence under it
 * with its original bytes. Counts are kept with every report, so nothing here
 * grows slower with the number of reports.
 */
#ifndef PORTARIA_STORE_ABUSECASE_H
#define PORTARIA_STORE_ABUSECASE_H

#include "store/ticket.h"

enum abuse_source_kind {
	ABUSE_SOURCE_IP,
	ABUSE_SOURCE_DOMAIN,
	ABUSE_SOURCE_REPORTER, /* neither is known: one case a reporter */
	ABUSE_SOURCE_KIND__COUNT
};
const char *abuse_source_kind_name(enum abuse_source_kind kind);

struct abuse_case {
	gint64 id;
	gint64 ticket_id;
	char *ref;                 /* of the ticket; filled by reads */
	enum ticket_status status; /* the same */
	gint64 department_id;
	char *source;
	enum abuse_source_kind source_kind;
	char *type;
	gint64 reports;
	gint64 reporters;
	gint64 first;
	gint64 last;
};
struct abuse_case *abuse_case_new(void);
void abuse_case_free(struct abuse_case *one);
DEFINE_AUTO(abuse_case)

struct abuse_report {
	gint64 case_id;
	gint64 number; /* 1 is the first of its case */
	char *raw;     /* blob */
	char *reporter;
	char *address;
	char *format;
	char *type;
	char *source_ip;
	gint64 source_port;
	char *domain;
	char *urls; /* one a line */
	gint64 time;
	guint32 derived; /* enum mail_abuse_derived */
	char *report_id;
	char *message_id;
	char *subject;
	char *auth;
	char *client_ip;
	char *queue_id;
	gint64 created;
};
struct abuse_report *abuse_report_new(void);
void abuse_report_free(struct abuse_report *report);
DEFINE_AUTO(abuse_report)

struct abuse_reporter {
	char *reporter;
	gint64 reports;
	gint64 first;
	gint64 last;
};
void abuse_reporter_free(struct abuse_reporter *reporter);

/* A customer whom a ticket may be about; he takes no part in it. */
struct abuse_suspect {
	gint64 customer_id;
	char *customer; /* name, filled by reads and matches */
	char *code;     /* the same */
	char *matched;  /* "203.0.113.0/28", "loja.example" */
	char *service;  /* label */
	bool derived;   /* the report did not state what matched */
};
void abuse_suspect_free(struct abuse_suspect *suspect);

/* What cases say of one source together. */
struct abuse_source {
	char *source;
	enum abuse_source_kind source_kind;
	gint64 reports;
	gint64 cases;
	gint64 first;
	gint64 last;
};
void abuse_source_free(struct abuse_source *source);

/* The newest case of this source and type in the department that had a report
 * at or after `since`; NOT_FOUND if there is none. */
struct abuse_case *abuse_case_find(struct store *store,
                                   const struct abuse_case *key, gint64 since,
                                   GError **error) NODISCARD;
/* The case of a ticket, the newest if there are several; NOT_FOUND. */
struct abuse_case *abuse_case_of_ticket(struct store *store, gint64 ticket_id,
                                        GError **error) NODISCARD;
struct abuse_case *abuse_case_get(struct store *store, gint64 id,
                                  GError **error) NODISCARD;
/* Sets id. A new case has no reports. */
bool abuse_case_insert(struct store *store, struct abuse_case *one,
                       GError **error) NODISCARD;
/* Adds a report to a case: its number, and the counts of the case as they are
 * then. Sets created, unless it is set. */
bool abuse_case_add(struct store *store, struct abuse_case *one,
                    struct abuse_report *report, GError **error) NODISCARD;

struct abuse_filter {     /* 0, NULL: any */
	gint64 since;     /* had a report at or after */
	const char *type; /* whole, or one side of its "/" */
	const char *source;
	gint64 customer_id; /* suspect */
	bool open;          /* neither resolved nor closed */
	unsigned limit;     /* 0 = 100 */
};
/* Newest report first. */
GPtrArray *abuse_case_list(struct store *store,
                           const struct abuse_filter *filter,
                           GError **error) NODISCARD;
/* Most reports first. */
GPtrArray *abuse_source_list(struct store *store,
                             const struct abuse_filter *filter,
                             GError **error) NODISCARD;
/* Oldest first, from number `from` on. */
GPtrArray *abuse_report_list(struct store *store, gint64 case_id, gint64 from,
                             unsigned limit, GError **error) NODISCARD;
struct abuse_report *abuse_report_get(struct store *store, gint64 case_id,
                                      gint64 number, GError **error) NODISCARD;
/* Most reports first. */
GPtrArray *abuse_reporter_list(struct store *store, gint64 case_id,
                               unsigned limit, GError **error) NODISCARD;

/* Suspects. Adding one twice is no error. */
bool abuse_suspect_add(struct store *store, gint64 ticket_id,
                       const struct abuse_suspect *suspect,
                       GError **error) NODISCARD;
GPtrArray *abuse_suspect_list(struct store *store, gint64 ticket_id,
                              GError **error) NODISCARD;
/* Of all cases about a source, each customer once. */
GPtrArray *abuse_suspect_of_source(struct store *store, const char *source,
                                   GError **error) NODISCARD;
/*
 * Active services of active customers that an address lies in, or whose domain
 * a host name is or lies below; those of the closest range or domain only.
 * Text that is neither matches nothing.
 */
GPtrArray *abuse_match_ip(struct store *store, const char *ip,
                          GError **error) NODISCARD;
GPtrArray *abuse_match_domain(struct store *store, const char *domain,
                              GError **error) NODISCARD;

#endif
