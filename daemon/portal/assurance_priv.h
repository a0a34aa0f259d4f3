/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_ASSURANCE_PRIV_H
#define DORAD_PORTAL_ASSURANCE_PRIV_H

#include "portal/metric.h"
#include "store/batch.h"

/* Whose trends go the wrong way at the last complete month (METRICS.md section 7). */
enum {
	ASSURANCE_CLOCK, /* as_of, report_tz, last_month */
	ASSURANCE_TEAMS, /* name, title, assurance, throughput, running, since, worsening */
	ASSURANCE_SERVICES,
	ASSURANCE_ASKS,
};

void assurance_ask(struct store_ask out[static ASSURANCE_ASKS]);

/* Since when a metric has been getting worse, from the column worsening ("lead_time
 * 2026-03-01,..."): a date. False: it has not. */
bool assurance_since(const char *list, enum metric metric, char out[static 16]);

#endif
