/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * labels.c - the words of DESIGN section 4, in the reader's language
 */
#include "desk/labels.h"

#include <string.h>

enum language { LANGUAGE_PT, LANGUAGE_EN, LANGUAGE_ES, LANGUAGE__COUNT };

static const char *const language_names[] = {
	[LANGUAGE_PT] = "pt_BR",
	[LANGUAGE_EN] = "en",
	[LANGUAGE_ES] = "es",
};
G_STATIC_ASSERT(G_N_ELEMENTS(language_names) == LANGUAGE__COUNT);

/* clang-format off */
static const char *const statuses[][LANGUAGE__COUNT] = {
	[TICKET_OPEN] = { "Aberto", "Open", "Abierto" },
	[TICKET_ANSWERED] = { "Respondido", "Answered", "Respondido" },
	[TICKET_CUSTOMER_REPLY] = { "Resposta do cliente", "Customer reply",
	                            "Respuesta del cliente" },
	[TICKET_IN_PROGRESS] = { "Em andamento", "In progress", "En curso" },
	[TICKET_ON_HOLD] = { "Em espera", "On hold", "En espera" },
	[TICKET_RESOLVED] = { "Resolvido", "Resolved", "Resuelto" },
	[TICKET_CLOSED] = { "Fechado", "Closed", "Cerrado" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(statuses) == TICKET_STATUS__COUNT);

static const char *const priorities[][LANGUAGE__COUNT] = {
	[TICKET_LOW] = { "Baixa", "Low", "Baja" },
	[TICKET_MEDIUM] = { "Média", "Medium", "Media" },
	[TICKET_HIGH] = { "Alta", "High", "Alta" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(priorities) == TICKET_PRIORITY__COUNT);

static const char *const none[LANGUAGE__COUNT] = { "nenhum", "none",
                                                   "ninguno" };
static const char *const unknown[LANGUAGE__COUNT] = { "desconhecido",
                                                      "unknown",
                                                      "desconocido" };
/* clang-format on */

static enum language find_language(const char *name)
{
	for (unsigned i = 0; name != NULL && i < LANGUAGE__COUNT; i++)
		if (strcmp(language_names[i], name) == 0)
			return (enum language)i;
	return LANGUAGE_PT;
}

const char *label_status(enum ticket_status status, const char *language)
{
	enum language at = find_language(language);

	if ((unsigned)status >= TICKET_STATUS__COUNT)
		return unknown[at];
	return statuses[status][at];
}

const char *label_priority(enum ticket_priority priority, const char *language)
{
	enum language at = find_language(language);

	if ((unsigned)priority >= TICKET_PRIORITY__COUNT)
		return unknown[at];
	return priorities[priority][at];
}

const char *label_none(const char *language)
{
	return none[find_language(language)];
}
