/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_METRICS_H
#define DORAD_HTTP_METRICS_H

#include "http/http.h"
#include "http/stats.h"

#include <stdint.h>
#include <stdio.h>

/* Prometheus text format, version 0.0.4. */

/* "# HELP" and "# TYPE"; type: "counter", "gauge". */
void metric_begin(FILE *to, const char *name, const char *type, const char *help);

/* One sample; labels: "endpoint", "github", ..., NULL. */
void metric_put(FILE *to, const char *name, double value, const char *const *labels);
#define METRIC_PUT(to, name, value, ...) \
	metric_put(to, name, (double)(value), (const char *const[]){__VA_ARGS__, NULL})

/* Both, for one without labels. */
void metric_single(
	FILE *to, const char *name, const char *type, double value, const char *help);

/* What every daemon shows: its version, and when it started (wall clock). */
void metrics_put_process(FILE *to, int64_t started_us);

/* What a front door shows. */
void metrics_put_http(FILE *to, const struct http_stats *stats);

/* on_head of an address that has /metrics and /healthz and nothing else. */
int metrics_on_head(const struct http_request *request, const char **allow);

/* Answers /metrics with what put writes, and /healthz, where it comes here, with "ok". */
typedef void metrics_put(FILE *to, void *context);
void metrics_answer(
	struct http_request *request, bool keep_alive, metrics_put *put, void *context);

#endif
