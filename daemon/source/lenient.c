/* SPDX-License-Identifier: Apache-2.0 */
#include "lenient.h"

#include "base/xalloc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 16    /* a template is not deeper */
#define MAX_MEMBERS 512 /* nor longer */

struct scan {
	const char *at;
	const char *end;
	int depth;
	int members;
	bool in_list;
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static const char *past_spaces(const char *at, const char *end)
{
	while (at < end && is_space(*at))
		at++;
	return at;
}

static bool is_closing(char c)
{
	return c == ',' || c == '}' || c == ']';
}

/* Whether a comma here ends a value: in an object the next name follows, or nothing. */
static bool ends_value(const struct scan *scan, const char *comma)
{
	const char *next = past_spaces(comma + 1, scan->end);

	return scan->in_list || next == scan->end || *next == '"' || is_closing(*next);
}

/* Whether a quote here ends the string: what JSON has after one follows. */
static bool ends_string(const struct scan *scan, const char *quote)
{
	const char *next = past_spaces(quote + 1, scan->end);

	if (next == scan->end || *next == ':' || *next == '}' || *next == ']')
		return true;
	return *next == ',' && ends_value(scan, next);
}

static char plain_escape(char c)
{
	switch (c) {
	case 'n':
	case 'r':
	case 't':
	case 'b':
	case 'f':
		return ' ';
	default:
		return c;
	}
}

/* Without control characters: no NUL among them may cut a text short. NULL: no UTF-8. */
static json_t *tidy(char *text, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < 0x20)
			text[i] = ' ';
	}
	return json_stringn(text, n);
}

/* The string without its escapes; \uXXXX through jansson, which knows about pairs. */
static json_t *unescaped(const char *text, size_t n)
{
	char *plain = xmalloc(n + 3);
	size_t length = 0;

	plain[length++] = '"';
	memcpy(plain + length, text, n);
	length += n;
	plain[length++] = '"';
	json_t *exact = json_loadb(plain, length, JSON_DECODE_ANY, NULL);
	if (exact) {
		free(plain);
		return exact;
	}
	length = 0;
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '\\' && i + 1 < n)
			plain[length++] = plain_escape(text[++i]);
		else
			plain[length++] = text[i];
	}
	json_t *string = tidy(plain, length);
	free(plain);
	return string;
}

/* From behind the opening quote to behind the closing one. NULL: there is none. */
static json_t *read_string(struct scan *scan)
{
	const char *from = scan->at;

	for (; scan->at < scan->end; scan->at++) {
		if (*scan->at == '\\' && scan->at + 1 < scan->end)
			scan->at++;
		else if (*scan->at == '"' && ends_string(scan, scan->at))
			return unescaped(from, (size_t)(scan->at++ - from));
	}
	return NULL;
}

static json_t *read_bare(struct scan *scan)
{
	const char *from = scan->at;

	while (scan->at < scan->end && *scan->at != '\n' && *scan->at != '}' &&
		*scan->at != ']' && !(*scan->at == ',' && ends_value(scan, scan->at)))
		scan->at++;
	const char *to = scan->at;
	while (to > from && (is_space(to[-1]) || to[-1] == ','))
		to--;
	if (to - from == 4 && memcmp(from, "null", 4) == 0)
		return json_null();
	if (scan->at == scan->end)
		return NULL; /* cut within it, maybe */
	char *text = xmemdup(from, (size_t)(to - from));
	json_t *value = tidy(text, (size_t)(to - from));
	free(text);
	return value;
}

static json_t *read_value(struct scan *scan);

/* Behind the opening brace; to behind the closing one, or to the end of what can be read. */
static json_t *read_object(struct scan *scan)
{
	json_t *object = json_object();

	for (;;) {
		while (scan->at < scan->end && (is_space(*scan->at) || *scan->at == ','))
			scan->at++;
		if (scan->at == scan->end || *scan->at++ != '"')
			return object; /* '}' among others */
		json_t *name = read_string(scan);
		scan->at = past_spaces(scan->at, scan->end);
		bool is_member = name && scan->at < scan->end && *scan->at == ':';
		if (is_member && ++scan->members <= MAX_MEMBERS) {
			scan->at = past_spaces(scan->at + 1, scan->end);
			json_t *value = read_value(scan);
			if (value)
				(void)json_object_set_new(
					object, json_string_value(name), value);
		}
		json_decref(name);
		if (!is_member || scan->members > MAX_MEMBERS)
			return object;
	}
}

static json_t *read_array(struct scan *scan)
{
	json_t *array = json_array();

	for (;;) {
		while (scan->at < scan->end && (is_space(*scan->at) || *scan->at == ','))
			scan->at++;
		if (scan->at == scan->end || ++scan->members > MAX_MEMBERS)
			return array;
		if (*scan->at == ']' || *scan->at == '}') {
			scan->at++;
			return array;
		}
		json_t *value = read_value(scan);
		if (!value)
			return array;
		(void)json_array_append_new(array, value);
	}
}

static json_t *read_value(struct scan *scan)
{
	if (scan->at == scan->end || scan->depth >= MAX_DEPTH)
		return NULL;
	char first = *scan->at;
	if (first == '"') {
		scan->at++;
		return read_string(scan);
	}
	if (first != '{' && first != '[')
		return read_bare(scan);
	bool was_in_list = scan->in_list;
	scan->at++;
	scan->depth++;
	scan->in_list = first == '[';
	json_t *value = first == '{' ? read_object(scan) : read_array(scan);
	scan->in_list = was_in_list;
	scan->depth--;
	return value;
}

json_t *lenient_json(const char *text, size_t n)
{
	const char *brace = n ? memchr(text, '{', n) : NULL; /* text may be NULL then */

	if (!brace)
		return NULL;
	struct scan scan = {.at = brace, .end = text + n};
	json_t *object = read_value(&scan);
	if (json_object_size(object) > 0)
		return object;
	json_decref(object);
	return NULL;
}
