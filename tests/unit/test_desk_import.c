/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_desk_import.c - customers from CSV, and rows that are wrong.
 * Hermetic. */
#include "unit/desk_fixture.h"

#include "base/error.h"
#include "desk/import.h"
#include "desk/import_csv.h"

/* --- the reader --- */

struct csv_case {
	const char *name;
	const char *input;
	const char
		*want; /* fields "[a][b]", rows ended by "|", "!" a problem */
};

static const struct csv_case csv_cases[] = {
	{ "empty", "", "" },
	{ "one field", "a", "[a]|" },
	{ "comma", "a,b\r\nc,d\r\n", "[a][b]|[c][d]|" },
	{ "semicolon", "a;b\nc;d,e\n", "[a][b]|[c][d,e]|" },
	{ "semicolons win by number", "a,b;c;d\n1;2\n", "[a,b][c][d]|[1][2]|" },
	{ "separator inside quotes", "\"a;b;c\",d\n", "[a;b;c][d]|" },
	{ "old Mac line ends", "a,b\rc,d\r", "[a][b]|[c][d]|" },
	{ "no final line end", "a,b\nc,d", "[a][b]|[c][d]|" },
	{ "empty lines", "\n\r\na,b\n\n\nc,d\n\n", "[a][b]|[c][d]|" },
	{ "empty fields", ",a,\n", "[][a][]|" },
	{ "quoted", "\"a\",\"b\"\n", "[a][b]|" },
	{ "doubled quote", "\"a\"\"b\",c\n", "[a\"b][c]|" },
	{ "line end in quotes", "\"a\r\nb\",c\nd,e\n", "[a\nb][c]|[d][e]|" },
	{ "blanks around quotes", " \"a\" , \"b\" \n", "[a][b]|" },
	{ "quote inside a plain field", "a\"b,c\n", "[a\"b][c]|" },
	{ "text behind a quote", "\"a\"b,c\nd,e\n", "[ab][c]!|[d][e]|" },
	{ "quote never closed", "a,b\n\"c,d\ne,f\n", "[a][b]|[c,d\ne,f\n]!|" },
	{ "only a quote", "\"", "[]!|" },
};

static char *read_all(const char *input)
{
	GString *out = g_string_new(NULL);
	struct csv_reader reader;
	struct csv_row row;

	csv_reader_init(&reader, input, strlen(input));
	while (csv_reader_next(&reader, &row)) {
		for (guint i = 0; i < row.fields->len; i++)
			g_string_append_printf(
				out, "[%s]",
				(char *)g_ptr_array_index(row.fields, i));
		g_string_append(out, row.problem != NULL ? "!|" : "|");
		csv_row_clear(&row);
	}
	return g_string_free(out, FALSE);
}

static void test_csv_every_case(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(csv_cases); i++) {
		g_autofree char *got = read_all(csv_cases[i].input);

		if (strcmp(got, csv_cases[i].want) != 0)
			fail_msg("%s: %s, want %s", csv_cases[i].name, got,
			         csv_cases[i].want);
	}
}

static void test_csv_counts_lines(void **state)
{
	static const char text[] = "a\n\n\"b\r\nc\rd\n\"\ne";
	static const unsigned want[] = { 1, 3, 7 };
	struct csv_reader reader;
	struct csv_row row;
	size_t count = 0;

	(void)state;
	csv_reader_init(&reader, text, strlen(text));
	while (csv_reader_next(&reader, &row)) {
		assert_true(count < G_N_ELEMENTS(want));
		assert_int_equal(row.line, want[count++]);
		csv_row_clear(&row);
	}
	assert_int_equal(count, G_N_ELEMENTS(want));
}

/* A row past a limit is a problem; the next one is read. */
static void check_limit(const char *text, bool fits)
{
	struct csv_reader reader;
	struct csv_row row;

	csv_reader_init(&reader, text, strlen(text));
	assert_true(csv_reader_next(&reader, &row));
	assert_int_equal(row.problem == NULL, fits);
	assert_true(row.fields->len <= CSV_COLUMNS_MAX);
	for (guint i = 0; i < row.fields->len; i++)
		assert_true(strlen(g_ptr_array_index(row.fields, i)) <=
		            CSV_FIELD_MAX);
	csv_row_clear(&row);
	assert_true(csv_reader_next(&reader, &row));
	assert_null(row.problem);
	assert_string_equal(g_ptr_array_index(row.fields, 0), "next");
	csv_row_clear(&row);
	assert_false(csv_reader_next(&reader, &row));
}

static void test_csv_keeps_to_its_limits(void **state)
{
	static const struct {
		gsize size;
		bool fits;
	} rows[] = { { CSV_FIELD_MAX, true }, { CSV_FIELD_MAX + 1, false } };

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *field = g_strnfill(rows[i].size, 'x');
		g_autofree char *plain = g_strdup_printf("%s,a\nnext\n", field);
		g_autofree char *quoted =
			g_strdup_printf("\"%s\",a\nnext\n", field);

		check_limit(plain, rows[i].fits);
		check_limit(quoted, rows[i].fits);
	}
	for (unsigned columns = CSV_COLUMNS_MAX; columns < 10100;
	     columns += 9900) {
		g_autofree char *commas = g_strnfill(columns - 1, ',');
		g_autofree char *text = g_strdup_printf("%s\nnext\n", commas);

		check_limit(text, columns == CSV_COLUMNS_MAX);
	}
}

/* --- importing --- */

/* Imports in a transaction of its own. */
static void import(struct fixture *fixture, const char *csv, gssize len,
                   struct import_report *ret_report)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes =
		g_bytes_new(csv, len < 0 ? strlen(csv) : (gsize)len);

	fixture_begin(fixture);
	assert_ok(import_customers(fixture->store, bytes, ret_report, &error),
	          error);
	fixture_commit(fixture);
}

static void assert_counts(const struct import_report *report, unsigned rows,
                          unsigned created, unsigned updated, guint problems)
{
	if (report->rows != rows || report->created != created ||
	    report->updated != updated || report->problems->len != problems) {
		const struct import_problem *first =
			report->problems->len > 0
				? g_ptr_array_index(report->problems, 0)
				: NULL;

		fail_msg("rows %u created %u updated %u problems %u: %s",
		         report->rows, report->created, report->updated,
		         report->problems->len,
		         first != NULL ? first->text : "");
	}
}

static void assert_problem(const struct import_report *report, guint at,
                           unsigned line, const char *part)
{
	const struct import_problem *problem;

	assert_true(at < report->problems->len);
	problem = g_ptr_array_index(report->problems, at);
	if (problem->line != line || strstr(problem->text, part) == NULL)
		fail_msg("line %u: %s; want line %u: %s", problem->line,
		         problem->text, line, part);
}

static struct customer *get_customer(struct fixture *fixture, const char *code)
{
	g_autoptr(GError) error = NULL;
	struct customer *customer =
		customer_by_code(fixture->store, code, &error);

	assert_ok(customer != NULL, error);
	return customer;
}

/* "dono@x owner,b@x" in the order of contact_list(). */
static char *dup_contacts(struct fixture *fixture, gint64 customer_id)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list =
		contact_list(fixture->store, customer_id, &error);
	GString *out = g_string_new(NULL);

	assert_ok(list != NULL, error);
	for (guint i = 0; i < list->len; i++) {
		const struct contact *one = g_ptr_array_index(list, i);

		g_string_append_printf(
			out, "%s%s%s", i > 0 ? "," : "", one->address,
			one->role == CONTACT_OWNER ? " owner" : "");
	}
	return g_string_free(out, FALSE);
}

/* "kind/label/domain" of each service, sorted. */
static char *dup_services(struct fixture *fixture, gint64 customer_id)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list =
		service_list(fixture->store, customer_id, &error);
	GString *out = g_string_new(NULL);

	assert_ok(list != NULL, error);
	for (guint i = 0; i < list->len; i++) {
		const struct service *one = g_ptr_array_index(list, i);

		g_string_append_printf(out, "%s%s/%s/%s", i > 0 ? "," : "",
		                       one->kind, one->label, one->domain);
	}
	return g_string_free(out, FALSE);
}

static void test_import_a_whole_row(void **state)
{
	struct fixture *fixture = *state;
	struct import_report report;
	AUTO(customer) customer = NULL;
	g_autofree char *contacts = NULL;
	g_autofree char *services = NULL;

	import(fixture,
	       "\xef\xbb\xbf"
	       "Código;Nome;E-mail;Contatos;Tipo de serviço;Serviço;Domínio;"
	       "Idioma\r\n"
	       "A1;\"Padaria \"\"São João\"\"; Ltda\";Dono@Padaria.EXAMPLE;"
	       "b@padaria.example | c@padaria.example;Hospedagem;Plano P;"
	       "Padaria.Example;pt-BR\r\n",
	       -1, &report);
	assert_counts(&report, 1, 1, 0, 0);
	customer = get_customer(fixture, "A1");
	contacts = dup_contacts(fixture, customer->id);
	services = dup_services(fixture, customer->id);
	assert_string_equal(customer->name, "Padaria \"São João\"; Ltda");
	assert_string_equal(customer->language, "pt_BR");
	assert_true(customer->active);
	assert_string_equal(contacts, "dono@padaria.example owner,"
	                              "b@padaria.example,c@padaria.example");
	assert_string_equal(services, "hosting/Plano P/padaria.example");
	import_report_clear(&report);
}

static void test_import_headings_of_each_language(void **state)
{
	static const char *const headers[] = {
		"code,name,email,contacts,service_kind,service,domain,language",
		"CODIGO,NOME,EMAIL,CONTATOS,TIPO,SERVICO,DOMINIO,IDIOMA",
		("código, nombre, Correo Electrónico, contactos, "
		 "tipo de servicio, servicio, dominio, lengua"),
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
		g_autofree char *csv = g_strdup_printf(
			"%s\nX%zu,N,a%zu@x.example,b%zu@x.example,vps,S,"
			"d.example,es\n",
			headers[i], i, i, i);
		g_autofree char *code = g_strdup_printf("X%zu", i);
		AUTO(customer) customer = NULL;
		g_autofree char *services = NULL;
		struct import_report report;

		import(fixture, csv, -1, &report);
		assert_counts(&report, 1, 1, 0, 0);
		customer = get_customer(fixture, code);
		services = dup_services(fixture, customer->id);
		assert_string_equal(customer->language, "es");
		assert_string_equal(services, "vps/S/d.example");
		import_report_clear(&report);
	}
}

static void test_import_latin1(void **state)
{
	struct fixture *fixture = *state;
	struct import_report report;
	AUTO(customer) customer = NULL;

	import(fixture,
	       "c\xf3"
	       "digo,nome,email\n"
	       "1,Jos\xe9 \x96 Com\xe9rcio,jose@x.example\n",
	       -1, &report);
	assert_counts(&report, 1, 1, 0, 0);
	customer = get_customer(fixture, "1");
	assert_string_equal(customer->name, "José – Comércio");
	import_report_clear(&report);
}

static void test_import_again_changes_nothing(void **state)
{
	static const char csv[] =
		"code,name,email,contacts,service,domain\n"
		"1,Um,um@x.example,a@x.example b@x.example,Plano,um.example\n"
		"2,Dois,dois@x.example,,,\n";
	struct fixture *fixture = *state;
	struct import_report report;

	import(fixture, csv, -1, &report);
	assert_counts(&report, 2, 2, 0, 0);
	import_report_clear(&report);
	import(fixture, csv, -1, &report);
	assert_counts(&report, 2, 0, 0, 0);
	import_report_clear(&report);
}

static void test_import_updates_by_code(void **state)
{
	struct fixture *fixture = *state;
	struct import_report report;
	AUTO(customer) customer = NULL;
	g_autofree char *contacts = NULL;
	g_autofree char *services = NULL;

	import(fixture,
	       "code,name,email,contacts,kind,service\n"
	       "1,Um,um@x.example,a@x.example,,Plano\n",
	       -1, &report);
	import_report_clear(&report);
	import(fixture,
	       "code,name,email,contacts,kind,service,language\n"
	       "1,Um S.A.,novo@x.example,b@x.example,domain,Plano,en\n"
	       "1,,,,,Outro,\n",
	       -1, &report);
	assert_counts(&report, 2, 0, 2, 0);
	customer = get_customer(fixture, "1");
	contacts = dup_contacts(fixture, customer->id);
	services = dup_services(fixture, customer->id);
	assert_string_equal(customer->name, "Um S.A.");
	assert_string_equal(customer->language, "en");
	assert_string_equal(contacts, "novo@x.example owner,a@x.example,"
	                              "b@x.example");
	assert_non_null(strstr(services, "domain/Plano/"));
	assert_non_null(strstr(services, "other/Outro/"));
	import_report_clear(&report);
}

static void test_import_updates_by_owner(void **state)
{
	struct fixture *fixture = *state;
	struct import_report report;
	AUTO(customer) customer = NULL;

	fixture_begin(fixture);
	fixture_customer(fixture, "9", "dono@x.example", NULL);
	fixture_commit(fixture);
	import(fixture, "email,name\nDONO@x.example,Nome Novo\n", -1, &report);
	assert_counts(&report, 1, 0, 1, 0);
	customer = get_customer(fixture, "9");
	assert_string_equal(customer->name, "Nome Novo");
	import_report_clear(&report);
}

static void test_import_without_code_or_name(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	struct import_report report;
	AUTO(contact) contact = NULL;
	AUTO(customer) customer = NULL;

	import(fixture, "email\nso@x.example\n", -1, &report);
	assert_counts(&report, 1, 1, 0, 0);
	contact = contact_by_address(fixture->store, "so@x.example", &error);
	assert_ok(contact != NULL, error);
	customer = customer_get(fixture->store, contact->customer_id, &error);
	assert_ok(customer != NULL, error);
	assert_string_equal(customer->name, "so@x.example");
	assert_string_equal(customer->code, "");
	import_report_clear(&report);
}

struct problem_case {
	const char *name;
	const char *row;
	const char *want;
};

/* Of a file with the columns below, beside customers T1 and T2. */
#define HEADER "code,name,email,contacts,kind,service,domain,language\n"

static const struct problem_case problem_cases[] = {
	{ "neither code nor address", ",Nome,,,,,,", "neither code nor" },
	{ "new without address", "N,Nome,,,,,,", "needs an e-mail address: N" },
	{ "no address", "N,Nome,dono(at)x,,,,,", "not an e-mail address" },
	{ "two addresses", "N,Nome,a@x.example b@x.example,,,,,",
	  "not an e-mail address" },
	{ "bad contact", "N,Nome,n@x.example,a@x.example nada,,,,",
	  "not an e-mail address: nada" },
	{ "bad domain", "N,Nome,n@x.example,,,S,a..b,", "not a domain name" },
	{ "bad language", "N,Nome,n@x.example,,,,,de", "not a language" },
	{ "owner of another customer", "N,Nome,t1@x.example,,,,,", "" },
	{ "contact of another customer", "N,Nome,n@x.example,t1@x.example,,,,",
	  "" },
	{ "owner becomes contact of another", "T2,,t1@x.example,,,,,", "" },
	{ "staff address", "N,Nome,ana@equipe.example,,,,,", "" },
	{ "department address", "N,Nome,n@x.example,suporte@desk.example,,,,",
	  "" },
	{ "own contact as owner", "T1,,t1b@x.example,,,,,",
	  "additional contact of this customer" },
	{ "contact without a code", ",,t1b@x.example,,,,,",
	  "additional contact of a customer" },
	{ "surplus field", "N,Nome,n@x.example,,,,,,x",
	  "more fields than columns" },
	{ "broken quotes", "N,\"No\"me,n@x.example,,,,,",
	  "text behind a closing quote" },
};

static void add_others(struct fixture *fixture)
{
	fixture_begin(fixture);
	fixture_customer(fixture, "T1", "t1@x.example", "t1b@x.example");
	fixture_customer(fixture, "T2", "t2@x.example", NULL);
	fixture_staff(fixture, "ana", "ana@equipe.example");
	department_free(fixture_department(
		fixture, "suporte", DEPARTMENT_REGISTERED, DEPARTMENT_HOLD));
	fixture_commit(fixture);
}

static void assert_no_customer(struct fixture *fixture, const char *code)
{
	g_autoptr(GError) error = NULL;
	AUTO(customer)
	customer = customer_by_code(fixture->store, code, &error);

	assert_null(customer);
	assert_true(g_error_matches(error, PORTARIA_ERROR,
	                            PORTARIA_ERROR_NOT_FOUND));
}

/* The wrong row leaves nothing behind, the rows around it are written. */
static void check_problem(const struct problem_case *c)
{
	struct fixture *fixture = fixture_new(NULL);
	g_autofree char *csv =
		g_strdup_printf(HEADER "G1,Antes,g1@x.example,,,,,\n%s\n"
	                               "G2,Depois,g2@x.example,,,,,\n",
	                        c->row);
	AUTO(customer) before = NULL;
	AUTO(customer) after = NULL;
	AUTO(customer) other = NULL;
	g_autofree char *contacts = NULL;
	struct import_report report;

	add_others(fixture);
	import(fixture, csv, -1, &report);
	if (report.problems->len != 1)
		fail_msg("%s: %u problems", c->name, report.problems->len);
	assert_counts(&report, 3, 2, 0, 1);
	assert_problem(&report, 0, 3, c->want);
	before = get_customer(fixture, "G1");
	after = get_customer(fixture, "G2");
	assert_no_customer(fixture, "N");
	other = get_customer(fixture, "T1");
	contacts = dup_contacts(fixture, other->id);
	assert_string_equal(contacts, "t1@x.example owner,t1b@x.example");
	import_report_clear(&report);
	fixture_free(fixture);
}

static void test_import_leaves_out_wrong_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(problem_cases); i++)
		check_problem(&problem_cases[i]);
}

static void test_import_bounds_texts(void **state)
{
	static const struct {
		const char *format;
		unsigned size;
		bool fits;
	} rows[] = {
		{ "%s,Nome,a@x.example,,,,,\n", 64, true },
		{ "%s,Nome,b@x.example,,,,,\n", 65, false },
		{ "c,%s,c@x.example,,,,,\n", 255, true },
		{ "d,%s,d@x.example,,,,,\n", 256, false },
		{ "e,Nome,e@x.example,,,%s,,\n", 255, true },
		{ "f,Nome,f@x.example,,,%s,,\n", 256, false },
		{ "g,Nome,g@x.example,,%s,S,,\n", 64, true },
		{ "h,Nome,h@x.example,,%s,S,,\n", 65, false },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *value = g_strnfill(rows[i].size, 'x');
		GString *csv = g_string_new(HEADER);
		struct import_report report;

		g_string_append(csv, rows[i].format);
		g_string_replace(csv, "%s", value, 1);
		import(fixture, csv->str, -1, &report);
		assert_counts(&report, 1, rows[i].fits ? 1 : 0, 0,
		              rows[i].fits ? 0 : 1);
		if (!rows[i].fits)
			assert_problem(&report, 0, 2, "longer than");
		import_report_clear(&report);
		g_string_free(csv, TRUE);
	}
}

static void test_import_bounds_contacts(void **state)
{
	struct fixture *fixture = *state;
	GString *csv = g_string_new("code,email,contacts\n1,d@x.example,");
	struct import_report report;

	for (unsigned i = 0; i < 101; i++)
		g_string_append_printf(csv, "c%u@x.example ", i);
	import(fixture, csv->str, -1, &report);
	assert_counts(&report, 1, 0, 0, 1);
	assert_problem(&report, 0, 2, "more than 100 contacts");
	import_report_clear(&report);
	g_string_free(csv, TRUE);
}

static void test_import_tells_unused_columns(void **state)
{
	struct fixture *fixture = *state;
	struct import_report report;

	import(fixture, "code,telefone,email,\n1,555,a@x.example,\n,,,\n\n", -1,
	       &report);
	assert_counts(&report, 1, 1, 0, 1);
	assert_problem(&report, 0, 1, "column not used: telefone");
	import_report_clear(&report);
}

static void test_import_short_rows_are_fine(void **state)
{
	struct fixture *fixture = *state;
	struct import_report report;

	import(fixture, HEADER "1,Um,um@x.example\n", -1, &report);
	assert_counts(&report, 1, 1, 0, 0);
	import_report_clear(&report);
}

static void test_import_refuses_files_without_header(void **state)
{
	static const struct {
		const char *text;
		gsize len;
	} rows[] = {
		{ "", 0 },
		{ "\n\n", 2 },
		{ "1,Um,um@x.example\n", 18 },
		{ "nome;telefone\nUm;5\n", 19 },
		{ "email,e-mail\na@x.example,b@x.example\n", 37 },
		{ "\"email\n", 7 },
		{ "\xff\xfe"
		  "e\0m\0a\0i\0l\0",
		  12 },
		{ "email\na\0b@x.example\n", 20 },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GBytes) bytes =
			g_bytes_new(rows[i].text, rows[i].len);
		g_autoptr(GError) error = NULL;
		struct import_report report = { 0 };

		fixture_begin(fixture);
		assert_false(import_customers(fixture->store, bytes, &report,
		                              &error));
		store_rollback(fixture->store);
		assert_true(g_error_matches(error, PORTARIA_ERROR,
		                            PORTARIA_ERROR_SYNTAX));
		assert_null(report.problems);
	}
}

/* The caller's rollback is a dry run. */
static void test_import_dry_run(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GBytes) bytes =
		g_bytes_new_static("code,email\n1,a@x.example\n", 25);
	g_autoptr(GError) error = NULL;
	struct import_report report;

	fixture_begin(fixture);
	assert_ok(import_customers(fixture->store, bytes, &report, &error),
	          error);
	store_rollback(fixture->store);
	assert_counts(&report, 1, 1, 0, 0);
	assert_no_customer(fixture, "1");
	import_report_clear(&report);
}

/* Without a transaction the store refuses; that is no problem of a row. */
static void test_import_trouble_of_the_store_ends_it(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GBytes) bytes =
		g_bytes_new_static("code,email\n1,a@x.example\n", 25);
	g_autoptr(GError) error = NULL;
	struct import_report report = { 0 };

	assert_false(import_customers(fixture->store, bytes, &report, &error));
	assert_non_null(error);
	assert_false(
		g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_SYNTAX));
	assert_null(report.problems);
}

#define FIXTURE_TEST(name)                                                     \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_csv_every_case),
		cmocka_unit_test(test_csv_counts_lines),
		cmocka_unit_test(test_csv_keeps_to_its_limits),
		FIXTURE_TEST(test_import_a_whole_row),
		FIXTURE_TEST(test_import_headings_of_each_language),
		FIXTURE_TEST(test_import_latin1),
		FIXTURE_TEST(test_import_again_changes_nothing),
		FIXTURE_TEST(test_import_updates_by_code),
		FIXTURE_TEST(test_import_updates_by_owner),
		FIXTURE_TEST(test_import_without_code_or_name),
		cmocka_unit_test(test_import_leaves_out_wrong_rows),
		FIXTURE_TEST(test_import_bounds_texts),
		FIXTURE_TEST(test_import_bounds_contacts),
		FIXTURE_TEST(test_import_tells_unused_columns),
		FIXTURE_TEST(test_import_short_rows_are_fine),
		FIXTURE_TEST(test_import_refuses_files_without_header),
		FIXTURE_TEST(test_import_dry_run),
		FIXTURE_TEST(test_import_trouble_of_the_store_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
