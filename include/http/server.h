/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_SERVER_H
#define DORAD_HTTP_SERVER_H

#include "base/cleanup.h"
#include "base/error.h"
#include "http/http.h"

/*
 * The front door: strict HTTP/1.1 (RFC 9112) on libevent's loop, plain or TLS, with limits and
 * deadlines on everything (RELIABILITY.md 2.5). All strings of the options are copied. What it
 * counts: http/stats.h.
 */
struct http_server;

struct http_listen {
	const char *address; /* HOST:PORT ([::1]:PORT), unix:/PATH, systemd:NAME (inherited
				sockets of FileDescriptorName=NAME) or systemd (those that no
				other address names) */
	int tag;             /* http_view.listener of what comes in here */
	bool plain;          /* no TLS here, whatever http_options.tls says */
};

struct http_tls {
	const char *certificate; /* PEM file, chain included; NULL: no TLS */
	const char *key;         /* PEM file */
	const char *client_ca;   /* PEM file: clients must show a certificate signed by one of
				    these; NULL: none asked */
};

/* 0 means the default in brackets. */
struct http_limits {
	size_t connections;      /* at one time [10,000] */
	size_t per_address;      /* of these from one IPv4 address or IPv6 /64 [1,000] */
	size_t handshakes;       /* TLS handshakes at one time in one thread [500] */
	int64_t body_bytes;      /* largest body [25 MiB] */
	int64_t in_flight_bytes; /* memory for heads and bodies not yet answered, beyond the two
				    KiB that any takes; while the handler has half of it,
				    nothing is accepted [256 MiB] */
	int64_t spool_bytes;     /* files for large bodies [8 in_flight_bytes, but at least 4
				    body_bytes] */
	int64_t handshake_us;    /* PROXY header and TLS handshake, from accept [5 s] */
	int64_t header_us;       /* from accept, or the first byte of a further request [5 s] */
	int64_t body_us;         /* [30 s] */
	int64_t answer_us; /* the handler's; then 503 goes out, and its answer nowhere [8 s] */
	int64_t write_us;  /* [10 s] */
	int64_t idle_us;   /* kept alive between requests [60 s] */
	int64_t drain_us;  /* how long a stop waits for requests that have begun [10 s] */
	int64_t floor_after_us; /* from when on a body must not be slower than floor_bytes_s [5
				   s] */
	int64_t floor_bytes_s;  /* on average since its head [8 KiB/s] */
};

struct http_options {
	const struct http_listen *listen;
	size_t n_listen;
	struct http_tls tls;
	const char *const *trusted_proxies; /* addresses or networks: 10.0.0.0/8, ::1, unix */
	size_t n_trusted_proxies;
	bool proxy_protocol;      /* connections from these begin with a PROXY header, v2 */
	int threads;              /* 0: 1 */
	const char *spool_folder; /* for bodies over 256 KiB; NULL: $TMPDIR or /var/tmp */
	struct http_limits limits;
	struct http_handler handler;
};

/* Is it by its form one that this machine alone reaches: 127.0.0.0/8 or ::1 as numbers,
 * localhost, a unix socket? False of systemd, whose sockets another file describes. */
bool http_address_is_local(const char *address);

/* What can be told of options without listening: whether the addresses are this machine's, the
 * folder, proxies, TLS's files. */
bool http_options_check(const struct http_options *options, struct error *err);

/* Listens. NULL: err says which option, what was found and what to do. */
struct http_server *http_server_create(const struct http_options *options, struct error *err);

/* Serves in the calling thread (and threads - 1 of its own) until http_server_stop(). SIGPIPE
 * is ignored from here on. */
void http_server_run(struct http_server *server);

/* After http_server_run() has returned, or without it. Requests still unanswered are dropped:
 * whoever holds one must not answer it any more. NULL is fine. */
void http_server_destroy(struct http_server *server);
DEFINE_CLEANUP(struct http_server *, http_server_destroy);

/*
 * Accept no more, close what is idle, finish what has begun (limits.drain_us), return from
 * http_server_run(). Any thread, or a signal handler (block or ignore the signal before the
 * server is destroyed). Again: return at once.
 */
void http_server_stop(struct http_server *server);

/* Paused: connections wait in the kernel's backlog; those accepted go on. Any thread. */
void http_server_pause(struct http_server *server, bool paused);

/* Reads these files; connections accepted from now on use them. False: err says why, and what
 * was read before stays in use. TLS as such stays on, or off. One thread at a time. */
bool http_server_reload_tls(
	struct http_server *server, const struct http_tls *tls, struct error *err);

/* Another limits.drain_us, before the stop that it is for. */
void http_server_set_drain(struct http_server *server, int64_t drain_us);

/* Do other machines reach an address of that tag, as it was bound or passed on? */
bool http_server_is_open(const struct http_server *server, int tag);

/* The port of listen[i] after binding (for :0); 0 if it is no TCP address. */
int http_server_port(const struct http_server *server, size_t i);

#endif
