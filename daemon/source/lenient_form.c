/* SPDX-License-Identifier: Apache-2.0 */
#include "lenient.h"

#include "base/timestamp.h"
#include "base/xalloc.h"
#include "form.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 512

static bool is_encoded(const char *at, const char *end)
{
	return end - at >= 3 && at[0] == '%' && isxdigit((unsigned char)at[1]) &&
		isxdigit((unsigned char)at[2]);
}

static bool has_encoded(const char *text, size_t n)
{
	for (const char *at = text, *end = text + n; at < end; at++) {
		if (is_encoded(at, end))
			return true;
	}
	return false;
}

/* NULL: what comes out is no UTF-8, or has a NUL that would cut it for its readers. */
static json_t *decoded(const char *text, size_t n, struct arena *arena)
{
	size_t length;
	char *plain = form_decode(text, n, arena, &length);

	return memchr(plain, '\0', length) ? NULL : json_stringn(plain, length);
}

/* Puts value under name, or under outer and inner of "outer[inner]". Takes the value. */
static void put(json_t *object, const char *name, json_t *value)
{
	const char *open = strchr(name, '[');
	size_t n = strlen(name);

	if (!open || open == name || name[n - 1] != ']' || open + 2 > name + n - 1) {
		(void)json_object_set_new(object, name, value);
		return;
	}
	char *outer = xstrndup(name, (size_t)(open - name));
	char *inner = xstrndup(open + 1, (size_t)(name + n - 1 - (open + 1)));
	json_t *within = json_object_get(object, outer);
	if (!json_is_object(within)) {
		within = json_object();
		(void)json_object_set_new(object, outer, within);
	}
	(void)json_object_set_new(within, inner, value);
	free(outer);
	free(inner);
}

static bool put_field(json_t *object, const char *field, size_t n, struct arena *arena)
{
	const char *equals = memchr(field, '=', n);

	if (!equals || equals == field)
		return false;
	json_t *name = decoded(field, (size_t)(equals - field), arena);
	json_t *value = decoded(equals + 1, (size_t)(field + n - (equals + 1)), arena);
	if (name && value && json_string_length(name) > 0)
		put(object, json_string_value(name), json_incref(value));
	json_decref(name);
	json_decref(value);
	return true;
}

/* payload={...}: the one field that it has holds all. */
static json_t *unwrapped(json_t *object)
{
	const char *name;
	json_t *value;

	if (json_object_size(object) != 1)
		return object;
	json_object_foreach(object, name, value) {
		const char *text = json_string_value(value);
		json_t *inner = NULL;

		if (text)
			inner = json_loads(text, 0, NULL);
		if (text && !inner)
			inner = lenient_json(text, json_string_length(value));
		if (!json_is_object(inner)) {
			json_decref(inner);
			break;
		}
		json_decref(object);
		return inner;
	}
	return object;
}

json_t *lenient_form(const char *text, size_t n, struct arena *arena)
{
	json_t *object = json_object();
	const char *end = text + n;
	int fields = 0;

	for (const char *at = text; at < end && fields < MAX_FIELDS; fields++) {
		const char *amp = memchr(at, '&', (size_t)(end - at));
		size_t length = (size_t)((amp ? amp : end) - at);

		if (length > 0 && !put_field(object, at, length, arena))
			break;
		at += length + 1;
	}
	if (json_object_size(object) > 0)
		return unwrapped(object);
	json_decref(object);
	return NULL;
}

static bool tree_has_encoded(const json_t *tree)
{
	const char *name;
	json_t *value;
	size_t i;

	if (json_is_string(tree))
		return has_encoded(json_string_value(tree), json_string_length(tree));
	json_object_foreach((json_t *)(uintptr_t)tree, name, value) {
		if (tree_has_encoded(value))
			return true;
	}
	json_array_foreach(tree, i, value) {
		if (tree_has_encoded(value))
			return true;
	}
	return false;
}

/* A time as it stands is no encoded text: its + is the sign of its zone. */
static void decode_text(json_t *text, struct arena *arena)
{
	const char *at = json_string_value(text);
	size_t n = json_string_length(text);
	int64_t instant_us;

	if (timestamp_parse(at, n, &instant_us))
		return;
	json_t *plain = decoded(at, n, arena);
	if (plain)
		(void)json_string_setn(
			text, json_string_value(plain), json_string_length(plain));
	json_decref(plain);
}

static void decode_all(json_t *tree, struct arena *arena)
{
	const char *name;
	json_t *value;
	size_t i;

	if (json_is_string(tree))
		decode_text(tree, arena);
	json_object_foreach(tree, name, value)
		decode_all(value, arena);
	json_array_foreach(tree, i, value)
		decode_all(value, arena);
}

void lenient_decode(json_t *tree, struct arena *arena)
{
	if (tree_has_encoded(tree))
		decode_all(tree, arena);
}
