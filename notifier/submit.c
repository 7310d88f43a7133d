/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * submit.c - one message to the mail server, by SMTP
 *
 * A 5xx is final only if its enhanced code (RFC 3463) blames the recipient's
 * address or the size. Everything else, a relay refusal by a misconfigured
 * server above all, is tried again: it is not the mail's fault.
 *
 * libcurl sends SMTPUTF8 where it is offered, but a UTF-8 address as it is
 * where it is not. So for such a recipient the server is asked first (NOOP,
 * on the connection that the message will use).
 */
#include "notifier/submit.h"

#include "base/clock.h"
#include "base/error.h"
#include "mail/text.h"

#include <curl/curl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_SECONDS 10L
#define REPLY_MAX       1024 /* bytes kept of one reply */
#define FAREWELL_MS     2000

struct submit {
	CURL *curl;
	GString *reply;  /* the last reply that counts, as one line */
	bool continues;  /* its last line was "250-..." */
	bool has_utf8;   /* SMTPUTF8 in the greeting of this connection */
	GArray *sockets; /* int: libcurl's, open */
	GMutex mutex;
	gint64 deadline; /* monotonic; 0: none. Under the mutex */
};

/* What is left to hand to libcurl. */
struct source {
	const char *at;
	size_t left;
};

static size_t read_source(char *buffer, size_t size, size_t count, void *data)
{
	struct source *source = data;
	size_t n = MIN(size * count, source->left);

	memcpy(buffer, source->at, n);
	source->at += n;
	source->left -= n;
	return n;
}

/* --- replies ------------------------------------------------------------------ */

static bool has_code(const char *line, size_t len)
{
	return len >= 3 && g_ascii_isdigit(line[0]) && g_ascii_isdigit(line[1])
	       && g_ascii_isdigit(line[2]);
}

/* A new connection: what the last one offered is forgotten. */
static void note_extension(struct submit *submit, const char *line, size_t len)
{
	static const char name[] = "SMTPUTF8";

	if (g_ascii_strncasecmp(line, "220", 3) == 0)
		submit->has_utf8 = false;
	if (len >= 4 + sizeof(name) - 1 && g_str_has_prefix(line, "250")
	    && g_ascii_strncasecmp(line + 4, name, sizeof(name) - 1) == 0
	    && !g_ascii_isalnum(line[4 + sizeof(name) - 1]))
		submit->has_utf8 = true;
}

static bool is_refusal(const GString *reply)
{
	return reply->str[0] == '4' || reply->str[0] == '5';
}

/* libcurl hands reply lines to the header callback. The farewell behind a
 * refusal says nothing; other replies behind one show that it was overcome. */
static size_t keep_reply(char *line, size_t size, size_t count, void *data)
{
	struct submit *submit = data;
	GString *reply = submit->reply;
	size_t len = size * count;
	g_autofree char *text = text_dup_line_len(line, len, REPLY_MAX);
	size_t text_len = strlen(text);

	note_extension(submit, text, text_len);
	if (!has_code(text, text_len)
	    || (g_str_has_prefix(text, "221") && is_refusal(reply)))
		return len;
	if (!submit->continues)
		g_string_truncate(reply, 0);
	if (reply->len == 0)
		g_string_append(reply, text);
	else if (reply->len < REPLY_MAX && text_len > 4)
		g_string_append_printf(reply, " %s", text + 4);
	submit->continues = text_len > 3 && text[3] == '-';
	return len;
}

static size_t drop_body(char *data, size_t size, size_t count, void *user)
{
	(void)data;
	(void)user;
	return size * count;
}

/* "5.1.1" of "550 5.1.1 no" or "550-5.1.1 no"; 0 if there is none. */
static size_t enhanced_len(const char *text)
{
	size_t len = strspn(text, "0123456789.");

	return len >= 5 && text[1] == '.' ? len : 0;
}

enum submit_outcome submit_classify(const char *reply)
{
	/* RFC 3463: the address of the recipient, or the size. */
	static const struct {
		const char *enhanced;
		enum submit_outcome outcome;
	} final[] = {
		{ "5.1.1", SUBMIT_REFUSED_ADDRESS }, /* no such mailbox */
		{ "5.1.2", SUBMIT_REFUSED_ADDRESS }, /* no such system */
		{ "5.1.3", SUBMIT_REFUSED_ADDRESS }, /* syntax */
		{ "5.1.6", SUBMIT_REFUSED_ADDRESS }, /* moved */
		{ "5.1.10", SUBMIT_REFUSED_ADDRESS }, /* null MX, RFC 7505 */
		{ "5.2.3", SUBMIT_REFUSED }, /* too large for the mailbox */
		{ "5.3.4", SUBMIT_REFUSED }, /* too large for the system */
	};
	size_t len = strlen(reply);
	const char *text = len > 4 ? reply + 4 : "";
	size_t wanted = enhanced_len(text);

	if (!has_code(reply, len))
		return SUBMIT_DOWN;
	for (size_t i = 0; reply[0] == '5' && i < G_N_ELEMENTS(final); i++) {
		if (strlen(final[i].enhanced) == wanted
		    && strncmp(text, final[i].enhanced, wanted) == 0)
			return final[i].outcome;
	}
	return SUBMIT_LATER;
}

/* --- the end ------------------------------------------------------------------- */

void submit_stop(struct submit *submit, gint64 grace_ms)
{
	g_mutex_lock(&submit->mutex);
	if (submit->deadline == 0)
		submit->deadline = clock_monotonic() + grace_ms;
	g_mutex_unlock(&submit->mutex);
}

/* libcurl asks at least once a second, whatever the server does. */
static int check_stop(void *data, curl_off_t download_total, curl_off_t download,
		      curl_off_t upload_total, curl_off_t upload)
{
	struct submit *submit = data;
	bool over;

	(void)download_total;
	(void)download;
	(void)upload_total;
	(void)upload;
	g_mutex_lock(&submit->mutex);
	over = submit->deadline != 0 && clock_monotonic() >= submit->deadline;
	g_mutex_unlock(&submit->mutex);
	return over ? 1 : 0;
}

/* --- sockets ------------------------------------------------------------------ */

/*
 * A connection that broke off in the middle stays in libcurl's hands, and its
 * end, with a QUIT that nobody answers, would take minutes. So we know the
 * sockets and shut them.
 */
static int note_socket(void *data, curl_socket_t fd, curlsocktype purpose)
{
	struct submit *submit = data;

	(void)purpose;
	g_array_append_val(submit->sockets, fd);
	return CURL_SOCKOPT_OK;
}

static int close_socket(void *data, curl_socket_t fd)
{
	struct submit *submit = data;

	for (guint i = submit->sockets->len; i > 0; i--) {
		if (g_array_index(submit->sockets, curl_socket_t, i - 1) == fd)
			g_array_remove_index_fast(submit->sockets, i - 1);
	}
	return close(fd);
}

static void shut_sockets(struct submit *submit)
{
	for (guint i = 0; i < submit->sockets->len; i++)
		shutdown(g_array_index(submit->sockets, curl_socket_t, i),
			 SHUT_RDWR);
}

/* --- sending ------------------------------------------------------------------ */

static void set_options(struct submit *submit, const char *url)
{
	CURL *curl = submit->curl;

	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)SUBMIT_SECONDS_MAX);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_source);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep_reply);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, submit);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_body);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, check_stop);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, submit);
	curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, note_socket);
	curl_easy_setopt(curl, CURLOPT_SOCKOPTDATA, submit);
	curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
	curl_easy_setopt(curl, CURLOPT_CLOSESOCKETDATA, submit);
}

struct submit *submit_new(const char *url, const char *helo, GError **error)
{
	g_autofree char *full = g_strdup_printf("%s/%s", url, helo);
	CURL *curl = NULL;

	if (!g_str_has_prefix(url, "smtp://")
	    && !g_str_has_prefix(url, "smtps://")) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_CONFIG,
			    "[notifier] submission: \"%s\" is no smtp:// URL",
			    url);
		return NULL;
	}
	curl = curl_easy_init();
	if (curl == NULL) {
		g_set_error(error, PORTARIA_ERROR, PORTARIA_ERROR_TEMPORARY,
			    "libcurl does not start");
		return NULL;
	}
	struct submit *submit = g_new0(struct submit, 1);
	submit->curl = curl;
	submit->reply = g_string_new(NULL);
	submit->sockets = g_array_new(false, false, sizeof(curl_socket_t));
	g_mutex_init(&submit->mutex);
	set_options(submit, full);
	return submit;
}

static CURLcode perform(struct submit *submit)
{
	g_string_truncate(submit->reply, 0);
	submit->continues = false;
	return curl_easy_perform(submit->curl);
}

/* Connects, if there is no connection, and reads what the server offers. */
static CURLcode greet(struct submit *submit)
{
	CURLcode result;

	curl_easy_setopt(submit->curl, CURLOPT_MAIL_FROM, NULL);
	curl_easy_setopt(submit->curl, CURLOPT_UPLOAD, 0L);
	curl_easy_setopt(submit->curl, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(submit->curl, CURLOPT_CUSTOMREQUEST, "NOOP");
	result = perform(submit);
	curl_easy_setopt(submit->curl, CURLOPT_CUSTOMREQUEST, NULL);
	curl_easy_setopt(submit->curl, CURLOPT_NOBODY, 0L);
	return result;
}

void submit_free(struct submit *submit)
{
	if (submit == NULL)
		return;
	if (submit->sockets->len > 0) {
		submit_stop(submit, FAREWELL_MS);
		curl_easy_setopt(submit->curl, CURLOPT_FORBID_REUSE, 1L);
		(void)greet(submit);
	}
	shut_sockets(submit);
	curl_easy_cleanup(submit->curl);
	g_string_free(submit->reply, true);
	g_array_unref(submit->sockets);
	g_mutex_clear(&submit->mutex);
	g_free(submit);
}

static CURLcode transfer(struct submit *submit, const struct outbox *row)
{
	struct source source = { 0 };
	struct curl_slist *to = curl_slist_append(NULL, row->recipient);
	CURLcode result;

	source.at = g_bytes_get_data(row->bytes, &source.left);
	curl_easy_setopt(submit->curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(submit->curl, CURLOPT_MAIL_FROM, row->sender);
	curl_easy_setopt(submit->curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(submit->curl, CURLOPT_READDATA, &source);
	curl_easy_setopt(submit->curl, CURLOPT_INFILESIZE_LARGE,
			 (curl_off_t)source.left);
	result = perform(submit);
	curl_easy_setopt(submit->curl, CURLOPT_MAIL_RCPT, NULL);
	curl_easy_setopt(submit->curl, CURLOPT_READDATA, NULL);
	curl_slist_free_all(to);
	return result;
}

/* A refusal speaks for itself; else libcurl says what broke, and when. */
static enum submit_outcome judge_failure(struct submit *submit,
					 CURLcode result, char **ret_reply)
{
	const char *reply = submit->reply->str;

	if (is_refusal(submit->reply)) {
		*ret_reply = g_strdup(reply);
		return submit_classify(reply);
	}
	*ret_reply = g_strdup_printf("%s%s%s", curl_easy_strerror(result),
				     reply[0] != '\0' ? ", after " : "", reply);
	shut_sockets(submit);
	return SUBMIT_DOWN;
}

enum submit_outcome submit_send(struct submit *submit,
				const struct outbox *row, char **ret_reply)
{
	bool is_ascii = g_str_is_ascii(row->recipient);
	CURLcode result = is_ascii ? CURLE_OK : greet(submit);

	if (result == CURLE_OK && !is_ascii && !submit->has_utf8) {
		*ret_reply = g_strdup("the mail server does not offer "
				      "SMTPUTF8, which this address needs");
		return SUBMIT_LATER;
	}
	if (result == CURLE_OK)
		result = transfer(submit, row);
	if (result != CURLE_OK)
		return judge_failure(submit, result, ret_reply);
	*ret_reply = g_strdup(submit->reply->str);
	return SUBMIT_SENT;
}
