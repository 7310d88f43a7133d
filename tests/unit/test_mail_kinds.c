/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What mail systems and absent people send, and people who write about it:
 * whole messages through mail_parse(). Hermetic. */
#include "mail_case.h"

struct notice {
	const char *name;
	const char *header;
	const char *body;
	const char *address; /* that failed; NULL: none can be told */
	char class;          /* of its status */
	const char *action;
};

static const struct notice notices[] = {
	{ "Postfix, report",
	  "Return-Path: <>\n"
	  "From: MAILER-DAEMON@mx.example (Mail Delivery System)\n"
	  "Subject: Undelivered Mail Returned to Sender\n"
	  "Auto-Submitted: auto-replied\n"
	  "Content-Type: multipart/report; report-type=delivery-status;\n"
	  " boundary=\"b\"\n",
	  "--b\n\nThis is the mail system at host mx.example.\n"
	  "--b\nContent-Type: message/delivery-status\n\n"
	  "Reporting-MTA: dns; mx.example\n\n"
	  "Final-Recipient: rfc822; ana@cliente.example\n"
	  "Action: failed\nStatus: 5.1.1\n"
	  "Diagnostic-Code: smtp; 550 5.1.1 User unknown\n"
	  "--b--\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Postfix, late",
	  "Return-Path: <>\n"
	  "From: MAILER-DAEMON@mx.example (Mail Delivery System)\n"
	  "Subject: Delayed Mail (still being retried)\n",
	  "Your message could not be delivered for more than 4 hour(s).\n"
	  "It will be retried until it is 5 day(s) old.\n\n"
	  "<ana@cliente.example>: connect to mx.cliente.example[192.0.2.1]:25:\n"
	  "    Connection timed out\n",
	  "ana@cliente.example", '4', "delayed" },
	{ "Postfix, an alias of theirs",
	  "Return-Path: <>\n"
	  "From: MAILER-DAEMON@mx.example (Mail Delivery System)\n"
	  "Subject: Undelivered Mail Returned to Sender\n",
	  "I'm sorry to have to inform you that your message could not\n"
	  "be delivered.\n\n"
	  "<ana.2@interno.example> (expanded from\n"
	  "    <ana@cliente.example>): unknown user: \"ana.2\"\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Exim",
	  "Return-Path: <>\nX-Failed-Recipients: ana@cliente.example\n"
	  "Auto-Submitted: auto-replied\n"
	  "From: Mail Delivery System <Mailer-Daemon@mx.example>\n"
	  "Subject: Mail delivery failed: returning message to sender\n",
	  "A message that you sent could not be delivered to one or more of\n"
	  "its recipients. This is a permanent error.\n\n"
	  "  ana@cliente.example\n"
	  "    host mx.cliente.example [192.0.2.1]\n"
	  "    SMTP error from remote mail server after RCPT TO:\n"
	  "    550 No such recipient here\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Exim, late",
	  "Return-Path: <>\nAuto-Submitted: auto-replied\n"
	  "From: Mail Delivery System <Mailer-Daemon@mx.example>\n"
	  "Subject: Warning: message 1abc-0001-Xy delayed 24 hours\n",
	  "This message was created automatically by mail delivery software.\n"
	  "A message that you sent has not yet been delivered to one or more\n"
	  "of its recipients after more than 24 hours on the queue.\n\n"
	  "The address to which the message has not yet been delivered is:\n\n"
	  "  ana@cliente.example\n    host mx [192.0.2.1]: 451 try later\n\n"
	  "No action is required on your part. Delivery attempts will\n"
	  "continue for some time.\n",
	  "ana@cliente.example", '4', "delayed" },
	{ "Exim, generated address",
	  "From: Mail Delivery System <Mailer-Daemon@mx.example>\n"
	  "Subject: Mail delivery failed: returning message to sender\n",
	  "A message that you sent could not be delivered.\n\n"
	  "  box17@interno.example\n"
	  "    (generated from ana@cliente.example)\n"
	  "    mailbox is full: retry timeout exceeded\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Sendmail, transcript",
	  "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>\n"
	  "Subject: Returned mail: see transcript for details\n",
	  "   ----- The following addresses had permanent fatal errors -----\n"
	  "<ana@cliente.example>\n    (reason: 550 5.2.2 Over quota)\n\n"
	  "   ----- Transcript of session follows -----\n"
	  "... while talking to mx.cliente.example.:\n"
	  ">>> RCPT To:<ana@cliente.example>\n"
	  "<<< 550 5.2.2 Over quota\n"
	  "554 5.0.0 Service unavailable\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Sendmail, no address but in the returned header",
	  "Return-Path: <MAILER-DAEMON@mx.example>\n"
	  "From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example>\n"
	  "Subject: Returned mail: Cannot send message for 5 days\n",
	  "   ----- Transcript of session follows -----\n"
	  "421 cliente.example (smtp)... Deferred: Connection timed out\n\n"
	  "   ----- Unsent message follows -----\n"
	  "Received: by mx.example; id 1\n"
	  "From: suporte@desk.example\nTo: Ana <ana@cliente.example>\n"
	  "Subject: oi\n\nola\n",
	  "ana@cliente.example", '4', "failed" },
	{ "qmail",
	  "Return-Path: <>\nFrom: MAILER-DAEMON@mx.example\n"
	  "Subject: failure notice\n",
	  "Hi. This is the qmail-send program at mx.example.\n"
	  "I'm afraid I wasn't able to deliver your message to the following\n"
	  "addresses. This is a permanent error; I've given up. Sorry it\n"
	  "didn't work out.\n\n"
	  "<ana@cliente.example>:\n"
	  "Sorry, no mailbox here by that name. (#5.1.1)\n\n"
	  "--- Below this line is a copy of the message.\n\n"
	  "Return-Path: <suporte@desk.example>\nTo: ana@cliente.example\n",
	  "ana@cliente.example", '5', "failed" },
	{ "qmail with a Brazilian hand",
	  "Return-Path: <>\nFrom: MAILER-DAEMON@mx.provedor.example\n"
	  "Subject: Falha no envio da mensagem\n",
	  "Olá, este é o servidor de e-mail mx.provedor.example.\n"
	  "Sua mensagem não pôde ser entregue ao seguinte endereço:\n\n"
	  "<ana@cliente.example>:\n"
	  "Caixa postal cheia. (#5.2.2)\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Exchange, Portuguese",
	  "From: postmaster@exch.example\nAuto-Submitted: auto-replied\n"
	  "X-MS-Exchange-Message-Is-Ndr:\n"
	  "Subject: Não foi possível entregar: [VIA-0000000] Pedido\n",
	  "Falha na entrega para estes destinatários ou grupos:\n\n"
	  "ana@cliente.example<mailto:ana@cliente.example>\n"
	  "O endereço de email inserido não foi encontrado. Verifique o\n"
	  "endereço do destinatário e tente reenviar a mensagem.\n\n"
	  "Informações de diagnóstico para administradores:\n\n"
	  "Servidor de geração: exch.example\n\n"
	  "ana@cliente.example\n"
	  "#550 5.1.10 RESOLVER.ADR.RecipientNotFound ##\n\n"
	  "Cabeçalhos de mensagem originais:\n\n"
	  "Received: from desk.example\nMessage-ID: <1@desk.example>\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Exchange, expired",
	  "From: Microsoft Outlook <postmaster@exch.example>\n"
	  "Auto-Submitted: auto-replied\n"
	  "Subject: Undeliverable: Pedido\n",
	  "Delivery has failed to these recipients or groups:\n\n"
	  "Ana (ana@cliente.example)\n"
	  "The server has tried to deliver this message, without success,\n"
	  "and has stopped trying.\n\n"
	  "Diagnostic information for administrators:\n\n"
	  "ana@cliente.example\n"
	  "Remote Server returned '550 4.4.7 QUEUE.Expired; message expired'\n",
	  "ana@cliente.example", '4', "failed" },
	{ "Exchange, Spanish",
	  "From: postmaster@exch.example\nAuto-Submitted: auto-replied\n"
	  "Subject: No se puede entregar: Pedido\n",
	  "No se pudo entregar el mensaje a estos destinatarios:\n\n"
	  "ana@cliente.example\n"
	  "El buzón del destinatario está lleno.\n"
	  "#552 5.2.2 STOREDRV; mailbox full ##\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Exchange 2003 in prose",
	  "From: System Administrator <postmaster@exch.example>\n"
	  "Return-Path: <>\nSubject: Undeliverable: Pedido\n",
	  "Your message\n\n  To:      ana@cliente.example\n"
	  "  Subject: Pedido\n  Sent:    Sun, 22 Nov 2026 13:20:00 -0300\n\n"
	  "did not reach the following recipient(s):\n\n"
	  "bia@cliente.example on Sun, 22 Nov 2026 13:21:00 -0300\n"
	  "    The recipient name is not recognized\n",
	  "bia@cliente.example", '5', "failed" },
	{ "Gmail",
	  "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\n"
	  "X-Failed-Recipients: ana@cliente.example\n"
	  "Auto-Submitted: auto-replied\n"
	  "Subject: Delivery Status Notification (Failure)\n",
	  "** Address not found **\n\n"
	  "Your message wasn't delivered to ana@cliente.example because the\n"
	  "address couldn't be found, or is unable to receive mail.\n\n"
	  "The response was:\n\n"
	  "550 5.1.1 The email account that you tried to reach does not\n"
	  "exist.\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Gmail, late, Portuguese",
	  "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\n"
	  "Auto-Submitted: auto-replied\n"
	  "Subject: Delivery Status Notification (Delay)\n",
	  "** Entrega incompleta **\n\n"
	  "Ocorreu um problema temporário ao entregar a mensagem para\n"
	  "ana@cliente.example. O Gmail tentará novamente por mais 46 horas.\n",
	  "ana@cliente.example", '4', "delayed" },
	{ "Yahoo", "From: MAILER-DAEMON@yahoo.com\nSubject: Failure Notice\n",
	  "Sorry, we were unable to deliver your message to the following\n"
	  "address.\n\n<ana@cliente.example>:\n"
	  "554: 5.7.9: Message not accepted for policy reasons.\n\n"
	  "--- Below this line is a copy of the message.\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Amazon SES",
	  "From: MAILER-DAEMON@email-bounces.amazonses.com\n"
	  "Subject: Delivery Status Notification (Failure)\n",
	  "An error occurred while trying to deliver the mail to the following\n"
	  "recipients:\nana@cliente.example\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Amazon SES by notification",
	  "From: Avisos <no-reply@sns.amazonaws.com>\n"
	  "Subject: AWS Notification Message\n",
	  "{\"notificationType\":\"Bounce\",\"bounce\":{\"bounceType\":"
	  "\"Permanent\",\"bouncedRecipients\":[{\"emailAddress\":"
	  "\"ana@cliente.example\",\"action\":\"failed\",\"status\":"
	  "\"5.1.1\",\"diagnosticCode\":\"smtp; 550 5.1.1 unknown\"}]},"
	  "\"mail\":{\"source\":\"suporte@desk.example\"}}\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Amazon SES, passing",
	  "From: Avisos <no-reply@sns.amazonaws.com>\nSubject: x\n",
	  "{\"eventType\": \"Bounce\", \"bounce\": {\"bounceType\": "
	  "\"Transient\", \"bouncedRecipients\": [{\"emailAddress\": "
	  "\"ana@cliente.example\"}]}}\n",
	  "ana@cliente.example", '4', "failed" },
	{ "Mimecast",
	  "From: postmaster@mimecast.example\nReturn-Path: <>\n"
	  "Subject: [Postmaster] Email Delivery Failure\n",
	  "This is a delivery failure notification message indicating that\n"
	  "an email you addressed to email address :\n-- ana@cliente.example\n\n"
	  "could not be delivered. The problem appears to be :\n"
	  "-- Recipient email address is possibly incorrect\n\n"
	  "Additional information follows :\n-- 5.4.1 Recipient rejected\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Proofpoint",
	  "From: Mail Delivery Subsystem <MAILER-DAEMON@pps.example>\n"
	  "Subject: Returned mail: see transcript for details\n"
	  "Auto-Submitted: auto-generated (failure)\n",
	  "The original message was received at Sun, 22 Nov 2026 13:20:00\n\n"
	  "   ----- The following addresses had permanent fatal errors -----\n"
	  "ana@cliente.example\n"
	  "    (reason: 554 5.7.1 Blocked by policy)\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Zimbra",
	  "From: MAILER-DAEMON@zimbra.example (Mail Delivery System)\n"
	  "Subject: Undelivered Mail Returned to Sender\n"
	  "Auto-Submitted: auto-replied\n",
	  "<ana@cliente.example>: host zimbra.example[192.0.2.1] said: 552 5.2.2\n"
	  "    Over quota (in reply to end of DATA command)\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Courier",
	  "From: \"Courier mail server at mx.example\" <@>\n"
	  "Return-Path: <>\nSubject: NOTICE: mail delivery status.\n",
	  "This is a delivery status notification from mx.example.\n"
	  "UNDELIVERABLE MAIL\n\n"
	  "Your message to the following recipients cannot be delivered:\n\n"
	  "<ana@cliente.example>:\n    mx.cliente.example [192.0.2.1]:\n"
	  "    >>> RCPT TO:<ana@cliente.example>\n"
	  "    <<< 550 User unknown.\n",
	  "ana@cliente.example", '5', "failed" },
	{ "Domino",
	  "From: Postmaster@domino.example\nReturn-Path: <>\n"
	  "Subject: DELIVERY FAILURE: User ana (ana@cliente.example) not listed\n"
	  " in Domino Directory\n",
	  "Your message\n\n  Subject: Pedido\n\nwas not delivered to:\n\n"
	  "  ana@cliente.example\n\nbecause:\n\n"
	  "  User ana (ana@cliente.example) not listed in Domino Directory\n",
	  "ana@cliente.example", '5', "failed" },
	{ "GroupWise",
	  "From: Mail Administrator <Postmaster@gw.example>\nReturn-Path: <>\n"
	  "Subject: Message status - undeliverable\n",
	  "The attached file had the following undeliverable recipient(s):\n"
	  "\tana@cliente.example\n\n"
	  "Transcript of session follows:\n"
	  "Command: RCPT\n550 5.1.1 unknown\n",
	  "ana@cliente.example", '5', "failed" },
	{ "a Brazilian provider",
	  "From: \"Sistema de Entrega de E-mail\" <postmaster@provedor.example>\n"
	  "Return-Path: <>\nSubject: Mensagem devolvida: Pedido\n",
	  "Prezado(a),\n\nSua mensagem não foi entregue.\n\n"
	  "Destinatário: ana@cliente.example\n"
	  "Motivo: usuário inexistente\n",
	  "ana@cliente.example", '5', "failed" },
	{ "another, HTML alone",
	  "From: MAILER-DAEMON@provedor.example\n"
	  "Subject: Devolução de mensagem\nContent-Type: text/html\n",
	  "<html><body><p>A mensagem para <b>ana@cliente.example</b> não pôde "
	  "ser entregue.</p><p>Erro: 452 4.2.2 Caixa postal cheia</p>"
	  "</body></html>\n",
	  "ana@cliente.example", '4', "failed" },
	{ "a quota in words of a late one",
	  "From: MAILER-DAEMON@provedor.example\n"
	  "Subject: Aviso: atraso na entrega\n",
	  "A mensagem para ana@cliente.example está com a entrega atrasada:\n"
	  "caixa postal cheia. O servidor continuará tentando por 3 dias.\n",
	  "ana@cliente.example", '4', "delayed" },
	{ "the report stands in the text",
	  "From: MAILER-DAEMON@mx.example\n"
	  "Subject: Undelivered Mail Returned to Sender\n",
	  "Help: <suporte@mx.example>\n\n"
	  "Reporting-MTA: dns; mx.example\n\n"
	  "Final-Recipient: rfc822; ana@cliente.example\n"
	  "Action: failed\nStatus: 5.2.1\n",
	  "ana@cliente.example", '5', "failed" },
	{ "a notice within a notice",
	  "From: MAILER-DAEMON@filtro.example\n"
	  "Subject: Returned mail: User unknown\n"
	  "Content-Type: multipart/mixed; boundary=b\n",
	  "--b\n\nThe following addresses had permanent delivery errors\n"
	  "--b\nContent-Type: message/rfc822\n\n"
	  "From: MAILER-DAEMON@mx.example\nTo: suporte@desk.example\n"
	  "Content-Type: multipart/report; boundary=c\n\n"
	  "--c\n\nsorry\n--c\nContent-Type: message/delivery-status\n\n"
	  "Final-Recipient: rfc822; ana@cliente.example\n"
	  "Action: failed\nStatus: 5.1.1\n\n--c--\n--b--\n",
	  "ana@cliente.example", '5', "failed" },
	{ "fields without an address, words with one",
	  "From: MAILER-DAEMON@mx.example\nSubject: Returned mail\n"
	  "Content-Type: multipart/report; boundary=b\n",
	  "--b\n\n<ana@cliente.example>\n    (reason: 550 Host unknown)\n"
	  "--b\nContent-Type: message/delivery-status\n\n"
	  "Final-Recipient: rfc822; @relay.example\nAction: failed\n"
	  "Status: 5.1.2\n\n--b--\n",
	  "ana@cliente.example", '5', "failed" },
	{ "help offered, recipient known from the returned header",
	  "From: MAILER-DAEMON@mx.example\nSubject: Delivery failure\n"
	  "Content-Type: multipart/mixed; boundary=b\n",
	  "--b\n\nYour message could not be delivered.\n"
	  "For assistance contact ajuda@mx.example.\n"
	  "--b\nContent-Type: message/rfc822\n\n"
	  "From: suporte@desk.example\nTo: ana@cliente.example\n\noi\n--b--\n",
	  "ana@cliente.example", '5', "failed" },
	{ "a gateway that answers the subject",
	  "From: post_master@sms.example\nSubject: Re:Pedido\n",
	  "Error: Invalid user address\n\n"
	  "550 - Requested action not taken: no such user here\n\n"
	  "Message details:\n  MAIL FROM: suporte@desk.example\n"
	  "  RCPT TO: 5511999999999@sms.example\n",
	  "5511999999999@sms.example", '5', "failed" },
	{ "nobody is named",
	  "From: MAILER-DAEMON@mx.example\nSubject: Mail delivery failed\n",
	  "A message could not be delivered.\n", NULL, 0, NULL },
};

static void test_notices(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(notices); i++) {
		const struct notice *one = &notices[i];
		g_autofree char *text = g_strconcat(
			"To: suporte@desk.example\nMIME-Version: 1.0\n",
			one->header, "\n", one->body, NULL);
		AUTO(mail) mail = case_parse(text);
		const struct mail_bounce_recipient *got;

		if (mail->kind != MAIL_KIND_BOUNCE)
			fail_msg("%s: %s", one->name,
			         mail_kind_name(mail->kind));
		if (mail->bounce->recipients->len !=
		    (one->address != NULL ? 1U : 0U))
			fail_msg("%s: %u recipients", one->name,
			         mail->bounce->recipients->len);
		if (one->address == NULL)
			continue;
		got = g_ptr_array_index(mail->bounce->recipients, 0);
		if (strcmp(got->address, one->address) != 0 ||
		    got->status[0] != one->class ||
		    strcmp(got->action, one->action) != 0)
			fail_msg("%s: %s %s %s", one->name, got->address,
			         got->status, got->action);
	}
}

/* No part of these is a bounce: somebody must read them. */
static const struct {
	const char *name;
	const char *text;
	enum mail_kind want;
} lookalikes[] = {
	{ "a question about a bounce",
	  "From: ana@cliente.example\n"
	  "Subject: Undelivered Mail Returned to Sender\n\n"
	  "Recebi isto: 550 5.1.1 <bia@x.example> user unknown. O que é?\n",
	  MAIL_KIND_HUMAN },
	{ "a bounce quoted",
	  "From: ana@cliente.example\nSubject: RES: failure notice\n\n"
	  "Bom dia, voltou de novo:\n\n"
	  "> Hi. This is the qmail-send program at mx.example.\n"
	  "> <bia@x.example>:\n> 192.0.2.1 does not like recipient.\n"
	  "> Remote host said: 550 no such user\n"
	  "> --- Below this line is a copy of the message.\n"
	  "> Return-Path: <ana@cliente.example>\n",
	  MAIL_KIND_HUMAN },
	{ "a bounce forwarded inline",
	  "From: ana@cliente.example\n"
	  "Subject: ENC: Undelivered Mail Returned to Sender\n\n"
	  "Podem ver?\n\n-----Mensagem original-----\n"
	  "De: MAILER-DAEMON@mx.example\nPara: ana@cliente.example\n"
	  "Assunto: Undelivered Mail Returned to Sender\n\n"
	  "I'm sorry to have to inform you that your message could not\n"
	  "be delivered.\n\n<bia@x.example>: host mx said: 550 5.1.1\n\n"
	  "Received: from a by b\n",
	  MAIL_KIND_HUMAN },
	{ "a bounce forwarded as an attachment",
	  "From: ana@cliente.example\nSubject: Fwd: Mail delivery failed\n"
	  "Content-Type: multipart/mixed; boundary=b\n\n"
	  "--b\n\nSegue a mensagem de erro.\n--b\n"
	  "Content-Type: message/rfc822\n\n"
	  "From: MAILER-DAEMON@mx.example\n"
	  "Content-Type: multipart/report; boundary=c\n\n--c\n\nx\n--c\n"
	  "Content-Type: message/delivery-status\n\n"
	  "Final-Recipient: rfc822; bia@x.example\nStatus: 5.1.1\n\n--c--\n"
	  "--b--\n",
	  MAIL_KIND_HUMAN },
	{ "the parts of a bounce sent along",
	  "From: ana@cliente.example\n"
	  "Subject: Fwd: Undelivered Mail Returned to Sender\n"
	  "Content-Type: multipart/mixed; boundary=b\n\n"
	  "--b\n\nPor que voltou?\n--b\n"
	  "Content-Type: message/delivery-status\n\n"
	  "Final-Recipient: rfc822; bia@x.example\nStatus: 5.1.1\n\n"
	  "--b\nContent-Type: message/rfc822\n\nSubject: x\n\ny\n--b--\n",
	  MAIL_KIND_HUMAN },
	{ "the same without a prefix",
	  "From: ana@cliente.example\nSubject: meu e-mail voltou\n"
	  "Content-Type: multipart/mixed; boundary=b\n\n"
	  "--b\n\nPor que voltou?\n--b\n"
	  "Content-Type: message/delivery-status\n\n"
	  "Final-Recipient: rfc822; bia@x.example\nStatus: 5.1.1\n\n--b--\n",
	  MAIL_KIND_HUMAN },
	{ "a postmaster who answers",
	  "From: Postmaster <postmaster@cliente.example>\n"
	  "Subject: RES: Undelivered Mail Returned to Sender\n"
	  "In-Reply-To: <1@desk.example>\n\n"
	  "Nosso servidor recusou porque a caixa não existe: could not be\n"
	  "delivered. Obrigado, João\n\n"
	  "> Received: from x by y\n> 550 5.1.1 user unknown\n",
	  MAIL_KIND_AUTO_REPLY },
	{ "through a company's list",
	  "From: ana@cliente.example\nList-Id: <ti.cliente.example>\n"
	  "Subject: [ti] Undelivered Mail Returned to Sender\n\n"
	  "Pessoal do suporte, could not be delivered de novo:\n\n"
	  "Received: from a by b\nReturn-Path: <x@y.example>\n",
	  MAIL_KIND_LIST },
	{ "from a customer's ticket system",
	  "From: Chamados <chamados@cliente.example>\n"
	  "Auto-Submitted: auto-generated\n"
	  "Subject: [Chamado#4711] Undelivered Mail Returned to Sender\n\n"
	  "Ana escreveu: a mensagem could not be delivered\n\n"
	  "Received: from a by b\n",
	  MAIL_KIND_AUTO_REPLY },
	{ "JSON that a person pasted",
	  "From: ana@cliente.example\nSubject: log\n\n"
	  "{\"notificationType\":\"Bounce\",\"bounce\":{"
	  "\"bouncedRecipients\":[{\"emailAddress\":\"b@x.example\"}]}}\n",
	  MAIL_KIND_HUMAN },
	{ "JSON of something else",
	  "From: no-reply@sns.amazonaws.com\nSubject: alarm\n\n"
	  "{\"AlarmName\":\"disk\",\"NewStateValue\":\"ALARM\"}\n",
	  MAIL_KIND_AUTO_REPLY },
	{ "out of office in a question",
	  "From: ana@cliente.example\n"
	  "Subject: Out of office: como configuro?\n\n"
	  "Estarei de férias, preciso da resposta automática.\n",
	  MAIL_KIND_HUMAN },
	{ "an answer in a thread about it",
	  "From: ana@cliente.example\nIn-Reply-To: <1@desk.example>\n"
	  "Subject: RES: Resposta automática não funciona\n\n"
	  "Continua sem funcionar.\n",
	  MAIL_KIND_HUMAN },
	{ "holidays of a shop",
	  "From: ana@cliente.example\nSubject: Férias coletivas\n\n"
	  "Estaremos fechados em janeiro, podem suspender a cobrança?\n",
	  MAIL_KIND_HUMAN },
	{ "a read receipt that somebody asks for",
	  "From: ana@cliente.example\nSubject: Pedido\n"
	  "Disposition-Notification-To: ana@cliente.example\n\noi\n",
	  MAIL_KIND_HUMAN },
	{ "sent for a person by a service",
	  "From: ana@cliente.example\nSender: noreply@formularios.example\n"
	  "Subject: Contato\n\noi\n",
	  MAIL_KIND_HUMAN },
	{ "redirected by a rule of Exchange",
	  "From: ana@cliente.example\nSubject: Pedido\n"
	  "X-MS-Exchange-Inbox-Rules-Loop: bia@cliente.example\n\noi\n",
	  MAIL_KIND_HUMAN },
	{ "a notice of monitoring",
	  "From: Nagios <nagios@cliente.example>\nPrecedence: bulk\n"
	  "Subject: ** PROBLEM Host Alert: web1 is DOWN **\n\nConnection\n"
	  "timed out\n",
	  MAIL_KIND_AUTO_REPLY },
};

static void test_lookalikes_are_no_bounces(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(lookalikes); i++) {
		AUTO(mail) mail = case_parse(lookalikes[i].text);

		if (mail->kind != lookalikes[i].want)
			fail_msg("%s: %s", lookalikes[i].name,
			         mail_kind_name(mail->kind));
		assert_null(mail->bounce);
	}
}

/* Absence notes and automatic answers as programs send them. */
static const struct {
	const char *name;
	const char *header;
	const char *text;
	enum mail_kind want;
} answers[] = {
	{ "Outlook, Portuguese",
	  "Subject: Resposta automática: [VIA-0000000] Pedido\n"
	  "Auto-Submitted: auto-generated\nX-Auto-Response-Suppress: All\n",
	  "Estou ausente.", MAIL_KIND_VACATION },
	{ "Outlook, older Portuguese",
	  "Subject: Ausência Temporária: Pedido\n"
	  "X-Auto-Response-Suppress: All\n",
	  "Volto dia 3.", MAIL_KIND_VACATION },
	{ "Outlook, older, no header", "Subject: Fora do Escritório: Pedido\n",
	  "Estarei ausente até 3 de dezembro.", MAIL_KIND_VACATION },
	{ "Outlook, Spanish",
	  "Subject: Respuesta automática: Pedido\n"
	  "X-Auto-Response-Suppress: All\nAuto-Submitted: auto-generated\n",
	  "Estoy de vacaciones.", MAIL_KIND_VACATION },
	{ "Spanish, no header", "Subject: Fuera de la oficina: Pedido\n",
	  "Me encuentro fuera de la oficina hasta el lunes.",
	  MAIL_KIND_VACATION },
	{ "Gmail",
	  "Subject: Férias Re: Pedido\nAuto-Submitted: auto-replied\n"
	  "Precedence: bulk\nX-Autoreply: yes\n",
	  "Volto logo.", MAIL_KIND_VACATION },
	{ "Zimbra",
	  "Subject: Re: Pedido\n"
	  "Auto-Submitted: auto-replied (zimbra; vacation)\n"
	  "Precedence: bulk\n",
	  "Volto logo.", MAIL_KIND_VACATION },
	{ "Exim's vacation",
	  "Subject: Re: Pedido\nAuto-Submitted: auto-replied\n"
	  "Precedence: bulk\n",
	  "Volto logo.", MAIL_KIND_AUTO_REPLY },
	{ "cPanel",
	  "Subject: Ausente: Pedido\nX-Autorespond: Pedido\nX-Loop: a@b.example\n"
	  "Precedence: auto_reply\n",
	  "Volto logo.", MAIL_KIND_VACATION },
	{ "Dovecot Sieve",
	  "Subject: Auto: Pedido\n"
	  "Auto-Submitted: auto-replied (vacation)\nPrecedence: bulk\n"
	  "X-Sieve: Pigeonhole Sieve\n",
	  "Volto logo.", MAIL_KIND_VACATION },
	{ "Domino",
	  "Subject: AUTO: Ana is out of the office (returning 03/12/2026)\n"
	  "Auto-Submitted: auto-replied\n",
	  "Volto logo.", MAIL_KIND_VACATION },
	{ "GroupWise", "Subject: Re: Pedido (Out of Office)\nReturn-Path: <>\n",
	  "Volto logo.", MAIL_KIND_VACATION },
	{ "Apple", "Subject: Re: Pedido\nX-Apple-Action: VACATION\n",
	  "Volto logo.", MAIL_KIND_VACATION },
	{ "BSD vacation",
	  "Subject: away from my mail\nPrecedence: junk\n"
	  "Auto-Submitted: auto-replied\n",
	  "Volto logo.", MAIL_KIND_VACATION },
	{ "procmail", "Subject: Re: Pedido\nX-Loop: ana@cliente.example\n",
	  "Volto logo.", MAIL_KIND_AUTO_REPLY },
	{ "Courier mailbot", "Subject: Re: Pedido\nX-Mailer: mailbot 1.0\n",
	  "Recebemos.", MAIL_KIND_AUTO_REPLY },
	{ "a shop's acknowledgement",
	  "Subject: Recebemos seu contato\nAuto-Submitted: auto-replied\n",
	  "Seu protocolo é 4711.", MAIL_KIND_AUTO_REPLY },
	{ "a challenge", "Subject: Re: Pedido\nX-Autoresponder: confirme\n",
	  "Confirme que você é humano.", MAIL_KIND_AUTO_REPLY },
	{ "cron",
	  "Subject: Cron <root@web1> backup\nX-Cron-Env: <SHELL=/bin/sh>\n",
	  "ok", MAIL_KIND_AUTO_REPLY },
	{ "a read receipt",
	  "Subject: Lida: Pedido\nContent-Type: multipart/report;\n"
	  " report-type=disposition-notification; boundary=b\n",
	  "--b\n\nlida\n--b\nContent-Type: message/disposition-notification\n\n"
	  "Final-Recipient: rfc822; ana@cliente.example\n"
	  "Disposition: manual-action/MDN-sent-manually; displayed\n\n--b--\n",
	  MAIL_KIND_AUTO_REPLY },
	{ "nobody in From", "From: <>\nSubject: x\n", "y",
	  MAIL_KIND_AUTO_REPLY },
	{ "a list manager",
	  "Subject: [ti] Pedido\nList-Id: <ti.cliente.example>\n"
	  "List-Post: <mailto:ti@cliente.example>\nPrecedence: list\n",
	  "oi", MAIL_KIND_LIST },
	{ "an older list manager",
	  "Subject: (ti 12) Pedido\nX-ML-Name: ti\nPrecedence: bulk\n", "oi",
	  MAIL_KIND_LIST },
};

static void test_automatic_answers(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
		bool has_from = strstr(answers[i].header, "From:") != NULL;
		g_autofree char *text = g_strconcat(
			has_from ? "" : "From: Ana <ana@cliente.example>\n",
			"To: suporte@desk.example\n", answers[i].header, "\n",
			answers[i].text, "\n", NULL);
		AUTO(mail) mail = case_parse(text);

		if (mail->kind != answers[i].want)
			fail_msg("%s: %s", answers[i].name,
			         mail_kind_name(mail->kind));
	}
}

/* Many lines that begin with addresses, one address a thousand times: the
 * work stays bounded. */
static void test_prose_is_bounded(void **state)
{
	static const char *const units[] = {
		"a@b.example\n",
		"<a%u@b.example>: 550 x\n\n",
		"x a@b.example said a@b.example\n",
		"(expanded from <a@b.c\n",
		"Final-Recipient: rfc822; a%u@b.example\n\n",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		g_autoptr(GString) text =
			g_string_new("From: MAILER-DAEMON@mx.example\n"
		                     "Subject: failure notice\n\n");

		for (unsigned n = 0; n < 20000; n++) {
			g_auto(GStrv) half = g_strsplit(units[i], "%u", 2);

			g_string_append(text, half[0]);
			if (half[1] != NULL)
				g_string_append_printf(text, "%u%s", n,
				                       half[1]);
		}
		AUTO(mail) mail = case_parse_len(text->str, text->len);

		assert_int_equal(mail->kind, MAIL_KIND_BOUNCE);
		assert_true(mail->bounce->recipients->len <= 100);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_notices),
		cmocka_unit_test(test_lookalikes_are_no_bounces),
		cmocka_unit_test(test_automatic_answers),
		cmocka_unit_test(test_prose_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
