/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STREAM_STREAM_PRIV_H
#define DORAD_STREAM_STREAM_PRIV_H

#include "address_priv.h"
#include "stream/stream.h"

#include <hiredis/hiredis.h>

/* Room that is used again for each command. */
struct text {
	char *bytes;
	size_t room;
};

struct stream {
	struct address address;
	char *password_file;
	char *prefix;
	size_t n_shards; /* 0: keys without a shard */
	char **keys;
	size_t n_keys;
	char *dead_key;
	redisContext *redis;                 /* NULL: not connected */
	redisReplyObjectFunctions functions; /* of its reader */
	char *where;                         /* what redis is connected to, or was last */
	struct text command;                 /* the last one */
};

/* A command's words. Numbers and joined texts live in the arena; all else is borrowed. */
struct words {
	struct arena *arena;
	const char **argv;
	size_t *lengths;
	size_t n;
	size_t room;
};

void words_text(struct words *words, const char *text);
void words_bytes(struct words *words, const char *bytes, size_t n);
void words_number(struct words *words, int64_t number);

static inline void reply_free(redisReply *reply)
{
	if (reply)
		freeReplyObject(reply);
}
DEFINE_CLEANUP(redisReply *, reply_free);

/* Writes a command into text as Redis reads it; how many bytes. */
size_t command_text(
	struct text *text, size_t n, const char *const *argv, const size_t *lengths);

/* Puts a command into the output buffer. Fails only when not connected or out of memory. */
enum stream_result ask_later(struct stream *stream, size_t n, const char **argv,
	const size_t *lengths, struct error *err);

/*
 * The next reply, in order. An error reply is classified, its words go to err, and *out is
 * NULL. STREAM_BROKEN has already disconnected; after any other, the replies to what else was
 * asked are still to come.
 */
enum stream_result next_reply(struct stream *stream, redisReply **out, struct error *err);

/* One command and its reply, which the caller frees. */
enum stream_result ask(
	struct stream *stream, const struct words *words, redisReply **out, struct error *err);
enum stream_result ask_words(
	struct stream *stream, redisReply **out, struct error *err, const char *const *argv);

/* Commands put with ask_later(), as many replies; each good one is given to take. The first
 * failure is the result, but all replies are read. */
enum stream_result each_reply(struct stream *stream, size_t n,
	void (*take)(void *context, size_t i, const redisReply *reply), void *context,
	struct error *err);

/* A list may not be longer than any that is asked for. Of a fresh connection. */
void bound_replies(struct stream *stream);

/* How long the server may take to say the next thing, beside the block_ms of one command. */
void set_patience(struct stream *stream, int64_t block_ms);

/* A malformed reply: disconnects. */
enum stream_result not_redis(struct stream *stream, const char *what, struct error *err);

/* "name", value pairs of an XINFO reply. NULL: not there. */
const redisReply *reply_member(const redisReply *pairs, const char *name);
int64_t reply_number(const redisReply *reply, int64_t otherwise);
struct stream_id reply_id(const redisReply *reply); /* {0,0} if it is none */

/*
 * [[id, [name, value ...]] ...] as entries, copied. One whose fields are nil was deleted: its
 * id is given to on_deleted, if any.
 */
void entries_add(struct stream_entries *entries, const char *key, const redisReply *reply,
	struct arena *arena, void (*on_deleted)(void *context, const char *id), void *context);

#endif
