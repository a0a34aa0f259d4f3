/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/markup.h"

#include "base/utf8.h"
#include "base/xalloc.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Deeper than any page of ours. */
#define MOST_OPEN 64

struct markup {
	char *bytes;
	size_t n;
	size_t room;
	const char *open[MOST_OPEN]; /* names of the elements that are open; literals */
	int n_open;
	bool in_tag; /* the last start tag still takes attributes */
	bool is_void;
};

/* HTML, "Void elements". */
static const char *const void_elements[] = {"br", "hr", "img", "input", "link", "meta"};

static bool is_void(const char *element)
{
	for (size_t i = 0; i < ARRAY_LEN(void_elements); i++) {
		if (element[0] == void_elements[i][0] && strcmp(element, void_elements[i]) == 0)
			return true;
	}
	return false;
}

struct markup *markup_create(void)
{
	struct markup *markup = xcalloc(1, sizeof(*markup));

	markup->room = 16384;
	markup->bytes = xmalloc(markup->room);
	return markup;
}

void markup_destroy(struct markup *markup)
{
	if (!markup)
		return;

	free(markup->bytes);
	free(markup);
}

/* Room for n bytes more and a NUL. A page is written in some ten thousand small pieces, so this
 * is what its making takes longest over. */
static inline char *reserve(struct markup *markup, size_t n)
{
	if (markup->room - markup->n <= n) {
		while (markup->room - markup->n <= n)
			markup->room *= 2;
		markup->bytes = xrealloc(markup->bytes, markup->room);
	}
	return markup->bytes + markup->n;
}

static inline void put(struct markup *markup, const char *bytes, size_t n)
{
	memcpy(reserve(markup, n), bytes, n);
	markup->n += n;
}

static inline void put_string(struct markup *markup, const char *text)
{
	put(markup, text, strlen(text));
}

static inline void put_char(struct markup *markup, char c)
{
	*reserve(markup, 1) = c;
	markup->n++;
}

/* How many bytes at the beginning of n may go out as one character, 0: none (XML 1.0 section
 * 2.2). */
static size_t character(const char *text, size_t n)
{
	unsigned char first = (unsigned char)text[0];
	size_t length = utf8_sequence(text, n);

	if (length == 1)
		return first >= 0x20 || first == '\t' || first == '\n' || first == '\r';
	bool is_none = length == 3 && memcmp(text, "\xEF\xBF", 2) == 0 &&
		(unsigned char)text[2] >= 0xBE; /* U+FFFE, U+FFFF */
	return is_none ? 0 : length;
}

static const char *entity(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Goes out as it is, whatever is beside it: ASCII but what entity() knows, all below 64. */
static inline bool is_plain(char c)
{
	const uint64_t special = UINT64_C(1) << '&' | UINT64_C(1) << '<' | UINT64_C(1) << '>' |
		UINT64_C(1) << '"' | UINT64_C(1) << '\'';

	return c >= ' ' && c < 0x7F && (c >= 64 || !(special >> c & 1));
}

static void put_escaped(struct markup *markup, const char *text)
{
	const char *end = text + strlen(text);
	const char *plain = text; /* begin of what goes out as it is */

	while (text < end) {
		if (is_plain(*text)) { /* nearly all of it */
			text++;
			continue;
		}
		size_t n = character(text, (size_t)(end - text));
		const char *instead = n == 0 ? "\xEF\xBF\xBD" : n == 1 ? entity(*text) : NULL;

		if (instead) {
			put(markup, plain, (size_t)(text - plain));
			put_string(markup, instead);
			plain = text + 1;
		}
		text += n ? n : 1;
	}
	put(markup, plain, (size_t)(text - plain));
}

static bool is_name(const char *name)
{
	const char *c = name;

	while ((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
		(*c >= '0' && *c <= '9') || *c == '-' || *c == ':')
		c++;
	return c > name && !*c;
}

/* The start tag takes no more attributes. */
static void end_tag(struct markup *markup)
{
	if (!markup->in_tag)
		return;
	put_char(markup, '>');
	markup->in_tag = false;
	if (markup->is_void)
		markup->n_open--;
	markup->is_void = false;
}

void markup_set(struct markup *markup, const char *name, const char *value)
{
	assert(markup->in_tag && is_name(name));
	if (!value)
		return;
	put_char(markup, ' ');
	put_string(markup, name);
	put_string(markup, "=\"");
	put_escaped(markup, value);
	put_char(markup, '"');
}

void markup_setf(struct markup *markup, const char *name, const char *fmt, ...)
{
	char value[256];
	va_list args;

	va_start(args, fmt);
	int n = vsnprintf(value, sizeof(value), fmt, args);
	va_end(args);
	assert(n >= 0 && (size_t)n < sizeof(value)); /* numbers and words of ours */
	markup_set(markup, name, value);
}

void markup_open(struct markup *markup, const char *element, ...)
{
	end_tag(markup);
	assert(is_name(element) && markup->n_open < MOST_OPEN);
	put_char(markup, '<');
	put_string(markup, element);
	markup->open[markup->n_open++] = element;
	markup->in_tag = true;
	markup->is_void = is_void(element);

	va_list args;
	va_start(args, element);
	for (const char *name; (name = va_arg(args, const char *));) {
		const char *value = va_arg(args, const char *);

		assert(value);
		markup_set(markup, name, value);
	}
	va_end(args);
}

void markup_close(struct markup *markup)
{
	end_tag(markup);
	assert(markup->n_open > 0);
	put_string(markup, "</");
	put_string(markup, markup->open[--markup->n_open]);
	put_char(markup, '>');
}

void markup_close_n(struct markup *markup, int n)
{
	while (n-- > 0)
		markup_close(markup);
}

void markup_text(struct markup *markup, const char *text)
{
	if (!text)
		return;
	end_tag(markup);
	put_escaped(markup, text);
}

void markup_textf(struct markup *markup, const char *fmt, ...)
{
	va_list args;
	char *text = NULL;

	va_start(args, fmt);
	char few[256];
	int n = vsnprintf(few, sizeof(few), fmt, args);
	va_end(args);
	assert(n >= 0);
	if ((size_t)n < sizeof(few)) {
		markup_text(markup, few);
		return;
	}
	va_start(args, fmt);
	text = xmalloc((size_t)n + 1);
	(void)vsnprintf(text, (size_t)n + 1, fmt, args);
	va_end(args);
	markup_text(markup, text);
	free(text);
}

void markup_element(
	struct markup *markup, const char *element, const char *class, const char *text)
{
	markup_open(markup, element, NULL);
	markup_set(markup, "class", class);
	markup_text(markup, text);
	markup_close(markup);
}

void markup_trusted(struct markup *markup, const char *bytes)
{
	end_tag(markup);
	put_string(markup, bytes);
}

const char *markup_bytes(const struct markup *markup, size_t *out_n)
{
	assert(markup->n_open == 0 && !markup->in_tag);
	markup->bytes[markup->n] = '\0';
	*out_n = markup->n;
	return markup->bytes;
}
