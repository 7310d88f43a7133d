/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * address.c - addresses as identities
 *
 * A From: field decides whose ticket a message becomes, and it is read by
 * more programs than this one: the sender's, the relays', the mail readers'.
 * Where the grammar leaves room for two readings, or habit has made some,
 * nobody is identified. So this parser is narrower than RFC 5322: no blanks
 * or comments inside an address, no routes, no domain literals, no null list
 * elements, no "@" anywhere but in the address, except a display name that
 * repeats it.
 */
#include "mail/address.h"

#include <idn2.h>
#include <string.h>

#include "mail/header.h"
#include "base/utf8.h"

#define FROM_BYTES_MAX   4096
#define LOCAL_BYTES_MAX  255  /* RFC 5321 says 64; VERP senders exceed it */
#define DOMAIN_BYTES_MAX 1024 /* before it becomes A-labels */
#define COMMENT_DEPTH    5
#define HOST_MAX         253
#define LABEL_MAX        63

void mailbox_free(struct mailbox *mailbox)
{
	if (mailbox == NULL)
		return;
	g_free(mailbox->name);
	g_free(mailbox->local);
	g_free(mailbox->domain);
	g_free(mailbox->address);
	g_free(mailbox);
}

struct mailbox *mailbox_dup(const struct mailbox *mailbox)
{
	struct mailbox *copy = g_new0(struct mailbox, 1);

	copy->name = g_strdup(mailbox->name);
	copy->local = g_strdup(mailbox->local);
	copy->domain = g_strdup(mailbox->domain);
	copy->address = g_strdup(mailbox->address);
	return copy;
}

const char *address_status_name(enum address_status status)
{
	static const char *const names[] = {
		[ADDRESS_OK] = "ok",
		[ADDRESS_NONE] = "none",
		[ADDRESS_SEVERAL] = "several",
		[ADDRESS_DOUBTFUL] = "doubtful",
	};

	G_STATIC_ASSERT(G_N_ELEMENTS(names) == ADDRESS_STATUS__COUNT);
	return (guint)status < G_N_ELEMENTS(names) ? names[status] : "?";
}

static bool is_8bit(char c)
{
	return (guchar)c >= 0x80;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* atext of RFC 5322 3.2.3 and RFC 6532 3.2. */
static bool is_atext(char c)
{
	return g_ascii_isalnum(c) || is_8bit(c) ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", c) != NULL);
}

/* Domains */

static bool is_host_label(const char *label, size_t len)
{
	size_t i;

	if (len == 0 || len > LABEL_MAX || label[0] == '-' ||
	    label[len - 1] == '-')
		return false;
	for (i = 0; i < len; i++) {
		if (!g_ascii_isalnum(label[i]) && label[i] != '-')
			return false;
	}
	return true;
}

/* RFC 1123 2.1; the last label tells a name from an IPv4 address. */
static bool is_host_name(const char *host)
{
	const char *label = host, *dot;

	if (strlen(host) > HOST_MAX)
		return false;
	while ((dot = strchr(label, '.')) != NULL) {
		if (!is_host_label(label, (size_t)(dot - label)))
			return false;
		label = dot + 1;
	}
	return is_host_label(label, strlen(label)) &&
	       strspn(label, "0123456789") < strlen(label);
}

/* The Kelvin sign is a K, the dotted capital I has the ASCII i for lower
 * case: letters of which programs make others. */
static bool is_ascii_in_disguise(gunichar c)
{
	gunichar canonical;

	if (c < 0x80)
		return false;
	return g_unichar_tolower(c) < 0x80 ||
	       (g_unichar_fully_decompose(c, FALSE, &canonical, 1) == 1 &&
	        canonical < 0x80);
}

/* Lower case in NFC, not by locale; NULL if that is open to dispute. */
static char *dup_lower(const char *text)
{
	g_autoptr(GString) lower = g_string_new(NULL);
	gunichar c;

	for (; *text != '\0'; text = utf8_next(text)) {
		c = g_utf8_get_char(text);
		if (is_ascii_in_disguise(c))
			return NULL;
		g_string_append_unichar(lower, g_unichar_tolower(c));
	}
	return g_utf8_normalize(lower->str, -1, G_NORMALIZE_NFC);
}

/*
 * A-labels of a name with U-labels. UTS 46 maps much more than case (it drops
 * soft hyphens, turns full-width letters and dots into ASCII); what is not
 * its own U-label is another name to a program without these tables.
 */
static char *dup_a_labels(const char *domain)
{
	g_autofree char *lower = dup_lower(domain);
	g_autofree char *result = NULL;
	guint8 *ascii = NULL;
	char *back = NULL;

	if (lower != NULL &&
	    idn2_lookup_u8((const guint8 *)domain, &ascii,
	                   IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK &&
	    idn2_to_unicode_8z8z((const char *)ascii, &back, 0) == IDN2_OK &&
	    strcmp(back, lower) == 0)
		result = g_ascii_strdown((const char *)ascii, -1);
	idn2_free(ascii);
	idn2_free(back);
	return g_steal_pointer(&result);
}

char *address_dup_domain(const char *domain, size_t len)
{
	g_autofree char *copy = NULL, *host = NULL;

	if (len > 0 && domain[len - 1] == '.')
		len--;
	if (len == 0 || len > DOMAIN_BYTES_MAX ||
	    memchr(domain, '\0', len) != NULL ||
	    !g_utf8_validate_len(domain, len, NULL))
		return NULL;
	copy = g_strndup(domain, len);
	host = g_str_is_ascii(copy) ? g_ascii_strdown(copy, -1)
	                            : dup_a_labels(copy);
	return host != NULL && is_host_name(host) ? g_steal_pointer(&host)
	                                          : NULL;
}

/* Local parts */

/* Printable ASCII, and letters, marks and digits of all scripts. Some programs
 * take other signs for ASCII ones, like the ideographic full stop. */
static bool is_plain_char(gunichar c)
{
	if (c < 0x80)
		return c >= ' ' && c < 0x7f;
	return g_unichar_isalnum(c) || g_unichar_ismark(c);
}

static bool is_plain_text(const char *text)
{
	if (!g_utf8_validate(text, -1, NULL))
		return false;
	for (; *text != '\0'; text = utf8_next(text)) {
		if (!is_plain_char(g_utf8_get_char(text)))
			return false;
	}
	return true;
}

/* The key form of a local part, not yet quoted; NULL if programs could
 * disagree about it, as about compatibility characters (full-width letters).
 */
static char *dup_local_key(const char *local)
{
	g_autofree char *key = NULL, *compatible = NULL;

	if (strlen(local) > LOCAL_BYTES_MAX || local[0] == '\0' ||
	    !is_plain_text(local))
		return NULL;
	key = dup_lower(local);
	if (key == NULL || strlen(key) > LOCAL_BYTES_MAX)
		return NULL;
	compatible = g_utf8_normalize(key, -1, G_NORMALIZE_NFKC);
	if (strcmp(key, compatible) != 0)
		return NULL;
	return g_steal_pointer(&key);
}

/* dot-atom-text of RFC 5322 3.2.3. */
static bool is_dot_atom(const char *text)
{
	char before = '.';

	for (; *text != '\0'; before = *text++) {
		if (*text == '.' ? before == '.' : !is_atext(*text))
			return false;
	}
	return before != '.';
}

static char *dup_address(const char *local, const char *domain)
{
	GString *address = g_string_new(NULL);

	if (is_dot_atom(local)) {
		g_string_append(address, local);
	} else {
		g_string_append_c(address, '"');
		for (; *local != '\0'; local++) {
			if (*local == '"' || *local == '\\')
				g_string_append_c(address, '\\');
			g_string_append_c(address, *local);
		}
		g_string_append_c(address, '"');
	}
	g_string_append_c(address, '@');
	g_string_append(address, domain);
	return g_string_free(address, FALSE);
}

char *mailbox_dup_addr_spec(const struct mailbox *mailbox)
{
	return dup_address(mailbox->local, mailbox->domain);
}

static struct mailbox *mailbox_new(const char *local, const char *domain,
                                   size_t domain_len)
{
	g_autofree char *key = dup_local_key(local);
	g_autofree char *host = address_dup_domain(domain, domain_len);
	struct mailbox *mailbox;

	if (key == NULL || host == NULL)
		return NULL;
	mailbox = g_new0(struct mailbox, 1);
	mailbox->name = g_strdup("");
	mailbox->local = g_utf8_normalize(local, -1, G_NORMALIZE_NFC);
	mailbox->address = dup_address(key, host);
	mailbox->domain = g_steal_pointer(&host);
	return mailbox;
}

/* The parser: a cursor over one unfolded line without control characters */

struct cursor {
	const char *p;
	const char *end;
	GString *comments; /* their text, for the name and for suspicion */
};

static bool at_char(const struct cursor *cursor, char c)
{
	return cursor->p < cursor->end && *cursor->p == c;
}

/* Local part as it is between quotes, with quoted pairs resolved. */
static bool parse_quoted(struct cursor *cursor, GString *out)
{
	for (cursor->p++; cursor->p < cursor->end; cursor->p++) {
		if (*cursor->p == '"') {
			cursor->p++;
			return true;
		}
		if (*cursor->p == '\\' && ++cursor->p == cursor->end)
			return false;
		g_string_append_c(out, *cursor->p);
	}
	return false;
}

static bool parse_local(struct cursor *cursor, GString *out)
{
	const char *start = cursor->p;

	if (at_char(cursor, '"'))
		return parse_quoted(cursor, out);
	while (cursor->p < cursor->end &&
	       (is_atext(*cursor->p) || *cursor->p == '.'))
		cursor->p++;
	g_string_append_len(out, start, cursor->p - start);
	return is_dot_atom(out->str);
}

/* addr-spec of RFC 5322 3.4.1 without CFWS and domain literals. */
static struct mailbox *parse_addr_spec(struct cursor *cursor)
{
	g_autoptr(GString) local = g_string_new(NULL);
	const char *domain;

	if (!parse_local(cursor, local) || !at_char(cursor, '@'))
		return NULL;
	domain = ++cursor->p;
	while (cursor->p < cursor->end &&
	       (g_ascii_isalnum(*cursor->p) || is_8bit(*cursor->p) ||
	        *cursor->p == '.' || *cursor->p == '-'))
		cursor->p++;
	if (cursor->p == domain || cursor->p[-1] == '.')
		return NULL;
	return mailbox_new(local->str, domain, (size_t)(cursor->p - domain));
}

struct mailbox *address_parse(const char *text, size_t len)
{
	struct cursor cursor = { .p = text, .end = text + len };
	AUTO(mailbox) mailbox = NULL;

	if (len > LOCAL_BYTES_MAX * 2 + DOMAIN_BYTES_MAX + 5 ||
	    memchr(text, '\0', len) != NULL)
		return NULL;
	if (len >= 2 && text[0] == '<' && text[len - 1] == '>') {
		cursor.p++;
		cursor.end--;
	}
	mailbox = parse_addr_spec(&cursor);
	return cursor.p == cursor.end ? g_steal_pointer(&mailbox) : NULL;
}

char *address_dup_key(const char *text)
{
	AUTO(mailbox) mailbox = address_parse(text, strlen(text));

	return mailbox == NULL ? NULL : g_strdup(mailbox->address);
}

void address_split_extension(const char *key, char **ret_base,
                             char **ret_extension)
{
	const char *at = strrchr(key, '@');
	const char *plus = strchr(key, '+');

	if (at == NULL || plus == NULL || plus > at || plus == key ||
	    key[0] == '"') {
		*ret_base = g_strdup(key);
		*ret_extension = NULL;
		return;
	}
	*ret_base = g_strdup_printf("%.*s%s", (int)(plus - key), key, at);
	*ret_extension = g_strndup(plus + 1, (size_t)(at - plus - 1));
}

/* From: */

/* A comment with nothing in it that a careless reader could act upon. */
static bool parse_comment(struct cursor *cursor)
{
	guint depth = 0;

	for (; cursor->p < cursor->end; cursor->p++) {
		if (*cursor->p == '(' && ++depth > COMMENT_DEPTH)
			return false;
		if (*cursor->p == ')' && --depth == 0) {
			cursor->p++;
			g_string_append_c(cursor->comments, ' ');
			return true;
		}
		if (strchr("<>@\"\\", *cursor->p) != NULL)
			return false;
		if (*cursor->p != '(' && *cursor->p != ')')
			g_string_append_c(cursor->comments, *cursor->p);
	}
	return false;
}

/* CFWS of RFC 5322 3.2.2; false on a bad comment. */
static bool skip_cfws(struct cursor *cursor)
{
	while (cursor->p < cursor->end) {
		if (is_blank(*cursor->p))
			cursor->p++;
		else if (*cursor->p != '(')
			break;
		else if (!parse_comment(cursor))
			return false;
	}
	return true;
}

/* phrase of RFC 5322 3.2.5, with the dots of obs-phrase: "J. Silva". Stops at
 * the first byte that is none of it. */
static bool parse_phrase(struct cursor *cursor, GString *name)
{
	const char *start;

	while (cursor->p < cursor->end) {
		start = cursor->p;
		if (*start == '"') {
			if (!parse_quoted(cursor, name))
				return false;
		} else if (is_atext(*start) || *start == '.') {
			g_string_append_c(name, *cursor->p++);
		} else if (is_blank(*start) || *start == '(') {
			if (!skip_cfws(cursor))
				return false;
			g_string_append_c(name, ' ');
		} else {
			break;
		}
	}
	return true;
}

/* Local parts of which some programs make another address, though the grammar
 * allows them: with need of quotes, old routing, encoded words. */
static bool is_read_alike(const struct mailbox *mailbox)
{
	return is_dot_atom(mailbox->local) &&
	       strpbrk(mailbox->local, "%!") == NULL &&
	       strstr(mailbox->local, "=?") == NULL;
}

static struct mailbox *parse_author_address(struct cursor *cursor)
{
	const char *start = cursor->p;
	AUTO(mailbox) mailbox = parse_addr_spec(cursor);

	if (mailbox == NULL || !is_read_alike(mailbox) ||
	    memchr(start, '\\', (size_t)(cursor->p - start)) != NULL)
		return NULL;
	return g_steal_pointer(&mailbox);
}

/* What one element of the list is. */
enum element {
	ELEMENT_BAD,
	ELEMENT_MAILBOX,
	ELEMENT_EMPTY, /* "<>" */
	ELEMENT_GROUP,
	ELEMENT_EMPTY_GROUP,
};

static struct mailbox *parse_angle(struct cursor *cursor, const GString *name)
{
	AUTO(mailbox) mailbox = parse_author_address(cursor);

	if (mailbox == NULL || !at_char(cursor, '>'))
		return NULL;
	cursor->p++;
	g_free(mailbox->name);
	mailbox->name = g_strdup(name->str);
	return g_steal_pointer(&mailbox);
}

/* mailbox of RFC 5322 3.4, or the head of a group up to its colon. */
static enum element parse_head(struct cursor *cursor,
                               struct mailbox **ret_mailbox)
{
	g_autoptr(GString) name = g_string_new(NULL);
	struct cursor start = *cursor;
	struct mailbox *mailbox = NULL;

	if (!parse_phrase(cursor, name) || cursor->p == cursor->end)
		return ELEMENT_BAD;
	switch (*cursor->p++) {
	case ':':
		return name->len > 0 ? ELEMENT_GROUP : ELEMENT_BAD;
	case '<':
		if (at_char(cursor, '>')) {
			cursor->p++;
			return ELEMENT_EMPTY;
		}
		mailbox = parse_angle(cursor, name);
		break;
	case '@':
		*cursor = start;
		mailbox = parse_author_address(cursor);
		break;
	default:
		return ELEMENT_BAD;
	}
	if (mailbox == NULL)
		return ELEMENT_BAD;
	*ret_mailbox = mailbox;
	return ELEMENT_MAILBOX;
}

/* The list of a group behind its colon. Groups do not nest. */
static enum element parse_group(struct cursor *cursor)
{
	struct mailbox *mailbox;
	guint count = 0;

	while (skip_cfws(cursor) && cursor->p < cursor->end) {
		if (count == 0 && at_char(cursor, ';')) {
			cursor->p++;
			return ELEMENT_EMPTY_GROUP;
		}
		if (parse_head(cursor, &mailbox) != ELEMENT_MAILBOX)
			break;
		mailbox_free(mailbox);
		count++;
		if (!skip_cfws(cursor) || cursor->p == cursor->end)
			break;
		if (*cursor->p == ';') {
			cursor->p++;
			return ELEMENT_GROUP;
		}
		if (*cursor->p++ != ',')
			break;
	}
	return ELEMENT_BAD;
}

static enum element parse_element(struct cursor *cursor,
                                  struct mailbox **ret_mailbox)
{
	enum element element = parse_head(cursor, ret_mailbox);

	return element == ELEMENT_GROUP ? parse_group(cursor) : element;
}

/* The status for a whole list that is grammatical and longer than one. */
static enum address_status parse_rest(struct cursor *cursor)
{
	struct mailbox *mailbox;
	enum element element;

	while (at_char(cursor, ',')) {
		cursor->p++;
		mailbox = NULL;
		element = ELEMENT_BAD;
		if (skip_cfws(cursor))
			element = parse_element(cursor, &mailbox);
		mailbox_free(mailbox);
		if (element == ELEMENT_BAD || element == ELEMENT_EMPTY ||
		    !skip_cfws(cursor))
			return ADDRESS_DOUBTFUL;
	}
	return cursor->p == cursor->end ? ADDRESS_SEVERAL : ADDRESS_DOUBTFUL;
}

static enum address_status parse_list(struct cursor *cursor,
                                      struct mailbox **ret_mailbox)
{
	static const enum address_status alone[] = {
		[ELEMENT_BAD] = ADDRESS_DOUBTFUL,
		[ELEMENT_MAILBOX] = ADDRESS_OK,
		[ELEMENT_EMPTY] = ADDRESS_NONE,
		[ELEMENT_GROUP] = ADDRESS_SEVERAL,
		[ELEMENT_EMPTY_GROUP] = ADDRESS_NONE,
	};
	AUTO(mailbox) mailbox = NULL;
	enum element element;

	if (!skip_cfws(cursor))
		return ADDRESS_DOUBTFUL;
	if (cursor->p == cursor->end)
		return ADDRESS_NONE;
	element = parse_element(cursor, &mailbox);
	if (element == ELEMENT_BAD || !skip_cfws(cursor))
		return ADDRESS_DOUBTFUL;
	if (cursor->p < cursor->end)
		return element == ELEMENT_EMPTY ? ADDRESS_DOUBTFUL
		                                : parse_rest(cursor);
	*ret_mailbox = g_steal_pointer(&mailbox);
	return alone[element];
}

/* Line ends only as folding, never before a line of nothing but blanks, which
 * some programs take for the end of the header. */
static bool is_well_folded(const char *value, size_t len)
{
	size_t i, next;

	for (i = 0; i < len; i++) {
		if (value[i] != '\n')
			continue;
		next = i + 1;
		while (next < len && is_blank(value[next]))
			next++;
		if (next == i + 1 || next == len || value[next] == '\r' ||
		    value[next] == '\n')
			return false;
	}
	return true;
}

/* No NUL, no control character, no lone CR. */
static bool is_clean(const char *value, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (value[i] == '\t' || value[i] == '\n')
			continue;
		if (value[i] == '\r' && i + 1 < len && value[i + 1] == '\n')
			continue;
		if (g_ascii_iscntrl(value[i]))
			return false;
	}
	return true;
}

/*
 * Raw bytes in a display name are tolerated, since old programs send
 * latin1; but in some character sets a backslash is the second half of a
 * letter.
 */
static bool is_tolerable_8bit(const char *value, size_t len)
{
	const char *p;

	if (!g_utf8_validate_len(value, len, NULL))
		return memchr(value, '\\', len) == NULL;
	for (p = value; p < value + len; p = utf8_next(p)) {
		gunichar c = g_utf8_get_char(p);

		if ((c >= 0x80 && c < 0xa0) || (c >= 0x2028 && c <= 0x202e) ||
		    (c >= 0x2066 && c <= 0x2069))
			return false;
	}
	return true;
}

/* "@", also full-width and small. */
static bool is_at_sign(gunichar c)
{
	return c == '@' || c == 0xff20 || c == 0xfe6b;
}

static bool ends_claim(gunichar c)
{
	return g_unichar_isspace(c) || is_at_sign(c) ||
	       (c < 0x80 && strchr("<>()[]{},;:\"'`|", (int)c) != NULL);
}

/* True if the "@" at p, within text, stands in something like an address that
 * is not this mailbox's. */
static bool is_other_address(const char *text, const char *p,
                             const struct mailbox *mailbox)
{
	const char *start = p, *end = utf8_next(p), *at = end, *before;
	g_autofree char *claim = NULL, *key = NULL;

	while (start > text) {
		before = g_utf8_prev_char(start);
		if (ends_claim(g_utf8_get_char(before)))
			break;
		start = before;
	}
	while (*end != '\0' && !ends_claim(g_utf8_get_char(end)))
		end = utf8_next(end);
	if (start == p || end == at)
		return false;
	while (end > at && end[-1] == '.')
		end--;
	claim = g_strndup(start, (size_t)(end - start));
	key = address_dup_key(claim);
	return key == NULL || strcmp(key, mailbox->address) != 0;
}

/* A name that shows an address shows people and careless programs somebody.
 * It must be the right one. */
static bool is_misleading(const char *name, const struct mailbox *mailbox)
{
	const char *p;

	for (p = name; *p != '\0'; p = utf8_next(p)) {
		if (*p == '<' || *p == '>')
			return true;
		if (is_at_sign(g_utf8_get_char(p)) &&
		    is_other_address(name, p, mailbox))
			return true;
	}
	return false;
}

/*
 * Decodes a name or comment; NULL if it speaks against the address, decoded
 * or as it stands. What looks like an encoded word after decoding is one to
 * a program that is more forgiving, or that decodes twice.
 */
static char *decode_name(const char *name, const struct mailbox *mailbox)
{
	bool control = false;
	g_autofree char *raw = header_dup_line(name);
	g_autofree char *decoded = header_decode(name, strlen(name), &control);

	if (control || strstr(decoded, "=?") != NULL ||
	    is_misleading(decoded, mailbox) || is_misleading(raw, mailbox))
		return NULL;
	return g_steal_pointer(&decoded);
}

static bool settle_name(struct mailbox *mailbox, const GString *comments)
{
	g_autofree char *name = decode_name(mailbox->name, mailbox);
	g_autofree char *comment = decode_name(comments->str, mailbox);

	if (name == NULL || comment == NULL)
		return false;
	g_free(mailbox->name);
	mailbox->name = name[0] != '\0' ? g_steal_pointer(&name)
	                                : g_steal_pointer(&comment);
	return true;
}

enum address_status address_parse_from(const char *value, size_t len,
                                       struct mailbox **ret_mailbox)
{
	g_autofree char *text = NULL;
	g_autoptr(GString) comments = g_string_new(NULL);
	struct cursor cursor = { .comments = comments };
	AUTO(mailbox) mailbox = NULL;
	enum address_status status;

	if (len > FROM_BYTES_MAX || !is_clean(value, len) ||
	    !is_well_folded(value, len) || !is_tolerable_8bit(value, len))
		return ADDRESS_DOUBTFUL;
	text = header_unfold(value, len);
	cursor.p = text;
	cursor.end = text + strlen(text);
	status = parse_list(&cursor, &mailbox);
	if (status != ADDRESS_OK)
		return status;
	if (!settle_name(mailbox, comments))
		return ADDRESS_DOUBTFUL;
	*ret_mailbox = g_steal_pointer(&mailbox);
	return ADDRESS_OK;
}
