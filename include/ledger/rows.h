/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_ROWS_H
#define DORAD_LEDGER_ROWS_H

#include "base/arena.h"
#include "event/dora_event.h"
#include "ledger/ledger.h"
#include "ledger/state.h"

/*
 * The forwarder's side of the ledger: what to read next, and what became of it. A row's state
 * and the cursor move in one transaction.
 */
enum ledger_again {
	LEDGER_AGAIN_NO,       /* a live row */
	LEDGER_AGAIN_ALL,      /* replay: every event once more */
	LEDGER_AGAIN_BAD_ONLY, /* replay of bad lines: only events it has not made yet */
};

struct ledger_row {
	int64_t seq;
	int64_t received_us;
	const char *endpoint;
	const char *source;
	const char *delivery_id;
	const char *kind;
	const char *reason;
	enum ledger_state state;
	enum ledger_again again;
	const struct header *headers;
	size_t n_headers;
	const char *body; /* NULL: unreadable says why */
	size_t n_body;
	const char *unreadable;
	const struct ledger_made *made; /* when it was last handled */
	size_t n_made;
	const struct bad_line *bad;
	size_t n_bad;
};

struct ledger_rows {
	struct ledger_row *items;
	size_t n;
	uint64_t generation; /* of the file they were read from; for the settlement */
};

struct ledger_window {
	size_t rows;  /* at most */
	size_t bytes; /* of bodies, at most; a larger row comes alone */
};

/* The rows after the cursor, in order; only when there are none, those marked for replay. What
 * it gives is synced. Reads on a connection of its own; one thread at a time. */
bool ledger_next(struct ledger *ledger, const struct ledger_window *window, struct arena *arena,
	struct ledger_rows *out, struct error *err);

/* Waits until something may be new: kept here, written by a command, or the time-out. */
void ledger_wait_news(struct ledger *ledger, int64_t timeout_us);
void ledger_wake(struct ledger *ledger); /* ends such a wait at once */

struct ledger_outcome {
	int64_t seq;
	enum ledger_again again; /* as the row said */
	enum ledger_state state;
	const char *reason; /* NULL: none */
	const char *kind;   /* the sender's word as the normaliser gave it; NULL: as before */
	const struct ledger_made *made; /* replaces what was there */
	size_t n_made;
	const struct bad_line *bad; /* the same */
	size_t n_bad;
};

/* The last entry known of a stream. */
struct ledger_note {
	const char *key;
	uint64_t entry_ms;
	uint64_t entry_n;
};

struct ledger_settlement {
	const struct ledger_outcome *outcomes;
	size_t n;
	const struct ledger_note *notes;
	size_t n_notes;
	bool hurry; /* more rows wait for this; else it may go with the next delivery */
	/* the rows': if the file has been set aside since, nothing is done */
	uint64_t generation;
};

/* One transaction: outcomes, the cursor up to the last live row, notes. Returns after the
 * commit, and the owner does not sync for it: what a power cut takes away is forwarded once
 * more. */
enum ledger_result ledger_settle(
	struct ledger *ledger, const struct ledger_settlement *settlement, struct error *err);

/* False: nothing was noted of that stream. */
bool ledger_noted(struct ledger *ledger, const char *key, struct ledger_note *out);

/*
 * Redis has lost what came after `survived` in a stream: every row that made a later entry is
 * marked to be forwarded again, and the note is set back. *out_marked: how many rows.
 */
enum ledger_result ledger_set_back(struct ledger *ledger, const struct ledger_note *survived,
	int64_t *out_marked, struct error *err);

/* An event of "<ledger id>-<seq>" was found dead by the roll-up. position: the entry of the
 * dead stream, remembered with it. A name of another ledger only moves the position. */
enum ledger_result ledger_bury(struct ledger *ledger, const char *delivery, const char *reason,
	const struct ledger_note *position, struct error *err);

/* Around the reading of a row and the writing down of its events: after a second crash in
 * between (or five ends of any kind, a kill -9 says nothing of the row) it is to be quarantined
 * unread. ledger_crashed_on(): words for what it did, or NULL: it is to be read. */
void ledger_reading(struct ledger *ledger, int64_t seq);
void ledger_read_well(struct ledger *ledger);
const char *ledger_crashed_on(const struct ledger *ledger, int64_t seq);
void ledger_absolve(struct ledger *ledger, int64_t seq); /* it is; a replay may read it again */

#endif
