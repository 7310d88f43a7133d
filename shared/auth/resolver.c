/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * resolver.c - DNS with honest answers
 *
 * Equal questions asked at the same moment share one query. A waiter that
 * gives up leaves the query running: its answer still reaches the cache, for
 * the sender's next attempt, and ub_cancel() with its races is not needed.
 * libunbound ends every query in the end; how many run is bounded. Lock
 * order: resolver.lock, then what libunbound locks inside.
 */
#include "auth/resolver.h"

#include "auth/resolver_cache.h"
#include "auth/resolver_setup.h"
#include "base/clock.h"
#include "base/error.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unbound.h>
#include <unistd.h>

#define PENDING_MAX    2048 /* queries running inside libunbound */
#define TRACE_RECORDS  4    /* shown of one answer */
#define TRACE_TEXT_MAX 300  /* characters of a TXT shown */
#define CLASS_IN       1

struct query {
	gint refs; /* one for resolver.pending, one for each waiter */
	struct resolver *resolver;
	struct dns_key key; /* key.name points to name */
	char name[DNS_NAME_MAX + 1];
	struct dns_answer *answer; /* under resolver.lock */
	GCond answered;
};

struct resolver {
	struct ub_ctx *ctx;
	struct dns_cache *cache;
	gint64 timeout;
	GThread *pump;
	int stop_fd; /* eventfd that ends the pump */

	GMutex lock;
	GHashTable *pending; /* &query->key -> query */
	unsigned waiting;    /* threads inside resolve() */
	bool stopping;
	GCond idle; /* waiting became 0 */
};

static struct dns_answer *failed(const char *why)
{
	return dns_answer_new(DNS_FAILED, 0, why);
}

/* ---- queries ---- */

static struct query *query_new(struct resolver *resolver,
                               const struct dns_key *key)
{
	struct query *query = g_new0(struct query, 1);

	query->refs = 1;
	query->resolver = resolver;
	memcpy(query->name, key->name, key->len);
	query->key = *key;
	query->key.name = query->name;
	g_cond_init(&query->answered);
	return query;
}

static void query_unref(void *data)
{
	struct query *query = data;

	if (!g_atomic_int_dec_and_test(&query->refs))
		return;
	dns_answer_unref(query->answer);
	g_cond_clear(&query->answered);
	g_free(query);
}

/* Hands the answer (whose reference it takes) to cache and waiters. */
static void query_complete(struct query *query, struct dns_answer *answer)
{
	struct resolver *resolver = query->resolver;

	dns_cache_put(resolver->cache, &query->key, answer, clock_monotonic(),
	              true);
	g_mutex_lock(&resolver->lock);
	query->answer = answer;
	g_cond_broadcast(&query->answered);
	g_hash_table_remove(resolver->pending, &query->key);
	g_mutex_unlock(&resolver->lock);
}

static struct dns_answer *answer_from_result(const struct ub_result *result)
{
	guint32 ttl = result->ttl > 0 ? (guint32)result->ttl : 0;
	struct dns_answer *answer;

	if (result->bogus) {
		g_autofree char *why = g_strdup_printf(
			"DNSSEC: %s", result->why_bogus != NULL
					      ? result->why_bogus
					      : "validation failed");
		return failed(why);
	}
	if (result->nxdomain)
		answer = dns_answer_new(DNS_NO_NAME, ttl, NULL);
	else if (result->rcode != 0)
		return failed("the name servers gave no proper answer");
	else if (!result->havedata || result->data == NULL)
		answer = dns_answer_new(DNS_NO_DATA, ttl, NULL);
	else
		answer = dns_answer_new(DNS_FOUND, ttl, NULL);
	for (int i = 0; answer->status == DNS_FOUND && result->data[i]; i++)
		dns_answer_add(answer, result->data[i], (size_t)result->len[i]);
	answer->secure = result->secure;
	return answer;
}

/* From the pump thread. */
static void on_result(void *data, int err, struct ub_result *result)
{
	struct query *query = data;

	if (err != 0 || result == NULL)
		query_complete(query, failed(ub_strerror(err)));
	else
		query_complete(query, answer_from_result(result));
	ub_resolve_free(result);
}

/* The name as libunbound reads it: "\" and what is no graphic character
 * become \DDD, so that every byte means itself. */
static char *escape_name(const struct dns_key *key)
{
	GString *text = g_string_sized_new(key->len + 1U);

	for (size_t i = 0; i < key->len; i++) {
		if (key->name[i] == '\\' || !g_ascii_isgraph(key->name[i]))
			g_string_append_printf(text, "\\%03u",
			                       (unsigned)(guint8)key->name[i]);
		else
			g_string_append_c(text, key->name[i]);
	}
	g_string_append_c(text, '.');
	return g_string_free(text, FALSE);
}

static void query_submit(struct query *query)
{
	g_autofree char *name = escape_name(&query->key);
	int rc;

	rc = ub_resolve_async(query->resolver->ctx, name, query->key.type,
	                      CLASS_IN, query, on_result, NULL);
	if (rc != 0)
		query_complete(query, failed(ub_strerror(rc)));
}

/* The running query for key, or a new one; *ret_fresh says which. NULL if
 * there is no room. The reference is the waiter's. Under the lock. */
static struct query *query_join(struct resolver *resolver,
                                const struct dns_key *key, bool *ret_fresh)
{
	struct query *query = g_hash_table_lookup(resolver->pending, key);

	*ret_fresh = false;
	if (query == NULL) {
		if (g_hash_table_size(resolver->pending) >= PENDING_MAX)
			return NULL;
		query = query_new(resolver, key);
		g_hash_table_insert(resolver->pending, &query->key, query);
		*ret_fresh = true;
	}
	g_atomic_int_inc(&query->refs);
	return query;
}

/* Under the lock. own_timeout: silence is the name servers' fault and worth
 * remembering, not just the message's budget. */
static struct dns_answer *query_wait(struct query *query, gint64 until,
                                     bool own_timeout)
{
	struct resolver *resolver = query->resolver;
	struct dns_answer *answer;

	while (query->answer == NULL && !resolver->stopping)
		if (!g_cond_wait_until(&query->answered, &resolver->lock,
		                       until * 1000))
			break;
	if (query->answer != NULL)
		return dns_answer_ref(query->answer);
	if (resolver->stopping)
		return failed("the resolver is shutting down");
	if (!own_timeout)
		return failed("the time for this message is spent");
	answer = failed("no answer in time");
	dns_cache_put(resolver->cache, &query->key, answer, clock_monotonic(),
	              false);
	return answer;
}

static struct dns_answer *resolve_locked(struct resolver *resolver,
                                         const struct dns_key *key,
                                         gint64 deadline, gint64 now)
{
	gint64 until = MIN(deadline, now + resolver->timeout);
	struct dns_answer *answer;
	struct query *query;
	bool fresh;

	if (resolver->stopping)
		return failed("the resolver is shutting down");
	query = query_join(resolver, key, &fresh);
	if (query == NULL)
		return failed("too many lookups at once");
	if (fresh) {
		g_mutex_unlock(&resolver->lock);
		query_submit(query);
		g_mutex_lock(&resolver->lock);
	}
	answer = query_wait(query, until, until < deadline);
	query_unref(query);
	return answer;
}

static struct dns_answer *resolve(struct resolver *resolver,
                                  const struct dns_key *key, gint64 deadline,
                                  gint64 now)
{
	struct dns_answer *answer;

	if (deadline <= now)
		return failed("the time for this message is spent");
	g_mutex_lock(&resolver->lock);
	resolver->waiting++;
	answer = resolve_locked(resolver, key, deadline, now);
	if (--resolver->waiting == 0)
		g_cond_signal(&resolver->idle);
	g_mutex_unlock(&resolver->lock);
	return answer;
}

/* ---- trace ---- */

static void append_txt(GString *line, GBytes *rdata)
{
	size_t len;
	g_autofree char *text = dns_txt_join(rdata, &len);

	g_string_append_c(line, '"');
	for (size_t i = 0; i < MIN(len, TRACE_TEXT_MAX); i++)
		g_string_append_c(line,
		                  g_ascii_isprint(text[i]) ? text[i] : '?');
	g_string_append(line, len > TRACE_TEXT_MAX ? "...\"" : "\"");
}

static void append_rdata(GString *line, int type, GBytes *rdata)
{
	size_t len, skip = type == DNS_TYPE_MX ? 2 : 0;
	const guint8 *data = g_bytes_get_data(rdata, &len);
	char address[INET6_ADDRSTRLEN];
	g_autofree char *name = NULL;

	g_string_append_c(line, ' ');
	if (type == DNS_TYPE_TXT) {
		append_txt(line, rdata);
	} else if (type == DNS_TYPE_A && len == 4) {
		g_string_append(line, inet_ntop(AF_INET, data, address,
		                                sizeof(address)));
	} else if (type == DNS_TYPE_AAAA && len == 16) {
		g_string_append(line, inet_ntop(AF_INET6, data, address,
		                                sizeof(address)));
	} else if (len > skip &&
	           (name = dns_name_from_wire(data + skip, len - skip))) {
		g_string_append(line, name[0] != '\0' ? name : ".");
	} else {
		g_string_append(line, "(unreadable)");
	}
}

static void trace(const struct dns_budget *budget, const char *name,
                  enum dns_type type, const struct dns_answer *answer)
{
	GString *line;

	if (budget == NULL || budget->trace == NULL)
		return;
	line = g_string_new(NULL);
	for (; *name != '\0' && line->len <= DNS_NAME_MAX; name++)
		g_string_append_c(line, g_ascii_isgraph(*name) ? *name : '?');
	g_string_append_printf(line, " %s %s", dns_type_name(type),
	                       dns_status_name(answer->status));
	if (answer->why != NULL)
		g_string_append_printf(line, " (%s)", answer->why);
	if (answer->secure)
		g_string_append(line, " secure");
	for (guint i = 0; i < MIN(answer->rdata->len, TRACE_RECORDS); i++)
		append_rdata(line, (int)type, answer->rdata->pdata[i]);
	if (answer->rdata->len > TRACE_RECORDS)
		g_string_append_printf(line, " and %u more",
		                       answer->rdata->len - TRACE_RECORDS);
	g_ptr_array_add(budget->trace, g_string_free(line, FALSE));
}

/* ---- lookups ---- */

static bool take_lookup(struct dns_budget *budget)
{
	if (budget == NULL)
		return true;
	if (budget->lookups_left == 0)
		return false;
	budget->lookups_left--;
	return true;
}

struct dns_answer *resolver_lookup(struct resolver *resolver,
                                   struct dns_budget *budget, const char *name,
                                   enum dns_type type)
{
	gint64 now = clock_monotonic();
	struct dns_answer *answer;
	char buf[DNS_NAME_MAX + 1];
	struct dns_key key;

	if (!take_lookup(budget)) {
		answer = failed("too many lookups for one message");
	} else if (!dns_key_init(&key, buf, name, type)) {
		answer = dns_answer_new(DNS_NO_NAME, 0, NULL);
	} else {
		answer = dns_cache_get(resolver->cache, &key, now);
		if (answer == NULL)
			answer = resolve(resolver, &key,
			                 budget != NULL ? budget->deadline
			                                : G_MAXINT64,
			                 now);
	}
	trace(budget, name, type, answer);
	return answer;
}

void resolver_put_for_test(struct resolver *resolver, const char *name,
                           enum dns_type type, struct dns_answer *answer)
{
	char buf[DNS_NAME_MAX + 1];
	struct dns_key key;

	if (dns_key_init(&key, buf, name, type))
		dns_cache_put(resolver->cache, &key, answer, clock_monotonic(),
		              true);
}

/* ---- life ---- */

static void *pump(void *data)
{
	struct resolver *resolver = data;
	struct pollfd fds[2] = {
		{ .fd = ub_fd(resolver->ctx), .events = POLLIN },
		{ .fd = resolver->stop_fd, .events = POLLIN },
	};

	while (fds[1].revents == 0) {
		if (poll(fds, G_N_ELEMENTS(fds), -1) < 0)
			continue;
		if (fds[0].revents != 0)
			ub_process(resolver->ctx);
	}
	return NULL;
}

static bool start(struct resolver *resolver, GError **error)
{
	resolver->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (resolver->stop_fd < 0) {
		error_set_errno(error, PORTARIA_ERROR_TEMPORARY, errno,
		                "eventfd");
		return false;
	}
	resolver->pump = g_thread_try_new("dns", pump, resolver, error);
	return resolver->pump != NULL;
}

struct resolver *resolver_new(const struct config_dns *config, GError **error)
{
	AUTO(resolver) resolver = g_new0(struct resolver, 1);

	g_mutex_init(&resolver->lock);
	g_cond_init(&resolver->idle);
	resolver->stop_fd = -1;
	resolver->timeout = (gint64)config->timeout_ms;
	resolver->cache = dns_cache_new(config->cache_entries);
	resolver->pending = g_hash_table_new_full(dns_key_hash, dns_key_equal,
	                                          NULL, query_unref);
	resolver->ctx = ub_ctx_create();
	if (resolver->ctx == NULL) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_TEMPORARY,
		            "libunbound gives no context");
		return NULL;
	}
	if (!resolver_setup(resolver->ctx, config, error) ||
	    !start(resolver, error))
		return NULL;
	return g_steal_pointer(&resolver);
}

/* Wakes everybody who waits and lets them leave. */
static void drain(struct resolver *resolver)
{
	GHashTableIter iter;
	void *value;

	g_mutex_lock(&resolver->lock);
	resolver->stopping = true;
	g_hash_table_iter_init(&iter, resolver->pending);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		g_cond_broadcast(&((struct query *)value)->answered);
	while (resolver->waiting > 0)
		g_cond_wait(&resolver->idle, &resolver->lock);
	g_mutex_unlock(&resolver->lock);
}

void resolver_free(struct resolver *resolver)
{
	if (resolver == NULL)
		return;
	drain(resolver);
	if (resolver->pump != NULL) {
		eventfd_write(resolver->stop_fd, 1);
		g_thread_join(resolver->pump);
	}
	/* Kills what still runs; no callback comes after this. */
	ub_ctx_delete(resolver->ctx);
	if (resolver->stop_fd >= 0)
		close(resolver->stop_fd);
	g_hash_table_unref(resolver->pending);
	dns_cache_free(resolver->cache);
	g_cond_clear(&resolver->idle);
	g_mutex_clear(&resolver->lock);
	g_free(resolver);
}
