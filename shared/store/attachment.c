/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attachment.c - parts of a message that are files
 */
#include "base/error.h"
#include "base/ids.h"
#include "store/message.h"
#include "store/row.h"
#include "store/store_private.h"

static const struct row_field attachment_fields[] = {
	ROW_FIELD(attachment, id, ROW_INT),
	ROW_FIELD(attachment, message_id, ROW_INT),
	ROW_FIELD(attachment, filename, ROW_TEXT),
	ROW_FIELD(attachment, content_type, ROW_TEXT),
	ROW_FIELD(attachment, content_id, ROW_TEXT),
	ROW_FIELD(attachment, is_inline, ROW_BOOL),
	ROW_FIELD(attachment, size, ROW_INT),
	ROW_FIELD(attachment, blob, ROW_TEXTREF),
};

#define ATTACHMENT_COLUMNS                                                     \
	"id, message_id, filename, content_type, content_id, is_inline,"       \
	" size, blob"

static void attachment_destroy(void *attachment)
{
	attachment_free(attachment);
}

static const struct row_type attachment_type = {
	attachment_fields,
	G_N_ELEMENTS(attachment_fields),
	sizeof(struct attachment),
	attachment_destroy,
};

void attachment_free(struct attachment *attachment)
{
	row_free(&attachment_type, attachment);
}

bool attachment_insert(struct store *store, struct attachment *attachment,
                       GError **error)
{
	static const char SQL_ATTACHMENT_INSERT[] =
		"INSERT INTO attachment (" ATTACHMENT_COLUMNS ")"
		" VALUES (:id, :message_id, :filename, :content_type,"
		" :content_id, :is_inline, :size, :blob)";
	struct attachment row = *attachment;

	row.id = row.id != 0 ? row.id : id_new();
	if (!row_run(store->db, SQL_ATTACHMENT_INSERT, &attachment_type, &row,
	             error))
		return false;
	attachment->id = row.id;
	return true;
}

/* In the order of the message: ids grow. */
GPtrArray *attachment_list(struct store *store, gint64 message_id,
                           GError **error)
{
	static const char SQL_ATTACHMENT_LIST[] =
		"SELECT " ATTACHMENT_COLUMNS
		" FROM attachment WHERE message_id = :id ORDER BY id";

	return row_fetch_all(row_prepare_id(store->db, SQL_ATTACHMENT_LIST,
	                                    message_id, error),
	                     &attachment_type, error);
}

struct attachment *attachment_get(struct store *store, gint64 id,
                                  GError **error)
{
	static const char SQL_ATTACHMENT_GET[] =
		"SELECT " ATTACHMENT_COLUMNS " FROM attachment WHERE id = :id";

	return row_fetch(
		row_prepare_id(store->db, SQL_ATTACHMENT_GET, id, error),
		&attachment_type, error, "no such attachment");
}
