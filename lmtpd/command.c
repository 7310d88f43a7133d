/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * command.c - the arguments of LMTP commands
 *
 * Paths are taken as they stand between their brackets, quoting seen: what
 * is an address and what is not is decided where it is used, since refusing
 * a sender for its looks would make the MTA bounce the mail.
 */
#include "lmtpd/command.h"

#include <string.h>

#define SYNTAX_MAIL     "501 5.5.4 Syntax: MAIL FROM:<address>"
#define SYNTAX_RCPT     "501 5.5.4 Syntax: RCPT TO:<address>"
#define SYNTAX_PARAM    "501 5.5.4 Bad parameter value"
#define SYNTAX_XFORWARD "501 5.5.4 Syntax: XFORWARD attribute=value ..."
#define SYNTAX_BDAT     "501 5.5.4 Syntax: BDAT size [LAST]"
#define UNKNOWN_PARAM   "555 5.5.4 Parameter not supported"
#define BAD_RECIPIENT   "501 5.1.3 Bad recipient address"

void command_mail_clear(struct command_mail *mail)
{
	g_free(mail->address);
	*mail = (struct command_mail){ 0 };
}

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

/* The ">" that ends a path, not one inside quotes; NULL if none. */
static const char *path_end(const char *at)
{
	bool quoted = false;

	for (; *at != '\0'; at++) {
		if (*at == '\\' && at[1] != '\0')
			at++;
		else if (*at == '"')
			quoted = !quoted;
		else if (*at == '>' && !quoted)
			return at;
	}
	return NULL;
}

/* Behind an obsolete source route "@a,@b:" (RFC 5321 4.1.1.3), which is to be
 * ignored. */
static const char *skip_route(const char *at, const char *end)
{
	const char *colon;

	if (*at != '@')
		return at;
	colon = memchr(at, ':', (size_t)(end - at));
	return colon != NULL ? colon + 1 : at;
}

/* keyword ":" "<" path ">" and a blank or the end; *ret_rest stands on the
 * parameters. */
static bool parse_path(const char *args, const char *keyword, char **ret_path,
                       const char **ret_rest)
{
	size_t len = strlen(keyword);
	const char *end;
	const char *start;

	if (g_ascii_strncasecmp(args, keyword, len) != 0)
		return false;
	args = skip_blanks(args + len);
	if (*args != '<')
		return false;
	args++;
	end = path_end(args);
	if (end == NULL || (end[1] != '\0' && end[1] != ' ' && end[1] != '\t'))
		return false;
	start = skip_route(args, end);
	*ret_path = g_strndup(start, (size_t)(end - start));
	*ret_rest = skip_blanks(end + 1);
	return true;
}

static bool param_size(struct command_mail *mail, const char *value)
{
	/* RFC 1870: at most 20 digits. Zero says nothing. */
	return value != NULL && mail->size == 0 && strlen(value) <= 20 &&
	       g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT64,
	                                  &mail->size, NULL);
}

/* Both kinds are kept as they come. */
static bool param_body(G_GNUC_UNUSED struct command_mail *mail,
                       const char *value)
{
	return value != NULL && (g_ascii_strcasecmp(value, "7BIT") == 0 ||
	                         g_ascii_strcasecmp(value, "8BITMIME") == 0);
}

static bool param_smtputf8(struct command_mail *mail, const char *value)
{
	mail->smtputf8 = true;
	return value == NULL;
}

static const struct param {
	const char *name;
	bool (*set)(struct command_mail *mail, const char *value);
} mail_params[] = {
	{ "SIZE", param_size },
	{ "BODY", param_body },
	{ "SMTPUTF8", param_smtputf8 },
};

static const char *set_mail_param(struct command_mail *mail, char *word)
{
	char *value = strchr(word, '=');

	if (value != NULL)
		*value++ = '\0';
	for (size_t i = 0; i < G_N_ELEMENTS(mail_params); i++)
		if (g_ascii_strcasecmp(word, mail_params[i].name) == 0)
			return mail_params[i].set(mail, value) ? NULL
			                                       : SYNTAX_PARAM;
	return UNKNOWN_PARAM;
}

const char *command_parse_mail(const char *args, struct command_mail *ret_mail)
{
	struct command_mail mail = { 0 };
	const char *rest;
	const char *wrong = NULL;
	g_auto(GStrv) words = NULL;

	if (!parse_path(args, "FROM:", &mail.address, &rest))
		return SYNTAX_MAIL;
	words = g_strsplit_set(rest, " \t", -1);
	for (char **word = words; *word != NULL && wrong == NULL; word++)
		if (**word != '\0')
			wrong = set_mail_param(&mail, *word);
	if (wrong == NULL)
		*ret_mail = mail;
	else
		command_mail_clear(&mail);
	return wrong;
}

const char *command_parse_rcpt(const char *args, char **ret_address)
{
	g_autofree char *address = NULL;
	const char *rest;

	if (!parse_path(args, "TO:", &address, &rest))
		return SYNTAX_RCPT;
	if (*rest != '\0')
		return UNKNOWN_PARAM;
	if (*address == '\0')
		return BAD_RECIPIENT;
	*ret_address = g_steal_pointer(&address);
	return NULL;
}

void command_xforward_clear(struct command_xforward *xforward)
{
	g_free(xforward->name);
	g_free(xforward->addr);
	g_free(xforward->proto);
	g_free(xforward->helo);
	g_free(xforward->source);
	g_free(xforward->ident);
	*xforward = (struct command_xforward){ 0 };
}

/* xtext (RFC 3461 4): "+" and two hex digits for what it does not allow.
 * NULL if malformed. What is not printable becomes "?". */
static char *xtext_decode(const char *text)
{
	g_autoptr(GString) out = g_string_new(NULL);

	while (*text != '\0') {
		int value = (guchar)*text++;

		if (value == '+') {
			int high = g_ascii_xdigit_value(text[0]);
			int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);

			if (low < 0)
				return NULL;
			value = high * 16 + low;
			text += 2;
		}
		g_string_append_c(
			out, g_ascii_isprint((char)value) ? (char)value : '?');
	}
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static const struct attribute {
	const char *name;
	size_t offset;
} attributes[] = {
	{ "NAME", offsetof(struct command_xforward, name) },
	{ "ADDR", offsetof(struct command_xforward, addr) },
	{ "PROTO", offsetof(struct command_xforward, proto) },
	{ "HELO", offsetof(struct command_xforward, helo) },
	{ "SOURCE", offsetof(struct command_xforward, source) },
	{ "IDENT", offsetof(struct command_xforward, ident) },
};

static char **attribute_member(struct command_xforward *xforward,
                               const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(attributes); i++)
		if (g_ascii_strcasecmp(name, attributes[i].name) == 0)
			return (char **)(void *)((char *)xforward +
			                         attributes[i].offset);
	return NULL;
}

static bool is_unavailable(const char *value)
{
	return g_ascii_strcasecmp(value, "[UNAVAILABLE]") == 0 ||
	       g_ascii_strcasecmp(value, "[TEMPUNAVAIL]") == 0;
}

static bool set_attribute(struct command_xforward *xforward, char *word)
{
	static const char ipv6[] = "IPV6:";
	char *equals = strchr(word, '=');
	char **member;
	g_autofree char *value = NULL;

	if (equals == NULL)
		return false;
	*equals = '\0';
	member = attribute_member(xforward, word);
	value = xtext_decode(equals + 1);
	if (member == NULL || value == NULL)
		return false;
	if (member == &xforward->addr &&
	    g_ascii_strncasecmp(value, ipv6, strlen(ipv6)) == 0)
		memmove(value, value + strlen(ipv6),
		        strlen(value + strlen(ipv6)) + 1);
	g_free(*member);
	*member = is_unavailable(value) ? NULL : g_steal_pointer(&value);
	return true;
}

const char *command_parse_xforward(const char *args,
                                   struct command_xforward *xforward)
{
	g_auto(GStrv) words = g_strsplit_set(args, " \t", -1);
	unsigned count = 0;

	for (char **word = words; *word != NULL; word++) {
		if (**word == '\0')
			continue;
		if (!set_attribute(xforward, *word))
			return SYNTAX_XFORWARD;
		count++;
	}
	return count > 0 ? NULL : SYNTAX_XFORWARD;
}

const char *command_parse_bdat(const char *args, guint64 *ret_size)
{
	g_auto(GStrv) words = g_strsplit(args, " ", 2);

	if (words[0] == NULL ||
	    !g_ascii_string_to_unsigned(words[0], 10, 0, G_MAXUINT64, ret_size,
	                                NULL))
		return SYNTAX_BDAT;
	return NULL;
}
