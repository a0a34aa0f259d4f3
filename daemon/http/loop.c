/* SPDX-License-Identifier: Apache-2.0 */
#include "connection_priv.h"

#include "base/xalloc.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <sys/eventfd.h>

#define SECOND_US INT64_C(1000000)
/* At a stop: how long a connection that has said nothing may still begin a request. */
#define STOP_HEAD_US SECOND_US

int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

void loop_wake(struct loop *loop)
{
	uint64_t one = 1;

	(void)!write(loop->wake_fd, &one, sizeof(one)); /* full is as good: it is awake */
}

static size_t n_connections(const struct loop *loop)
{
	size_t n = 0;

	for (int phase = 0; phase < PHASE_GONE; phase++)
		n += loop->n_phase[phase];
	return n;
}

static bool is_busy(const struct loop *loop)
{
	return n_connections(loop) > 0 || loop->accept_after_us > now_us() || loop->stopping;
}

static void set_pace(struct loop *loop, bool busy)
{
	struct timeval tick = {.tv_sec = busy ? 0 : IDLE_TICK_US / SECOND_US,
		.tv_usec = busy ? TICK_US : IDLE_TICK_US % SECOND_US};

	if (busy != loop->busy)
		(void)event_add(loop->tick, &tick);
	loop->busy = busy;
}

void loop_finish(struct loop *loop)
{
	struct requests replies;

	while (requests_take(loop, &replies)) {
		while (!STAILQ_EMPTY(&replies)) {
			struct http_request *request = STAILQ_FIRST(&replies);

			STAILQ_REMOVE_HEAD(&replies, link);
			output_reply(request);
		}
	}
	while (!TAILQ_EMPTY(&loop->phases[PHASE_GONE]))
		connection_free(TAILQ_FIRST(&loop->phases[PHASE_GONE]));
	accept_update(loop);
	if (is_busy(loop))
		set_pace(loop, true);
	if (loop->stopping && n_connections(loop) == 0)
		(void)event_base_loopbreak(loop->base);
}

/* Idle connections go; those that have said nothing get a moment to do so: a request may be on
 * its way. */
static void begin_stop(struct loop *loop)
{
	struct http_server *server = loop->server;
	int64_t began = now_us();
	struct connection *connection;

	accept_all(loop);
	loop->stopping = true;
	loop->stop_after_us = began + server->limits.drain_us;
	int64_t now = now_us();
	accept_update(loop);
	if (atomic_fetch_sub(&server->n_accepting, 1) == 1)
		listen_close(server, true);
	while ((connection = TAILQ_FIRST(&loop->phases[PHASE_IDLE])))
		connection_close(connection, HTTP_CLOSE_N);
	TAILQ_FOREACH(connection, &loop->phases[PHASE_HEAD], link)
	{
		if (!connection->request && connection->deadline_us > now + STOP_HEAD_US)
			connection->deadline_us = now + STOP_HEAD_US;
	}
}

static void check_stop(struct loop *loop)
{
	int stops = atomic_load(&loop->server->stops);

	if (stops > 0 && !loop->stopping)
		begin_stop(loop);
	if (stops > 1 || (loop->stopping && loop->stop_after_us <= now_us()))
		(void)event_base_loopbreak(loop->base);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
	struct loop *loop = context;
	uint64_t n;

	(void)what;
	(void)!read((int)fd, &n, sizeof(n));
	check_stop(loop);
	loop_finish(loop);
}

/* The first loop speaks for all of them. */
static void tick_handler(struct loop *loop, int64_t now)
{
	struct http_server *server = loop->server;

	if (!server->handler.on_tick || loop->index > 0 || now - loop->ticked_us < SECOND_US)
		return;
	for (size_t i = 1; i < server->n_running; i++) {
		if (now - atomic_load(&server->loops[i].seen_us) > 2 * SECOND_US)
			return;
	}
	loop->ticked_us = now;
	server->handler.on_tick(server->handler.context);
}

static void on_tick(evutil_socket_t fd, short what, void *context)
{
	struct loop *loop = context;
	int64_t now = now_us();

	(void)fd;
	(void)what;
	atomic_store(&loop->seen_us, now);
	evict_overdue(loop, now);
	tick_handler(loop, now);
	check_stop(loop);
	loop_finish(loop);
	/* A machine that sleeps is not woken five times a second to look at no connection. Only
	 * here, where the next tick begins anyway: put off by each connection that comes and
	 * goes, it would never come. */
	set_pace(loop, is_busy(loop));
}

static struct event_base *base_create(void)
{
	struct event_config *config = event_config_new();

	/* Nobody else touches a loop's base: it needs no locks (and none are set up). */
	(void)event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	struct event_base *base = event_base_new_with_config(config);
	event_config_free(config);
	assert(base); /* it fails for want of memory or descriptors, before we serve anybody */
	return base;
}

void loop_init(struct loop *loop, struct http_server *server, size_t index)
{
	loop->server = server;
	loop->index = index;
	for (int phase = 0; phase < PHASE_N; phase++)
		TAILQ_INIT(&loop->phases[phase]);
	STAILQ_INIT(&loop->replies);
	LIST_INIT(&loop->handed);
	for (int what = 0; what < CROWD_N_WHAT; what++)
		TAILQ_INIT(&loop->holding[what]);
	(void)pthread_mutex_init(&loop->lock, NULL);
	loop->scratch = xmalloc(SCRATCH_BYTES);
	loop->base = base_create();
	loop->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	assert(loop->wake_fd >= 0);
	loop->wake = event_new(loop->base, loop->wake_fd, EV_READ | EV_PERSIST, on_wake, loop);
	loop->tick = event_new(loop->base, -1, EV_PERSIST, on_tick, loop);
	accept_init(loop);
	atomic_store(&loop->seen_us, now_us());
}

void *loop_run(void *context)
{
	struct loop *loop = context;
	struct timeval tick = {.tv_usec = TICK_US};

	loop->thread = pthread_self();
	(void)pthread_setname_np(loop->thread, "front");
	loop->busy = true;
	(void)event_add(loop->wake, NULL);
	(void)event_add(loop->tick, &tick);
	accept_update(loop);
	(void)event_base_loop(loop->base, 0);
	return NULL;
}

/* Whoever is still served is not any more. */
static void drop_connections(struct loop *loop)
{
	while (!LIST_EMPTY(&loop->handed)) {
		struct http_request *request = LIST_FIRST(&loop->handed);

		if (request->connection)
			request_detach(request);
		request_destroy(request);
	}
	for (int phase = 0; phase < PHASE_GONE; phase++) {
		struct connection *connection;

		while ((connection = TAILQ_FIRST(&loop->phases[phase]))) {
			if (phase == PHASE_HANDLING)
				connection_enter(connection, PHASE_LINGER);
			connection_close(connection, HTTP_CLOSE_N);
		}
	}
	while (!TAILQ_EMPTY(&loop->phases[PHASE_GONE]))
		connection_free(TAILQ_FIRST(&loop->phases[PHASE_GONE]));
}

void loop_clear(struct loop *loop)
{
	drop_connections(loop);
	accept_clear(loop);
	event_free(loop->tick);
	event_free(loop->wake);
	(void)close(loop->wake_fd);
	event_base_free(loop->base);
	free(loop->scratch);
	(void)pthread_mutex_destroy(&loop->lock);
}
