/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STREAM_STREAM_H
#define DORAD_STREAM_STREAM_H

#include "base/arena.h"
#include "base/error.h"
#include "event/dora_event.h"
#include "stream/entry.h"
#include "stream/link.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A connection to Redis or Valkey, or one to each master of a cluster: blocking, every call
 * with a time-out, used by one thread at a time. Keys are <prefix>:<kind>, or
 * <prefix>:{<n>}:<kind> when sharded. In a cluster each command goes to who owns its key's
 * slot, and follows where it is pointed (MOVED, ASK). What a reply means is enum stream_result;
 * the words for a person are in err. Consumer groups: stream/group.h.
 */
struct stream;

/* RELIABILITY.md 3.2. Only after STREAM_BROKEN and STREAM_NOT_MASTER must one connect again. */
enum stream_result {
	STREAM_DONE,
	STREAM_BROKEN, /* no or no whole answer: the outcome is unknown, send again */
	STREAM_LATER,  /* cannot just now (LOADING, OOM, BUSY ...): wait, then the same again */
	STREAM_NOT_MASTER, /* READONLY, MASTERDOWN: ask who is master now */
	STREAM_REFUSED,    /* NOAUTH, WRONGPASS, NOPERM: somebody must act */
	STREAM_CLUSTER,    /* MOVED, ASK, CROSSSLOT where they cannot be followed */
	STREAM_NO_GROUP,   /* the group or its stream is gone: create it again from 0 */
	STREAM_WRONG, /* WRONGTYPE, unknown command, any other error: asking again is vain */
};

/* What an error reply means, by its first word (and for ERR by its text). Pure. */
enum stream_result stream_classify(const char *reply, size_t n);

/* What it means to the link: WORKED, BROKE, BUSY or REFUSED. */
enum link_input stream_link_input(enum stream_result result);

/* "done", "broken", "later" ...: a metric's label. */
const char *stream_result_name(enum stream_result result);

struct stream_options {
	const char *url;           /* unix://[user@]/path, redis://[user@]host:port/db,
				      sentinel://[user@]h1:26379,h2:26379/name or
				      cluster://[user@]h1:7000,h2:7001 */
	const char *password_file; /* read at each connect; NULL: none */
	const char *prefix;
	int64_t shards; /* 0: keys without a shard; a cluster needs one at least */
};

#define STREAM_SHARDS_MAX 1024

/* Does not connect. NULL: the url is not one, or a cluster's without shards; err says what was
 * expected. */
struct stream *stream_create(const struct stream_options *options, struct error *err);
void stream_destroy(struct stream *stream); /* NULL is fine */
DEFINE_CLEANUP(struct stream *, stream_destroy);

/* Closes what was open, finds the master (Sentinel) or who owns which slot (cluster), connects,
 * says the password, asks ROLE (Sentinel). */
enum stream_result stream_connect(struct stream *stream, struct error *err);
void stream_disconnect(struct stream *stream);

/* The server behind the url just now, for log lines: "unix:///run/redis.sock". */
const char *stream_address(const struct stream *stream);

/* Whether another server takes over when this one dies: worth asking for often. */
bool stream_fails_over(const struct stream *stream);

/* PING, of each master of a cluster; and what of the servers' settings an operator should know:
 * "maxmemory-policy is allkeys-lru: ..." in *out_warning, arena's, or NULL. */
enum stream_result stream_probe(struct stream *stream, struct arena *arena,
	const char **out_warning, struct error *err);

/* Whether there are streams of another number of shards, which nobody reads: words for the
 * operator, arena's, or NULL. Some thousand commands in one go: for check and status. */
enum stream_result stream_stray(struct stream *stream, struct arena *arena,
	const char **out_warning, struct error *err);

/* Every key of every kind and shard, in a fixed order; i < stream_n_keys(). */
size_t stream_n_keys(const struct stream *stream);
const char *stream_key(const struct stream *stream, size_t i);
enum dora_kind stream_key_kind(const struct stream *stream, size_t i);

/* By its name. False: there is no such key, perhaps not any more. */
bool stream_find_key(const struct stream *stream, const char *name, size_t *out);

/*
 * The key an event goes to: its kind, and the shard of what it speaks of (dora_event_entity()),
 * so that all that is said of one thing is in one stream: 64-bit FNV-1a of the entity's bytes
 * modulo the number of shards. Others who write to the streams must do the same.
 */
size_t stream_key_of(const struct stream *stream, enum dora_kind kind, const char *entity);
size_t stream_n_shards(const struct stream *stream); /* 1 where it is not sharded */
size_t stream_key_shard(const struct stream *stream, size_t key);

/*
 * <prefix>:dead, entries that the roll-up could not use: the entry's own fields, then `reason`,
 * `stream` (its key) and `entry` (its id). The receiver reads them back from after on, oldest
 * first.
 */
enum stream_result stream_add_dead(struct stream *stream, const struct stream_entry *entry,
	const char *reason, struct error *err);
enum stream_result stream_read_dead(struct stream *stream, struct stream_id after, size_t count,
	struct arena *arena, struct stream_entries *out, struct error *err);

/*
 * <prefix>:receivers, a hash: what each receiver said last about its ledger, so that those who
 * read Postgres alone can know it. Nothing depends on it.
 */
enum stream_result stream_report(
	struct stream *stream, const char *who, const char *text, struct error *err);
enum stream_result stream_read_reports(struct stream *stream, struct arena *arena,
	struct dora_field **out, size_t *out_n, struct error *err);

#endif
