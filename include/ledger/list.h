/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_LIST_H
#define DORAD_LEDGER_LIST_H

#include "ledger/rows.h"

/* The ledger as people ask it: what came, what became of it, do it again. */
struct ledger_filter {
	const char *endpoint; /* NULL: any */
	const char *state; /* a state's name, NULL: any. "quarantined" finds rows with bad lines
			      too */
	int64_t since_us;  /* received at or after; 0: from the start */
	int64_t until_us;  /* received before; 0: no end */
	int64_t last;      /* only the last so many; 0: all */
	int64_t seq;       /* only this one; 0: any */
};

struct ledger_summary {
	int64_t seq;
	int64_t received_us;
	const char *endpoint;
	const char *source;
	const char *kind;
	const char *delivery_id;
	const char *state; /* "quarantined" where some lines of a forwarded one were bad */
	const char *reason;
	int64_t n_events;
	int64_t n_bad;
	int64_t n_body; /* bytes as received */
	bool again;     /* marked for replay, not yet done */
};

/* Oldest first; texts hold during the call of each. */
bool ledger_list(struct ledger *ledger, const struct ledger_filter *filter,
	void (*each)(void *context, const struct ledger_summary *summary), void *context,
	struct error *err);

/* One row whole. False without words: there is none. */
bool ledger_find(struct ledger *ledger, int64_t seq, struct arena *arena,
	struct ledger_row *out, struct error *err);

/*
 * Marks rows to be forwarded again, in short transactions. Rows not yet forwarded need no mark.
 * on_progress: NULL, or called now and then. They are done when ledger_count() finds `again` 0.
 */
enum ledger_result ledger_mark(struct ledger *ledger, const struct ledger_filter *filter,
	void (*on_progress)(void *context, int64_t n_marked), void *context,
	int64_t *out_marked, struct error *err);

struct ledger_counts {
	int64_t backlog;     /* live rows not yet handled */
	int64_t oldest_us;   /* received_us of the oldest of them; 0: none */
	int64_t again;       /* rows marked for replay */
	int64_t quarantined; /* with those that have bad lines */
	int64_t dead;
	int64_t last_us; /* received_us of the newest row; 0: empty */
	int64_t bytes;   /* of the file that are in use */
};

bool ledger_count(struct ledger *ledger, struct ledger_counts *out, struct error *err);

/*
 * For a visitor whose rows can be had again if the power fails: from now on its commits do not
 * sync, while everybody waits for the lock that they hold. The owner syncs what others kept
 * before it forwards it; ledger_sync() does at the end, should the owner not have got there.
 */
bool ledger_sync_later(struct ledger *ledger, struct error *err);
bool ledger_sync(struct ledger *ledger, struct error *err);

/* Whether an import of that id (the digest of its body) is kept, whatever became of it. */
bool ledger_holds_import(
	struct ledger *ledger, const char *delivery_id, bool *out, struct error *err);

/* All rows, counted one by one: seconds in a large ledger. -1: cannot be read. */
int64_t ledger_count_rows(struct ledger *ledger);

/* When each endpoint last received something. */
bool ledger_endpoints(struct ledger *ledger,
	void (*each)(void *context, const char *endpoint, int64_t last_us), void *context,
	struct error *err);

struct ledger_salvage {
	int64_t n_read; /* rows that could be read whole */
	int64_t n_lost; /* numbers at which there was a row that could not */
};

/* Copies what can be read of a file that was set aside into this ledger, as newly kept rows
 * with their old times. Run twice it keeps them twice, which their events do not mind. */
enum ledger_result ledger_recover(struct ledger *ledger, const char *aside,
	struct ledger_salvage *out, struct error *err);

#endif
