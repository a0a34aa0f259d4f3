/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_RECENT_PRIV_H
#define DORAD_LEDGER_RECENT_PRIV_H

#include "ledger/rows.h"

#include <pthread.h>
#include <sys/queue.h>

/*
 * What was committed just now, still in memory: the forwarder takes it from here and need not
 * read back, decompress and copy what this process had in its hands a moment ago. Bounded; it
 * is a short cut and never a store: whatever is not here is read from the file, and only a row
 * that stands in the file is here.
 */
struct held {
	TAILQ_ENTRY(held) entry;
	int64_t seq;
	const struct ledger_entry *kept;
	void *owner;
	void (*release)(void *owner); /* frees it and all that it stands in */
};

TAILQ_HEAD(held_list, held);

struct recent {
	pthread_mutex_t lock;  /* everything below */
	struct held_list list; /* in the order of seq */
	size_t n;
	size_t bytes;
	int64_t cursor;      /* as the file has it; every row up to here has been handled */
	bool cursor_known;   /* else nothing is given */
	uint64_t generation; /* of the file it was read from */
};

void recent_init(struct recent *recent);
void recent_clear(struct recent *recent); /* of all it holds: the file is another */
void recent_destroy(struct recent *recent);

/* After the commit, in the order of seq. False: there is no room, it stays the caller's. */
bool recent_hold(struct recent *recent, struct held *held);

/* Something is there that the forwarder has not taken yet. */
bool recent_holds_any(struct recent *recent);

/* The cursor was committed, or read from the file, which is of this generation: that of a file
 * set aside meanwhile says nothing. */
void recent_settled(struct recent *recent, int64_t cursor, uint64_t generation);

/* Rows from the one after the cursor on, for as long as none is missing: n of them go into
 * items, and live as long as the arena. */
size_t recent_take(struct recent *recent, const struct ledger_window *window,
	struct arena *arena, struct ledger_row *items);

#endif
