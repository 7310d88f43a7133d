/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ticketfields.c - "Prioridade:" and "Serviço:" of a mail, on a ticket
 */
#include "desk/ticketfields.h"

#include <string.h>

#include "desk/conversation.h"
#include "store/customer.h"

static const struct {
	bool asked;
	enum ticket_priority priority;
} priorities[] = {
	[MAIL_PRIORITY_NONE] = { false, TICKET_MEDIUM },
	[MAIL_PRIORITY_LOW] = { true, TICKET_LOW },
	[MAIL_PRIORITY_MEDIUM] = { true, TICKET_MEDIUM },
	[MAIL_PRIORITY_HIGH] = { true, TICKET_HIGH },
};
G_STATIC_ASSERT(G_N_ELEMENTS(priorities) == MAIL_PRIORITY__COUNT);

static bool is_same_text(const char *a, const char *b)
{
	g_autofree char *first = g_utf8_casefold(a, -1);
	g_autofree char *second = g_utf8_casefold(b, -1);

	return strcmp(first, second) == 0;
}

/* The stored form of a domain as people write it ("Ação.com.br"), NULL if it
 * is none. */
static char *dup_domain_key(const char *text)
{
	g_autofree char *address = g_strconcat("x@", text, NULL);
	g_autofree char *key = address_dup_key(address);
	const char *at = key != NULL ? strrchr(key, '@') : NULL;

	return at != NULL ? g_strdup(at + 1) : NULL;
}

static bool service_fits(const struct service *service, const char *wanted,
                         const char *domain)
{
	if (!service->active)
		return false;
	if (service->domain[0] != '\0' && domain != NULL &&
	    strcmp(service->domain, domain) == 0)
		return true;
	return service->label[0] != '\0' &&
	       is_same_text(service->label, wanted);
}

/* *ret_id: 0 if the customer has no such service. */
static bool find_service(struct store *store, gint64 customer_id,
                         const char *wanted, gint64 *ret_id, GError **error)
{
	g_autoptr(GPtrArray) services = NULL;
	g_autofree char *domain = dup_domain_key(wanted);

	*ret_id = 0;
	if (customer_id == 0)
		return true;
	services = service_list(store, customer_id, error);
	if (services == NULL)
		return false;
	for (guint i = 0; *ret_id == 0 && i < services->len; i++) {
		const struct service *service = services->pdata[i];

		if (service_fits(service, wanted, domain))
			*ret_id = service->id;
	}
	return true;
}

static void remark(struct ticketfields *fields, enum phrase phrase,
                   const char *value)
{
	fields->remarks[fields->n_remarks++] =
		(struct notify_remark){ phrase, value };
}

bool ticketfields_read(struct store *store, const struct mail *mail,
                       gint64 customer_id, struct ticketfields *ret_fields,
                       GError **error)
{
	const struct mail_fields *asked = &mail->fields;
	struct ticketfields fields = {
		.has_priority = priorities[asked->priority].asked,
		.priority = priorities[asked->priority].priority,
	};

	if (asked->service[0] != '\0') {
		if (!find_service(store, customer_id, asked->service,
		                  &fields.service_id, error))
			return false;
		fields.has_service = fields.service_id != 0;
		if (!fields.has_service)
			remark(&fields, PHRASE_SERVICE_UNKNOWN, asked->service);
	}
	if (asked->invalid[0] != '\0')
		remark(&fields, PHRASE_FIELD_INVALID, asked->invalid);
	*ret_fields = fields;
	return true;
}

void ticketfields_set(const struct ticketfields *fields, struct ticket *ticket)
{
	if (fields->has_priority)
		ticket->priority = fields->priority;
	if (fields->has_service)
		ticket->service_id = fields->service_id;
}

static bool change_priority(struct store *store,
                            const struct ticketfields *fields,
                            struct ticket *ticket, const char *by,
                            GError **error)
{
	g_autofree char *text = NULL;

	if (!fields->has_priority || fields->priority == ticket->priority)
		return true;
	text = g_strdup_printf("priority: %s -> %s (%s)",
	                       ticket_priority_name(ticket->priority),
	                       ticket_priority_name(fields->priority), by);
	ticket->priority = fields->priority;
	return conversation_event(store, ticket->id, text, error);
}

static bool change_service(struct store *store,
                           const struct ticketfields *fields,
                           struct ticket *ticket, const char *by,
                           GError **error)
{
	g_autofree char *text = NULL;
	AUTO(service) service = NULL;

	if (!fields->has_service || fields->service_id == ticket->service_id)
		return true;
	service = service_get(store, fields->service_id, error);
	if (service == NULL)
		return false;
	text = g_strdup_printf("service: %s (%s)",
	                       service->domain[0] != '\0' ? service->domain
	                                                  : service->label,
	                       by);
	ticket->service_id = fields->service_id;
	return conversation_event(store, ticket->id, text, error);
}

bool ticketfields_change(struct store *store, const struct ticketfields *fields,
                         struct ticket *ticket, const char *by, GError **error)
{
	return change_priority(store, fields, ticket, by, error) &&
	       change_service(store, fields, ticket, by, error);
}

bool ticketfields_record(struct store *store, const struct ticketfields *fields,
                         gint64 ticket_id, GError **error)
{
	for (size_t i = 0; i < fields->n_remarks; i++) {
		g_autofree char *text = NULL;

		if (fields->remarks[i].phrase != PHRASE_SERVICE_UNKNOWN)
			continue;
		text = g_strdup_printf("names a service that is not known: %s",
		                       fields->remarks[i].value);
		if (!conversation_event(store, ticket_id, text, error))
			return false;
	}
	return true;
}
