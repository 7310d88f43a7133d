/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * labels.c - the words of DESIGN section 4, in the reader's language
 */
#include "desk/labels.h"

#include "base/clock.h"

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

/* As each language writes days; months of dates in English have names, since
 * 03/04 is another day to half of its readers. */
static char *dup_day(GDateTime *time, enum language language)
{
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr",
					      "May", "Jun", "Jul", "Aug",
					      "Sep", "Oct", "Nov", "Dec" };
	int day = g_date_time_get_day_of_month(time);
	int month = g_date_time_get_month(time);
	int year = g_date_time_get_year(time);

	if (language == LANGUAGE_EN)
		return g_strdup_printf("%d %s %04d", day, months[month - 1],
				       year);
	return g_strdup_printf("%02d/%02d/%04d", day, month, year);
}

char *label_dup_time(gint64 ms, const char *language, GTimeZone *zone)
{
	g_autoptr(GTimeZone) local = NULL;
	g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc(
		ms / CLOCK_SECOND);
	g_autoptr(GDateTime) time = NULL;
	g_autofree char *day = NULL;

	if (utc == NULL) /* past the year 9999 */
		return g_strdup("");
	if (zone == NULL)
		zone = local = g_time_zone_new_local();
	time = g_date_time_to_timezone(utc, zone);
	if (time == NULL)
		return g_strdup("");
	day = dup_day(time, find_language(language));
	return g_strdup_printf("%s %02d:%02d", day,
			       g_date_time_get_hour(time),
			       g_date_time_get_minute(time));
}
