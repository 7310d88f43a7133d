/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/mail.h - a message, parsed once into a plain struct
 *
 * Everything the desk wants to know of a message, decoded to valid UTF-8 and
 * bounded. Made by mail_parse() in the confined child and carried out of it
 * as one GVariant, so the struct holds no pointer into GMime.
 */
#ifndef PORTARIA_MAIL_MAIL_H
#define PORTARIA_MAIL_MAIL_H

#include "base/cleanup.h"
#include "base/limits.h"
#include "mail/address.h"

#include <stdbool.h>

/* RFC 3834, 3464, 5965 and the lists of practice. */
enum mail_kind {
	MAIL_KIND_HUMAN,
	MAIL_KIND_AUTO_REPLY,   /* some program answered or notified */
	MAIL_KIND_VACATION,     /* out of office */
	MAIL_KIND_BOUNCE,       /* delivery status notification */
	MAIL_KIND_ABUSE_REPORT, /* ARF, X-ARF, DMARC, TLS */
	MAIL_KIND_LIST,         /* came through a mailing list */
	MAIL_KIND__COUNT
};

enum mail_priority {
	MAIL_PRIORITY_NONE,
	MAIL_PRIORITY_LOW,
	MAIL_PRIORITY_MEDIUM,
	MAIL_PRIORITY_HIGH,
	MAIL_PRIORITY__COUNT
};

/* Things noticed on the way; a bit mask, stored with the message. */
enum mail_warning {
	MAIL_WARN_CHARSET = 1 << 0,    /* declared charset was wrong */
	MAIL_WARN_STRUCTURE = 1 << 1,  /* broken MIME, repaired */
	MAIL_WARN_TRUNCATED = 1 << 2,  /* text cut at limits.text_bytes */
	MAIL_WARN_TNEF_KEPT = 1 << 3,  /* winmail.dat could not be opened */
	MAIL_WARN_DUPLICATE = 1 << 4,  /* a header that must be single is not */
	MAIL_WARN_ENCRYPTED = 1 << 5,  /* S/MIME or PGP, kept closed */
	MAIL_WARN_SIGNED = 1 << 6,     /* S/MIME or PGP, not verified */
};

/* A part that is not the body. */
struct mail_part {
	char *filename;     /* safe and unique within the message */
	char *content_type; /* "image/png", as declared, lower case */
	char *detected_type; /* by content; "" unless it differs */
	char *content_id;   /* without <>, "" if none */
	bool is_inline;     /* referred to by the HTML, or disposition */
	GBytes *data;       /* decoded */
};

/* One failed or delayed recipient of a DSN (RFC 3464). */
struct mail_bounce_recipient {
	char *address;    /* key form; "" if unreadable */
	char *action;     /* failed, delayed, delivered, relayed, expanded */
	char *status;     /* "5.1.1" */
	char *diagnostic; /* what the other side said, one line */
};

struct mail_bounce {
	GPtrArray *recipients;   /* struct mail_bounce_recipient */
	char *original_id;       /* Message-ID of the returned mail, "" */
	char *original_envelope; /* Original-Envelope-Id, "" */
};

/* What kind of thing a machine reports; a number in the GVariant. */
enum mail_abuse_class {
	MAIL_ABUSE_INCIDENT, /* somebody did something: ARF, XARF */
	MAIL_ABUSE_FAILURE,  /* one message failed to prove itself: RFC 6591 */
	MAIL_ABUSE_DMARC,    /* a period's counts: RFC 7489 7.2, RFC 9990 */
	MAIL_ABUSE_TLS,      /* the same of TLS: RFC 8460 */
	MAIL_ABUSE_CLASS__COUNT
};

/* Members that the reporter did not state and that were concluded from the
 * rest of the message; a bit mask. */
enum mail_abuse_derived {
	MAIL_ABUSE_DERIVED_TYPE = 1 << 0,
	MAIL_ABUSE_DERIVED_SOURCE = 1 << 1,
	MAIL_ABUSE_DERIVED_DOMAIN = 1 << 2,
	MAIL_ABUSE_DERIVED_TIME = 1 << 3,
	MAIL_ABUSE_DERIVED_REPORTER = 1 << 4,
	MAIL_ABUSE_DERIVED_PERIOD = 1 << 5,
	MAIL_ABUSE_DERIVED__ALL = (1 << 6) - 1,
};

#define MAIL_ABUSE_URLS_MAX 20

/* RFC 5965, X-ARF, reports of counts; texts "" and numbers 0 if absent. */
struct mail_abuse {
	enum mail_abuse_class class;
	char *feedback_type;   /* "abuse", "connection/login_attack" */
	char *source_ip;
	guint32 source_port;   /* as the reporter gave it, 0 unknown */
	char *reported_domain; /* host name in lower case where it is one */
	char **urls;           /* reported; at most MAIL_ABUSE_URLS_MAX */
	char *reporter;        /* address, domain or organisation */
	char *arrival_date;    /* as written */
	gint64 time;           /* the same, UTC ms; 0 if unreadable */
	char *format;          /* "arf", "xarf", "dmarc", "tls" */
	char *report_id;       /* the reporter's own */
	guint32 derived;       /* enum mail_abuse_derived */
	/* Of DMARC and TLS reports: */
	gint64 begin;          /* period, UTC ms */
	gint64 end;
	gint64 total;          /* messages or sessions counted */
	gint64 failed;         /* of them, those that failed */
};

/* The first event of a calendar file (RFC 5545), one line each, "" if
 * absent. */
struct mail_event {
	char *method;    /* "request", "cancel", "reply", lower case */
	char *summary;
	char *start;     /* "2026-11-22 16:30", or the day alone, then " UTC"
			    or the name of the zone in parentheses */
	char *end;
	char *organizer; /* name and address */
	char *location;
};

/* What the first lines or headers ask for; members "" if absent. */
struct mail_fields {
	enum mail_priority priority;
	char *service;
	char *invalid; /* a field line that was not understood, kept in text */
};

struct mail {
	char *message_id;  /* with <>, "" if none */
	char **in_reply_to; /* Message-IDs with <> */
	char **references;  /* oldest first */
	GPtrArray *from;    /* struct mailbox, lenient reading, for display */
	GPtrArray *to;      /* struct mailbox */
	GPtrArray *cc;      /* struct mailbox */
	GPtrArray *reply_to;
	gint64 date;        /* UTC ms, 0 if unreadable */
	char *subject;      /* decoded, unfolded */
	char *text;         /* full text, UTF-8, \n */
	char *text_trimmed; /* see mail/trim.h, trim_reply(); == text if nothing
			       would be left */
	char *html;         /* the HTML part as sent, UTF-8; "" if none */
	GPtrArray *parts;   /* struct mail_part */
	GPtrArray *events;  /* struct mail_event */
	enum mail_kind kind;
	bool is_forward;    /* ENC:, FW: or a forwarding program */
	struct mail_fields fields;
	struct mail_bounce *bounce; /* NULL unless MAIL_KIND_BOUNCE */
	struct mail_abuse *abuse;   /* NULL unless MAIL_KIND_ABUSE_REPORT */
	guint32 warnings;           /* enum mail_warning */
};

void mail_free(struct mail *mail);
DEFINE_AUTO(mail)
void mail_part_free(struct mail_part *part);

/* The struct as a GVariant (floating) and back. mail_from_variant trusts
 * nothing: a child that was taken over can lie, not crash its parent.
 * Attachment bytes of the result are copies or views kept alive by it. */
GVariant *mail_to_variant(const struct mail *mail);
struct mail *mail_from_variant(GVariant *variant, GError **error) NODISCARD;
#define MAIL_VARIANT_TYPE "(a{sv})"

const char *mail_kind_name(enum mail_kind kind); /* "auto_reply" */
bool mail_kind_parse(const char *name, enum mail_kind *ret_kind);
bool mail_kind_is_automatic(enum mail_kind kind); /* no ack, no status */

#endif
