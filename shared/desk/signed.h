/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/signed.h - Message-IDs and addresses that only we can make
 *
 *   Message-ID  <VIA-7K3Q9MX.<message>.<outbox>.<mac>@host>
 *   reply       suporte+VIA7K3Q9MX.<mac>@desk.example
 *   bounce      suporte+b.<outbox>.<mac>@desk.example     (envelope sender)
 *   confirm     suporte+c.<held>.<mac>@desk.example
 *   grade       suporte+4.<survey>.<mac>@desk.example     (0 to 5)
 *
 * Ids are 63-bit numbers in base 32; macs are 10 bytes of HMAC-SHA-256,
 * lower case: MTAs may fold the case of a local part, so nothing depends on
 * it. A local part never passes 64 octets (RFC 5321 4.5.3.1.1).
 */
#ifndef PORTARIA_DESK_SIGNED_H
#define PORTARIA_DESK_SIGNED_H

#include "desk/desk.h"

/* Owned by the caller. ref "" for mail about a held message ("HELD"). */
char *signed_message_id(const struct desk *desk, const char *ref,
			gint64 message_id, gint64 outbox_id);
/* How the Message-IDs of mail about a held message begin: "<HELD.<held>.". */
char *signed_held_prefix(gint64 held_id);
char *signed_reply_address(const struct desk *desk, const char *department,
			   const char *ref);
char *signed_bounce_address(const struct desk *desk, const char *department,
			    gint64 outbox_id);
char *signed_confirm_address(const struct desk *desk, const char *department,
			     gint64 held_id);
/* grade: 1 to GRADE_MAX; 0 for a reply that names one in its text. Another
 * grade needs another mac. */
#define GRADE_MAX 5
char *signed_grade_address(const struct desk *desk, const char *department,
			   gint64 survey_id, unsigned grade);
/* `department` above is the address the department sends from. If its local
 * part is longer than SIGNED_LOCAL_MAX there is no room for a token and the
 * address comes back as it is: replies then thread by Message-ID only. Who
 * lets people set a department's address checks signed_address_fits(). */
#define SIGNED_LOCAL_MAX 31
bool signed_address_fits(const char *department);

enum signed_kind {
	SIGNED_NONE, /* not ours, or the mac does not fit */
	SIGNED_MESSAGE_ID,
	SIGNED_REPLY,
	SIGNED_BOUNCE,
	SIGNED_CONFIRM,
	SIGNED_GRADE,
};

struct signed_ref {
	enum signed_kind kind;
	char *ref;        /* canonical ticket ref, "" if about none */
	gint64 message_id;
	gint64 outbox_id;
	gint64 held_id;
	gint64 survey_id;
	unsigned grade;
};
void signed_ref_clear(struct signed_ref *ref);

/* Reads "<...>" or a recipient key; true unless SIGNED_NONE. *ret_ref is set
 * in any case. NULL and any bytes are fine. A mac says that we gave the token
 * out, not that its bearer may use it: ask participant_is(). */
bool signed_parse_message_id(const struct desk *desk, const char *message_id,
			     struct signed_ref *ret_ref);
bool signed_parse_address(const struct desk *desk, const char *recipient,
			  struct signed_ref *ret_ref);

#endif
