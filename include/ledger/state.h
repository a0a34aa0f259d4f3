/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_STATE_H
#define DORAD_LEDGER_STATE_H

#include <stdbool.h>

/* What became of a delivery. */
enum ledger_state {
	LEDGER_STATE_KEPT,        /* not yet handled */
	LEDGER_STATE_FORWARDED,   /* its events were acknowledged by Redis */
	LEDGER_STATE_IGNORED,     /* nothing we measure; the reason says why */
	LEDGER_STATE_QUARANTINED, /* unreadable, or it crashed the reader; stays */
	LEDGER_STATE_DEAD,        /* the roll-up could not use an event of it; stays */
};

#define LEDGER_N_STATES 5

const char *ledger_state_name(enum ledger_state state);
bool ledger_state_from_name(const char *name, enum ledger_state *out);

#endif
