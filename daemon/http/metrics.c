/* SPDX-License-Identifier: Apache-2.0 */
#include "http/metrics.h"

#include "base/cleanup.h"
#include "base/xalloc.h"
#include "http/reader.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

void metric_begin(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: backslash, quote and line end are escaped. */
static void put_value(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', to);
		if (*text == '\n')
			fputs("\\n", to);
		else
			fputc(*text, to);
	}
}

static void put_number(FILE *to, double value)
{
	bool small = value > -1e15 && value < 1e15;

	if (small && (double)(int64_t)value == value)
		fprintf(to, "%.0f\n", value);
	else
		fprintf(to, "%.6f\n", value);
}

void metric_put(FILE *to, const char *name, double value, const char *const *labels)
{
	fputs(name, to);
	for (size_t i = 0; labels && labels[i]; i += 2) {
		fprintf(to, "%c%s=\"", i ? ',' : '{', labels[i]);
		put_value(to, labels[i + 1]);
		fputc('"', to);
	}
	if (labels && labels[0])
		fputc('}', to);
	fputc(' ', to);
	put_number(to, value);
}

void metric_single(FILE *to, const char *name, const char *type, double value, const char *help)
{
	metric_begin(to, name, type, help);
	metric_put(to, name, value, NULL);
}

void metrics_put_process(FILE *to, int64_t started_us)
{
	metric_begin(to, "dorad_build_info", "gauge", "The version that runs.");
	METRIC_PUT(to, "dorad_build_info", 1, "version", DORAD_VERSION);
	metric_single(to, "dorad_start_time_seconds", "gauge", (double)started_us / 1e6,
		"When this process started.");
}

void metrics_put_http(FILE *to, const struct http_stats *stats)
{
	static const char *const classes[] = {NULL, "1xx", "2xx", "3xx", "4xx", "5xx"};

	metric_single(to, "dorad_http_accepted_total", "counter", (double)stats->accepted,
		"Connections accepted.");
	metric_single(to, "dorad_http_connections", "gauge", (double)stats->connections,
		"Connections now.");
	metric_single(to, "dorad_http_in_flight_bytes", "gauge", (double)stats->in_flight_bytes,
		"Memory for heads and bodies being received.");
	metric_single(to, "dorad_http_paused", "gauge", stats->paused,
		"1 while no connections are accepted because the ledger is behind.");
	metric_begin(to, "dorad_http_answers_total", "counter", "Answers, by class.");
	for (size_t i = 1; i < ARRAY_LEN(classes); i++)
		METRIC_PUT(
			to, "dorad_http_answers_total", stats->answers[i], "class", classes[i]);
	metric_begin(to, "dorad_http_refused_total", "counter",
		"Requests that are no sound HTTP, by what was wrong.");
	for (int i = HTTP_REFUSAL_NONE + 1; i < HTTP_REFUSAL_N; i++)
		METRIC_PUT(to, "dorad_http_refused_total", stats->refused[i], "reason",
			http_refusal_name((enum http_refusal)i));
	metric_begin(to, "dorad_http_closed_total", "counter", "Connections cut, by why.");
	for (int i = 0; i < HTTP_CLOSE_N; i++)
		METRIC_PUT(to, "dorad_http_closed_total", stats->closed[i], "reason",
			http_close_name((enum http_close)i));
	metric_single(to, "dorad_http_accept_errors_total", "counter",
		(double)stats->accept_errors,
		"Failed accepts, mostly for want of descriptors.");
}

static bool is_metrics(const struct http_request *request)
{
	return strcmp(http_request_view(request)->path, "/metrics") == 0;
}

int metrics_on_head(const struct http_request *request, const char **allow)
{
	const struct http_view *view = http_request_view(request);

	if (!is_metrics(request) && strcmp(view->path, "/healthz") != 0)
		return 404;
	*allow = "GET, HEAD";
	return view->method == HTTP_GET || view->method == HTTP_HEAD ? 0 : 405;
}

void metrics_answer(
	struct http_request *request, bool keep_alive, metrics_put *put, void *context)
{
	char *text = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&text, &n);

	if (!to)
		out_of_memory();
	if (is_metrics(request))
		put(to, context);
	else
		fputs("ok\n", to);
	(void)fclose(to);
	const struct http_answer answer = {
		.status = 200,
		.content_type = "text/plain; version=0.0.4; charset=utf-8",
		.body = text,
		.n_body = n,
		.keep_alive = keep_alive,
	};
	http_reply(request, &answer);
	free(text);
}
