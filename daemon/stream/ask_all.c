/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_priv.h"

#include <stdio.h>

struct words *commands_add(struct commands *commands, const char *key)
{
	if (commands->n == commands->room) {
		size_t room = commands->room ? commands->room * 2 : 32;
		struct words *items = arena_alloc(commands->arena, room * sizeof(*items));

		for (size_t i = 0; i < commands->n; i++)
			items[i] = commands->items[i];
		commands->items = items;
		commands->room = room;
	}
	struct words *added = &commands->items[commands->n++];
	*added = (struct words){.arena = commands->arena, .key = key};
	return added;
}

/* A window under way. */
struct asking {
	struct stream *stream;
	const struct commands *commands;
	size_t *node;         /* of each command */
	struct redirect **to; /* where it was pointed; NULL: it was answered */
	answer_take *take;
	void *context;
	enum stream_result first; /* failure */
	struct error *err;
};

/* STREAM_BROKEN: the answer is malformed, and the connections are gone. */
static enum stream_result answered(struct asking *asking, size_t i, enum stream_result result,
	const redisReply *reply, const struct error *words)
{
	const struct answer answer = {.result = result, .reply = reply, .words = words->text};
	enum stream_result amounts = asking->take(asking->context, i, &answer);
	char what[64];

	if (amounts == STREAM_BROKEN) {
		(void)snprintf(what, sizeof(what), "its answer to %s",
			asking->commands->items[i].argv[0]);
		return not_redis(asking->stream, what, asking->err);
	}
	if (amounts != STREAM_DONE && asking->first == STREAM_DONE) {
		asking->first = amounts;
		error_setf(asking->err, "%s", words->text);
	}
	return STREAM_DONE;
}

static enum stream_result send_each(struct stream *stream, struct asking *asking)
{
	const struct commands *commands = asking->commands;
	enum stream_result result = STREAM_DONE;

	/* All are found before anything is sent: what is asked is asked of all or of none. */
	for (size_t i = 0; i < commands->n && result == STREAM_DONE; i++)
		result =
			node_for(stream, commands->items[i].key, &asking->node[i], asking->err);
	for (size_t i = 0; i < commands->n && result == STREAM_DONE; i++)
		result = node_append(stream, asking->node[i], &commands->items[i], asking->err);
	for (size_t i = 0; i < stream->n_nodes && result == STREAM_DONE; i++) {
		redisContext *redis = stream->nodes[i].redis;

		if (redis && redis->obuf && redis->obuf[0] && !node_flush(redis))
			result = node_broken(stream, i, asking->err);
	}
	return result;
}

static enum stream_result take_each(struct stream *stream, struct asking *asking)
{
	for (size_t i = 0; i < asking->commands->n; i++) {
		CLEANUP(reply_freep) redisReply *reply = NULL;
		struct error words = {0};
		struct redirect to;
		enum stream_result result =
			node_reply(stream, asking->node[i], &reply, &to, &words);

		if (result == STREAM_BROKEN) {
			error_setf(asking->err, "%s", words.text);
			return result;
		}
		if (to.name[0]) {
			asking->to[i] = arena_alloc(asking->commands->arena, sizeof(to));
			*asking->to[i] = to;
			continue;
		}
		if (answered(asking, i, result, reply, &words) != STREAM_DONE)
			return STREAM_BROKEN;
	}
	return STREAM_DONE;
}

static enum stream_result follow_each(struct stream *stream, struct asking *asking)
{
	for (size_t i = 0; i < asking->commands->n; i++) {
		CLEANUP(reply_freep) redisReply *reply = NULL;
		struct error words = {0};

		if (!asking->to[i])
			continue;
		enum stream_result result = follow(
			stream, &asking->commands->items[i], asking->to[i], &reply, &words);
		if (result == STREAM_BROKEN) {
			error_setf(asking->err, "%s", words.text);
			return result;
		}
		if (answered(asking, i, result, reply, &words) != STREAM_DONE)
			return STREAM_BROKEN;
	}
	return STREAM_DONE;
}

enum stream_result ask_all(struct stream *stream, const struct commands *commands,
	answer_take *take, void *context, struct error *err)
{
	struct arena *arena = commands->arena;
	struct asking asking = {
		.stream = stream,
		.commands = commands,
		.node = arena_alloc(arena, (commands->n + 1) * sizeof(*asking.node)),
		.to = arena_alloc(arena, (commands->n + 1) * sizeof(struct redirect *)),
		.take = take,
		.context = context,
		.first = STREAM_DONE,
		.err = err,
	};

	if (stream->moved)
		cluster_refresh(stream);
	enum stream_result result = send_each(stream, &asking);
	if (result == STREAM_DONE)
		result = take_each(stream, &asking);
	if (result == STREAM_DONE)
		result = follow_each(stream, &asking);
	return result == STREAM_DONE ? asking.first : result;
}
