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

/* Longer than any line of Redis, an error's among them. */
#define LINE_MAX_BYTES (UINT64_C(64) << 10)

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

void words_list(struct words *words, const char *const *texts)
{
	for (; *texts; texts++)
		words_text(words, *texts);
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

void bound_replies(struct stream *stream, redisContext *redis)
{
	redisReader *reader = redis->reader;

	reader->privdata = reader->fn; /* hiredis's own */
	stream->functions = *reader->fn;
	stream->functions.createArray = create_array;
	reader->fn = &stream->functions;
}

enum stream_result node_broken(struct stream *stream, size_t at, struct error *err)
{
	const struct node *node = &stream->nodes[at];
	const redisContext *redis = node->redis;

	if (!redis)
		error_setf(err, "redis is not connected");
	else if (redis->err == REDIS_ERR_OOM)
		error_setf(err, "redis at %s: an answer longer than any of Redis", node->where);
	else if (redis->err == REDIS_ERR_IO && (errno == EAGAIN || errno == EWOULDBLOCK))
		error_setf(err, "redis at %s: no answer in time", node->where);
	else
		error_setf(err, "redis at %s: %s", node->where,
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

enum stream_result node_append(
	struct stream *stream, size_t at, const struct words *words, struct error *err)
{
	struct node *node = &stream->nodes[at];
	int64_t ms = PATIENCE_MS + stream->block_ms;
	struct timeval patience = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};

	if (node->redis && node->patience_ms != ms) {
		(void)redisSetTimeout(node->redis, patience);
		node->patience_ms = ms;
	}
	if (!node->redis)
		return node_broken(stream, at, err);
	size_t n_bytes = command_text(&stream->command, words->n, words->argv, words->lengths);
	if (redisAppendFormattedCommand(node->redis, stream->command.bytes, n_bytes) !=
		REDIS_OK)
		return node_broken(stream, at, err);
	return STREAM_DONE;
}

bool node_flush(redisContext *redis)
{
	int done = 0;

	while (!done) {
		if (redisBufferWrite(redis, &done) != REDIS_OK)
			return false;
	}
	return true;
}

/* hiredis looks for a line's end from its beginning at each read. */
static bool is_endless_line(const redisReader *reader)
{
	int type = reader->ridx >= 0 ? reader->rstack[reader->ridx].type : REDIS_REPLY_NIL;

	return reader->len - reader->pos > LINE_MAX_BYTES &&
		(type == REDIS_REPLY_STATUS || type == REDIS_REPLY_ERROR ||
			type == REDIS_REPLY_INTEGER);
}

static bool is_endless(const redisReader *reader, time_t since_s)
{
	return reader->len > REPLY_MAX_BYTES || since_s > REPLY_MAX_S ||
		is_endless_line(reader);
}

static time_t seconds(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

/*
 * redisGetReply() with bounds on what it takes in and, from the first byte, for how long:
 * hiredis gives each read a time-out of its own.
 */
static redisReply *wait_reply(redisContext *redis)
{
	void *reply = NULL;
	time_t began = 0;

	if (redisGetReplyFromReader(redis, &reply) != REDIS_OK)
		return NULL;
	while (!reply) {
		if (!node_flush(redis) || redisBufferRead(redis) != REDIS_OK)
			return NULL;
		began = began ? began : seconds();
		if (redisGetReplyFromReader(redis, &reply) != REDIS_OK)
			return NULL;
		if (!reply && is_endless(redis->reader, seconds() - began)) {
			redis->err = REDIS_ERR_PROTOCOL;
			(void)snprintf(
				redis->errstr, sizeof(redis->errstr), "an answer without end");
			return NULL;
		}
	}
	return reply;
}

enum stream_result node_reply(struct stream *stream, size_t at, redisReply **out,
	struct redirect *to, struct error *err)
{
	const struct node *node = &stream->nodes[at];

	*out = NULL;
	*to = (struct redirect){0};
	redisReply *reply = node->redis ? wait_reply(node->redis) : NULL;
	if (!reply)
		return node_broken(stream, at, err);
	if (reply->type != REDIS_REPLY_ERROR) {
		*out = reply;
		return STREAM_DONE;
	}
	enum stream_result result = stream_classify(reply->str, reply->len);
	error_setf(err, "redis at %s says %.160s", node->where, reply->str);
	if (result == STREAM_CLUSTER && stream->owner &&
		!redirect_read(reply->str, node->host.name, to))
		to->name[0] = '\0';
	if (result == STREAM_CLUSTER && !stream->owner)
		error_setf(err,
			"redis at %s is of a cluster: want cluster://%s, and shards (it says "
			"%.60s)",
			node->where, node->where, reply->str);
	freeReplyObject(reply);
	return result;
}

enum stream_result ask_node(struct stream *stream, size_t node, redisReply **out,
	struct error *err, const char *const *argv)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct words words = {.arena = arena};
	struct redirect to;

	*out = NULL;
	words_list(&words, argv);
	enum stream_result result = node_append(stream, node, &words, err);
	return result == STREAM_DONE ? node_reply(stream, node, out, &to, err) : result;
}

enum stream_result node_for(
	struct stream *stream, const char *key, size_t *out, struct error *err)
{
	if (!stream->n_nodes) {
		error_setf(err, "redis is not connected");
		return STREAM_BROKEN;
	}
	if (!node_of(stream, key, out)) {
		error_setf(err, "redis: nobody owns slot %u of %s: the cluster is not whole",
			slot_of(key), key);
		stream->moved = true;
		return STREAM_LATER;
	}
	enum stream_result result = stream->owner ? node_open(stream, *out, err) : STREAM_DONE;
	if (result == STREAM_BROKEN)
		stream_disconnect(stream);
	return result;
}

/* A cluster whose nodes point at each other is given up after so many. */
#define MOST_HOPS 5

enum stream_result follow(struct stream *stream, const struct words *words, struct redirect *to,
	redisReply **out, struct error *err)
{
	static const char *const asking[] = {"ASKING", NULL};
	enum stream_result result = STREAM_CLUSTER;

	*out = NULL;
	for (int hop = 0; hop < MOST_HOPS && result == STREAM_CLUSTER && to->name[0]; hop++) {
		size_t node = node_find(stream, to->name, to->port);
		CLEANUP(reply_freep) redisReply *fine = NULL;

		if (err)
			err->text[0] = '\0';
		if (!to->ask) {
			stream->owner[to->slot] = (uint16_t)(node + 1);
			stream->moved = true;
		}
		result = node_open(stream, node, err);
		if (result == STREAM_DONE && to->ask)
			result = ask_node(stream, node, &fine, err, asking);
		if (result == STREAM_DONE)
			result = node_append(stream, node, words, err);
		if (result == STREAM_DONE)
			result = node_reply(stream, node, out, to, err);
	}
	if (result == STREAM_BROKEN)
		stream_disconnect(stream);
	/* Pointed in a circle: the slot is on its way. */
	return result == STREAM_CLUSTER && to->name[0] ? STREAM_LATER : result;
}

enum stream_result ask(
	struct stream *stream, const struct words *words, redisReply **out, struct error *err)
{
	struct redirect to;
	size_t node;

	*out = NULL;
	if (stream->moved)
		cluster_refresh(stream);
	enum stream_result result = node_for(stream, words->key, &node, err);
	if (result == STREAM_DONE)
		result = node_append(stream, node, words, err);
	if (result != STREAM_DONE)
		return result;
	result = node_reply(stream, node, out, &to, err);
	return to.name[0] ? follow(stream, words, &to, out, err) : result;
}

enum stream_result ask_words(struct stream *stream, const char *key, redisReply **out,
	struct error *err, const char *const *argv)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct words words = {.arena = arena, .key = key};

	words_list(&words, argv);
	return ask(stream, &words, out, err);
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
