/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_FORWARD_PRIV_H
#define DORAD_COMMAND_FORWARD_PRIV_H

#include "forward.h"
#include "stream/send.h"

#include <pthread.h>

struct forwarder {
	struct forwarder_options options;
	struct stream *stream;
	struct link link;
	struct stream_place *places; /* of each key, as last seen */
	struct stream_id *marked;    /* of each key: what Redis has as our mark, surely */
	struct stream_id *to_mark; /* of each key: noted in the ledger, not yet marked; or 0 */
	char writer[LEDGER_NAME_MAX]; /* whose marks: the ledger's id */
	char *dead_key;
	bool idle;            /* and its memory is given back */
	int64_t chores_at_us; /* CLOCK_MONOTONIC */
	pthread_mutex_t lock;
	pthread_cond_t stopped;
	bool stop;                    /* under the lock */
	bool retry;                   /* under the lock */
	struct forwarder_state state; /* under the lock */
};

/* False: stopped meanwhile. */
bool forwarder_rest(struct forwarder *forwarder, int64_t us);

/* What the ledger had. */
enum forward_found {
	FORWARD_SOME,
	FORWARD_NOTHING,
	FORWARD_UNREAD, /* it could not be read and was waited for; err says why */
};

/* forward_window.c: one window of rows, sent and settled. Redis's part is the result; a ledger
 * that cannot be written is waited for. */
enum stream_result forward_window(struct forwarder *forwarder, enum forward_found *out_found,
	size_t *out_rows, struct error *err);

enum forward_check {
	FORWARD_ALL_THERE,
	FORWARD_LOST,    /* rows are marked to be forwarded again */
	FORWARD_STOPPED, /* and they are not yet marked */
};

/* forward_loss.c: compares what the ledger noted of a key with its last-generated-id, and what
 * was marked with the mark, as they were before the window. */
enum forward_check forward_check(struct forwarder *forwarder, size_t key);
enum stream_result forward_check_all(struct forwarder *forwarder, struct error *err);

/* forward_report.c: tells how many deliveries wait or could not be read. */
enum stream_result forward_report(struct forwarder *forwarder, struct error *err);

/* On a new connection: nothing is sure but what was noted. */
void forward_expect_all(struct forwarder *forwarder);

/* What was noted in the ledger is marked with the next window, or by forward_mark(). */
void forward_mark_later(struct forwarder *forwarder, const char *key, struct stream_id id);
void forward_marked(
	struct forwarder *forwarder, const struct stream_addition *additions, size_t n);
enum stream_result forward_mark(struct forwarder *forwarder, struct error *err);

/* After each exchange about marks: that Redis refuses them is noted, and nothing is expected of
 * them then. */
void forward_note_marks(struct forwarder *forwarder);

/* Reads back what the roll-up could not use. That Redis refuses it is noted, and keeps nothing
 * else from going on. */
enum stream_result forward_bury(struct forwarder *forwarder, struct error *err);

#endif
