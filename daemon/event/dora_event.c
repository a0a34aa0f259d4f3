/* SPDX-License-Identifier: Apache-2.0 */
#include "event/dora_event.h"

#include "base/timestamp.h"
#include "data_priv.h"
#include <string.h>

struct dora_event *dora_event_list_add(struct dora_event_list *list, enum dora_kind kind)
{
	list->items = room_for_one(list->items, list->n, sizeof(*list->items), list->arena);

	struct dora_event *event = &list->items[list->n++];
	*event = (struct dora_event){.kind = kind, .data = data_create(kind, list->arena)};
	return event;
}

void dora_event_list_append(struct dora_event_list *list, const struct dora_event *event)
{
	list->items = room_for_one(list->items, list->n, sizeof(*list->items), list->arena);
	list->items[list->n++] = *event;
}

const char *dora_event_entity(const struct dora_event *event)
{
	const char *key = contracts[event->kind].key;
	const char *entity =
		key ? data_text(event, key, NULL) : data_text(event, "target", "id");

	return entity ? entity : event->subject;
}

json_t *dora_event_tree(const struct dora_event *event)
{
	size_t n;
	const char *text = dora_event_text(event, &n);

	return json_loadb(text, n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

size_t dora_event_fields(const struct dora_event *event, const char *endpoint,
	const char *delivery, struct arena *arena, struct dora_field out[static DORA_N_FIELDS])
{
	char time[TIMESTAMP_TEXT_MAX];
	size_t n_data;
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
		{"type", dora_kind_type(event->kind)},
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
	const char *data = dora_event_text(event, &n_data);
	out[n++] = (struct dora_field){"data", arena_memdup(arena, data, n_data + 1), n_data};
	return n;
}
