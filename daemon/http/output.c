/* SPDX-License-Identifier: Apache-2.0 */
#include "connection_priv.h"

#include "answer_priv.h"
#include "base/cleanup.h"
#include "http/reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <sys/ioctl.h>

/* Closing a socket that holds unread bytes sends a reset, which may overtake the answer. */
static bool has_unread(const struct connection *connection)
{
	int n = 0;

	if (connection->unread)
		return true;
	return ioctl(connection->wire.fd, FIONREAD, &n) != 0 || n > 0;
}

static void finish(struct connection *connection)
{
	free(connection->out);
	connection->out = NULL;
	if (!connection->close_after) {
		input_resume(connection);
		return;
	}
	bool unread = has_unread(connection);
	if (unread || connection->wire.ssl)
		wire_shut(&connection->wire);
	if (unread)
		connection_enter(connection, PHASE_LINGER);
	else
		connection_close(connection, HTTP_CLOSE_N);
}

void output_ready(struct connection *connection)
{
	if (connection->phase != PHASE_WRITING)
		return;
	while (connection->at_out < connection->n_out) {
		size_t put;

		connection->next =
			wire_write(&connection->wire, connection->out + connection->at_out,
				connection->n_out - connection->at_out, &put);
		switch (connection->next) {
		case WIRE_DONE:
			connection->at_out += put;
			break;
		case WIRE_WANTS_READ:
		case WIRE_WANTS_WRITE:
			return;
		case WIRE_END:
		case WIRE_BROKEN:
			connection_close(connection, HTTP_CLOSE_PEER);
			return;
		}
	}
	finish(connection);
}

/* Takes the bytes. */
static void begin(struct connection *connection, char *bytes, size_t n, int status, bool close)
{
	int hundreds = status / 100;

	assert(hundreds >= 2 && hundreds <= 5);
	COUNT(connection->loop->server, answers[hundreds]);
	connection->out = bytes;
	connection->n_out = n;
	connection->at_out = 0;
	connection->close_after = close;
	if (close && connection->n_ahead > 0) { /* nobody will look at it */
		connection_forget_ahead(connection);
		connection->unread = true;
	}
	connection_enter(connection, PHASE_WRITING);
	output_ready(connection);
}

/* The front door's own: a status, what is wanted or Retry-After, and the connection's end. */
static size_t format(
	const struct connection *connection, int status, const char *wanted, char **out)
{
	struct http_header headers[2];
	struct http_answer answer = {.status = status, .headers = headers};
	const struct http_request *request = connection->request;

	if (wanted && status == 405)
		headers[answer.n_headers++] = (struct http_header){"Allow", wanted};
	if (wanted && status == 401)
		headers[answer.n_headers++] = (struct http_header){"WWW-Authenticate", wanted};
	if (status == 503)
		headers[answer.n_headers++] = (struct http_header){"Retry-After", "10"};
	return answer_format(
		&answer, request && request->view.method == HTTP_HEAD, false, time(NULL), out);
}

static void end_request(struct connection *connection)
{
	request_destroy(connection->request);
	connection->request = NULL;
}

void output_refuse(struct connection *connection, int status, const char *wanted)
{
	char *bytes;
	size_t n = format(connection, status, wanted, &bytes);

	end_request(connection);
	connection->unread = true;
	begin(connection, bytes, n, status, true);
}

void output_dismiss(struct connection *connection, int status, enum http_close why)
{
	char *bytes;
	size_t put;
	size_t n = format(connection, status, NULL, &bytes);

	COUNT(connection->loop->server, answers[status / 100]);
	(void)wire_write(&connection->wire, bytes, n, &put);
	free(bytes);
	wire_shut(&connection->wire);
	connection_close(connection, why);
}

bool output_continue(struct connection *connection)
{
	static const char interim[] = "HTTP/1.1 100 Continue\r\n\r\n";
	size_t put = 0;

	/* Nothing else is on its way to the client: there is room, unless it is gone. */
	if (wire_write(&connection->wire, interim, sizeof(interim) - 1, &put) == WIRE_DONE &&
		put == sizeof(interim) - 1)
		return true;
	connection_close(connection, HTTP_CLOSE_PEER);
	return false;
}

void output_reply(struct http_request *request)
{
	struct connection *connection = request->connection;

	if (!connection) {
		request_destroy(request);
		return;
	}
	char *bytes = request->answer;
	size_t n = request->n_answer;
	int status = request->status;
	bool close = !request->keep_alive;

	request->answer = NULL;
	request_detach(request);
	request_destroy(request);
	begin(connection, bytes, n, status, close);
	connection_settle(connection);
}

void output_give_up(struct connection *connection)
{
	char *bytes;
	size_t n = format(connection, 503, NULL, &bytes);

	COUNT(connection->loop->server, closed[HTTP_CLOSE_DEADLINE]);
	request_detach(connection->request); /* the handler still has it */
	begin(connection, bytes, n, 503, true);
	connection_settle(connection);
}
