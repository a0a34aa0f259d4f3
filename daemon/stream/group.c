/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/group.h"

#include "stream_priv.h"

#include <string.h>

/* Entries deleted before they were acknowledged, as a batch gathers them. */
struct losses {
	struct arena *arena;
	const char *key;
	struct stream_loss *items;
	size_t n;
	size_t room;
};

static void on_deleted(void *context, const char *id)
{
	struct losses *losses = context;

	if (losses->n == losses->room) {
		size_t room = losses->room ? losses->room * 2 : 16;
		struct stream_loss *items = arena_alloc(losses->arena, room * sizeof(*items));

		for (size_t i = 0; i < losses->n; i++)
			items[i] = losses->items[i];
		losses->items = items;
		losses->room = room;
	}
	losses->items[losses->n++] =
		(struct stream_loss){.key = losses->key, .id = arena_strdup(losses->arena, id)};
}

enum stream_result stream_group_create(
	struct stream *stream, const struct stream_group *group, struct error *err)
{
	set_patience(stream, 0);
	for (size_t i = 0; i < stream->n_keys; i++) {
		const char *const words[] = {"XGROUP", "CREATE", stream->keys[i], group->name,
			"0", "MKSTREAM", NULL};
		CLEANUP(reply_freep) redisReply *reply = NULL;
		struct error words_err = {0};
		enum stream_result result = ask_words(stream, &reply, &words_err, words);

		if (result == STREAM_WRONG && strstr(words_err.text, "BUSYGROUP"))
			continue;
		if (result != STREAM_DONE) {
			error_setf(err, "%s", words_err.text);
			return result;
		}
	}
	return STREAM_DONE;
}

/* [[key, entries] ...] of XREADGROUP, or nil. */
static enum stream_result take_streams(struct stream *stream, const redisReply *reply,
	struct losses *losses, struct stream_batch *out, struct error *err)
{
	if (reply->type == REDIS_REPLY_NIL)
		return STREAM_DONE;
	if (reply->type != REDIS_REPLY_ARRAY)
		return not_redis(stream, "its answer to XREADGROUP", err);
	for (size_t i = 0; i < reply->elements; i++) {
		const redisReply *pair = reply->element[i];

		if (pair->type != REDIS_REPLY_ARRAY || pair->elements != 2 ||
			pair->element[0]->type != REDIS_REPLY_STRING)
			return not_redis(stream, "its answer to XREADGROUP", err);
		losses->key = arena_strdup(losses->arena, pair->element[0]->str);
		entries_add(&out->entries, losses->key, pair->element[1], losses->arena,
			on_deleted, losses);
	}
	return STREAM_DONE;
}

struct reading {
	const struct stream_group *group;
	size_t count;
	int64_t block_ms;
	const char *from; /* ">" new ones, "0" own pending ones */
};

static enum stream_result read_group(struct stream *stream, const struct reading *reading,
	struct losses *losses, struct stream_batch *out, struct error *err)
{
	CLEANUP(reply_freep) redisReply *reply = NULL;
	struct words words = {.arena = losses->arena};

	*out = (struct stream_batch){0};
	words_text(&words, "XREADGROUP");
	words_text(&words, "GROUP");
	words_text(&words, reading->group->name);
	words_text(&words, reading->group->consumer);
	words_text(&words, "COUNT");
	words_number(&words, (int64_t)reading->count);
	if (reading->block_ms) {
		words_text(&words, "BLOCK");
		words_number(&words, reading->block_ms);
	}
	words_text(&words, "STREAMS");
	for (size_t i = 0; i < stream->n_keys; i++)
		words_text(&words, stream->keys[i]);
	for (size_t i = 0; i < stream->n_keys; i++)
		words_text(&words, reading->from);
	set_patience(stream, reading->block_ms);
	enum stream_result result = ask(stream, &words, &reply, err);
	if (result != STREAM_DONE)
		return result;
	result = take_streams(stream, reply, losses, out, err);
	out->lost = losses->items;
	out->n_lost = losses->n;
	return result;
}

static void ignore(void *context, size_t i, const redisReply *reply)
{
	(void)context;
	(void)i;
	(void)reply;
}

/* One XACK for a run of entries of one key. */
static enum stream_result queue_ack(struct stream *stream, const struct stream_group *group,
	const char *key, struct words *ids, struct error *err)
{
	struct words words = {.arena = ids->arena};

	words_text(&words, "XACK");
	words_text(&words, key);
	words_text(&words, group->name);
	for (size_t i = 0; i < ids->n; i++)
		words_bytes(&words, ids->argv[i], ids->lengths[i]);
	return ask_later(stream, words.n, words.argv, words.lengths, err);
}

enum stream_result stream_group_ack(struct stream *stream, const struct stream_group *group,
	const struct stream_entry *entries, size_t n, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	size_t n_asked = 0;

	set_patience(stream, 0);
	for (size_t i = 0; i < n;) {
		struct words ids = {.arena = arena};
		const char *key = entries[i].key;

		for (; i < n && strcmp(entries[i].key, key) == 0; i++)
			words_text(&ids, entries[i].id);
		enum stream_result result = queue_ack(stream, group, key, &ids, err);
		if (result != STREAM_DONE)
			return result;
		n_asked++;
	}
	return each_reply(stream, n_asked, ignore, NULL, err);
}

enum stream_result stream_group_read_pending(struct stream *stream,
	const struct stream_group *group, size_t count, struct arena *arena,
	struct stream_batch *out, struct error *err)
{
	const struct reading reading = {.group = group, .count = count, .from = "0"};
	struct losses losses = {.arena = arena};
	enum stream_result result = read_group(stream, &reading, &losses, out, err);

	if (result != STREAM_DONE || !losses.n)
		return result;
	/* They would be given again for ever. */
	struct stream_entry *gone = arena_alloc(arena, losses.n * sizeof(*gone));
	for (size_t i = 0; i < losses.n; i++)
		gone[i] = (struct stream_entry){
			.key = losses.items[i].key, .id = losses.items[i].id};
	return stream_group_ack(stream, group, gone, losses.n, err);
}

enum stream_result stream_group_read_new(struct stream *stream,
	const struct stream_group *group, const struct stream_wait *wait, struct arena *arena,
	struct stream_batch *out, struct error *err)
{
	const struct reading reading = {
		.group = group, .count = wait->count, .block_ms = wait->block_ms, .from = ">"};
	struct losses losses = {.arena = arena};

	return read_group(stream, &reading, &losses, out, err);
}

/* One XAUTOCLAIM: [next, entries, deleted ids]. next is "0-0" when the whole list was seen. */
static enum stream_result claim_once(struct stream *stream, struct words *words,
	struct losses *losses, struct stream_entries *out, char next[static STREAM_ID_TEXT_MAX],
	struct error *err)
{
	CLEANUP(reply_freep) redisReply *reply = NULL;
	enum stream_result result = ask(stream, words, &reply, err);

	if (result != STREAM_DONE)
		return result;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 3 ||
		reply->element[0]->type != REDIS_REPLY_STRING ||
		reply->element[2]->type != REDIS_REPLY_ARRAY)
		return not_redis(stream, "its answer to XAUTOCLAIM", err);
	entries_add(out, losses->key, reply->element[1], losses->arena, on_deleted, losses);
	for (size_t i = 0; i < reply->element[2]->elements; i++) {
		if (reply->element[2]->element[i]->type == REDIS_REPLY_STRING)
			on_deleted(losses, reply->element[2]->element[i]->str);
	}
	stream_id_format(reply_id(reply->element[0]), next);
	return STREAM_DONE;
}

static enum stream_result claim_key(struct stream *stream, const struct stream_group *group,
	const struct stream_claim *claim, struct losses *losses, struct stream_entries *out,
	struct error *err)
{
	char next[STREAM_ID_TEXT_MAX] = "0-0";
	size_t before = out->n;

	do {
		struct words words = {.arena = losses->arena};

		words_text(&words, "XAUTOCLAIM");
		words_text(&words, losses->key);
		words_text(&words, group->name);
		words_text(&words, group->consumer);
		words_number(&words, claim->idle_ms);
		words_text(&words, next);
		words_text(&words, "COUNT");
		words_number(&words, (int64_t)(claim->count - (out->n - before)));
		enum stream_result result = claim_once(stream, &words, losses, out, next, err);
		if (result != STREAM_DONE)
			return result;
	} while (strcmp(next, "0-0") != 0 && out->n - before < claim->count);
	return STREAM_DONE;
}

/* [[id, consumer, idle, times]] of XPENDING for one id. */
static void take_times(void *context, size_t i, const redisReply *reply)
{
	struct stream_entry *entries = context;

	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 1 &&
		reply->element[0]->type == REDIS_REPLY_ARRAY &&
		reply->element[0]->elements == 4)
		entries[i].times = reply_number(reply->element[0]->element[3], 0);
}

static enum stream_result ask_times(struct stream *stream, const struct stream_group *group,
	struct stream_entries *entries, struct error *err)
{
	for (size_t i = 0; i < entries->n; i++) {
		const struct stream_entry *entry = &entries->items[i];
		const char *argv[] = {
			"XPENDING", entry->key, group->name, entry->id, entry->id, "1"};
		size_t lengths[ARRAY_LEN(argv)];

		for (size_t word = 0; word < ARRAY_LEN(argv); word++)
			lengths[word] = strlen(argv[word]);
		enum stream_result result =
			ask_later(stream, ARRAY_LEN(argv), argv, lengths, err);
		if (result != STREAM_DONE)
			return result;
	}
	return each_reply(stream, entries->n, take_times, entries->items, err);
}

enum stream_result stream_group_claim(struct stream *stream, const struct stream_group *group,
	const struct stream_claim *claim, struct arena *arena, struct stream_batch *out,
	struct error *err)
{
	struct losses losses = {.arena = arena};
	enum stream_result result = STREAM_DONE;

	*out = (struct stream_batch){0};
	set_patience(stream, 0);
	for (size_t i = 0; i < stream->n_keys && result == STREAM_DONE; i++) {
		losses.key = arena_strdup(arena, stream->keys[i]);
		result = claim_key(stream, group, claim, &losses, &out->entries, err);
	}
	if (result == STREAM_DONE)
		result = ask_times(stream, group, &out->entries, err);
	out->lost = losses.items;
	out->n_lost = losses.n;
	return result;
}
