/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_ROLLUP_METRICS_H
#define DORAD_COMMAND_ROLLUP_METRICS_H

#include "rollup.h"

/* /metrics and /healthz on rollup.metrics_listen, in a thread of their own. NULL: err says why
 * not. */
struct rollup_metrics;
struct rollup_metrics *rollup_metrics_start(const struct rollup *rollup, struct error *err);
void rollup_metrics_stop(struct rollup_metrics *metrics); /* NULL is fine */
DEFINE_CLEANUP(struct rollup_metrics *, rollup_metrics_stop);

#endif
