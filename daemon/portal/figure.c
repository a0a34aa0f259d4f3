/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/figure.h"

static const char *const columns[FIGURE_N] = {
	[FIGURE_DEPLOYMENTS] = "deployments",
	[FIGURE_DEPLOYMENTS_PER_DAY] = "deployments_per_day",
	[FIGURE_DEPLOY_DAYS] = "deploy_days",
	[FIGURE_REDEPLOYS] = "redeploys",
	[FIGURE_ROLLBACKS] = "rollbacks",
	[FIGURE_FAILED_ATTEMPTS] = "failed_attempts",
	[FIGURE_HOTFIXES] = "hotfixes",
	[FIGURE_LEAD_TIME_N] = "lead_time_n",
	[FIGURE_LEAD_TIME_P50] = "lead_time_p50_s",
	[FIGURE_LEAD_TIME_P85] = "lead_time_p85_s",
	[FIGURE_LEAD_TIME_P95] = "lead_time_p95_s",
	[FIGURE_LEAD_TIME_UNKNOWN] = "lead_time_unknown_deployments",
	[FIGURE_LEAD_TIME_CLAMPED] = "lead_time_clamped",
	[FIGURE_DEPLOY_LEAD_TIME_N] = "deploy_lead_time_n",
	[FIGURE_DEPLOY_LEAD_TIME_P50] = "deploy_lead_time_p50_s",
	[FIGURE_FAILED_DEPLOYMENTS] = "failed_deployments",
	[FIGURE_FAIL_RATE_N] = "fail_rate_n",
	[FIGURE_FAIL_RATE] = "fail_rate",
	[FIGURE_FAILED_INFERRED] = "failed_inferred",
	[FIGURE_INCIDENTS_STARTED] = "incidents_started",
	[FIGURE_INCIDENTS_OPEN_END] = "incidents_open_end",
	[FIGURE_INCIDENTS_RESTORED] = "incidents_restored",
	[FIGURE_RESTORE_N] = "restore_n",
	[FIGURE_RESTORE_P50] = "restore_p50_s",
	[FIGURE_RESTORE_P85] = "restore_p85_s",
	[FIGURE_RESTORE_P95] = "restore_p95_s",
	[FIGURE_REOPENS] = "reopens",
	[FIGURE_RECOVERY_N] = "recovery_n",
	[FIGURE_RECOVERY_P50] = "recovery_p50_s",
	[FIGURE_REWORK_N] = "rework_deploy_rate_n",
	[FIGURE_REWORK_RATE] = "rework_deploy_rate",
	[FIGURE_ITEMS_DONE] = "items_done",
	[FIGURE_ITEMS_PLANNED] = "items_planned",
	[FIGURE_ITEMS_FAILURE_DEMAND] = "items_failure_demand",
	[FIGURE_ITEMS_ADHOC_VALUE] = "items_adhoc_value",
	[FIGURE_UNPLANNED_RATE] = "unplanned_rate",
	[FIGURE_FAILURE_DEMAND_RATE] = "failure_demand_rate",
	[FIGURE_REVISION] = "revision",
};

const char *figure_column(enum figure figure)
{
	return columns[figure];
}
