/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_store_blob.c - store/blob.h; needs a scratch folder */
#include "unit/store_fixture.h"

#include <sys/stat.h>

#include "store/blob.h"

/* `len` bytes that depend on seed, none of them text. */
static GBytes *make_bytes(size_t len, guint32 seed)
{
	guint8 *data = g_malloc(len + 1);

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525U + 1013904223U;
		data[i] = (guint8)(seed >> 24);
	}
	return g_bytes_new_take(data, len);
}

static char *put(struct fixture *fixture, GBytes *bytes)
{
	g_autoptr(GError) error = NULL;
	char *sha256 = blob_put(fixture->store, bytes, &error);

	assert_ok(sha256 != NULL, error);
	return sha256;
}

/* Files below blob_dir. */
static unsigned count_files(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;
	unsigned n = 0;

	assert_non_null(dir);
	while ((name = g_dir_read_name(dir)) != NULL) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		n += g_file_test(child, G_FILE_TEST_IS_DIR) ? count_files(child)
		                                            : 1;
	}
	g_dir_close(dir);
	return n;
}

static char *file_of(struct fixture *fixture, const char *sha256)
{
	return g_strdup_printf("%s/%.2s/%s", fixture->config.blob_dir, sha256,
	                       sha256 + 2);
}

static void test_put_and_get_around_the_threshold(void **state)
{
	static const struct {
		size_t len;
		unsigned files;
	} cases[] = {
		{ 0, 0 },
		{ 1, 0 },
		{ INLINE_MAX - 1, 0 },
		{ INLINE_MAX, 0 },
		{ INLINE_MAX + 1, 1 },
		{ 3 * 1024 * 1024, 2 },
	};
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GBytes) bytes = make_bytes(cases[i].len, (guint32)i);
		g_autoptr(GBytes) got = NULL;
		g_autofree char *want =
			g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
		g_autofree char *sha256 = NULL;

		fixture_begin(fixture);
		sha256 = put(fixture, bytes);
		fixture_commit(fixture);
		assert_string_equal(sha256, want);
		got = blob_get(fixture->store, sha256, &error);
		assert_ok(got != NULL, error);
		assert_true(g_bytes_equal(got, bytes));
		assert_int_equal(count_files(fixture->config.blob_dir),
		                 cases[i].files);
	}
	fixture_check(fixture);
}

static void test_put_twice_stores_once(void **state)
{
	static const size_t sizes[] = { 100, INLINE_MAX * 2 };
	struct fixture *fixture = *state;

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(GBytes) bytes = make_bytes(sizes[i], 7);
		g_autofree char *first = NULL;
		g_autofree char *second = NULL;
		g_autofree char *third = NULL;

		fixture_begin(fixture);
		first = put(fixture, bytes);
		second = put(fixture, bytes);
		fixture_commit(fixture);
		fixture_begin(fixture);
		third = put(fixture, bytes);
		fixture_commit(fixture);
		assert_string_equal(first, second);
		assert_string_equal(first, third);
		assert_int_equal(
			fixture_int(fixture, "SELECT COUNT(*) FROM blob"),
			(gint64)i + 1);
	}
	assert_int_equal(count_files(fixture->config.blob_dir), 1);
}

static void test_put_is_part_of_the_transaction(void **state)
{
	static const size_t sizes[] = { 100, INLINE_MAX * 2 };
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(GBytes) bytes = make_bytes(sizes[i], 7);
		g_autofree char *sha256 = NULL;
		g_autofree char *again = NULL;
		g_autoptr(GBytes) got = NULL;

		fixture_begin(fixture);
		sha256 = put(fixture, bytes);
		store_rollback(fixture->store);
		assert_fails(blob_get(fixture->store, sha256, &error) != NULL,
		             error, PORTARIA_ERROR_NOT_FOUND, sha256);
		/* The file left over is taken, not in the way. */
		fixture_begin(fixture);
		again = put(fixture, bytes);
		fixture_commit(fixture);
		got = blob_get(fixture->store, sha256, &error);
		assert_ok(got != NULL, error);
	}
	fixture_check(fixture);
}

static void test_put_needs_a_transaction(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = make_bytes(10, 1);

	assert_fails(blob_put(fixture->store, bytes, &error) != NULL, error,
	             PORTARIA_ERROR_INTERNAL, "without transaction");
}

/* A smaller threshold later on leaves what is stored where it is. */
static void test_put_after_the_threshold_changed(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) small = make_bytes(100, 1);
	g_autoptr(GBytes) large = make_bytes(INLINE_MAX * 2, 2);
	g_autoptr(GBytes) got_small = NULL;
	g_autoptr(GBytes) got_large = NULL;
	g_autofree char *sha_small = NULL;
	g_autofree char *sha_large = NULL;

	fixture_begin(fixture);
	sha_small = put(fixture, small);
	sha_large = put(fixture, large);
	g_free(put(fixture, small));
	fixture->store->config.blob_inline_max = 10;
	g_free(put(fixture, small));
	fixture->store->config.blob_inline_max = 10 * 1024 * 1024;
	g_free(put(fixture, large));
	fixture_commit(fixture);
	got_small = blob_get(fixture->store, sha_small, &error);
	assert_ok(got_small != NULL, error);
	got_large = blob_get(fixture->store, sha_large, &error);
	assert_ok(got_large != NULL, error);
	assert_int_equal(count_files(fixture->config.blob_dir), 1);
}

static void test_prepare_writes_the_file_first(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) small = make_bytes(INLINE_MAX, 1);
	g_autoptr(GBytes) large = make_bytes(INLINE_MAX + 1, 2);
	g_autofree char *sha256 = NULL;
	g_autofree char *path = NULL;
	struct stat before;
	struct stat after;

	assert_ok(blob_prepare(&fixture->config, small, &error), error);
	assert_int_equal(count_files(fixture->config.blob_dir), 0);
	assert_ok(blob_prepare(&fixture->config, large, &error), error);
	assert_int_equal(count_files(fixture->config.blob_dir), 1);
	sha256 = g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, large);
	path = file_of(fixture, sha256);
	assert_int_equal(stat(path, &before), 0);
	fixture_begin(fixture);
	g_free(put(fixture, large));
	fixture_commit(fixture);
	assert_int_equal(stat(path, &after), 0);
	assert_true(before.st_ino == after.st_ino);
}

static void test_files_have_modes(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GBytes) bytes = make_bytes(INLINE_MAX * 2, 1);
	g_autofree char *sha256 = NULL;
	g_autofree char *path = NULL;
	g_autofree char *dir = NULL;
	struct stat st;

	fixture_begin(fixture);
	sha256 = put(fixture, bytes);
	fixture_commit(fixture);
	path = file_of(fixture, sha256);
	dir = g_path_get_dirname(path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(stat(dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
	assert_int_equal(stat(fixture->config.blob_dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0750);
}

static void test_get_unknown(void **state)
{
	static const char *const cases[] = { "", "x", "../../etc/passwd" };
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_fails(blob_get(fixture->store, cases[i], &error) != NULL,
		             error, PORTARIA_ERROR_NOT_FOUND, "no blob");
}

static void test_get_damaged_row(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = make_bytes(50, 1);
	g_autofree char *sha256 = NULL;

	fixture_begin(fixture);
	sha256 = put(fixture, bytes);
	fixture_commit(fixture);
	fixture_exec(fixture, "UPDATE blob SET data = x'00'");
	assert_fails(blob_get(fixture->store, sha256, &error) != NULL, error,
	             PORTARIA_ERROR_PERMANENT, "damaged");
}

/* Every kind of damage to a file, and that the next put mends it if only the
 * size shows it. */
static void test_get_damaged_file(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = make_bytes(INLINE_MAX * 2, 1);
	g_autoptr(GBytes) other = make_bytes(INLINE_MAX * 2, 2);
	g_autoptr(GBytes) got = NULL;
	g_autoptr(GPtrArray) problems = NULL;
	g_autofree char *sha256 = NULL;
	g_autofree char *path = NULL;

	fixture_begin(fixture);
	sha256 = put(fixture, bytes);
	fixture_commit(fixture);
	path = file_of(fixture, sha256);
	assert_true(g_file_set_contents(path, g_bytes_get_data(other, NULL),
	                                (gssize)g_bytes_get_size(other), NULL));
	assert_fails(blob_get(fixture->store, sha256, &error) != NULL, error,
	             PORTARIA_ERROR_PERMANENT, "damaged");
	assert_true(g_file_set_contents(path, "short", 5, NULL));
	assert_fails(blob_get(fixture->store, sha256, &error) != NULL, error,
	             PORTARIA_ERROR_PERMANENT, "5 bytes instead of");
	assert_ok(store_check(fixture->store, &problems, &error), error);
	assert_int_equal(problems->len, 1);
	assert_non_null(strstr(g_ptr_array_index(problems, 0), path));
	g_unlink(path);
	assert_fails(blob_get(fixture->store, sha256, &error) != NULL, error,
	             PORTARIA_ERROR_TEMPORARY, path);
	fixture_begin(fixture);
	g_free(put(fixture, bytes));
	fixture_commit(fixture);
	got = blob_get(fixture->store, sha256, &error);
	assert_ok(got != NULL, error);
	fixture_check(fixture);
}

/* blob_dir may be a file system that is not mounted: nothing is written into
 * the empty place, and all is well when it is back. */
static void test_folder_missing_and_back(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = make_bytes(INLINE_MAX * 2, 1);
	g_autoptr(GBytes) got = NULL;
	g_autofree char *away =
		g_strconcat(fixture->config.blob_dir, ".away", NULL);
	g_autofree char *sha256 = NULL;

	assert_int_equal(g_rename(fixture->config.blob_dir, away), 0);
	fixture_begin(fixture);
	assert_fails(blob_put(fixture->store, bytes, &error) != NULL, error,
	             PORTARIA_ERROR_TEMPORARY, "blobs");
	store_rollback(fixture->store);
	assert_false(g_file_test(fixture->config.blob_dir, G_FILE_TEST_EXISTS));
	assert_int_equal(g_rename(away, fixture->config.blob_dir), 0);
	fixture_begin(fixture);
	sha256 = put(fixture, bytes);
	fixture_commit(fixture);
	got = blob_get(fixture->store, sha256, &error);
	assert_ok(got != NULL, error);
}

/* Half-written files of a crash are never taken for blobs. */
static void test_leftovers_are_ignored(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = make_bytes(INLINE_MAX * 2, 1);
	g_autoptr(GBytes) got = NULL;
	g_autofree char *sha256 =
		g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, bytes);
	g_autofree char *path = file_of(fixture, sha256);
	g_autofree char *dir = g_path_get_dirname(path);
	g_autofree char *temp = g_build_filename(dir, ".new-abc", NULL);

	assert_int_equal(g_mkdir(dir, 0750), 0);
	assert_true(g_file_set_contents(temp, "half", 4, NULL));
	assert_true(g_file_set_contents(path, "", 0, NULL));
	fixture_begin(fixture);
	g_free(put(fixture, bytes));
	fixture_commit(fixture);
	got = blob_get(fixture->store, sha256, &error);
	assert_ok(got != NULL, error);
	assert_true(g_bytes_equal(got, bytes));
}

struct putter {
	const struct config_store *config;
	GBytes *bytes;
	gint failed;
};

static void *prepare_often(void *data)
{
	struct putter *putter = data;

	for (unsigned i = 0; i < 20; i++) {
		if (!blob_prepare(putter->config, putter->bytes, NULL))
			g_atomic_int_inc(&putter->failed);
	}
	return NULL;
}

static void test_prepare_in_threads(void **state)
{
	struct fixture *fixture = *state;
	g_autoptr(GBytes) bytes = make_bytes(INLINE_MAX * 20, 3);
	struct putter putter = { &fixture->config, bytes, 0 };
	GThread *threads[4];

	for (size_t i = 0; i < 4; i++)
		threads[i] = g_thread_new("putter", prepare_often, &putter);
	for (size_t i = 0; i < 4; i++)
		g_thread_join(threads[i]);
	assert_int_equal(putter.failed, 0);
	assert_int_equal(count_files(fixture->config.blob_dir), 1);
	fixture_begin(fixture);
	g_free(put(fixture, bytes));
	fixture_commit(fixture);
	fixture_check(fixture);
}

int main(void)
{
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
	const struct CMUnitTest tests[] = {
		T(test_put_and_get_around_the_threshold),
		T(test_put_twice_stores_once),
		T(test_put_is_part_of_the_transaction),
		T(test_put_needs_a_transaction),
		T(test_put_after_the_threshold_changed),
		T(test_prepare_writes_the_file_first),
		T(test_files_have_modes),
		T(test_get_unknown),
		T(test_get_damaged_row),
		T(test_get_damaged_file),
		T(test_folder_missing_and_back),
		T(test_leftovers_are_ignored),
		T(test_prepare_in_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
