/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_METRIC_H
#define DORAD_COMMAND_METRIC_H

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

#endif
