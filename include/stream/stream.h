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
 * One connection to Redis or Valkey: blocking, every call with a time-out, used by one thread
 * at a time. Keys are <prefix>:<kind>, or <prefix>:{<n>}:<kind> when sharded. What a reply
 * means is enum stream_result; the words for a person are in err. Consumer groups:
 * stream/group.h.
 */
struct stream;

/* RELIABILITY.md 3.2. Only after STREAM_BROKEN and STREAM_NOT_MASTER must one connect again. */
enum stream_result {
	STREAM_DONE,
	STREAM_BROKEN, /* no or no whole answer: the outcome is unknown, send again */
	STREAM_LATER,  /* cannot just now (LOADING, OOM, BUSY ...): wait, then the same again */
	STREAM_NOT_MASTER, /* READONLY, MASTERDOWN: ask who is master now */
	STREAM_REFUSED,    /* NOAUTH, WRONGPASS, NOPERM: somebody must act */
	STREAM_CLUSTER,    /* MOVED, ASK, CROSSSLOT: the key lives elsewhere; not followed */
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
	const char *url;           /* unix:///path, redis://[user@]host:port/db, or
				      sentinel://h1:26379,h2:26379/name */
	const char *password_file; /* read at each connect; NULL: none */
	const char *prefix;
	int64_t shards; /* 0: keys without a shard */
};

/* Does not connect. NULL: the url is not one; err says what was expected. */
struct stream *stream_create(const struct stream_options *options, struct error *err);
void stream_destroy(struct stream *stream); /* NULL is fine */
DEFINE_CLEANUP(struct stream *, stream_destroy);

/* Closes what was open, finds the master (Sentinel), connects, says the password, asks ROLE. */
enum stream_result stream_connect(struct stream *stream, struct error *err);
void stream_disconnect(struct stream *stream);

/* The server behind the url just now, for log lines: "unix:/run/redis.sock". */
const char *stream_address(const struct stream *stream);

/* PING; and what of the server's settings an operator should know: "maxmemory-policy is
 * allkeys-lru: ..." in *out_warning, arena's, or NULL. */
enum stream_result stream_probe(struct stream *stream, struct arena *arena,
	const char **out_warning, struct error *err);

/* Every key of every kind and shard, in a fixed order; i < stream_n_keys(). */
size_t stream_n_keys(const struct stream *stream);
const char *stream_key(const struct stream *stream, size_t i);
enum dora_kind stream_key_kind(const struct stream *stream, size_t i);

/* The key an event goes to: its kind, and a shard by its subject. */
size_t stream_key_of(const struct stream *stream, enum dora_kind kind, const char *subject);

/* One XADD. */
struct stream_addition {
	size_t key; /* stream_key_of() */
	const struct dora_field *fields;
	size_t n_fields;
	struct stream_id id; /* out: the entry's, once acknowledged */
};

/*
 * Sends all of them in one pipelined window; before them, in the same window, asks each touched
 * key for its last-generated-id. tops has stream_n_keys() items: those of touched keys are
 * set, {0,0} where there is no stream. *out_acknowledged: how many from the first on were
 * acknowledged without a gap; their ids are set. After an error some of the later ones may
 * stand in the stream too: send them again, the event's key makes twice harmless.
 */
enum stream_result stream_send(struct stream *stream, struct stream_addition *additions,
	size_t n, struct stream_id *tops, size_t *out_acknowledged, struct error *err);

/* last-generated-id of every key; {0,0} where there is no stream. */
enum stream_result stream_tops(
	struct stream *stream, struct stream_id *tops, struct error *err);

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
