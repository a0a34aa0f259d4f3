/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/portal.h"

#include "again_priv.h"
#include "base/log.h"
#include "base/xalloc.h"
#include "http/metrics.h"
#include "portal_priv.h"
#include "queue_priv.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

/* Each has a connection to Postgres. Pages take a few milliseconds, mostly there. */
#define WORKERS 4

/* A page that Postgres takes longer for is not coming: of one that can still say so, and of one
 * that says nothing at all. */
#define STATEMENT_TIMEOUT_S 10
#define SILENCE_S 12

/* Of the pages that are kept: a thousand services' and more. */
#define SHELF_BYTES ((size_t)16 << 20)

struct worker {
	struct portal *portal;
	pthread_t thread;
	struct store *store;
};

struct portal {
	struct http_server *server;
	pthread_mutex_t settings_lock;
	struct settings *settings;
	struct portal_counts counts;
	struct keep *keep;
	struct shelf *shelf;
	bool metrics_apart;

	atomic_bool given_up; /* nobody waits for Postgres any more */
	struct queue *queue;
	struct worker workers[WORKERS];
	size_t n_workers;
};

static struct settings *hold_settings(struct portal *portal)
{
	(void)pthread_mutex_lock(&portal->settings_lock);
	struct settings *settings = portal->settings;
	settings->holders++;
	(void)pthread_mutex_unlock(&portal->settings_lock);
	return settings;
}

static void drop_settings(struct portal *portal, struct settings *settings)
{
	(void)pthread_mutex_lock(&portal->settings_lock);
	bool is_last = --settings->holders == 0;
	(void)pthread_mutex_unlock(&portal->settings_lock);
	if (is_last)
		settings_destroy(settings);
}

/* Waits for no page: one that Postgres is slow over must not keep an old token in force. */
bool portal_reload(struct portal *portal, const struct config *config, struct error *err)
{
	struct settings *made = settings_create(config, err);

	if (!made || !access_fits(config, portal->server, err)) {
		settings_destroy(made);
		return false;
	}
	(void)pthread_mutex_lock(&portal->settings_lock);
	struct settings *old = portal->settings;
	made->generation = old->generation + 1;
	portal->settings = made;
	(void)pthread_mutex_unlock(&portal->settings_lock);
	shelf_clear(portal->shelf); /* their links may lead elsewhere now */
	drop_settings(portal, old);
	return true;
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

/* What may be read by whoever sent this request. */
static bool is_granted(const struct visit *visit)
{
	return is_public(visit->route.page) || visit->view->method == HTTP_OPTIONS ||
		access_is_granted(&visit->settings->access, visit->view);
}

static void answer(struct portal *portal, struct visit *visit, struct error *err)
{
	const struct http_view *view = visit->view;
	int64_t began_us = now_us(CLOCK_MONOTONIC);
	const char *key = arena_printf(visit->arena, "%llu %s?%s",
		(unsigned long long)visit->settings->generation, view->path,
		view->query ? view->query : "");

	/* After the end of the front door: who asked has gone, and Postgres may hang. */
	if (portal->given_up) {
		visit_problem(visit, 503, "The portal is being stopped.");
		return;
	}
	if (again_take(portal->shelf, visit, key)) {
		portal->counts.again++;
		return;
	}
	visit_serve(visit, err);
	reply_tag(visit);
	again_put(portal->shelf, visit, key, began_us);
}

static void make(struct portal *portal, struct visit *visit)
{
	const char *path = visit->view->path;
	struct error err = {0};
	int64_t began_us = now_us(CLOCK_MONOTONIC);

	if (visit->view->method == HTTP_OPTIONS)
		serve_options(visit);
	else
		answer(portal, visit, &err);
	if (err.text[0])
		log_warn("page status=%d path=%s error=%s", visit->status, LOG_QUOTE(path),
			LOG_QUOTE(err.text));
	int64_t spent_us = now_us(CLOCK_MONOTONIC) - began_us;
	log_debug("page status=%d path=%s us=%lld", visit->status, LOG_QUOTE(path),
		(long long)spent_us);
	portal->counts.spent_us += (uint64_t)spent_us;
}

static void send(struct portal *portal, struct http_request *request, const struct visit *visit)
{
	portal->counts.answers[visit->status / 100]++;
	portal->counts.unavailable += visit->status == 503;
	reply_send(request, visit);
}

/* All ask for the same page: it is made once, for the first that may read it. */
static void serve(struct portal *portal, struct store *store,
	struct http_request *const *requests, size_t n)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	const struct http_view *view = http_request_view(requests[0]);
	struct settings *settings = hold_settings(portal);
	const struct visit blank = {.arena = arena,
		.settings = settings,
		.store = store,
		.keep = portal->keep,
		.route = portal_route(arena, view->path)};
	struct visit page = blank;

	for (size_t i = 0; i < n; i++) {
		struct visit visit = page;

		visit.view = http_request_view(requests[i]);
		visit.for_all = visit.route.page >= ROUTE_DORA_METRIC;
		if (!is_granted(&visit)) {
			visit = blank;
			visit.view = http_request_view(requests[i]);
			visit_problem(&visit, 401,
				"These pages want a token, or the organisation's "
				"own way of signing in.");
		} else if (!page.status) {
			make(portal, &visit);
			page = visit;
		}
		send(portal, requests[i], &visit);
	}
	drop_settings(portal, settings);
}

/* ---- workers ---- */

static void *work(void *context)
{
	struct worker *worker = context;
	struct http_request *requests[QUEUE_TAKE];

	for (size_t n; (n = queue_take(worker->portal->queue, requests)) > 0;)
		serve(worker->portal, worker->store, requests, n);
	return NULL;
}

static bool go_on(void *context)
{
	const struct portal *portal = context;

	return !portal->given_up;
}

/* ---- the front door's side ---- */

static int on_head(void *context, struct http_request *request, const char **allow)
{
	const struct http_view *view = http_request_view(request);
	enum http_method method = view->method;

	(void)context;
	if (view->listener == LISTENER_METRICS)
		return metrics_on_head(request, allow);
	*allow = "GET, HEAD, OPTIONS";
	return method == HTTP_GET || method == HTTP_HEAD || method == HTTP_OPTIONS ? 0 : 405;
}

static bool needs_no_database(const char *path)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();

	return !route_is_read(portal_route(arena, path).page);
}

static void on_request(void *context, struct http_request *request)
{
	struct portal *portal = context;
	const struct http_view *view = http_request_view(request);
	bool metrics = view->listener == LISTENER_METRICS ||
		(!portal->metrics_apart && strcmp(view->path, "/metrics") == 0);

	/* What a probe asks, and a page's own style, must not wait behind pages. */
	if (metrics) {
		portal_metrics_answer(
			&portal->counts, portal->server, queue_length(portal->queue), request);
	} else if (view->method == HTTP_OPTIONS || needs_no_database(view->path)) {
		serve(portal, NULL, &request, 1);
	} else if (!queue_put(portal->queue, request)) {
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
		.statement_timeout_s = STATEMENT_TIMEOUT_S,
		.batch_timeout_s = SILENCE_S,
		.waiting = go_on,
		.context = portal};

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
	struct http_listen *listen;
	struct http_options options = settings_front(config, &listen);

	options.handler = (struct http_handler){
		.context = portal, .on_head = on_head, .on_request = on_request};
	portal->metrics_apart = config->portal.metrics_listen.n > 0;
	portal->server = http_server_create(&options, err);
	free(listen);
	return portal->server != NULL;
}

/* A heap for each thread grows to the largest page that the thread has made: a quarter more
 * memory, and no page comes sooner for it. */
static void share_one_heap(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_ARENA_MAX, 1); // NOLINT(concurrency-mt-unsafe): one thread so far
#endif
}

struct portal *portal_create(const struct config *config, struct error *err)
{
	struct portal *portal = xcalloc(1, sizeof(*portal));

	share_one_heap();
	portal->counts.started_us = now_us(CLOCK_REALTIME);
	portal->keep = keep_create();
	portal->shelf = shelf_create(SHELF_BYTES);
	(void)pthread_mutex_init(&portal->settings_lock, NULL);
	portal->queue = queue_create();
	portal->settings = settings_create(config, err);
	if (portal->settings && start_workers(portal, config, err) &&
		listen_on(portal, config, err) && access_fits(config, portal->server, err))
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

	portal->given_up = true;
	queue_stop(portal->queue);
	/* They answer what still waits, so that nothing is held when the server goes. */
	for (size_t i = 0; i < portal->n_workers; i++) {
		(void)pthread_join(portal->workers[i].thread, NULL);
		store_destroy(portal->workers[i].store);
	}
	http_server_destroy(portal->server);
	keep_destroy(portal->keep);
	shelf_destroy(portal->shelf);
	settings_destroy(portal->settings);
	queue_destroy(portal->queue);
	(void)pthread_mutex_destroy(&portal->settings_lock);
	free(portal);
}
