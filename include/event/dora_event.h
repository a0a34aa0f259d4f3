/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_EVENT_DORA_EVENT_H
#define DORAD_EVENT_DORA_EVENT_H

#include "base/arena.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * One observation: at time_us some fields of some entity were seen to be so (EVENTS.md). Not
 * called "event": libevent owns that name. Pure: no clock, no I/O. Everything an event points
 * to belongs to the arena of its list.
 */
enum dora_kind {
	DORA_DEPLOYMENT,
	DORA_CHANGE,
	DORA_INCIDENT,
	DORA_WORK_ITEM,
	DORA_CHANGE_REQUEST,
	DORA_CORRECTION, /* an operator's */
};

#define DORA_N_KINDS 6
#define DORA_ID_MAX 255    /* bytes of an id, a source or a name; more is an error */
#define DORA_WORD_MAX 500  /* bytes of a sender's word: an environment, a label, a directory */
#define DORA_TEXT_MAX 2048 /* bytes of any other text in data */
#define DORA_REVISION_MAX \
	INT64_C(999999999999999999) /* an entry's text has 18 digits at most */
#define DORA_PATHS_MAX 500          /* directories in an origin; more: paths_truncated */

/* The word in the stream's key, and the whole type: "dorad.change.v1". */
const char *dora_kind_name(enum dora_kind kind);
const char *dora_kind_type(enum dora_kind kind);
bool dora_kind_from_name(const char *name, size_t n, enum dora_kind *out);

struct dora_event {
	enum dora_kind kind;
	const char *id;      /* (source, id) is the key by which a repeated event is known */
	int64_t revision;    /* raised by a source when what it makes of a delivery changes */
	const char *source;  /* "/github/github.com" */
	const char *subject; /* for people; never NULL */
	int64_t time_us;     /* when it happened at the sender */
	struct dora_data *data; /* the fields of EVENTS.md section 2 (dora_put.h); NULL, in
				   JSON null: withdrawn */
};

struct dora_event_list {
	struct arena *arena;
	struct dora_event *items;
	size_t n;
};

/* A new last event whose data has no field yet, the rest zero. The pointer holds until the
 * next call; its kind stays. */
struct dora_event *dora_event_list_add(struct dora_event_list *list, enum dora_kind kind);

/* One more, as it is: what it points to must belong to the list's arena already. */
void dora_event_list_append(struct dora_event_list *list, const struct dora_event *event);

/*
 * Its data in canonical form: JSON with keys sorted, no spaces, as bytes. The hash of a
 * snapshot (16 hex digits at the end of an id) is taken over it. It belongs to the event's
 * arena, and holds until something is put.
 */
const char *dora_event_text(const struct dora_event *event, size_t *out_n);

/* The same as a tree, for the few who want to look about in it: of an event that keeps to the
 * contract. The caller frees it with json_decref(). */
json_t *dora_event_tree(const struct dora_event *event);

/*
 * Holds an event to the contract: id's length, names and types of data's fields, times as
 * timestamp_format() writes them, the key its kind needs. False: err names the field and what
 * it wanted. schemas/events/ are made from the same table.
 */
bool dora_event_check(const struct dora_event *event, struct error *err);

/*
 * From one CloudEvent in JSON, as a sender of EVENTS.md section 3 or a reader of the streams
 * gives it: id, type, time and data are needed; source defaults to default_source, subject to
 * the entity's key. Times in data, in whatever form and zone, become UTC. The event is checked.
 * False: err has words, nothing was added. The cloudevent stays the caller's, untouched.
 */
bool dora_event_from_cloudevent(const json_t *cloudevent, const char *default_source,
	struct dora_event_list *list, struct error *err);

/*
 * The key of what the event speaks of: deployment_id, change_id, incident_id, cr_id, item_id,
 * or a correction's target. Its subject where data does not say (withdrawn).
 */
const char *dora_event_entity(const struct dora_event *event);

/* One field of a Redis entry, in EVENTS.md's order. */
struct dora_field {
	const char *name;
	const char *value;
	size_t n; /* bytes of value */
};

#define DORA_N_FIELDS 11

/*
 * The entry's fields, EVENTS.md section 1; endpoint and delivery are where it came from. A
 * revision of 0 is left out. Returns how many; the texts belong to arena.
 */
size_t dora_event_fields(const struct dora_event *event, const char *endpoint,
	const char *delivery, struct arena *arena, struct dora_field out[static DORA_N_FIELDS]);

#endif
