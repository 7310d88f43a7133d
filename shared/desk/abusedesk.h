/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/abusedesk.h - machine-readable reports in departments open to anyone
 *
 * A report about somebody joins the case of its source and type, or opens one
 * with a ticket (RFC 5965, XARF); DMARC and TLS reports are filed without a
 * ticket. Customers whose services the source belongs to become suspects of
 * the ticket, which they neither see nor hear of. Runs inside the writer's
 * transaction, so a case is found and counted by one report at a time.
 * Private to intake.
 */
#ifndef PORTARIA_DESK_ABUSEDESK_H
#define PORTARIA_DESK_ABUSEDESK_H

#include "desk/intake_parts.h"
#include "desk/signed.h"

/* Whether the mail is one of these reports, for a department that takes them.
 * What staff send, and what answers a ticket by its address, is not. */
bool abusedesk_takes(const struct intake *in, enum signed_kind token);

/*
 * Evidence under a case (INTAKE_APPENDED, or INTAKE_CREATED for a new one), or
 * a filed report (INTAKE_FILED). A case takes reports for abuse.window_seconds
 * after its last one, until its ticket is closed; of a resolved ticket only
 * those about what happened before. Staff are told of the 1st, 10th, 100th ...
 */
bool abusedesk_store(const struct intake *in, struct intake_result *result,
                     GError **error) NODISCARD;

/* Suspects of an ordinary ticket that this mail has opened: whose addresses
 * and links stand in it (copyright and network notices). All derived. */
bool abusedesk_find_suspects(const struct intake *in, const char *ref,
                             GError **error) NODISCARD;

#endif
