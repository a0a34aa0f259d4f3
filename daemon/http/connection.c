/* SPDX-License-Identifier: Apache-2.0 */
#include "connection_priv.h"

#include "base/xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LINGER_US INT64_C(2000000)

static void on_reading(evutil_socket_t fd, short what, void *context)
{
	struct connection *connection = context;
	struct loop *loop = connection->loop;

	(void)fd;
	(void)what;
	input_ready(connection);
	connection_settle(connection);
	loop_finish(loop);
}

static void on_writing(evutil_socket_t fd, short what, void *context)
{
	struct connection *connection = context;
	struct loop *loop = connection->loop;

	(void)fd;
	(void)what;
	if (connection->phase == PHASE_HANDSHAKE)
		input_ready(connection);
	else
		output_ready(connection);
	connection_settle(connection);
	loop_finish(loop);
}

static void set(struct event *it, bool wanted)
{
	bool pending = event_pending(it, EV_READ | EV_WRITE, NULL);

	if (wanted && !pending)
		(void)event_add(it, NULL);
	else if (!wanted && pending)
		(void)event_del(it);
}

static void want(struct connection *connection, bool read, bool write)
{
	set(&connection->reading, read);
	set(&connection->writing, write);
}

void connection_rest(struct connection *connection)
{
	want(connection, false, false);
}

static int64_t patience(const struct connection *connection, enum phase phase)
{
	const struct http_limits *limits = &connection->loop->server->limits;

	switch (phase) {
	case PHASE_PROXY:
	case PHASE_HANDSHAKE:
		return limits->handshake_us;
	case PHASE_HEAD:
		return limits->header_us;
	case PHASE_BODY:
		return limits->body_us;
	case PHASE_HANDLING:
		return limits->answer_us;
	case PHASE_WRITING:
		return limits->write_us;
	case PHASE_LINGER:
		return LINGER_US;
	case PHASE_IDLE:
		return limits->idle_us;
	case PHASE_GONE:
	case PHASE_N:
		break;
	}
	return 0;
}

/* Events are set when a callback is over, not in between: most requests are read and answered
 * without one. */
void connection_settle(struct connection *connection)
{
	switch (connection->phase) {
	case PHASE_PROXY:
	case PHASE_HEAD:
	case PHASE_BODY:
	case PHASE_LINGER:
	case PHASE_IDLE:
		want(connection, true, false);
		return;
	case PHASE_HANDSHAKE:
	case PHASE_WRITING:
		want(connection, connection->next == WIRE_WANTS_READ,
			connection->next == WIRE_WANTS_WRITE);
		return;
	case PHASE_HANDLING: /* if more comes meanwhile, input_ready() stops it: it is rare */
	case PHASE_GONE:
	case PHASE_N:
		return;
	}
}

static void move(struct connection *connection, enum phase phase)
{
	struct loop *loop = connection->loop;

	TAILQ_REMOVE(&loop->phases[connection->phase], connection, link);
	loop->n_phase[connection->phase]--;
	if (connection->phase == PHASE_HANDSHAKE)
		GAUGE(loop->server, handshakes, -1);
	TAILQ_INSERT_TAIL(&loop->phases[phase], connection, link);
	loop->n_phase[phase]++;
	if (phase == PHASE_HANDSHAKE)
		GAUGE(loop->server, handshakes, 1);
	connection->phase = phase;
}

void connection_enter(struct connection *connection, enum phase phase)
{
	int64_t now = now_us();
	/* One deadline from accept to the end of the handshake. */
	bool goes_on = connection->phase == PHASE_PROXY && phase == PHASE_HANDSHAKE;

	assert(connection->phase != PHASE_GONE);
	move(connection, phase);
	connection->since_us = now;
	if (!goes_on)
		connection->deadline_us = now + patience(connection, phase);
}

static bool is_counted(const struct connection *connection)
{
	return connection->peer.family != AF_UNIX &&
		!networks_hold(&connection->loop->server->trusted, &connection->peer);
}

/* The loop's share of the cap by address. False: the connection is gone. */
static bool count_peer(struct connection *connection)
{
	struct http_server *server = connection->loop->server;
	size_t n;

	if (!is_counted(connection))
		return true;
	connection->member = crowd_enter(server->crowd, &connection->peer, &n);
	if (n <= server->limits.per_address)
		return true;
	if (evict_worst(connection->loop, connection, HTTP_CLOSE_ADDRESS))
		return true;
	connection_close(connection, HTTP_CLOSE_ADDRESS);
	return false;
}

static bool start_tls(struct connection *connection)
{
	struct http_server *server = connection->loop->server;

	(void)pthread_mutex_lock(&server->tls_lock);
	bool begun = tls_begin(&connection->wire, server->tls);
	(void)pthread_mutex_unlock(&server->tls_lock);
	return begun;
}

/* The client's own address is known: count it, and let it begin. */
void connection_begin(struct connection *connection)
{
	struct loop *loop = connection->loop;

	if (!count_peer(connection))
		return;
	if (!connection->listener->tls) {
		connection_enter(connection, PHASE_HEAD);
		return;
	}
	if (loop->n_phase[PHASE_HANDSHAKE] >= loop->server->limits.handshakes)
		evict_worst_handshake(loop);
	if (start_tls(connection))
		connection_enter(connection, PHASE_HANDSHAKE);
	else
		connection_close(connection, HTTP_CLOSE_TLS);
}

void connection_open(
	struct loop *loop, const struct listener *listener, int fd, const struct address *peer)
{
	struct http_server *server = loop->server;
	struct connection *connection = xcalloc(1, sizeof(*connection));
	int64_t before = GAUGE(server, connections, 1);

	COUNT(server, accepted);
	connection->loop = loop;
	connection->listener = listener;
	connection->peer = *peer;
	connection->via_proxy = networks_hold(&server->trusted, peer);
	connection->wire.fd = fd;
	event_assign(&connection->reading, loop->base, fd, EV_READ | EV_PERSIST, on_reading,
		connection);
	event_assign(&connection->writing, loop->base, fd, EV_WRITE | EV_PERSIST, on_writing,
		connection);

	connection->phase = PHASE_PROXY;
	TAILQ_INSERT_TAIL(&loop->phases[PHASE_PROXY], connection, link);
	loop->n_phase[PHASE_PROXY]++;
	connection->since_us = now_us();
	connection->deadline_us = connection->since_us + server->limits.handshake_us;

	if (before >= (int64_t)server->limits.connections &&
		!evict_worst(loop, connection, HTTP_CLOSE_CONNECTIONS)) {
		connection_close(connection, HTTP_CLOSE_CONNECTIONS);
		return;
	}
	if (!server->proxy_protocol || !connection->via_proxy)
		connection_begin(connection);
	input_ready(connection); /* often there already */
	connection_settle(connection);
}

void connection_forget_ahead(struct connection *connection)
{
	if (connection->ahead)
		explicit_bzero(connection->ahead, connection->n_ahead);
	free(connection->ahead);
	connection->ahead = NULL;
	connection->n_ahead = 0;
}

void connection_close(struct connection *connection, enum http_close why)
{
	struct http_server *server = connection->loop->server;

	assert(connection->phase != PHASE_GONE && connection->phase != PHASE_HANDLING);
	if (why != HTTP_CLOSE_N)
		COUNT(server, closed[why]);
	(void)event_del(&connection->reading);
	(void)event_del(&connection->writing);
	wire_close(&connection->wire);
	request_destroy(connection->request);
	connection->request = NULL;
	connection_forget_ahead(connection);
	if (connection->member)
		crowd_leave(server->crowd, connection->member);
	connection->member = NULL;
	move(connection, PHASE_GONE);
	GAUGE(server, connections, -1);
}

void connection_free(struct connection *connection)
{
	TAILQ_REMOVE(&connection->loop->phases[PHASE_GONE], connection, link);
	connection->loop->n_phase[PHASE_GONE]--;
	free(connection->out);
	free(connection);
}
