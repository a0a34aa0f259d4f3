/* SPDX-License-Identifier: Apache-2.0 */
#include "event/dora_put.h"

#include "base/timestamp.h"
#include "contract.h"

#include <assert.h>
#include <string.h>

/* Where a field goes, and what the contract says of it. */
struct slot {
	json_t *object;
	const struct field *field;
};

static struct slot find(const struct dora_event *event, const char *path)
{
	struct slot slot = {.object = event->data};
	const char *dot = strchr(path, '.');

	if (dot) {
		char outer[32];

		assert((size_t)(dot - path) < sizeof(outer));
		memcpy(outer, path, (size_t)(dot - path));
		outer[dot - path] = '\0';
		const struct field *object = contract_field(event->kind, outer);
		assert(object && object->type == FIELD_OBJECT);
		if (!json_object_get(slot.object, outer))
			(void)json_object_set_new(slot.object, outer, json_object());
		slot.object = json_object_get(slot.object, outer);
		slot.field = field_find(object->fields, dot + 1);
	} else {
		slot.field = contract_field(event->kind, path);
	}
	assert(slot.field);
	return slot;
}

static void set(const struct slot *slot, json_t *value)
{
	/* Our own name: there is nothing to check. */
	(void)json_object_set_new_nocheck(slot->object, slot->field->name, value);
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

static bool is_ascii(const char *text, size_t n)
{
	unsigned char all = 0;

	for (size_t i = 0; i < n; i++)
		all |= (unsigned char)text[i];
	return all < 0x80;
}

/* NULL: nothing to put. Nearly all texts are ASCII, and need not be looked at byte by byte. */
static json_t *as_text(enum field_type type, const char *text)
{
	if (!text || (is_name_type(type) && !*text))
		return NULL;
	size_t n = fit(text, most_bytes(type));
	return is_ascii(text, n) ? json_stringn_nocheck(text, n) : json_stringn(text, n);
}

void dora_put_text(struct dora_event *event, const char *path, const char *text)
{
	struct slot slot = find(event, path);
	json_t *value = as_text(slot.field->type, text);

	if (value)
		set(&slot, value);
}

void dora_put_time(struct dora_event *event, const char *path, int64_t at_us)
{
	struct slot slot = find(event, path);
	char text[TIMESTAMP_TEXT_MAX];

	assert(slot.field->type == FIELD_TIME);
	timestamp_format(at_us, text);
	set(&slot, json_string_nocheck(text));
}

void dora_put_bool(struct dora_event *event, const char *path, bool value)
{
	struct slot slot = find(event, path);

	assert(slot.field->type == FIELD_BOOL);
	set(&slot, json_boolean(value));
}

void dora_put_int(struct dora_event *event, const char *path, int64_t value)
{
	struct slot slot = find(event, path);

	assert(slot.field->type == FIELD_INT);
	set(&slot, json_integer(value));
}

void dora_put_null(struct dora_event *event, const char *path)
{
	struct slot slot = find(event, path);

	assert(slot.field->type != FIELD_KEY);
	set(&slot, json_null());
}

static json_t *list_of(const struct slot *slot)
{
	assert(slot->field->type == FIELD_NAMES || slot->field->type == FIELD_SOME ||
		slot->field->type == FIELD_WORDS);
	if (!json_is_array(json_object_get(slot->object, slot->field->name)))
		set(slot, json_array());
	return json_object_get(slot->object, slot->field->name);
}

void dora_put_list(struct dora_event *event, const char *path)
{
	struct slot slot = find(event, path);

	(void)list_of(&slot);
}

void dora_put_entry(struct dora_event *event, const char *path, const char *text)
{
	struct slot slot = find(event, path);
	json_t *value = as_text(slot.field->type, text);

	if (value)
		(void)json_array_append_new(list_of(&slot), value);
}

void dora_put_flag(struct dora_event *event, const char *path, const char *name, bool value)
{
	struct slot slot = find(event, path);

	assert(slot.field->type == FIELD_FLAGS);
	if (!json_is_object(json_object_get(slot.object, slot.field->name)))
		set(&slot, json_object());
	json_t *flags = json_object_get(slot.object, slot.field->name);
	json_t *key = as_text(FIELD_NAME, name);
	if (key)
		(void)json_object_set_new(flags, json_string_value(key), json_boolean(value));
	json_decref(key);
}
