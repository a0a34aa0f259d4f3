/* SPDX-License-Identifier: Apache-2.0 */
#include "event/dora_event.h"

#include "base/timestamp.h"
#include "contract.h"
#include "event/digest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 4

static void release_json(void *object)
{
	json_decref(object);
}

/* There is room for FIRST_ROOM, then for each power of two: so n alone tells when it is full.
 */
static bool is_full(size_t n)
{
	return n == 0 || (n >= FIRST_ROOM && (n & (n - 1)) == 0);
}

struct dora_event *dora_event_list_add(struct dora_event_list *list)
{
	if (is_full(list->n)) {
		size_t room = list->n ? 2 * list->n : FIRST_ROOM;
		struct dora_event *items = arena_alloc(list->arena, room * sizeof(*items));

		if (list->n)
			memcpy(items, list->items, list->n * sizeof(*items));
		list->items = items;
	}

	struct dora_event *event = &list->items[list->n++];
	*event = (struct dora_event){
		.data = arena_own(list->arena, json_object(), release_json),
	};
	return event;
}

const char *dora_event_entity(const struct dora_event *event)
{
	const char *key = contracts[event->kind].key;
	const json_t *target = json_object_get(event->data, "target");
	const char *entity = json_string_value(
		key ? json_object_get(event->data, key) : json_object_get(target, "id"));

	return entity ? entity : event->subject;
}

static struct dora_field encode(const json_t *data, struct arena *arena)
{
	struct dora_field field = {.name = "data"};
	char *text = canonical_text(data, &field.n);

	field.value = arena_memdup(arena, text, field.n + 1);
	free(text);
	return field;
}

size_t dora_event_fields(const struct dora_event *event, const char *endpoint,
	const char *delivery, struct arena *arena, struct dora_field out[static DORA_N_FIELDS])
{
	char time[TIMESTAMP_TEXT_MAX];
	size_t n = 0;

	timestamp_format(event->time_us, time);
	const struct {
		const char *name;
		const char *value;
	} fields[DORA_N_FIELDS - 1] = {
		{"specversion", "1.0"},
		{"id", event->id},
		{"revision",
			event->revision
				? arena_printf(arena, "%lld", (long long)event->revision)
				: NULL},
		{"source", event->source},
		{"type", arena_printf(arena, "dorad.%s.v1", dora_kind_name(event->kind))},
		{"subject", event->subject},
		{"time", arena_strdup(arena, time)},
		{"datacontenttype", "application/json"},
		{"endpoint", endpoint},
		{"delivery", delivery},
	};

	for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
		if (fields[i].value)
			out[n++] = (struct dora_field){
				fields[i].name, fields[i].value, strlen(fields[i].value)};
	}
	out[n++] = encode(event->data, arena);
	return n;
}
