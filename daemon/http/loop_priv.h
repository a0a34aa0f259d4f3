/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_LOOP_PRIV_H
#define DORAD_HTTP_LOOP_PRIV_H

#include "server_priv.h"

#include <event2/event.h>

#include <sys/queue.h>

#define TICK_US 200000         /* how fine deadlines are */
#define IDLE_TICK_US 1000000   /* without a connection that has one */
#define SCRATCH_BYTES 65536    /* most that is read from a connection at a time */
#define ACCEPT_BATCH 16        /* most that are accepted at a time */
#define ACCEPT_PAUSE_US 100000 /* no descriptor left: the next attempt */

struct connection;
TAILQ_HEAD(connections, connection);
STAILQ_HEAD(requests, http_request);
LIST_HEAD(handed_requests, http_request);
TAILQ_HEAD(holders, http_request);

/* Where a connection stands. Those of one phase are in one list, oldest first, which is also
 * the order of their deadlines (bodies and handshakes apart). */
enum phase {
	PHASE_PROXY,     /* its PROXY header is being read */
	PHASE_HANDSHAKE, /* TLS */
	PHASE_HEAD,      /* new: a request may begin, or its head has */
	PHASE_BODY,      /* the handler has agreed to the head */
	PHASE_HANDLING,  /* the handler has the request; nothing is read */
	PHASE_WRITING,   /* the answer goes out */
	PHASE_LINGER, /* it has gone; what still comes is thrown away, lest a reset eats it */
	PHASE_IDLE,   /* kept alive, nothing of the next request is here */
	PHASE_GONE,   /* closed; freed when the callback ends */
	PHASE_N,
};

struct loop {
	struct http_server *server;
	size_t index;
	struct event_base *base;
	struct event *tick;
	struct event *wake;
	int wake_fd;
	struct event **accepts; /* one for each listener */
	bool accepting;
	bool busy; /* ticks every TICK_US */
	bool stopping;
	int64_t stop_after_us;
	int64_t accept_after_us;
	int64_t warned_us;
	struct error spool_err; /* here, for to clear one costs more than to append a chunk */
	int64_t ticked_us;      /* last on_tick of the handler */
	struct connections phases[PHASE_N];
	size_t n_phase[PHASE_N];
	struct handed_requests handed; /* the handler has them, answered for or not */
	struct holders
		holding[CROWD_N_WHAT]; /* still being read, in the order they began to hold */
	char *scratch;
	pthread_t thread;
	atomic_int_least64_t seen_us; /* when it last came round */
	pthread_mutex_t lock;
	struct requests replies; /* under lock */
};

/* loop.c */
void loop_init(struct loop *loop, struct http_server *server, size_t index);
void loop_clear(struct loop *loop);
void *loop_run(void *context);       /* a struct loop; a thread's function */
void loop_wake(struct loop *loop);   /* any thread, or a signal handler */
void loop_finish(struct loop *loop); /* at the end of each callback */

/* accept.c */
void accept_update(struct loop *loop); /* accepts, or not, as things stand */
void accept_all(struct loop *loop);    /* at a stop: what is in our own backlogs */
void accept_init(struct loop *loop);
void accept_clear(struct loop *loop);

/* evict.c: close what is overdue, and the worst at a cap. */
void evict_overdue(struct loop *loop, int64_t now);
/* Makes room for the newcomer (NULL: a descriptor is needed); HTTP_CLOSE_ADDRESS: among those
 * of its address. False: there is no other that may be closed. */
bool evict_worst(struct loop *loop, const struct connection *newcomer, enum http_close why);
void evict_worst_handshake(struct loop *loop);
/* The request that holds most, of the address that does. */
void evict_largest(struct loop *loop, enum crowd_what what);

#endif
