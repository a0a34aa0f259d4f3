/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_FIGURE_H
#define DORAD_PORTAL_FIGURE_H

#include "portal/words.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numeric columns of monthly_service and monthly_team (METRICS.md section 10). */
enum figure {
	FIGURE_DEPLOYMENTS,
	FIGURE_DEPLOYMENTS_PER_DAY,
	FIGURE_DEPLOY_DAYS,
	FIGURE_REDEPLOYS,
	FIGURE_ROLLBACKS,
	FIGURE_FAILED_ATTEMPTS,
	FIGURE_HOTFIXES,
	FIGURE_LEAD_TIME_N,
	FIGURE_LEAD_TIME_P50,
	FIGURE_LEAD_TIME_P85,
	FIGURE_LEAD_TIME_P95,
	FIGURE_LEAD_TIME_UNKNOWN,
	FIGURE_LEAD_TIME_CLAMPED,
	FIGURE_DEPLOY_LEAD_TIME_N,
	FIGURE_DEPLOY_LEAD_TIME_P50,
	FIGURE_FAILED_DEPLOYMENTS,
	FIGURE_FAIL_RATE_N,
	FIGURE_FAIL_RATE,
	FIGURE_FAILED_INFERRED,
	FIGURE_INCIDENTS_STARTED,
	FIGURE_INCIDENTS_OPEN_END,
	FIGURE_INCIDENTS_RESTORED,
	FIGURE_RESTORE_N,
	FIGURE_RESTORE_P50,
	FIGURE_RESTORE_P85,
	FIGURE_RESTORE_P95,
	FIGURE_REOPENS,
	FIGURE_RECOVERY_N,
	FIGURE_RECOVERY_P50,
	FIGURE_REWORK_N,
	FIGURE_REWORK_RATE,
	FIGURE_ITEMS_DONE,
	FIGURE_ITEMS_PLANNED,
	FIGURE_ITEMS_FAILURE_DEMAND,
	FIGURE_ITEMS_ADHOC_VALUE,
	FIGURE_UNPLANNED_RATE,
	FIGURE_FAILURE_DEMAND_RATE,
	FIGURE_REVISION,
	FIGURE_N,
};

const char *figure_column(enum figure figure); /* lead_time_p50_s */

#define FIGURE_CHANGE_TEXT 160

/* "lead time 14 h, then 1.5 days"; exactly, where rounding for the eye would hide the change.
 * NAN is none. */
void figure_change(
	enum figure figure, double was, double is, char out[static FIGURE_CHANGE_TEXT]);

/* One row of them. NAN is NULL: nothing was measured, which is not 0. */
struct month_row {
	int month;
	bool complete;
	bool settled; /* the fail rate can no longer rise */
	bool delivery_measured;
	int days;
	double figures[FIGURE_N];
};

#endif
