/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * letter_thread.c - where a letter stands in its reader's mail program
 */
#include "desk/letter_thread.h"

#include "desk/lookup.h"
#include "mail/header.h"
#include "mail/subject.h"
#include "mail/threadindex.h"
#include "store/blob.h"
#include "store/message.h"
#include "store/outbox.h"

#include <string.h>

/* More would not fit compose's bound on References. */
#define IDS_MAX 30

void letter_thread_clear(struct letter_thread *thread)
{
	g_clear_pointer(&thread->in_reply_to, g_free);
	g_clear_pointer(&thread->references, g_strfreev);
	g_clear_pointer(&thread->topic, g_free);
	g_clear_pointer(&thread->index, g_free);
}

/* An id that every mail about a ticket refers to; it names no message. */
static char *dup_ticket_id(const struct desk *desk, const struct ticket *ticket)
{
	return g_strdup_printf("<%s.ticket@%s>", ticket->ref,
			       desk_get_config(desk)->server.hostname);
}

static bool find_references(const struct desk *desk, struct store *store,
			    const struct letter_about *about,
			    struct letter_thread *thread, GError **error)
{
	g_auto(GStrv) ids = outbox_thread_ids(store, about->ticket->id,
					      about->address, IDS_MAX, error);
	GPtrArray *list;

	if (ids == NULL)
		return false;
	list = g_ptr_array_new();
	g_ptr_array_add(list, dup_ticket_id(desk, about->ticket));
	for (size_t i = 0; ids[i] != NULL; i++)
		g_ptr_array_add(list, g_strdup(ids[i]));
	if (list->len > 1 && thread->in_reply_to == NULL)
		thread->in_reply_to
			= g_strdup(list->pdata[list->len - 1]);
	g_ptr_array_add(list, NULL);
	thread->references = (char **)g_ptr_array_free(list, false);
	return true;
}

/* What the reader's own program said of its conversation. That the original
 * cannot be read, or is not kept any more, is no trouble here. */
static void echo_original(struct store *store, const struct message *last,
			  const struct letter_about *about,
			  struct letter_thread *thread)
{
	g_autoptr(GBytes) raw = NULL;
	g_autofree char *index = NULL;
	g_autofree char *topic = NULL;
	const char *data;
	gsize len;

	if (last->raw[0] == '\0')
		return;
	raw = blob_get(store, last->raw, NULL);
	if (raw == NULL)
		return;
	data = g_bytes_get_data(raw, &len);
	index = header_dup_single(data, len, "Thread-Index", NULL);
	topic = header_dup_single(data, len, "Thread-Topic", NULL);
	if (index == NULL)
		return;
	thread->index = threadindex_answer(index, about->now,
					   (guint64)about->outbox_id);
	if (thread->index != NULL && topic != NULL)
		thread->topic = subject_decode(topic, strlen(topic));
}

static bool find_last(struct store *store, const struct letter_about *about,
		      struct letter_thread *thread, GError **error)
{
	GError *local = NULL;
	AUTO(message)
	last = message_last_of(store, about->ticket->id, about->address,
			       &local);

	if (last == NULL)
		return lookup_is_absent(local, error);
	if (last->message_id[0] != '\0')
		thread->in_reply_to = g_strdup(last->message_id);
	echo_original(store, last, about, thread);
	return true;
}

/* As the last letter to the reader was: his program may not write these. */
static bool continue_ours(struct store *store, const struct letter_about *about,
			  struct letter_thread *thread, GError **error)
{
	GError *local = NULL;
	AUTO(outbox) last = NULL;

	if (thread->index != NULL)
		return true;
	last = outbox_last_threaded(store, about->ticket->id, about->address,
				    &local);
	if (last == NULL)
		return lookup_is_absent(local, error);
	thread->index = threadindex_answer(last->thread_index, about->now,
					   (guint64)about->outbox_id);
	if (thread->index != NULL)
		thread->topic = g_strdup(last->thread_topic);
	return true;
}

static void add_own_thread(const struct letter_about *about,
			   struct letter_thread *thread)
{
	if (thread->index == NULL) {
		g_autofree char *root = threadindex_new(
			about->ticket->ref, about->ticket->created);

		thread->index = threadindex_answer(root, about->now,
						   (guint64)about->outbox_id);
	}
	if (thread->topic == NULL || thread->topic[0] == '\0') {
		g_free(thread->topic);
		thread->topic = g_strdup(about->ticket->subject);
	}
}

bool letter_thread_find(const struct desk *desk, struct store *store,
			const struct letter_about *about,
			struct letter_thread *ret_thread, GError **error)
{
	struct letter_thread thread = { 0 };

	if (about->ticket == NULL) {
		if (strcmp(about->address, about->held->address) == 0
		    && about->held->message_id[0] != '\0')
			thread.in_reply_to
				= g_strdup(about->held->message_id);
		*ret_thread = thread;
		return true;
	}
	if (!find_last(store, about, &thread, error)
	    || !continue_ours(store, about, &thread, error)
	    || !find_references(desk, store, about, &thread, error)) {
		letter_thread_clear(&thread);
		return false;
	}
	add_own_thread(about, &thread);
	*ret_thread = thread;
	return true;
}
