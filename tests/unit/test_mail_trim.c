/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What somebody wrote, without the mail it answers. Needs converters. */
#include "mail_case.h"

#include "mail/trim.h"

static void test_quotes_cuts_what_is_quoted(void **state)
{
	static const struct {
		const char *name;
		const char *input;
		const char *want; /* NULL: untouched */
	} cases[] = {
		{ "nothing quoted", "Olá\n\nTudo bem?", NULL },
		{ "empty", "", NULL },
		{ "pt attribution",
		  "Sim\n\nEm seg., 3 de jan. de 2022 às 10:00, Desk <\n"
		  "suporte@desk.example> escreveu:\n\n> Pode?",
		  "Sim" },
		{ "pt, quotation not marked",
		  "Sim\n\nEm 03/01/2022 10:00, Desk <s@desk.example> escreveu:\n"
		  "\nPode?",
		  "Sim" },
		{ "en attribution",
		  "Yes\n\nOn Mon, Jan 3, 2022 at 10:00 AM Desk wrote:\n> May?",
		  "Yes" },
		{ "es attribution",
		  "Sí\n\nEl lun, 3 ene 2022 a las 10:00, Desk\n"
		  "(<s@desk.example>) escribió:\n> x",
		  "Sí" },
		{ "fr attribution",
		  "Oui\n\nLe 3 janv. 2022 à 10:00, Desk a écrit :\n> x",
		  "Oui" },
		{ "de attribution",
		  "Ja\n\nAm 03.01.22 um 10:00 schrieb Desk:\n> x", "Ja" },
		{ "ja attribution",
		  "はい\n\n2022年1月3日(月) 10:00 Desk <s@desk.example>:\n> x",
		  "はい" },
		{ "date and address, no verb",
		  "Yes\n\n2022-01-03 10:00 GMT-03:00 Desk <s@desk.example>:\n\n"
		  "> x",
		  "Yes" },
		{ "outlook pt",
		  "Segue\n\nDe: Desk <s@desk.example>\n"
		  "Enviada em: segunda-feira, 3 de janeiro de 2022 10:00\n"
		  "Para: Ana\nAssunto: pedido\n\nTexto",
		  "Segue" },
		{ "outlook with rule",
		  "Ok\n\n________________________________\nFrom: Desk\n"
		  "Sent: Monday\nTo: Ana\nSubject: x\n\nText",
		  "Ok" },
		{ "outlook in bold",
		  "Ok\n\n*De:* Desk\n*Enviado:* hoje\n*Para:* Ana\n"
		  "*Assunto:* x\n\nTexto",
		  "Ok" },
		{ "original message",
		  "Ok\n\n-----Mensagem original-----\nDe: Desk\nTexto", "Ok" },
		{ "original message, es",
		  "Ok\n\n-------- Mensaje original --------\nTexto", "Ok" },
		{ "bare quotation at the end", "Ok\n\n> texto\n> mais", "Ok" },
		{ "signature stays",
		  "Ok\n\n-- \nAna\n\nEm 1/1/22 10:00, D <d@e.example> "
		  "escreveu:\n> x",
		  "Ok\n\n-- \nAna" },
		{ "zoho",
		  "Ok\n\n---- On Mon, 03 Jan 2022 10:00:00 -0300 "
		  "D <d@e.example> wrote ----\n\nx",
		  "Ok" },
		/* what must not be cut */
		{ "answer below",
		  "Em 1/1/22 10:00, D <d@e.example> escreveu:\n> Pode?\n\nSim",
		  "Sim" },
		{ "interleaved",
		  "Em 1/1/22 10:00, D <d@e.example> escreveu:\n> Um?\nSim\n"
		  "> Dois?\nNão",
		  NULL },
		{ "interleaved under a greeting",
		  "Oi,\n\nEm 1/1/22 10:00, D <d@e.example> escreveu:\n> Um?\n"
		  "Sim\n> Dois?\nNão",
		  NULL },
		{ "text after the quotation", "Oi\n\n> Um?\n\nSim", NULL },
		{ "only a quotation", "> Um?\n> Dois?", NULL },
		{ "attribution only",
		  "Em 1/1/22 10:00, D <d@e.example> escreveu:\n> x", NULL },
		{ "people who say wrote",
		  "Em 10/03 às 14:00 o suporte escreveu:\nfalta o boleto. "
		  "Mas eu paguei.",
		  NULL },
		{ "a colon is not enough", "Preciso de:\n- um\n- dois", NULL },
		{ "two header lines are not enough",
		  "Veja:\nDe: 10\nPara: 20\ncerto?", NULL },
		{ "rule only", "Um\n-----\nDois", NULL },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = trim_quotes(cases[i].input);
		const char *want =
			cases[i].want != NULL ? cases[i].want : cases[i].input;

		if (strcmp(got, want) != 0)
			fail_msg("%s: \"%s\"", cases[i].name, got);
	}
}

/* Each stands for itself: date or verb, address, and a colon. */
static const char *const certain[] = {
	/* pt */
	"Em seg., 2 de jun. de 2025 às 10:00, Ana Lima <a@b.example> escreveu:",
	"Em seg, 2 de jun de 2025 10:00, Ana Lima <a@b.example> escreveu:",
	"Em 2 de jun. de 2025, à(s) 10:00, Ana <a@b.example> escreveu:",
	"Em segunda-feira, 2 de junho de 2025 10:00:00 BRT, Ana "
	"<a@b.example> escreveu:",
	"Em segunda-feira, 2 de junho de 2025 às 10:00, Ana <a@b.example> "
	"escreveu:",
	"Em 02/06/2025 10:00, < a@b.example > escreveu:",
	"Em Seg 02/06/25 10:00, Ana a@b.example escreveu:",
	"Em 02-06-2025 10:00, a@b.example escreveu:",
	"Em 02/06/2025 10:00:00, Ana <a@b.example> escreveu:",
	"Em 2/6/2025 10h00, \"Ana Lima\" <a@b.example> escreveu:",
	"No dia 2 de jun de 2025, às 10:00, Ana <a@b.example> escreveu:",
	"No dia segunda, 2/06/2025 às 10:00, Ana <a@b.example> escreveu:",
	"A segunda, 2/06/2025, 10:00, Ana <a@b.example> escreveu:",
	"a@b.example escreveu (segunda, 2/06/2025 à(s) 10:00):",
	"Ana <a@b.example> escreveu em seg., 2/06/2025 às 10:00:",
	/* en */
	"On Mon, Jun 2, 2025 at 10:00 AM Ana Lima <a@b.example> wrote:",
	"On 2 Jun 2025, at 10:00, Ana Lima <a@b.example> wrote:",
	"On Monday, June 2nd, 2025 at 10:00 AM, Ana <a@b.example> wrote:",
	"On 2 Jun 2025 at 10:00 -0300, Ana <a@b.example>, wrote:",
	"On 2 Jun 2025 at 10:00:00, Ana (a@b.example) wrote:",
	"On Jun 2, 2025 10:00 AM, \"Ana Lima\" <a@b.example> wrote:",
	"On Monday, June 2, 2025, 10:00:00 AM GMT-3, Ana <a@b.example> wrote:",
	"On 6/2/2025 10:00 AM, Ana Lima <a@b.example> wrote:",
	"At 10:00 02/06/2025, a@b.example wrote:",
	"Ana Lima <a@b.example> wrote:",
	"Ana Lima <a@b.example> writes:",
	"---- On Mon, 02 Jun 2025 10:00:00 -0300 Ana <a@b.example> wrote ----",
	"2025-06-02 10:00 GMT-03:00 Ana Lima <a@b.example>:",
	/* es */
	"El lun, 2 jun 2025 a las 10:00, Ana (<a@b.example>) escribió:",
	"El lunes, 2 de junio de 2025 10:00:00 CEST, Ana <a@b.example> escribió:",
	"El 2 jun 2025, a las 10:00, Ana <a@b.example> escribió:",
	"El 02-06-2025, a las 10:00, Ana <a@b.example> escribió:",
	/* fr */
	"Le lun. 2 juin 2025 à 10:00, Ana <a@b.example> a écrit :",
	"Le 2 juin 2025 à 10:00, Ana <a@b.example> a écrit :",
	"Le lundi 2 juin 2025 à 10:00:00 UTC+2, Ana <a@b.example> a écrit :",
	/* de */
	"Am Mo., 2. Juni 2025 um 10:00 Uhr schrieb Ana <a@b.example>:",
	"Am 02.06.2025 um 10:00 schrieb Ana Lima <a@b.example>:",
	"Ana <a@b.example> schrieb am Mo., 2. Juni 2025, 10:00:",
	/* it */
	"Il giorno lun 2 giu 2025 alle ore 10:00 Ana <a@b.example> ha scritto:",
	"Il 2 giugno 2025 10:00, Ana <a@b.example> ha scritto:",
	/* nl */
	"Op ma 2 jun 2025 om 10:00 schreef Ana <a@b.example>:",
	"Op 2 jun. 2025 om 10:00 heeft Ana <a@b.example> het volgende "
	"geschreven:",
	/* sv, da, no, fi */
	"Den mån 2 juni 2025 kl 10:00 skrev Ana <a@b.example>:",
	"2 juni 2025 kl. 10:00 skrev Ana <a@b.example>:",
	"Den man. 2. jun. 2025 kl. 10.00 skrev Ana <a@b.example>:",
	"man. 2. juni 2025 kl. 10:00 skrev Ana <a@b.example>:",
	"ma 2. kesäk. 2025 klo 10.00 Ana (a@b.example) kirjoitti:",
	/* pl, cs, sk, hu, ro, hr */
	"pon., 2 cze 2025 o 10:00 Ana <a@b.example> napisał(a):",
	"po 2. 6. 2025 v 10:00 odesílatel Ana <a@b.example> napsal:",
	"po 2. 6. 2025 o 10:00 Ana <a@b.example> napísal(a):",
	"Ana <a@b.example> ezt írta (időpont: 2025. jún. 2., H, 10:00):",
	"În lun., 2 iun. 2025 la 10:00, Ana <a@b.example> a scris:",
	"pon, 2. lip 2025. u 10:00 Ana <a@b.example> napisao je:",
	/* lt, lv, et */
	"2025-06-02, pr 10:00 Ana <a@b.example> rašė:",
	"pirmd., 2025. g. 2. jūn., plkst. 10:00 lietotājs Ana (<a@b.example>) "
	"rakstīja:",
	"Kuupäev E, 2. juuni 2025 kell 10:00 kirjutas Ana <a@b.example>:",
	/* ru, uk, bg; two of them without a verb */
	"пн, 2 июн. 2025 г. в 10:00, Ana <a@b.example>:",
	"Понедельник, 2 июня 2025, 10:00 +03:00 от Ana <a@b.example>:",
	"2 июня 2025, 10:00, \"Ana\" <a@b.example> написал:",
	"пн, 2 черв. 2025 р. о 10:00 Ana <a@b.example> пише:",
	"На пн, 2.06.2025 г. в 10:00 Ana <a@b.example> написа:",
	/* tr, el, ca, vi, id */
	"Ana <a@b.example>, 2 Haz 2025 Pzt, 10:00 tarihinde şunu yazdı:",
	"Στις Δευ 2 Ιουν 2025 στις 10:00 π.μ., ο χρήστης Ana <a@b.example> "
	"έγραψε:",
	"El dl., 2 de juny 2025, 10:00, Ana <a@b.example> va escriure:",
	"Vào Th 2, 2 thg 6, 2025 vào lúc 10:00 Ana <a@b.example> đã viết:",
	"Pada tanggal Sen, 2 Jun 2025 pukul 10.00 Ana <a@b.example> menulis:",
	/* zh, ja, ko */
	"Ana <a@b.example> 于2025年6月2日周一 10:00写道：",
	"在 2025年6月2日，10:00，Ana <a@b.example> 写道：",
	"Ana <a@b.example> 於 2025年6月2日 週一 上午10:00寫道：",
	"2025年6月2日(月) 10:00 Ana <a@b.example>:",
	"2025/06/02 10:00、Ana <a@b.example>のメール:",
	"2025년 6월 2일 (월) 오전 10:00, Ana <a@b.example>님이 작성:",
	/* he, ar, th, hi */
	"\342\200\253בתאריך יום ב׳, 2 ביוני 2025 ב-10:00 מאת "
	"\342\200\252Ana\342\200\254\342\200\217 <\342\200\252"
	"a@b.example\342\200\254\342\200\217>:\342\200\254",
	"في الاثنين، 2 يونيو 2025 في 10:00 ص تمت كتابة ما يلي بواسطة Ana "
	"<a@b.example>:",
	"เมื่อ จ. 2 มิ.ย. 2025 เวลา 10:00 น. Ana <a@b.example> เขียนว่า:",
	"सोम, 2 जून 2025 को 10:00 बजे को Ana <a@b.example> ने लिखा:",
};

/* These need ">" lines behind them. */
static const char *const likely[] = {
	"Em 02/06/2025 10:00, Ana Lima escreveu:",
	"Em seg, 2025-06-02 às 10:00 -0300, Ana Lima escreveu:",
	"Em segunda-feira, 2 de junho de 2025 10:00:00 -03 Ana escreveu:",
	"Em 2 de junho de 2025, suporte escreveu:",
	"Ana Lima escreveu:",
	"Suporte Hospedagem escreveu em 02/06/2025 10:00:",
	"On Mon, Jun 02, 2025 at 10:00:00AM -0300, Ana Lima wrote:",
	"On Mon, 2 Jun 2025, Ana Lima wrote:",
	"On Mon, 2025-06-02 at 10:00 +0000, Ana Lima wrote:",
	"On 02/06/2025 10:00, Ana Lima wrote:",
	"Quoting Ana Lima <a@b.example>:",
	"El 02/06/2025 a las 10:00, Ana Lima escribió:",
	"Le 02/06/2025 à 10:00, Ana Lima a écrit :",
	"Am 02.06.25 um 10:00 schrieb Ana Lima:",
	"Il 02/06/2025 10:00, Ana Lima ha scritto:",
	"Op 02-06-2025 om 10:00 schreef Ana Lima:",
	"W dniu 02.06.2025 o 10:00, Ana Lima pisze:",
	"Den 02.06.2025 10:00, skrev Ana Lima:",
	"On 02.06.2025 10.00, Ana Lima kirjoitti:",
	"Dne 02.06.2025 v 10:00 Ana Lima napsal(a):",
	"02.06.2025 10:00, Ana Lima пишет:",
	"2025. 06. 02. 10:00 keltezéssel, Ana Lima írta:",
	"Pe 02.06.2025 10:00, Ana Lima a scris:",
	"On 2025/06/02 10:00, Ana Lima wrote:",
};

static const char *const heads[] = {
	"De: Ana <a@b.example>\nEnviado: segunda-feira, 2 de junho de 2025 "
	"10:00\nPara: Bia\nAssunto: Re: x\n",
	"De: Ana [mailto:a@b.example]\nEnviada em: segunda-feira, 2 de junho "
	"de 2025 10:00\nPara: Bia; Caio\nCc: Davi\nAssunto: Re: x\n"
	"Prioridade: Alta\n",
	"De: \"Ana\" <a@b.example>\nPara: \"bia\" <b@b.example>\nEnviadas: "
	"Segunda-feira, 2 de junho de 2025 10:00:00\nAssunto: Re: x\n",
	"________________________________\nDe: Ana\nEnviado: 2 de junho\n"
	"Para: Bia\nAssunto: x\n",
	"-------- Mensagem original --------\nDe : Ana <a@b.example>\n"
	"Data: 02/06/2025 10:00 (GMT-03:00)\nPara: b@b.example\n"
	"Assunto: Re: x\n",
	"------ Mensagem original ------\nDe: \"Ana\" <a@b.example>\n"
	"Para: b@b.example\nEnviado: 02/06/2025 10:00:00\nAssunto: x\n",
	"-----Mensagem Original-----\nFrom: Ana\n",
	"________________________________\n\nDe: Ana\n\nEnviado: hoje\n\n"
	"Para: Bia\n\nAssunto: x\n",
	"From: Ana <a@b.example>\nSent: Monday, June 2, 2025 10:00 AM\n"
	"To: Bia\nSubject: Re: x\n",
	"*From:* Ana <a@b.example>\n*Date:* Monday, June 2, 2025 10:00\n"
	"*To:* Bia\n*Subject:* x\n",
	"From: \"Ana\" <a@b.example>\nTo: Bia\nCc: \nDate: Mon, 2 Jun 2025 "
	"10:00:00 +0000\nSubject: x\n",
	"De: Ana\nEnviado el: lunes, 2 de junio de 2025 10:00\nPara: Bia\n"
	"Asunto: x\n",
	"De : Ana <a@b.example>\nEnvoyé : lundi 2 juin 2025 10:00\nÀ : Bia\n"
	"Objet : x\n",
	"Von: Ana <a@b.example>\nGesendet: Montag, 2. Juni 2025 10:00\n"
	"An: Bia\nBetreff: x\n",
	"Gesendet: Montag, 02. Juni 2025 um 10:00 Uhr\nVon: \"Ana\" "
	"<a@b.example>\nAn: b@b.example\nBetreff: x\n",
	"Da: Ana <a@b.example>\nInviato: lunedì 2 giugno 2025 10:00\nA: Bia\n"
	"Oggetto: x\n",
	"Van: Ana <a@b.example>\nVerzonden: maandag 2 juni 2025 10:00\n"
	"Aan: Bia\nOnderwerp: x\n",
	"Od: Ana <a@b.example>\nWysłano: poniedziałek, 2 czerwca 2025 10:00\n"
	"Do: Bia\nTemat: x\n",
	"Från: Ana <a@b.example>\nSkickat: den 2 juni 2025 10:00\nTill: Bia\n"
	"Ämne: x\n",
	"Fra: Ana <a@b.example>\nSendt: 2. juni 2025 10:00\nTil: Bia\n"
	"Emne: x\n",
	"Lähettäjä: Ana <a@b.example>\nLähetetty: maanantai 2. kesäkuuta 2025\n"
	"Vastaanottaja: Bia\nAihe: x\n",
	"От: Ana <a@b.example>\nОтправлено: 2 июня 2025 г. 10:00\nКому: Bia\n"
	"Тема: x\n",
	"Kimden: Ana <a@b.example>\nGönderildi: 2 Haziran 2025 10:00\n"
	"Kime: Bia\nKonu: x\n",
	"发件人: Ana <a@b.example>\n发送时间: 2025年6月2日 10:00\n"
	"收件人: Bia\n主题: x\n",
	"------------------ 原始邮件 ------------------\n发件人: Ana\n",
	"差出人: Ana <a@b.example>\n送信日時: 2025年6月2日 10:00\n宛先: Bia\n"
	"件名: x\n",
	"보낸 사람: Ana <a@b.example>\n보낸 날짜: 2025년 6월 2일 10:00\n"
	"받는 사람: Bia\n제목: x\n",
	/* a language that is in no table, below a rule */
	"________________________________\nSendandi: Ana <a@b.example>\n"
	"Sent þann: 2. júní 2025 10:00\nViðtakandi: Bia\nEfni: x\n",
};

static const char *const devices[] = {
	"Enviado do meu iPhone",
	"Enviado do meu iPad",
	"Enviado do meu Samsung Galaxy A12",
	"Enviado do meu smartphone Samsung Galaxy.",
	"Enviado via Samsung",
	"Enviado do Yahoo Mail no Android",
	"Enviado do Outlook para iOS",
	"Enviado do Email para Windows",
	"Enviado do Correio para Windows 10",
	"Enviado a partir do meu Motorola",
	"Enviado do meu celular",
	"Enviado pelo meu Redmi Note 9",
	"Enviado via UOL Mail",
	"Obter o Outlook para iOS",
	"Obter o Outlook para Android<https://aka.ms/x>",
	"Obtenha o Outlook para iOS <https://aka.ms/x>",
	"Baixe o Outlook para Android",
	"Sent from my iPhone",
	"Sent from my Galaxy",
	"Sent from Outlook for iOS",
	"Get Outlook for iOS<https://aka.ms/x>",
	"Get Outlook for Android",
	"Sent from Yahoo Mail on Android",
	"Sent with Proton Mail secure email.",
	"Sent from Mail for Windows",
	"Sent via BlackBerry from Vivo",
	"Enviado desde mi iPhone",
	"Enviado desde mi teléfono",
	"Obtener Outlook para iOS",
	"Envoyé de mon iPhone",
	"Envoyé depuis Yahoo Mail pour Android",
	"Télécharger Outlook pour iOS",
	"Von meinem iPhone gesendet",
	"Gesendet mit der mobilen Mail App",
	"Outlook für Android herunterladen",
	"Inviato da iPhone",
	"Inviato dal mio iPad",
	"Scarica Outlook per iOS",
	"Verstuurd vanaf mijn iPhone",
	"Outlook voor iOS downloaden",
	"Skickat från min iPhone",
	"Sendt fra min iPhone",
	"Wysłane z iPhone’a",
	"Отправлено с iPhone",
	"Отправлено из мобильной Почты",
	"iPhoneから送信",
	"나의 iPhone에서 보냄",
	"发自我的 iPhone",
	"從我的 iPhone 傳送",
	"iPhone'umdan gönderildi",
	"Livre de vírus. www.avast.com",
	"Odesláno z iPhonu",
	"Trimis de pe iPhone-ul meu",
	"Lähetetty iPhonesta",
	"Στάλθηκε από το iPhone μου",
};

#define WORDS "Segue o que pediram.\n\nObrigada,\nAna"

static void expect_words(const char *name, const char *text)
{
	g_autofree char *got = trim_reply(text, NULL);

	if (strcmp(got, WORDS) != 0)
		fail_msg("%s: \"%s\"", name, got);
}

static void expect_words_before(const char *before, const char *one,
                                const char *behind)
{
	g_autofree char *text = g_strconcat(WORDS, before, one, behind, NULL);

	expect_words(one, text);
}

static void test_reply_knows_attributions(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(certain); i++) {
		expect_words_before("\n\n", certain[i],
		                    "\n\nBom dia.\nPode?\n");
		expect_words_before("\n\n", certain[i], "\nBom dia.\nPode?\n");
		expect_words_before("\n\n", certain[i],
		                    "\n\n> Bom dia.\n> Pode?\n");
		expect_words_before("\n\n", certain[i],
		                    "\n> Bom dia.\n\n-- \nAna\n");
		expect_words_before("\n\n> ", certain[i], "\n>\n> Bom dia.\n");
	}
	for (size_t i = 0; i < G_N_ELEMENTS(likely); i++) {
		expect_words_before("\n\n", likely[i], "\n> Bom dia.\n");
		expect_words_before("\n\n", likely[i],
		                    "\n\n> Bom dia.\n>\n> Pode?");
	}
}

#define BREAK_BYTES_MIN 20

/* Mail programs break long lines at any blank. */
static void test_reply_knows_broken_attributions(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(certain); i++) {
		g_autofree char *broken = g_strdup(certain[i]);

		for (char *p = broken; (p = strchr(p, ' ')) != NULL; p++) {
			if (p - broken < BREAK_BYTES_MIN || p[1] == '-')
				continue;
			*p = '\n';
			expect_words_before("\n\n", broken, "\n\n> Bom dia.\n");
			*p = ' ';
		}
	}
}

static void test_reply_knows_header_lines(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(heads); i++) {
		expect_words_before("\n\n", heads[i], "\nBom dia.\n");
		expect_words_before("\n\n\n", heads[i], "\n\nBom dia.\n> x\n");
	}
}

static void test_reply_drops_lines_of_programs(void **state)
{
	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(devices); i++) {
		expect_words_before("\n\n", devices[i], "\n");
		expect_words_before("\n\n", devices[i],
		                    "\n\nEm 2/6/25 10:00, D "
		                    "<d@e.example> escreveu:\n> x\n");
	}
}

/* What people write themselves, though it looks like a quotation's start. */
static void test_reply_keeps_words(void **state)
{
	static const char *const texts[] = {
		"Em 10/03 às 14:00 o suporte escreveu:\nfalta o boleto. "
		"Mas eu paguei.",
		"Em 10/03/2025 às 14:00 o suporte escreveu:\nfalta o boleto.",
		"Oi,\n\nMeu amigo escreveu:\n\nnão consigo entrar\n\nE agora?",
		"On Monday she wrote:\n\nplease call\n\nWhat shall I do?",
		"O erro de hoje, 02/06/2025 10:00:\n\n550 5.7.1 recusado",
		"Seguem os horários:\n\n10:00 backup\n14:00 restauração\n\n"
		"Qual serve?",
		"2025-06-02 10:00:01 kernel: panic\n2025-06-02 10:00:02 reboot",
		"2025-06-02 10:00 o servidor parou\n\nPodem ver?",
		"O log:\n\n2025-06-02T10:00:00 GMT erro fatal\n\nPodem ver?",
		"Pedido:\nNome: Ana\nTelefone: 11 5555-0000\nE-mail: "
		"a@b.example\nData: 02/06/2025 10:00\n\nAguardo.",
		"Configuração:\nservidor: mail.b.example\nporta: 993\nusuário: "
		"a@b.example\n\nNão conecta.",
		"De: São Paulo\nPara: Recife\n\nquanto custa?",
		"Itens\n-----\num\ndois\n-----\ntotal: 2",
		"Antes\n\n________________________________\n\nDepois, e mais.",
		"Um\n\n-- \nAna\n\n> dois\n\nSim, isso mesmo.",
		"---\ntitle: x\n---\n\ntexto",
		"a@b.example:\nsenha trocada\n\nc@d.example:\nainda não",
		"Falei com suporte@desk.example:\n\neles disseram que sim.",
		"Enviado por engano, desculpe.",
		"Recebido:\n> 550 recusado\n\nO que significa?",
		"> Qual o domínio?\nexemplo.com.br\n> E o plano?\nBásico",
		"Em 2/6/25 10:00, D <d@e.example> escreveu:\n> Um?\nSim\n"
		"> Dois?\nNão\n",
		"Oi\n\nEm 2/6/25 10:00, D <d@e.example> escreveu:\n\n> Um?\n\n"
		"Sim.\n\n> Dois?\n\nNão.\n\nObrigada",
		"1) Qual?\nResposta: a\n2) Quando?\nResposta: 10:00\n",
		"if (a > b)\n> x\nelse\n> y\nfim do código",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *got = trim_reply(texts[i], NULL);
		g_autofree char *want = g_strchomp(g_strdup(texts[i]));

		if (strcmp(g_strchomp(got), want) != 0)
			fail_msg("%s: \"%s\"", texts[i], got);
	}
}

static void test_reply_gives_the_signature(void **state)
{
	static const struct {
		const char *name;
		const char *input;
		const char *want; /* NULL: untouched */
		const char *signature;
	} cases[] = {
		{ "none", "Sim", NULL, "" },
		{ "mark", "Sim\n\n-- \nAna Lima\nVenda & Cia", "Sim",
		  "-- \nAna Lima\nVenda & Cia" },
		{ "mark without blank", "Sim\n--\nAna", "Sim", "--\nAna" },
		{ "above the quotation", "Sim\n\n-- \nAna\n\n> Pode?", "Sim",
		  "-- \nAna" },
		{ "below the quotation", "Sim\n\n> Pode?\n\n-- \nAna", "Sim",
		  "-- \nAna" },
		{ "phone and mark", "Sim\n\nEnviado do meu iPhone\n\n-- \nAna",
		  "Sim", "Enviado do meu iPhone\n\n-- \nAna" },
		{ "rule at the end", "Sim\n\n______\n", "Sim", "______" },
		{ "only a signature", "-- \nAna", NULL, "" },
		{ "only a phone", "Enviado do meu iPhone", NULL, "" },
		{ "signature between answers", "> Um?\n-- \nx\n> Dois?\nNão",
		  NULL, "" },
		{ "marks between things",
		  "Um\n--\nDois, "
		  "que é uma linha muito mais longa do que qualquer uma que "
		  "se encontra numa assinatura, e por isso é texto de gente, "
		  "não é?",
		  NULL, "" },
		{ "not at the end", "Enviado do meu iPhone\n\nNão funciona.",
		  NULL, "" },
		{ "somebody's words",
		  "Como pedido:\n\nEnviado por correio ontem", NULL, "" },
		{ "words about a phone",
		  "Enviado do meu telefone antigo porque o novo quebrou na "
		  "semana passada, e o backup que fiz no computador da empresa "
		  "não abre",
		  NULL, "" },
		{ "attribution above unmarked text",
		  "Em 2/6/25 10:00, D <d@e.example> escreveu:\n\nBom dia",
		  "Bom dia", "" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *signature = NULL;
		g_autofree char *got = trim_reply(cases[i].input, &signature);
		const char *want =
			cases[i].want != NULL ? cases[i].want : cases[i].input;

		if (strcmp(got, want) != 0)
			fail_msg("%s: \"%s\"", cases[i].name, got);
		if (strcmp(signature, cases[i].signature) != 0)
			fail_msg("%s: signature \"%s\"", cases[i].name,
			         signature);
	}
}

static void test_is_forward(void **state)
{
	static const struct {
		const char *input;
		bool want;
	} cases[] = {
		{ "Olá", false },
		{ "", false },
		{ "Veja\n\n---------- Forwarded message ---------\nDe: x",
		  true },
		{ "-------- Mensagem encaminhada --------\nx", true },
		{ "Begin forwarded message:\n\nFrom: x", true },
		{ "Inicio del mensaje reenviado:\nx", true },
		{ "forwarded message was lost", false },
		{ "Ok\n\nOn Mon, Jan 3, 2022 at 10:00 AM D <d@e.example> wrote:\n"
		  "\n---------- Forwarded message ---------\nx",
		  false },
		{ "Veja\n\n> Begin forwarded message:\n>\n> From: x", true },
		{ "> quoted\n> ---------- Forwarded message ---------", false },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *own = trim_unforwarded(cases[i].input);
		g_autofree char *reply = trim_reply(cases[i].input, NULL);

		if (g_strcmp0(own, cases[i].want ? NULL : reply) != 0)
			fail_msg("%s: both in one differ", cases[i].input);
		if (trim_is_forward(cases[i].input) != cases[i].want)
			fail_msg("%s", cases[i].input);
	}
}

/* HTML mail as the programs customers use write it. */
static void test_html_replies(void **state)
{
	static const struct {
		const char *name;
		const char *html;
		const char *want;
	} cases[] = {
		{ "gmail, pt",
		  "<div dir=\"ltr\">Funcionou, obrigada!</div><br>"
		  "<div class=\"gmail_quote\"><div dir=\"ltr\" "
		  "class=\"gmail_attr\">Em seg., 3 de jan. de 2022 &agrave;s "
		  "10:00, Suporte &lt;<a href=\"mailto:s@desk.example\">"
		  "s@desk.example</a>&gt; escreveu:<br></div>"
		  "<blockquote class=\"gmail_quote\" style=\"margin:0px 0px 0px "
		  "0.8ex;border-left:1px solid\">Tente agora.</blockquote></div>",
		  "Funcionou, obrigada!" },
		{ "outlook, pt",
		  "<p class=MsoNormal>Segue o comprovante.<o:p></o:p></p>"
		  "<p class=MsoNormal>&nbsp;</p>"
		  "<div style='border:none;border-top:solid #E1E1E1 1.0pt'>"
		  "<p class=MsoNormal><b>De:</b> Financeiro &lt;f@desk.example&gt;"
		  "<br><b>Enviada em:</b> segunda-feira, 3 de janeiro de 2022 "
		  "10:00<br><b>Para:</b> Ana<br><b>Assunto:</b> Boleto</p></div>"
		  "<p class=MsoNormal>Falta o comprovante.</p>",
		  "Segue o comprovante." },
		{ "outlook on the web, es",
		  "<div>Listo</div><hr tabindex=\"-1\" style=\"width:98%\">"
		  "<div id=\"divRplyFwdMsg\"><b>De:</b> Desk<br>"
		  "<b>Enviado:</b> lunes<br><b>Para:</b> Ana<br>"
		  "<b>Asunto:</b> x</div><div>Texto</div>",
		  "Listo" },
		{ "apple mail",
		  "<body>Ok<br><div><br><blockquote type=\"cite\"><div>Em 3 de "
		  "jan. de 2022, &agrave;(s) 10:00, Desk &lt;s@desk.example&gt; "
		  "escreveu:</div><br><div>Texto</div></blockquote></div></body>",
		  "Ok" },
		{ "zimbra",
		  "<div>Feito</div><hr id=\"zwchr\"><div><b>De: </b>\"Desk\" "
		  "&lt;s@desk.example&gt;<br><b>Para: </b>ana@b.example<br>"
		  "<b>Enviadas: </b>Segunda-feira, 3 de janeiro<br>"
		  "<b>Assunto: </b>x</div><div>Texto</div>",
		  "Feito" },
		{ "phone",
		  "<div>Sim</div><div>-------- Mensagem original --------</div>"
		  "<div>De: Desk</div><div>Data: 03/01/2022</div><div>Texto</div>",
		  "Sim" },
		{ "answers inside the quotation",
		  "<blockquote type=cite>Um?</blockquote>Sim"
		  "<blockquote type=cite>Dois?</blockquote>N&atilde;o",
		  "> Um?\nSim\n> Dois?\nNão" },
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strconcat(
			"From: a@b.example\nSubject: RES: x\n"
			"Content-Type: text/html; charset=utf-8\n\n",
			cases[i].html, NULL);
		AUTO(mail) mail = case_parse(text);

		if (strcmp(mail->text_trimmed, cases[i].want) != 0)
			fail_msg("%s: \"%s\"", cases[i].name,
			         mail->text_trimmed);
	}
}

/* No clock: a quadratic way through these would not end in time. */
static void test_quotes_is_linear(void **state)
{
	static const char *const units[] = {
		"\n",
		">\n",
		"a\n",
		"a:\n",
		"wrote:\n",
		"> a\nb\n",
		"On 1 wrote:\n\n",
		"From: a\nTo: b\nSubject: c\n\n",
		"-----Original Message-----\n",
		"_____\n",
		"On 1\n",
		"On 1/1 10:00 a@b wrote:\n>\n",
		"--\n",
		"-- \n\n",
		"--\n\n\n",
		"<\n",
		"a <\n\n> :\n",
		"Sent from my iPhone\n",
		"2025-06-02 10:00 GMT+01:00 A\n\n",
		"________\nX: a@b 1/1/2025 10:00\nY: a\n",
		"1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1:\n",
		"janjanjan feb mar @a@b@c <<<<>>>> 10:00 wrote wrote wrote:\n",
	};

	(void)state;
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		GString *text = g_string_new("x\n");

		while (text->len < 128 * KIB)
			g_string_append(text, units[i]);
		g_string_append(text, "end\n");
		g_autofree char *got = trim_quotes(text->str);

		assert_true(strlen(got) <= text->len);
		(void)trim_is_forward(text->str);
		g_autofree char *words = trim_reply(text->str, NULL);

		assert_true(strlen(words) <= text->len);
		g_string_free(text, TRUE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quotes_cuts_what_is_quoted),
		cmocka_unit_test(test_reply_knows_attributions),
		cmocka_unit_test(test_reply_knows_broken_attributions),
		cmocka_unit_test(test_reply_knows_header_lines),
		cmocka_unit_test(test_reply_drops_lines_of_programs),
		cmocka_unit_test(test_reply_keeps_words),
		cmocka_unit_test(test_reply_gives_the_signature),
		cmocka_unit_test(test_is_forward),
		cmocka_unit_test(test_html_replies),
		cmocka_unit_test(test_quotes_is_linear),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
