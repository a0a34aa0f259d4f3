/* SPDX-License-Identifier: Apache-2.0 */
#include "event/dora_put.h"

#include "base/ascii.h"
#include "data_priv.h"

#include <assert.h>
#include <string.h>

/* Where a field goes, and what the contract says of it. */
struct place {
	struct value *value;
	const struct field *field;
	struct arena *arena;
};

static struct place find(const struct dora_event *event, const char *path)
{
	struct dora_data *data = event->data;
	struct fields fields = contracts[event->kind].fields;
	struct value *slots = data->slots;
	const char *end = strchrnul(path, '.');

	if (*end) {
		const struct field *outer = field_find(fields, path, (size_t)(end - path));

		assert(outer && outer->type == FIELD_OBJECT);
		struct value *object = &slots[outer - fields.list];
		if (object->type != VALUE_OBJECT)
			*object = value_object(outer->inner, data->arena);
		fields = outer->inner;
		slots = object->slots;
		path = end + 1;
		end = path + strlen(path);
	}
	const struct field *field = field_find(fields, path, (size_t)(end - path));
	assert(field);
	data->text = NULL;
	return (struct place){&slots[field - fields.list], field, data->arena};
}

/* As much of text as max bytes hold, not cut within a character. */
static size_t fit(const char *text, size_t max)
{
	size_t n = strnlen(text, max + 1);

	if (n <= max)
		return n;
	n = max;
	while (n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static bool is_name_type(enum field_type type)
{
	return type == FIELD_KEY || type == FIELD_NAME || type == FIELD_NAMES ||
		type == FIELD_SOME;
}

static size_t most_bytes(enum field_type type)
{
	if (is_name_type(type))
		return DORA_ID_MAX;
	return type == FIELD_TEXT || type == FIELD_ANY ? DORA_TEXT_MAX : DORA_WORD_MAX;
}

static bool is_utf8(const char *text, size_t n)
{
	if (ascii_is_visible(text, n))
		return true;
	json_t *valid = json_stringn(text, n);
	json_decref(valid);
	return valid != NULL;
}

/* False: nothing to put. */
static bool make_text(
	struct arena *arena, enum field_type type, const char *text, struct value *out)
{
	if (!text || (is_name_type(type) && !*text))
		return false;
	size_t n = fit(text, most_bytes(type));
	if (!is_utf8(text, n))
		return false;
	char *copy = arena_memdup(arena, text, n + 1); /* what follows is a NUL or cut */
	copy[n] = '\0';
	*out = (struct value){.type = VALUE_TEXT, .n = (unsigned)n, .text = copy};
	return true;
}

void dora_put_text(struct dora_event *event, const char *path, const char *text)
{
	struct place place = find(event, path);

	(void)make_text(place.arena, place.field->type, text, place.value);
}

void dora_put_time(struct dora_event *event, const char *path, int64_t at_us)
{
	struct place place = find(event, path);

	assert(place.field->type == FIELD_TIME);
	*place.value = (struct value){.type = VALUE_TIME, .number = at_us};
}

void dora_put_bool(struct dora_event *event, const char *path, bool value)
{
	struct place place = find(event, path);

	assert(place.field->type == FIELD_BOOL);
	*place.value = (struct value){.type = value ? VALUE_TRUE : VALUE_FALSE};
}

void dora_put_int(struct dora_event *event, const char *path, int64_t value)
{
	struct place place = find(event, path);

	assert(place.field->type == FIELD_INT);
	*place.value = (struct value){.type = VALUE_INT, .number = value};
}

void dora_put_null(struct dora_event *event, const char *path)
{
	struct place place = find(event, path);

	assert(place.field->type != FIELD_KEY);
	*place.value = (struct value){.type = VALUE_NULL};
}

static struct value *list_of(const struct place *place)
{
	assert(place->field->type == FIELD_NAMES || place->field->type == FIELD_SOME ||
		place->field->type == FIELD_WORDS);
	if (place->value->type != VALUE_LIST)
		*place->value = (struct value){.type = VALUE_LIST};
	return place->value;
}

void dora_put_list(struct dora_event *event, const char *path)
{
	struct place place = find(event, path);

	(void)list_of(&place);
}

void dora_put_entry(struct dora_event *event, const char *path, const char *text)
{
	struct place place = find(event, path);
	struct value entry;

	if (make_text(place.arena, place.field->type, text, &entry))
		*value_add_entry(list_of(&place), place.arena) = entry;
}

void dora_put_flag(struct dora_event *event, const char *path, const char *name, bool value)
{
	struct place place = find(event, path);
	struct flag flag = {.value = {.type = value ? VALUE_TRUE : VALUE_FALSE}};
	struct value *flags = place.value;

	assert(place.field->type == FIELD_FLAGS);
	if (flags->type != VALUE_FLAGS)
		*flags = (struct value){.type = VALUE_FLAGS};
	if (!make_text(place.arena, FIELD_NAME, name, &flag.name))
		return;
	for (unsigned i = 0; i < flags->n; i++) {
		if (value_compare(&flags->flags[i].name, &flag.name) == 0) {
			flags->flags[i] = flag;
			return;
		}
	}
	value_add_flag(flags, flag, place.arena);
}
