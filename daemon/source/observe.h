/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_OBSERVE_H
#define DORAD_SOURCE_OBSERVE_H

#include "event/dora_put.h"
#include "source_priv.h"

/*
 * What every source does with an event: begin it, name it, say where it is from. Ids are made
 * of the sender's own (EVENTS.md section 1), the entity's key first, so the same thing told
 * twice, through whatever hook, has the same id.
 */

/* How a deployment stands, in the order in which one moment may see two of them. */
enum outcome {
	OUTCOME_NONE, /* neither begun nor ended */
	OUTCOME_STARTED,
	OUTCOME_SUCCEEDED,
	OUTCOME_FAILED,
	OUTCOME_CANCELLED,
};

/* The word of a deployment's status; NULL for OUTCOME_NONE. */
const char *outcome_word(enum outcome outcome);

/* The key of an entity: cut, with a hash of the rest, where it would not leave room in an id.
 */
const char *entity_key(struct intake *in, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * A new event about the entity; its key is in data already, subject is the entity. A change's
 * key is its sha, so it is put by the caller. in->dora_source must be set.
 */
struct dora_event *observe(
	struct intake *in, enum dora_kind kind, const char *entity, int64_t time_us);

/* id = entity/rest. */
void observe_id(struct intake *in, struct dora_event *event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Of a whole ticket as it stands: id = entity/rest, the time (a ticket may come back to
 * what it
 * was) and 16 hex digits of the hash of data. Call it when data is whole.
 */
void observe_snapshot(struct intake *in, struct dora_event *event, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Digits padded with zeros to 20, so that they order as bytes; any other text as it is. */
const char *padded(struct intake *in, const char *digits);

/* A commit's sha in lower case: 7 to 64 hex digits and not all zero; else NULL. */
const char *sha_or_null(struct intake *in, const char *text);

/* What a field that always holds a commit says, in lower case; NULL: all zeros, or
 * nothing. */
const char *commit_or_null(struct intake *in, const char *text);

/* "root cause: <sha>" in a text that people wrote (METRICS.md section 4 rule 3); NULL: no. */
const char *root_cause(struct intake *in, const char *text);

/* Whether text is one of the words; without regard to case. NULL is none. */
bool is_one_of(const char *text, const char *const *words);
/* Whether text begins with prefix; then the rest, else NULL. NULL gives NULL. */
const char *after_prefix(const char *text, const char *prefix);

/* The host of an address: "https://gitlab.example/x" gives "gitlab.example"; NULL: none. */
const char *host_of(struct intake *in, const char *url);

/* committed_at; left out where the committer's clock stood before 1970: clocks do, and the rest
 * of the push is right. */
void commit_put_time(struct dora_event *event, const struct reader *commit);

/*
 * origin.paths: the directories of a commit's added, removed and modified files, sorted and
 * distinct, at most DORA_PATHS_MAX. As many files as most_files may not be all of them. A
 * commit
 * without these lists touches nobody knows what: nothing is put.
 */
void commit_put_paths(struct intake *in, struct dora_event *event, const struct reader *commit,
	size_t most_files);

#endif
