/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_WIRE_PRIV_H
#define DORAD_HTTP_WIRE_PRIV_H

#include "base/error.h"
#include "http/server.h"

#include <openssl/types.h>

/*
 * Bytes over a socket that never blocks, plain or TLS. OpenSSL works on the socket itself: the
 * rest of the front door need not know which it is, a handshake has the same deadlines as
 * everything else, and an idle TLS connection keeps no buffers (SSL_MODE_RELEASE_BUFFERS).
 */
struct wire {
	int fd;
	SSL *ssl;    /* NULL: plain */
	bool shaken; /* its handshake is over */
	int n_asked; /* handshake messages since: another key, or a renegotiation in vain */
	/* Of the request being read: what came, and in how many pieces. */
	int64_t n_pieces;
	int64_t n_bytes;
};

/*
 * Each piece, a TLS record or what one read of a plain socket finds, costs us a microsecond or
 * two whatever it holds: a body of a byte each would keep a processor busy for a minute. A
 * request may come in so many pieces, and in one more for so many of its bytes.
 */
#define WIRE_PIECES 4096
#define WIRE_BYTES_PER_PIECE 64

/* What sender changes its key so often? A new one costs as much as ten records, a renegotiation
 * that is declined as five. */
#define WIRE_ASKED_MAX 16

enum wire_step {
	WIRE_DONE, /* some bytes went, or the handshake is complete */
	WIRE_WANTS_READ,
	WIRE_WANTS_WRITE,
	WIRE_END,    /* the other side has said that no more comes */
	WIRE_BROKEN, /* nothing more can be done with it */
};

enum wire_step wire_handshake(struct wire *wire);
enum wire_step wire_read(struct wire *wire, char *bytes, size_t n, size_t *out_n);
enum wire_step wire_write(struct wire *wire, const char *bytes, size_t n, size_t *out_n);

/* In more pieces than that. */
bool wire_is_crumbs(const struct wire *wire);

/* Bytes are here already that the socket would not tell of. */
bool wire_has_more(const struct wire *wire);

/* No more will be written. */
void wire_shut(struct wire *wire);
void wire_close(struct wire *wire);

/* NULL: err says which file and why. The caller frees it with SSL_CTX_free(). */
SSL_CTX *tls_create(const struct http_tls *tls, struct error *err);

/* Speaks TLS over the wire's socket from here on. False: OpenSSL gives no connection. */
bool tls_begin(struct wire *wire, SSL_CTX *context);

#endif
