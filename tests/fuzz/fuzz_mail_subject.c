/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fuzz_mail_subject.c - tokens and prefixes of subjects
 *
 * The input is the raw value of a Subject: field and, as it stands, a text.
 * Beside the sanitizers: a token found is canonical and is found again in
 * "[token]"; a bare subject holds no token and is bare already; what says
 * forward is an answer.
 */
#include <stdlib.h>
#include <string.h>

#include "base/ids.h"
#include "mail/subject.h"

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check_ref(const char *subject)
{
	g_autofree char *ref = subject_dup_ref("VIA", subject);

	if (ref == NULL)
		return;
	g_autofree char *again = ref_parse("VIA", ref, strlen(ref));
	g_autofree char *compact = ref_dup_compact(ref);
	g_autofree char *short_again =
		ref_parse("VIA", compact, strlen(compact));
	g_autofree char *framed = g_strdup_printf("RES: [%s] x", ref);
	g_autofree char *found = subject_dup_ref("VIA", framed);

	must(strlen(ref) == 4 + REF_DIGITS && g_str_has_prefix(ref, "VIA-"));
	must(g_strcmp0(again, ref) == 0);
	must(g_strcmp0(short_again, ref) == 0);
	must(g_strcmp0(found, ref) == 0);
}

/* Every token that is listed is one, in the order they stand. */
static void check_list(const char *subject)
{
	g_autofree char *first = subject_dup_ref("VIA", subject);
	g_auto(GStrv) refs = subject_dup_refs("VIA", subject, 3);

	must(g_strv_length(refs) <= 3);
	must(g_strcmp0(first, refs[0]) == 0);
	for (char **ref = refs; *ref != NULL; ref++) {
		g_autofree char *again = ref_parse("VIA", *ref, strlen(*ref));

		must(g_strcmp0(again, *ref) == 0);
	}
}

static void check_bare(const char *subject)
{
	g_autofree char *bare = subject_dup_bare("VIA", subject);
	g_autofree char *again = subject_dup_bare("VIA", bare);

	must(strlen(bare) <= strlen(subject));
	must(strlen(again) <= strlen(bare));
	must(!subject_is_forward(subject) || subject_is_answer(subject));
}

static void check(const char *subject)
{
	check_ref(subject);
	check_list(subject);
	check_bare(subject);
}

int LLVMFuzzerTestOneInput(const guint8 *data, size_t size)
{
	g_autofree char *text =
		g_strndup(size > 0 ? (const char *)data : "", size);
	g_autofree char *decoded = subject_decode((const char *)data, size);

	check(text);
	must(g_utf8_validate(decoded, -1, NULL));
	check(decoded);
	return 0;
}
