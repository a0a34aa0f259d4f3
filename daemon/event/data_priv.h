/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_EVENT_DATA_PRIV_H
#define DORAD_EVENT_DATA_PRIV_H

#include "contract.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * An event's data: a slot for each field of its kind's contract, in the contract's order, so
 * that a field is checked and written by its place. A slot holds whatever a sender of
 * CloudEvents put there, also what its field does not allow: dora_event_check() refuses it.
 */
enum value_type {
	VALUE_ABSENT, /* the field is not there */
	VALUE_NULL,
	VALUE_FALSE,
	VALUE_TRUE,
	VALUE_INT,
	VALUE_REAL,
	VALUE_TIME, /* number: microseconds since 1970 */
	VALUE_TEXT, /* UTF-8 */
	VALUE_LIST,
	VALUE_FLAGS,  /* an object whose names are the sender's */
	VALUE_OBJECT, /* slots for the field's inner fields */
	VALUE_STRAY,  /* a list or an object where none can be; text: which */
};

struct value {
	enum value_type type;
	unsigned n; /* bytes of text, or entries */
	union {
		const char *text;
		int64_t number;
		double real;
		struct value *entries;
		struct flag *flags;
		struct value *slots;
	};
};

struct flag {
	struct value name; /* VALUE_TEXT */
	struct value value;
};

struct dora_data {
	struct arena *arena;
	const char *text; /* as dora_event_text() wrote it; NULL: not since the last put */
	size_t n_text;
	struct value slots[];
};

/* items of so many bytes each, or a larger copy of them where one more has no room; made by
 * nothing else. */
void *room_for_one(void *items, size_t n, size_t bytes, struct arena *arena);

/* All fields absent. */
struct dora_data *data_create(enum dora_kind kind, struct arena *arena);

/* The slot of a field; NULL: the kind has none of this name, or data is null. */
struct value *data_slot(const struct dora_event *event, const char *name);

/* The text of a field, or of one within it (inner, or NULL); NULL: there is none. */
const char *data_text(const struct dora_event *event, const char *name, const char *inner);

/* An object, all of whose fields are absent. */
struct value value_object(struct fields fields, struct arena *arena);

/* The next entry of a list. */
struct value *value_add_entry(struct value *list, struct arena *arena);

/* One more flag; it goes to its place among the others, as bytes. */
void value_add_flag(struct value *flags, struct flag flag, struct arena *arena);

/* Less than 0, 0, more: as the bytes of two texts are ordered. */
int value_compare(const struct value *a, const struct value *b);

/* From a JSON object. NULL: it has a field that the contract does not have; err names it. */
struct dora_data *data_read(
	const json_t *object, enum dora_kind kind, struct arena *arena, struct error *err);

#endif
