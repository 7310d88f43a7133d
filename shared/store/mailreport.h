/* SPDX-License-Identifier: GPL-2.0-or-later */
/* store/mailreport.h - DMARC and TLS reports, filed without a ticket */
#ifndef PORTARIA_STORE_MAILREPORT_H
#define PORTARIA_STORE_MAILREPORT_H

#include "store/store.h"

struct mail_report {
	gint64 id;
	gint64 department_id;
	char *kind; /* dmarc, tls, failure */
	char *reporter;
	char *address;
	char *domain;
	gint64 period_begin; /* UTC ms */
	gint64 period_end;
	gint64 total;
	gint64 failed;
	char *source_ip; /* of a failure report */
	char *report_id;
	guint32 derived; /* enum mail_abuse_derived */
	char *raw;       /* blob */
	char *message_id;
	char *subject;
	char *auth;
	gint64 created;
};
/* Texts "". */
struct mail_report *mail_report_new(void);
void mail_report_free(struct mail_report *report);
DEFINE_AUTO(mail_report)

/* Sets id and created, unless they are set. */
bool mail_report_insert(struct store *store, struct mail_report *report,
                        GError **error) NODISCARD;
struct mail_report *mail_report_get(struct store *store, gint64 id,
                                    GError **error) NODISCARD;
/* Newest first; since 0, kind NULL, domain NULL: any. limit 0 is 100. */
GPtrArray *mail_report_list(struct store *store, gint64 since, const char *kind,
                            const char *domain, unsigned limit,
                            GError **error) NODISCARD;

#endif
