/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * phrases.c - sentences that templates take in, in the reader's language
 */
#include "desk/phrases.h"

#include <glib.h>
#include <string.h>

enum language { LANGUAGE_PT, LANGUAGE_EN, LANGUAGE_ES, LANGUAGE__COUNT };

static const char *const language_names[] = {
	[LANGUAGE_PT] = "pt_BR",
	[LANGUAGE_EN] = "en",
	[LANGUAGE_ES] = "es",
};
G_STATIC_ASSERT(G_N_ELEMENTS(language_names) == LANGUAGE__COUNT);

/* clang-format off */
static const char *const phrases[][LANGUAGE__COUNT] = {
	[PHRASE_HOLD_UNPROVEN] = {
		"não foi possível comprovar que a mensagem partiu deste endereço",
		"it could not be proven that the message came from this address",
		"no se pudo comprobar que el mensaje saliera de esta dirección" },
	[PHRASE_HOLD_FORGED] = {
		"o domínio do remetente indica que a mensagem não partiu dele",
		"the sender's domain says that the message did not come from it",
		"el dominio del remitente indica que el mensaje no salió de él" },
	[PHRASE_HOLD_STRANGER] = {
		"o remetente não está cadastrado",
		"the sender is not registered",
		"el remitente no está registrado" },
	[PHRASE_HOLD_NO_AUTHOR] = {
		"a mensagem não tem um remetente único e legível",
		"the message has no single, readable sender",
		"el mensaje no tiene un remitente único y legible" },
	[PHRASE_HOLD_NULL_SENDER] = {
		"mensagem automática que não trata de um e-mail nosso",
		"automatic message that is not about mail of ours",
		"mensaje automático que no trata de un correo nuestro" },
	[PHRASE_HOLD_REPLIES_ONLY] = {
		"o setor só aceita respostas a chamados existentes",
		"the department takes replies to existing tickets only",
		"el departamento solo acepta respuestas a tickets existentes" },
	[PHRASE_HOLD_TROUBLE] = {
		"não foi possível consultar o domínio do remetente",
		"the sender's domain could not be looked up",
		"no se pudo consultar el dominio del remitente" },
	[PHRASE_HOLD_TICKET_CLOSED] = {
		"o chamado a que a mensagem responde está fechado",
		"the ticket that the message answers is closed",
		"el ticket al que responde el mensaje está cerrado" },
	[PHRASE_HOLD_AUTOMATIC] = {
		"resposta automática, que não abre chamado nem confirma nada",
		"automatic answer, which neither opens a ticket nor confirms",
		"respuesta automática, que no abre un ticket ni confirma nada" },
	[PHRASE_HOLD_WRONG_CONFIRMATION] = {
		"confirmação vinda de um endereço diferente do esperado",
		"confirmation from another address than the one asked",
		"confirmación desde una dirección distinta de la esperada" },
	[PHRASE_HOLD_OTHER] = {
		"a mensagem precisa ser conferida por um atendente",
		"the message has to be looked at by staff",
		"un agente debe revisar el mensaje" },
	[PHRASE_FIELD_INVALID] = {
		"Esta linha não foi entendida e ficou no texto da mensagem:",
		"This line was not understood and stays in the text:",
		"Esta línea no se entendió y queda en el texto del mensaje:" },
	[PHRASE_SERVICE_UNKNOWN] = {
		"Nenhum serviço do cliente tem este nome:",
		"No service of the customer has this name:",
		"Ningún servicio del cliente tiene este nombre:" },
	[PHRASE_LEFT_OUT] = {
		"Anexos grandes demais para este e-mail, guardados no chamado:",
		"Attachments too large for this e-mail, kept in the ticket:",
		"Adjuntos demasiado grandes para este correo, guardados en el "
		"ticket:" },
	[PHRASE_REFERRED_FROM] = {
		"a mensagem também foi endereçada ao seu setor; o chamado é do "
		"setor:",
		"the message was addressed to your department too; the ticket "
		"belongs to:",
		"el mensaje también se dirigió a su departamento; el ticket es "
		"de:" },
	[PHRASE_ANSWER_KEPT] = {
		"o seu e-mail não foi enviado ao cliente, pois não foi possível "
		"separar a sua resposta do texto citado ou encaminhado. Ele está "
		"no chamado como nota interna. Escreva a resposta acima da "
		"citação.",
		"your e-mail was not sent to the customer, since your answer "
		"could not be told from quoted or forwarded text. It is in the "
		"ticket as an internal note. Write the answer above the "
		"quotation.",
		"su correo no se envió al cliente, porque no fue posible separar "
		"su respuesta del texto citado o reenviado. Está en el ticket "
		"como nota interna. Escriba la respuesta encima de la cita." },
	[PHRASE_ANSWER_CUT] = {
		"só a parte abaixo do seu e-mail foi enviada ao cliente; o resto "
		"parece texto citado. O original está no chamado.",
		"only the part below of your e-mail was sent to the customer; the "
		"rest looks like quoted text. The original is in the ticket.",
		"solo la parte siguiente de su correo se envió al cliente; el "
		"resto parece texto citado. El original está en el ticket." },
	[PHRASE_COMMAND_REFUSED] = {
		"nada foi enviado ao cliente nem alterado, pois estes comandos "
		"não podem ser executados; o seu texto está no chamado como nota "
		"interna:",
		"nothing was sent to the customer or changed, since these "
		"commands cannot be carried out; your text is in the ticket as "
		"an internal note:",
		"no se envió nada al cliente ni se cambió nada, porque estos "
		"comandos no se pueden ejecutar; su texto está en el ticket como "
		"nota interna:" },
	[PHRASE_COPIES_PROPOSED] = {
		"o cliente pôs estas pessoas em cópia; elas só participam se "
		"você responder com uma linha \"#copiar ENDEREÇO\":",
		"the customer put these people in copy; they take part only if "
		"you answer with a line \"#copy ADDRESS\":",
		"el cliente puso a estas personas en copia; solo participan si "
		"usted responde con una línea \"#copiar DIRECCIÓN\":" },
	[PHRASE_CONTINUES] = {
		"um chamado novo foi aberto porque o anterior, que ele continua, "
		"já foi encerrado:",
		"a new ticket was opened because the one before, which it "
		"continues, has ended:",
		"se abrió un ticket nuevo porque el anterior, que este continúa, "
		"ya terminó:" },
	[PHRASE_INTERNAL_NOTE] = {
		"nota interna, que os clientes não leem",
		"internal note, which customers do not read",
		"nota interna, que los clientes no leen" },
	[PHRASE_ASSIGNED_BY] = {
		"o chamado foi atribuído a você por:",
		"the ticket was assigned to you by:",
		"el ticket le fue asignado por:" },
	[PHRASE_MOVED_FROM] = {
		"o chamado veio transferido do setor:",
		"the ticket was moved here from the department:",
		"el ticket fue transferido desde el departamento:" },
	[PHRASE_REOPEN_DAYS] = {
		"Se o assunto não estiver resolvido, responda a esta mensagem "
		"para reabrir o chamado. Prazo em dias:",
		"If the matter is not resolved, answer this message to reopen "
		"the ticket. Days left for that:",
		"Si el asunto no está resuelto, responda a este mensaje para "
		"reabrir el ticket. Plazo en días:" },
	[PHRASE_CLOSES_AT] = {
		"Fechamento automático em:",
		"It will be closed by itself at:",
		"Cierre automático el:" },
	[PHRASE_TARGET_FIRST] = {
		"A primeira resposta deveria ter saído até:",
		"The first answer was due at:",
		"La primera respuesta debía salir antes de:" },
	[PHRASE_TARGET_NEXT] = {
		"A resposta ao cliente deveria ter saído até:",
		"The answer to the customer was due at:",
		"La respuesta al cliente debía salir antes de:" },
	[PHRASE_NO_SUBJECT] = { "(sem assunto)", "(no subject)",
	                        "(sin asunto)" },
	[PHRASE_NO_SENDER] = { "(remetente desconhecido)", "(unknown sender)",
	                       "(remitente desconocido)" },
	[PHRASE_WITHHELD] = {
		"a sua resposta está no chamado, mas não foi enviada a este "
		"endereço, que já devolveu um e-mail nosso:",
		"your answer is in the ticket but was not sent to this address, "
		"which has returned an e-mail of ours before:",
		"su respuesta está en el ticket, pero no se envió a esta "
		"dirección, que ya devolvió un correo nuestro:" },
	[PHRASE_GRADE_1] = { "Muito ruim", "Very bad", "Muy mal" },
	[PHRASE_GRADE_2] = { "Ruim", "Bad", "Mal" },
	[PHRASE_GRADE_3] = { "Razoável", "Fair", "Regular" },
	[PHRASE_GRADE_4] = { "Bom", "Good", "Bien" },
	[PHRASE_GRADE_5] = { "Muito bom", "Very good", "Muy bien" },
};
G_STATIC_ASSERT(G_N_ELEMENTS(phrases) == PHRASE__COUNT);
/* clang-format on */

const char *phrase_get(enum phrase phrase, const char *language)
{
	unsigned at = LANGUAGE__COUNT;

	g_return_val_if_fail((unsigned)phrase < PHRASE__COUNT, "");
	while (at > 1 && (language == NULL ||
	                  strcmp(language_names[at - 1], language) != 0))
		at--;
	return phrases[phrase][at - 1];
}
