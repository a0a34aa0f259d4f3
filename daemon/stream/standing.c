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

/* An answer, or NULL where the stream is not there; anything else is the result. */
static enum stream_result ask_info(
	struct stream *stream, const char *const *words, redisReply **out, struct error *err)
{
	struct error said = {0};
	enum stream_result result = ask_words(stream, out, &said, words);

	if (result == STREAM_WRONG && strstr(said.text, "no such key"))
		return STREAM_DONE;
	if (result != STREAM_DONE)
		error_setf(err, "%s", said.text);
	return result;
}

/* [count, smallest id, largest id, consumers] of XPENDING; {0,0}: nothing pending. */
static enum stream_result ask_pending(struct stream *stream, const char *key, const char *group,
	struct stream_id *out, struct error *err)
{
	const char *const words[] = {"XPENDING", key, group, NULL};
	CLEANUP(reply_freep) redisReply *reply = NULL;
	enum stream_result result = ask_words(stream, &reply, err, words);

	*out = (struct stream_id){0};
	if (result != STREAM_DONE)
		return result;
	if (reply->type != REDIS_REPLY_ARRAY || reply->elements < 2)
		return not_redis(stream, "its answer to XPENDING", err);
	*out = reply_id(reply->element[1]);
	return STREAM_DONE;
}

/* When the first entry after the last delivered was added. */
static enum stream_result ask_next(
	struct stream *stream, struct stream_standing *out, struct error *err)
{
	CLEANUP(reply_freep) redisReply *reply = NULL;
	char after[STREAM_ID_TEXT_MAX + 1] = "(";
	const char *const words[] = {"XRANGE", out->key, after, "+", "COUNT", "1", NULL};

	stream_id_format(out->delivered, after + 1);
	enum stream_result result = ask_words(stream, &reply, err, words);
	if (result == STREAM_DONE && reply->type == REDIS_REPLY_ARRAY && reply->elements)
		out->oldest_us = id_us(first_id(reply->element[0]));
	return result;
}

static enum stream_result stand_group(struct stream *stream, const char *group,
	const redisReply *found, struct stream_standing *out, struct error *err)
{
	struct stream_id oldest;

	out->exists = true;
	out->pending = reply_number(reply_member(found, "pending"), 0);
	out->lag = reply_number(reply_member(found, "lag"), -1);
	out->delivered = reply_id(reply_member(found, "last-delivered-id"));
	enum stream_result result = ask_pending(stream, out->key, group, &oldest, err);
	if (oldest.ms)
		out->oldest_us = id_us(oldest);
	else if (result == STREAM_DONE && out->lag)
		result = ask_next(stream, out, err);
	return result;
}

static enum stream_result stand_key(struct stream *stream, const char *group,
	struct stream_standing *out, struct error *err)
{
	const char *const ask_groups[] = {"XINFO", "GROUPS", out->key, NULL};
	const char *const ask_stream[] = {"XINFO", "STREAM", out->key, NULL};
	CLEANUP(reply_freep) redisReply *groups = NULL;
	CLEANUP(reply_freep) redisReply *info = NULL;
	enum stream_result result = ask_info(stream, ask_groups, &groups, err);

	if (result != STREAM_DONE || !groups)
		return result;
	const redisReply *found = find_group(groups, group);
	if (found)
		result = stand_group(stream, group, found, out, err);
	if (result == STREAM_DONE)
		result = ask_info(stream, ask_stream, &info, err);
	if (result != STREAM_DONE || !info)
		return result;
	take_stream(out, info);
	if (!found) /* nobody was given anything yet: all of it waits */
		out->lag = out->length;
	return STREAM_DONE;
}

enum stream_result stream_group_standing(struct stream *stream, const char *group,
	struct stream_standing *out, struct error *err)
{
	enum stream_result result = STREAM_DONE;

	set_patience(stream, 0);
	for (size_t i = 0; i < stream->n_keys && result == STREAM_DONE; i++) {
		out[i] = (struct stream_standing){
			.key = stream->keys[i], .kind = stream_key_kind(stream, i)};
		result = stand_key(stream, group, &out[i], err);
	}
	return result;
}

/* Below which id every group is done. {0,0}: nothing may go. */
static enum stream_result find_floor(struct stream *stream, const char *key,
	const redisReply *groups, struct stream_id *out, struct error *err)
{
	struct stream_id least = {UINT64_MAX, UINT64_MAX};

	*out = (struct stream_id){0};
	for (size_t i = 0; i < groups->elements; i++) {
		const redisReply *name = reply_member(groups->element[i], "name");
		struct stream_id pending;

		if (!name || name->type != REDIS_REPLY_STRING)
			return not_redis(stream, "its XINFO GROUPS", err);
		enum stream_result result = ask_pending(stream, key, name->str, &pending, err);
		if (result != STREAM_DONE)
			return result;
		struct stream_id done = pending.ms
			? pending
			: reply_id(reply_member(groups->element[i], "last-delivered-id"));
		if (stream_id_compare(done, least) < 0)
			least = done;
	}
	if (groups->elements)
		*out = least;
	return STREAM_DONE;
}

static enum stream_result trim_key(
	struct stream *stream, const char *key, int64_t *deleted, struct error *err)
{
	const char *const ask_groups[] = {"XINFO", "GROUPS", key, NULL};
	CLEANUP(reply_freep) redisReply *groups = NULL;
	CLEANUP(reply_freep) redisReply *trimmed = NULL;
	struct stream_id floor;
	char text[STREAM_ID_TEXT_MAX];
	enum stream_result result = ask_info(stream, ask_groups, &groups, err);

	if (result != STREAM_DONE || !groups || groups->type != REDIS_REPLY_ARRAY)
		return result;
	result = find_floor(stream, key, groups, &floor, err);
	if (result != STREAM_DONE || floor.ms == 0)
		return result;
	stream_id_format(floor, text);
	const char *const trim[] = {"XTRIM", key, "MINID", "=", text, NULL};
	result = ask_words(stream, &trimmed, err, trim);
	if (result == STREAM_DONE)
		*deleted += reply_number(trimmed, 0);
	return result;
}

enum stream_result stream_trim(struct stream *stream, int64_t *out_deleted, struct error *err)
{
	enum stream_result result = STREAM_DONE;

	*out_deleted = 0;
	set_patience(stream, 0);
	for (size_t i = 0; i < stream->n_keys && result == STREAM_DONE; i++)
		result = trim_key(stream, stream->keys[i], out_deleted, err);
	return result;
}
