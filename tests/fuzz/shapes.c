/* SPDX-License-Identifier: Apache-2.0 */
#include "shapes.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A value, and where it stands: in a list at an index, or in an object under a key. */
struct place {
	json_t *parent;
	json_t *value;   /* borrowed */
	const char *key; /* NULL: in a list */
	size_t at;
};

static size_t head(const uint8_t *input, size_t n)
{
	const uint8_t *blank = memmem(input, n, "\n\n", 2);

	return blank ? (size_t)(blank - input) + 2 : 1;
}

/* Past what separates documents. */
static size_t skip_white(const char *text, size_t n, size_t at)
{
	while (at < n && strchr(" \t\r\n", text[at]))
		at++;
	return at;
}

json_t *shapes_read(const uint8_t *input, size_t n, size_t *at)
{
	const char *text = (const char *)input;
	json_t *documents = json_array();

	*at = n ? head(input, n) : 0;
	for (size_t next = skip_white(text, n, *at); next < n;
		next = skip_white(text, n, next)) {
		json_error_t end;
		json_t *one = json_loadb(text + next, n - next,
			JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DISABLE_EOF_CHECK, &end);

		if (!one) {
			json_decref(documents);
			return NULL;
		}
		(void)json_array_append_new(documents, one);
		next += (size_t)end.position;
	}
	return documents;
}

/* Counts `left` down to the place that is looked for. True: it is found. */
static bool find(json_t *parent, size_t *left, struct place *out)
{
	const char *key;
	json_t *value;
	size_t i;

	json_array_foreach(parent, i, value) {
		*out = (struct place){parent, value, NULL, i};
		if ((*left)-- == 0 || find(value, left, out))
			return true;
	}
	json_object_foreach(parent, key, value) {
		*out = (struct place){parent, value, key, 0};
		if ((*left)-- == 0 || find(value, left, out))
			return true;
	}
	return false;
}

size_t shapes_places(const json_t *documents)
{
	const char *key;
	json_t *value;
	size_t i;
	size_t n = 0;

	json_array_foreach(documents, i, value)
		n += 1 + shapes_places(value);
	json_object_foreach((json_t *)(uintptr_t)documents, key, value)
		n += 1 + shapes_places(value);
	return n;
}

static json_t *long_text(void)
{
	char text[1025];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	return json_string(text);
}

/* What is a number as a text, and the other way round; anything else as the text of itself. */
static json_t *other_type(json_t *value)
{
	const char *text = json_string_value(value);

	if (text)
		return json_integer(strtoll(text, NULL, 10));
	char *dumped = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	json_t *made = json_string(dumped);
	free(dumped);
	return made;
}

enum shape {
	GONE,
	NONE,
	TRUE,
	FALSE,
	EMPTY_TEXT,
	EMPTY_LIST,
	EMPTY_OBJECT,
	ZERO,
	MINUS_ONE,
	LARGEST,
	REAL,
	BLANK,
	WORD,
	LONG_TEXT,
	NUL_TEXT,
	EARLY_TIME,
	LATE_TIME,
	OTHER_TYPE,
	IN_A_LIST,
	IN_AN_OBJECT,
	TWICE_IN_A_LIST,
	N_SHAPES,
};

size_t shapes_count(void)
{
	return N_SHAPES;
}

/* NULL: it is to go. */
static json_t *shaped(json_t *value, enum shape shape)
{
	switch (shape) {
	case GONE:
	case N_SHAPES:
		return NULL;
	case NONE:
		return json_null();
	case TRUE:
		return json_true();
	case FALSE:
		return json_false();
	case EMPTY_TEXT:
		return json_string("");
	case EMPTY_LIST:
		return json_array();
	case EMPTY_OBJECT:
		return json_object();
	case ZERO:
		return json_integer(0);
	case MINUS_ONE:
		return json_integer(-1);
	case LARGEST:
		return json_integer(INT64_MAX);
	case REAL:
		return json_real(1.5e300);
	case BLANK:
		return json_string(" ");
	case WORD:
		return json_string("x");
	case LONG_TEXT:
		return long_text();
	case NUL_TEXT:
		return json_stringn("a\0b", 3);
	case EARLY_TIME:
		return json_string("0001-01-01T00:00:00Z");
	case LATE_TIME:
		return json_string("9999-12-31T23:59:59.999999999-23:59");
	case OTHER_TYPE:
		return other_type(value);
	case IN_A_LIST:
		return json_pack("[O]", value);
	case IN_AN_OBJECT:
		return json_pack("{sO}", "value", value);
	case TWICE_IN_A_LIST:
		return json_pack("[OO]", value, value);
	}
	return NULL;
}

json_t *shapes_at(json_t *documents, size_t place)
{
	struct place found;

	return find(documents, &place, &found) ? found.value : NULL;
}

void shapes_put(json_t *documents, size_t place, json_t *value)
{
	struct place found;

	if (!find(documents, &place, &found))
		json_decref(value);
	else if (found.key && value)
		(void)json_object_set_new(found.parent, found.key, value);
	else if (found.key)
		(void)json_object_del(found.parent, found.key);
	else if (value)
		(void)json_array_set_new(found.parent, found.at, value);
	else
		(void)json_array_remove(found.parent, found.at);
}

void shapes_change(json_t *documents, size_t place, size_t shape)
{
	shapes_put(documents, place, shaped(shapes_at(documents, place), (enum shape)shape));
}

uint8_t *shapes_write(const uint8_t *head, size_t n_head, const json_t *documents, size_t *n)
{
	uint8_t *made = malloc(n_head ? n_head : 1);
	json_t *one;
	size_t i;

	memcpy(made, head, n_head);
	*n = n_head;
	json_array_foreach(documents, i, one) {
		char *text = json_dumps(one, JSON_COMPACT | JSON_ENCODE_ANY);
		size_t length = strlen(text);

		made = realloc(made, *n + length + 1);
		memcpy(made + *n, text, length);
		made[*n + length] = '\n';
		*n += length + 1;
		free(text);
	}
	return made;
}
