/* SPDX-License-Identifier: Apache-2.0 */
#include "http/metrics.h"
#include "portal_priv.h"

#include "base/cleanup.h"

#include <stdlib.h>
#include <string.h>

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

void portal_metrics_answer(const struct portal_counts *counts, const struct http_server *server,
	size_t n_waiting, struct http_request *request)
{
	bool wanted = strcmp(http_request_view(request)->path, "/metrics") == 0;
	struct http_stats stats;
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	if (!to)
		abort(); /* no memory */
	if (wanted) {
		http_server_stats(server, &stats);
		metrics_put_process(to, counts->started_us);
		put_counts(to, counts, n_waiting);
		metrics_put_http(to, &stats);
	} else {
		fputs("ok\n", to);
	}
	(void)fclose(to);
	const struct http_answer answer = {
		.status = 200,
		.content_type = "text/plain; version=0.0.4; charset=utf-8",
		.body = text,
		.n_body = n,
		.keep_alive = true,
	};
	http_reply(request, &answer);
	free(text);
}
