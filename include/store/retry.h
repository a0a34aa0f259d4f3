/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STORE_RETRY_H
#define DORAD_STORE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What a failure in Postgres asks of us (RELIABILITY.md section 5). Pure; the transaction
 * runner of store.h acts on it.
 */
enum store_class {
	STORE_FINE,
	STORE_AGAIN,  /* of the moment (deadlock, lost connection): the same again, soon */
	STORE_LATER,  /* the server lacks something (disk, connections): again after a long wait
		       */
	STORE_SHRINK, /* too much at once (statement time-out): again with less */
	STORE_POISON, /* some of what was sent can never be stored: find it, put it aside */
	STORE_WRONG, /* schema, rights, our own statement: again is no use until someone acts */
};

/* One word for log lines and labels: "again". */
const char *store_class_name(enum store_class class);

/*
 * sqlstate: the five characters, or NULL where the server gave none; connection_lost: libpq
 * says so. A lost connection in COMMIT leaves the outcome unknown, so the work must bear being
 * done twice.
 */
enum store_class store_classify(const char *sqlstate, bool connection_lost);

/* Whether the connection should be made anew first: the server is going, or became read-only.
 */
bool store_wants_new_connection(const char *sqlstate, bool connection_lost);

/*
 * How long to wait before attempt (from 1) is repeated: full jitter, 20 ms doubling to 2 s;
 * STORE_LATER and STORE_WRONG 0.5 s doubling to 30 s, at least half of it. random is any
 * evenly spread number.
 */
int64_t store_backoff_us(enum store_class class, int attempt, uint32_t random);

#endif
