/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_FORWARD_PRIV_H
#define DORAD_COMMAND_FORWARD_PRIV_H

#include "forward.h"

#include <pthread.h>

struct forwarder {
	struct forwarder_options options;
	struct stream *stream;
	struct link link;
	struct stream_id *tops; /* of each key, as last seen */
	char *dead_key;
	int64_t chores_at_us; /* CLOCK_MONOTONIC */
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool stop;                    /* under the lock */
	bool retry;                   /* under the lock */
	struct forwarder_state state; /* under the lock */
};

/* False: stopped meanwhile. */
bool forwarder_rest(struct forwarder *forwarder, int64_t us);

/* forward_window.c: one window of rows, sent and settled. Redis's part is the result; a ledger
 * that cannot be read or written is waited for. */
enum stream_result forward_window(
	struct forwarder *forwarder, size_t *out_rows, struct error *err);

enum forward_check {
	FORWARD_ALL_THERE,
	FORWARD_LOST,    /* rows are marked to be forwarded again */
	FORWARD_STOPPED, /* and they are not yet marked */
};

/* forward_loss.c: compares what the ledger noted of a key with its last-generated-id as it was
 * before the window. */
enum forward_check forward_check(struct forwarder *forwarder, size_t key, struct stream_id top);
enum stream_result forward_check_all(struct forwarder *forwarder, struct error *err);

/* forward_report.c: tells how many deliveries wait or could not be read. */
enum stream_result forward_report(struct forwarder *forwarder, struct error *err);

/* Reads back what the roll-up could not use. */
enum stream_result forward_bury(struct forwarder *forwarder, struct error *err);

#endif
