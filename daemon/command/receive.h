/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_RECEIVE_H
#define DORAD_COMMAND_RECEIVE_H

#include "endpoint.h"
#include "forward.h"
#include "http/server.h"
#include "ledger/list.h"

#include <pthread.h>

/* What the parts of dorad receive share: front, control (signals, overload), metrics. */
enum receive_listener {
	RECEIVE_LISTENER_ALL, /* webhooks, and /metrics unless that has its own */
	RECEIVE_LISTENER_METRICS,
};

struct receiver {
	struct ledger *ledger;
	struct forwarder *forwarder;
	struct http_server *server;
	bool metrics_apart;
	int64_t started_us;      /* CLOCK_REALTIME */
	_Atomic int64_t beat_us; /* of the control loop, CLOCK_MONOTONIC */
	uint64_t n_kept;         /* at the last tick of the front, which is its own */
	bool rested;
	pthread_mutex_t lock; /* everything below */
	struct endpoint_set *endpoints;
	struct endpoint_tally *tallies; /* by name, for as long as the process lives */
	struct ledger_counts counts;    /* looked at every few seconds */
	int64_t counted_us;             /* CLOCK_MONOTONIC */
	int64_t disk_free_bytes;
};

static inline int64_t receive_clock_us(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* The set that holds now; drop it. */
struct endpoint_set *receiver_endpoints(struct receiver *receiver);

/* receive_options.c: as the configuration says; the handler is missing. The caller frees the
 * list of addresses. */
struct http_options receive_options(
	const struct config *config, struct http_listen **out_listen);
struct http_tls receive_tls(const struct config *config);

/* receive_front.c */
struct http_handler receive_handler(struct receiver *receiver);

/* receive_health.c: may deliveries be kept? In words why not, else NULL. */
const char *receive_trouble(struct receiver *receiver);

/* Should accepting pause, for the ledger is behind? */
bool receive_should_pause(struct receiver *receiver);

/* Does any delivery wait for its commit? */
bool receive_is_busy(struct receiver *receiver);

/* Counts what /metrics tells of the ledger. */
void receive_look(struct receiver *receiver, const char *ledger_path);

/* receive_metrics.c: answers /metrics. */
void receive_metrics(struct receiver *receiver, struct http_request *request);

#endif
