/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STREAM_STREAM_PRIV_H
#define DORAD_STREAM_STREAM_PRIV_H

#include "address_priv.h"
#include "ask_priv.h"
#include "slots_priv.h"
#include "stream/stream.h"

#include <hiredis/hiredis.h>

/* Room that is used again for each command. */
struct text {
	char *bytes;
	size_t room;
};

/* Writes a command into text as Redis reads it; how many bytes. */
size_t command_text(
	struct text *text, size_t n, const char *const *argv, const size_t *lengths);

/* A server that is or may be spoken to. One that is no cluster is the only one. */
struct node {
	struct address_host host; /* of a cluster; its name is owned */
	char *where;              /* for words: "10.0.0.7:6379", "unix:///run/redis.sock" */
	redisContext *redis;      /* NULL: not connected */
	int64_t patience_ms;      /* as set on redis */
};

struct stream {
	struct address address;
	char *password_file;
	char *prefix;
	size_t n_shards; /* 0: keys without a shard */
	char **keys;
	size_t n_keys;
	char **mark_keys;          /* by shard, or one: where writers note how far they came */
	struct error unread_marks; /* why they cannot be read; or empty */
	struct error unwritten_marks; /* or written */
	char *dead_key;
	struct node *nodes;
	size_t n_nodes;
	redisReplyObjectFunctions functions; /* of their readers */
	uint16_t *owner;     /* by slot: place in nodes, from 1; NULL: no cluster */
	bool moved;          /* a slot was found elsewhere than owner said: ask for all anew */
	int64_t block_ms;    /* of the command at hand */
	size_t turn;         /* which key is read first next time */
	char *where;         /* what it is connected to, or was last */
	struct text command; /* the last one */
};

/* connect.c: connects to a node if need be, and says the password. */
enum stream_result node_open(struct stream *stream, size_t at, struct error *err);

/* cluster.c. The node of that address; it is added if there is none. */
size_t node_find(struct stream *stream, const char *name, int port);
/* Who is asked about key. False: nobody owns its slot. */
bool node_of(const struct stream *stream, const char *key, size_t *out);
/* Finds a node that answers and takes its word for who owns what. */
enum stream_result cluster_open(struct stream *stream, struct error *err);
/* The same from a node that is connected; what cannot be learned stays. */
void cluster_refresh(struct stream *stream);

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
