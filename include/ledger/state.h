/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_LEDGER_STATE_H
#define DORAD_LEDGER_STATE_H

#include "event/dora_event.h"

#include <stdbool.h>
#include <stdint.h>

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

/* An event that a row made, and where in Redis it went. */
struct ledger_made {
	enum dora_kind kind;
	const char *source;
	const char *id;
	const char *subject;
	int64_t revision;
	int64_t time_us;
	bool withdrawn;  /* was sent with data null last */
	const char *key; /* the stream's */
	uint64_t entry_ms;
	uint64_t entry_n;
};

#endif
