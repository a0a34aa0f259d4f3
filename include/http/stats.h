/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_STATS_H
#define DORAD_HTTP_STATS_H

#include "http/reader.h"
#include "http/server.h"

/* What a server counts, for /metrics. */
enum http_close {
	HTTP_CLOSE_DEADLINE,    /* handshake, header, body, answer or write took too long */
	HTTP_CLOSE_SLOW,        /* body below the floor, or a request in crumbs */
	HTTP_CLOSE_CONNECTIONS, /* evicted at the cap of connections, or no descriptor left */
	HTTP_CLOSE_ADDRESS,     /* evicted at the cap of its address */
	HTTP_CLOSE_BYTES,       /* evicted at the cap of bytes in flight */
	HTTP_CLOSE_HANDSHAKES,  /* evicted at the cap of handshakes */
	HTTP_CLOSE_TLS,         /* its handshake failed */
	HTTP_CLOSE_PROXY,       /* no PROXY header where there must be one */
	HTTP_CLOSE_PEER,        /* the client went before it had its answer */
	HTTP_CLOSE_N,
};

const char *http_close_name(enum http_close why); /* word for a metric label */

/* Counted since the start, but for what is now. */
struct http_stats {
	uint64_t accepted;
	uint64_t requests;   /* handed to on_request */
	uint64_t answers[6]; /* by hundreds of their status: [2] is 2xx */
	uint64_t closed[HTTP_CLOSE_N];
	uint64_t refused[HTTP_REFUSAL_N]; /* by the reader; http_refusal_name() */
	uint64_t accept_errors;
	uint64_t spooled;        /* bodies that went through a file */
	int64_t connections;     /* now */
	int64_t handshakes;      /* now */
	int64_t in_flight_bytes; /* now, memory */
	int64_t spool_bytes;     /* now */
	bool paused;             /* now */
};

void http_server_stats(
	const struct http_server *server, struct http_stats *out); /* any thread */

#endif
