/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_DOCUMENT_H
#define DORAD_SOURCE_DOCUMENT_H

#include "base/error.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * A sender's JSON text as a tree of only the parts that its source reads: a payload of 24 KB
 * has some forty fields that matter. Lists are walked through: {"commits", {"id"}} wants the id
 * of each. Pure.
 */
struct wanted {
	const char *name;           /* "customfield_*" is every member that begins so */
	const struct wanted *inner; /* ended by {0}; NULL: the whole value */
};

/* {"id"}, OBJECT("owner", {"login"}), {0} */
#define OBJECT(name, ...)                     \
	{                                     \
		name, (const struct wanted[]) \
		{                             \
			__VA_ARGS__,          \
			{                     \
				0             \
			}                     \
		}                             \
	}

/* RELIABILITY.md section 4: more would let 25 MB of "[{}," make gigabytes of tree. */
#define DOCUMENT_MAX_DEPTH 256
#define DOCUMENT_MAX_TOKENS 500000 /* of { [ and , */

/*
 * The text's tree, an object or a list; the caller frees it with json_decref(). wanted NULL:
 * all of it. The same tree whichever parser was built in: a byte order mark is skipped, of
 * repeated keys the last wins, \u0000 is read as U+FFFD. NULL: err says why, as for an integer
 * beyond 64 bits, anything after the value, or what is no UTF-8.
 */
json_t *document_read(
	const char *bytes, size_t n, const struct wanted *wanted, struct error *err);

/* The two ways of it, for the test that holds them equal. */
json_t *document_read_jansson(
	const char *bytes, size_t n, const struct wanted *wanted, struct error *err);
#ifdef DORAD_SIMDJSON
json_t *document_read_simdjson(
	const char *bytes, size_t n, const struct wanted *wanted, struct error *err);
void document_rest_simdjson(void);
#endif

/* Gives back the memory that this thread keeps from one document to the next. */
void document_rest(void);

/* Among a list of wanted; NULL: nobody reads it. */
const struct wanted *document_wants(const struct wanted *wanted, const char *name, size_t n);

/* Depth and tokens within limits, in one pass. False: err says which is not. */
bool document_is_bounded(const char *bytes, size_t n, struct error *err);

/* Overwrites each \u0000 within text by \ufffd. */
void document_replace_nul(char *text, size_t n);

#endif
