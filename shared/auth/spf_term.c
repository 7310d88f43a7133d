/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spf_term.c - the mechanisms a, mx and exists, through libspf2
 *
 * Its resolver layer is ours (lookup below); nothing it could print, fetch
 * or explain is used. It aborts if a layer answers NULL, which happens to us
 * only where GLib aborts as well: without memory.
 */
#include "auth/spf_term.h"

#include <arpa/inet.h>
#include <spf2/spf.h>
#include <stdlib.h>
#include <string.h>

/* A name is one literal to libspf2, far from the end of its buffers. */
G_STATIC_ASSERT(DNS_NAME_MAX <= SPF_MAX_STR_LEN);

struct spf_term_engine {
	struct resolver *resolver;
	struct dns_budget *budget;
	int family;
	SPF_dns_server_t layer; /* layer.hook is the engine */
	SPF_server_t *server;
	SPF_request_t *request;

	/* Of the term being matched. */
	bool first; /* the term's own name is asked for, not a host */
	unsigned voids;
	unsigned hosts; /* names that an mx gave */
	bool found;     /* an address of the client's family, or any A */
	bool failed;
	bool no_budget;
	char *why;
};

static const struct {
	const char *name;
	bool prefixes;
} kinds[] = {
	[SPF_TERM_A] = { "a", true },
	[SPF_TERM_MX] = { "mx", true },
	[SPF_TERM_EXISTS] = { "exists", false },
};

/* ---- the resolver layer ---- */

static SPF_dns_rr_t *rr_new(struct spf_term_engine *engine, const char *name,
                            ns_type type, int herrno)
{
	return SPF_dns_rr_new_init(&engine->layer, name, type, 0, herrno);
}

/* Makes room for one more record of `len` bytes; NULL if there is none. */
static SPF_dns_rr_data_t *rr_add(SPF_dns_rr_t *rr, size_t len)
{
	if (rr == NULL ||
	    SPF_dns_rr_buf_realloc(rr, rr->num_rr, len) != SPF_E_SUCCESS)
		return NULL;
	return rr->rr[rr->num_rr++];
}

static void add_addresses(struct spf_term_engine *engine, SPF_dns_rr_t *rr,
                          const struct dns_answer *answer, size_t want)
{
	for (guint i = 0; i < answer->rdata->len; i++) {
		size_t len;
		const void *data =
			g_bytes_get_data(answer->rdata->pdata[i], &len);
		SPF_dns_rr_data_t *slot;

		if (len != want)
			continue;
		slot = rr_add(rr, want);
		if (slot == NULL)
			return;
		memcpy(slot, data, want);
		engine->found = true;
	}
}

struct host {
	guint preference;
	char *name;
};

static void host_free(void *data)
{
	struct host *host = data;

	g_free(host->name);
	g_free(host);
}

static int host_compare(const void *a, const void *b)
{
	const struct host *x = *(const struct host *const *)a;
	const struct host *y = *(const struct host *const *)b;

	if (x->preference != y->preference)
		return x->preference < y->preference ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* Sorted, so that which hosts are looked at does not depend on the order in
 * which a server sends them. */
static GPtrArray *read_hosts(const struct dns_answer *answer)
{
	GPtrArray *hosts = g_ptr_array_new_with_free_func(host_free);

	for (guint i = 0; i < answer->rdata->len; i++) {
		size_t len;
		const guint8 *data =
			g_bytes_get_data(answer->rdata->pdata[i], &len);
		char *name =
			len > 2 ? dns_name_from_wire(data + 2, len - 2) : NULL;
		struct host *host;

		if (name == NULL || !dns_name_is_safe(name)) {
			g_free(name);
			continue;
		}
		host = g_new0(struct host, 1);
		host->preference = (guint)data[0] << 8 | data[1];
		host->name = name;
		g_ptr_array_add(hosts, host);
	}
	g_ptr_array_sort(hosts, host_compare);
	return hosts;
}

/* One host more than libspf2 looks at tells it that there were too many. */
static void add_hosts(struct spf_term_engine *engine, SPF_dns_rr_t *rr,
                      const struct dns_answer *answer)
{
	g_autoptr(GPtrArray) hosts = read_hosts(answer);

	engine->hosts = hosts->len;
	for (guint i = 0; i < MIN(hosts->len, SPF_HOSTS_MAX + 1); i++) {
		const struct host *host = hosts->pdata[i];
		size_t size = strlen(host->name) + 1;
		SPF_dns_rr_data_t *slot = rr_add(rr, size);

		if (slot == NULL)
			return;
		memcpy(slot, host->name, size);
	}
}

static SPF_dns_rr_t *rr_from_answer(struct spf_term_engine *engine,
                                    const char *name, ns_type type,
                                    const struct dns_answer *answer)
{
	SPF_dns_rr_t *rr;

	if (answer->status == DNS_FAILED)
		return rr_new(engine, name, type, TRY_AGAIN);
	if (answer->status != DNS_FOUND)
		return rr_new(engine, name, type,
		              answer->status == DNS_NO_NAME ? HOST_NOT_FOUND
		                                            : NO_DATA);
	rr = rr_new(engine, name, type, NETDB_SUCCESS);
	if (type == ns_t_mx)
		add_hosts(engine, rr, answer);
	else
		add_addresses(engine, rr, answer, type == ns_t_a ? 4 : 16);
	return rr;
}

static void note_answer(struct spf_term_engine *engine,
                        const struct dns_answer *answer)
{
	if (answer->status == DNS_NO_NAME ||
	    (answer->status == DNS_NO_DATA && engine->first))
		engine->voids++;
	if (answer->status == DNS_FAILED) {
		engine->failed = true;
		g_free(engine->why);
		engine->why = g_strdup(answer->why);
	}
	engine->first = false;
}

static SPF_dns_rr_t *lookup(SPF_dns_server_t *layer, const char *name,
                            ns_type type, int should_cache)
{
	struct spf_term_engine *engine = layer->hook;
	struct dns_answer *answer;
	SPF_dns_rr_t *rr;

	(void)should_cache;
	if (type != ns_t_a && type != ns_t_aaaa && type != ns_t_mx)
		return rr_new(engine, name, type, HOST_NOT_FOUND);
	if (engine->budget->lookups_left == 0)
		engine->no_budget = true;
	answer = resolver_lookup(engine->resolver, engine->budget, name,
	                         (enum dns_type)type);
	note_answer(engine, answer);
	rr = rr_from_answer(engine, name, type, answer);
	dns_answer_unref(answer);
	return rr;
}

/* The sender's explanation is never wanted. */
static SPF_errcode_t no_explanation(SPF_server_t *server, const char *domain,
                                    char **buf, size_t *len)
{
	(void)server;
	(void)domain;
	(void)buf;
	(void)len;
	return SPF_E_SUCCESS;
}

/* ---- one term ---- */

/*
 * Not SPF_server_new_dns(), which aborts on a host whose name has 64
 * characters and compiles texts for replies that are never sent.
 */
static SPF_server_t *server_new(SPF_dns_server_t *layer)
{
	SPF_server_t *server = calloc(1, sizeof(*server));
	SPF_response_t *response = NULL;

	if (server == NULL)
		return NULL;
	server->resolver = layer;
	server->max_dns_mech = SPF_MAX_DNS_MECH;
	server->max_dns_ptr = SPF_MAX_DNS_PTR;
	server->max_dns_mx = SPF_HOSTS_MAX;
	SPF_server_set_rec_dom(server, "localhost");
	SPF_server_set_explanation(server, "none", &response);
	if (response != NULL)
		SPF_response_free(response);
	return server;
}

static SPF_request_t *request_new(const struct spf_term_engine *engine,
                                  const void *address)
{
	SPF_request_t *request = SPF_request_new(engine->server);
	struct in6_addr ipv6;
	struct in_addr ipv4;

	if (request == NULL)
		return NULL;
	if (engine->family == AF_INET) {
		memcpy(&ipv4, address, sizeof(ipv4));
		SPF_request_set_ipv4(request, ipv4);
	} else {
		memcpy(&ipv6, address, sizeof(ipv6));
		SPF_request_set_ipv6(request, ipv6);
	}
	/* Only for its comments, which nobody reads. */
	SPF_request_set_env_from(request, "postmaster@localhost");
	SPF_request_set_helo_dom(request, "localhost");
	request->cur_dom = "localhost";
	return request;
}

struct spf_term_engine *spf_term_engine_new(struct resolver *resolver,
                                            struct dns_budget *budget,
                                            int family, const void *address)
{
	struct spf_term_engine *engine = g_new0(struct spf_term_engine, 1);

	engine->resolver = resolver;
	engine->budget = budget;
	engine->family = family;
	engine->layer.name = "portaria";
	engine->layer.lookup = lookup;
	engine->layer.get_exp = no_explanation;
	engine->layer.hook = engine;
	engine->server = server_new(&engine->layer);
	if (engine->server != NULL)
		engine->request = request_new(engine, address);
	return engine;
}

void spf_term_engine_free(struct spf_term_engine *engine)
{
	if (engine == NULL)
		return;
	if (engine->request != NULL)
		SPF_request_free(engine->request);
	if (engine->server != NULL)
		SPF_server_free(engine->server);
	g_free(engine->why);
	g_free(engine);
}

const char *spf_term_engine_get_why(const struct spf_term_engine *engine)
{
	return engine->why != NULL ? engine->why : "";
}

/* A record of this one term. Both prefix lengths are always there: a name
 * ending in "/24" cannot pass for one. */
static char *dup_record(const struct spf_term_engine *engine,
                        const struct spf_term_query *query)
{
	GString *record = g_string_new("v=spf1 +");
	unsigned prefix = query->prefix;

	g_string_append_printf(record, "%s:", kinds[query->kind].name);
	for (const char *at = query->name; *at != '\0'; at++) {
		if (*at == '%')
			g_string_append(record, "%%");
		else if (*at == ' ')
			g_string_append(record, "%_");
		else
			g_string_append_c(record, *at);
	}
	if (kinds[query->kind].prefixes) {
		bool ipv4 = engine->family == AF_INET;

		if (prefix == 0)
			prefix = ipv4 ? 32 : 128;
		g_string_append_printf(record, "/%u//%u", ipv4 ? prefix : 32,
		                       ipv4 ? 128 : prefix);
	}
	return g_string_free(record, FALSE);
}

static SPF_result_t interpret(struct spf_term_engine *engine, const char *text)
{
	SPF_response_t *response = SPF_response_new(engine->request);
	SPF_result_t result = SPF_RESULT_INVALID;
	SPF_record_t *record = NULL;

	if (response == NULL)
		return result;
	if (SPF_record_compile(engine->server, response, &record, text) ==
	    SPF_E_SUCCESS) {
		response->spf_record_exp = record;
		SPF_record_interpret(record, engine->request, response, 1);
		result = SPF_response_result(response);
		response->spf_record_exp = NULL;
	}
	if (record != NULL)
		SPF_record_free(record);
	SPF_response_free(response);
	return result;
}

enum spf_term_result spf_term_match(struct spf_term_engine *engine,
                                    const struct spf_term_query *query,
                                    unsigned *ret_void)
{
	g_autofree char *record = dup_record(engine, query);
	/* With /0 any address of the family will do. */
	bool any = kinds[query->kind].prefixes && query->prefix == 0;
	SPF_result_t result;

	if (engine->request == NULL)
		return SPF_TERM_BROKEN;
	engine->first = true;
	engine->found = engine->failed = engine->no_budget = false;
	engine->voids = engine->hosts = 0;
	result = interpret(engine, record);
	*ret_void = engine->voids;
	if (result == SPF_RESULT_PASS || (any && engine->found))
		return SPF_TERM_MATCH;
	if (engine->no_budget)
		return SPF_TERM_NO_BUDGET;
	if (engine->failed)
		return SPF_TERM_DNS_FAILED;
	if (engine->hosts > SPF_HOSTS_MAX)
		return SPF_TERM_TOO_MANY_HOSTS;
	return result == SPF_RESULT_NEUTRAL ? SPF_TERM_NO_MATCH
	                                    : SPF_TERM_BROKEN;
}
