/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_SERVER_PRIV_H
#define DORAD_HTTP_SERVER_PRIV_H

#include "address_priv.h"
#include "crowd_priv.h"
#include "http/server.h"
#include "http/stats.h"
#include "wire_priv.h"

#include <pthread.h>
#include <stdatomic.h>

#define BACKLOG 4096 /* what waits while accepting pauses; the kernel cuts it to somaxconn */

/*
 * A server has loops, one a thread, and a loop its connections. Listening sockets are shared by
 * all loops; a connection stays with the loop that accepted it, and only that thread touches
 * it. What other threads may do: queue an answer and wake the loop (loop_wake).
 */
struct listener {
	int fd;
	size_t option; /* index in http_options.listen */
	int tag;
	bool tls;
	bool inherited; /* from systemd: stays open for whoever comes next */
	bool is_unix;
	char *path; /* of a unix socket of ours, removed with it */
	int port;
};

struct counters {
	atomic_uint_least64_t accepted;
	atomic_uint_least64_t requests;
	atomic_uint_least64_t answers[6];
	atomic_uint_least64_t closed[HTTP_CLOSE_N];
	atomic_uint_least64_t refused[HTTP_REFUSAL_N];
	atomic_uint_least64_t accept_errors;
	atomic_uint_least64_t spooled;
	atomic_int_least64_t connections;
	atomic_int_least64_t handshakes;
	atomic_int_least64_t memory; /* bytes of heads and bodies */
	atomic_int_least64_t files;
	atomic_int_least64_t handled; /* of memory: what the handler has */
};

struct loop;

struct http_server {
	struct http_limits limits;
	struct http_handler handler;
	struct networks trusted;
	bool proxy_protocol;
	char *spool_folder;
	struct listener *listeners;
	size_t n_listeners;
	struct loop *loops;
	size_t n_loops;
	size_t n_running; /* of these, threads that could be started; set before they serve */
	atomic_size_t n_accepting; /* loops that have not yet stopped to accept */
	struct crowd *crowd;
	struct counters counters;
	atomic_int stops; /* how often http_server_stop() was called */
	atomic_bool paused;
	pthread_mutex_t tls_lock;
	SSL_CTX *tls; /* under tls_lock; NULL: none */
};

int64_t now_us(void); /* CLOCK_MONOTONIC */

#define COUNT(server, what) \
	atomic_fetch_add_explicit(&(server)->counters.what, 1, memory_order_relaxed)
#define GAUGE(server, what, change) \
	atomic_fetch_add_explicit(&(server)->counters.what, (change), memory_order_relaxed)

/* listen.c. False: err says which option and why. */
bool listen_on(struct http_server *server, const struct http_listen *options, size_t n,
	struct error *err);
/* Could it be listened on, as far as can be told while another does? */
bool listen_probe(const char *address, struct error *err);
void listen_close(struct http_server *server, bool at_stop); /* at_stop: inherited ones stay */

#endif
