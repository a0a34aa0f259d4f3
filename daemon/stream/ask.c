/* SPDX-License-Identifier: Apache-2.0 */
#include "stream_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

/* RELIABILITY.md section 10, row 11: a command's time-out is at most 2 s. */
#define PATIENCE_MS INT64_C(2000)

/* More than any answer to what is asked here, and longer than any takes once it has begun; a
 * server that sends more is none of ours. */
#define REPLY_MAX_BYTES (UINT64_C(256) << 20)
#define REPLY_MAX_S 10

/* More than the longest list that is asked for; hiredis makes room for as many as it is told,
 * before the first has come. */
#define REPLY_MAX_ITEMS (1 << 20)

void words_bytes(struct words *words, const char *bytes, size_t n)
{
	if (words->n == words->room) {
		size_t room = words->room ? words->room * 2 : 32;
		const char **argv = arena_alloc(words->arena, room * sizeof(*argv));
		size_t *lengths = arena_alloc(words->arena, room * sizeof(*lengths));

		for (size_t i = 0; i < words->n; i++) {
			argv[i] = words->argv[i];
			lengths[i] = words->lengths[i];
		}
		words->argv = argv;
		words->lengths = lengths;
		words->room = room;
	}
	words->argv[words->n] = bytes;
	words->lengths[words->n++] = n;
}

void words_text(struct words *words, const char *text)
{
	words_bytes(words, text, strlen(text));
}

void words_number(struct words *words, int64_t number)
{
	words_text(words, arena_printf(words->arena, "%" PRId64, number));
}

#if HIREDIS_MAJOR >= 1
typedef size_t n_items_t;
#else
typedef int n_items_t;
#endif

static void *create_array(const redisReadTask *task, n_items_t n)
{
	const redisReplyObjectFunctions *plain = task->privdata;

	return n <= REPLY_MAX_ITEMS ? plain->createArray(task, n) : NULL;
}

void bound_replies(struct stream *stream)
{
	redisReader *reader = stream->redis->reader;

	reader->privdata = reader->fn; /* hiredis's own */
	stream->functions = *reader->fn;
	stream->functions.createArray = create_array;
	reader->fn = &stream->functions;
}

void set_patience(struct stream *stream, int64_t block_ms)
{
	int64_t ms = PATIENCE_MS + block_ms;
	struct timeval patience = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (stream->redis)
		(void)redisSetTimeout(stream->redis, patience);
}

static enum stream_result broken(struct stream *stream, struct error *err)
{
	const redisContext *redis = stream->redis;

	if (redis->err == REDIS_ERR_OOM)
		error_setf(
			err, "redis at %s: an answer longer than any of Redis", stream->where);
	else if (redis->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK))
		error_setf(err, "redis at %s: no answer in time", stream->where);
	else
		error_setf(err, "redis at %s: %s", stream->where,
			redis->errstr[0] ? redis->errstr : "connection lost");
	stream_disconnect(stream);
	return STREAM_BROKEN;
}

enum stream_result not_redis(struct stream *stream, const char *what, struct error *err)
{
	error_setf(err, "redis at %s: %s is not what Redis 7 answers", stream->where, what);
	stream_disconnect(stream);
	return STREAM_BROKEN;
}

enum stream_result ask_later(struct stream *stream, size_t n, const char **argv,
	const size_t *lengths, struct error *err)
{
	if (!stream->redis) {
		error_setf(err, "redis is not connected");
		return STREAM_BROKEN;
	}
	size_t n_bytes = command_text(&stream->command, n, argv, lengths);
	if (redisAppendFormattedCommand(stream->redis, stream->command.bytes, n_bytes) !=
		REDIS_OK)
		return broken(stream, err);
	return STREAM_DONE;
}

static bool flush(redisContext *redis)
{
	int done = 0;

	while (!done) {
		if (redisBufferWrite(redis, &done) != REDIS_OK)
			return false;
	}
	return true;
}

static time_t seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/*
 * redisGetReply() with bounds on what it takes in and, from the first byte, for how long:
 * hiredis gives each read a time-out of its own, and looks for a line's end from its beginning
 * each time.
 */
static redisReply *wait_reply(redisContext *redis)
{
	void *reply = NULL;
	time_t began = 0;

	if (redisGetReplyFromReader(redis, &reply) != REDIS_OK)
		return NULL;
	while (!reply) {
		if (!flush(redis) || redisBufferRead(redis) != REDIS_OK)
			return NULL;
		began = began ? began : seconds();
		if (redis->reader->len > REPLY_MAX_BYTES || seconds() - began > REPLY_MAX_S) {
			redis->err = REDIS_ERR_PROTOCOL;
			(void)snprintf(
				redis->errstr, sizeof(redis->errstr), "an answer without end");
			return NULL;
		}
		if (redisGetReplyFromReader(redis, &reply) != REDIS_OK)
			return NULL;
	}
	return reply;
}

enum stream_result next_reply(struct stream *stream, redisReply **out, struct error *err)
{
	*out = NULL;
	if (!stream->redis) {
		error_setf(err, "redis is not connected");
		return STREAM_BROKEN;
	}
	redisReply *reply = wait_reply(stream->redis);

	if (!reply)
		return broken(stream, err);
	if (reply->type == REDIS_REPLY_ERROR) {
		enum stream_result result = stream_classify(reply->str, reply->len);

		error_setf(err, "redis at %s says %.200s", stream->where, reply->str);
		freeReplyObject(reply);
		return result;
	}
	*out = reply;
	return STREAM_DONE;
}

enum stream_result ask(
	struct stream *stream, const struct words *words, redisReply **out, struct error *err)
{
	*out = NULL;
	enum stream_result result =
		ask_later(stream, words->n, words->argv, words->lengths, err);

	return result == STREAM_DONE ? next_reply(stream, out, err) : result;
}

enum stream_result ask_words(
	struct stream *stream, redisReply **out, struct error *err, const char *const *argv)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct words words = {.arena = arena};

	for (; *argv; argv++)
		words_text(&words, *argv);
	return ask(stream, &words, out, err);
}

enum stream_result each_reply(struct stream *stream, size_t n,
	void (*take)(void *context, size_t i, const redisReply *reply), void *context,
	struct error *err)
{
	enum stream_result first = STREAM_DONE;

	for (size_t i = 0; i < n; i++) {
		CLEANUP(reply_freep) redisReply *reply = NULL;
		enum stream_result result = next_reply(stream, &reply, err);

		if (result == STREAM_BROKEN)
			return result;
		if (result == STREAM_DONE)
			take(context, i, reply);
		else if (first == STREAM_DONE)
			first = result;
	}
	return first;
}

const redisReply *reply_member(const redisReply *pairs, const char *name)
{
	if (!pairs || pairs->type != REDIS_REPLY_ARRAY)
		return NULL;
	for (size_t i = 0; i + 1 < pairs->elements; i += 2) {
		const redisReply *key = pairs->element[i];

		if (key->type == REDIS_REPLY_STRING && strcmp(key->str, name) == 0)
			return pairs->element[i + 1];
	}
	return NULL;
}

int64_t reply_number(const redisReply *reply, int64_t otherwise)
{
	return reply && reply->type == REDIS_REPLY_INTEGER ? reply->integer : otherwise;
}

struct stream_id reply_id(const redisReply *reply)
{
	struct stream_id id = {0};

	if (reply && (reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS))
		(void)stream_id_parse(reply->str, reply->len, &id);
	return id;
}
