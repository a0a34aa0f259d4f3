/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/portal.h"

#include "base/log.h"
#include "base/xalloc.h"
#include "event/digest.h"
#include "portal_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* Each has a connection to Postgres. Pages take a few milliseconds, mostly there. */
#define WORKERS 4

/* Requests that wait for a worker; more are told to come again. */
#define MOST_WAITING 1024

/* A page that Postgres takes longer for is not coming. */
#define STATEMENT_TIMEOUT_S 10

enum {
	LISTENER_ALL, /* pages, and /metrics unless that has its own */
	LISTENER_METRICS,
};

/* Nobody sends the portal anything but questions. */
#define MOST_BODY 4096

#define ETAG_HEX 32 /* of the SHA-256: no two pages are alike by chance */

struct worker {
	struct portal *portal;
	pthread_t thread;
	struct store *store;
};

struct portal {
	struct http_server *server;
	pthread_rwlock_t settings_lock;
	struct settings settings;
	struct portal_counts counts;
	struct keep *keep;
	bool metrics_apart;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t woken;
	struct http_request *waiting[MOST_WAITING]; /* a ring */
	size_t first;
	size_t n_waiting;
	bool stopping;

	struct worker workers[WORKERS];
	size_t n_workers;
};

bool portal_reload(struct portal *portal, const struct config *config, struct error *err)
{
	struct settings made;

	if (!settings_init(&made, config, err))
		return false;
	(void)pthread_rwlock_wrlock(&portal->settings_lock);
	struct settings old = portal->settings;
	portal->settings = made;
	(void)pthread_rwlock_unlock(&portal->settings_lock);
	settings_clear(&old);
	return true;
}

/* ---- one answer ---- */

/* Whether If-None-Match names this very page (RFC 9110 section 13.1.2). */
static bool is_known(const struct http_request *request, const char *etag)
{
	const char *known = http_request_header(request, "if-none-match");

	for (const char *rest = known; rest && *rest;) {
		rest += strspn(rest, " \t,");
		if (*rest == '*' || strncmp(rest, etag, strlen(etag)) == 0)
			return true;
		if (strncmp(rest, "W/", 2) == 0 && strncmp(rest + 2, etag, strlen(etag)) == 0)
			return true;
		rest += strcspn(rest, ",");
	}
	return false;
}

struct headers {
	struct http_header list[16];
	size_t n;
};

static void add(struct headers *headers, const char *name, const char *value)
{
	if (value)
		headers->list[headers->n++] = (struct http_header){name, value};
}

/* What every answer says about how it may be used. */
static void add_common(struct headers *headers, const struct visit *visit)
{
	add(headers, "X-Content-Type-Options", "nosniff");
	add(headers, "Referrer-Policy", "no-referrer");
	add(headers, "Content-Security-Policy", visit->policy);
	add(headers, "Cache-Control", visit->cache);
	add(headers, "Location", visit->location);
	add(headers, "Link", visit->link);
	if (visit->for_all) {
		add(headers, "Access-Control-Allow-Origin", "*");
		add(headers, "Access-Control-Allow-Headers", "authorization, x-correlation-id");
		add(headers, "Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
	}
	if (visit->status == 401)
		add(headers, "WWW-Authenticate", "Basic realm=\"dorad\", charset=\"UTF-8\"");
	if (visit->status == 503)
		add(headers, "Retry-After", "5");
}

static void reply(struct http_request *request, const struct visit *visit)
{
	struct headers headers = {0};
	char hex[DIGEST_HEX_MAX];
	char etag[ETAG_HEX + 3] = "";
	struct http_answer answer = {.status = visit->status,
		.content_type = visit->type,
		.body = visit->body,
		.n_body = visit->n_body,
		.keep_alive = true};

	add_common(&headers, visit);
	if (visit->status == 200 && strcmp(visit->cache, "no-store") != 0) {
		digest_hex(visit->body, visit->n_body, hex);
		(void)snprintf(etag, sizeof(etag), "\"%.*s\"", ETAG_HEX, hex);
		add(&headers, "ETag", etag);
		if (is_known(request, etag))
			answer.status = 304;
	}
	answer.headers = headers.list;
	answer.n_headers = headers.n;
	http_reply(request, &answer);
}

static int64_t now_us(clockid_t clock)
{
	struct timespec now;

	(void)clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool is_public(enum route_page page)
{
	return page == ROUTE_HEALTH || page == ROUTE_READY || page == ROUTE_STYLE ||
		page == ROUTE_ICON || page == ROUTE_ROBOTS;
}

/* A browser asks first whether another origin's script may ask (Fetch, "CORS preflight"). */
static void serve_options(struct visit *visit)
{
	visit->for_all = visit->route.page >= ROUTE_DORA_METRIC;
	visit->status = 204;
	visit_answer(visit, NULL, NULL, 0);
}

static void serve(struct portal *portal, struct store *store, struct http_request *request)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct http_view *view = http_request_view(request);
	struct error err = {0};
	int64_t began_us = now_us(CLOCK_MONOTONIC);

	(void)pthread_rwlock_rdlock(&portal->settings_lock);
	struct visit visit = {.arena = arena,
		.view = view,
		.settings = &portal->settings,
		.store = store,
		.keep = portal->keep,
		.route = portal_route(arena, view->path)};
	visit.for_all = visit.route.page >= ROUTE_DORA_METRIC;
	if (view->method == HTTP_OPTIONS)
		serve_options(&visit);
	else if (!is_public(visit.route.page) &&
		!access_is_granted(&portal->settings.access, view))
		visit_problem(&visit, 401,
			"These pages want a token, or the organisation's "
			"own way of signing in.");
	else
		visit_serve(&visit, &err);
	(void)pthread_rwlock_unlock(&portal->settings_lock);

	if (err.text[0])
		log_warn("page status=%d path=%s error=%s", visit.status, LOG_QUOTE(view->path),
			LOG_QUOTE(err.text));
	int64_t spent_us = now_us(CLOCK_MONOTONIC) - began_us;
	log_debug("page status=%d path=%s us=%lld", visit.status, LOG_QUOTE(view->path),
		(long long)spent_us);
	portal->counts.answers[visit.status / 100]++;
	portal->counts.spent_us += (uint64_t)spent_us;
	portal->counts.unavailable += visit.status == 503;
	reply(request, &visit);
}

/* ---- workers ---- */

static struct http_request *next(struct portal *portal)
{
	struct http_request *request = NULL;

	(void)pthread_mutex_lock(&portal->lock);
	while (!portal->n_waiting && !portal->stopping)
		(void)pthread_cond_wait(&portal->woken, &portal->lock);
	if (portal->n_waiting) {
		request = portal->waiting[portal->first];
		portal->first = (portal->first + 1) % MOST_WAITING;
		portal->n_waiting--;
	}
	(void)pthread_mutex_unlock(&portal->lock);
	return request;
}

static void *work(void *context)
{
	struct worker *worker = context;

	for (struct http_request *request; (request = next(worker->portal));)
		serve(worker->portal, worker->store, request);
	return NULL;
}

static bool wait_for_worker(struct portal *portal, struct http_request *request)
{
	(void)pthread_mutex_lock(&portal->lock);
	bool fits = portal->n_waiting < MOST_WAITING && !portal->stopping;
	if (fits) {
		portal->waiting[(portal->first + portal->n_waiting) % MOST_WAITING] = request;
		portal->n_waiting++;
		(void)pthread_cond_signal(&portal->woken);
	}
	(void)pthread_mutex_unlock(&portal->lock);
	return fits;
}

static size_t how_many_wait(struct portal *portal)
{
	(void)pthread_mutex_lock(&portal->lock);
	size_t n = portal->n_waiting;
	(void)pthread_mutex_unlock(&portal->lock);
	return n;
}

/* ---- the front door's side ---- */

static int on_head(void *context, struct http_request *request, const char **allow)
{
	const struct http_view *view = http_request_view(request);
	enum http_method method = view->method;

	(void)context;
	if (view->listener == LISTENER_METRICS && strcmp(view->path, "/metrics") != 0 &&
		strcmp(view->path, "/healthz") != 0)
		return 404;
	*allow = "GET, HEAD, OPTIONS";
	return method == HTTP_GET || method == HTTP_HEAD || method == HTTP_OPTIONS ? 0 : 405;
}

static void on_request(void *context, struct http_request *request)
{
	struct portal *portal = context;
	const struct http_view *view = http_request_view(request);
	bool metrics = view->listener == LISTENER_METRICS ||
		(!portal->metrics_apart && strcmp(view->path, "/metrics") == 0);

	/* What a probe asks must not wait behind pages. */
	if (metrics) {
		portal_metrics_answer(
			&portal->counts, portal->server, how_many_wait(portal), request);
	} else if (strcmp(view->path, "/healthz") == 0) {
		serve(portal, NULL, request);
	} else if (!wait_for_worker(portal, request)) {
		portal->counts.refused++;
		http_reply_later(request, 503, true);
	}
}

/* ---- life ---- */

static bool start_workers(struct portal *portal, const struct config *config, struct error *err)
{
	const struct store_options options = {.conninfo = config->portal.postgres,
		.application = "dorad portal",
		.read_only = true,
		.statement_timeout_s = STATEMENT_TIMEOUT_S};

	if (!config->portal.postgres) {
		error_setf(err,
			"%s: portal.postgres is needed: which database, as in"
			" \"host=/run/postgresql dbname=dorad user=dorad_reader\"",
			config->path);
		return false;
	}
	for (size_t i = 0; i < WORKERS; i++) {
		struct worker *worker = &portal->workers[i];

		worker->portal = portal;
		worker->store = store_create(&options, err);
		if (!worker->store)
			return false;
		if (pthread_create(&worker->thread, NULL, work, worker) != 0) {
			store_destroy(worker->store);
			error_setf(err, "no thread could be started");
			return false;
		}
		portal->n_workers++;
	}
	return true;
}

static bool listen_on(struct portal *portal, const struct config *config, struct error *err)
{
	const struct config_strings *addresses = &config->portal.listen;
	const struct config_strings *metrics = &config->portal.metrics_listen;
	struct http_listen *listen = xcalloc(addresses->n + metrics->n + 1, sizeof(*listen));
	struct http_options options = {.listen = listen,
		.n_listen = addresses->n + metrics->n,
		.trusted_proxies = (const char *const *)config->portal.trusted_proxies.items,
		.n_trusted_proxies = config->portal.trusted_proxies.n,
		.limits = {.body_bytes = MOST_BODY},
		.handler = {.context = portal, .on_head = on_head, .on_request = on_request}};

	for (size_t i = 0; i < addresses->n; i++)
		listen[i].address = addresses->items[i];
	for (size_t i = 0; i < metrics->n; i++)
		listen[addresses->n + i] = (struct http_listen){
			.address = metrics->items[i], .tag = LISTENER_METRICS, .plain = true};
	portal->metrics_apart = metrics->n > 0;
	portal->server = http_server_create(&options, err);
	free(listen);
	return portal->server != NULL;
}

struct portal *portal_create(const struct config *config, struct error *err)
{
	struct portal *portal = xcalloc(1, sizeof(*portal));

	portal->counts.started_us = now_us(CLOCK_REALTIME);
	portal->keep = keep_create();
	(void)pthread_rwlock_init(&portal->settings_lock, NULL);
	(void)pthread_mutex_init(&portal->lock, NULL);
	(void)pthread_cond_init(&portal->woken, NULL);
	if (settings_init(&portal->settings, config, err) &&
		start_workers(portal, config, err) && listen_on(portal, config, err))
		return portal;
	portal_destroy(portal);
	return NULL;
}

void portal_run(struct portal *portal)
{
	http_server_run(portal->server);
}

void portal_stop(struct portal *portal)
{
	http_server_stop(portal->server);
}

void portal_destroy(struct portal *portal)
{
	if (!portal)
		return;

	(void)pthread_mutex_lock(&portal->lock);
	portal->stopping = true;
	(void)pthread_cond_broadcast(&portal->woken);
	(void)pthread_mutex_unlock(&portal->lock);
	/* They answer what still waits, so that nothing is held when the server goes. */
	for (size_t i = 0; i < portal->n_workers; i++) {
		(void)pthread_join(portal->workers[i].thread, NULL);
		store_destroy(portal->workers[i].store);
	}
	http_server_destroy(portal->server);
	keep_destroy(portal->keep);
	settings_clear(&portal->settings);
	(void)pthread_cond_destroy(&portal->woken);
	(void)pthread_mutex_destroy(&portal->lock);
	(void)pthread_rwlock_destroy(&portal->settings_lock);
	free(portal);
}
