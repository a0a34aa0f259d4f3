/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/figure.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum form {
	FORM_COUNT,
	FORM_SECONDS,
	FORM_SHARE,
	FORM_RATE, /* per day */
};

static const struct {
	const char *column;
	const char *title;
	enum form form;
} table[FIGURE_N] = {
	[FIGURE_DEPLOYMENTS] = {"deployments", "deployments", FORM_COUNT},
	[FIGURE_DEPLOYMENTS_PER_DAY] = {"deployments_per_day", "deployment frequency",
		FORM_RATE},
	[FIGURE_DEPLOY_DAYS] = {"deploy_days", "days with a deployment", FORM_COUNT},
	[FIGURE_REDEPLOYS] = {"redeploys", "redeployments", FORM_COUNT},
	[FIGURE_ROLLBACKS] = {"rollbacks", "rollbacks", FORM_COUNT},
	[FIGURE_FAILED_ATTEMPTS] = {"failed_attempts", "failed attempts", FORM_COUNT},
	[FIGURE_HOTFIXES] = {"hotfixes", "hotfixes", FORM_COUNT},
	[FIGURE_LEAD_TIME_N] = {"lead_time_n", "changes delivered", FORM_COUNT},
	[FIGURE_LEAD_TIME_P50] = {"lead_time_p50_s", "lead time", FORM_SECONDS},
	[FIGURE_LEAD_TIME_P85] = {"lead_time_p85_s", "85% of lead times within", FORM_SECONDS},
	[FIGURE_LEAD_TIME_P95] = {"lead_time_p95_s", "95% of lead times within", FORM_SECONDS},
	[FIGURE_LEAD_TIME_UNKNOWN] = {"lead_time_unknown_deployments",
		"deployments of unknown changes", FORM_COUNT},
	[FIGURE_LEAD_TIME_CLAMPED] = {"lead_time_clamped", "lead times below zero", FORM_COUNT},
	[FIGURE_DEPLOY_LEAD_TIME_N] = {"deploy_lead_time_n", "deployments with a lead time",
		FORM_COUNT},
	[FIGURE_DEPLOY_LEAD_TIME_P50] = {"deploy_lead_time_p50_s", "lead time of deployments",
		FORM_SECONDS},
	[FIGURE_FAILED_DEPLOYMENTS] = {"failed_deployments", "deployments that failed",
		FORM_COUNT},
	[FIGURE_FAIL_RATE_N] = {"fail_rate_n", "deployments that could fail", FORM_COUNT},
	[FIGURE_FAIL_RATE] = {"fail_rate", "fail rate", FORM_SHARE},
	[FIGURE_FAILED_INFERRED] = {"failed_inferred", "failed by time alone", FORM_COUNT},
	[FIGURE_INCIDENTS_STARTED] = {"incidents_started", "incidents that began", FORM_COUNT},
	[FIGURE_INCIDENTS_OPEN_END] = {"incidents_open_end", "incidents open at the end",
		FORM_COUNT},
	[FIGURE_INCIDENTS_RESTORED] = {"incidents_restored", "incidents that ended",
		FORM_COUNT},
	[FIGURE_RESTORE_N] = {"restore_n", "incidents with a time to restore", FORM_COUNT},
	[FIGURE_RESTORE_P50] = {"restore_p50_s", "time to restore", FORM_SECONDS},
	[FIGURE_RESTORE_P85] = {"restore_p85_s", "85% restored within", FORM_SECONDS},
	[FIGURE_RESTORE_P95] = {"restore_p95_s", "95% restored within", FORM_SECONDS},
	[FIGURE_REOPENS] = {"reopens", "incidents opened again", FORM_COUNT},
	[FIGURE_RECOVERY_N] = {"recovery_n", "of these, held against deployments", FORM_COUNT},
	[FIGURE_RECOVERY_P50] = {"recovery_p50_s", "their time to restore", FORM_SECONDS},
	[FIGURE_REWORK_N] = {"rework_deploy_rate_n", "deployments and rollbacks", FORM_COUNT},
	[FIGURE_REWORK_RATE] = {"rework_deploy_rate", "rework rate", FORM_SHARE},
	[FIGURE_ITEMS_DONE] = {"items_done", "items finished", FORM_COUNT},
	[FIGURE_ITEMS_PLANNED] = {"items_planned", "planned", FORM_COUNT},
	[FIGURE_ITEMS_FAILURE_DEMAND] = {"items_failure_demand", "failure demand", FORM_COUNT},
	[FIGURE_ITEMS_ADHOC_VALUE] = {"items_adhoc_value", "ad hoc", FORM_COUNT},
	[FIGURE_UNPLANNED_RATE] = {"unplanned_rate", "unplanned work", FORM_SHARE},
	[FIGURE_FAILURE_DEMAND_RATE] = {"failure_demand_rate", "share of failure demand",
		FORM_SHARE},
	[FIGURE_REVISION] = {"revision", "revision", FORM_COUNT},
};

const char *figure_column(enum figure figure)
{
	return table[figure].column;
}

static const char *written(enum form form, double value, char out[static WORDS_TEXT])
{
	if (isnan(value)) {
		(void)snprintf(out, WORDS_TEXT, "none");
		return out;
	}
	switch (form) {
	case FORM_COUNT:
		return words_count(llround(value), out);
	case FORM_SECONDS:
		return words_duration(value, out);
	case FORM_SHARE:
		return words_share(value, out);
	case FORM_RATE:
		return words_rate(value, out);
	}
	__builtin_unreachable();
}

/* As the row has it, with six decimals. */
static void exact(enum form form, double value, char out[static WORDS_TEXT])
{
	static const char *const units[] = {[FORM_COUNT] = "",
		[FORM_SECONDS] = " s",
		[FORM_SHARE] = "",
		[FORM_RATE] = " a day"};

	if (isnan(value))
		(void)snprintf(out, WORDS_TEXT, "none");
	else
		(void)snprintf(out, WORDS_TEXT, "%.15g%s", value, units[form]);
}

void figure_change(
	enum figure figure, double was, double is, char out[static FIGURE_CHANGE_TEXT])
{
	enum form form = table[figure].form;
	char before[WORDS_TEXT];
	char after[WORDS_TEXT];

	(void)written(form, was, before);
	(void)written(form, is, after);
	if (strcmp(before, after) == 0) {
		exact(form, was, before);
		exact(form, is, after);
	}
	(void)snprintf(
		out, FIGURE_CHANGE_TEXT, "%s %s, then %s", table[figure].title, before, after);
}
