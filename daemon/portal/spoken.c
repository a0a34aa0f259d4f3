/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/metric.h"

#include <math.h>
#include <stdio.h>

static int64_t whole(const struct month_row *row, enum figure figure)
{
	return isnan(row->figures[figure]) ? 0 : llround(row->figures[figure]);
}

static void frequency(const struct month_row *row, char out[static METRIC_SPOKEN])
{
	char n[WORDS_TEXT];
	char rate[WORDS_TEXT];

	(void)snprintf(out, METRIC_SPOKEN, "%s, %s",
		words_n(whole(row, FIGURE_DEPLOYMENTS), "deployment", "deployments", n),
		words_rate(row->figures[FIGURE_DEPLOYMENTS_PER_DAY], rate));
}

static void duration(
	const struct month_row *row, enum metric metric, char out[static METRIC_SPOKEN])
{
	const struct metric_words *words = metric_words(metric);
	char value[WORDS_TEXT];
	char n[WORDS_TEXT];

	(void)snprintf(out, METRIC_SPOKEN, "%s, %s", metric_text(row, metric, value),
		words_n(metric_n(row, metric), words->one, words->many, n));
}

static void fail_rate(const struct month_row *row, char out[static METRIC_SPOKEN])
{
	char ratio[WORDS_TEXT];
	char share[WORDS_TEXT];
	char inferred[WORDS_TEXT];
	int64_t by_time = whole(row, FIGURE_FAILED_INFERRED);

	int n = snprintf(out, METRIC_SPOKEN, "%s deployments failed (%s)",
		metric_text(row, METRIC_FAIL_RATE, ratio),
		words_share(row->figures[FIGURE_FAIL_RATE], share));
	if (by_time > 0)
		(void)snprintf(out + n, (size_t)(METRIC_SPOKEN - n), ", %s by time alone",
			words_count(by_time, inferred));
}

static void unplanned(const struct month_row *row, char out[static METRIC_SPOKEN])
{
	char ratio[WORDS_TEXT];
	char share[WORDS_TEXT];
	char broke[WORDS_TEXT];
	char asked[WORDS_TEXT];

	(void)snprintf(out, METRIC_SPOKEN, "%s items (%s): %s failure demand, %s ad hoc",
		metric_text(row, METRIC_UNPLANNED, ratio),
		words_share(row->figures[FIGURE_UNPLANNED_RATE], share),
		words_count(whole(row, FIGURE_ITEMS_FAILURE_DEMAND), broke),
		words_count(whole(row, FIGURE_ITEMS_ADHOC_VALUE), asked));
}

const char *metric_spoken(
	const struct month_row *row, enum metric metric, char out[static METRIC_SPOKEN])
{
	if (isnan(metric_value(row, metric))) {
		(void)snprintf(
			out, METRIC_SPOKEN, "no value: %s", metric_words(metric)->nothing);
		return out;
	}
	switch (metric) {
	case METRIC_FREQUENCY:
		frequency(row, out);
		return out;
	case METRIC_LEAD_TIME:
	case METRIC_RESTORE:
		duration(row, metric, out);
		return out;
	case METRIC_FAIL_RATE:
		fail_rate(row, out);
		return out;
	case METRIC_UNPLANNED:
		unplanned(row, out);
		return out;
	case METRIC_N:
		break;
	}
	__builtin_unreachable();
}
