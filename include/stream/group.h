/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STREAM_GROUP_H
#define DORAD_STREAM_GROUP_H

#include "stream/stream.h"

/*
 * A consumer group over every key of a stream, as the roll-up uses it: create, read own pending
 * entries first, then new ones, acknowledge after the commit, take over what a dead consumer
 * left, trim what every group is done with. Each call acts on all keys but as group.mine says.
 */
struct stream_group {
	const char *name;     /* "rollup" */
	const char *consumer; /* stable over restarts: "<host>:<instance>" */
	const bool *mine; /* by key: of which it reads new entries and claims; NULL: of all */
};

/* XGROUP CREATE <key> <name> 0 MKSTREAM; one that is there already is fine. */
enum stream_result stream_group_create(
	struct stream *stream, const struct stream_group *group, struct error *err);

/* An entry that was deleted before it was acknowledged: its events are lost to this group. */
struct stream_loss {
	const char *key;
	const char *id;
};

struct stream_batch {
	struct stream_entries entries; /* key by key, ids ascending within a key */
	struct stream_loss *lost;      /* acknowledge nothing for them: that is done */
	size_t n_lost;
};

/* What this consumer was given and has not acknowledged, at most count a key. Empty: none. */
enum stream_result stream_group_read_pending(struct stream *stream,
	const struct stream_group *group, size_t count, struct arena *arena,
	struct stream_batch *out, struct error *err);

struct stream_wait {
	size_t count;     /* at most so many a key; few keys more are read once it has them */
	int64_t block_ms; /* 0: do not wait */
};

/* New entries, of other keys first than the last time; empty after block_ms without any. In a
 * cluster that is a look every 100 ms, for nobody can wait at several servers. */
enum stream_result stream_group_read_new(struct stream *stream,
	const struct stream_group *group, const struct stream_wait *wait, struct arena *arena,
	struct stream_batch *out, struct error *err);

struct stream_claim {
	int64_t idle_ms; /* 0: everything pending at once (rollup --once) */
	size_t count;    /* at most so many a key */
};

/*
 * Takes over entries that others have left unacknowledged for idle_ms. Their `times` is set.
 * Call until it returns none: what was claimed stays this consumer's until acknowledged.
 */
enum stream_result stream_group_claim(struct stream *stream, const struct stream_group *group,
	const struct stream_claim *claim, struct arena *arena, struct stream_batch *out,
	struct error *err);

/* XACK, one per key, pipelined. Twice is harmless. */
enum stream_result stream_group_ack(struct stream *stream, const struct stream_group *group,
	const struct stream_entry *entries, size_t n, struct error *err);

/* How a group stands on one key. */
struct stream_standing {
	const char *key;
	enum dora_kind kind;
	bool exists;       /* the stream and the group */
	int64_t length;    /* entries in the stream */
	int64_t pending;   /* handed out, not acknowledged */
	int64_t lag;       /* not yet handed out */
	int64_t lost;      /* deleted before they were handed out; somebody else trimmed */
	int64_t oldest_us; /* time of the oldest entry that is not done; 0: all done */
	struct stream_id delivered;
};

/* out has stream_n_keys() items; texts belong to stream. */
enum stream_result stream_group_standing(struct stream *stream, const char *group,
	struct stream_standing *out, struct error *err);

/*
 * Deletes what every group of a key has acknowledged: below the smallest pending id, or the
 * last delivered where nothing is pending. A key without a group is left alone. Callers hold a
 * lock of their own so that one does it at a time.
 */
enum stream_result stream_trim(struct stream *stream, int64_t *out_deleted, struct error *err);

#endif
