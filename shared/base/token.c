/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * token.c - the key file, and keyed signatures over lists of strings
 *
 * The signed bytes are the purpose, then every part, each behind its length
 * in eight bytes. Keys are wiped when the ring is freed.
 */
#include "base/token.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/ids.h"

#define MAC_MIN        10
#define MAC_MAX        32
#define KID_MAX        16
#define KEY_BYTES_MIN  32
#define KEY_BYTES_MAX  256
#define KEYS_MAX       64
#define FILE_BYTES_MAX ((off_t)(64 * 1024))
#define BLANKS         " \t\r"

struct key {
	char *kid;
	guint8 *bytes;
	size_t len;
};

struct keyring {
	GPtrArray *keys; /* struct key; the first one signs */
};

static const char *const purpose_names[] = {
	[TOKEN_SEAL] = "portaria seal",
	[TOKEN_MESSAGE_ID] = "portaria message-id",
	[TOKEN_REPLY] = "portaria reply",
	[TOKEN_BOUNCE] = "portaria bounce",
	[TOKEN_CONFIRM] = "portaria confirm",
	[TOKEN_GRADE] = "portaria grade",
};
G_STATIC_ASSERT(G_N_ELEMENTS(purpose_names) == TOKEN_PURPOSE__COUNT);

static void key_free(void *data)
{
	struct key *key = data;

	explicit_bzero(key->bytes, key->len);
	g_free(key->bytes);
	g_free(key->kid);
	g_free(key);
}

static struct keyring *ring_empty(void)
{
	struct keyring *ring = g_new0(struct keyring, 1);

	ring->keys = g_ptr_array_new_with_free_func(key_free);
	return ring;
}

static void ring_add(struct keyring *ring, const char *kid, const void *bytes,
                     size_t len)
{
	struct key *key = g_new0(struct key, 1);

	key->kid = g_strdup(kid);
	key->bytes = g_memdup2(bytes, len);
	key->len = len;
	g_ptr_array_add(ring->keys, key);
}

static const struct key *ring_find(const struct keyring *ring, const char *kid)
{
	for (guint i = 0; i < ring->keys->len; i++) {
		const struct key *key = g_ptr_array_index(ring->keys, i);

		if (strcmp(key->kid, kid) == 0)
			return key;
	}
	return NULL;
}

struct keyring *keyring_new(const char *kid, const void *key, size_t len)
{
	struct keyring *ring = ring_empty();

	ring_add(ring, kid, key, len);
	return ring;
}

void keyring_free(struct keyring *ring)
{
	if (ring == NULL)
		return;
	g_ptr_array_unref(ring->keys);
	g_free(ring);
}

const char *keyring_get_current(const struct keyring *ring)
{
	const struct key *key = g_ptr_array_index(ring->keys, 0);

	return key->kid;
}

static bool kid_is_valid(const char *kid)
{
	size_t len = strlen(kid);

	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_isalnum(kid[i]))
			return false;
	}
	return len >= 1 && len <= KID_MAX;
}

/* Bytes of a text of hex digits, or -1 if it is something else or its length
 * does not make a key. */
static int hex_decode(const char *hex, guint8 bytes[static KEY_BYTES_MAX])
{
	size_t len = strlen(hex);

	if (len % 2 != 0 || len < KEY_BYTES_MIN * 2 || len > KEY_BYTES_MAX * 2)
		return -1;
	for (size_t i = 0; i < len; i += 2) {
		int high = g_ascii_xdigit_value(hex[i]);
		int low = g_ascii_xdigit_value(hex[i + 1]);

		if (high < 0 || low < 0)
			return -1;
		bytes[i / 2] = (guint8)(high << 4 | low);
	}
	return (int)(len / 2);
}

/* Reads "<kid> <hex>" and returns NULL, or says what is wrong. */
static const char *ring_add_line(struct keyring *ring, char *line)
{
	guint8 bytes[KEY_BYTES_MAX];
	char *hex = line + strcspn(line, BLANKS);
	int len;

	if (*hex != '\0')
		*hex++ = '\0';
	hex += strspn(hex, BLANKS);
	if (!kid_is_valid(line))
		return "the key's name is not 1 to 16 letters and digits";
	if (ring_find(ring, line) != NULL)
		return "a key of this name stands above";
	if (ring->keys->len == KEYS_MAX)
		return "too many keys";
	len = hex_decode(hex, bytes);
	if (len > 0)
		ring_add(ring, line, bytes, (size_t)len);
	explicit_bzero(bytes, sizeof(bytes));
	return len > 0 ? NULL
	               : "the key is not 64 to 512 hex digits, an even number";
}

/* Takes the text apart in place. */
static bool ring_add_text(struct keyring *ring, const char *path, char *text,
                          GError **error)
{
	char *next;
	unsigned number = 1;

	for (char *line = text; line != NULL; line = next, number++) {
		const char *wrong;

		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		line[strcspn(line, "#")] = '\0';
		line = g_strchomp(line + strspn(line, BLANKS));
		if (*line == '\0')
			continue;
		wrong = ring_add_line(ring, line);
		if (wrong != NULL) {
			g_set_error(error, PORTARIA_ERROR,
			            PORTARIA_ERROR_CONFIG, "%s:%u: %s", path,
			            number, wrong);
			return false;
		}
	}
	if (ring->keys->len == 0) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
		            "%s: there is no key in it", path);
		return false;
	}
	return true;
}

/* Refuses a file that is not ours alone to read. */
static bool file_check(int fd, const char *path, size_t *ret_size,
                       GError **error)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno, "%s",
		                path);
		return false;
	}
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_BYTES_MAX) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
		            "%s: not a key file", path);
		return false;
	}
	if ((st.st_mode & S_IRWXO) != 0) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_DENIED,
		            "%s: mode %04o lets everybody at the keys; "
		            "run: chmod o= %s",
		            path, (unsigned)st.st_mode & 07777, path);
		return false;
	}
	*ret_size = (size_t)st.st_size;
	return true;
}

static int open_error_code(int errnum)
{
	switch (errnum) {
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
		return PORTARIA_ERROR_CONFIG;
	case EACCES:
	case EPERM:
		return PORTARIA_ERROR_DENIED;
	default:
		return PORTARIA_ERROR_TEMPORARY;
	}
}

/* Fills buf[0..size) or up to the end of the file; the length, or -1. */
static ssize_t read_full(int fd, char *buf, size_t size)
{
	size_t got = 0;

	while (got < size) {
		ssize_t n = read(fd, buf + got, size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		got += (size_t)n;
	}
	return (ssize_t)got;
}

/* The whole file, to be wiped by the caller (*ret_size + 1 bytes). */
static char *file_read(int fd, const char *path, size_t *ret_size,
                       GError **error)
{
	size_t size;
	char *text;
	ssize_t got;

	if (!file_check(fd, path, &size, error))
		return NULL;
	text = g_malloc0(size + 1);
	got = read_full(fd, text, size);
	if (got < 0) {
		error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno, "%s",
		                path);
	} else if (strlen(text) != (size_t)got) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
		            "%s: not a text file", path);
	} else {
		*ret_size = size;
		return text;
	}
	explicit_bzero(text, size);
	g_free(text);
	return NULL;
}

struct keyring *keyring_load(const char *path, GError **error)
{
	AUTO(keyring) ring = NULL;
	char *text;
	size_t size;
	bool good;
	/* O_NONBLOCK: a FIFO must not hang the start; it is refused below. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0) {
		error_set_errno(error, open_error_code(errno), errno, "%s",
		                path);
		return NULL;
	}
	text = file_read(fd, path, &size, error);
	close(fd);
	if (text == NULL)
		return NULL;
	ring = ring_empty();
	good = ring_add_text(ring, path, text, error);
	explicit_bzero(text, size);
	g_free(text);
	return good ? g_steal_pointer(&ring) : NULL;
}

static bool write_full(int fd, const char *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, buf, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		buf += n;
		len -= (size_t)n;
	}
	return true;
}

/* Writes one line with a fresh key and a fresh name. */
static bool write_new_key(int fd)
{
	static const char hex[] = "0123456789abcdef";
	guint8 key[KEY_BYTES_MIN];
	char line[KEY_BYTES_MIN * 2 + 1];
	g_autofree char *kid = id_dup_random(5);
	g_autofree char *start = g_strdup_printf("k%s ", kid);
	bool good;

	random_fill(key, sizeof(key));
	for (size_t i = 0; i < sizeof(key); i++) {
		line[2 * i] = hex[key[i] >> 4];
		line[2 * i + 1] = hex[key[i] & 15];
	}
	line[sizeof(line) - 1] = '\n';
	good = write_full(fd, start, strlen(start)) &&
	       write_full(fd, line, sizeof(line));
	explicit_bzero(key, sizeof(key));
	explicit_bzero(line, sizeof(line));
	return good;
}

/* Makes the new directory entry survive a crash. */
static bool sync_parent(const char *path)
{
	g_autofree char *dir = g_path_get_dirname(path);
	int fd = open(dir, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
	bool good;

	if (fd < 0)
		return false;
	good = fsync(fd) == 0;
	close(fd);
	return good;
}

bool keyring_create_file(const char *path, GError **error)
{
	/* Nobody but the owner before the key is complete. */
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int errnum;

	if (fd < 0) {
		error_set_errno(error,
		                errno == EEXIST ? PORTARIA_ERROR_CONFLICT
		                                : open_error_code(errno),
		                errno, "%s", path);
		return false;
	}
	if (write_new_key(fd) && fchmod(fd, 0640) == 0 && fsync(fd) == 0 &&
	    sync_parent(path)) {
		close(fd);
		return true;
	}
	errnum = errno;
	close(fd);
	g_unlink(path);
	error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errnum, "%s", path);
	return false;
}

static void hash_part(GHmac *hmac, const char *part)
{
	guint64 len = strlen(part);
	guint64 prefix = GUINT64_TO_BE(len);

	g_hmac_update(hmac, (const guchar *)&prefix, sizeof(prefix));
	g_hmac_update(hmac, (const guchar *)part, (gssize)len);
}

static void mac_compute(const struct key *key, enum token_purpose purpose,
                        const char *const *parts, guint8 mac[static MAC_MAX])
{
	gsize len = MAC_MAX;
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA256, key->bytes, key->len);

	hash_part(hmac, purpose_names[purpose]);
	for (; *parts != NULL; parts++)
		hash_part(hmac, *parts);
	g_hmac_get_digest(hmac, mac, &len);
	g_hmac_unref(hmac);
}

char *token_sign(const struct keyring *ring, const char *kid,
                 enum token_purpose purpose, size_t bytes,
                 const char *const *parts)
{
	const struct key *key;
	guint8 mac[MAC_MAX];

	g_return_val_if_fail(bytes >= MAC_MIN && bytes <= MAC_MAX, NULL);
	key = ring_find(ring, kid != NULL ? kid : keyring_get_current(ring));
	if (key == NULL)
		return NULL;
	mac_compute(key, purpose, parts, mac);
	return base32_encode(mac, bytes);
}

static bool equal_in_constant_time(const guint8 *a, const guint8 *b, size_t len)
{
	volatile guint8 differs = 0;

	for (size_t i = 0; i < len; i++)
		differs = (guint8)(differs | (a[i] ^ b[i]));
	return differs == 0;
}

bool token_verify(const struct keyring *ring, const char *kid,
                  enum token_purpose purpose, size_t bytes,
                  const char *const *parts, const char *mac)
{
	g_autoptr(GBytes) given = NULL;
	bool good = false;

	g_return_val_if_fail(bytes >= MAC_MIN && bytes <= MAC_MAX, false);
	/* The length is no secret: anything else need not be decoded. */
	if (strlen(mac) != (bytes * 8 + 4) / 5)
		return false;
	given = base32_decode(mac, strlen(mac));
	if (given == NULL)
		return false;
	for (guint i = 0; i < ring->keys->len; i++) {
		const struct key *key = g_ptr_array_index(ring->keys, i);
		guint8 right[MAC_MAX];

		if (kid != NULL && strcmp(key->kid, kid) != 0)
			continue;
		mac_compute(key, purpose, parts, right);
		good |= equal_in_constant_time(
			right, g_bytes_get_data(given, NULL), bytes);
	}
	return good;
}
