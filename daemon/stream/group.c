/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/group.h"

#include "group_priv.h"

#include <string.h>

/* "BUSYGROUP Consumer Group name already exists" is what is wanted, too. */
static enum stream_result take_created(void *context, size_t i, const struct answer *answer)
{
	(void)context;
	(void)i;
	if (answer->result == STREAM_WRONG && strstr(answer->words, "BUSYGROUP"))
		return STREAM_DONE;
	return answer->result;
}

enum stream_result stream_group_create(
	struct stream *stream, const struct stream_group *group, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct commands commands = {.arena = arena};

	for (size_t i = 0; i < stream->n_keys; i++)
		words_list(commands_add(&commands, stream->keys[i]),
			(const char *const[]){"XGROUP", "CREATE", stream->keys[i], group->name,
				"0", "MKSTREAM", NULL});
	return ask_all(stream, &commands, take_created, NULL, err);
}

static enum stream_result take_any(void *context, size_t i, const struct answer *answer)
{
	(void)context;
	(void)i;
	return answer->result;
}

/* One XACK for a run of entries of one key. */
static void add_ack(struct commands *commands, const struct stream_group *group,
	const struct stream_entry *entries, size_t n)
{
	struct words *words = commands_add(commands, entries->key);

	words_list(words, (const char *const[]){"XACK", entries->key, group->name, NULL});
	for (size_t i = 0; i < n; i++)
		words_text(words, entries[i].id);
}

enum stream_result stream_group_ack(struct stream *stream, const struct stream_group *group,
	const struct stream_entry *entries, size_t n, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct commands commands = {.arena = arena};

	for (size_t i = 0; i < n;) {
		size_t run = 1;

		while (i + run < n && strcmp(entries[i + run].key, entries[i].key) == 0)
			run++;
		add_ack(&commands, group, &entries[i], run);
		i += run;
	}
	return ask_all(stream, &commands, take_any, NULL, err);
}

enum stream_result stream_group_read_pending(struct stream *stream,
	const struct stream_group *group, size_t count, struct arena *arena,
	struct stream_batch *out, struct error *err)
{
	const struct group_reading reading = {.group = group, .count = count, .from = "0"};
	struct losses losses = {.arena = arena};
	enum stream_result result = group_read(stream, &reading, &losses, out, err);

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
	const struct group_reading reading = {
		.group = group, .count = wait->count, .block_ms = wait->block_ms, .from = ">"};
	struct losses losses = {.arena = arena};

	return group_read(stream, &reading, &losses, out, err);
}

/* Several keys' lists are seen at once, each from where it was left. */
struct claiming {
	struct commands *commands;
	struct losses *losses;
	struct stream_entries *out;
	struct claimed {
		const char *key;
		char next[STREAM_ID_TEXT_MAX]; /* "0-0": the whole list was seen */
		size_t n;                      /* entries it gave */
	} * keys;
	size_t *asked; /* place in keys of each command */
	size_t n_keys;
};

/* [next, entries, deleted ids] of XAUTOCLAIM. */
static enum stream_result take_claim(void *context, size_t i, const struct answer *answer)
{
	struct claiming *claiming = context;
	struct claimed *claimed = &claiming->keys[claiming->asked[i]];
	struct losses *losses = claiming->losses;
	const redisReply *reply = answer->reply;
	size_t before = claiming->out->n;

	if (answer->result != STREAM_DONE)
		return answer->result;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 3 ||
		reply->element[0]->type != REDIS_REPLY_STRING ||
		reply->element[2]->type != REDIS_REPLY_ARRAY)
		return STREAM_BROKEN;
	losses->key = claimed->key;
	entries_add(claiming->out, claimed->key, reply->element[1], losses->arena, losses_add,
		losses);
	for (size_t n = 0; n < reply->element[2]->elements; n++) {
		if (reply->element[2]->element[n]->type == REDIS_REPLY_STRING)
			losses_add(losses, reply->element[2]->element[n]->str);
	}
	claimed->n += claiming->out->n - before;
	stream_id_format(reply_id(reply->element[0]), claimed->next);
	return STREAM_DONE;
}

static void add_claims(struct claiming *claiming, const struct stream_group *group,
	const struct stream_claim *claim, bool first)
{
	struct commands *commands = claiming->commands;

	commands->n = 0;
	for (size_t i = 0; i < claiming->n_keys; i++) {
		struct claimed *claimed = &claiming->keys[i];

		if ((!first && strcmp(claimed->next, "0-0") == 0) || claimed->n >= claim->count)
			continue;
		claiming->asked[commands->n] = i;
		struct words *words = commands_add(commands, claimed->key);
		words_list(words,
			(const char *const[]){"XAUTOCLAIM", claimed->key, group->name,
				group->consumer, NULL});
		words_number(words, claim->idle_ms);
		words_text(words, arena_strdup(commands->arena, claimed->next));
		words_text(words, "COUNT");
		words_number(words, (int64_t)(claim->count - claimed->n));
	}
}

/* [[id, consumer, idle, times]] of XPENDING for one id. */
static enum stream_result take_times(void *context, size_t i, const struct answer *answer)
{
	struct stream_entry *entries = context;
	const redisReply *reply = answer->reply;

	if (answer->result == STREAM_DONE && reply->type == REDIS_REPLY_ARRAY &&
		reply->elements == 1 && reply->element[0]->type == REDIS_REPLY_ARRAY &&
		reply->element[0]->elements == 4)
		entries[i].times = reply_number(reply->element[0]->element[3], 0);
	return answer->result;
}

static enum stream_result ask_times(struct stream *stream, const struct stream_group *group,
	struct stream_entries *entries, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct commands commands = {.arena = arena};

	for (size_t i = 0; i < entries->n; i++) {
		const struct stream_entry *entry = &entries->items[i];

		words_list(commands_add(&commands, entry->key),
			(const char *const[]){"XPENDING", entry->key, group->name, entry->id,
				entry->id, "1", NULL});
	}
	return ask_all(stream, &commands, take_times, entries->items, err);
}

enum stream_result stream_group_claim(struct stream *stream, const struct stream_group *group,
	const struct stream_claim *claim, struct arena *arena, struct stream_batch *out,
	struct error *err)
{
	struct commands commands = {.arena = arena};
	struct losses losses = {.arena = arena};
	struct claiming claiming = {
		.commands = &commands,
		.losses = &losses,
		.out = &out->entries,
		.keys = arena_alloc(arena, (stream->n_keys + 1) * sizeof(*claiming.keys)),
		.asked = arena_alloc(arena, (stream->n_keys + 1) * sizeof(*claiming.asked)),
	};
	enum stream_result result;

	*out = (struct stream_batch){0};
	for (size_t i = 0; i < stream->n_keys; i++) {
		if (!group->mine || group->mine[i])
			claiming.keys[claiming.n_keys++] = (struct claimed){
				.key = arena_strdup(arena, stream->keys[i]), .next = "0-0"};
	}
	add_claims(&claiming, group, claim, true);
	do {
		result = ask_all(stream, &commands, take_claim, &claiming, err);
		add_claims(&claiming, group, claim, false);
	} while (result == STREAM_DONE && commands.n);
	if (result == STREAM_DONE)
		result = ask_times(stream, group, &out->entries, err);
	out->lost = losses.items;
	out->n_lost = losses.n;
	return result;
}
