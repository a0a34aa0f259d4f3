/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_priv.h"

#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

static bool is_text(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS;
}

static void copy_fields(
	struct stream_entry *entry, const redisReply *pairs, struct arena *arena)
{
	struct dora_field *fields =
		arena_alloc(arena, (pairs->elements / 2 + 1) * sizeof(*fields));
	size_t n = 0;

	for (size_t i = 0; i + 1 < pairs->elements; i += 2) {
		const redisReply *name = pairs->element[i];
		const redisReply *value = pairs->element[i + 1];

		if (!is_text(name) || !is_text(value))
			continue;
		fields[n].name = arena_strndup(arena, name->str, name->len);
		fields[n].n = value->len;
		char *copy = arena_alloc(arena, value->len + 1);
		memcpy(copy, value->str, value->len);
		fields[n++].value = copy;
	}
	entry->fields = fields;
	entry->n_fields = n;
}

void entries_add(struct stream_entries *entries, const char *key, const redisReply *reply,
	struct arena *arena, void (*on_deleted)(void *context, const char *id), void *context)
{
	if (!reply || reply->type != REDIS_REPLY_ARRAY || !reply->elements)
		return;

	struct stream_entry *items =
		arena_alloc(arena, (entries->n + reply->elements) * sizeof(*items));
	for (size_t i = 0; i < entries->n; i++)
		items[i] = entries->items[i];
	entries->items = items;
	for (size_t i = 0; i < reply->elements; i++) {
		const redisReply *pair = reply->element[i];

		if (pair->type != REDIS_REPLY_ARRAY || pair->elements != 2 ||
			!is_text(pair->element[0]))
			continue;
		const char *id = arena_strdup(arena, pair->element[0]->str);
		if (pair->element[1]->type == REDIS_REPLY_ARRAY) {
			struct stream_entry *entry = &items[entries->n++];
			*entry = (struct stream_entry){.key = key, .id = id};
			copy_fields(entry, pair->element[1], arena);
		} else if (on_deleted) {
			on_deleted(context, id);
		}
	}
}

enum stream_result stream_add_dead(struct stream *stream, const struct stream_entry *entry,
	const char *reason, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	CLEANUP(reply_freep) redisReply *reply = NULL;
	struct words words = {.arena = arena, .key = stream->dead_key};

	words_list(&words, (const char *const[]){"XADD", stream->dead_key, "*", NULL});
	for (size_t i = 0; i < entry->n_fields; i++) {
		words_text(&words, entry->fields[i].name);
		words_bytes(&words, entry->fields[i].value, entry->fields[i].n);
	}
	words_list(&words,
		(const char *const[]){
			"reason", reason, "stream", entry->key, "entry", entry->id, NULL});
	return ask(stream, &words, &reply, err);
}

enum stream_result stream_read_dead(struct stream *stream, struct stream_id after, size_t count,
	struct arena *arena, struct stream_entries *out, struct error *err)
{
	CLEANUP(reply_freep) redisReply *reply = NULL;
	struct words words = {.arena = arena, .key = stream->dead_key};
	char id[STREAM_ID_TEXT_MAX];

	*out = (struct stream_entries){0};
	stream_id_format(after, id);
	words_list(&words,
		(const char *const[]){"XRANGE", stream->dead_key,
			arena_printf(arena, "(%s", id), "+", "COUNT", NULL});
	words_number(&words, (int64_t)count);
	enum stream_result result = ask(stream, &words, &reply, err);
	if (result == STREAM_DONE)
		entries_add(
			out, arena_strdup(arena, stream->dead_key), reply, arena, NULL, NULL);
	return result;
}
