/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_MADE_PRIV_H
#define DORAD_LEDGER_MADE_PRIV_H

#include "rows_priv.h"

/* The numbers of streams, for as long as a settlement takes: it names few, and often. */
#define MOST_STREAMS 16

struct streams {
	struct {
		const char *key;
		int64_t number;
	} items[MOST_STREAMS];
	size_t n;
};

/* Rows of made are written several to a statement: each statement opens its tables anew. */
#define MADE_AT_ONCE 8

struct made_row {
	int64_t seq;
	size_t n;
	const struct ledger_made *made;
};

/* What waits to be written, over several outcomes. */
struct made_rows {
	struct made_row items[MADE_AT_ONCE];
	size_t n;
	struct streams streams;
};

/* Puts what an outcome made in place of what was there; the last of it waits for the next, or
 * for flush_made(). SQLITE_OK or not. */
int write_made(struct db *db, struct made_rows *rows, const struct ledger_outcome *outcome);
int flush_made(struct db *db, struct made_rows *rows);

/* A statement about one number. SQLITE_OK or not. */
int run_with(struct db *db, const char *sql, int64_t seq);

#endif
