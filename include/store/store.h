/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STORE_STORE_H
#define DORAD_STORE_STORE_H

#include "base/cleanup.h"
#include "base/error.h"
#include "store/retry.h"

#include <stddef.h>

/*
 * One connection to Postgres: blocking, one thread at a time, made again when it is lost.
 * Knows no table; the metric rules live in schemas/postgres. Notices go to the log.
 */
struct store;

struct store_options {
	const char *conninfo;    /* key words or URI, as libpq reads it; what it does not say is
				    added (RELIABILITY.md section 5) */
	const char *application; /* seen in pg_stat_activity: "dorad rollup" */
	bool read_only;          /* any server will do, transactions are READ ONLY */
	int statement_timeout_s; /* 0: no limit */
	int batch_timeout_s;     /* of a store_batch() as a whole, whatever has become of
				    Postgres; 0: no limit */
	const char *account;     /* NULL, or: as whom root connects to a
				socket where conninfo names no role; borrowed */

	/* Waits between attempts. False: stop, give up now. NULL: sleeps. */
	bool (*pause)(void *context, int64_t for_us);

	/* NULL, or: called every second while Postgres works on a statement, however long that
	 * takes. False: stop; the statement is cancelled, a batch given up. */
	bool (*waiting)(void *context);
	void *context;
};

/* Connects with the first statement. NULL: conninfo is not readable, err says how. */
struct store *store_create(const struct store_options *options, struct error *err);
void store_destroy(struct store *store); /* NULL is fine */
DEFINE_CLEANUP(struct store *, store_destroy);

/* Makes sure there is a connection. */
enum store_class store_connect(struct store *store, struct error *err);

/* What a statement gave. Owned by the caller. */
struct store_rows;

void store_rows_destroy(struct store_rows *rows); /* NULL is fine */
DEFINE_CLEANUP(struct store_rows *, store_rows_destroy);
int store_n_rows(const struct store_rows *rows);
int store_n_columns(const struct store_rows *rows);
const char *store_column_name(const struct store_rows *rows, int column);
/* Text as Postgres writes it; NULL for null. Holds as long as rows. */
const char *store_value(const struct store_rows *rows, int row, int column);
/* Whether the column holds numbers or booleans, which JSON writes without quotes. */
bool store_column_is_number(const struct store_rows *rows, int column);
bool store_column_is_bool(const struct store_rows *rows, int column);
bool store_column_is_json(const struct store_rows *rows, int column);

/*
 * One statement, its parameters $1 ... as text (NULL: null). out may be NULL. Outside of
 * store_transact() it is a transaction of its own, tried once.
 */
enum store_class store_query(struct store *store, const char *sql, const char *const *values,
	int n_values, struct store_rows **out, struct error *err);

/* Several statements in one text, no parameters: a migration. */
enum store_class store_script(struct store *store, const char *sql, struct error *err);

/* What is done inside a transaction. Anything but STORE_FINE rolls it back. */
typedef enum store_class store_work(struct store *store, void *context, struct error *err);

/*
 * BEGIN, work, COMMIT. STORE_AGAIN and STORE_LATER are tried again, at most 10 times, with
 * waits; work may therefore run several times, even after a run that did commit, and must give
 * the same then. What it returns is the last attempt's; err has its words.
 */
enum store_class store_transact(
	struct store *store, store_work *work, void *context, struct error *err);

#endif
