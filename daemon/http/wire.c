/* SPDX-License-Identifier: Apache-2.0 */
#include "wire_priv.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <sys/socket.h>

#define RECORDS_AT_A_TIME 64

static enum wire_step tls_step(struct wire *wire, int result)
{
	if (result > 0)
		return WIRE_DONE;

	int why = SSL_get_error(wire->ssl, result);
	ERR_clear_error(); /* the queue is the thread's, not the connection's */
	if (why == SSL_ERROR_WANT_READ)
		return WIRE_WANTS_READ;
	if (why == SSL_ERROR_WANT_WRITE)
		return WIRE_WANTS_WRITE;
	return why == SSL_ERROR_ZERO_RETURN ? WIRE_END : WIRE_BROKEN;
}

enum wire_step wire_handshake(struct wire *wire)
{
	enum wire_step step = tls_step(wire, SSL_accept(wire->ssl));

	wire->shaken = step == WIRE_DONE;
	return step;
}

/* A record holds 16 KiB at most: several are taken, as long as they are there; but of small
 * ones not so many that others wait. What is left, the socket tells of again. */
static enum wire_step tls_read(struct wire *wire, char *bytes, size_t n, size_t *out_n)
{
	*out_n = 0;
	for (int i = 0; i < RECORDS_AT_A_TIME && *out_n < n; i++) {
		size_t got = 0;
		enum wire_step step = tls_step(
			wire, SSL_read_ex(wire->ssl, bytes + *out_n, n - *out_n, &got));
		if (wire->n_asked > WIRE_ASKED_MAX)
			return WIRE_BROKEN;
		if (step != WIRE_DONE)
			return *out_n > 0 ? WIRE_DONE : step;
		wire->n_pieces++;
		*out_n += got;
	}
	return WIRE_DONE;
}

static enum wire_step plain_read(struct wire *wire, char *bytes, size_t n, size_t *out_n)
{
	ssize_t got = recv(wire->fd, bytes, n, 0);

	if (got > 0) {
		wire->n_pieces++;
		*out_n = (size_t)got;
		return WIRE_DONE;
	}
	if (got == 0)
		return WIRE_END;
	return errno == EAGAIN || errno == EINTR ? WIRE_WANTS_READ : WIRE_BROKEN;
}

enum wire_step wire_read(struct wire *wire, char *bytes, size_t n, size_t *out_n)
{
	*out_n = 0;
	enum wire_step step =
		wire->ssl ? tls_read(wire, bytes, n, out_n) : plain_read(wire, bytes, n, out_n);
	wire->n_bytes += (int64_t)*out_n;
	return step;
}

enum wire_step wire_write(struct wire *wire, const char *bytes, size_t n, size_t *out_n)
{
	*out_n = 0;
	if (wire->ssl)
		return tls_step(wire, SSL_write_ex(wire->ssl, bytes, n, out_n));

	ssize_t put = send(wire->fd, bytes, n, MSG_NOSIGNAL);
	if (put >= 0) {
		*out_n = (size_t)put;
		return WIRE_DONE;
	}
	return errno == EAGAIN || errno == EINTR ? WIRE_WANTS_WRITE : WIRE_BROKEN;
}

bool wire_is_crumbs(const struct wire *wire)
{
	return wire->n_pieces > WIRE_PIECES + wire->n_bytes / WIRE_BYTES_PER_PIECE;
}

/* Not SSL_has_pending(), which is true of half a record, too: to read that again and again
 * until the rest comes would leave no time for anybody else. */
bool wire_has_more(const struct wire *wire)
{
	return wire->ssl && SSL_pending(wire->ssl) > 0;
}

void wire_shut(struct wire *wire)
{
	if (wire->ssl) {
		(void)SSL_shutdown(wire->ssl); /* close_notify, if there is room for it */
		ERR_clear_error();
	}
	(void)shutdown(wire->fd, SHUT_WR);
}

void wire_close(struct wire *wire)
{
	SSL_free(wire->ssl);
	wire->ssl = NULL;
	(void)close(wire->fd);
	wire->fd = -1;
}
