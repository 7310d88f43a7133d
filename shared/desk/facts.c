/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * facts.c - what staff want to know before they answer
 */
#include "desk/facts.h"

#include "desk/labels.h"
#include "desk/lookup.h"
#include "store/customer.h"

#include <string.h>

enum fact {
	FACT_CUSTOMER,
	FACT_PROOF,
	FACT_PREVIOUS,
	FACT_NOT_REGISTERED,
	FACT_MORE,
	FACT__COUNT
};

/* clang-format off */
static const struct {
	const char *language;
	const char *words[FACT__COUNT];
} languages[] = {
	{ "pt_BR", { "Cliente:", "Autenticação:", "Anteriores:",
		     "não cadastrado", "e outros" } },
	{ "en", { "Customer:", "Authentication:", "Previous:",
		  "not registered", "and more" } },
	{ "es", { "Cliente:", "Autenticación:", "Anteriores:",
		  "no registrado", "y otros" } },
};
/* clang-format on */

static const char *word(enum fact fact, const char *language)
{
	for (size_t i = 1; i < G_N_ELEMENTS(languages); i++) {
		if (g_strcmp0(languages[i].language, language) == 0)
			return languages[i].words[fact];
	}
	return languages[0].words[fact];
}

static void add(GString *out, enum fact fact, const char *language,
		const char *value)
{
	if (value[0] != '\0')
		g_string_append_printf(out, "%s  %s %s",
				       out->len > 0 ? "\n" : "",
				       word(fact, language), value);
}

static bool add_customer(struct store *store, const struct ticket *ticket,
			 const char *language, GString *out, GError **error)
{
	GError *local = NULL;
	g_autofree char *text = NULL;
	AUTO(customer) customer = NULL;

	if (ticket->customer_id != 0) {
		customer = customer_get(store, ticket->customer_id, &local);
		if (customer == NULL && !lookup_is_absent(local, error))
			return false;
	}
	if (customer == NULL)
		text = g_strdup(word(FACT_NOT_REGISTERED, language));
	else if (customer->code[0] == '\0')
		text = g_strdup(customer->name);
	else
		text = g_strdup_printf("%s (%s)", customer->name,
				       customer->code);
	add(out, FACT_CUSTOMER, language, text);
	return true;
}

/* "VIA-7K3Q9MX (Fechado), ..." of the same customer. */
static bool add_previous(struct store *store, const struct ticket *ticket,
			 const char *language, GString *out, GError **error)
{
	const struct ticket_filter filter = {
		.status = -1,
		.priority = -1,
		.customer_id = ticket->customer_id,
		.include_closed = true,
		.limit = FACTS_PREVIOUS_MAX + 2, /* this one, and "more" */
	};
	g_autoptr(GPtrArray) all = NULL;
	GString *text = NULL;
	unsigned count = 0;

	if (ticket->customer_id == 0)
		return true;
	all = ticket_list(store, &filter, error);
	if (all == NULL)
		return false;
	text = g_string_new(NULL);
	for (guint i = 0; i < all->len; i++) {
		const struct ticket *one = all->pdata[i];

		if (one->id == ticket->id || one->merged_into != 0)
			continue;
		if (++count <= FACTS_PREVIOUS_MAX)
			g_string_append_printf(
				text, "%s%s (%s)", count > 1 ? ", " : "",
				one->ref, label_status(one->status, language));
	}
	if (count > FACTS_PREVIOUS_MAX)
		g_string_append_printf(text, " %s",
				       word(FACT_MORE, language));
	add(out, FACT_PREVIOUS, language, text->str);
	g_string_free(text, true);
	return true;
}

char *facts_dup(struct store *store, const struct ticket *ticket,
		const struct message *message, const char *language,
		GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (!add_customer(store, ticket, language, out, error))
		return NULL;
	if (message != NULL)
		add(out, FACT_PROOF, language, message->auth);
	if (!add_previous(store, ticket, language, out, error))
		return NULL;
	return g_string_free(g_steal_pointer(&out), false);
}
