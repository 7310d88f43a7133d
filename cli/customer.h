/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * customer.h - contacts and services, the parts of `portaria customer`
 */
#ifndef PORTARIA_CLI_CUSTOMER_H
#define PORTARIA_CLI_CUSTOMER_H

#include "cli/cli.h"
#include "store/customer.h"

/* By id, code or a contact's address; NULL and NOT_FOUND. */
struct customer *customer_find(struct store *store, const char *text,
			       GError **error) NODISCARD;

extern const GOptionEntry customer_edit_options[];
bool customer_edit_run(struct cli *cli, char **arguments, GError **error);
/* NULL and "" are fine; USAGE otherwise. */
bool customer_check_language(const char *text, GError **error) NODISCARD;

extern const GOptionEntry contact_options[];
extern const GOptionEntry service_options[];
/* arguments: CUSTOMER add|edit|list|clear|remove [ADDRESS|ID] */
bool contact_run(struct cli *cli, char **arguments, GError **error);
bool service_run(struct cli *cli, char **arguments, GError **error);

void contact_show(struct output *out, const struct contact *contact);
void service_show(struct output *out, const struct service *service);

#endif
