/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * submit.c - one message to the mail server, by SMTP
 *
 * A 5xx is final only if its enhanced code (RFC 3463) blames the recipient's
 * address (5.1.x) or the size (5.3.4). Everything else, a relay refusal by a
 * misconfigured server above all, is tried again: it is not the mail's fault.
 */
#include "notifier/submit.h"

#include "base/error.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_SECONDS 10L
#define TOTAL_SECONDS   120L
#define REPLY_MAX       512

struct submit {
	CURL *curl;
	GString *reply; /* the last reply line */
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

/* libcurl hands reply lines to the header callback. A refusal is kept: the
 * "221 Bye" behind it says nothing. */
static size_t keep_reply(char *line, size_t size, size_t count, void *data)
{
	GString *reply = data;
	size_t len = size * count;

	if (reply->str[0] == '4' || reply->str[0] == '5')
		return len;
	g_string_truncate(reply, 0);
	g_string_append_len(reply, line, (gssize)MIN(len, REPLY_MAX));
	g_strchomp(reply->str);
	reply->len = strlen(reply->str);
	return len;
}

static size_t drop_body(char *data, size_t size, size_t count, void *user)
{
	(void)data;
	(void)user;
	return size * count;
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
	curl_easy_setopt(curl, CURLOPT_URL, full);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, TOTAL_SECONDS);
	curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(curl, CURLOPT_READFUNCTION, read_source);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep_reply);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, submit->reply);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, drop_body);
	return submit;
}

void submit_free(struct submit *submit)
{
	if (submit == NULL)
		return;
	curl_easy_cleanup(submit->curl);
	g_string_free(submit->reply, true);
	g_free(submit);
}

enum submit_outcome submit_classify(long code, const char *reply)
{
	const char *enhanced = strlen(reply) > 4 ? reply + 4 : "";

	if (code / 100 != 5)
		return SUBMIT_LATER;
	if (g_str_has_prefix(enhanced, "5.1.")
	    || g_str_has_prefix(enhanced, "5.3.4"))
		return SUBMIT_REFUSED;
	return SUBMIT_LATER;
}

static char *dup_reply(const struct submit *submit, CURLcode result)
{
	if (submit->reply->len > 0)
		return g_strdup(submit->reply->str);
	return g_strdup(curl_easy_strerror(result));
}

enum submit_outcome submit_send(struct submit *submit,
				const struct outbox *row, char **ret_reply)
{
	struct source source = { 0 };
	struct curl_slist *to = curl_slist_append(NULL, row->recipient);
	CURLcode result;
	long code = 0;

	source.at = g_bytes_get_data(row->bytes, &source.left);
	g_string_truncate(submit->reply, 0);
	curl_easy_setopt(submit->curl, CURLOPT_MAIL_FROM, row->sender);
	curl_easy_setopt(submit->curl, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(submit->curl, CURLOPT_READDATA, &source);
	curl_easy_setopt(submit->curl, CURLOPT_INFILESIZE_LARGE,
			 (curl_off_t)source.left);
	result = curl_easy_perform(submit->curl);
	curl_easy_setopt(submit->curl, CURLOPT_MAIL_RCPT, NULL);
	curl_slist_free_all(to);
	*ret_reply = dup_reply(submit, result);
	if (result == CURLE_OK)
		return SUBMIT_SENT;
	code = strtol(submit->reply->str, NULL, 10);
	return submit_classify(code, submit->reply->str);
}
