/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_DELIVER_H
#define DORAD_COMMAND_DELIVER_H

#include "command/command.h"
#include "ledger/ledger.h"

/*
 * Deliveries that a command makes itself (corrections, imports): kept in the ledger like any
 * other, and forwarded from there by the running receiver, or by the command where none runs.
 */
struct deliverer {
	const struct command_line *line;
	const struct config *config;
	struct ledger *ledger;
	bool visits;      /* a receiver owns the ledger */
	int64_t last_seq; /* of the newest kept; 0: none */
	int64_t n_rows;
};

/* False, here and below: said why on standard error. */
bool deliverer_open(struct deliverer *deliverer, const struct command_line *line,
	const struct config *config);
void deliverer_close(struct deliverer *deliverer); /* also after a failed open */

/* Committed and synced when it returns. Bodies are borrowed. At most 64 at a time. */
bool deliverer_keep(struct deliverer *deliverer, const struct ledger_entry *entries, size_t n);

/* Returns when all that was kept is in the streams, or on its way there by a receiver that
 * takes its time, which it says. */
bool deliverer_wait(struct deliverer *deliverer);
/* The same; false too where the last was quarantined. */
bool deliverer_finish(struct deliverer *deliverer);

#endif
