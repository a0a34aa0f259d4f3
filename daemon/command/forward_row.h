/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_FORWARD_ROW_H
#define DORAD_COMMAND_FORWARD_ROW_H

#include "ledger/rows.h"
#include "stream/send.h"

/* What one row asks of Redis, and what is to be written of it once that is acknowledged. */
struct row_plan {
	struct ledger_outcome outcome;
	struct ledger_made *made; /* outcome.made, to be completed with the entries' ids */
	struct stream_addition *additions;
	size_t *made_of; /* for each addition, its place in made */
	size_t n_additions;
	size_t n_withdrawn;
};

/* A row that must not or cannot be read. */
void row_plan_quarantine(
	const struct ledger_row *row, const char *reason, struct row_plan *out);

/*
 * A row whose endpoint is gone. True: quarantined, as it was refused once, perhaps for what
 * that endpoint might not say, which nobody knows any more. An import's need not be one.
 */
bool row_plan_orphan(const struct ledger_row *row, struct arena *arena, struct row_plan *out);

struct row_place {
	const struct stream *stream; /* where its events go */
	const char *name;            /* "<ledger id>-<seq>" */
	struct arena *arena;         /* which owns the plan and all its texts */
};

/*
 * From what the normaliser made of it, which may go as soon as this returns. Events that the
 * row made before and does not make any more are sent once more with data null (EVENTS.md,
 * revision).
 */
void row_plan_make(const struct ledger_row *row, enum verdict verdict,
	const struct normalised *normalised, const struct row_place *place,
	struct row_plan *out);

#endif
