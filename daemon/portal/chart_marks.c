/* SPDX-License-Identifier: Apache-2.0 */
#include "chart_priv.h"

#include <math.h>
#include <stdlib.h>

#define BAR_WIDTH (CHART_SLOT * 0.62)
#define ZERO_HEIGHT 2.0
#define POINT_RADIUS 3.2

/* Days of a month on average: deployments are compared by the day and drawn by the month. */
#define DAYS 30.436875

static void bar(const struct drawing *to, size_t i, const char *class, double from, double upto)
{
	double top = chart_value_y(to, upto);
	bool running = !to->rows[i].complete;

	chart_rectangle(to, running ? "running" : class,
		(struct chart_box){chart_month_x(to, i) - BAR_WIDTH / 2, top, BAR_WIDTH,
			chart_value_y(to, from) - top},
		running);
}

/* What part of a share rests on weaker ground, or is of the second kind. */
static double second_part(const struct month_row *row, enum metric metric)
{
	if (metric == METRIC_FAIL_RATE)
		return row->figures[FIGURE_FAILED_INFERRED] / row->figures[FIGURE_FAIL_RATE_N];
	if (metric == METRIC_UNPLANNED)
		return row->figures[FIGURE_ITEMS_ADHOC_VALUE] / row->figures[FIGURE_ITEMS_DONE];
	return 0;
}

static void bars(const struct drawing *to, size_t i, double value)
{
	double second = second_part(&to->rows[i], to->chart->metric);

	if (value <= 0) {
		chart_rectangle(to, "zero",
			(struct chart_box){chart_month_x(to, i) - BAR_WIDTH / 2,
				CHART_BASE - ZERO_HEIGHT, BAR_WIDTH, ZERO_HEIGHT},
			false);
		return;
	}
	if (second < value)
		bar(to, i, "bar", 0, value - second);
	if (second > 0)
		bar(to, i, "second", value - second, value);
}

void chart_mark(const struct drawing *to, size_t i)
{
	double value = metric_value(&to->rows[i], to->chart->metric);

	if (isnan(value))
		return;
	if (to->words->unit == METRIC_UNIT_SECONDS)
		chart_circle(to, to->rows[i].complete ? "point" : "point hollow",
			chart_month_x(to, i), chart_value_y(to, value), POINT_RADIUS);
	else
		bars(to, i, value);
}

static void stroke(const struct drawing *to, const char *class, const size_t ends[static 2],
	const double values[static 2])
{
	double x = chart_month_x(to, ends[0]);
	double y = chart_value_y(to, values[0]);

	chart_line(to, class,
		(struct chart_box){x, y, chart_month_x(to, ends[1]) - x,
			chart_value_y(to, values[1]) - y});
}

/* Neighbours are joined; over a gap nothing is. */
void chart_path(const struct drawing *to)
{
	for (size_t i = 1; i < to->n; i++) {
		double values[2] = {metric_value(&to->rows[i - 1], to->chart->metric),
			metric_value(&to->rows[i], to->chart->metric)};

		if (!isnan(values[0]) && !isnan(values[1]))
			stroke(to, to->rows[i].complete ? "path" : "path dashed",
				(size_t[]){i - 1, i}, values);
	}
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left;
	double b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

/* The line of Theil and Sen: the given slope through the median of the points. */
void chart_trend(const struct drawing *to)
{
	const struct trend *trend = to->chart->trend;
	double rests[CHART_MONTHS];
	size_t ends[2] = {0};
	size_t n = 0;

	if (!trend || isnan(trend->slope) || trend->direction < TREND_IMPROVING)
		return;
	for (size_t i = 0; i < to->n; i++) {
		const struct month_row *row = &to->rows[i];

		if (!trend_rests_on(trend, to->chart->metric, row))
			continue;
		ends[n > 0] = i;
		rests[n++] = row->figures[to->words->comparable] - trend->slope * row->month;
	}
	if (n < 2)
		return;
	double rest = median(rests, n);
	double values[2];
	for (size_t i = 0; i < 2; i++) {
		values[i] = rest + trend->slope * to->rows[ends[i]].month;
		values[i] *= to->words->unit == METRIC_UNIT_COUNT ? DAYS : 1;
		values[i] = fmin(fmax(values[i], 0), to->scale.top);
	}
	stroke(to, "trend", ends, values);
}
