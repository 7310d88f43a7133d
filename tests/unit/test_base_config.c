/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * test_base_config.c - base/config.h; configuration files in a scratch
 * directory, the standard streams of config_main() in files there
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/error.h"

#include "unit/base_tmpdir.h"

static char *main_file(const char *dir)
{
	return g_build_filename(dir, "portaria.conf", NULL);
}

static void put(const char *dir, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	g_autofree char *parent = g_path_get_dirname(path);

	assert_int_equal(g_mkdir_with_parents(parent, 0700), 0);
	assert_true(g_file_set_contents(path, text, -1, NULL));
}

static struct config *load(const char *dir, const char *const *overrides,
                           GError **error)
{
	g_autofree char *path = main_file(dir);

	return config_load(path, overrides, error);
}

/* `text` with every FILE replaced by the path of the main file. */
static char *with_file(const char *dir, const char *text)
{
	g_autofree char *path = main_file(dir);
	g_auto(GStrv) pieces = g_strsplit(text, "FILE", -1);

	return g_strjoinv(path, pieces);
}

static const struct {
	const char *name;
	const char *text;
	const char *want; /* NULL: no mistake */
} files[] = {
	{ "empty", "", NULL },
	{ "comments", "# a\n\n  # b\n\t\n", NULL },
	{ "empty section", "[server]\n", NULL },
	{ "no newline at the end", "[lmtp]\nparsers=3", NULL },
	{ "blanks around", "  [lmtp]  \n  parsers  =  3  \n", NULL },
	{ "CRLF", "[lmtp]\r\nparsers = 3\r\n", NULL },
	{ "section twice", "[lmtp]\nparsers=3\n[dns]\n[lmtp]\nbatch_max=1\n",
	  NULL },

	{ "no section", "parsers=3\n",
	  "FILE:1: a key before the first [section]" },
	{ "not a key", "[lmtp]\nparsers\n",
	  "FILE:2: neither [section], key = value nor # comment" },
	{ "no name", "[lmtp]\n=3\n",
	  "FILE:2: neither [section], key = value nor # comment" },
	{ "locale", "[server]\nbrand[pt_BR]=x\n",
	  "FILE:2: neither [section], key = value nor # comment" },
	{ "byte order mark", "\xef\xbb\xbf[lmtp]\n",
	  "FILE:1: neither [section], key = value nor # comment" },
	{ "section not closed", "[lmtp\n", "FILE:1: not a [section]" },
	{ "text behind a section", "[lmtp] x\n", "FILE:1: not a [section]" },
	{ "section without name", "[]\n", "FILE:1: not a [section]" },
	{ "latin-1", "[server]\nbrand=caf\xe9\n", "FILE:2: not UTF-8" },
	{ "control", "[server]\nbrand=a\vb\n", "FILE:2: control character" },
	{ "UTF-8", "[server]\nbrand=caf\xc3\xa9\n", NULL },

	{ "unknown section", "[sever]\nx=1\ny=2\n",
	  "FILE:1: [sever]: unknown section; did you mean \"server\"?" },
	{ "section like none", "[postgresql]\nx=1\n",
	  "FILE:1: [postgresql]: unknown section" },
	{ "unknown key", "[lmtp]\nparsars=1\n",
	  "FILE:2: [lmtp] parsars: unknown key; did you mean \"parsers\"?" },
	{ "key like none", "[lmtp]\nfrobnicate=1\n",
	  "FILE:2: [lmtp] frobnicate: unknown key" },
	{ "key of another section", "[lmtp]\nhostname=a\n",
	  "FILE:2: [lmtp] hostname: unknown key; did you mean it for "
	  "[server]?" },
	{ "case counts", "[lmtp]\nParsers=1\n",
	  "FILE:2: [lmtp] Parsers: unknown key; did you mean \"parsers\"?" },
	{ "very long key",
	  "[lmtp]\n"
	  "pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"
	  "=1\n",
	  "FILE:2: [lmtp] "
	  "pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp"
	  ": unknown key" },
	{ "earlier one is wrong", "[lmtp]\nparsers=x\nparsers=1\n",
	  "FILE:2: [lmtp] parsers: \"x\" is not a number" },
	{ "later one is wrong", "[lmtp]\nparsers=1\nparsers=x\n",
	  "FILE:3: [lmtp] parsers: \"x\" is not a number" },

	{ "all at once",
	  "[log]\nlevel=loud\nnonsense\n[dns]\ncache_entries=1\n[mailter]\n",
	  "FILE:2: [log] level: \"loud\" is not one of error, warning, info, "
	  "debug\n"
	  "FILE:3: neither [section], key = value nor # comment\n"
	  "FILE:5: [dns] cache_entries: 1 is not between 100 and 1000000\n"
	  "FILE:6: [mailter]: unknown section; did you mean \"milter\"?" },
};

static void test_config_load_files(void **state)
{
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *want = NULL;

		print_message("%s\n", files[i].name);
		put(*state, "portaria.conf", files[i].text);
		AUTO(config) config = load(*state, NULL, &error);

		if (files[i].want == NULL) {
			assert_null(error);
			assert_non_null(config);
			continue;
		}
		want = with_file(*state, files[i].want);
		assert_null(config);
		assert_string_equal(error->message, want);
		assert_true(g_error_matches(error, PORTARIA_ERROR,
		                            PORTARIA_ERROR_CONFIG));
	}
}

/* One value a row; want is the value as config_dup_value() shows it, or
 * why it is refused. */
static const struct {
	const char *text;
	const char *want;
	const char *why;
} values[] = {
	{ "lmtp.parsers=64", "64", NULL },
	{ "lmtp.parsers=0", NULL, "0 is not between 1 and 64" },
	{ "lmtp.parsers=65", NULL, "65 is not between 1 and 64" },
	{ "lmtp.parsers=2K", NULL, "\"2K\" is not a number" },
	{ "lmtp.parsers=-1", NULL, "\"-1\" is not a number" },
	{ "lmtp.parsers=+1", NULL, "\"+1\" is not a number" },
	{ "lmtp.parsers=0x10", NULL, "\"0x10\" is not a number" },
	{ "lmtp.parsers=1.5", NULL, "\"1.5\" is not a number" },
	{ "lmtp.parsers=", NULL, "\"\" is not a number" },
	{ "lmtp.parsers=18446744073709551616", NULL,
	  "\"18446744073709551616\" is not a number" },

	{ "lmtp.batch_bytes=1M", "1M", NULL },
	{ "lmtp.batch_bytes=2048k", "2M", NULL },
	{ "lmtp.batch_bytes=1048577", "1048577", NULL },
	{ "lmtp.batch_bytes=1G", "1G", NULL },
	{ "lmtp.batch_bytes=1025M", NULL, "1025M is not between 1M and 1G" },
	{ "lmtp.batch_bytes=1T", NULL,
	  "\"1T\" is not a number with unit K, M, G" },
	{ "lmtp.batch_bytes=1 M", NULL,
	  "\"1 M\" is not a number with unit K, M, G" },
	{ "lmtp.batch_bytes=17179869185G", NULL,
	  "\"17179869185G\" is not a number with unit K, M, G" },
	{ "store.blob_inline_max=0", "0", NULL },

	{ "lmtp.seal_max_age=144h", "6d", NULL },
	{ "lmtp.seal_max_age=5401", "5401s", NULL },
	{ "lmtp.seal_max_age=90m", "90m", NULL },
	{ "lmtp.seal_max_age=61d", NULL, "61d is not between 1s and 60d" },
	{ "lmtp.seal_max_age=1w", NULL,
	  "\"1w\" is not a number with unit s, m, h, d" },
	{ "store.busy_ms=1500", "1500ms", NULL },
	{ "store.busy_ms=30s", "30s", NULL },
	{ "store.busy_ms=2m", "2m", NULL },
	{ "store.busy_ms=1h", NULL,
	  "\"1h\" is not a number with unit ms, s, m" },

	{ "milter.socket_mode=666", "0666", NULL },
	{ "milter.socket_mode=0", "0000", NULL },
	{ "milter.socket_mode=1777", NULL,
	  "1777 is not between 0000 and 0777" },
	{ "milter.socket_mode=0668", NULL, "\"0668\" is not an octal number" },

	{ "log.target=syslog", "syslog", NULL },
	{ "log.target=Syslog", NULL,
	  "\"Syslog\" is not one of auto, syslog, stderr" },
	{ "log.level=debug", "debug", NULL },
	{ "log.level=", NULL,
	  "\"\" is not one of error, warning, info, debug" },

	{ "server.hostname=mail-1.example.com.br", "mail-1.example.com.br",
	  NULL },
	{ "server.hostname=a..b", NULL, "\"a..b\" has an empty label" },
	{ "server.hostname=.a", NULL, "\".a\" has an empty label" },
	{ "server.hostname=a.", NULL, "\"a.\" has an empty label" },
	{ "server.hostname=a b", NULL,
	  "\"a b\" is not a host name of letters, digits, hyphens and dots" },
	{ "server.hostname=a@b", NULL,
	  "\"a@b\" is not a host name of letters, digits, hyphens and dots" },
	{ "server.brand=Hospedagem = S\xc3\xa3o Jo\xc3\xa3o",
	  "Hospedagem = S\xc3\xa3o Jo\xc3\xa3o", NULL },
	{ "server.brand=a\\nb", "a\\nb", NULL },
	{ "server.brand=", NULL, "must not be empty" },
	{ "server.language=es", "es", NULL },
	{ "server.language=pt", NULL, "\"pt\" is not pt_BR, en or es" },
	{ "server.ref_prefix=ABC", "ABC", NULL },
	{ "server.ref_prefix=abc", NULL, "\"abc\" is not 2 to 8 letters A-Z" },
	{ "server.help=", "", NULL },
	{ "server.key_file=etc/key", NULL,
	  "\"etc/key\" is not an absolute path" },
	{ "server.key_file=", NULL, "must not be empty" },
	{ "dns.trust_anchor_file=", "", NULL },
	{ "dns.trust_anchor_file=/k", "/k", NULL },

	{ "lmtp.socket=inet:127.0.0.1:24", "inet:127.0.0.1:24", NULL },
	{ "lmtp.socket=/run/lmtp", NULL,
	  "\"/run/lmtp\" is neither unix:/path nor inet:host:port" },
	{ "notifier.submission=smtps://[::1]:465", "smtps://[::1]:465", NULL },
	{ "notifier.submission=smtp://", NULL,
	  "\"smtp://\" is more or less than smtp://host:port" },
	{ "notifier.submission=smtp://u:p@host", NULL,
	  "\"smtp://u:p@host\" is more or less than smtp://host:port" },
	{ "notifier.submission=http://host", NULL,
	  "\"http://host\" is not smtp://host:port or smtps://host:port" },

	{ "milter.trusted_networks=", "", NULL },
	{ "milter.trusted_networks= ; 10.0.0.0/8 ;; 2001:db8::/32;",
	  "10.0.0.0/8;2001:db8::/32", NULL },
	{ "milter.trusted_networks=10.0.0.1/8", NULL,
	  "\"10.0.0.1/8\" is not a network such as "
	  "192.0.2.0/24 or 2001:db8::/32" },
	{ "milter.trusted_networks=::1;localhost", NULL,
	  "\"localhost\" is not a network such as "
	  "192.0.2.0/24 or 2001:db8::/32" },
	{ "dns.forwarders=127.0.0.1@5353;::1", "127.0.0.1@5353;::1", NULL },
	{ "dns.forwarders=dns.example", NULL,
	  "\"dns.example\" is not ADDRESS or ADDRESS@PORT" },
	{ "dns.forwarders=127.0.0.1@0", NULL,
	  "\"127.0.0.1@0\" is not ADDRESS or ADDRESS@PORT" },
	{ "dns.forwarders=1.1.1.1;1.1.1.1;1.1.1.1;1.1.1.1;1.1.1.1;1.1.1.1;"
	  "1.1.1.1;1.1.1.1;1.1.1.1;1.1.1.1;1.1.1.1;1.1.1.1;1.1.1.1;1.1.1.1;"
	  "1.1.1.1;1.1.1.1;1.1.1.1",
	  NULL, "the number of items is not between 0 and 16" },
	{ "dns.local_zones=/a;/b c", "/a;/b c", NULL },
	{ "dns.local_zones=/a;b", NULL, "\"b\" is not an absolute path" },

	{ "server.time_zone=America/Sao_Paulo", "America/Sao_Paulo", NULL },
	{ "server.time_zone=", "", NULL },
	{ "server.time_zone=Sao_Paulo", NULL,
	  "\"Sao_Paulo\" is not a time zone such as America/Sao_Paulo" },
	{ "notifier.brake_ticket=10/10m;100/10h", "10/10m;100/10h", NULL },
	{ "notifier.brake_ticket=", "", NULL },
	{ "notifier.brake_total=10", NULL,
	  "\"10\" is not COUNT/DURATION such as 10/30m" },
	{ "notifier.brake_total=1/10x", NULL,
	  "\"1/10x\" is not COUNT/DURATION such as 10/30m" },
	{ "notifier.brake_total=0/10m", NULL,
	  "\"0/10m\" counts to less than 1 or too far" },
	{ "notifier.brake_total=1/0", NULL,
	  "\"1/0\" is shorter than 1s or longer than 366d" },
	{ "notifier.brake_total=1/367d", NULL,
	  "\"1/367d\" is shorter than 1s or longer than 366d" },

	{ "rate.client=0", "0", NULL },
	{ "rate.client=1000001", NULL, "1000001 is not between 0 and 1000000" },
	{ "rate.window_seconds=10s", "10s", NULL },
	{ "rate.window_seconds=9", NULL, "9 is not between 10s and 1d" },
	{ "rate.entries=99", NULL, "99 is not between 100 and 1000000" },
	{ "rate.allow=", "", NULL },
	{ "limits.message_bytes=64K", "64K", NULL },
	{ "limits.message_bytes=1", NULL, "1 is not between 64K and 1G" },
	{ "limits.idle_seconds=1m", "1m", NULL },
	{ "limits.headers=100000", "100000", NULL },
	{ "limits.parser_memory=8G", "8G", NULL },
};

/* Index of "section.key" at the start of an override. */
static unsigned row_index(const char *override)
{
	const struct config_row *row;

	for (unsigned i = 0; (row = config_row_get(i)) != NULL; i++) {
		g_autofree char *start =
			g_strdup_printf("%s.%s=", row->section, row->key);

		if (g_str_has_prefix(override, start))
			return i;
	}
	fail_msg("no row for %s", override);
	return 0;
}

static void test_config_load_values(void **state)
{
	put(*state, "portaria.conf", "");
	for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
		const char *const overrides[] = { values[i].text, NULL };
		unsigned index = row_index(values[i].text);
		const struct config_row *row = config_row_get(index);
		g_autoptr(GError) error = NULL;
		g_autofree char *got = NULL;

		print_message("%s\n", values[i].text);
		AUTO(config) config = load(*state, overrides, &error);

		if (values[i].want != NULL) {
			assert_null(error);
			got = config_dup_value(config, index);
			assert_string_equal(got, values[i].want);
			continue;
		}
		got = g_strdup_printf("-o: [%s] %s: %s", row->section, row->key,
		                      values[i].why);
		assert_null(config);
		assert_string_equal(error->message, got);
	}
}

static void test_config_load_text_length(void **state)
{
	g_autofree char *fits = g_strnfill(200, 'x');
	g_autofree char *brand = g_strconcat("server.brand=", fits, NULL);
	g_autofree char *longer = g_strconcat(brand, "x", NULL);
	const char *const good[] = { brand, NULL };
	const char *const bad[] = { longer, NULL };
	g_autoptr(GError) error = NULL;

	put(*state, "portaria.conf", "");
	AUTO(config) config = load(*state, good, NULL);
	assert_non_null(config);
	assert_string_equal(config->server.brand, fits);
	assert_null(load(*state, bad, &error));
	assert_string_equal(error->message, "-o: [server] brand: the length is "
	                                    "not between 1 and 200");
}

static void test_config_load_defaults(void **state)
{
	g_autofree char *path = main_file(*state);

	put(*state, "portaria.conf", "");
	AUTO(config) c = load(*state, NULL, NULL);

	assert_non_null(c);
	assert_string_equal(c->path, path);
	assert_string_equal(c->server.hostname, g_get_host_name());
	assert_string_equal(c->server.authserv_id, g_get_host_name());
	assert_string_equal(c->server.brand, "Portaria");
	assert_string_equal(c->server.language, "pt_BR");
	assert_string_equal(c->server.key_file,
	                    PORTARIA_SYSCONFDIR "/portaria/portaria.key");
	assert_int_equal(c->store.blob_inline_max, 512 * 1024);
	assert_int_equal(c->store.busy_ms, 10000);
	assert_int_equal(c->milter.socket_mode, 0660);
	assert_int_equal(c->milter.message_seconds, 60);
	assert_string_equal(c->milter.trusted_networks[0], "127.0.0.0/8");
	assert_string_equal(c->milter.trusted_networks[1], "::1");
	assert_null(c->milter.trusted_networks[2]);
	assert_int_equal(c->rate.window_seconds, 60);
	assert_int_equal(c->rate.client, 200);
	assert_int_equal(c->rate.anyone_department, 600);
	assert_string_equal(c->rate.allow[0], "127.0.0.0/8");
	assert_int_equal(c->lmtp.batch_bytes, 16 * 1024 * 1024);
	assert_int_equal(c->lmtp.seal_max_age, 6 * 86400);
	assert_null(c->dns.forwarders[0]);
	assert_string_equal(c->dns.trust_anchor_file, "");
	assert_int_equal(c->notifier.give_up_seconds, 5 * 86400);
	assert_int_equal(c->log.target, LOG_TARGET_AUTO);
	assert_int_equal(c->log.level, LOG_LEVEL_INFO);
	assert_int_equal(c->limits.message_bytes, 50 * 1024 * 1024);
}

/* Every row shows as its default, has a help, and takes its own text back;
 * a host's name stands where the default is empty. */
static void test_config_rows_agree_with_themselves(void **state)
{
	const struct config_row *row;
	unsigned count = 0;

	put(*state, "portaria.conf", "");
	AUTO(config) config = load(*state, NULL, NULL);
	for (; (row = config_row_get(count)) != NULL; count++) {
		g_autofree char *text = config_dup_value(config, count);
		g_autofree char *override = g_strdup_printf(
			"%s.%s=%s", row->section, row->key, text);
		g_autofree char *again = NULL;
		const char *const overrides[] = { override, NULL };
		AUTO(config) other = load(*state, overrides, NULL);

		print_message("%s\n", override);
		assert_non_null(other);
		again = config_dup_value(other, count);
		assert_string_equal(again, text);
		assert_true(row->help[0] != '\0');
		assert_null(strchr(row->help, '\n'));
		if (strcmp(row->key, "hostname") != 0 &&
		    strcmp(row->key, "authserv_id") != 0)
			assert_string_equal(text, row->def);
		assert_int_equal(row_index(override), count);
	}
	assert_true(count > 50);
	assert_null(config_row_get(G_MAXUINT));
	assert_null(config_dup_value(config, count));
}

static void test_config_load_order_of_sources(void **state)
{
	static const char *const overrides[] = { "server.help=last", NULL };

	put(*state, "portaria.conf",
	    "[server]\nbrand=main\nhelp=main\nlanguage=en\n[lmtp]\nparsers=5\n"
	    "parsers=6\n");
	put(*state, "conf.d/10-a.conf",
	    "[server]\nbrand=ten\nhelp=ten\nref_prefix=TEN\n");
	put(*state, "conf.d/9-b.conf", "[server]\nref_prefix=NINE\n");
	put(*state, "conf.d/10-B.conf", "[server]\nref_prefix=TENB\n");
	put(*state, "conf.d/.hidden.conf", "[nonsense]\n");
	put(*state, "conf.d/old.conf.bak", "[nonsense]\n");
	AUTO(config) c = load(*state, overrides, NULL);

	assert_non_null(c);
	assert_string_equal(c->server.help, "last");
	assert_string_equal(c->server.brand, "ten");
	assert_string_equal(c->server.language, "en");
	assert_string_equal(c->server.ref_prefix, "NINE");
	assert_int_equal(c->lmtp.parsers, 6);
}

static void test_config_load_names_the_file_of_conf_d(void **state)
{
	g_autofree char *want = NULL;
	g_autoptr(GError) error = NULL;

	put(*state, "portaria.conf", "[lmtp]\nparsers=x\n");
	put(*state, "conf.d/10-a.conf", "\n[dns]\nforwader=\n");
	want = g_strdup_printf(
		"%s/portaria.conf:2: [lmtp] parsers: \"x\" is not a number\n"
		"%s/conf.d/10-a.conf:3: [dns] forwader: unknown key; did you "
		"mean \"forwarders\"?",
		(const char *)*state, (const char *)*state);
	assert_null(load(*state, NULL, &error));
	assert_string_equal(error->message, want);
}

static void test_config_load_overrides(void **state)
{
	static const char *const bad[] = { "nonsense",     "server=x",
		                           "server.brand", "sever.x=1",
		                           "server.brnd=", "server.brand=a\nb",
		                           "\xff.x=1",     NULL };
	g_autoptr(GError) error = NULL;

	put(*state, "portaria.conf", "");
	assert_null(load(*state, bad, &error));
	assert_string_equal(
		error->message,
		"-o: \"nonsense\" is not section.key=value\n"
		"-o: \"server=x\" is not section.key=value\n"
		"-o: \"server.brand\" is not section.key=value\n"
		"-o: [sever]: unknown section; did you mean \"server\"?\n"
		"-o: [server] brnd: unknown key; did you mean \"brand\"?\n"
		"-o: \"server.brand=a\\nb\" is not section.key=value\n"
		"-o: \"\\377.x=1\" is not section.key=value");
}

static void test_config_load_unreadable(void **state)
{
	g_autofree char *missing = g_build_filename(*state, "no.conf", NULL);
	g_autofree char *nul = g_build_filename(*state, "nul.conf", NULL);
	g_autofree char *large = g_build_filename(*state, "large.conf", NULL);
	g_autofree char *spaces = g_strnfill(1024 * 1024 + 1, ' ');
	const struct {
		const char *path;
		const char *want;
	} cases[] = {
		{ missing, "No such file or directory" },
		{ nul, "has a NUL byte, not a text file" },
		{ large, "larger than 1M, not a configuration" },
	};

	assert_true(g_file_set_contents(nul, "[log]\n\0", 7, NULL));
	assert_true(g_file_set_contents(large, spaces, -1, NULL));
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *want =
			g_strdup_printf("%s: %s", cases[i].path, cases[i].want);

		assert_null(config_load(cases[i].path, NULL, &error));
		assert_string_equal(error->message, want);
	}
	assert_null(config_load(*state, NULL, NULL)); /* a directory */
}

static void test_config_load_conf_d_is_a_file(void **state)
{
	g_autoptr(GError) error = NULL;

	put(*state, "portaria.conf", "");
	put(*state, "conf.d", "");
	assert_null(load(*state, NULL, &error));
	assert_non_null(strstr(error->message, "Not a directory"));
}

static void test_config_load_path_of_environment(void **state)
{
	g_autofree char *path = main_file(*state);
	g_autofree char *other = g_build_filename(*state, "other.conf", NULL);

	put(*state, "portaria.conf", "[server]\nbrand=environment\n");
	put(*state, "other.conf", "[server]\nbrand=argument\n");
	g_setenv("PORTARIA_CONFIG", path, TRUE);
	AUTO(config) from_environment = config_load(NULL, NULL, NULL);
	AUTO(config) from_argument = config_load(other, NULL, NULL);
	g_unsetenv("PORTARIA_CONFIG");

	assert_string_equal(from_environment->server.brand, "environment");
	assert_string_equal(from_argument->server.brand, "argument");
}

/* Random bytes and random lines never do more than be refused. */
static void test_config_load_any_bytes(void **state)
{
	static const char *const words[] = {
		"[",       "]",     "=",        "\n", "server", "lmtp",
		"parsers", "brand", "#",        " ",  "\\",     ";",
		"\xff",    "1",     "hostname", "\t", "\r",     "[pt_BR]",
	};
	GRand *rand = g_rand_new_with_seed(20261122);

	for (int round = 0; round < 2000; round++) {
		g_autoptr(GString) text = g_string_new(NULL);
		g_autoptr(GError) error = NULL;
		int len = g_rand_int_range(rand, 0, 60);

		while (len-- > 0)
			g_string_append(text,
			                words[g_rand_int_range(
						rand, 0, G_N_ELEMENTS(words))]);
		put(*state, "portaria.conf", text->str);
		AUTO(config) config = load(*state, NULL, &error);
		assert_true((config == NULL) == (error != NULL));
	}
	g_rand_free(rand);
}

struct run {
	const char *name;
	const char *args[8];
	int exit_code;   /* -1: a configuration comes back */
	const char *out; /* with FILE for the path */
	const char *err;
	int argc_left;
};

static int redirect(const char *path, int fd)
{
	int old = dup(fd);
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(old >= 0 && file >= 0);
	dup2(file, fd);
	close(file);
	return old;
}

static char *restore(const char *path, int fd, int old)
{
	char *text;

	dup2(old, fd);
	close(old);
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static void run_main(const char *dir, const struct run *run)
{
	static gboolean loud;
	GOptionEntry more[] = { { "loud", 'l', 0, G_OPTION_ARG_NONE, &loud,
		                  "Be loud", NULL },
		                G_OPTION_ENTRY_NULL };
	g_autofree char *out_path = g_build_filename(dir, "out", NULL);
	g_autofree char *err_path = g_build_filename(dir, "err", NULL);
	g_autoptr(GPtrArray) args = g_ptr_array_new_with_free_func(g_free);
	g_autofree char **argv = g_new0(char *, 10);
	char **moving = argv;
	int argc = 0;
	int exit_code = -1;

	g_ptr_array_add(args, g_strdup("portaria-test"));
	for (const char *const *arg = run->args; *arg != NULL; arg++)
		g_ptr_array_add(args, with_file(dir, *arg));
	for (; argc < (int)args->len; argc++)
		argv[argc] = g_ptr_array_index(args, (guint)argc);

	int old_out = redirect(out_path, STDOUT_FILENO);
	int old_err = redirect(err_path, STDERR_FILENO);
	AUTO(config)
	config = config_main("portaria-test", "Tests.", more, &argc, &moving,
	                     &exit_code);
	fflush(NULL);
	g_autofree char *out = restore(out_path, STDOUT_FILENO, old_out);
	g_autofree char *err = restore(err_path, STDERR_FILENO, old_err);
	g_autofree char *want_out = with_file(dir, run->out);
	g_autofree char *want_err = with_file(dir, run->err);

	assert_int_equal(exit_code, run->exit_code);
	assert_int_equal(config == NULL, run->exit_code != -1);
	assert_string_equal(out, want_out);
	assert_string_equal(err, want_err);
	assert_int_equal(argc, run->argc_left);
}

static void test_config_main_runs(void **state)
{
	static const struct run runs[] = {
		{ "good", { "-c", "FILE" }, -1, "", "", 1 },
		{ "own option", { "--config=FILE", "-l" }, -1, "", "", 1 },
		{ "subcommand's options stay",
		  { "-c", "FILE", "ticket", "list", "--json" },
		  -1,
		  "",
		  "",
		  4 },
		{ "version",
		  { "--version" },
		  0,
		  "portaria-test " PORTARIA_VERSION "\n",
		  "",
		  1 },
		{ "unknown option",
		  { "--lout" },
		  64,
		  "",
		  "portaria-test: Unknown option --lout\n"
		  "portaria-test: --help shows the options\n",
		  2 },
		{ "bad override",
		  { "-c", "FILE", "-o", "lmtp.parsers=x", "-o", NULL },
		  64,
		  "",
		  "portaria-test: Missing argument for -o\n"
		  "portaria-test: --help shows the options\n",
		  6 },
		{ "override without a value",
		  { "-c", "FILE", "-o", "lmtp.parsers=x", "-o", "a" },
		  64,
		  "",
		  "portaria-test: -o a: section.key=value is wanted\n",
		  1 },
		{ "two mistakes",
		  { "-c", "FILE", "-o", "lmtp.parsers=x", "-o", "log.a=b" },
		  78,
		  "",
		  "portaria-test: -o: [lmtp] parsers: \"x\" is not a number\n"
		  "portaria-test: -o: [log] a: unknown key\n"
		  "portaria-test: nothing was started; correct the lines "
		  "above\n",
		  1 },
		{ "UTF-8 in the C locale",
		  { "-c", "FILE", "-o", "server.brand=S\xc3\xa3o" },
		  -1,
		  "",
		  "",
		  1 },
	};

	put(*state, "portaria.conf", "[log]\ntarget = stderr\n");
	for (size_t i = 0; i < G_N_ELEMENTS(runs); i++) {
		print_message("%s\n", runs[i].name);
		run_main(*state, &runs[i]);
	}
}

static void test_config_free_null(void **state)
{
	(void)state;
	config_free(NULL);
}

#define IN_TMPDIR(test)                                                        \
	cmocka_unit_test_setup_teardown(test, tmpdir_setup, tmpdir_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_TMPDIR(test_config_load_files),
		IN_TMPDIR(test_config_load_values),
		IN_TMPDIR(test_config_load_text_length),
		IN_TMPDIR(test_config_load_defaults),
		IN_TMPDIR(test_config_rows_agree_with_themselves),
		IN_TMPDIR(test_config_load_order_of_sources),
		IN_TMPDIR(test_config_load_names_the_file_of_conf_d),
		IN_TMPDIR(test_config_load_overrides),
		IN_TMPDIR(test_config_load_unreadable),
		IN_TMPDIR(test_config_load_conf_d_is_a_file),
		IN_TMPDIR(test_config_load_path_of_environment),
		IN_TMPDIR(test_config_load_any_bytes),
		IN_TMPDIR(test_config_main_runs),
		cmocka_unit_test(test_config_free_null),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
