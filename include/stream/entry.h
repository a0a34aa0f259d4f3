/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STREAM_ENTRY_H
#define DORAD_STREAM_ENTRY_H

#include "event/dora_event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "1763900000000-0" */
struct stream_id {
	uint64_t ms;
	uint64_t n;
};

#define STREAM_ID_TEXT_MAX 42 /* two numbers of 20 digits, a dash and the NUL */

bool stream_id_parse(const char *text, size_t n, struct stream_id *out);
void stream_id_format(struct stream_id id, char out[static STREAM_ID_TEXT_MAX]);
int stream_id_compare(struct stream_id a, struct stream_id b); /* <0, 0, >0 */

/* An entry as read. Everything belongs to the arena of the call. */
struct stream_entry {
	const char *key;
	const char *id;
	const struct dora_field *fields; /* value is NUL-terminated too */
	size_t n_fields;
	int64_t times; /* how often it was handed out; 0: not asked */
};

struct stream_entries {
	struct stream_entry *items;
	size_t n;
};

/* A field's value, or NULL. */
const char *stream_entry_field(const struct stream_entry *entry, const char *name);

#endif
