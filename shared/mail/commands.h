/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mail/commands.h - lines in a body that mean something
 *
 * Customers: "Prioridade: alta", "Servico: dominio.com.br" as the first
 * lines (pt, en, es; mail_parse() fills struct mail_fields and removes them
 * from the text). Staff: lines of their own, "#fechar", "#nota",
 * "#prioridade alta", English and Spanish too.
 */
#ifndef PORTARIA_MAIL_COMMANDS_H
#define PORTARIA_MAIL_COMMANDS_H

#include "mail/mail.h"

enum command_kind {
	COMMAND_STATUS,   /* argument: canonical status word */
	COMMAND_NOTE,     /* the whole message is an internal note */
	COMMAND_PRIORITY, /* argument: low, medium, high */
	COMMAND_ASSIGN,   /* argument: login or address, "" = myself */
	COMMAND_DEPARTMENT, /* argument: its name or title */
	COMMAND_COPY,     /* argument: addresses, separated by , ; or blank */
	COMMAND__COUNT
};

struct command {
	enum command_kind kind;
	char *argument; /* "" if none */
	char *line;     /* as it was written */
};

/*
 * Reads and removes command lines from staff text, wherever they stand.
 * *ret_text: the rest. *ret_unknown (NULL-terminated): lines that were meant
 * as commands and are none; they stay in the text. That is each "#word" line
 * above the first line of another kind, a "#word" alone on its line, and a
 * command's word with an argument that it cannot have. The array owns struct
 * command.
 */
GPtrArray *commands_take(const char *text, char **ret_text,
			 char ***ret_unknown);

/* Customer fields at the head of a text; *ret_text is the rest. */
void fields_take(const char *text, struct mail_fields *ret_fields,
		 char **ret_text);
void mail_fields_clear(struct mail_fields *fields);

#endif
