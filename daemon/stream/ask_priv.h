/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STREAM_ASK_PRIV_H
#define DORAD_STREAM_ASK_PRIV_H

#include "slots_priv.h"
#include "stream/stream.h"

#include <hiredis/hiredis.h>

/* Commands, and their answers. */

/* A command's words. Numbers and joined texts live in the arena; all else is borrowed. */
struct words {
	struct arena *arena;
	const char **argv;
	size_t *lengths;
	size_t n;
	size_t room;
	const char *key; /* decides who is asked; NULL: whoever */
};

void words_text(struct words *words, const char *text);
void words_bytes(struct words *words, const char *bytes, size_t n);
void words_number(struct words *words, int64_t number);
void words_list(struct words *words, const char *const *texts); /* ended by NULL */

static inline void reply_free(redisReply *reply)
{
	if (reply)
		freeReplyObject(reply);
}
DEFINE_CLEANUP(redisReply *, reply_free);

/* Commands for one pipelined window. */
struct commands {
	struct arena *arena;
	struct words *items;
	size_t n;
	size_t room;
};

/* A new last one about this key (borrowed). The pointer holds until the next call. */
struct words *commands_add(struct commands *commands, const char *key);

struct answer {
	enum stream_result result;
	const redisReply *reply; /* STREAM_DONE only */
	const char *words;       /* otherwise */
};

/* What the answer to command i amounts to: answer->result, unless that error is a good answer
 * too; STREAM_BROKEN where it is malformed, which ends the connection. */
typedef enum stream_result answer_take(void *context, size_t i, const struct answer *answer);

/*
 * Asks all of them in one pipelined window for each server, follows redirections, and hands
 * each answer to take, in order but for the redirected ones, which come last. The first failure
 * is the result; STREAM_BROKEN ends it at once and has disconnected, any other failure leaves
 * all answers read.
 */
enum stream_result ask_all(struct stream *stream, const struct commands *commands,
	answer_take *take, void *context, struct error *err);

/* One command and its answer, which the caller frees. An error's words go to err. */
enum stream_result ask(
	struct stream *stream, const struct words *words, redisReply **out, struct error *err);
/* About key (NULL: whoever): argv is ended by NULL. */
enum stream_result ask_words(struct stream *stream, const char *key, redisReply **out,
	struct error *err, const char *const *argv);
/* Of this very server, without redirections. */
enum stream_result ask_node(struct stream *stream, size_t node, redisReply **out,
	struct error *err, const char *const *argv);

/*
 * ask.c, below ask() and ask_all(). Who is to be asked about key; a node of a cluster is
 * connected.
 */
enum stream_result node_for(
	struct stream *stream, const char *key, size_t *out, struct error *err);

/* Puts a command into a node's output buffer; and sends what is there. */
enum stream_result node_append(
	struct stream *stream, size_t at, const struct words *words, struct error *err);
bool node_flush(redisContext *redis);

/*
 * The next reply of a node, in order. An error reply is classified, its words go to err, where
 * it points to *to (STREAM_CLUSTER with to->name set), and *out is NULL.
 */
enum stream_result node_reply(struct stream *stream, size_t at, redisReply **out,
	struct redirect *to, struct error *err);

/* The answer to a command that was redirected. */
enum stream_result follow(struct stream *stream, const struct words *words, struct redirect *to,
	redisReply **out, struct error *err);

/* A connection was lost: says how, and disconnects from all. */
enum stream_result node_broken(struct stream *stream, size_t at, struct error *err);

/* A list may not be longer than any that is asked for. Of a fresh connection. */
void bound_replies(struct stream *stream, redisContext *redis);

/* A malformed reply: disconnects. */
enum stream_result not_redis(struct stream *stream, const char *what, struct error *err);

#endif
