/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"
#include "data_priv.h"

#include <stdlib.h>
#include <string.h>

/* JSON to slots: only what the contract cannot hold at all is refused here. */

struct reading {
	struct arena *arena;
	struct error *err;
};

static struct value read_text(const struct reading *reading, const json_t *json)
{
	size_t n = json_string_length(json);

	return (struct value){
		.type = VALUE_TEXT,
		.n = (unsigned)n,
		.text = arena_memdup(reading->arena, json_string_value(json), n + 1),
	};
}

static struct value read_scalar(const struct reading *reading, const json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return (struct value){.type = VALUE_STRAY, .text = "an object"};
	case JSON_ARRAY:
		return (struct value){.type = VALUE_STRAY, .text = "a list"};
	case JSON_STRING:
		return read_text(reading, json);
	case JSON_INTEGER:
		return (struct value){.type = VALUE_INT, .number = json_integer_value(json)};
	case JSON_REAL:
		return (struct value){.type = VALUE_REAL, .real = json_real_value(json)};
	case JSON_TRUE:
		return (struct value){.type = VALUE_TRUE};
	case JSON_FALSE:
		return (struct value){.type = VALUE_FALSE};
	case JSON_NULL:
		return (struct value){.type = VALUE_NULL};
	}
	__builtin_unreachable();
}

/* EVENTS.md section 2: the receiver writes all times as UTC with microseconds. */
static struct value read_time(const struct reading *reading, const json_t *json)
{
	struct value value = {.type = VALUE_TIME};

	if (json_is_string(json) &&
		timestamp_parse(
			json_string_value(json), json_string_length(json), &value.number))
		return value;
	return read_scalar(reading, json);
}

static struct value read_list(const struct reading *reading, const json_t *json)
{
	struct value list = {.type = VALUE_LIST};
	size_t i;
	const json_t *item;

	json_array_foreach(json, i, item)
		*value_add_entry(&list, reading->arena) = read_scalar(reading, item);
	return list;
}

static int compare_flags(const void *a, const void *b)
{
	const struct flag *left = a;
	const struct flag *right = b;

	return value_compare(&left->name, &right->name);
}

/* There may be any number: sorted once, not one by one. */
static struct value read_flags(const struct reading *reading, json_t *json)
{
	size_t n = json_object_size(json);
	struct value value = {
		.type = VALUE_FLAGS,
		.flags = arena_alloc(reading->arena, (n + 1) * sizeof(*value.flags)),
	};
	const char *name;
	size_t n_name;
	json_t *flag;

	json_object_keylen_foreach(json, name, n_name, flag)
	{
		value.flags[value.n++] = (struct flag){
			.name = {.type = VALUE_TEXT,
				.n = (unsigned)n_name,
				.text = arena_memdup(reading->arena, name, n_name + 1)},
			.value = read_scalar(reading, flag),
		};
	}
	qsort(value.flags, value.n, sizeof(*value.flags), compare_flags);
	return value;
}

static struct value read_object(
	const struct reading *reading, const struct field *outer, json_t *json);

static struct value read_value(
	const struct reading *reading, const struct field *field, json_t *json)
{
	bool takes_list = field->type == FIELD_NAMES || field->type == FIELD_SOME ||
		field->type == FIELD_WORDS || field->type == FIELD_ANY;

	if (field->type == FIELD_TIME)
		return read_time(reading, json);
	if (field->type == FIELD_FLAGS && json_is_object(json))
		return read_flags(reading, json);
	if (field->type == FIELD_OBJECT && json_is_object(json))
		return read_object(reading, field, json);
	if (takes_list && json_is_array(json))
		return read_list(reading, json);
	return read_scalar(reading, json);
}

static struct value read_object(
	const struct reading *reading, const struct field *outer, json_t *json)
{
	struct value object = value_object(outer->inner, reading->arena);
	const char *name;
	size_t n;
	json_t *inner;

	json_object_keylen_foreach(json, name, n, inner)
	{
		const struct field *field = field_find(outer->inner, name, n);

		if (field)
			object.slots[field - outer->inner.list] =
				read_value(reading, field, inner);
		else
			error_setf(reading->err, "data.%s.%.60s: there is no such field",
				outer->name, name);
	}
	return object;
}

struct dora_data *data_read(
	const json_t *object, enum dora_kind kind, struct arena *arena, struct error *err)
{
	struct error words = {0};
	const struct reading reading = {.arena = arena, .err = &words};
	struct fields fields = contracts[kind].fields;
	struct dora_data *data = data_create(kind, arena);
	const char *name;
	size_t n;
	json_t *inner;

	/* The iteration changes nothing. */
	json_object_keylen_foreach((json_t *)(uintptr_t)object, name, n, inner)
	{
		const struct field *field = field_find(fields, name, n);

		if (field)
			data->slots[field - fields.list] = read_value(&reading, field, inner);
		else
			error_setf(&words, "data.%.60s: a %s has no such field", name,
				dora_kind_name(kind));
	}
	if (words.text[0])
		error_setf(err, "%s", words.text);
	return words.text[0] ? NULL : data;
}
