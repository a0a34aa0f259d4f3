/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_EVENT_CONTRACT_H
#define DORAD_EVENT_CONTRACT_H

#include "event/dora_event.h"

#include <stddef.h>

/*
 * The fields of each kind's data, in one table: data.h has a slot for each of them,
 * dora_event_check() holds events to it, and schemas/events/ are made from it.
 */
enum field_type {
	FIELD_KEY,    /* a string of 1 to DORA_ID_MAX bytes; never null */
	FIELD_NAME,   /* the same, or null */
	FIELD_WORD,   /* a string of at most DORA_WORD_MAX bytes, or null */
	FIELD_TEXT,   /* a string of at most DORA_TEXT_MAX bytes, or null */
	FIELD_TIME,   /* RFC 3339, UTC, microseconds, or null */
	FIELD_BOOL,   /* true, false or null */
	FIELD_INT,    /* from .min to .max, or null */
	FIELD_CHOICE, /* one of .choices, or null */
	FIELD_NAMES,  /* a list of names, or null */
	FIELD_SOME,   /* a name or a list of them, or null */
	FIELD_WORDS,  /* a list of words, or null */
	FIELD_FLAGS,  /* an object of true and false, or null */
	FIELD_OBJECT, /* an object of .inner, or null */
	FIELD_ANY,    /* any JSON value but an object; a list is one of names */
};

struct field;

/* In the order of their names, as bytes. */
struct fields {
	const struct field *list;
	size_t n;
};

struct field {
	const char *name;
	size_t n_name;
	enum field_type type;
	const char *meaning;        /* one sentence, for the schema */
	const char *const *choices; /* ended by NULL */
	struct fields inner;
	int64_t min;
	int64_t max;
};

struct contract {
	const char *key; /* the field that names the entity; NULL: correction, by its target */
	struct fields fields;
};

extern const struct contract contracts[DORA_N_KINDS];

/* NULL: there is none of this name, which has n bytes. */
const struct field *field_find(struct fields fields, const char *name, size_t n);

/* The JSON Schema of a kind's CloudEvents, as schemas/events/<kind>.schema.json has it. The
 * caller frees it with json_decref(). */
json_t *contract_schema(enum dora_kind kind);

#endif
