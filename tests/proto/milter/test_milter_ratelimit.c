/* SPDX-License-Identifier: GPL-2.0-or-later */
/* test_milter_ratelimit.c - needs nothing; time is a number */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "milter/ratelimit.h"

#define SECOND  ((gint64)1000)
#define START   (100 * SECOND)
#define THREADS 8
#define TRIES   5000

static const struct config_rate config = {
	.window_seconds = 60,
	.client = 10,
	.sender = 3,
	.department = 0,
	.anyone_client = 2,
	.anyone_sender = 1,
	.anyone_department = 7,
	.entries = 100,
};

/* How many of `tries` fit. */
static unsigned take(struct ratelimit *limit, enum ratelimit_kind kind,
                     bool anyone, const char *name, unsigned tries, gint64 now)
{
	const struct ratelimit_key key = { kind, anyone, name };
	unsigned taken = 0;

	for (unsigned i = 0; i < tries; i++)
		taken += ratelimit_take(limit, &key, now) ? 1 : 0;
	return taken;
}

static const struct {
	enum ratelimit_kind kind;
	bool anyone;
	unsigned want;
} numbers[] = {
	{ RATELIMIT_CLIENT, false, 10 },     { RATELIMIT_CLIENT, true, 2 },
	{ RATELIMIT_SENDER, false, 3 },      { RATELIMIT_SENDER, true, 1 },
	{ RATELIMIT_DEPARTMENT, false, 50 }, /* no limit */
	{ RATELIMIT_DEPARTMENT, true, 7 },
};

/* One name in all kinds: none uses up another's. */
static void test_take_numbers(void **state)
{
	AUTO(ratelimit) limit = ratelimit_new(&config);

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
		assert_int_equal(take(limit, numbers[i].kind, numbers[i].anyone,
		                      "a", 50, START),
		                 numbers[i].want);
	assert_int_equal(take(limit, RATELIMIT_SENDER, false, "b", 50, START),
	                 3);
}

static void test_take_refills_evenly(void **state)
{
	AUTO(ratelimit) limit = ratelimit_new(&config);

	(void)state;
	assert_int_equal(take(limit, RATELIMIT_CLIENT, false, "a", 50, START),
	                 10);
	assert_int_equal(take(limit, RATELIMIT_CLIENT, false, "a", 5,
	                      START + 6 * SECOND - 1),
	                 0);
	assert_int_equal(take(limit, RATELIMIT_CLIENT, false, "a", 5,
	                      START + 6 * SECOND),
	                 1);
	assert_int_equal(take(limit, RATELIMIT_CLIENT, false, "a", 5,
	                      START + 18 * SECOND),
	                 2);
	/* Never more than the number, however long it was quiet. */
	assert_int_equal(take(limit, RATELIMIT_CLIENT, false, "a", 50,
	                      START + 3600 * SECOND),
	                 10);
}

static void test_take_refused_costs_nothing(void **state)
{
	AUTO(ratelimit) limit = ratelimit_new(&config);

	(void)state;
	take(limit, RATELIMIT_CLIENT, false, "a", 1000, START);
	assert_int_equal(take(limit, RATELIMIT_CLIENT, false, "a", 1,
	                      START + 6 * SECOND),
	                 1);
}

static void test_take_case_of_a_key(void **state)
{
	AUTO(ratelimit) limit = ratelimit_new(&config);

	(void)state;
	assert_int_equal(
		take(limit, RATELIMIT_SENDER, false, "Ze@A.example", 2, START),
		2);
	assert_int_equal(
		take(limit, RATELIMIT_SENDER, false, "ze@a.example", 5, START),
		1);
}

static void test_has_takes_nothing(void **state)
{
	AUTO(ratelimit) limit = ratelimit_new(&config);
	const struct ratelimit_key key = { RATELIMIT_SENDER, true, "a" };

	(void)state;
	for (unsigned i = 0; i < 5; i++)
		assert_true(ratelimit_has(limit, &key, START));
	assert_int_equal(ratelimit_count(limit), 0);
	assert_true(ratelimit_take(limit, &key, START));
	assert_false(ratelimit_has(limit, &key, START));
	assert_true(ratelimit_has(limit, &key, START + 60 * SECOND));
}

static void test_take_memory_is_bounded(void **state)
{
	AUTO(ratelimit) limit = ratelimit_new(&config);

	(void)state;
	assert_int_equal(take(limit, RATELIMIT_SENDER, true, "kept", 2, START),
	                 1);
	for (unsigned i = 0; i < 1000; i++) {
		g_autofree char *name = g_strdup_printf("n%u", i);

		assert_int_equal(
			take(limit, RATELIMIT_SENDER, true, name, 2, START), 1);
		/* Who asks again is not the oldest. */
		assert_int_equal(
			take(limit, RATELIMIT_SENDER, true, "kept", 1, START),
			0);
		assert_true(ratelimit_count(limit) <= config.entries);
	}
	assert_int_equal(ratelimit_count(limit), config.entries);
	/* The oldest were forgotten, the newest not. */
	assert_int_equal(take(limit, RATELIMIT_SENDER, true, "n0", 1, START),
	                 1);
	assert_int_equal(take(limit, RATELIMIT_SENDER, true, "n999", 1, START),
	                 0);
}

static void test_take_one_in_a_long_window(void **state)
{
	struct config_rate rare = config;

	(void)state;
	rare.window_seconds = 86400;
	rare.client = 1000000;
	AUTO(ratelimit) limit = ratelimit_new(&rare);
	assert_int_equal(take(limit, RATELIMIT_CLIENT, false, "a", 2000, 0),
	                 2000);
	rare.client = 1;
	assert_int_equal(take(limit, RATELIMIT_CLIENT, false, "b", 3, 0), 1);
	assert_int_equal(
		take(limit, RATELIMIT_CLIENT, false, "b", 3, 86400 * SECOND),
		1);
}

struct worker {
	struct ratelimit *limit;
	unsigned taken;
};

static void *worker_main(void *data)
{
	struct worker *worker = data;

	for (unsigned i = 0; i < TRIES; i++) {
		g_autofree char *name = g_strdup_printf("x%u", i % 300);

		worker->taken += take(worker->limit, RATELIMIT_CLIENT, false,
		                      "same", 1, START);
		take(worker->limit, RATELIMIT_SENDER, false, name, 1, START);
	}
	return NULL;
}

static void test_take_in_threads(void **state)
{
	AUTO(ratelimit) limit = ratelimit_new(&config);
	struct worker workers[THREADS];
	pthread_t threads[THREADS];
	unsigned taken = 0;

	(void)state;
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ limit, 0 };
		assert_int_equal(pthread_create(&threads[i], NULL, worker_main,
		                                &workers[i]),
		                 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		taken += workers[i].taken;
	}
	assert_int_equal(taken, 10);
	assert_int_equal(ratelimit_count(limit), config.entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_take_numbers),
		cmocka_unit_test(test_take_refills_evenly),
		cmocka_unit_test(test_take_refused_costs_nothing),
		cmocka_unit_test(test_take_case_of_a_key),
		cmocka_unit_test(test_has_takes_nothing),
		cmocka_unit_test(test_take_memory_is_bounded),
		cmocka_unit_test(test_take_one_in_a_long_window),
		cmocka_unit_test(test_take_in_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
