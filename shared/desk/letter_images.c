/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * letter_images.c - where images stood in what staff wrote
 */
#include "desk/letter_images.h"

#include <string.h>

#define MARK_BYTES_MAX 400

static bool is_image(const struct compose_part *part)
{
	return part->content_id != NULL && part->content_id[0] != '\0'
	       && g_str_has_prefix(part->content_type, "image/");
}

/* The image that "cid:ID" or "image: NAME" between brackets is about. */
static const struct compose_part *find_image(const char *mark,
					     const struct compose_part *parts,
					     size_t n_parts)
{
	bool by_id = g_str_has_prefix(mark, "cid:");
	const char *name;

	if (!by_id && !g_str_has_prefix(mark, "image: "))
		return NULL;
	name = mark + strlen(by_id ? "cid:" : "image: ");
	for (size_t i = 0; i < n_parts; i++) {
		const struct compose_part *part = &parts[i];

		if (is_image(part)
		    && strcmp(by_id ? part->content_id : part->filename, name)
			       == 0)
			return part;
	}
	return NULL;
}

/* What stands for an image. */
typedef void (*put_image)(GString *out, const struct compose_part *image);
typedef void (*put_words)(GString *out, const char *text, size_t len);

struct writer {
	put_image image;
	put_words words;
};

static char *dup_with(const char *text, const struct compose_part *parts,
		      size_t n_parts, const struct writer *writer)
{
	GString *out = g_string_new(NULL);
	const char *open;

	while ((open = strchr(text, '[')) != NULL) {
		const struct compose_part *image = NULL;
		size_t len = strcspn(open + 1, "]\n");

		if (open[1 + len] == ']' && len <= MARK_BYTES_MAX) {
			g_autofree char *mark = g_strndup(open + 1, len);

			image = find_image(mark, parts, n_parts);
		}
		writer->words(out, text, (size_t)(open - text));
		if (image != NULL)
			writer->image(out, image);
		else
			writer->words(out, open, 1);
		text = open + (image != NULL ? len + 2 : 1);
	}
	writer->words(out, text, strlen(text));
	return g_string_free(out, false);
}

static void name_image(GString *out, const struct compose_part *image)
{
	g_string_append_printf(out, "[%s]", image->filename);
}

static void copy_words(GString *out, const char *text, size_t len)
{
	g_string_append_len(out, text, (gssize)len);
}

char *letter_images_dup_text(const char *text, const struct compose_part *parts,
			     size_t n_parts)
{
	static const struct writer writer = { name_image, copy_words };

	return dup_with(text, parts, n_parts, &writer);
}

static void show_image(GString *out, const struct compose_part *image)
{
	g_autofree char *tag = g_markup_printf_escaped(
		"<img src=\"cid:%s\" alt=\"%s\">", image->content_id,
		image->filename);

	g_string_append(out, tag);
}

/* Line ends stay line ends, and columns columns. */
static void escape_words(GString *out, const char *text, size_t len)
{
	g_autofree char *escaped = g_markup_escape_text(text, (gssize)len);
	g_autoptr(GString) words = g_string_new(escaped);

	g_string_replace(words, "  ", "&nbsp; ", 0);
	g_string_replace(words, "\n", "<br>\n", 0);
	g_string_append_len(out, words->str, (gssize)words->len);
}

char *letter_images_dup_html(const char *text, const struct compose_part *parts,
			     size_t n_parts)
{
	static const struct writer writer = { show_image, escape_words };
	g_autofree char *body = dup_with(text, parts, n_parts, &writer);

	return g_strdup_printf("<!DOCTYPE html>\n<html><body>\n%s\n"
			       "</body></html>\n",
			       body);
}
