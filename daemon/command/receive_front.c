/* SPDX-License-Identifier: Apache-2.0 */
#include "notify.h"
#include "receive.h"
#include "route.h"

#include "base/heap.h"
#include "base/log.h"
#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

/* The reader refuses more. */
#define MOST_HEADERS 100

/* A refusal is logged once in this time for an endpoint and reason, with their number. */
#define REFUSAL_LOG_US INT64_C(10000000)

/* How long a sender that may try again should wait (RFC 9110 section 10.2.3). */
#define RETRY_AFTER_S "10"

/* The watchdog is fed only while both of these have come round lately. */
#define LEDGER_BEAT_US INT64_C(30000000)
#define CONTROL_BEAT_US INT64_C(10000000)

/* What authentication looks at; the texts live here or in the request. */
struct credentials {
	struct header headers[MOST_HEADERS];
	char path_token[ROUTE_TOKEN_MAX];
	char query_token[ROUTE_TOKEN_MAX];
	struct auth_request request;
};

/* What of them is here. */
static void credentials_wipe(struct credentials *credentials)
{
	explicit_bzero(credentials->path_token, sizeof(credentials->path_token));
	explicit_bzero(credentials->query_token, sizeof(credentials->query_token));
}

static void gather(
	const struct http_view *view, const struct route *route, struct credentials *out)
{
	size_t n = view->n_headers < MOST_HEADERS ? view->n_headers : MOST_HEADERS;

	for (size_t i = 0; i < n; i++)
		out->headers[i] = (struct header){
			.name = view->headers[i].name, .value = view->headers[i].value};
	out->request = (struct auth_request){
		.headers = out->headers,
		.n_headers = n,
		.path_token = route->token
			? route_decode(route->token, strlen(route->token), out->path_token)
			: NULL,
		.query_token = route_query_token(view->query, out->query_token),
		.body = view->body,
		.n_body = view->n_body,
		.now_us = receive_clock_us(CLOCK_REALTIME),
	};
}

static uint64_t count_refusal(struct endpoint_tally *tally, const char *reason, bool *log)
{
	int64_t now = receive_clock_us(CLOCK_MONOTONIC);

	for (size_t i = 0; i < ENDPOINT_N_REASONS; i++) {
		const char *seen = NULL;

		if (!atomic_compare_exchange_strong(&tally->refused[i].reason, &seen, reason) &&
			strcmp(seen, reason) != 0)
			continue;
		int64_t logged = atomic_load(&tally->refused[i].logged_us);
		*log = (!logged || now - logged > REFUSAL_LOG_US) &&
			atomic_compare_exchange_strong(
				&tally->refused[i].logged_us, &logged, now);
		return atomic_fetch_add(&tally->refused[i].n, 1) + 1;
	}
	return 0;
}

static void note_refusal(
	const struct endpoint *endpoint, const struct http_view *view, const char *reason)
{
	bool log = false;
	uint64_t n = count_refusal(endpoint->tally, reason, &log);

	if (log)
		log_warn("webhook endpoint=%s status=401 reason=%s peer=%s refused_so_far=%llu",
			endpoint->name, reason, view->peer, (unsigned long long)n);
}

/* Is there anything there, for this listener? */
static bool is_served(const struct receiver *receiver, const struct http_view *view,
	const struct route *route)
{
	if (view->listener == RECEIVE_LISTENER_METRICS)
		return route->place != ROUTE_WEBHOOK && route->place != ROUTE_NOWHERE;
	if (route->place == ROUTE_METRICS)
		return !receiver->metrics_apart;
	return route->place != ROUTE_NOWHERE;
}

static int head_of_webhook(struct receiver *receiver, const struct http_view *view,
	const struct route *route, const char **challenge)
{
	CLEANUP(endpoint_set_dropp) struct endpoint_set *set = receiver_endpoints(receiver);
	const struct endpoint *endpoint =
		endpoint_find(set, route->endpoint, route->n_endpoint);
	CLEANUP(credentials_wipe) struct credentials credentials;

	if (!endpoint || (route->token && endpoint->method != AUTH_PATH))
		return 404;
	if (view->method != HTTP_POST)
		return 0;
	gather(view, route, &credentials);
	if (auth_may_succeed(endpoint->keys, &credentials.request))
		return 0;
	note_refusal(endpoint, view, "no_credentials");
	*challenge = auth_method_challenge(endpoint->method);
	return 401;
}

static int on_head(void *context, struct http_request *request, const char **wanted)
{
	struct receiver *receiver = context;
	const struct http_view *view = http_request_view(request);
	struct route route = route_find(view->path);

	if (!is_served(receiver, view, &route))
		return 404;
	if (route.place == ROUTE_WEBHOOK) {
		/* 404 before 405: what is not there allows nothing. */
		int status = view->method == HTTP_OTHER
			? 0
			: head_of_webhook(receiver, view, &route, wanted);
		if (status)
			return status;
	}
	if (route_allows(route.place, view->method))
		return 0;
	*wanted = route_allow(route.place);
	return 405;
}

static void answer_text(struct http_request *request, int status, const char *text)
{
	const struct http_answer answer = {
		.status = status,
		.content_type = "text/plain; charset=utf-8",
		.body = text,
		.n_body = strlen(text),
	};

	http_reply(request, &answer);
}

/* The handshake of CloudEvents' webhooks: may this origin deliver here? Who may is decided by
 * its signature or token alone. */
static void answer_options(struct http_request *request)
{
	const char *origin = http_request_header(request, "webhook-request-origin");
	const struct http_header headers[] = {
		{"Allow", route_allow(ROUTE_WEBHOOK)},
		{"WebHook-Allowed-Origin", origin},
		{"WebHook-Allowed-Rate", "*"},
	};
	const struct http_answer answer = {
		.status = 200,
		.headers = headers,
		.n_headers = origin ? ARRAY_LEN(headers) : 1,
	};

	http_reply(request, &answer);
}

/* A request that waits for its commit. */
struct pending {
	struct receiver *receiver;
	struct http_request *request;
	struct endpoint_tally *tally;
	bool keep_alive;
	size_t n_body;
	int64_t began_us;
};

/* As at the head's stage, whatever was wrong. */
static void answer_unauthorized(struct http_request *request, enum auth_method method)
{
	const struct http_header headers[] = {
		{"WWW-Authenticate", auth_method_challenge(method)}};
	const struct http_answer answer = {
		.status = 401, .headers = headers, .n_headers = ARRAY_LEN(headers)};

	http_reply(request, &answer);
}

static void answer_unavailable(struct http_request *request)
{
	static const struct http_header headers[] = {{"Retry-After", RETRY_AFTER_S}};
	const struct http_answer answer = {
		.status = 503, .headers = headers, .n_headers = ARRAY_LEN(headers)};

	http_reply(request, &answer);
}

/* From a thread of the ledger. Only LEDGER_DONE is a 200. */
static void on_kept(void *context, enum ledger_result result, int64_t seq)
{
	struct pending *pending = context;
	struct endpoint_tally *tally = pending->tally;
	int64_t took_us = receive_clock_us(CLOCK_MONOTONIC) - pending->began_us;

	if (result == LEDGER_DONE) {
		char name[LEDGER_NAME_MAX];

		http_reply_later(pending->request, 200, pending->keep_alive);
		ledger_name(pending->receiver->ledger, seq, name);
		atomic_fetch_add(&tally->n_kept, 1);
		atomic_fetch_add(&tally->n_bytes, pending->n_body);
		atomic_store(&tally->last_us, receive_clock_us(CLOCK_REALTIME));
		log_info("webhook endpoint=%s status=200 delivery=%s bytes=%zu us=%lld",
			tally->name, name, pending->n_body, (long long)took_us);
	} else {
		answer_unavailable(pending->request);
		atomic_fetch_add(&tally->n_unavailable, 1);
		log_error("webhook endpoint=%s status=503 reason=ledger_%s bytes=%zu us=%lld",
			tally->name, ledger_result_name(result), pending->n_body,
			(long long)took_us);
	}
	free(pending);
}

static void keep(struct receiver *receiver, const struct endpoint *endpoint,
	struct http_request *request, const struct credentials *credentials)
{
	const char *id_header = source_delivery_header(endpoint->source);
	struct header kept[MOST_HEADERS];
	struct ledger_entry entry = {
		.endpoint = endpoint->name,
		.source = source_name(endpoint->source),
		.delivery_id = id_header ? http_request_header(request, id_header) : NULL,
		.headers = kept,
		.free_body = http_body_free,
		.received_us = credentials->request.now_us,
	};
	struct pending *pending = xcalloc(1, sizeof(*pending));

	for (size_t i = 0; i < credentials->request.n_headers; i++) {
		if (source_keeps_header(endpoint->source, credentials->headers[i].name))
			kept[entry.n_headers++] = credentials->headers[i];
	}
	entry.body = http_request_take_body(request, &entry.n_body);
	*pending = (struct pending){
		.receiver = receiver,
		.request = request,
		.tally = endpoint->tally,
		.keep_alive = endpoint->keep_alive,
		.n_body = entry.n_body,
		.began_us = receive_clock_us(CLOCK_MONOTONIC),
	};
	ledger_keep(receiver->ledger, &entry, on_kept, pending);
}

static void on_post(
	struct receiver *receiver, struct http_request *request, const struct route *route)
{
	CLEANUP(endpoint_set_dropp) struct endpoint_set *set = receiver_endpoints(receiver);
	const struct http_view *view = http_request_view(request);
	const struct endpoint *endpoint =
		endpoint_find(set, route->endpoint, route->n_endpoint);
	CLEANUP(credentials_wipe) struct credentials credentials;

	if (!endpoint) { /* a reload took it away meanwhile */
		http_reply_later(request, 404, false);
		return;
	}
	gather(view, route, &credentials);
	struct auth_result result = authenticate(endpoint->keys, &credentials.request);
	if (!result.ok) {
		note_refusal(endpoint, view, result.reason);
		answer_unauthorized(request, endpoint->method);
		return;
	}
	if (result.secret >= 0) {
		size_t slot = (size_t)result.secret < ENDPOINT_N_SECRETS - 1
			? (size_t)result.secret
			: ENDPOINT_N_SECRETS - 1;
		atomic_fetch_add(&endpoint->tally->verified_by[slot], 1);
	}
	keep(receiver, endpoint, request, &credentials);
}

static void on_webhook(
	struct receiver *receiver, struct http_request *request, const struct route *route)
{
	switch (http_request_view(request)->method) {
	case HTTP_POST:
		on_post(receiver, request, route);
		return;
	case HTTP_OPTIONS:
		answer_options(request);
		return;
	case HTTP_GET:
	case HTTP_HEAD:
	case HTTP_OTHER:
		/* Trello asks before it begins, and people look. */
		answer_text(request, 200, "webhooks are received here\n");
		return;
	}
	__builtin_unreachable();
}

static void on_request(void *context, struct http_request *request)
{
	struct receiver *receiver = context;
	struct route route = route_find(http_request_view(request)->path);
	const char *trouble;

	switch (route.place) {
	case ROUTE_WEBHOOK:
		on_webhook(receiver, request, &route);
		return;
	case ROUTE_METRICS:
		receive_metrics(receiver, request);
		return;
	case ROUTE_READYZ:
		trouble = receive_trouble(receiver);
		answer_text(request, trouble ? 503 : 200, trouble ? trouble : "ready\n");
		return;
	case ROUTE_HEALTHZ:
		answer_text(request, 200, "alive\n");
		return;
	case ROUTE_NOWHERE:
		http_reply_later(request, 404, false);
		return;
	}
	__builtin_unreachable();
}

/* What the front took for its busy hour, of which others hold nothing any more. */
static void rest(struct receiver *receiver, uint64_t n_kept)
{
	bool busy = n_kept != receiver->n_kept;

	if (!busy && !receiver->rested)
		heap_rest();
	receiver->rested = !busy;
	receiver->n_kept = n_kept;
}

/* Each second, from the front's own loop: a hang there stops the feeding by itself. */
static void on_tick(void *context)
{
	struct receiver *receiver = context;
	struct ledger_health health;
	int64_t control = receive_clock_us(CLOCK_MONOTONIC) - atomic_load(&receiver->beat_us);

	ledger_health(receiver->ledger, &health);
	if (health.beat_age_us < LEDGER_BEAT_US && control < CONTROL_BEAT_US)
		notify_alive();
	rest(receiver, health.n_kept);
}

struct http_handler receive_handler(struct receiver *receiver)
{
	return (struct http_handler){
		.context = receiver,
		.on_head = on_head,
		.on_request = on_request,
		.on_tick = on_tick,
	};
}
