/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fakedns_answer.c - from a query packet to an answer packet
 *
 * Answers as a resolver would that clients forward to: recursion available,
 * CNAME followed inside the zone, an SOA under each negative answer. Class IN
 * only, no DNSSEC.
 */
#include "support/fakedns_answer.h"

#include <string.h>

#define HEADER_BYTES  12
#define NAME_MAX_WIRE 255
#define UDP_PLAIN     512
#define UDP_MOST      1232
#define PACKET_MOST   65535
#define CNAME_MOST    8
#define TYPE_OPT      41
#define CLASS_IN      1

enum {
	RCODE_OK = 0,
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
	RCODE_NOTIMP = 4,
	RCODE_REFUSED = 5
};

struct question {
	guint8 name[NAME_MAX_WIRE]; /* lower case */
	size_t name_len;
	guint16 type;
	size_t end; /* offset behind the question */
	bool edns;
	size_t room; /* bytes the client takes over UDP */
};

struct reply {
	GByteArray *packet;
	guint16 answers;
	guint16 authorities;
	unsigned rcode;
};

static guint16 get16(const guint8 *at)
{
	return (guint16)(at[0] << 8 | at[1]);
}

static void put16(GByteArray *packet, guint16 value)
{
	guint8 wire[2] = { (guint8)(value >> 8), (guint8)value };

	g_byte_array_append(packet, wire, 2);
}

static void put32(GByteArray *packet, guint32 value)
{
	put16(packet, (guint16)(value >> 16));
	put16(packet, (guint16)value);
}

static bool read_name(const guint8 *query, size_t len, size_t *at,
                      struct question *question)
{
	size_t used = 0;

	while (*at < len && query[*at] != 0) {
		size_t label = query[*at] + 1U;

		if (label > 64 || label > len - *at ||
		    used + label >= NAME_MAX_WIRE)
			return false;
		question->name[used] = query[*at];
		for (size_t i = 1; i < label; i++)
			question->name[used + i] =
				(guint8)g_ascii_tolower((gchar)query[*at + i]);
		used += label;
		*at += label;
	}
	question->name[used] = 0;
	question->name_len = used + 1;
	return (*at)++ < len;
}

/* One question, then perhaps OPT: what resolvers send. */
static bool read_question(const guint8 *query, size_t len,
                          struct question *question)
{
	size_t at = HEADER_BYTES;

	if (get16(query + 4) != 1 || !read_name(query, len, &at, question) ||
	    len - at < 4)
		return false;
	question->type = get16(query + at);
	question->end = at + 4;
	question->room = UDP_PLAIN;
	at = question->end;
	if (get16(query + 10) > 0 && len - at >= 11 && query[at] == 0 &&
	    get16(query + at + 1) == TYPE_OPT) {
		question->edns = true;
		question->room =
			CLAMP(get16(query + at + 3), UDP_PLAIN, UDP_MOST);
	}
	return get16(query + question->end - 2) == CLASS_IN;
}

static void put_record(struct reply *reply, const guint8 *owner,
                       size_t owner_len, const struct fakedns_record *record)
{
	g_byte_array_append(reply->packet, owner, (guint)owner_len);
	put16(reply->packet, record->type);
	put16(reply->packet, CLASS_IN);
	put32(reply->packet, record->ttl);
	put16(reply->packet, (guint16)record->rdata->len);
	g_byte_array_append(reply->packet, record->rdata->data,
	                    record->rdata->len);
}

/* Where an answer may be denied and no SOA is in the zone file. */
static void put_root_soa(struct reply *reply)
{
	static const guint8 names[] = "\007fakedns\0\007fakedns";
	static const guint32 numbers[] = { 1, 3600, 600, 86400, 60 };
	GByteArray *rdata = g_byte_array_new();
	struct fakedns_record soa = { FAKEDNS_SOA, 60, rdata };

	g_byte_array_append(rdata, names, sizeof(names));
	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
		put32(rdata, numbers[i]);
	put_record(reply, (const guint8 *)"", 1, &soa);
	g_byte_array_unref(rdata);
}

static void put_soa(const struct fakedns_zone *zone, struct reply *reply,
                    const guint8 *name, size_t len)
{
	size_t owner = 0;
	const struct fakedns_record *soa =
		fakedns_zone_find_soa(zone, name, len, &owner);

	if (soa != NULL)
		put_record(reply, name + owner, len - owner, soa);
	else
		put_root_soa(reply);
	reply->authorities = 1;
}

/* The records of a type; *ret_cname if there is just that. */
static bool put_records(struct reply *reply, const struct fakedns_node *node,
                        const guint8 *name, size_t len, guint16 type,
                        const struct fakedns_record **ret_cname)
{
	bool found = false;

	for (guint i = 0; i < node->records->len; i++) {
		const struct fakedns_record *record = node->records->pdata[i];
		bool cname = record->type == FAKEDNS_CNAME;

		if (record->type != type && type != FAKEDNS_ANY && !cname)
			continue;
		put_record(reply, name, len, record);
		reply->answers++;
		found = true;
		if (cname && type != FAKEDNS_CNAME)
			*ret_cname = record;
	}
	return found;
}

static void put_answer(const struct fakedns_zone *zone, struct reply *reply,
                       const guint8 *name, size_t len, guint16 type)
{
	for (int hop = 0; hop < CNAME_MOST; hop++) {
		const struct fakedns_node *node =
			fakedns_zone_find(zone, name, len);
		const struct fakedns_record *cname = NULL;

		if (node == NULL)
			reply->rcode = RCODE_NXDOMAIN;
		if (node == NULL ||
		    !put_records(reply, node, name, len, type, &cname)) {
			put_soa(zone, reply, name, len);
			return;
		}
		if (cname == NULL)
			return;
		name = cname->rdata->data;
		len = cname->rdata->len;
	}
	reply->rcode = RCODE_SERVFAIL;
}

static void put_opt(GByteArray *packet)
{
	static const guint8 opt[] = {
		0, 0, TYPE_OPT, UDP_MOST >> 8, UDP_MOST & 255, 0, 0, 0, 0, 0, 0
	};

	g_byte_array_append(packet, opt, sizeof(opt));
}

/* Drops everything behind the question and sets TC or an rcode. */
static void cut(struct reply *reply, const struct question *question,
                bool truncated, unsigned rcode)
{
	g_byte_array_set_size(reply->packet, (guint)question->end);
	reply->answers = reply->authorities = 0;
	reply->rcode = rcode;
	if (truncated)
		reply->packet->data[2] |= 0x02;
}

static void set_header(struct reply *reply, const guint8 *query, bool edns,
                       bool question)
{
	guint8 *header = reply->packet->data;

	header[2] = (guint8)(0x84 | (header[2] & 0x02) | (query[2] & 0x79));
	header[3] = (guint8)(0x80 | reply->rcode);
	memset(header + 4, 0, 8);
	header[5] = question ? 1 : 0;
	header[6] = (guint8)(reply->answers >> 8);
	header[7] = (guint8)reply->answers;
	header[9] = (guint8)reply->authorities;
	header[11] = edns ? 1 : 0;
}

static void fill(const struct fakedns_zone *zone, struct reply *reply,
                 const struct question *question, enum fakedns_verb verb,
                 bool tcp)
{
	size_t room = tcp ? PACKET_MOST : question->room;

	if (verb == FAKEDNS_SERVFAIL || verb == FAKEDNS_REFUSED) {
		reply->rcode = verb == FAKEDNS_REFUSED ? RCODE_REFUSED
		                                       : RCODE_SERVFAIL;
		return;
	}
	put_answer(zone, reply, question->name, question->name_len,
	           question->type);
	if (verb == FAKEDNS_TRUNCATE && !tcp)
		cut(reply, question, true, RCODE_OK);
	else if (reply->packet->len + 11 > room)
		cut(reply, question, !tcp, tcp ? RCODE_SERVFAIL : RCODE_OK);
}

static char *dup_line(const struct question *question, const char *what)
{
	GString *line = g_string_new(NULL);

	for (size_t at = 0; question->name[at] != 0;
	     at += question->name[at] + 1U) {
		for (size_t i = 1; i <= question->name[at]; i++) {
			guint8 byte = question->name[at + i];

			g_string_append_c(
				line, g_ascii_isgraph(byte) ? (char)byte : '?');
		}
		g_string_append_c(line, '.');
	}
	g_string_append_printf(line, " %u %s", question->type, what);
	return g_string_free(line, FALSE);
}

static GByteArray *refuse(const guint8 *query, unsigned rcode)
{
	struct reply reply = { g_byte_array_new(), 0, 0, rcode };

	g_byte_array_append(reply.packet, query, HEADER_BYTES);
	reply.packet->data[2] = 0;
	set_header(&reply, query, false, false);
	return reply.packet;
}

GByteArray *fakedns_answer(const struct fakedns_zone *zone, const guint8 *query,
                           size_t len, bool tcp, char **ret_line)
{
	struct reply reply = { NULL, 0, 0, RCODE_OK };
	const struct fakedns_node *node;
	struct question question = { 0 };
	enum fakedns_verb verb;
	g_autofree char *what = NULL;

	*ret_line = NULL;
	if (len < HEADER_BYTES || (query[2] & 0x80) != 0)
		return NULL;
	if ((query[2] & 0x78) != 0)
		return refuse(query, RCODE_NOTIMP);
	if (!read_question(query, len, &question))
		return refuse(query, RCODE_FORMERR);
	node = fakedns_zone_find(zone, question.name, question.name_len);
	verb = node != NULL ? fakedns_node_get_verb(node, question.type)
	                    : FAKEDNS_ANSWER;
	if (verb == FAKEDNS_TIMEOUT) {
		*ret_line = dup_line(&question, "silence");
		return NULL;
	}
	reply.packet = g_byte_array_new();
	g_byte_array_append(reply.packet, query, (guint)question.end);
	reply.packet->data[2] = 0;
	fill(zone, &reply, &question, verb, tcp);
	if (question.edns)
		put_opt(reply.packet);
	set_header(&reply, query, question.edns, true);
	what = g_strdup_printf("%s rcode=%u answers=%u%s", tcp ? "tcp" : "udp",
	                       reply.rcode, reply.answers,
	                       reply.packet->data[2] & 0x02 ? " truncated"
	                                                    : "");
	*ret_line = dup_line(&question, what);
	return reply.packet;
}
