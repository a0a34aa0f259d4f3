/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_READER_H
#define DORAD_SOURCE_READER_H

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads fields of a sender's JSON by their paths ("repository.full_name"). The first needed
 * field that is missing or unreadable is kept in err with its place; from then on needed fields
 * give "" and 0, so a normaliser is straight-line code and the verdict is looked up once at its
 * end. What is optional and not as expected counts as absent. Texts belong to the tree or the
 * arena.
 */
struct reader {
	const json_t *value; /* NULL: nothing there */
	const char *place;   /* of value, for the words: "commits[3]"; "" at the root */
	struct arena *arena;
	struct error *err;
};

/* The value at a path; NULL: not there, or null. path "" is the reader's own value. */
const json_t *reader_find(const struct reader *reader, const char *path);

bool reader_has(const struct reader *reader, const char *path);     /* there and not null */
bool reader_is_null(const struct reader *reader, const char *path); /* there and null */

/* A reader of what is inside; of nothing where it is not there. */
struct reader reader_at(const struct reader *reader, const char *path);
/* How many entries a list has; 0 where there is none. */
size_t reader_count(const struct reader *reader, const char *path);
struct reader reader_entry(const struct reader *reader, const char *path, size_t i);

/* Needed: a text that is not empty. */
const char *reader_string(const struct reader *reader, const char *path);
/* Optional: NULL where it is no text, or empty. */
const char *reader_text(const struct reader *reader, const char *path);
/* The first of several that is there; paths ended by NULL. */
const char *reader_first(const struct reader *reader, const char *const *paths);
#define READER_FIRST(reader, ...) \
	reader_first((reader), (const char *const[]){__VA_ARGS__, NULL})

/* An id, a whole number or a text, as text. Needed; and optional (NULL). */
const char *reader_id(const struct reader *reader, const char *path);
const char *reader_id_or_null(const struct reader *reader, const char *path);

/* A time, a text in any form of base/timestamp.h or a number since 1970. Needed. */
int64_t reader_time(const struct reader *reader, const char *path);
/* Optional: false where it is not there or no time; *out_us untouched. */
bool reader_time_at(const struct reader *reader, const char *path, int64_t *out_us);

/* Optional: false where it is no whole number (digits in a text are one). */
bool reader_int(const struct reader *reader, const char *path, int64_t *out);

/* true, "true" or "1"; anything else is false. */
bool reader_is_true(const struct reader *reader, const char *path);

/* A word and what it means; without regard to case. */
struct choice {
	const char *word;
	int value;
};

/* False: no such word, or no text. */
bool choice_find(const struct choice *choices, size_t n, const char *word, int *out);

/* Says that the value at a path is not as wanted, unless something was said before. */
void reader_complain(const struct reader *reader, const char *path, const char *wanted);

#endif
