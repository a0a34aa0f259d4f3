/* SPDX-License-Identifier: Apache-2.0 */
#include "http/metrics.h"
#include "portal_priv.h"

#include "base/cleanup.h"

static void put_counts(FILE *to, const struct portal_counts *counts, size_t n_waiting)
{
	static const char *const classes[] = {NULL, "1xx", "2xx", "3xx", "4xx", "5xx"};

	metric_begin(to, "dorad_portal_answers_total", "counter",
		"Pages, charts and documents of the API, by class of their answer.");
	for (size_t i = 1; i < ARRAY_LEN(classes); i++)
		METRIC_PUT(to, "dorad_portal_answers_total", counts->answers[i], "class",
			classes[i]);
	metric_single(to, "dorad_portal_seconds_total", "counter",
		(double)counts->spent_us / 1e6,
		"Time spent on making them, mostly in Postgres.");
	metric_single(to, "dorad_portal_again_total", "counter", (double)counts->again,
		"Of the answers, those at hand: the database had not changed since.");
	metric_single(to, "dorad_portal_unavailable_total", "counter",
		(double)counts->unavailable, "Those that Postgres failed: answered 503.");
	metric_single(to, "dorad_portal_overload_total", "counter", (double)counts->refused,
		"Requests answered 503 because too many waited.");
	metric_single(to, "dorad_portal_waiting", "gauge", (double)n_waiting,
		"Requests that wait for a connection to Postgres.");
}

struct shown {
	const struct portal_counts *counts;
	const struct http_server *server;
	size_t n_waiting;
};

static void put(FILE *to, void *context)
{
	const struct shown *shown = context;
	struct http_stats stats;

	http_server_stats(shown->server, &stats);
	metrics_put_process(to, shown->counts->started_us);
	put_counts(to, shown->counts, shown->n_waiting);
	metrics_put_http(to, &stats);
}

void portal_metrics_answer(const struct portal_counts *counts, const struct http_server *server,
	size_t n_waiting, struct http_request *request)
{
	struct shown shown = {counts, server, n_waiting};

	metrics_answer(request, true, put, &shown);
}
