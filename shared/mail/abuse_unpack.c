/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * abuse_unpack.c - the document inside a compressed report
 *
 * A zip archive is read by its first local header, not by its directory:
 * reporters send one file. Where the local header leaves the size out, the
 * deflate stream ends by itself.
 */
#include "mail/abuse_unpack.h"

#include <gio/gio.h>
#include <string.h>

#define CHUNK            65536
#define ZIP_HEADER       30 /* bytes before the name */
#define ZIP_STORED       0
#define ZIP_DEFLATED     8
#define ZIP_SIZE_FOLLOWS 0x0008
#define ZIP_ENCRYPTED    0x0001

/* Decompresses until the stream ends; bytes behind it are no matter. */
static GBytes *inflate(GZlibCompressorFormat format, const char *data,
                       gsize len, gsize max)
{
	g_autoptr(GZlibDecompressor) zlib = g_zlib_decompressor_new(format);
	g_autoptr(GByteArray) out = g_byte_array_new();
	g_autofree guint8 *chunk = g_malloc(CHUNK);
	GConverterResult result = G_CONVERTER_CONVERTED;

	while (result == G_CONVERTER_CONVERTED) {
		gsize n_read = 0, n_written = 0;

		result = g_converter_convert(
			G_CONVERTER(zlib), data, len, chunk, CHUNK,
			G_CONVERTER_INPUT_AT_END, &n_read, &n_written, NULL);
		if (result == G_CONVERTER_ERROR || out->len + n_written > max)
			return NULL;
		g_byte_array_append(out, chunk, (guint)n_written);
		data += n_read;
		len -= n_read;
	}
	return g_byte_array_free_to_bytes(g_steal_pointer(&out));
}

static unsigned read_u16(const char *at)
{
	return (unsigned)(guchar)at[0] | (unsigned)(guchar)at[1] << 8;
}

static gsize read_u32(const char *at)
{
	return (gsize)read_u16(at) | (gsize)read_u16(at + 2) << 16;
}

/* APPNOTE.TXT 4.3.7 */
static GBytes *unzip(const char *data, gsize len, gsize max)
{
	unsigned flags = read_u16(data + 6), method = read_u16(data + 8);
	gsize skip =
		(gsize)ZIP_HEADER + read_u16(data + 26) + read_u16(data + 28);
	gsize size = read_u32(data + 18);

	if ((flags & ZIP_ENCRYPTED) != 0 || skip > len)
		return NULL;
	if (method == ZIP_DEFLATED)
		return inflate(G_ZLIB_COMPRESSOR_FORMAT_RAW, data + skip,
		               len - skip, max);
	if (method != ZIP_STORED || (flags & ZIP_SIZE_FOLLOWS) != 0 ||
	    size > len - skip || size > max)
		return NULL;
	return g_bytes_new(data + skip, size);
}

GBytes *abuse_unpack(const char *data, gsize len, gsize max)
{
	if (len > ZIP_HEADER && memcmp(data, "PK\003\004", 4) == 0)
		return unzip(data, len, max);
	if (len > 2 && memcmp(data, "\037\213", 2) == 0)
		return inflate(G_ZLIB_COMPRESSOR_FORMAT_GZIP, data, len, max);
	return len <= max ? g_bytes_new(data, len) : NULL;
}
