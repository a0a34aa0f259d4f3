/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/chart.h"

#include <math.h>

#define MOST_TICKS 5
#define MINUTE 60.0
#define HOUR 3600.0
#define DAY 86400.0

static const double second_steps[] = {10, 20, 30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE,
	15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY,
	5 * DAY, 10 * DAY, 20 * DAY, 50 * DAY, 100 * DAY, 200 * DAY, 500 * DAY, 1000 * DAY};
static const double share_steps[] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.25};

static struct chart_scale with_step(double step, double highest)
{
	double ticks = ceil(highest / step - 1e-9);

	return (struct chart_scale){.step = step, .top = step * (ticks < 1 ? 1 : ticks)};
}

static struct chart_scale of_steps(const double *steps, size_t n, double highest)
{
	for (size_t i = 0; i < n; i++) {
		if (highest <= steps[i] * MOST_TICKS)
			return with_step(steps[i], highest);
	}
	return with_step(pow(10, ceil(log10(highest / MOST_TICKS))), highest);
}

static struct chart_scale of_counts(double highest)
{
	static const int factors[] = {1, 2, 5};

	for (int64_t ten = 1;; ten *= 10) {
		for (size_t i = 0; i < ARRAY_LEN(factors); i++) {
			double step = (double)(ten * factors[i]);

			if (highest <= step * MOST_TICKS)
				return with_step(step, highest);
		}
	}
}

struct chart_scale chart_scale(enum metric_unit unit, double highest)
{
	switch (unit) {
	case METRIC_UNIT_COUNT:
		return of_counts(highest > 0 ? highest : 4);
	case METRIC_UNIT_SECONDS:
		return of_steps(
			second_steps, ARRAY_LEN(second_steps), highest > 0 ? highest : HOUR);
	case METRIC_UNIT_SHARE:
		/* A rate of 1 in 100 may not look like one of 100 in 100. */
		return of_steps(
			share_steps, ARRAY_LEN(share_steps), highest > 0.1 ? highest : 0.1);
	}
	__builtin_unreachable();
}
