/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * import.c - customers from a CSV file
 *
 * Each row runs in a savepoint of its own: a row with a problem leaves
 * nothing behind. What is wrong with a row is a GError like any other until
 * is_row_problem() tells it from trouble of the store, which ends the import.
 * A row adds and changes, it never removes: contacts and services that the
 * file does not name stay.
 */
#include "desk/import.h"

#include <string.h>

#include "base/utf8.h"
#include "desk/import_csv.h"
#include "desk/lookup.h"
#include "mail/address.h"
#include "mail/charset.h"
#include "store/customer.h"

#define CODE_MAX     64
#define NAME_MAX     255
#define CONTACTS_MAX 100 /* in one row */
#define SHOWN_MAX    80  /* of a value quoted in a problem */
#define KIND_DEFAULT "other"

enum column {
	COLUMN_CODE,
	COLUMN_NAME,
	COLUMN_EMAIL,
	COLUMN_CONTACTS,
	COLUMN_SERVICE_KIND,
	COLUMN_SERVICE,
	COLUMN_DOMAIN,
	COLUMN_LANGUAGE,
	COLUMN__COUNT
};

struct word {
	const char *word;
	const char *meaning;
};

/* Headings as fold_word() leaves them: no accents, blanks, case. */
static const struct {
	const char *word;
	enum column column;
} headings[] = {
	{ "code", COLUMN_CODE },
	{ "codigo", COLUMN_CODE },
	{ "cod", COLUMN_CODE },
	{ "id", COLUMN_CODE },
	{ "clientid", COLUMN_CODE },
	{ "customerid", COLUMN_CODE },
	{ "codigodocliente", COLUMN_CODE },
	{ "codigodelcliente", COLUMN_CODE },
	{ "name", COLUMN_NAME },
	{ "nome", COLUMN_NAME },
	{ "nombre", COLUMN_NAME },
	{ "cliente", COLUMN_NAME },
	{ "customer", COLUMN_NAME },
	{ "razaosocial", COLUMN_NAME },
	{ "razonsocial", COLUMN_NAME },
	{ "email", COLUMN_EMAIL },
	{ "emailaddress", COLUMN_EMAIL },
	{ "owner", COLUMN_EMAIL },
	{ "titular", COLUMN_EMAIL },
	{ "correio", COLUMN_EMAIL },
	{ "correo", COLUMN_EMAIL },
	{ "correoelectronico", COLUMN_EMAIL },
	{ "correioeletronico", COLUMN_EMAIL },
	{ "contacts", COLUMN_CONTACTS },
	{ "contatos", COLUMN_CONTACTS },
	{ "contato", COLUMN_CONTACTS },
	{ "contactos", COLUMN_CONTACTS },
	{ "contacto", COLUMN_CONTACTS },
	{ "contatosadicionais", COLUMN_CONTACTS },
	{ "contactosadicionales", COLUMN_CONTACTS },
	{ "additionalcontacts", COLUMN_CONTACTS },
	{ "servicekind", COLUMN_SERVICE_KIND },
	{ "servicetype", COLUMN_SERVICE_KIND },
	{ "kind", COLUMN_SERVICE_KIND },
	{ "type", COLUMN_SERVICE_KIND },
	{ "tipo", COLUMN_SERVICE_KIND },
	{ "tipodeservico", COLUMN_SERVICE_KIND },
	{ "tipodeservicio", COLUMN_SERVICE_KIND },
	{ "tiposervico", COLUMN_SERVICE_KIND },
	{ "tiposervicio", COLUMN_SERVICE_KIND },
	{ "service", COLUMN_SERVICE },
	{ "servico", COLUMN_SERVICE },
	{ "servicio", COLUMN_SERVICE },
	{ "product", COLUMN_SERVICE },
	{ "produto", COLUMN_SERVICE },
	{ "producto", COLUMN_SERVICE },
	{ "plan", COLUMN_SERVICE },
	{ "plano", COLUMN_SERVICE },
	{ "domain", COLUMN_DOMAIN },
	{ "dominio", COLUMN_DOMAIN },
	{ "language", COLUMN_LANGUAGE },
	{ "idioma", COLUMN_LANGUAGE },
	{ "lingua", COLUMN_LANGUAGE },
	{ "lengua", COLUMN_LANGUAGE },
};

static const struct word language_words[] = {
	{ "ptbr", "pt_BR" },      { "pt", "pt_BR" },
	{ "portugues", "pt_BR" }, { "portuguese", "pt_BR" },
	{ "en", "en" },           { "ingles", "en" },
	{ "english", "en" },      { "es", "es" },
	{ "espanhol", "es" },     { "espanol", "es" },
	{ "spanish", "es" },
};

/* Kinds the program itself knows; others are kept as they are. */
static const struct word kind_words[] = {
	{ "hosting", "hosting" },     { "hospedagem", "hosting" },
	{ "alojamiento", "hosting" }, { "domain", "domain" },
	{ "dominio", "domain" },      { "server", "server" },
	{ "servidor", "server" },     { "email", "email" },
	{ "correo", "email" },
};

/* A row under way. */
struct row {
	struct store *store;
	unsigned line;
	char *values[COLUMN__COUNT]; /* trimmed, one line; "" if absent */
	bool created;
	bool changed;
};

/* --- words --- */

/* Letters and digits only, without accents, lower case. */
static char *fold_word(const char *text)
{
	g_autofree char *parts = g_utf8_normalize(text, -1, G_NORMALIZE_NFKD);
	GString *out = g_string_new(NULL);

	for (const char *p = parts; p != NULL && *p != '\0'; p = utf8_next(p)) {
		gunichar c = g_utf8_get_char(p);

		if (g_unichar_isalnum(c))
			g_string_append_unichar(out, g_unichar_tolower(c));
	}
	return g_string_free(out, FALSE);
}

/* NULL if it is none of them. */
static const char *find_word(const struct word *words, size_t n,
                             const char *text)
{
	g_autofree char *folded = fold_word(text);

	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i].word, folded) == 0)
			return words[i].meaning;
	return NULL;
}

static enum column find_column(const char *heading)
{
	g_autofree char *folded = fold_word(heading);

	for (size_t i = 0; i < G_N_ELEMENTS(headings); i++)
		if (strcmp(headings[i].word, folded) == 0)
			return headings[i].column;
	return COLUMN__COUNT;
}

/* Outer blanks off, inner blanks, line ends and controls as one blank. */
static char *dup_clean(const char *text)
{
	GString *out = g_string_new(NULL);
	bool blank = false;

	for (const char *p = text; *p != '\0'; p = utf8_next(p)) {
		gunichar c = g_utf8_get_char(p);

		if (g_unichar_isspace(c) || g_unichar_iscntrl(c)) {
			blank = out->len > 0;
			continue;
		}
		if (blank)
			g_string_append_c(out, ' ');
		blank = false;
		g_string_append_unichar(out, c);
	}
	return g_string_free(out, FALSE);
}

/* A value as it may stand in a problem: cut at SHOWN_MAX characters. */
static char *dup_shown(const char *value)
{
	g_autofree char *head = NULL;

	if (g_utf8_strlen(value, -1) <= SHOWN_MAX)
		return g_strdup(value);
	head = g_utf8_substring(value, 0, SHOWN_MAX);
	return g_strconcat(head, "...", NULL);
}

/* --- problems --- */

static void problem_free(void *data)
{
	struct import_problem *problem = data;

	g_free(problem->text);
	g_free(problem);
}

void import_report_clear(struct import_report *report)
{
	g_clear_pointer(&report->problems, g_ptr_array_unref);
	*report = (struct import_report){ 0 };
}

static void add_problem(struct import_report *report, unsigned line,
                        const char *text)
{
	struct import_problem *problem = g_new0(struct import_problem, 1);

	problem->line = line;
	problem->text = g_strdup(text);
	g_ptr_array_add(report->problems, problem);
}

/* "what: value"; always false, so that callers can return it. */
static bool refuse_value(GError **error, const char *what, const char *value)
{
	g_autofree char *shown = dup_shown(value);

	g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX, "%s: %s",
	            what, shown);
	return false;
}

static bool is_row_problem(const GError *error)
{
	return error->domain == PORTARIA_ERROR &&
	       (error->code == PORTARIA_ERROR_SYNTAX ||
	        error->code == PORTARIA_ERROR_LIMIT ||
	        error->code == PORTARIA_ERROR_CONFLICT ||
	        error->code == PORTARIA_ERROR_NOT_FOUND);
}

/* --- checks of one row --- */

static bool check_length(const struct row *row, enum column column, size_t max,
                         const char *what, GError **error)
{
	if (strlen(row->values[column]) <= max)
		return true;
	return refuse_value(error, what, row->values[column]);
}

static bool normalise_address(struct row *row, GError **error)
{
	char **value = &row->values[COLUMN_EMAIL];
	char *key;

	if (**value == '\0')
		return true;
	key = address_dup_key(*value);
	if (key == NULL)
		return refuse_value(error, "not an e-mail address", *value);
	g_free(*value);
	*value = key;
	return true;
}

static bool normalise_domain(struct row *row, GError **error)
{
	char **value = &row->values[COLUMN_DOMAIN];
	char *key;

	if (**value == '\0')
		return true;
	key = address_dup_domain(*value, strlen(*value));
	if (key == NULL)
		return refuse_value(error, "not a domain name", *value);
	g_free(*value);
	*value = key;
	return true;
}

static bool normalise_language(struct row *row, GError **error)
{
	char **value = &row->values[COLUMN_LANGUAGE];
	const char *language;

	if (**value == '\0')
		return true;
	language =
		find_word(language_words, G_N_ELEMENTS(language_words), *value);
	if (language == NULL)
		return refuse_value(error, "not a language (pt_BR, en, es)",
		                    *value);
	g_free(*value);
	*value = g_strdup(language);
	return true;
}

static void normalise_kind(struct row *row)
{
	char **value = &row->values[COLUMN_SERVICE_KIND];
	const char *known;
	char *kind;

	known = find_word(kind_words, G_N_ELEMENTS(kind_words), *value);
	if (known != NULL)
		kind = g_strdup(known);
	else if (**value != '\0')
		kind = g_utf8_strdown(*value, -1);
	else
		kind = g_strdup(KIND_DEFAULT);
	g_free(*value);
	*value = kind;
}

static bool normalise_row(struct row *row, GError **error)
{
	return check_length(row, COLUMN_CODE, CODE_MAX,
	                    "the code is longer than 64 bytes", error) &&
	       check_length(row, COLUMN_NAME, NAME_MAX,
	                    "the name is longer than 255 bytes", error) &&
	       check_length(row, COLUMN_SERVICE, NAME_MAX,
	                    "the service is longer than 255 bytes", error) &&
	       check_length(row, COLUMN_SERVICE_KIND, CODE_MAX,
	                    "the kind of service is longer than 64 bytes",
	                    error) &&
	       normalise_address(row, error) && normalise_domain(row, error) &&
	       normalise_language(row, error);
}

/* --- customer --- */

/* The customer that owns this address; NULL without error if none does. */
static struct customer *find_by_owner(struct row *row, GError **error)
{
	const char *address = row->values[COLUMN_EMAIL];
	GError *local = NULL;
	AUTO(contact) contact = contact_by_address(row->store, address, &local);

	if (contact == NULL) {
		lookup_is_absent(local, error);
		return NULL;
	}
	if (contact->role != CONTACT_OWNER) {
		refuse_value(error, "is an additional contact of a customer",
		             address);
		return NULL;
	}
	return customer_get(row->store, contact->customer_id, error);
}

/* NULL without error: a new one. */
static struct customer *find_customer(struct row *row, GError **error)
{
	const char *code = row->values[COLUMN_CODE];
	GError *local = NULL;
	struct customer *customer;

	if (code[0] == '\0' && row->values[COLUMN_EMAIL][0] == '\0') {
		g_set_error_literal(error, PORTARIA_ERROR,
		                    PORTARIA_ERROR_SYNTAX,
		                    "neither code nor e-mail address");
		return NULL;
	}
	if (code[0] == '\0')
		return find_by_owner(row, error);
	customer = customer_by_code(row->store, code, &local);
	if (customer == NULL)
		lookup_is_absent(local, error);
	return customer;
}

/* Sets a member that the row names; true if it is another value now. */
static bool set_text(char **member, const char *value)
{
	if (value[0] == '\0' || g_strcmp0(*member, value) == 0)
		return false;
	g_free(*member);
	*member = g_strdup(value);
	return true;
}

static struct customer *create_customer(struct row *row, GError **error)
{
	const char *address = row->values[COLUMN_EMAIL];
	const char *name = row->values[COLUMN_NAME];
	AUTO(customer) customer = NULL;

	if (address[0] == '\0') {
		refuse_value(error, "a new customer needs an e-mail address",
		             row->values[COLUMN_CODE]);
		return NULL;
	}
	customer = g_new0(struct customer, 1);
	customer->code = g_strdup(row->values[COLUMN_CODE]);
	customer->name = g_strdup(name[0] != '\0' ? name : address);
	customer->language = g_strdup(row->values[COLUMN_LANGUAGE]);
	customer->active = true;
	if (!customer_insert(row->store, customer, error))
		return NULL;
	row->created = true;
	return g_steal_pointer(&customer);
}

static bool update_customer(struct row *row, struct customer *customer,
                            GError **error)
{
	bool changed = set_text(&customer->name, row->values[COLUMN_NAME]);

	changed |= set_text(&customer->language, row->values[COLUMN_LANGUAGE]);
	if (!changed)
		return true;
	row->changed = true;
	return customer_update(row->store, customer, error);
}

/* --- contacts --- */

static bool insert_contact(struct row *row, const struct customer *customer,
                           const char *address, enum contact_role role,
                           GError **error)
{
	AUTO(contact) contact = g_new0(struct contact, 1);

	contact->customer_id = customer->id;
	contact->address = g_strdup(address);
	contact->name = g_strdup(role == CONTACT_OWNER ? customer->name : "");
	contact->role = role;
	contact->login = g_strdup("");
	contact->active = true;
	row->changed = true;
	return contact_insert(row->store, contact, error);
}

static struct contact *find_role(GPtrArray *contacts, enum contact_role role)
{
	for (guint i = 0; i < contacts->len; i++) {
		struct contact *contact = g_ptr_array_index(contacts, i);

		if (contact->role == role)
			return contact;
	}
	return NULL;
}

static bool has_address(const GPtrArray *contacts, const char *address)
{
	for (guint i = 0; i < contacts->len; i++) {
		const struct contact *contact = g_ptr_array_index(contacts, i);

		if (strcmp(contact->address, address) == 0)
			return true;
	}
	return false;
}

static bool put_owner(struct row *row, const struct customer *customer,
                      GPtrArray *contacts, GError **error)
{
	const char *address = row->values[COLUMN_EMAIL];
	struct contact *owner = find_role(contacts, CONTACT_OWNER);

	if (address[0] == '\0' ||
	    (owner != NULL && strcmp(owner->address, address) == 0))
		return true;
	if (has_address(contacts, address))
		return refuse_value(error,
		                    "is an additional contact of this customer",
		                    address);
	if (owner == NULL)
		return insert_contact(row, customer, address, CONTACT_OWNER,
		                      error);
	set_text(&owner->address, address);
	owner->bounced = 0; /* said of the old address */
	row->changed = true;
	return contact_update(row->store, owner, error);
}

static bool put_contact(struct row *row, const struct customer *customer,
                        const char *text, GError **error)
{
	g_autofree char *address = address_dup_key(text);
	g_autoptr(GPtrArray) contacts = NULL;

	if (address == NULL)
		return refuse_value(error, "not an e-mail address", text);
	contacts = contact_list(row->store, customer->id, error);
	if (contacts == NULL)
		return false;
	if (has_address(contacts, address))
		return true;
	return insert_contact(row, customer, address, CONTACT_ADDITIONAL,
	                      error);
}

static bool put_contacts(struct row *row, const struct customer *customer,
                         GError **error)
{
	g_auto(GStrv) texts =
		g_strsplit_set(row->values[COLUMN_CONTACTS], " |,;", -1);
	unsigned count = 0;

	for (char **text = texts; *text != NULL; text++) {
		if (**text == '\0')
			continue;
		if (++count > CONTACTS_MAX) {
			g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_LIMIT,
			            "more than %d contacts", CONTACTS_MAX);
			return false;
		}
		if (!put_contact(row, customer, *text, error))
			return false;
	}
	return true;
}

/* --- services --- */

static struct service *find_service(GPtrArray *services, const char *label,
                                    const char *domain)
{
	for (guint i = 0; i < services->len; i++) {
		struct service *service = g_ptr_array_index(services, i);

		if (strcmp(service->label, label) == 0 &&
		    strcmp(service->domain, domain) == 0)
			return service;
	}
	return NULL;
}

static bool insert_service(struct row *row, const struct customer *customer,
                           const char *label, GError **error)
{
	AUTO(service) service = g_new0(struct service, 1);

	service->customer_id = customer->id;
	service->kind = g_strdup(row->values[COLUMN_SERVICE_KIND]);
	service->label = g_strdup(label);
	service->domain = g_strdup(row->values[COLUMN_DOMAIN]);
	service->ip_ranges = g_new0(char *, 1);
	service->active = true;
	row->changed = true;
	return service_insert(row->store, service, error);
}

static bool put_service(struct row *row, const struct customer *customer,
                        GError **error)
{
	const char *domain = row->values[COLUMN_DOMAIN];
	const char *label = row->values[COLUMN_SERVICE];
	const char *kind = row->values[COLUMN_SERVICE_KIND];
	g_autoptr(GPtrArray) services = NULL;
	struct service *service;

	if (label[0] == '\0')
		label = domain;
	if (label[0] == '\0')
		return true;
	services = service_list(row->store, customer->id, error);
	if (services == NULL)
		return false;
	service = find_service(services, label, domain);
	if (service == NULL)
		return insert_service(row, customer, label, error);
	if (strcmp(kind, KIND_DEFAULT) == 0 || !set_text(&service->kind, kind))
		return true;
	row->changed = true;
	return service_update(row->store, service, error);
}

/* --- a row --- */

static bool put_row(struct row *row, GError **error)
{
	AUTO(customer) customer = NULL;
	g_autoptr(GPtrArray) contacts = NULL;
	GError *local = NULL;

	if (!normalise_row(row, error))
		return false;
	normalise_kind(row);
	customer = find_customer(row, &local);
	if (local != NULL) {
		g_propagate_error(error, local);
		return false;
	}
	if (customer == NULL)
		customer = create_customer(row, error);
	else if (!update_customer(row, customer, error))
		return false;
	if (customer == NULL)
		return false;
	contacts = contact_list(row->store, customer->id, error);
	return contacts != NULL && put_owner(row, customer, contacts, error) &&
	       put_contacts(row, customer, error) &&
	       put_service(row, customer, error);
}

static void count_row(const struct row *row, struct import_report *report)
{
	if (row->created)
		report->created++;
	else if (row->changed)
		report->updated++;
}

/* In a savepoint; a problem of the row is reported and no failure. */
static bool apply_row(struct row *row, struct import_report *report,
                      GError **error)
{
	GError *local = NULL;

	if (!store_savepoint(row->store, error))
		return false;
	if (put_row(row, &local)) {
		count_row(row, report);
		return store_release(row->store, error);
	}
	store_rollback_to(row->store);
	if (!is_row_problem(local)) {
		g_propagate_prefixed_error(error, local,
		                           "line %u: ", row->line);
		return false;
	}
	add_problem(report, row->line, local->message);
	g_error_free(local);
	return true;
}

/* --- the file --- */

struct columns {
	guint at[COLUMN__COUNT]; /* where a column stands */
	bool present[COLUMN__COUNT];
	guint count;
};

static bool read_heading(const struct csv_row *header, guint at,
                         struct columns *columns, struct import_report *report,
                         GError **error)
{
	g_autofree char *heading =
		dup_clean(g_ptr_array_index(header->fields, at));
	g_autofree char *shown = dup_shown(heading);
	g_autofree char *text = NULL;
	enum column column = find_column(heading);

	if (column == COLUMN__COUNT) {
		text = g_strdup_printf("column not used: %s", shown);
		if (heading[0] != '\0')
			add_problem(report, header->line, text);
		return true;
	}
	if (columns->present[column])
		return refuse_value(error, "line 1: two columns mean the same",
		                    heading);
	columns->at[column] = at;
	columns->present[column] = true;
	return true;
}

static bool read_header(struct csv_reader *reader, struct columns *columns,
                        struct import_report *report, GError **error)
{
	struct csv_row header = { 0 };
	bool ok = csv_reader_next(reader, &header) && header.problem == NULL;

	for (guint i = 0; ok && i < header.fields->len; i++)
		if (!read_heading(&header, i, columns, report, error)) {
			csv_row_clear(&header);
			return false;
		}
	if (ok) {
		columns->count = header.fields->len;
		ok = columns->present[COLUMN_EMAIL] ||
		     columns->present[COLUMN_CODE];
	}
	if (!ok)
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX,
		            "the first line must name the columns, email or "
		            "code among them%s%s",
		            header.problem != NULL ? "; " : "",
		            header.problem != NULL ? header.problem : "");
	csv_row_clear(&header);
	return ok;
}

static bool is_empty(const struct csv_row *csv)
{
	for (guint i = 0; i < csv->fields->len; i++) {
		const char *field = g_ptr_array_index(csv->fields, i);

		if (field[0] != '\0')
			return false;
	}
	return true;
}

/* More columns than headings: a separator stands in a value. */
static bool has_surplus(const struct csv_row *csv,
                        const struct columns *columns)
{
	for (guint i = columns->count; i < csv->fields->len; i++) {
		const char *field = g_ptr_array_index(csv->fields, i);

		if (field[0] != '\0')
			return true;
	}
	return false;
}

static void row_fill(struct row *row, const struct csv_row *csv,
                     const struct columns *columns)
{
	row->line = csv->line;
	for (unsigned i = 0; i < COLUMN__COUNT; i++) {
		bool there = columns->present[i] &&
		             columns->at[i] < csv->fields->len;

		row->values[i] = there ? dup_clean(g_ptr_array_index(
						 csv->fields, columns->at[i]))
		                       : g_strdup("");
	}
}

static bool import_row(struct store *store, const struct csv_row *csv,
                       const struct columns *columns,
                       struct import_report *report, GError **error)
{
	struct row row = { .store = store };
	bool ok;

	if (csv->problem == NULL && is_empty(csv))
		return true;
	report->rows++;
	if (csv->problem != NULL) {
		add_problem(report, csv->line, csv->problem);
		return true;
	}
	if (has_surplus(csv, columns)) {
		add_problem(report, csv->line,
		            "there are more fields than columns");
		return true;
	}
	row_fill(&row, csv, columns);
	ok = apply_row(&row, report, error);
	for (unsigned i = 0; i < COLUMN__COUNT; i++)
		g_free(row.values[i]);
	return ok;
}

static bool import_text(struct store *store, const char *text,
                        struct import_report *report, GError **error)
{
	struct csv_reader reader;
	struct columns columns = { 0 };
	struct csv_row csv = { 0 };
	bool ok;

	csv_reader_init(&reader, text, strlen(text));
	ok = read_header(&reader, &columns, report, error);
	while (ok && csv_reader_next(&reader, &csv)) {
		ok = import_row(store, &csv, &columns, report, error);
		csv_row_clear(&csv);
	}
	return ok;
}

/* UTF-8 without BOM; owned by the caller. */
static char *dup_text(GBytes *csv, GError **error)
{
	size_t len = 0;
	const char *data = g_bytes_get_data(csv, &len);

	if (data == NULL)
		return g_strdup("");
	if (memchr(data, '\0', len) != NULL) {
		g_set_error_literal(error, PORTARIA_ERROR,
		                    PORTARIA_ERROR_SYNTAX,
		                    "this is no CSV text; save it as CSV in "
		                    "UTF-8 (UTF-16 and XLS are not read)");
		return NULL;
	}
	if (len >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		data += 3;
		len -= 3;
	}
	return charset_to_utf8(NULL, data, len, NULL);
}

bool import_customers(struct store *store, GBytes *csv,
                      struct import_report *ret_report, GError **error)
{
	struct import_report report = { 0 };
	g_autofree char *text = dup_text(csv, error);

	if (text == NULL)
		return false;
	report.problems = g_ptr_array_new_with_free_func(problem_free);
	if (!import_text(store, text, &report, error)) {
		import_report_clear(&report);
		return false;
	}
	*ret_report = report;
	return true;
}
