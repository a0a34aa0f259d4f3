/* SPDX-License-Identifier: Apache-2.0 */
#include "connection_priv.h"

#include "base/xalloc.h"
#include "http/reader.h"
#include "proxy_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINGER_BYTES (1024 * 1024)

/* Bytes of one or more requests, which the caller wipes: heads hold credentials. The connection
 * may be gone afterwards. */
static void take(struct connection *connection, const char *bytes, size_t n);

/* Reads no more than the header, whose rest is TLS's or the reader's. */
static void read_proxy(struct connection *connection)
{
	if (!connection->ahead)
		connection->ahead = xmalloc(PROXY_MAX_BYTES);

	unsigned char *bytes = (unsigned char *)connection->ahead;
	size_t wanted = proxy_wants(bytes, connection->n_ahead);
	ssize_t got = recv(connection->wire.fd, bytes + connection->n_ahead, wanted, 0);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		connection_close(connection, HTTP_CLOSE_PROXY);
		return;
	}
	connection->n_ahead += (size_t)got;

	switch (proxy_read(bytes, connection->n_ahead, &connection->peer)) {
	case PROXY_MORE:
		return;
	case PROXY_REFUSED:
		connection_close(connection, HTTP_CLOSE_PROXY);
		return;
	case PROXY_DONE:
		connection_forget_ahead(connection);
		connection_begin(connection);
		input_ready(connection);
		return;
	}
}

static void shake_hands(struct connection *connection)
{
	connection->next = wire_handshake(&connection->wire);
	switch (connection->next) {
	case WIRE_DONE:
		connection_enter(connection, PHASE_HEAD);
		input_ready(connection);
		return;
	case WIRE_WANTS_READ:
	case WIRE_WANTS_WRITE:
		return;
	case WIRE_END:
	case WIRE_BROKEN:
		connection_close(connection, HTTP_CLOSE_TLS);
		return;
	}
}

/* Not decrypted: nobody will look at it. */
static void linger(struct connection *connection)
{
	ssize_t got = recv(connection->wire.fd, connection->loop->scratch, SCRATCH_BYTES, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	connection->lingered += got > 0 ? (size_t)got : 0;
	if (got <= 0 || connection->lingered > LINGER_BYTES)
		connection_close(connection, HTTP_CLOSE_N);
}

/* Content has no meaning there (RFC 9110 sections 9.3.1, 9.3.2), and nobody is asked who he is
 * before it would be read. Of OPTIONS (9.3.7) no use of content is defined. */
static bool is_body_due(enum http_method method)
{
	switch (method) {
	case HTTP_GET:
	case HTTP_HEAD:
	case HTTP_OPTIONS:
		return false;
	case HTTP_POST:
	case HTTP_OTHER:
		return true;
	}
	__builtin_unreachable();
}

/* The head is there. False: it was answered, or the connection is gone. */
static bool on_head(struct connection *connection, bool more_is_here)
{
	struct http_request *request = connection->request;
	const char *wanted = NULL;
	int status = request_agree(request, &wanted);

	if (status == 0 && http_reader_has_body(request->reader) &&
		!is_body_due(request->view.method))
		status = 413;
	if (status != 0) {
		output_refuse(connection, status, wanted);
		return false;
	}
	if (!http_reader_has_body(request->reader))
		return true;
	connection_enter(connection, PHASE_BODY);
	if (http_reader_expects_100(request->reader) && !more_is_here)
		return output_continue(connection);
	return true;
}

static void on_complete(struct connection *connection, const char *rest, size_t n)
{
	if (n > 0) {
		connection->ahead = xmemdup(rest, n);
		connection->n_ahead = n;
	}
	request_hand_over(connection->request);
}

static void take(struct connection *connection, const char *bytes, size_t n)
{
	size_t at = 0;

	if (connection->phase == PHASE_IDLE)
		connection_enter(connection, PHASE_HEAD);
	if (!connection->request) {
		connection->request = request_create(connection);
		connection->wire.n_pieces = 0;
		connection->wire.n_bytes = 0;
	}
	for (;;) {
		struct http_reader *reader = connection->request->reader;
		struct http_data data;
		size_t used;
		enum http_step step =
			http_reader_feed(reader, bytes + at, n - at, &used, &data);

		at += used;
		switch (step) {
		case HTTP_STEP_MORE:
			(void)request_settle(connection->request);
			return;
		case HTTP_STEP_HEAD:
			if (!on_head(connection, at < n))
				return;
			break;
		case HTTP_STEP_DATA:
			if (!request_append(connection->request, &data))
				return;
			break;
		case HTTP_STEP_DONE:
			if (request_settle(connection->request))
				on_complete(connection, bytes + at, n - at);
			return;
		case HTTP_STEP_REFUSED:
			COUNT(connection->loop->server, refused[http_reader_refusal(reader)]);
			output_refuse(connection,
				http_refusal_status(http_reader_refusal(reader)), NULL);
			return;
		}
	}
}

static void read_on_if_here(struct connection *connection)
{
	if ((connection->phase == PHASE_HEAD || connection->phase == PHASE_BODY) &&
		wire_has_more(&connection->wire))
		event_active(&connection->reading, EV_READ, 0);
}

static void read_request(struct connection *connection)
{
	char *bytes = connection->loop->scratch;
	enum phase before = connection->phase;
	size_t n;

	switch (wire_read(&connection->wire, bytes, SCRATCH_BYTES, &n)) {
	case WIRE_DONE:
		if (wire_is_crumbs(&connection->wire))
			output_dismiss(connection, 408, HTTP_CLOSE_SLOW);
		else
			take(connection, bytes, n);
		if (before != PHASE_BODY || connection->phase != PHASE_BODY)
			explicit_bzero(bytes, n); /* not the middle of a body */
		break;
	case WIRE_WANTS_READ:
		break;
	case WIRE_WANTS_WRITE: /* TLS finds no room for a few bytes: nobody reads them */
	case WIRE_END:
	case WIRE_BROKEN:
		connection_close(
			connection, connection->request ? HTTP_CLOSE_PEER : HTTP_CLOSE_N);
		return;
	}
	read_on_if_here(connection);
}

void input_ready(struct connection *connection)
{
	switch (connection->phase) {
	case PHASE_PROXY:
		read_proxy(connection);
		return;
	case PHASE_HANDSHAKE:
		shake_hands(connection);
		return;
	case PHASE_HEAD:
	case PHASE_BODY:
	case PHASE_IDLE:
		read_request(connection);
		return;
	case PHASE_LINGER:
		linger(connection);
		return;
	case PHASE_HANDLING: /* it may be the next request, or the end: seen to later */
		connection_rest(connection);
		return;
	case PHASE_WRITING: /* TLS may have to read in order to write */
		output_ready(connection);
		return;
	case PHASE_GONE:
	case PHASE_N:
		return;
	}
}

void input_resume(struct connection *connection)
{
	char *ahead = connection->ahead;
	size_t n = connection->n_ahead;

	connection_enter(connection, PHASE_IDLE);
	connection->ahead = NULL;
	connection->n_ahead = 0;
	if (n > 0) {
		take(connection, ahead, n);
		explicit_bzero(ahead, n);
		free(ahead);
		read_on_if_here(connection);
	} else if (wire_has_more(&connection->wire)) {
		event_active(&connection->reading, EV_READ, 0);
	}
}
