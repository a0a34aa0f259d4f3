/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_FORWARD_H
#define DORAD_COMMAND_FORWARD_H

#include "base/cleanup.h"
#include "ledger/rows.h"
#include "stream/stream.h"

#include <stdatomic.h>

/*
 * From the ledger to Redis: read the rows after the cursor, normalise each, XADD, settle. Live
 * rows first, then those marked for replay. The same for the receiver, in a thread of its own,
 * and for dorad replay where no receiver runs.
 */
struct forwarder;

struct forwarder_options {
	struct ledger *ledger;
	const struct stream_options *stream;

	/* What of an endpoint's configuration a normaliser may know; from the forwarder's
	 * thread. NULL, or false, no such endpoint: the defaults. Texts live until the next
	 * call. */
	bool (*endpoint_options)(
		void *context, const char *endpoint, struct source_options *out);
	void *context;
};

/* NULL: the address of Redis is not one. */
struct forwarder *forwarder_create(const struct forwarder_options *options, struct error *err);
void forwarder_destroy(struct forwarder *forwarder); /* after it has returned; NULL is fine */
DEFINE_CLEANUP(struct forwarder *, forwarder_destroy);

/* Until forwarder_stop(). */
void forwarder_run(struct forwarder *forwarder);

/* Until nothing is left to forward. False: stopped, or Redis or the ledger failed so often in a
 * row that somebody should know; err has words. on_progress: NULL, or called after each window.
 */
bool forwarder_finish(struct forwarder *forwarder,
	void (*on_progress)(void *context, int64_t n_rows), void *context, struct error *err);

/* Any thread. Retry: whatever made Redis refuse may be mended, do not wait any longer. */
void forwarder_stop(struct forwarder *forwarder);
void forwarder_retry(struct forwarder *forwarder);

/* Any thread; for metrics. */
struct forwarder_state {
	bool connected;
	int64_t failing_since_us; /* CLOCK_REALTIME; 0: the last thing asked was answered */
	struct error trouble;     /* while failing */
	uint64_t n_rows[LEDGER_N_STATES]; /* settled, by their new state */
	uint64_t n_events[DORA_N_KINDS];  /* acknowledged */
	uint64_t n_withdrawn;
	uint64_t n_bad_lines;
	uint64_t n_crashed;
	uint64_t n_losses;   /* times Redis was found to have lost something */
	uint64_t n_set_back; /* rows marked for that */
	uint64_t n_buried;   /* entries of the dead stream read back */
	bool dead_refused;   /* that stream cannot be read */
	bool marks_refused;  /* our marks cannot be read or written */
	uint64_t n_connects;
	uint64_t n_failures[STREAM_WRONG + 1]; /* by enum stream_result */
};

void forwarder_state(struct forwarder *forwarder, struct forwarder_state *out);

#endif
