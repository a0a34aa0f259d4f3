/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_PORTAL_PRIV_H
#define DORAD_PORTAL_PORTAL_PRIV_H

#include "base/error.h"
#include "config/config.h"
#include "http/server.h"
#include "visit_priv.h"

#include <stdatomic.h>

enum {
	LISTENER_ALL, /* pages, and /metrics unless that has its own */
	LISTENER_METRICS,
};

/* settings.c */
struct settings *settings_create(const struct config *config, struct error *err);
void settings_destroy(struct settings *settings); /* NULL is fine */
/* Where the front door listens, and how; without a handler. *out_listen: the caller frees it
 * when the options have served. */
struct http_options settings_front(
	const struct config *config, struct http_listen **out_listen);

/* reply.c: gives an answer that may be kept its ETag. */
void reply_tag(struct visit *visit);
/* Sends what a visit came to; 304 where the asker has the page already. */
void reply_send(struct http_request *request, const struct visit *visit);

/* What the portal counts; any thread. */
struct portal_counts {
	int64_t started_us;                /* wall clock */
	atomic_uint_least64_t answers[6];  /* by hundreds of their status */
	atomic_uint_least64_t spent_us;    /* on making them */
	atomic_uint_least64_t again;       /* that were at hand: nothing had changed */
	atomic_uint_least64_t unavailable; /* pages that Postgres failed */
	atomic_uint_least64_t refused;     /* requests that no worker was free for */
};

/* Answers /metrics (and /healthz, where they have an address of their own). */
void portal_metrics_answer(const struct portal_counts *counts, const struct http_server *server,
	size_t n_waiting, struct http_request *request);

#endif
