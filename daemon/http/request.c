/* SPDX-License-Identifier: Apache-2.0 */
#include "connection_priv.h"

#include "answer_priv.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "http/reader.h"
#include "proxy_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WARN_EVERY_US INT64_C(10000000)
#define FORWARDED_MAX 16 /* X-Forwarded-For fields that are looked at, from the last */

struct http_request *request_create(struct connection *connection)
{
	struct http_request *request = xcalloc(1, sizeof(*request));

	request->loop = connection->loop;
	request->connection = connection;
	request->reader = http_reader_create(connection->loop->server->limits.body_bytes);
	request->body = BODY_EMPTY;
	return request;
}

/* Among those that may have to go, or not. */
static void list_as_holding(struct http_request *request, enum crowd_what what, bool holding)
{
	struct holders *list = &request->loop->holding[what];

	if (holding && !request->is_holding[what])
		TAILQ_INSERT_TAIL(list, request, holding_link[what]);
	else if (!holding && request->is_holding[what])
		TAILQ_REMOVE(list, request, holding_link[what]);
	request->is_holding[what] = holding;
}

static void charge(struct http_request *request, enum crowd_what what, size_t n)
{
	struct counters *counters = &request->loop->server->counters;
	struct crowd_member *member = request->connection ? request->connection->member : NULL;
	int64_t change = (int64_t)n - (int64_t)request->held[what];

	list_as_holding(request, what, n > 0 && !request->handed);
	if (change == 0)
		return;
	atomic_fetch_add_explicit(what == CROWD_MEMORY ? &counters->memory : &counters->files,
		change, memory_order_relaxed);
	if (member)
		crowd_hold(member, what, change);
	request->held[what] = n;
}

/* With what was read ahead of the next one, which waits for this one's answer. */
static size_t memory_of(const struct http_request *request)
{
	return http_reader_memory(request->reader) + body_memory(&request->body) +
		request->connection->n_ahead;
}

void request_detach(struct http_request *request)
{
	struct crowd_member *member = request->connection->member;

	for (int what = 0; member && what < CROWD_N_WHAT; what++)
		crowd_hold(member, (enum crowd_what)what, -(int64_t)request->held[what]);
	request->connection->request = NULL;
	request->connection = NULL;
}

void request_destroy(struct http_request *request)
{
	if (!request)
		return;

	const struct http_handler *handler = &request->loop->server->handler;
	if (request->handed) {
		LIST_REMOVE(request, handed_link);
		GAUGE(request->loop->server, handled, -(int64_t)request->held[CROWD_MEMORY]);
	} else if (request->agreed && handler->on_drop) {
		handler->on_drop(handler->context, request);
	}
	charge(request, CROWD_MEMORY, 0);
	charge(request, CROWD_FILES, 0);
	if (!request->taken)
		body_clear(&request->body);
	http_reader_destroy(request->reader);
	free(request->answer);
	free(request);
}

/* The client's address, as the last trusted one tells it. */
static void tell_peer(struct http_request *request)
{
	const struct connection *connection = request->connection;
	struct address address = connection->peer;
	const char *values[FORWARDED_MAX];
	size_t n = 0;
	size_t first = FORWARDED_MAX;

	for (size_t i = request->view.n_headers; connection->via_proxy && i > 0 && first > 0;
		i--) {
		if (strcmp(request->view.headers[i - 1].name, "x-forwarded-for") == 0) {
			values[--first] = request->view.headers[i - 1].value;
			n++;
		}
	}
	proxy_forwarded_for(&connection->loop->server->trusted, values + first, n, &address);
	address_text(&address, request->peer);
}

int request_agree(struct http_request *request, const char **wanted)
{
	const struct connection *connection = request->connection;
	const struct http_handler *handler = &request->loop->server->handler;

	request->view = *http_reader_view(request->reader);
	request->view.peer = request->peer;
	request->view.via_proxy = connection->via_proxy;
	request->view.tls = connection->wire.ssl != NULL;
	request->view.listener = connection->listener->tag;
	tell_peer(request);

	int status = handler->on_head(handler->context, request, wanted);
	request->agreed = status == 0;
	return status;
}

static void warn(struct loop *loop, const struct error *err)
{
	int64_t now = now_us();

	if (now - loop->warned_us < WARN_EVERY_US)
		return;
	loop->warned_us = now;
	log_warn("http answered=503 reason=%s", LOG_QUOTE(err->text));
}

/* At a cap the largest of the address that holds most goes, which may be this one. */
static void make_room(struct http_server *server, struct loop *loop)
{
	const struct http_limits *limits = &server->limits;

	if (atomic_load(&server->counters.memory) > limits->in_flight_bytes)
		evict_largest(loop, CROWD_MEMORY);
	if (atomic_load(&server->counters.files) > limits->spool_bytes)
		evict_largest(loop, CROWD_FILES);
}

bool request_append(struct http_request *request, const struct http_data *data)
{
	struct loop *loop = request->loop;
	bool was_file = body_file(&request->body) > 0;

	if (!body_append(&request->body, data->bytes, data->n, request->view.content_length,
		    loop->server->spool_folder, &loop->spool_err)) {
		warn(loop, &loop->spool_err);
		loop->spool_err = (struct error){0};
		output_refuse(request->connection, 503, NULL);
		return false;
	}
	if (!was_file && body_file(&request->body) > 0)
		COUNT(loop->server, spooled);
	return true;
}

bool request_settle(struct http_request *request)
{
	struct connection *connection = request->connection;
	size_t memory = memory_of(request);
	size_t file = body_file(&request->body);

	if (memory == request->held[CROWD_MEMORY] && file == request->held[CROWD_FILES])
		return true;
	charge(request, CROWD_MEMORY, memory);
	charge(request, CROWD_FILES, file);
	make_room(request->loop->server, request->loop);
	return connection->phase != PHASE_GONE;
}

void request_hand_over(struct http_request *request)
{
	struct loop *loop = request->loop;
	struct connection *connection = request->connection;
	const struct http_handler *handler = &loop->server->handler;
	struct error err = {0};

	if (!body_finish(&request->body, loop->server->spool_folder, &err)) {
		warn(loop, &err);
		output_refuse(connection, 503, NULL);
		return;
	}
	request->handed = true;
	charge(request, CROWD_MEMORY, memory_of(request));
	charge(request, CROWD_FILES, body_file(&request->body));
	request->view.body = request->body.bytes;
	request->view.n_body = request->body.n;
	LIST_INSERT_HEAD(&loop->handed, request, handed_link);
	GAUGE(loop->server, handled, (int64_t)request->held[CROWD_MEMORY]);
	COUNT(loop->server, requests);
	connection_enter(connection, PHASE_HANDLING);
	handler->on_request(handler->context, request);
}

const struct http_view *http_request_view(const struct http_request *request)
{
	return &request->view;
}

const char *http_request_header(const struct http_request *request, const char *name)
{
	for (size_t i = 0; i < request->view.n_headers; i++) {
		if (strcmp(request->view.headers[i].name, name) == 0)
			return request->view.headers[i].value;
	}
	return NULL;
}

char *http_request_take_body(struct http_request *request, size_t *out_n)
{
	assert(request->handed && !request->taken);
	request->taken = true;
	body_rest(&request->body);
	*out_n = request->body.n;
	return request->body.bytes;
}

bool requests_take(struct loop *loop, struct requests *out)
{
	STAILQ_INIT(out);
	(void)pthread_mutex_lock(&loop->lock);
	STAILQ_CONCAT(out, &loop->replies);
	(void)pthread_mutex_unlock(&loop->lock);
	return !STAILQ_EMPTY(out);
}

void http_reply(struct http_request *request, const struct http_answer *answer)
{
	struct loop *loop = request->loop;

	assert(request->handed && !request->answer);
	request->status = answer->status;
	request->keep_alive = answer->keep_alive && !http_reader_wants_close(request->reader) &&
		atomic_load(&loop->server->stops) == 0;
	request->n_answer = answer_format(answer, request->view.method == HTTP_HEAD,
		request->keep_alive, time(NULL), &request->answer);

	(void)pthread_mutex_lock(&loop->lock);
	bool first = STAILQ_EMPTY(&loop->replies);
	STAILQ_INSERT_TAIL(&loop->replies, request, link);
	(void)pthread_mutex_unlock(&loop->lock);
	/* In the loop's own thread the callback that we are in takes it up when it ends. */
	if (first && !pthread_equal(loop->thread, pthread_self()))
		loop_wake(loop);
}

void http_reply_later(struct http_request *request, int status, bool keep_alive)
{
	struct http_answer answer = {.status = status, .keep_alive = keep_alive};

	http_reply(request, &answer);
}
