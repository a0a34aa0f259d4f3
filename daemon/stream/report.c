/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_priv.h"

#include "base/xalloc.h"

#include <string.h>

/* A hash: who, and what was said last. */
static const char *reports_key(const struct stream *stream, struct arena *arena)
{
	return arena_printf(arena, "%s:receivers", stream->prefix);
}

enum stream_result stream_report(
	struct stream *stream, const char *who, const char *text, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	CLEANUP(reply_freep) redisReply *reply = NULL;
	const char *key = reports_key(stream, arena);
	const char *const words[] = {"HSET", key, who, text, NULL};

	return ask_words(stream, key, &reply, err, words);
}

enum stream_result stream_read_reports(struct stream *stream, struct arena *arena,
	struct dora_field **out, size_t *out_n, struct error *err)
{
	CLEANUP(reply_freep) redisReply *reply = NULL;
	const char *key = reports_key(stream, arena);
	const char *const words[] = {"HGETALL", key, NULL};

	*out = NULL;
	*out_n = 0;
	enum stream_result result = ask_words(stream, key, &reply, err, words);
	if (result != STREAM_DONE)
		return result;
	if (reply->type != REDIS_REPLY_ARRAY)
		return not_redis(stream, "HGETALL", err);
	*out = arena_alloc(arena, (reply->elements / 2 + 1) * sizeof(**out));
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		const redisReply *name = reply->element[i];
		const redisReply *value = reply->element[i + 1];

		if (name->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING)
			return not_redis(stream, "HGETALL", err);
		(*out)[(*out_n)++] =
			(struct dora_field){.name = arena_strndup(arena, name->str, name->len),
				.value = arena_strndup(arena, value->str, value->len),
				.n = value->len};
	}
	return STREAM_DONE;
}
