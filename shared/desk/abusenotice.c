/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abusenotice.c - what staff are told of an abuse case
 */
#include "desk/abusenotice.h"

#include "base/clock.h"
#include "desk/letter.h"
#include "store/staff.h"

#include <string.h>

enum word { WORD_SOURCE, WORD_COUNT, WORD_SUSPECT, WORD_NOBODY, WORD__COUNT };

/* Each with what it takes in, in this order. */
static const struct {
	const char *language;
	const char *words[WORD__COUNT];
} languages[] = {
	{ "pt_BR",
	  { "origem denunciada: %s (%s)",
	    "denúncias: %s, de %s denunciantes, desde %s",
	    "cliente suspeito, que não participa deste chamado: %s",
	    "nenhum cliente tem este endereço ou domínio" } },
	{ "en",
	  { "reported source: %s (%s)",
	    "reports: %s, by %s reporters, since %s",
	    "suspected customer, who takes no part in this ticket: %s",
	    "no customer has this address or domain" } },
	{ "es",
	  { "origen denunciado: %s (%s)",
	    "denuncias: %s, de %s denunciantes, desde %s",
	    "cliente sospechoso, que no participa en este ticket: %s",
	    "ningún cliente tiene esta dirección o dominio" } },
};

static const char *const *words_of(const char *const *order)
{
	for (; *order != NULL; order++)
		for (size_t i = 0; i < G_N_ELEMENTS(languages); i++)
			if (strcmp(languages[i].language, *order) == 0)
				return languages[i].words;
	return languages[0].words;
}

/* The word with its "%s" filled in, one after the other. */
static void append_words(GString *text, const char *word,
                         const char *const *values)
{
	const char *gap;

	if (text->len > 0)
		g_string_append(text, "; ");
	while ((gap = strstr(word, "%s")) != NULL && *values != NULL) {
		g_string_append_len(text, word, gap - word);
		g_string_append(text, *values++);
		word = gap + 2;
	}
	g_string_append(text, word);
}

/* "Padaria do Zé (C-12), VPS, 203.0.113.0/28; ..." */
static char *dup_suspects(const GPtrArray *suspects)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < suspects->len; i++) {
		const struct abuse_suspect *one = suspects->pdata[i];

		g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
		                       one->customer);
		if (one->code[0] != '\0')
			g_string_append_printf(text, " (%s)", one->code);
		g_string_append_printf(text, " [%s: %s]", one->service,
		                       one->matched);
	}
	return g_string_free(text, FALSE);
}

static char *dup_detail(const struct abuse_case *about,
                        const GPtrArray *suspects, const char *const *words)
{
	GString *text = g_string_new(NULL);
	g_autofree char *reports =
		g_strdup_printf("%" G_GINT64_FORMAT, about->reports);
	g_autofree char *reporters =
		g_strdup_printf("%" G_GINT64_FORMAT, about->reporters);
	g_autofree char *since = clock_dup_local(about->first);
	g_autofree char *who = dup_suspects(suspects);

	append_words(text, words[WORD_SOURCE],
	             (const char *const[]){ about->source, about->type, NULL });
	append_words(text, words[WORD_COUNT],
	             (const char *const[]){ reports, reporters, since, NULL });
	append_words(text,
	             words[suspects->len > 0 ? WORD_SUSPECT : WORD_NOBODY],
	             (const char *const[]){ who, NULL });
	return g_string_free(text, FALSE);
}

static bool post_one(const struct desk *desk, struct store *store,
                     const struct abuse_notice *notice,
                     const struct staff *staff, const GPtrArray *suspects,
                     GError **error)
{
	const char *const order[] = { staff->language,
		                      notice->department->language,
		                      desk_get_config(desk)->server.language,
		                      NULL };
	g_autofree char *detail =
		dup_detail(notice->about, suspects, words_of(order));
	const struct letter letter = {
		.kind = notice->is_new ? "notice_new" : "notice_abuse",
		.template_name = notice->is_new ? NULL : "notice_reply",
		.address = staff->address,
		.name = staff->name,
		.language = staff->language,
		.department = notice->department,
		.ticket = notice->ticket,
		.message = notice->message,
		.parts = notice->parts,
		.automatic = COMPOSE_GENERATED,
		.detail = detail,
	};

	return letter_post(desk, store, &letter, error);
}

bool abuse_notice_post(const struct desk *desk, struct store *store,
                       const struct abuse_notice *notice, GError **error)
{
	g_autoptr(GPtrArray) staff =
		staff_of_department(store, notice->department->id, error);
	g_autoptr(GPtrArray) suspects =
		staff != NULL
			? abuse_suspect_list(store, notice->ticket->id, error)
			: NULL;

	if (suspects == NULL)
		return false;
	for (guint i = 0; i < staff->len; i++)
		if (!post_one(desk, store, notice, staff->pdata[i], suspects,
		              error))
			return false;
	return true;
}

char *abuse_notice_dup_event(const struct abuse_case *about)
{
	return g_strdup_printf(
		"%" G_GINT64_FORMAT " reports by %" G_GINT64_FORMAT
		" reporters about %s (%s)",
		about->reports, about->reporters, about->source, about->type);
}
