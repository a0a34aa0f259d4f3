/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_LINEAGE_H
#define DORAD_SOURCE_LINEAGE_H

#include "base/cleanup.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * From a branch's commits to the pushes that brought them. History keeps no pushes, but it
 * keeps merges: what a merge's later parents bring landed with the merge. A commit on the first
 * parents' line that is no merge came by itself. Pure.
 */
struct lineage;

struct lineage *lineage_create(void);
void lineage_destroy(struct lineage *lineage); /* NULL is fine */
DEFINE_CLEANUP(struct lineage *, lineage_destroy);

struct lineage_commit {
	const char *sha;
	const char *const *parents; /* ended by NULL */
	int64_t committed_us;
};

/* In any order; newest first is quickest to read for people. entry: what a push's list has of
 * it, packed; copied. One that is there already is left as it is. */
void lineage_add(
	struct lineage *lineage, const struct lineage_commit *commit, const char *entry);

size_t lineage_n(const struct lineage *lineage);

/* What landed at once, the oldest first; the last is the one on the branch's own line. */
struct lineage_push {
	const char *before; /* NULL: the first of all */
	const char *after;
	int64_t landed_us;
	json_t *commits; /* list of entries; borrowed */
};

/* Every commit once, the oldest push first; then it is empty. */
void lineage_each(struct lineage *lineage,
	void (*each)(void *context, const struct lineage_push *push), void *context);

#endif
