/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * trim_words.c - the words mail programs put before a quotation
 */
#include "mail/trim_words.h"

#include <stddef.h>

const char *const trim_wrote[] = {
	"wrote",	"writes",      "has written", "escreveu",
	"escreveram",	"escribió",    "escribio",    "ha escrito",
	"va escriure",	"a écrit",     "écrit",	      "a ecrit",
	"schrieb",	"ha scritto",  "scrive",      "schreef",
	"het volgende geschreven", "geschreven",
	"skrev",	"kirjoitti",   "napisał",     "napisała",
	"napisał(a)",	"napisal",     "napsal",      "napsal(a)",
	"napísal",	"napísal(a)",  "napisao",     "pisze",
	"je napisao/la", "a scris",    "írta",	      "ezt írta",
	"yazdı",	"şunu yazdı",  "şunları yazdı",
	"написал",	"написал(а)",  "написала",    "пишет",
	"писал",	"писал(а)",    "пише",	      "написав",
	"έγραψε",	"đã viết",     "menulis",     "kirjutas",
	"rašė",		"rakstīja",    "كتب",	      "כתב",
	"寫道",		"写道",	       "写到",	      "書きました",
	"書いた",	"のメール",    "のメッセージ", "작성",
	"님이 작성",	"wrote the following", "said", NULL,
};

const char *const trim_on[] = {
	"on ",	"em ",	"no dia ", "el ",  "le ",  "am ",  "il ",
	"op ",	"den ", "w dniu ", "dne ", "at ",  "pe ",  "dia ",
	"il giorno ", "du ", "vào ", "pada ", "ngày ", "στις ", "в ",
	"am um ", "il g", "în ", "à ", "el dia ", "el día ", NULL,
};

const char *const trim_original[] = {
	"original message",	"original mail",
	"original e-mail",	"original appointment",
	"reply message",	"reply to message",
	"mensagem original",	"mensaje original",
	"mensagem anterior",	"correo original",
	"e-mail original",	"message d'origine",
	"message original",	"message initial",
	"ursprüngliche nachricht", "originalnachricht",
	"original-nachricht",	"messaggio originale",
	"oorspronkelijk bericht", "origineel bericht",
	"ursprungligt meddelande", "opprinnelig melding",
	"oprindelig meddelelse", "original meddelelse",
	"alkuperäinen viesti",	"oryginalna wiadomość",
	"wiadomość oryginalna", "původní zpráva",
	"pôvodná správa",	"eredeti üzenet",
	"mesaj original",	"orijinal mesaj",
	"исходное сообщение",	"оригинальное сообщение",
	"пересылаемое сообщение", "αρχικό μήνυμα",
	"原始邮件",		"原始郵件",
	"元のメッセージ",	"원본 메시지",
	"원본 메일",		"missatge original",
	NULL,
};

const char *const trim_forwarded[] = {
	"forwarded message",	  "forwarded mail",
	"begin forwarded message", "forwarded by",
	"mensagem encaminhada",	  "mensagem reencaminhada",
	"início da mensagem encaminhada", "inicio da mensagem encaminhada",
	"encaminhado por",	  "encaminhada por",
	"mensaje reenviado",	  "inicio del mensaje reenviado",
	"reenviado por",	  "message transféré",
	"message transmis",	  "début du message transféré",
	"début du message réexpédié", "weitergeleitete nachricht",
	"anfang der weitergeleiteten nachricht",
	"anfang der weitergeleiteten e-mail", "messaggio inoltrato",
	"inizio messaggio inoltrato", "doorgestuurd bericht",
	"begin doorgestuurd bericht", "vidarebefordrat meddelande",
	"vidarebefordrat brev",	  "videresendt melding",
	"videresendt meddelelse", "välitetty viesti",
	"przekazana wiadomość",	  "přeposlaná zpráva",
	"preposlaná správa",	  "továbbított üzenet",
	"mesaj redirecționat",	  "iletilen mesaj",
	"пересланное сообщение",  "转发的邮件",
	"轉寄的郵件",		  "转发邮件信息",
	"転送メッセージ",	  "전달된 메시지",
	"missatge reenviat",	  NULL,
};

static const char *const from_words[] = {
	"from", "de",	  "von",   "da",       "van",	    "från", "fra",
	"lähettäjä", "od", "от",   "від",      "kimden",    "gönderen",
	"feladó", "de la", "expéditeur", "mittente", "afzender", "remetente",
	"από",	"发件人", "寄件者", "寄件人",  "差出人",    "보낸 사람",
	"보낸사람", "từ",  "dari", "מאת",      "من",	    "saatja",
	NULL,
};

static const char *const date_words[] = {
	"sent",	      "date",	     "enviado",	    "enviada",
	"enviado em", "enviada em",  "enviado el",  "data",
	"fecha",      "envoyé",	     "envoyé le",   "gesendet",
	"datum",      "inviato",     "verzonden",   "skickat",
	"sendt",      "dato",	     "lähetetty",   "päivämäärä",
	"päiväys",    "wysłano",     "odesláno",    "odoslané",
	"dátum",      "elküldve",    "trimis",	    "tarih",
	"gönderildi", "gönderme tarihi", "отправлено", "дата",
	"надіслано",  "ημερομηνία",  "στάλθηκε",    "发送时间",
	"发送日期",   "日期",	     "傳送日期",    "寄件日期",
	"送信日時",   "日付",	     "日時",	    "보낸 날짜",
	"날짜",	      "보낸 시간",   "ngày",	    "đã gửi",
	"tanggal",    "dikirim",     "fechado em",  "sent at",
	"sent on",    "data/hora",   "enviado a",   "data de envio",
	"תאריך",      "נשלח",	     "التاريخ",	    NULL,
};

static const char *const to_words[] = {
	"to",	"para",	  "à",	  "a",	    "an",	"aan",
	"till", "til",	  "vastaanottaja", "do", "komu", "кому",
	"kime", "alıcı",  "címzett", "către", "destinataire",
	"destinatario", "destinatário", "προς", "收件人",
	"收件者", "宛先", "받는 사람", "받는사람", "đến", "kepada",
	"אל",	"إلى",	  "reply-to", "responder para", "antwort an", NULL,
};

static const char *const cc_words[] = {
	"cc", "cópia", "copia", "c/c", "kopie", "kopia", "kopi", "копия",
	"抄送", "副本", "참조", "ccn", "bcc", "cco", NULL,
};

static const char *const subject_words[] = {
	"subject", "assunto", "asunto",	 "objet",  "betreff", "oggetto",
	"onderwerp", "ämne",  "emne",	 "aihe",   "temat",   "předmět",
	"predmet", "tárgy",   "subiect", "konu",   "тема",    "θέμα",
	"主题",	   "主旨",    "件名",	 "제목",   "chủ đề",  "tiêu đề",
	"subyek",  "perihal", "assumpte", "נושא",  "الموضوع", "objeto",
	NULL,
};

const char *const *const trim_fields[TRIM_FIELD__COUNT] = {
	[TRIM_FIELD_FROM] = from_words,
	[TRIM_FIELD_DATE] = date_words,
	[TRIM_FIELD_TO] = to_words,
	[TRIM_FIELD_CC] = cc_words,
	[TRIM_FIELD_SUBJECT] = subject_words,
};
