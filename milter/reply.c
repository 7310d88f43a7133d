/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * reply.c - what the mail server is told to do and to say
 */
#include "milter/reply.h"

#include <string.h>

struct text {
	const char *name;
	unsigned code;
	const char *enhanced;
	const char *pt; /* NULL: desk has the words */
	const char *en;
};

/* clang-format off */
static const struct text texts[] = {
	[REPLY_TEXT_INTERNAL] = { "internal", 451, "4.3.0", NULL, NULL },
	[REPLY_TEXT_SECOND_CLASS] = { "second class", 452, "4.5.3", NULL, NULL },
	[REPLY_TEXT_RECIPIENTS] = { "recipients", 452, "4.5.3",
		"Destinatarios demais em um envio; os restantes serao aceitos "
		"em outro, que seu servidor faz sozinho.",
		"Too many recipients in one transaction; the rest will be "
		"taken in another one, which your server makes by itself." },
	[REPLY_TEXT_BUSY] = { "busy", 451, "4.3.2",
		"Muitas mensagens neste momento. Tente mais tarde; seu "
		"servidor repete o envio sozinho.",
		"Too many messages just now. Try again later; your server "
		"repeats this by itself." },
	[REPLY_TEXT_RATE_CLIENT] = { "rate of the network", 451, "4.7.1",
		"Mensagens demais vindas da sua rede. Aguarde alguns minutos; "
		"seu servidor repete o envio sozinho.",
		"Too many messages from your network. Wait a few minutes; "
		"your server repeats this by itself." },
	[REPLY_TEXT_RATE_SENDER] = { "rate of the sender", 451, "4.7.1",
		"Mensagens demais deste remetente. Aguarde alguns minutos; "
		"seu servidor repete o envio sozinho.",
		"Too many messages from this sender. Wait a few minutes; "
		"your server repeats this by itself." },
	[REPLY_TEXT_RATE_DEPARTMENT] = { "rate of the department", 451, "4.7.1",
		"Mensagens demais para este setor. Aguarde alguns minutos; "
		"seu servidor repete o envio sozinho.",
		"Too many messages for this department. Wait a few minutes; "
		"your server repeats this by itself." },
	[REPLY_TEXT_HEADER_SIZE] = { "header size", 552, "5.3.4",
		"O cabecalho da mensagem e grande demais.",
		"The header of the message is too large." },
	[REPLY_TEXT_HEADER_FIELDS] = { "header fields", 552, "5.3.4",
		"O cabecalho da mensagem tem campos demais.",
		"The header of the message has too many fields." },
	[REPLY_TEXT_MESSAGE_SIZE] = { "message size", 552, "5.3.4",
		"A mensagem e grande demais. Envie os anexos por outro meio.",
		"The message is too large. Send the attachments in another "
		"way." },
	[REPLY_TEXT_HEADER_SYNTAX] = { "header syntax", 554, "5.6.0",
		"O cabecalho da mensagem nao segue a norma (RFC 5322). "
		"Corrija o programa que a enviou.",
		"The header of the message breaks the standard (RFC 5322). "
		"Correct the program that sent it." },
};
/* clang-format on */
G_STATIC_ASSERT(G_N_ELEMENTS(texts) == REPLY_TEXT__COUNT);

const char *reply_text_name(enum reply_text text)
{
	return texts[text].name;
}

void reply_clear(struct reply *reply)
{
	g_free(reply->enhanced);
	g_strfreev(reply->lines);
	*reply = (struct reply){ 0 };
}

void reply_set(struct reply *reply, enum reply_action action)
{
	reply_clear(reply);
	reply->action = action;
}

/* One line as libmilter takes it: printable ASCII, "%" doubled (it formats),
 * and not longer than it accepts. */
static char *dup_line(const char *line)
{
	GString *out = g_string_new(NULL);

	for (const char *p = line; *p != '\0' && out->len < REPLY_LINE_MAX;
	     p++) {
		if (*p == '%')
			g_string_append(out, "%%");
		else
			g_string_append_c(out, g_ascii_isprint(*p) ? *p : '?');
	}
	return g_string_free(out, FALSE);
}

static char **dup_lines(const char *const *lines)
{
	GPtrArray *out = g_ptr_array_new();

	for (; *lines != NULL && out->len < REPLY_LINES; lines++)
		g_ptr_array_add(out, dup_line(*lines));
	g_ptr_array_add(out, NULL);
	return (char **)g_ptr_array_free(out, FALSE);
}

/* False if the parts do not belong together. */
static bool set_parts(struct reply *reply, unsigned code, const char *enhanced,
                      const char *const *lines)
{
	unsigned class = code / 100;

	if ((class != 4 && class != 5) || enhanced == NULL || lines == NULL ||
	    lines[0] == NULL || (unsigned)(enhanced[0] - '0') != class)
		return false;
	reply_set(reply, class == 5 ? REPLY_REJECT : REPLY_TEMPFAIL);
	reply->code = code;
	reply->enhanced = g_strdup(enhanced);
	reply->lines = dup_lines(lines);
	return true;
}

/* Some texts are said in other places too, and are worded there. */
static char **dup_desk_lines(const struct desk *desk, enum reply_text text)
{
	return text == REPLY_TEXT_SECOND_CLASS ? judge_text_second_class(desk)
	                                       : judge_text_internal(desk);
}

void reply_set_text(struct reply *reply, const struct desk *desk,
                    enum reply_text text)
{
	const struct text *row = &texts[text];
	const char *const own[] = { row->pt, row->en, NULL };
	g_auto(GStrv) foreign = NULL;

	if (row->pt == NULL)
		foreign = dup_desk_lines(desk, text);
	if (!set_parts(reply, row->code, row->enhanced,
	               foreign != NULL ? (const char *const *)foreign : own))
		reply_set(reply, REPLY_TEMPFAIL);
}

void reply_set_verdict(struct reply *reply, const struct desk *desk,
                       const struct verdict *verdict)
{
	unsigned class = verdict->action == POLICY_REJECT ? 5 : 4;

	if ((verdict->action != POLICY_REJECT &&
	     verdict->action != POLICY_TEMPFAIL) ||
	    verdict->code / 100 != class ||
	    !set_parts(reply, verdict->code, verdict->enhanced,
	               (const char *const *)verdict->lines))
		reply_set_text(reply, desk, REPLY_TEXT_INTERNAL);
}
