/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * signed.c - Message-IDs and addresses that only we can make
 *
 * What is signed is the canonical form of ref and numbers, not the text that
 * came back: case may be folded and an O typed for a 0 on the way. The domain
 * and the department are not signed, because both may be renamed or rewritten
 * by an MTA; a mac says "we gave this out", never "this person may".
 */
#include "desk/signed.h"

#include <string.h>

#include "base/ids.h"
#include "mail/address.h"

#define MAC_BYTES    10
#define NUMBER_BYTES 8
#define LOCAL_MAX    64  /* RFC 5321 4.5.3.1.1 */
#define ID_MAX       998 /* RFC 5322 2.1.1: a longer one is no line */
#define HELD_REF     "HELD"
#define ID_FIELDS    4

/* --- numbers --- */

static char *number_dup(gint64 number)
{
	guint64 order = GUINT64_TO_BE((guint64)number);
	guint8 bytes[NUMBER_BYTES];

	memcpy(bytes, &order, sizeof(bytes));
	return base32_encode(bytes, sizeof(bytes));
}

static bool number_read(const char *text, gint64 *ret_number)
{
	g_autoptr(GBytes) bytes = base32_decode(text, strlen(text));
	guint64 order;

	if (bytes == NULL || g_bytes_get_size(bytes) != NUMBER_BYTES)
		return false;
	memcpy(&order, g_bytes_get_data(bytes, NULL), sizeof(order));
	order = GUINT64_FROM_BE(order);
	if (order > G_MAXINT64)
		return false;
	*ret_number = (gint64)order;
	return true;
}

static char *sign(const struct desk *desk, enum token_purpose purpose,
                  const char *const *parts)
{
	return token_sign(desk_get_keys(desk), NULL, purpose, MAC_BYTES, parts);
}

static bool verify(const struct desk *desk, enum token_purpose purpose,
                   const char *const *parts, const char *mac)
{
	return token_verify(desk_get_keys(desk), NULL, purpose, MAC_BYTES,
	                    parts, mac);
}

/* --- making --- */

char *signed_message_id(const struct desk *desk, const char *ref,
                        gint64 message_id, gint64 outbox_id)
{
	const char *subject = ref[0] != '\0' ? ref : HELD_REF;
	g_autofree char *message = number_dup(message_id);
	g_autofree char *outbox = number_dup(outbox_id);
	g_autofree char *mac =
		sign(desk, TOKEN_MESSAGE_ID,
	             (const char *const[]){ subject, message, outbox, NULL });

	return g_strdup_printf("<%s.%s.%s.%s@%s>", subject, message, outbox,
	                       mac, desk_get_config(desk)->server.hostname);
}

char *signed_held_prefix(gint64 held_id)
{
	g_autofree char *number = number_dup(held_id);

	return g_strdup_printf("<%s.%s.", HELD_REF, number);
}

/* "suporte@desk.example" with an extension; the plain address if the local
 * part would be too long or needs quotes. */
static char *extend(const char *department, const char *extension)
{
	const char *at = strrchr(department, '@');

	if (at == NULL || department[0] == '"' ||
	    (size_t)(at - department) + 1 + strlen(extension) > LOCAL_MAX)
		return g_strdup(department);
	return g_strdup_printf("%.*s+%s%s", (int)(at - department), department,
	                       extension, at);
}

bool signed_address_fits(const char *department)
{
	const char *at = strrchr(department, '@');

	return at != NULL && at > department && department[0] != '"' &&
	       memchr(department, '+', (size_t)(at - department)) == NULL &&
	       (size_t)(at - department) <= SIGNED_LOCAL_MAX;
}

char *signed_reply_address(const struct desk *desk, const char *department,
                           const char *ref)
{
	g_autofree char *mac =
		sign(desk, TOKEN_REPLY, (const char *const[]){ ref, NULL });
	g_autofree char *compact = ref_dup_compact(ref);
	g_autofree char *lower = g_ascii_strdown(compact, -1);
	g_autofree char *extension = g_strdup_printf("%s.%s", lower, mac);

	return extend(department, extension);
}

static char *numbered_address(const struct desk *desk, const char *department,
                              enum token_purpose purpose, char letter,
                              gint64 id)
{
	g_autofree char *number = number_dup(id);
	g_autofree char *mac =
		sign(desk, purpose, (const char *const[]){ number, NULL });
	g_autofree char *extension =
		g_strdup_printf("%c.%s.%s", letter, number, mac);

	return extend(department, extension);
}

char *signed_bounce_address(const struct desk *desk, const char *department,
                            gint64 outbox_id)
{
	return numbered_address(desk, department, TOKEN_BOUNCE, 'b', outbox_id);
}

char *signed_confirm_address(const struct desk *desk, const char *department,
                             gint64 held_id)
{
	return numbered_address(desk, department, TOKEN_CONFIRM, 'c', held_id);
}

/* Of the numbers of a survey and of the grade. */
static char *sign_grade(const struct desk *desk, const char *number,
                        const char *grade)
{
	return sign(desk, TOKEN_GRADE,
	            (const char *const[]){ number, grade, NULL });
}

char *signed_grade_address(const struct desk *desk, const char *department,
                           gint64 survey_id, unsigned grade)
{
	g_autofree char *number = number_dup(survey_id);
	g_autofree char *digit = g_strdup_printf("%u", grade);
	g_autofree char *mac = sign_grade(desk, number, digit);
	g_autofree char *extension =
		g_strdup_printf("%s.%s.%s", digit, number, mac);

	g_return_val_if_fail(grade <= GRADE_MAX, NULL);
	return extend(department, extension);
}

/* --- reading --- */

void signed_ref_clear(struct signed_ref *ref)
{
	g_free(ref->ref);
	*ref = (struct signed_ref){ 0 };
}

static char *parse_ref(const struct desk *desk, const char *text)
{
	return ref_parse(desk_get_config(desk)->server.ref_prefix, text,
	                 strlen(text));
}

/* The dotted left side of an id: ref, message, outbox, mac. */
static bool read_id_fields(const struct desk *desk, char *const *fields,
                           struct signed_ref *ref)
{
	g_autofree char *message = NULL;
	g_autofree char *outbox = NULL;
	const char *subject;

	if (g_ascii_strcasecmp(fields[0], HELD_REF) == 0)
		ref->ref = g_strdup("");
	else
		ref->ref = parse_ref(desk, fields[0]);
	if (ref->ref == NULL || !number_read(fields[1], &ref->message_id) ||
	    !number_read(fields[2], &ref->outbox_id))
		return false;
	subject = ref->ref[0] != '\0' ? ref->ref : HELD_REF;
	message = number_dup(ref->message_id);
	outbox = number_dup(ref->outbox_id);
	return verify(desk, TOKEN_MESSAGE_ID,
	              (const char *const[]){ subject, message, outbox, NULL },
	              fields[3]);
}

bool signed_parse_message_id(const struct desk *desk, const char *message_id,
                             struct signed_ref *ret_ref)
{
	struct signed_ref ref = { 0 };
	size_t len = message_id != NULL ? strlen(message_id) : 0;
	const char *at = len > 0 ? strchr(message_id, '@') : NULL;
	g_autofree char *left = NULL;
	g_auto(GStrv) fields = NULL;

	*ret_ref = ref;
	if (at == NULL || len > ID_MAX || message_id[0] != '<' ||
	    message_id[len - 1] != '>')
		return false;
	left = g_strndup(message_id + 1, (size_t)(at - message_id) - 1);
	fields = g_strsplit(left, ".", ID_FIELDS + 1);
	if (g_strv_length(fields) != ID_FIELDS)
		return false;
	if (!read_id_fields(desk, fields, &ref)) {
		signed_ref_clear(&ref);
		return false;
	}
	ref.kind = SIGNED_MESSAGE_ID;
	*ret_ref = ref;
	return true;
}

/* "VIA7K3Q9MX.<mac>" */
static bool read_reply(const struct desk *desk, char *const *fields,
                       struct signed_ref *ref)
{
	ref->kind = SIGNED_REPLY;
	ref->ref = parse_ref(desk, fields[0]);
	return ref->ref != NULL &&
	       verify(desk, TOKEN_REPLY,
	              (const char *const[]){ ref->ref, NULL }, fields[1]);
}

/* "b.<outbox>.<mac>", "c.<held>.<mac>" */
static bool read_numbered(const struct desk *desk, char *const *fields,
                          struct signed_ref *ref)
{
	bool bounce = g_ascii_strcasecmp(fields[0], "b") == 0;
	g_autofree char *number = NULL;
	gint64 id;

	if (!bounce && g_ascii_strcasecmp(fields[0], "c") != 0)
		return false;
	if (!number_read(fields[1], &id))
		return false;
	ref->kind = bounce ? SIGNED_BOUNCE : SIGNED_CONFIRM;
	ref->ref = g_strdup("");
	*(bounce ? &ref->outbox_id : &ref->held_id) = id;
	number = number_dup(id);
	return verify(desk, bounce ? TOKEN_BOUNCE : TOKEN_CONFIRM,
	              (const char *const[]){ number, NULL }, fields[2]);
}

/* "4.<survey>.<mac>" */
static bool read_grade(const struct desk *desk, char *const *fields,
                       struct signed_ref *ref)
{
	const char *digit = fields[0];
	g_autofree char *number = NULL;
	gint64 id;

	if (digit[0] < '0' || digit[0] > '0' + GRADE_MAX || digit[1] != '\0' ||
	    !number_read(fields[1], &id))
		return false;
	ref->kind = SIGNED_GRADE;
	ref->ref = g_strdup("");
	ref->survey_id = id;
	ref->grade = (unsigned)(digit[0] - '0');
	number = number_dup(id);
	return verify(desk, TOKEN_GRADE,
	              (const char *const[]){ number, digit, NULL }, fields[2]);
}

static bool read_extension(const struct desk *desk, const char *extension,
                           struct signed_ref *ref)
{
	g_auto(GStrv) fields = g_strsplit(extension, ".", 4);

	switch (g_strv_length(fields)) {
	case 2:
		return read_reply(desk, fields, ref);
	case 3:
		return g_ascii_isdigit(fields[0][0])
		               ? read_grade(desk, fields, ref)
		               : read_numbered(desk, fields, ref);
	default:
		return false;
	}
}

bool signed_parse_address(const struct desk *desk, const char *recipient,
                          struct signed_ref *ret_ref)
{
	struct signed_ref ref = { 0 };
	g_autofree char *base = NULL;
	g_autofree char *extension = NULL;

	*ret_ref = ref;
	if (recipient == NULL)
		return false;
	address_split_extension(recipient, &base, &extension);
	if (extension == NULL)
		return false;
	if (!read_extension(desk, extension, &ref)) {
		signed_ref_clear(&ref);
		return false;
	}
	*ret_ref = ref;
	return true;
}
