/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ids.c - row ids, random ids and ticket refs
 *
 * All randomness comes from getrandom(2). A kernel without it is the one
 * thing this file cannot work around: it stops the program, since a
 * predictable ref or key would be worse.
 */
#include "base/ids.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

#define ID_SEQUENCE_BITS 21
#define ID_TIME_MAX      ((G_GINT64_CONSTANT(1) << 42) - 1)

static const char digits_lower[] = "0123456789abcdefghjkmnpqrstvwxyz";

void random_fill(void *buf, size_t len)
{
	guint8 *p = buf;

	while (len > 0) {
		ssize_t n = getrandom(p, len, 0);

		if (n < 0 && errno != EINTR)
			g_error("getrandom: %s", g_strerror(errno));
		if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
}

static guint32 random_bits(unsigned bits)
{
	guint32 value;

	random_fill(&value, sizeof(value));
	return value & ((1U << bits) - 1);
}

/*
 * Within one millisecond, when the clock steps back and when a millisecond's
 * numbers run out, the next id is the last one and one.
 */
gint64 id_new(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static gint64 last;
	gint64 now = CLAMP(clock_now(), 0, ID_TIME_MAX);
	gint64 id;

	pthread_mutex_lock(&lock);
	id = now << ID_SEQUENCE_BITS;
	if (id > last)
		id |= random_bits(ID_SEQUENCE_BITS);
	else
		id = last + 1;
	last = id;
	pthread_mutex_unlock(&lock);
	return id;
}

char *id_dup_random(size_t bytes)
{
	g_autofree guint8 *buf = g_malloc(bytes);

	random_fill(buf, bytes);
	return base32_encode(buf, bytes);
}

char *base32_encode(const guint8 *data, size_t len)
{
	GString *out = g_string_sized_new(len * 8 / 5 + 2);
	unsigned acc = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < len; i++) {
		acc = (acc << 8 | data[i]) & 0xfff;
		for (bits += 8; bits >= 5; bits -= 5)
			g_string_append_c(out,
			                  digits_lower[acc >> (bits - 5) & 31]);
	}
	if (bits > 0)
		g_string_append_c(out, digits_lower[acc << (5 - bits) & 31]);
	return g_string_free(out, FALSE);
}

/* The value of a digit, 0 to 31, or -1. */
static int digit_value(char c)
{
	const char *p;

	c = g_ascii_tolower(c);
	if (c == 'o')
		return 0;
	if (c == 'i' || c == 'l')
		return 1;
	p = c == '\0' ? NULL : strchr(digits_lower, c);
	return p == NULL ? -1 : (int)(p - digits_lower);
}

/* Only what base32_encode() could have written is good: no digit too many,
 * the unused bits of the last one zero. */
GBytes *base32_decode(const char *text, size_t len)
{
	g_autoptr(GByteArray) out = NULL;
	unsigned acc = 0;
	unsigned bits = 0;

	out = g_byte_array_new();
	for (size_t i = 0; i < len; i++) {
		int value = digit_value(text[i]);

		if (value < 0)
			return NULL;
		acc = (acc << 5 | (unsigned)value) & 0xfff;
		bits += 5;
		if (bits >= 8) {
			guint8 byte = (guint8)(acc >> (bits - 8));

			g_byte_array_append(out, &byte, 1);
			bits -= 8;
		}
	}
	if (bits >= 5 || (acc & ((1U << bits) - 1)) != 0)
		return NULL;
	return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

/* Product in GF(32), modulo x^5 + x^2 + 1. */
static unsigned field_times(unsigned a, unsigned b)
{
	unsigned product = 0;

	for (; b != 0; b >>= 1) {
		if (b & 1)
			product ^= a;
		a <<= 1;
		if (a & 32)
			a ^= 37;
	}
	return product;
}

/*
 * The sum of digit i times its weight in GF(32); 0 for a ref. The weights
 * differ and none is zero, so one wrong digit, or any two swapped, change the
 * sum. That of the check digit, the last, is 1.
 */
static unsigned weighted_sum(const guint8 *values)
{
	static const guint8 weights[REF_DIGITS] = { 2, 4, 8, 16, 5, 10, 1 };
	unsigned sum = 0;

	for (size_t i = 0; i < REF_DIGITS; i++)
		sum ^= field_times(values[i], weights[i]);
	return sum;
}

bool ref_prefix_is_valid(const char *prefix)
{
	size_t len = strspn(prefix, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return len >= REF_PREFIX_MIN && len <= REF_PREFIX_MAX &&
	       prefix[len] == '\0';
}

static char *ref_write(const char *prefix, const guint8 *values)
{
	GString *out = g_string_new(prefix);

	g_string_append_c(out, '-');
	for (size_t i = 0; i < REF_DIGITS; i++)
		g_string_append_c(out,
		                  g_ascii_toupper(digits_lower[values[i]]));
	return g_string_free(out, FALSE);
}

char *ref_new(const char *prefix)
{
	guint8 values[REF_DIGITS] = { 0 };

	g_return_val_if_fail(ref_prefix_is_valid(prefix), NULL);
	for (size_t i = 0; i < REF_DIGITS - 1; i++)
		values[i] = (guint8)random_bits(5);
	values[REF_DIGITS - 1] = (guint8)weighted_sum(values);
	return ref_write(prefix, values);
}

char *ref_parse(const char *prefix, const char *text, size_t len)
{
	guint8 values[REF_DIGITS];
	size_t at = strlen(prefix);

	if (len < at || g_ascii_strncasecmp(text, prefix, at) != 0)
		return NULL;
	if (at < len && text[at] == '-')
		at++;
	if (len - at != REF_DIGITS)
		return NULL;
	for (size_t i = 0; i < REF_DIGITS; i++) {
		int value = digit_value(text[at + i]);

		if (value < 0)
			return NULL;
		values[i] = (guint8)value;
	}
	return weighted_sum(values) == 0 ? ref_write(prefix, values) : NULL;
}

char *ref_dup_compact(const char *ref)
{
	const char *hyphen = strchr(ref, '-');

	if (hyphen == NULL)
		return g_strdup(ref);
	return g_strdup_printf("%.*s%s", (int)(hyphen - ref), ref, hyphen + 1);
}
