/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STORE_BATCH_H
#define DORAD_STORE_BATCH_H

#include "store/store.h"

/*
 * Several queries in one go: one round trip, one read-only transaction, one snapshot (so what
 * they give fits together), each planned once a connection. For a reader that answers many
 * small questions.
 */
#define STORE_BATCH_VALUES 8

struct store_ask {
	const char *sql; /* a constant of the program: its address is what it is known by */
	const char *values[STORE_BATCH_VALUES]; /* $1 ... as text; NULL: null */
	int n_values;
	struct store_rows *rows; /* what it gave; the caller's to destroy */
};

/* All or nothing: unless STORE_FINE no ask has rows. A connection lost since the last use is
 * made again once. STORE_LATER: among others, that Postgres said nothing for too long. */
enum store_class store_batch(
	struct store *store, struct store_ask *asks, size_t n_asks, struct error *err);

/* Destroys their rows. */
void store_batch_clear(struct store_ask *asks, size_t n_asks);

#endif
