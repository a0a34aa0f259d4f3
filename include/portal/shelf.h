/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_SHELF_H
#define DORAD_PORTAL_SHELF_H

#include "base/arena.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Pages as they were made, compressed, each with the version of the database that it shows:
 * as long as that has not changed it need not be made again. What was asked for least lately
 * goes first. Any thread.
 */
struct shelf;

struct shelf_page {
	const char *type;
	const char *policy;
	const char *cache;
	const char *link; /* NULL: none */
	const char *etag;
	bool for_all;
	int64_t until_us; /* it may be shown so long whatever the version; 0: never */
	const char *body;
	size_t n_body;
};

/* most_bytes: of all pages together, as they are kept. */
struct shelf *shelf_create(size_t most_bytes);
void shelf_destroy(struct shelf *shelf); /* NULL is fine */

/* Whether there is such a page, of whatever version. */
bool shelf_has(struct shelf *shelf, const char *key);

/* The page of that key and version, the arena's; version NULL: one that may be shown at now_us
 * whatever its version. False: there is none. */
bool shelf_take(struct shelf *shelf, const char *key, const char *version, int64_t now_us,
	struct arena *arena, struct shelf_page *out);

/* Keeps a copy, instead of what had the key before. */
void shelf_put(struct shelf *shelf, const char *key, const char *version,
	const struct shelf_page *page);

/* Forgets all of them. */
void shelf_clear(struct shelf *shelf);

#endif
