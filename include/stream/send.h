/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STREAM_SEND_H
#define DORAD_STREAM_SEND_H

#include "stream/stream.h"

/* Writing to the streams, and finding out what a server has lost of it. */

/* One XADD. */
struct stream_addition {
	size_t key; /* stream_key_of() */
	const struct dora_field *fields;
	size_t n_fields;
	struct stream_id id; /* out: the entry's, once acknowledged */
};

/*
 * How far a key is. The top alone does not show a loss where several write: after a fail-over
 * another writer's entry may be above what this one has lost. So each writer keeps a mark of
 * its own beside the stream, in the same slot (<prefix>:marks or
 * <prefix>:{<n>}:marks, a hash), which a server that lost the writer's entries has lost
 * too.
 */
struct stream_place {
	struct stream_id top;  /* last-generated-id; {0,0}: there is no stream */
	struct stream_id mark; /* what this writer marked last; {0,0}: nothing */
};

/*
 * Why Redis refused the marks when they were read or written last, by its rights or as a key of
 * another type; NULL: it did not. The rest goes on without: a loss beneath another writer's
 * entries is not seen then.
 */
const char *stream_marks_trouble(const struct stream *stream);

/* What is sent in one go. */
struct stream_window {
	const char *writer;            /* whose marks: the ledger's id */
	const struct stream_id *marks; /* by key: what to mark first; {0,0}: no need */
	struct stream_addition *additions;
	size_t n;
	size_t n_acknowledged; /* out: how many from the first on, without a gap */
	bool marked;           /* out: the marks are written, and none was refused */
};

/*
 * Looks where the keys of the additions are, writes the marks, and adds, pipelined. places has
 * stream_n_keys() items: those of touched keys are set, as they were before. Of what is
 * acknowledged the ids are set. After an error some of the later ones may stand in the stream
 * too: send them again, the event's key makes twice harmless. In a cluster nothing is added
 * before every server concerned has answered.
 */
enum stream_result stream_send(struct stream *stream, struct stream_window *window,
	struct stream_place *places, struct error *err);

/* The places of every key. */
enum stream_result stream_look(struct stream *stream, const char *writer,
	struct stream_place *places, struct error *err);

/* Whether this very entry is in the stream. */
enum stream_result stream_has(
	struct stream *stream, size_t key, struct stream_id id, bool *out, struct error *err);

/* Writes the marks that are not {0,0}. */
enum stream_result stream_mark(struct stream *stream, const char *writer,
	const struct stream_id *marks, struct error *err);

/* Whether a receiver's login may do all that it does, tried with commands that change nothing:
 * words for what it may not, arena's, or NULL. For check and status. */
enum stream_result stream_rights(
	struct stream *stream, struct arena *arena, const char **out_words, struct error *err);

#endif
