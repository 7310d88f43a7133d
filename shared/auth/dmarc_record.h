/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auth/dmarc_record.h - one DMARC policy record (RFC 9989 4.7)
 *
 * Private to DMARC. Unknown tags and tags with bad values are passed over,
 * except where the RFC wants otherwise (p, sp, np).
 */
#ifndef PORTARIA_AUTH_DMARC_RECORD_H
#define PORTARIA_AUTH_DMARC_RECORD_H

#include "auth/dmarc.h"

enum dmarc_psd { DMARC_PSD_UNKNOWN, DMARC_PSD_YES, DMARC_PSD_NO };

struct dmarc_record {
	bool usable; /* names a policy: p is valid, or rua stands in for it */
	enum dmarc_policy p;
	enum dmarc_policy sp; /* p without the tag */
	enum dmarc_policy np; /* sp without the tag */
	bool has_np;
	enum dmarc_psd psd;
	bool strict_dkim;
	bool strict_spf;
	bool testing; /* t=y */
};

/* False if the text is no DMARC record (does not start with v=DMARC1). */
bool dmarc_record_parse(const char *text, size_t len,
                        struct dmarc_record *ret_record);

#endif
