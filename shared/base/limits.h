/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * base/limits.h - every bound on what a peer may send, in one table
 *
 * Each row is a key of the [limits] section, a field of struct limits, its
 * default, the smallest and largest value an administrator may set, and one
 * line of help. Code that walks peer data checks one of these.
 */
#ifndef PORTARIA_BASE_LIMITS_H
#define PORTARIA_BASE_LIMITS_H

#include <glib.h>

#define KIB ((guint64)1024)
#define MIB (1024 * KIB)

/*      field             default   minimum  maximum   help */
#define LIMITS_TABLE(X)                                                        \
	X(message_bytes, 50 * MIB, 64 * KIB, 1024 * MIB, "size of a message")  \
	X(header_bytes, 256 * KIB, 8 * KIB, 16 * MIB,                          \
	  "size of one header block")                                          \
	X(headers, 1000, 50, 100000, "header fields in one block")             \
	X(header_field_bytes, 64 * KIB, 1 * KIB, 1 * MIB,                      \
	  "size of one header field")                                          \
	X(mime_depth, 32, 4, 200, "nesting of MIME parts")                     \
	X(mime_parts, 1000, 10, 20000, "MIME parts of a message")              \
	X(mime_parameters, 64, 8, 1000, "parameters of one MIME header")       \
	X(recipients, 100, 1, 1000, "recipients of one transaction")           \
	X(text_bytes, 1 * MIB, 16 * KIB, 16 * MIB, "text kept for reading")    \
	X(references, 100, 10, 1000, "Message-IDs looked up per message")      \
	X(addresses, 200, 10, 10000, "addresses kept of one header")           \
	X(dkim_signatures, 8, 1, 50, "DKIM signatures tried")                  \
	X(dns_lookups, 40, 10, 200, "DNS lookups for one message")             \
	X(sessions, 200, 1, 5000, "open sessions of one daemon")               \
	X(idle_seconds, 300, 10, 3600, "seconds a silent peer is kept")        \
	X(html_nodes, 200000, 1000, 2000000, "HTML elements read")             \
	X(command_line_bytes, 4096, 1024, 65536, "one LMTP command line")      \
	X(parser_memory, 512 * MIB, 64 * MIB, 8192 * MIB,                      \
	  "address space of the parser child")                                 \
	X(parser_seconds, 20, 1, 300, "processor time of the parser child")

struct limits {
#define LIMITS_FIELD(name, def, min, max, help) guint64 name;
	LIMITS_TABLE(LIMITS_FIELD)
#undef LIMITS_FIELD
};

/* Fills in the defaults. */
void limits_init(struct limits *limits);

#endif
