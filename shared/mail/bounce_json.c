/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * bounce_json.c - delivery notifications as JSON
 *
 * Amazon SES sends what came of a message to a topic, and the topic mails it
 * with its JSON as the text. Mail systems on the way fold the long line
 * anywhere, so the document is not parsed: the strings behind known names
 * are picked out, which needs no recursion either.
 */
#include "mail/bounce_parts.h"

#include <string.h>

/* Behind "name" and its colon, within [at, end), or NULL. */
static const char *find_value(const char *at, const char *end, const char *name)
{
	g_autofree char *quoted = g_strdup_printf("\"%s\"", name);
	const char *found = g_strstr_len(at, end - at, quoted);

	if (found == NULL)
		return NULL;
	found += strlen(quoted);
	found += strspn(found, " \t\n");
	if (*found != ':')
		return NULL;
	found += 1 + strspn(found + 1, " \t\n");
	return found < end ? found : NULL;
}

/* The string behind the name, without escapes; "" if absent. Owned. */
static char *dup_string(const char *at, const char *end, const char *name)
{
	const char *value = find_value(at, end, name);
	GString *text = g_string_new(NULL);

	if (value != NULL && *value == '"')
		for (const char *p = value + 1; p < end && *p != '"'; p++) {
			if (*p == '\\' && p + 1 < end)
				p++;
			g_string_append_c(text, *p);
		}
	return g_string_free(text, FALSE);
}

/* One object of bouncedRecipients. */
static void read_recipient(struct mail *mail, const char *at, const char *end,
                           bool is_transient, guint64 max)
{
	g_autofree char *text = dup_string(at, end, "emailAddress");
	g_autofree char *address = bounce_dup_address(text);
	g_autofree char *status = dup_string(at, end, "status");
	g_autofree char *diagnostic = dup_string(at, end, "diagnosticCode");
	g_autofree char *code = bounce_find_status(status, "245");

	if (address == NULL)
		return;
	if (code[0] == '\0') {
		g_free(code);
		code = bounce_guess_status(diagnostic, is_transient);
	}
	bounce_add(mail->bounce, max, address,
	           code[0] == '2' ? "delivered" : "failed", code, diagnostic);
}

static void read_bounced(struct mail *mail, const char *at, const char *end,
                         guint64 max)
{
	const char *list = find_value(at, end, "bouncedRecipients");
	const char *stop = list != NULL ? strchr(list, ']') : NULL;
	g_autofree char *type = dup_string(at, end, "bounceType");
	bool is_transient = strcmp(type, "Transient") == 0;

	while (stop != NULL && (list = strchr(list, '{')) != NULL &&
	       list < stop) {
		const char *next = strchr(list, '}');

		if (next == NULL)
			return;
		read_recipient(mail, list, next, is_transient, max);
		list = next;
	}
}

/* "recipients":["a@b"],"smtpResponse":"250 ..." */
static void read_delivered(struct mail *mail, const char *at, const char *end,
                           guint64 max)
{
	const char *delivery = find_value(at, end, "delivery");
	const char *list = delivery != NULL
	                           ? find_value(delivery, end, "recipients")
	                           : NULL;
	g_autofree char *response =
		delivery != NULL ? dup_string(delivery, end, "smtpResponse")
				 : NULL;

	if (list == NULL || *list != '[')
		return;
	g_autofree char *items = g_strndup(list + 1, strcspn(list + 1, "]"));
	g_auto(GStrv) addresses = g_strsplit(items, ",", (int)max + 1);

	for (char **item = addresses; *item != NULL; item++) {
		g_strdelimit(*item, "\" \t\n", ' ');
		g_autofree char *address =
			bounce_dup_address(g_strstrip(*item));

		if (address != NULL)
			bounce_add(mail->bounce, max, address, "delivered",
			           "2.0.0", response);
	}
}

bool bounce_read_json(struct mail *mail, guint64 max)
{
	const char *text = mail->text;
	const char *end = text + strlen(text);

	if (*text != '{')
		return false;
	g_autofree char *notification =
		dup_string(text, end, "notificationType");
	g_autofree char *event = dup_string(text, end, "eventType");
	const char *type = notification[0] != '\0' ? notification : event;

	if (strcmp(type, "Bounce") == 0)
		read_bounced(mail, text, end, max);
	else if (strcmp(type, "Delivery") == 0)
		read_delivered(mail, text, end, max);
	return mail->bounce->recipients->len > 0;
}
