/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * desk/desk.h - what every rule needs: configuration, keys, templates
 *
 * Immutable after desk_new(), shared by all threads of a program.
 */
#ifndef PORTARIA_DESK_DESK_H
#define PORTARIA_DESK_DESK_H

#include "base/config.h"
#include "base/token.h"
#include "desk/texts.h"
#include "store/department.h"

struct desk;

/* Loads the key file and every text of every language, so that a wrong one
 * that is shipped stops the start; of the site's own ones complain
 * texts_complaints(). config is borrowed and must outlive the desk. */
struct desk *desk_new(const struct config *config, GError **error) NODISCARD;
void desk_free(struct desk *desk);
DEFINE_AUTO(desk)

const struct config *desk_get_config(const struct desk *desk);
const struct keyring *desk_get_keys(const struct desk *desk);
const struct texts *desk_get_texts(const struct desk *desk);
/* By the first language of the three that has it; borrowed, never NULL for a
 * name that the program knows. Empty or unknown languages are skipped. */
const struct template *desk_get_template(const struct desk *desk,
					 const char *name, const char *first,
					 const char *second);

#endif
