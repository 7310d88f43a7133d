/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * lmtpd/command.h - the arguments of LMTP commands (RFC 5321 4.1.1, 3.3)
 *
 * Pure functions over one line without its end. Each returns NULL if all is
 * well, else the reply to give (static text), and then sets nothing (XFORWARD:
 * nothing behind the mistake).
 */
#ifndef PORTARIA_LMTPD_COMMAND_H
#define PORTARIA_LMTPD_COMMAND_H

#include <glib.h>
#include <stdbool.h>

/* MAIL FROM:<path> [SIZE=n] [BODY=7BIT|8BITMIME] [SMTPUTF8] */
struct command_mail {
	char *address; /* between the brackets, without a source route; "" is
			  the null sender */
	guint64 size;  /* 0: not announced */
	bool smtputf8;
};
void command_mail_clear(struct command_mail *mail);
const char *command_parse_mail(const char *args, struct command_mail *ret_mail);

/* RCPT TO:<path>; *ret_address owned by the caller, never "". */
const char *command_parse_rcpt(const char *args, char **ret_address);

/* XFORWARD attributes, decoded; NULL if not given or unavailable. Further
 * commands of the same transaction add to the struct. */
struct command_xforward {
	char *name;
	char *addr; /* without the "IPV6:" mark */
	char *proto;
	char *helo;
	char *source; /* LOCAL or REMOTE */
	char *ident;
};
void command_xforward_clear(struct command_xforward *xforward);
const char *command_parse_xforward(const char *args,
                                   struct command_xforward *xforward);

/* BDAT size [LAST] (RFC 3030). */
const char *command_parse_bdat(const char *args, guint64 *ret_size);

#endif
