/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_SOURCE_H
#define DORAD_SOURCE_SOURCE_H

#include "event/dora_event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * What a sender's delivery says, as events. Pure: no clock, no I/O, no globals, no logging; the
 * receiver, replay, normalise, the tests and the fuzzers call the same function.
 */
enum verdict {
	VERDICT_EVENTS,  /* the list holds what the delivery says; maybe some bad lines (sources
			    events and cloudevents) */
	VERDICT_IGNORED, /* well formed, nothing we measure; reason says why */
	VERDICT_MALFORMED, /* a kind that we use, a needed field missing or unreadable; reason
			      names it */
};

struct header {
	const char *name; /* lower case */
	const char *value;
};

/* What of an endpoint's configuration a normaliser may know. Zero is the default of each. */
struct source_options {
	bool keep_titles; /* an incident's title may stay in its event */
	const char
		*rollout; /* how parts of one roll-out are told; NULL: the source's own way */
	const char *const
		*services; /* source events: what it may speak of, NULL-terminated; NULL: all */
	const char *const *kinds;
	const char *const *sources;
};

/* One kept request. Everything is borrowed from the caller. */
struct delivery {
	const char *endpoint;
	const struct header *headers; /* at least those that source_keeps_header() wants */
	size_t n_headers;
	const char *body; /* the bytes as received; not terminated */
	size_t n_body;
	int64_t received_us; /* data, not a clock: a replay gives the same */
	struct source_options options;
};

/*
 * A delivery that dorad import made (source/gather.h): its body is lines that each hold one
 * body as the sender's webhook would have had it. No endpoint keeps these headers, so none but
 * the command can set them.
 */
#define IMPORT_HEADER "x-dorad-import"
#define IMPORT_HEADER_ROLLOUT "x-dorad-rollout" /* the endpoint's options, as they were */
#define IMPORT_HEADER_TITLES "x-dorad-keep-titles"

/* The header's value, or NULL. name in lower case. */
const char *delivery_header(const struct delivery *delivery, const char *name);

struct bad_line {
	size_t line; /* from 1 */
	const char *reason;
};

/* What came of one delivery. Set list.arena before the call; the rest is filled in and belongs
 * to it. */
struct normalised {
	struct dora_event_list list; /* empty unless VERDICT_EVENTS */
	const char *kind; /* the sender's own word for it ("deployment_status"); may be NULL */
	const char *reason;   /* NULL with VERDICT_EVENTS */
	struct bad_line *bad; /* sources events and cloudevents: lines, or entries of a batch,
				 that were refused, whether others went on (VERDICT_EVENTS) or
				 not (VERDICT_MALFORMED) */
	size_t n_bad;
	struct bad_line *ignored; /* imports: lines that say nothing which is measured */
	size_t n_ignored;
};

struct source; /* a line of the table */

/* NULL: no such source. */
const struct source *source_find(const char *name);

/* The table in alphabetical order; NULL at its end. */
const struct source *source_at(size_t i);

const char *source_name(const struct source *source);

/* Whether the ledger keeps this header of a delivery (its kind, its id, what the normaliser
 * reads). */
bool source_keeps_header(const struct source *source, const char *name);

/* The header with the sender's own id of a delivery, or NULL where it has none. */
const char *source_delivery_header(const struct source *source);

/* Words that an endpoint may give as its rollout:, the default first; ended by NULL. */
const char *const *source_rollouts(const struct source *source);

/* Every event returned has passed dora_event_check(). */
enum verdict source_normalise(
	const struct source *source, const struct delivery *delivery, struct normalised *out);

/* Gives back the memory that this thread keeps from one delivery to the next. */
void source_rest(void);

#endif
