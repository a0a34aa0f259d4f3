/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup_metrics.h"

#include "base/xalloc.h"
#include "http/metrics.h"
#include "http/server.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

struct rollup_metrics {
	const struct rollup *rollup;
	struct http_server *server;
	pthread_t thread;
	int64_t started_us;
};

static void put_counts(FILE *to, const struct rollup_counts *counts)
{
	static const char name[] = "dorad_rollup_events_total";

	metric_begin(
		to, name, "counter", "Events taken from the streams, by what became of them.");
	METRIC_PUT(to, name, counts->kept, "result", "kept");
	METRIC_PUT(to, name, counts->replaced, "result", "replaced");
	METRIC_PUT(to, name, counts->unchanged, "result", "unchanged");
	METRIC_PUT(to, name, counts->dead, "result", "dead");
	METRIC_PUT(to, name, counts->lost, "result", "lost");
	metric_single(to, "dorad_rollup_batches_total", "counter", (double)counts->batches,
		"Transactions that kept events.");
	metric_single(to, "dorad_rollup_recomputations_total", "counter",
		(double)counts->recomputed, "Transactions of recomputation that found work.");
	metric_single(to, "dorad_rollup_trimmed_total", "counter", (double)counts->trimmed,
		"Entries deleted from the streams by this worker, every group being done with "
		"them.");
	metric_single(to, "dorad_rollup_shards", "gauge", (double)counts->shards,
		"Shards that are this worker's; 0 where the streams are not sharded.");
	metric_single(to, "dorad_rollup_failures_total", "counter", (double)counts->failures,
		"Rounds that ended for want of Redis or Postgres.");
}

static void put_gauges(FILE *to, const struct rollup *rollup)
{
	size_t n = stream_n_keys(rollup->stream);
	int64_t now_us = (int64_t)time(NULL) * 1000000;

	metric_begin(to, "dorad_rollup_pending", "gauge",
		"Entries handed out and not acknowledged, all workers together.");
	for (size_t i = 0; i < n; i++)
		METRIC_PUT(to, "dorad_rollup_pending", rollup->gauges[i].pending, "stream",
			stream_key(rollup->stream, i));
	metric_begin(to, "dorad_rollup_lag", "gauge", "Entries not yet handed out.");
	for (size_t i = 0; i < n; i++)
		METRIC_PUT(to, "dorad_rollup_lag", rollup->gauges[i].lag, "stream",
			stream_key(rollup->stream, i));
	metric_begin(to, "dorad_rollup_oldest_seconds", "gauge",
		"Age of the oldest entry that is not done; 0: all are.");
	for (size_t i = 0; i < n; i++) {
		int64_t oldest_us = rollup->gauges[i].oldest_us;
		int64_t age_us = oldest_us && now_us > oldest_us ? now_us - oldest_us : 0;

		METRIC_PUT(to, "dorad_rollup_oldest_seconds", (double)age_us / 1e6, "stream",
			stream_key(rollup->stream, i));
	}
}

static void put_quality(FILE *to, const struct rollup *rollup)
{
	metric_single(to, "dorad_rollup_push_gaps", "gauge", (double)rollup->quality.push_gaps,
		"Pushes of the last 7 days whose predecessor never came.");
	metric_single(to, "dorad_rollup_silent_sources", "gauge",
		(double)rollup->quality.silent_sources,
		"Sources silent for longer than is usual for them.");
}

static int on_head(void *context, struct http_request *request, const char **allow)
{
	(void)context;
	return metrics_on_head(request, allow);
}

static void put(FILE *to, void *context)
{
	const struct rollup_metrics *metrics = context;

	metrics_put_process(to, metrics->started_us);
	put_counts(to, &metrics->rollup->counts);
	put_gauges(to, metrics->rollup);
	put_quality(to, metrics->rollup);
}

static void on_request(void *context, struct http_request *request)
{
	metrics_answer(request, false, put, context);
}

static void *serve(void *server)
{
	http_server_run(server);
	return NULL;
}

struct rollup_metrics *rollup_metrics_start(const struct rollup *rollup, struct error *err)
{
	const struct config_strings *addresses = &rollup->config->rollup.metrics_listen;
	struct rollup_metrics *metrics = xcalloc(1, sizeof(*metrics));
	struct http_listen *listen = xcalloc(addresses->n, sizeof(*listen));

	metrics->rollup = rollup;
	metrics->started_us = (int64_t)time(NULL) * 1000000;
	for (size_t i = 0; i < addresses->n; i++)
		listen[i] = (struct http_listen){.address = addresses->items[i], .plain = true};
	const struct http_options options = {
		.listen = listen,
		.n_listen = addresses->n,
		.handler = {.context = metrics, .on_head = on_head, .on_request = on_request},
	};
	metrics->server = http_server_create(&options, err);
	free(listen);
	if (metrics->server &&
		pthread_create(&metrics->thread, NULL, serve, metrics->server) == 0)
		return metrics;
	error_setf(err, "no thread to serve /metrics with");
	http_server_destroy(metrics->server);
	free(metrics);
	return NULL;
}

void rollup_metrics_stop(struct rollup_metrics *metrics)
{
	if (!metrics)
		return;

	http_server_stop(metrics->server);
	(void)pthread_join(metrics->thread, NULL);
	http_server_destroy(metrics->server);
	free(metrics);
}
