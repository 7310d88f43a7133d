/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_mail_kinds.c - what kind of mail it is, and what a bounce says
 *
 * Beside the sanitizers: a kind is one of ours; a bounce names at most as
 * many recipients as the limit, each once, with a status of RFC 3463 and an
 * action of RFC 3464 that go together, in valid UTF-8; and a mail that is none
 * is left as it was.
 */
#include "fuzz_parts.h"

#include "mail/automatic.h"
#include "mail/bounce.h"

#define RECIPIENTS_MAX 5

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void check_status(const char *status)
{
	must(strchr("245", status[0]) != NULL && status[1] == '.');
	must(g_ascii_isdigit(status[2]) && status[3] == '.');
	must(strspn(status + 4, "0123456789") == strlen(status + 4));
	must(strlen(status) >= 5 && strlen(status) <= 7);
}

static void check_action(const char *action)
{
	static const char *const actions[] = { "failed",    "delayed",
		                               "delivered", "relayed",
		                               "expanded",  NULL };

	must(g_strv_contains(actions, action));
}

static void check_recipient(const struct mail_bounce *bounce, guint index)
{
	const struct mail_bounce_recipient *one =
		g_ptr_array_index(bounce->recipients, index);

	must_be_text(one->address);
	must_be_text(one->diagnostic);
	must(strchr(one->diagnostic, '\n') == NULL);
	check_status(one->status);
	check_action(one->action);
	if (one->address[0] != '\0') {
		g_autofree char *key = address_dup_key(one->address);

		must(g_strcmp0(key, one->address) == 0);
	}
	for (guint i = 0; i < index; i++) {
		const struct mail_bounce_recipient *other =
			g_ptr_array_index(bounce->recipients, i);

		must(strcmp(other->address, one->address) != 0);
	}
}

static void check_bounce(const struct mail_bounce *bounce)
{
	must(bounce->recipients->len <= RECIPIENTS_MAX);
	for (guint i = 0; i < bounce->recipients->len; i++)
		check_recipient(bounce, i);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
	static const struct fuzz_type types[] = {
		{ "message/delivery-status", "status.txt" },
		{ "message/rfc822", "a.eml" },
		{ "text/rfc822-headers", "a.txt" },
		{ "text/plain", "b.txt" },
		{ "message/global-delivery-status", "status.txt" },
	};
	const char *text = size > 0 ? (const char *)data : "";
	AUTO(mail)
	mail = fuzz_mail(types, G_N_ELEMENTS(types), text, size);
	g_autofree char *before = g_strdup(mail->text);
	struct limits limits;

	limits_init(&limits);
	limits.recipients = RECIPIENTS_MAX;
	mail->kind = automatic_kind(text, size);
	must(mail->kind < MAIL_KIND__COUNT);
	(void)automatic_is_absence(mail);
	if (bounce_read(mail, text, size, &limits)) {
		mail_fill(mail);
		check_bounce(mail->bounce);
	} else {
		must(mail->bounce == NULL);
	}
	must(strcmp(mail->text, before) == 0);
	return 0;
}
