/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_base_token.c - base/token.h; writes key files in a scratch directory */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "base/token.h"

#include "unit/base_tmpdir.h"

#define HEX64 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define HEX64_OTHER                                                            \
	"ff0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"

static const char *const parts_a_bc[] = { "a", "bc", NULL };

/* The key whose bytes are 0 to 31. */
static struct keyring *known_ring(void)
{
	guint8 key[32];

	for (guint8 i = 0; i < sizeof(key); i++)
		key[i] = i;
	return keyring_new("k1", key, sizeof(key));
}

/* Computed apart from this code, with Python's hmac. */
static void test_token_sign_known_answers(void **state)
{
	static const char *const none[] = { NULL };
	static const char *const empty[] = { "", NULL };
	static const struct {
		enum token_purpose purpose;
		size_t bytes;
		const char *const *parts;
		const char *want;
	} cases[] = {
		{ TOKEN_REPLY, 10, parts_a_bc, "ase3qg7955hn0vcm" },
		{ TOKEN_SEAL, 32, none,
		  "efh8grprrn4ffy2kdrxng9mwzyywfstjnpm16ma5taqth00m26p0" },
		{ TOKEN_SEAL, 20, empty, "hkvqpp5w7mava8y2cz7qsgsmyd8qenta" },
	};
	AUTO(keyring) ring = known_ring();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *mac =
			token_sign(ring, NULL, cases[i].purpose, cases[i].bytes,
		                   cases[i].parts);

		assert_string_equal(mac, cases[i].want);
		assert_true(token_verify(ring, "k1", cases[i].purpose,
		                         cases[i].bytes, cases[i].parts, mac));
	}
}

/* Lists that would be equal if their parts were simply joined. */
static void test_token_sign_parts_do_not_run_together(void **state)
{
	static const char *const lists[][4] = {
		{ "a", "bc", NULL }, { "ab", "c", NULL }, { "abc", NULL },
		{ "", "abc", NULL }, { "abc", "", NULL }, { "a", "b", "c" },
	};
	AUTO(keyring) ring = known_ring();
	GHashTable *seen =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		const char *parts[5] = { lists[i][0], lists[i][1], lists[i][2],
			                 lists[i][3], NULL };

		g_hash_table_add(seen,
		                 token_sign(ring, NULL, TOKEN_SEAL, 32, parts));
	}
	assert_int_equal(g_hash_table_size(seen), G_N_ELEMENTS(lists));
	g_hash_table_unref(seen);
}

static void test_token_verify_other_purpose(void **state)
{
	AUTO(keyring) ring = known_ring();

	(void)state;
	for (int p = 0; p < TOKEN_PURPOSE__COUNT; p++) {
		g_autofree char *mac = token_sign(
			ring, NULL, (enum token_purpose)p, 10, parts_a_bc);

		for (int q = 0; q < TOKEN_PURPOSE__COUNT; q++)
			assert_int_equal(token_verify(ring, NULL,
			                              (enum token_purpose)q, 10,
			                              parts_a_bc, mac),
			                 p == q);
	}
}

static void test_token_verify_any_case(void **state)
{
	AUTO(keyring) ring = known_ring();

	(void)state;
	assert_true(token_verify(ring, NULL, TOKEN_REPLY, 10, parts_a_bc,
	                         "ASE3QG7955HN0VCM"));
	assert_true(token_verify(ring, NULL, TOKEN_REPLY, 10, parts_a_bc,
	                         "Ase3qG7955hnOvcm"));
}

static void test_token_verify_every_bit_counts(void **state)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	AUTO(keyring) ring = known_ring();
	g_autofree char *mac =
		token_sign(ring, NULL, TOKEN_SEAL, 32, parts_a_bc);

	(void)state;
	for (size_t i = 0; mac[i] != '\0'; i++) {
		char right = mac[i];

		for (const char *d = digits; *d != '\0'; d++) {
			mac[i] = *d;
			assert_int_equal(token_verify(ring, NULL, TOKEN_SEAL,
			                              32, parts_a_bc, mac),
			                 *d == right);
		}
		mac[i] = right;
	}
}

static void test_token_verify_malformed(void **state)
{
	static const char *const macs[] = {
		"",
		"ase3qg7955hn0vc",
		"ase3qg7955hn0vcmm",
		"ase3qg7955hn0vcu",
		"ase3qg7955hn0vc ",
		"ase3qg7955hn0v\xc3\xa1",
	};
	AUTO(keyring) ring = known_ring();

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(macs); i++)
		assert_false(token_verify(ring, NULL, TOKEN_REPLY, 10,
		                          parts_a_bc, macs[i]));
}

static void test_token_verify_other_length(void **state)
{
	AUTO(keyring) ring = known_ring();
	g_autofree char *mac =
		token_sign(ring, NULL, TOKEN_REPLY, 20, parts_a_bc);

	(void)state;
	assert_false(
		token_verify(ring, NULL, TOKEN_REPLY, 10, parts_a_bc, mac));
}

static char *write_file(const char *dir, const char *name, const char *text,
                        mode_t mode)
{
	char *path = g_build_filename(dir, name, NULL);

	assert_true(g_file_set_contents(path, text, -1, NULL));
	assert_int_equal(chmod(path, mode), 0);
	return path;
}

static void test_keyring_load_rotation(void **state)
{
	g_autofree char *path = write_file(*state, "rotated",
	                                   "# new first\n"
	                                   "k2 " HEX64_OTHER " # since May\r\n"
	                                   "\n"
	                                   "\tk1\t" HEX64 "\n",
	                                   0640);
	AUTO(keyring) ring = keyring_load(path, NULL);
	AUTO(keyring) old = known_ring();
	g_autofree char *mac =
		token_sign(old, NULL, TOKEN_REPLY, 10, parts_a_bc);
	g_autofree char *fresh = NULL;
	g_autofree char *by_kid = NULL;

	assert_non_null(ring);
	assert_string_equal(keyring_get_current(ring), "k2");
	fresh = token_sign(ring, NULL, TOKEN_REPLY, 10, parts_a_bc);
	by_kid = token_sign(ring, "k1", TOKEN_REPLY, 10, parts_a_bc);
	assert_string_not_equal(fresh, mac);
	assert_string_equal(by_kid, mac);
	assert_true(token_verify(ring, NULL, TOKEN_REPLY, 10, parts_a_bc, mac));
	assert_true(token_verify(ring, "k1", TOKEN_REPLY, 10, parts_a_bc, mac));
	assert_false(
		token_verify(ring, "k2", TOKEN_REPLY, 10, parts_a_bc, mac));
	assert_false(
		token_verify(ring, "k3", TOKEN_REPLY, 10, parts_a_bc, mac));
	assert_false(
		token_verify(old, NULL, TOKEN_REPLY, 10, parts_a_bc, fresh));
	assert_null(token_sign(ring, "k3", TOKEN_REPLY, 10, parts_a_bc));
}

static void test_keyring_load_bad_content(void **state)
{
	static const struct {
		const char *name;
		const char *text;
		const char *want; /* behind the path */
	} cases[] = {
		{ "empty", "", ": there is no key in it" },
		{ "only a comment", "# later\n", ": there is no key in it" },
		{ "no hex", "k1\n",
		  ":1: the key is not 64 to 512 hex digits, an even number" },
		{ "short", "\nk1 0011\n",
		  ":2: the key is not 64 to 512 hex digits, an even number" },
		{ "odd", "k1 " HEX64 "0\n",
		  ":1: the key is not 64 to 512 hex digits, an even number" },
		{ "long",
		  "k1 " HEX64 HEX64 HEX64 HEX64 HEX64 HEX64 HEX64 HEX64 HEX64,
		  ":1: the key is not 64 to 512 hex digits, an even number" },
		{ "not hex", "k1 " HEX64 "0g\n",
		  ":1: the key is not 64 to 512 hex digits, an even number" },
		{ "two words", "k1 " HEX64 " x\n",
		  ":1: the key is not 64 to 512 hex digits, an even number" },
		{ "bad kid", "k.1 " HEX64 "\n",
		  ":1: the key's name is not 1 to 16 letters and digits" },
		{ "long kid", "k2345678901234567 " HEX64 "\n",
		  ":1: the key's name is not 1 to 16 letters and digits" },
		{ "kid twice", "k1 " HEX64 "\nk1 " HEX64 "\n",
		  ":2: a key of this name stands above" },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *path =
			write_file(*state, "bad", cases[i].text, 0640);
		g_autofree char *want = g_strconcat(path, cases[i].want, NULL);
		g_autoptr(GError) error = NULL;

		print_message("%s\n", cases[i].name);
		assert_null(keyring_load(path, &error));
		assert_true(g_error_matches(error, PORTARIA_ERROR,
		                            PORTARIA_ERROR_CONFIG));
		assert_string_equal(error->message, want);
	}
}

static void test_keyring_load_longest_key(void **state)
{
	g_autofree char *path = write_file(
		*state, "longest",
		"k1 " HEX64 HEX64 HEX64 HEX64 HEX64 HEX64 HEX64 HEX64, 0600);
	AUTO(keyring) ring = keyring_load(path, NULL);

	assert_non_null(ring);
}

static void test_keyring_load_too_many_keys(void **state)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autofree char *path = NULL;
	g_autoptr(GError) error = NULL;

	for (int i = 0; i < 65; i++)
		g_string_append_printf(text, "k%d " HEX64 "\n", i);
	path = write_file(*state, "many", text->str, 0600);
	assert_null(keyring_load(path, &error));
	assert_non_null(strstr(error->message, ":65: too many keys"));
}

static void test_keyring_load_bad_mode(void **state)
{
	static const mode_t modes[] = { 0644, 0641, 0602, 0607 };

	for (size_t i = 0; i < G_N_ELEMENTS(modes); i++) {
		g_autofree char *path =
			write_file(*state, "open", "k1 " HEX64 "\n", modes[i]);
		g_autoptr(GError) error = NULL;

		assert_null(keyring_load(path, &error));
		assert_true(g_error_matches(error, PORTARIA_ERROR,
		                            PORTARIA_ERROR_DENIED));
		assert_non_null(strstr(error->message, "chmod o="));
	}
}

static void test_keyring_load_not_a_key_file(void **state)
{
	g_autofree char *nul = g_build_filename(*state, "nul", NULL);
	g_autofree char *fifo = g_build_filename(*state, "fifo", NULL);
	g_autofree char *large = g_build_filename(*state, "large", NULL);
	g_autofree char *none = g_build_filename(*state, "none", NULL);
	g_autofree char *spaces = g_strnfill(64 * 1024 + 1, ' ');
	const char *const paths[] = { nul, fifo, large, none, *state };

	assert_true(g_file_set_contents(nul, "k1 " HEX64 "\n\0", 69, NULL));
	assert_int_equal(chmod(nul, 0600), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	g_free(write_file(*state, "large", spaces, 0600));
	for (size_t i = 0; i < G_N_ELEMENTS(paths); i++) {
		g_autoptr(GError) error = NULL;

		print_message("%s\n", paths[i]);
		assert_null(keyring_load(paths[i], &error));
		assert_true(g_error_matches(error, PORTARIA_ERROR,
		                            PORTARIA_ERROR_CONFIG));
	}
}

static void test_keyring_create_file_loads(void **state)
{
	g_autofree char *path = g_build_filename(*state, "created", NULL);
	g_autofree char *text = NULL;
	g_autofree char *mac = NULL;
	struct stat st;
	mode_t old = umask(0);

	assert_true(keyring_create_file(path, NULL));
	umask(old);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);

	AUTO(keyring) ring = keyring_load(path, NULL);
	assert_non_null(ring);
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	assert_int_equal(strlen(text),
	                 strlen(keyring_get_current(ring)) + 1 + 64 + 1);
	mac = token_sign(ring, NULL, TOKEN_SEAL, 16, parts_a_bc);
	assert_true(token_verify(ring, NULL, TOKEN_SEAL, 16, parts_a_bc, mac));
}

static void test_keyring_create_file_differs_each_time(void **state)
{
	g_autofree char *one = g_build_filename(*state, "one", NULL);
	g_autofree char *two = g_build_filename(*state, "two", NULL);
	g_autofree char *text_one = NULL;
	g_autofree char *text_two = NULL;

	assert_true(keyring_create_file(one, NULL));
	assert_true(keyring_create_file(two, NULL));
	assert_true(g_file_get_contents(one, &text_one, NULL, NULL));
	assert_true(g_file_get_contents(two, &text_two, NULL, NULL));
	assert_string_not_equal(strchr(text_one, ' '), strchr(text_two, ' '));
}

static void test_keyring_create_file_never_overwrites(void **state)
{
	g_autofree char *path = write_file(*state, "precious", "text", 0600);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	assert_false(keyring_create_file(path, &error));
	assert_true(g_error_matches(error, PORTARIA_ERROR,
	                            PORTARIA_ERROR_CONFLICT));
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	assert_string_equal(text, "text");
}

static void test_keyring_create_file_no_directory(void **state)
{
	g_autofree char *path = g_build_filename(*state, "no", "dir", NULL);
	g_autoptr(GError) error = NULL;

	assert_false(keyring_create_file(path, &error));
	assert_true(
		g_error_matches(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG));
}

/* The code of the error that a child without rights gets, or -1. */
static int code_without_rights(void (*act)(const char *, GError **),
                               const char *path)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		const struct rlimit none = { 0, 0 };
		GError *error = NULL;

		signal(SIGXFSZ, SIG_IGN);
		if (setrlimit(RLIMIT_FSIZE, &none) < 0 ||
		    (geteuid() == 0 && seteuid(65534) < 0))
			_exit(100);
		act(path, &error);
		_exit(error != NULL && error->domain == PORTARIA_ERROR
		              ? error->code
		              : 101);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void act_load(const char *path, GError **error)
{
	keyring_free(keyring_load(path, error));
}

static void act_create(const char *path, GError **error)
{
	(void)keyring_create_file(path, error);
}

static void test_keyring_load_forbidden(void **state)
{
	g_autofree char *path =
		write_file(*state, "forbidden", "k1 " HEX64 "\n", 0);

	assert_int_equal(code_without_rights(act_load, path),
	                 PORTARIA_ERROR_DENIED);
}

/* A key that could not be written is not left behind as half a file. */
static void test_keyring_create_file_disk_full(void **state)
{
	g_autofree char *dir = g_build_filename(*state, "public", NULL);
	g_autofree char *path = g_build_filename(dir, "key", NULL);

	assert_int_equal(chmod(*state, 0755), 0);
	assert_int_equal(mkdir(dir, 0700), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	assert_int_equal(code_without_rights(act_create, path),
	                 PORTARIA_ERROR_TEMPORARY);
	assert_int_equal(access(path, F_OK), -1);
}

static void test_keyring_free_null(void **state)
{
	(void)state;
	keyring_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_token_sign_known_answers),
		cmocka_unit_test(test_token_sign_parts_do_not_run_together),
		cmocka_unit_test(test_token_verify_other_purpose),
		cmocka_unit_test(test_token_verify_any_case),
		cmocka_unit_test(test_token_verify_every_bit_counts),
		cmocka_unit_test(test_token_verify_malformed),
		cmocka_unit_test(test_token_verify_other_length),
		cmocka_unit_test(test_keyring_load_rotation),
		cmocka_unit_test(test_keyring_load_bad_content),
		cmocka_unit_test(test_keyring_load_longest_key),
		cmocka_unit_test(test_keyring_load_too_many_keys),
		cmocka_unit_test(test_keyring_load_bad_mode),
		cmocka_unit_test(test_keyring_load_not_a_key_file),
		cmocka_unit_test(test_keyring_create_file_loads),
		cmocka_unit_test(test_keyring_create_file_differs_each_time),
		cmocka_unit_test(test_keyring_create_file_never_overwrites),
		cmocka_unit_test(test_keyring_create_file_no_directory),
		cmocka_unit_test(test_keyring_load_forbidden),
		cmocka_unit_test(test_keyring_create_file_disk_full),
		cmocka_unit_test(test_keyring_free_null),
	};

	return cmocka_run_group_tests(tests, tmpdir_setup, tmpdir_teardown);
}
