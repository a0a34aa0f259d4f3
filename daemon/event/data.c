/* SPDX-License-Identifier: Apache-2.0 */
#include "data_priv.h"

#include <string.h>

#define FIRST_ROOM 4

/* There is room for FIRST_ROOM, then for each power of two: so n alone tells when it is full.
 */
static bool is_full(size_t n)
{
	return n == 0 || (n >= FIRST_ROOM && (n & (n - 1)) == 0);
}

void *room_for_one(void *items, size_t n, size_t bytes, struct arena *arena)
{
	if (!is_full(n))
		return items;
	void *more = arena_alloc(arena, (n ? 2 * n : FIRST_ROOM) * bytes);
	if (n)
		memcpy(more, items, n * bytes);
	return more;
}

struct dora_data *data_create(enum dora_kind kind, struct arena *arena)
{
	struct dora_data *data = arena_alloc(
		arena, sizeof(*data) + contracts[kind].fields.n * sizeof(data->slots[0]));

	data->arena = arena;
	return data;
}

struct value *data_slot(const struct dora_event *event, const char *name)
{
	struct fields fields = contracts[event->kind].fields;
	const struct field *field = field_find(fields, name, strlen(name));

	return event->data && field ? &event->data->slots[field - fields.list] : NULL;
}

const char *data_text(const struct dora_event *event, const char *name, const char *inner)
{
	struct fields fields = contracts[event->kind].fields;
	const struct field *field = field_find(fields, name, strlen(name));
	const struct value *value = data_slot(event, name);

	if (value && inner) {
		fields = field->inner;
		field = field_find(fields, inner, strlen(inner));
		value = field && value->type == VALUE_OBJECT
			? &value->slots[field - fields.list]
			: NULL;
	}
	return value && value->type == VALUE_TEXT ? value->text : NULL;
}

struct value value_object(struct fields fields, struct arena *arena)
{
	return (struct value){
		.type = VALUE_OBJECT,
		.slots = arena_alloc(arena, fields.n * sizeof(struct value)),
	};
}

struct value *value_add_entry(struct value *list, struct arena *arena)
{
	list->entries = room_for_one(list->entries, list->n, sizeof(list->entries[0]), arena);
	return &list->entries[list->n++];
}

int value_compare(const struct value *a, const struct value *b)
{
	int order = memcmp(a->text, b->text, a->n < b->n ? a->n : b->n);

	if (order)
		return order;
	return a->n < b->n ? -1 : a->n > b->n;
}

void value_add_flag(struct value *flags, struct flag flag, struct arena *arena)
{
	size_t at = flags->n;

	flags->flags = room_for_one(flags->flags, flags->n, sizeof(flag), arena);
	flags->n++;
	for (; at > 0 && value_compare(&flags->flags[at - 1].name, &flag.name) > 0; at--)
		flags->flags[at] = flags->flags[at - 1];
	flags->flags[at] = flag;
}
