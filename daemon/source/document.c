/* SPDX-License-Identifier: Apache-2.0 */
#include "document.h"

#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

#define BYTE_ORDER_MARK "\xef\xbb\xbf"
#define ESCAPED_NUL "\\u0000"
#define REPLACEMENT "\\ufffd"

static bool is_wanted(const char *wanted, const char *name, size_t n)
{
	for (size_t i = 0; i < n; i++, wanted++) {
		if (*wanted == '*' && wanted[1] == '\0')
			return true;
		if (*wanted != name[i])
			return false;
	}
	return *wanted == '\0';
}

const struct wanted *document_wants(const struct wanted *wanted, const char *name, size_t n)
{
	char first = n ? *name : '\0';

	for (; wanted->name; wanted++) {
		/* Most differ in the first letter; none of ours begins with the star. */
		if (*wanted->name == first && is_wanted(wanted->name, name, n))
			return wanted;
	}
	return NULL;
}

/* To the quote that ends a string, or to the end. */
static const char *skip_string(const char *at, const char *end)
{
	for (; at < end && *at != '"'; at++) {
		if (*at == '\\')
			at++;
	}
	return at < end ? at : end;
}

bool document_is_bounded(const char *bytes, size_t n, struct error *err)
{
	size_t depth = 0;
	size_t tokens = 0;

	for (const char *at = bytes, *end = bytes + n; at < end; at++) {
		if (*at == '"') {
			at = skip_string(at + 1, end);
		} else if (*at == '{' || *at == '[') {
			depth++;
			tokens++;
		} else if (*at == ',') {
			tokens++;
		} else if ((*at == '}' || *at == ']') && depth > 0) {
			depth--;
		}
		if (depth > DOCUMENT_MAX_DEPTH) {
			error_setf(
				err, "the body is nested deeper than %d", DOCUMENT_MAX_DEPTH);
			return false;
		}
		if (tokens > DOCUMENT_MAX_TOKENS) {
			error_setf(
				err, "the body has more than %d values", DOCUMENT_MAX_TOKENS);
			return false;
		}
	}
	return true;
}

/* From backslash to backslash: there are few, and none outside a string. What follows one
 * belongs to it: of \\\\u0000 the second is no beginning. */
void document_replace_nul(char *text, size_t n)
{
	const size_t length = strlen(ESCAPED_NUL);
	const char *end = text + n;
	char *at = text;

	while ((at = memchr(at, '\\', (size_t)(end - at)))) {
		size_t left = (size_t)(end - at);

		if (left < length)
			return;
		if (memcmp(at, ESCAPED_NUL, length) == 0)
			memcpy(at, REPLACEMENT, length);
		at += 2;
	}
}

static json_t *pick(json_t *value, const struct wanted *wanted);

static json_t *pick_members(json_t *object, const struct wanted *wanted)
{
	json_t *picked = json_object();
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		const struct wanted *want = document_wants(wanted, name, strlen(name));

		if (want)
			(void)json_object_set_new_nocheck(
				picked, name, pick(value, want->inner));
	}
	return picked;
}

/* The wanted parts; what is whole is shared with value. */
static json_t *pick(json_t *value, const struct wanted *wanted)
{
	size_t i;
	json_t *item;

	if (wanted && json_is_object(value))
		return pick_members(value, wanted);
	if (wanted && json_is_array(value)) {
		json_t *picked = json_array();

		json_array_foreach(value, i, item)
			(void)json_array_append_new(picked, pick(item, wanted));
		return picked;
	}
	return json_incref(value);
}

json_t *document_read_jansson(
	const char *bytes, size_t n, const struct wanted *wanted, struct error *err)
{
	json_error_t where;

	if (!document_is_bounded(bytes, n, err))
		return NULL;
	if (memchr(bytes, '\0', n)) { /* jansson takes some for the end of a number */
		error_setf(err, "the body is no JSON: it has a byte that is zero");
		return NULL;
	}
	char *text = xmemdup(bytes, n);
	document_replace_nul(text, n);
	json_t *whole = json_loadb(text, n, 0, &where);
	free(text);
	if (!whole) {
		/* "invalid token near 'secret'": what stands there may be anybody's */
		const char *quoted = strstr(where.text, " near '");

		error_setf(err, "the body is no JSON: line %d column %d: %.*s", where.line,
			where.column,
			(int)(quoted ? quoted - where.text : (ptrdiff_t)sizeof(where.text)),
			where.text);
		return NULL;
	}
	json_t *picked = pick(whole, wanted);
	json_decref(whole);
	return picked;
}

json_t *document_read(
	const char *bytes, size_t n, const struct wanted *wanted, struct error *err)
{
	size_t mark = strlen(BYTE_ORDER_MARK);

	if (n == 0)
		bytes = ""; /* it may be NULL */
	if (n >= mark && memcmp(bytes, BYTE_ORDER_MARK, mark) == 0) {
		bytes += mark;
		n -= mark;
	}
#ifdef DORAD_SIMDJSON
	return document_read_simdjson(bytes, n, wanted, err);
#else
	return document_read_jansson(bytes, n, wanted, err);
#endif
}

void document_rest(void)
{
#ifdef DORAD_SIMDJSON
	document_rest_simdjson();
#endif
}
