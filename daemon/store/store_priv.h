/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STORE_STORE_PRIV_H
#define DORAD_STORE_STORE_PRIV_H

#include "conninfo.h"
#include "store/store.h"

#include <libpq-fe.h>

/* Different statements that one connection may have prepared (store/batch.h). */
#define STORE_PREPARED 96

struct store {
	struct conninfo conninfo;
	const char *account; /* see struct store_options */
	bool read_only;
	int batch_timeout_s;
	bool (*pause)(void *context, int64_t for_us);
	bool (*waiting)(void *context);
	void *context;
	PGconn *connection; /* NULL: none, or given up */
	bool stale;         /* works, but should be made again before the next use */
	bool pooled;        /* a pooler stands between: each transaction may meet another
			     * server process, so nothing is left to a session */
	bool inside;        /* a transaction: its connection may not be replaced under it */
	const char *prepared[STORE_PREPARED]; /* their texts, by number */
	size_t n_prepared;
};

struct store_rows {
	PGresult *result;
};

/* Takes the result over. */
struct store_rows *store_rows_of(PGresult *result);

/* Until PQgetResult() has something to give at once. False: it had not at until_us (of
 * store_now_us(); 0: no limit), or who waits was told to stop. */
bool store_wait(struct store *store, int64_t until_us);
int64_t store_now_us(void);

/* The last result of what was sent (as PQexec() gives it), or NULL: no connection. */
PGresult *store_await(struct store *store);

/* Asks Postgres to give up what it works on; an answer comes all the same. */
void store_cancel(struct store *store);

/* Puts into words and a class what a result (NULL: the connection) says has failed. */
enum store_class store_failed(struct store *store, const PGresult *result, struct error *err);

#endif
