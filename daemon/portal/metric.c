/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/metric.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct metric_words table[METRIC_N] = {
	[METRIC_FREQUENCY] = {.slug = "deployment-frequency",
		.trend = "deploy_freq",
		.title = "Deployment frequency",
		.short_title = "frequency",
		.question = "How often a change reaches production.",
		.rule = "Every successful deployment of a change counts once. Deploying the "
			"same "
			"commit again, rolling back and failed attempts do not.",
		.one = "deployment",
		.many = "deployments",
		.n_title = "Deployments",
		.rising = "Deployments have been getting more frequent",
		.falling = "Deployments have been getting rarer",
		.nothing = "nothing has been deployed to production yet",
		.unit = METRIC_UNIT_COUNT,
		.good_is_up = true,
		.value = FIGURE_DEPLOYMENTS,
		.comparable = FIGURE_DEPLOYMENTS_PER_DAY,
		.n = FIGURE_DEPLOYMENTS},
	[METRIC_LEAD_TIME] = {.slug = "lead-time",
		.trend = "lead_time",
		.title = "Lead time for changes",
		.short_title = "lead time",
		.question = "How long a commit takes to reach production; half take longer.",
		.rule = "The median over all changes that production saw for the first time in "
			"this month, from commit to the end of the deployment that delivered "
			"it.",
		.one = "change",
		.many = "changes",
		.n_title = "Changes",
		.rising = "Lead time has been getting longer",
		.falling = "Lead time has been getting shorter",
		.nothing = "no change with a known commit was delivered",
		.unit = METRIC_UNIT_SECONDS,
		.value = FIGURE_LEAD_TIME_P50,
		.comparable = FIGURE_LEAD_TIME_P50,
		.n = FIGURE_LEAD_TIME_N,
		.usable_n = 3},
	[METRIC_FAIL_RATE] = {.slug = "fail-rate",
		.trend = "fail_rate",
		.title = "Deployment fail rate",
		.short_title = "fail rate",
		.question = "How many deployments hurt production.",
		.rule = "Deployments with evidence that they hurt production (an incident held "
			"against them, a rollback, an unsuccessful change request) of all "
			"deployments. However much evidence, a deployment failed once.",
		.one = "deployment",
		.many = "deployments",
		.n_title = "Deployments",
		.rising = "A growing share of deployments has been failing",
		.falling = "A shrinking share of deployments has been failing",
		.nothing = "nothing was deployed",
		.unit = METRIC_UNIT_SHARE,
		.value = FIGURE_FAIL_RATE,
		.comparable = FIGURE_FAIL_RATE,
		.n = FIGURE_FAIL_RATE_N,
		.usable_n = 5},
	[METRIC_RESTORE] = {.slug = "time-to-restore",
		.trend = "restore",
		.title = "Time to restore",
		.short_title = "time to restore",
		.question = "How long an incident lasts; half last longer.",
		.rule = "The median over all incidents that ended in this month, of the time "
			"they were open.",
		.one = "incident",
		.many = "incidents",
		.n_title = "Incidents",
		.rising = "Restoring service has been taking longer",
		.falling = "Restoring service has been getting faster",
		.nothing = "no incident ended",
		.unit = METRIC_UNIT_SECONDS,
		.value = FIGURE_RESTORE_P50,
		.comparable = FIGURE_RESTORE_P50,
		.n = FIGURE_RESTORE_N,
		.usable_n = 1},
	[METRIC_UNPLANNED] = {.slug = "unplanned-work",
		.trend = "unplanned",
		.title = "Unplanned work",
		.short_title = "unplanned work",
		.question = "How much of the work that was finished nobody had planned.",
		.rule = "Work items finished in this month that were failure demand (something "
			"broke) or ad hoc value (somebody asked), of all that were finished.",
		.one = "item",
		.many = "items",
		.n_title = "Items",
		.rising = "A growing share of work has been unplanned",
		.falling = "A shrinking share of work has been unplanned",
		.nothing = "no work item was finished",
		.unit = METRIC_UNIT_SHARE,
		.value = FIGURE_UNPLANNED_RATE,
		.comparable = FIGURE_UNPLANNED_RATE,
		.n = FIGURE_ITEMS_DONE,
		.usable_n = 5},
};

const struct metric_words *metric_words(enum metric metric)
{
	return &table[metric];
}

bool metric_by_slug(const char *slug, size_t n, enum metric *out)
{
	for (enum metric i = 0; i < METRIC_N; i++) {
		if (strlen(table[i].slug) == n && memcmp(table[i].slug, slug, n) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

bool metric_by_trend(const char *name, enum metric *out)
{
	for (enum metric i = 0; i < METRIC_N; i++) {
		if (strcmp(table[i].trend, name) == 0) {
			*out = i;
			return true;
		}
	}
	return false;
}

double metric_value(const struct month_row *row, enum metric metric)
{
	return row->figures[table[metric].value];
}

int64_t metric_n(const struct month_row *row, enum metric metric)
{
	double n = row->figures[table[metric].n];

	return isnan(n) ? 0 : llround(n);
}

static int64_t numerator(const struct month_row *row, enum metric metric)
{
	if (metric == METRIC_FAIL_RATE)
		return llround(row->figures[FIGURE_FAILED_DEPLOYMENTS]);
	return llround(row->figures[FIGURE_ITEMS_FAILURE_DEMAND] +
		row->figures[FIGURE_ITEMS_ADHOC_VALUE]);
}

const char *metric_text(
	const struct month_row *row, enum metric metric, char out[static WORDS_TEXT])
{
	double value = metric_value(row, metric);
	char of[WORDS_TEXT];
	char all[WORDS_TEXT];

	if (isnan(value)) {
		(void)snprintf(out, WORDS_TEXT, "none");
		return out;
	}
	switch (table[metric].unit) {
	case METRIC_UNIT_COUNT:
		return words_count(llround(value), out);
	case METRIC_UNIT_SECONDS:
		return words_duration(value, out);
	case METRIC_UNIT_SHARE:
		(void)snprintf(out, WORDS_TEXT, "%s of %s",
			words_count(numerator(row, metric), of),
			words_count(metric_n(row, metric), all));
		return out;
	}
	__builtin_unreachable();
}

const char *metric_comparable_text(
	enum metric metric, double value, char out[static WORDS_TEXT])
{
	switch (table[metric].unit) {
	case METRIC_UNIT_COUNT:
		return words_rate(value, out);
	case METRIC_UNIT_SECONDS:
		return words_duration(value, out);
	case METRIC_UNIT_SHARE:
		return words_share(value, out);
	}
	__builtin_unreachable();
}

bool metric_is_usable(const struct month_row *row, enum metric metric)
{
	const struct metric_words *words = &table[metric];

	return row->complete && !isnan(row->figures[words->comparable]) &&
		metric_n(row, metric) >= words->usable_n;
}
