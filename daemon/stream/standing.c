/* SPDX-License-Identifier: Apache-2.0 */
#include "stream/group.h"

#include "stream_priv.h"

#include <string.h>

/* Milliseconds of an entry's id as microseconds. */
static int64_t id_us(struct stream_id id)
{
	return (int64_t)(id.ms * 1000);
}

static const redisReply *find_group(const redisReply *groups, const char *name)
{
	for (size_t i = 0; groups->type == REDIS_REPLY_ARRAY && i < groups->elements; i++) {
		const redisReply *found = reply_member(groups->element[i], "name");

		if (found && found->type == REDIS_REPLY_STRING && strcmp(found->str, name) == 0)
			return groups->element[i];
	}
	return NULL;
}

/* The id of [id, fields], or {0,0}. */
static struct stream_id first_id(const redisReply *entry)
{
	if (!entry || entry->type != REDIS_REPLY_ARRAY || entry->elements == 0)
		return (struct stream_id){0};
	return reply_id(entry->element[0]);
}

/*
 * Entries were deleted before this group was given them when the first one left lies after the
 * last delivered, and there are fewer of them than the group is behind.
 */
static void take_stream(struct stream_standing *out, const redisReply *info)
{
	struct stream_id first = first_id(reply_member(info, "first-entry"));

	out->length = reply_number(reply_member(info, "length"), 0);
	bool none_left = out->length == 0;
	if (!out->exists || out->lag < 0)
		return;
	if (none_left || stream_id_compare(first, out->delivered) > 0) {
		if (out->lag > out->length)
			out->lost = out->lag - out->length;
		out->lag = out->length;
	}
	if (out->lag && !out->oldest_us)
		out->oldest_us = id_us(first);
}

/* "ERR no such key" is an answer too: there is no stream. */
static bool is_none(const struct answer *answer)
{
	return answer->result == STREAM_WRONG && strstr(answer->words, "no such key") != NULL;
}

/* What is asked of each key, in this order. */
enum question {
	ASK_GROUPS,
	ASK_STREAM,
	ASK_PENDING,
	N_QUESTIONS,
};

struct standing_up {
	struct stream_standing *out;
	const char *group;
	struct stream_id *oldest; /* by key: of what is pending */
	const size_t *keys;       /* of each command of the second round */
};

/* NOGROUP of XPENDING, as "no such key", says that nothing is pending. */
static enum stream_result take_pending(
	struct standing_up *up, size_t key, const struct answer *answer)
{
	const redisReply *reply = answer->reply;

	if (answer->result == STREAM_NO_GROUP || is_none(answer))
		return STREAM_DONE;
	if (answer->result != STREAM_DONE)
		return answer->result;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2)
		return STREAM_BROKEN;
	up->oldest[key] = reply_id(reply->element[1]);
	if (up->out[key].exists && up->oldest[key].ms)
		up->out[key].oldest_us = id_us(up->oldest[key]);
	return STREAM_DONE;
}

static void take_group(struct stream_standing *out, const redisReply *found)
{
	if (!found)
		return;
	out->exists = true;
	out->pending = reply_number(reply_member(found, "pending"), 0);
	out->lag = reply_number(reply_member(found, "lag"), -1);
	out->delivered = reply_id(reply_member(found, "last-delivered-id"));
}

static enum stream_result take_standing(void *context, size_t i, const struct answer *answer)
{
	struct standing_up *up = context;
	size_t key = i / N_QUESTIONS;

	switch ((enum question)(i % N_QUESTIONS)) {
	case ASK_GROUPS:
		if (answer->result == STREAM_DONE)
			take_group(&up->out[key], find_group(answer->reply, up->group));
		break;
	case ASK_STREAM:
		if (answer->result == STREAM_DONE)
			take_stream(&up->out[key], answer->reply);
		break;
	case ASK_PENDING:
		return take_pending(up, key, answer);
	case N_QUESTIONS:
		break;
	}
	return is_none(answer) ? STREAM_DONE : answer->result;
}

/* When the first entry after the last delivered was added. */
static enum stream_result take_next(void *context, size_t i, const struct answer *answer)
{
	struct standing_up *up = context;

	if (answer->result == STREAM_DONE && answer->reply->type == REDIS_REPLY_ARRAY &&
		answer->reply->elements)
		up->out[up->keys[i]].oldest_us = id_us(first_id(answer->reply->element[0]));
	return answer->result;
}

static enum stream_result ask_nexts(
	struct stream *stream, struct standing_up *up, struct arena *arena, struct error *err)
{
	struct commands commands = {.arena = arena};
	size_t *keys = arena_alloc(arena, stream->n_keys * sizeof(*keys));

	up->keys = keys;
	for (size_t i = 0; i < stream->n_keys; i++) {
		const struct stream_standing *standing = &up->out[i];
		char after[STREAM_ID_TEXT_MAX + 1] = "(";

		if (!standing->exists || !standing->lag || up->oldest[i].ms)
			continue;
		stream_id_format(standing->delivered, after + 1);
		keys[commands.n] = i;
		words_list(commands_add(&commands, standing->key),
			(const char *const[]){"XRANGE", standing->key,
				arena_strdup(arena, after), "+", "COUNT", "1", NULL});
	}
	return ask_all(stream, &commands, take_next, up, err);
}

static void add_questions(struct commands *commands, const char *key, const char *group)
{
	words_list(commands_add(commands, key),
		(const char *const[]){"XINFO", "GROUPS", key, NULL});
	words_list(commands_add(commands, key),
		(const char *const[]){"XINFO", "STREAM", key, NULL});
	words_list(commands_add(commands, key),
		(const char *const[]){"XPENDING", key, group, NULL});
}

enum stream_result stream_group_standing(struct stream *stream, const char *group,
	struct stream_standing *out, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct commands commands = {.arena = arena};
	struct standing_up up = {
		.out = out,
		.group = group,
		.oldest = arena_alloc(arena, stream->n_keys * sizeof(*up.oldest)),
	};

	for (size_t i = 0; i < stream->n_keys; i++) {
		out[i] = (struct stream_standing){
			.key = stream->keys[i], .kind = stream_key_kind(stream, i)};
		add_questions(&commands, stream->keys[i], group);
	}
	enum stream_result result = ask_all(stream, &commands, take_standing, &up, err);
	for (size_t i = 0; i < stream->n_keys; i++) {
		if (!out[i].exists) /* nobody was given anything yet: all of it waits */
			out[i].lag = out[i].length;
	}
	return result == STREAM_DONE ? ask_nexts(stream, &up, arena, err) : result;
}

/* Below which id every group of a key is done, as far as is known. */
struct floor {
	const char *key;
	struct stream_id least;
	size_t n_groups;
};

struct trimming {
	struct arena *arena;
	struct floor *floors; /* by key */
	/* Who was asked about what in the round at hand: a group, or the key. */
	struct asked {
		struct floor *floor;
		const char *group;
		struct stream_id delivered;
	} * asked;
	size_t n_asked;
	int64_t deleted;
};

static enum stream_result take_groups(void *context, size_t i, const struct answer *answer)
{
	struct trimming *trimming = context;
	const redisReply *groups = answer->reply;

	if (is_none(answer))
		return STREAM_DONE;
	if (answer->result != STREAM_DONE)
		return answer->result;
	if (groups->type != REDIS_REPLY_ARRAY)
		return STREAM_BROKEN;
	struct asked *asked = arena_alloc(
		trimming->arena, (trimming->n_asked + groups->elements + 1) * sizeof(*asked));
	for (size_t n = 0; n < trimming->n_asked; n++)
		asked[n] = trimming->asked[n];
	trimming->asked = asked;
	for (size_t n = 0; n < groups->elements; n++) {
		const redisReply *name = reply_member(groups->element[n], "name");

		if (!name || name->type != REDIS_REPLY_STRING)
			return STREAM_BROKEN;
		asked[trimming->n_asked++] = (struct asked){
			.floor = &trimming->floors[i],
			.group = arena_strdup(trimming->arena, name->str),
			.delivered =
				reply_id(reply_member(groups->element[n], "last-delivered-id")),
		};
	}
	return STREAM_DONE;
}

/* [count, smallest id, largest id, consumers]: a group is done below what it has pending, or
 * else with what it was last given. */
static enum stream_result take_least(void *context, size_t i, const struct answer *answer)
{
	const struct trimming *trimming = context;
	const struct asked *asked = &trimming->asked[i];
	const redisReply *reply = answer->reply;

	if (answer->result != STREAM_DONE)
		return answer->result;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2)
		return STREAM_BROKEN;
	struct stream_id pending = reply_id(reply->element[1]);
	struct stream_id done = pending.ms ? pending : asked->delivered;
	if (!asked->floor->n_groups++ || stream_id_compare(done, asked->floor->least) < 0)
		asked->floor->least = done;
	return STREAM_DONE;
}

static enum stream_result take_trimmed(void *context, size_t i, const struct answer *answer)
{
	struct trimming *trimming = context;

	(void)i;
	if (answer->result == STREAM_DONE)
		trimming->deleted += reply_number(answer->reply, 0);
	return answer->result;
}

static void add_trims(
	struct commands *commands, const struct stream *stream, const struct trimming *trimming)
{
	for (size_t i = 0; i < stream->n_keys; i++) {
		const struct floor *floor = &trimming->floors[i];
		char text[STREAM_ID_TEXT_MAX];

		if (!floor->n_groups || !floor->least.ms)
			continue;
		stream_id_format(floor->least, text);
		words_list(commands_add(commands, floor->key),
			(const char *const[]){"XTRIM", floor->key, "MINID", "=",
				arena_strdup(commands->arena, text), NULL});
	}
}

enum stream_result stream_trim(struct stream *stream, int64_t *out_deleted, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct commands groups = {.arena = arena};
	struct commands pending = {.arena = arena};
	struct commands trims = {.arena = arena};
	struct trimming trimming = {
		.arena = arena,
		.floors = arena_alloc(arena, stream->n_keys * sizeof(*trimming.floors)),
	};

	for (size_t i = 0; i < stream->n_keys; i++) {
		trimming.floors[i].key = stream->keys[i];
		words_list(commands_add(&groups, stream->keys[i]),
			(const char *const[]){"XINFO", "GROUPS", stream->keys[i], NULL});
	}
	enum stream_result result = ask_all(stream, &groups, take_groups, &trimming, err);
	for (size_t i = 0; i < trimming.n_asked; i++) {
		const struct asked *asked = &trimming.asked[i];

		words_list(commands_add(&pending, asked->floor->key),
			(const char *const[]){
				"XPENDING", asked->floor->key, asked->group, NULL});
	}
	if (result == STREAM_DONE)
		result = ask_all(stream, &pending, take_least, &trimming, err);
	if (result == STREAM_DONE)
		add_trims(&trims, stream, &trimming);
	if (result == STREAM_DONE)
		result = ask_all(stream, &trims, take_trimmed, &trimming, err);
	*out_deleted = trimming.deleted;
	return result;
}
