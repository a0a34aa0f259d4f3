/* SPDX-License-Identifier: Apache-2.0 */
#include "connection_priv.h"

#include "base/log.h"
#include "base/xalloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define WARN_EVERY_US INT64_C(10000000)
#define STOP_ACCEPT_US INT64_C(1000000)

/* The handler has so much that whatever works it off must be behind. */
static bool is_behind(struct http_server *server)
{
	return atomic_load(&server->counters.handled) > server->limits.in_flight_bytes / 2;
}

static bool may_accept(struct loop *loop)
{
	return !loop->stopping && !atomic_load(&loop->server->paused) &&
		!is_behind(loop->server) && loop->accept_after_us <= now_us();
}

void accept_update(struct loop *loop)
{
	bool accepting = may_accept(loop);

	if (accepting == loop->accepting)
		return;
	loop->accepting = accepting;
	for (size_t i = 0; i < loop->server->n_listeners; i++) {
		if (accepting)
			(void)event_add(loop->accepts[i], NULL);
		else
			(void)event_del(loop->accepts[i]);
	}
}

static bool is_shortage(int why)
{
	return why == EMFILE || why == ENFILE || why == ENOBUFS || why == ENOMEM;
}

/* No descriptor: one is freed by closing the worst connection; if there is none to close, we
 * leave the rest in the backlog for a while, without turning round in the loop. */
static bool make_room(struct loop *loop, int why)
{
	int64_t now = now_us();

	COUNT(loop->server, accept_errors);
	if (now - loop->warned_us > WARN_EVERY_US) {
		loop->warned_us = now;
		log_warn("http accept=failed reason=%s connections=%lld, closing the worst; "
			 "raise the limit of open files (LimitNOFILE) if this is no attack",
			LOG_QUOTE(strerrordesc_np(why)),
			(long long)atomic_load(&loop->server->counters.connections));
	}
	if (evict_worst(loop, NULL, HTTP_CLOSE_CONNECTIONS))
		return true;
	loop->accept_after_us = now + ACCEPT_PAUSE_US;
	accept_update(loop);
	return false;
}

/* False: there is none for now. */
static bool accept_one(struct loop *loop, const struct listener *listener)
{
	struct sockaddr_storage from = {0};
	socklen_t n = sizeof(from);
	int fd = accept4(
		listener->fd, (struct sockaddr *)&from, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		if (listener->is_unix)
			from.ss_family = AF_UNIX;
		struct address peer = address_of(&from);
		connection_open(loop, listener, fd, &peer);
		return true;
	}
	if (errno == EAGAIN)
		return false;
	if (is_shortage(errno))
		return make_room(loop, errno);
	return true; /* ECONNABORTED, EINTR and what else happened to one connection */
}

static void on_accept(evutil_socket_t fd, short what, void *context)
{
	struct loop *loop = context;
	const struct listener *listener = loop->server->listeners;

	(void)what;
	while (listener->fd != fd)
		listener++;
	for (int i = 0; i < ACCEPT_BATCH && loop->accepting; i++) {
		if (!accept_one(loop, listener))
			break;
	}
	loop_finish(loop);
}

/* No more than could wait when we began, and not for long: who comes faster than we accept must
 * not put the stop off for ever. */
void accept_all(struct loop *loop)
{
	int64_t until = now_us() + STOP_ACCEPT_US;

	for (size_t i = 0; i < loop->server->n_listeners; i++) {
		const struct listener *listener = &loop->server->listeners[i];

		for (int n = 0; n <= BACKLOG && !listener->inherited && now_us() < until; n++) {
			if (!accept_one(loop, listener))
				break;
		}
	}
}

void accept_init(struct loop *loop)
{
	struct http_server *server = loop->server;

	loop->accepts = xcalloc(server->n_listeners, sizeof(struct event *));
	for (size_t i = 0; i < server->n_listeners; i++)
		loop->accepts[i] = event_new(loop->base, server->listeners[i].fd,
			EV_READ | EV_PERSIST, on_accept, loop);
}

void accept_clear(struct loop *loop)
{
	for (size_t i = 0; i < loop->server->n_listeners; i++)
		event_free(loop->accepts[i]);
	free(loop->accepts);
}
