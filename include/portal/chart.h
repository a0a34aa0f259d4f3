/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_CHART_H
#define DORAD_PORTAL_CHART_H

#include "portal/markup.h"
#include "portal/metric.h"
#include "portal/trend.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A small chart of months as SVG: bars for counts and shares, a line for durations; n beneath,
 * a gap where there is no value, a mark on the base line where it is zero, the month in
 * progress hatched. The newest months are at the right, beside the scale, so that a narrow
 * screen may cut the oldest off. All that it shows is in its words, too.
 */
#define CHART_MONTHS 24
#define CHART_WIDTH 560
#define CHART_HEIGHT 208

/* Ticks at step, 2 step ... top. */
struct chart_scale {
	double step;
	double top;
};

/* At most five ticks, at values that people count in; top >= highest. Pure. */
struct chart_scale chart_scale(enum metric_unit unit, double highest);

struct chart {
	enum metric metric;
	const struct month_row *rows; /* oldest first, one a month without gaps */
	size_t n_rows;
	const struct trend *trend; /* its line is drawn where it moves; NULL: none */
	const char *title;         /* "Lead time for changes, Checkout" */
	const char *address;       /* of the service or team: months lead to their reasons;
				      NULL: they do not */
};

/* Within a page: chart.css comes with the page's stylesheet. */
void chart_draw(struct markup *markup, const struct chart *chart);

/* A document of its own, with its sentence and its style. */
void chart_draw_alone(struct markup *markup, const struct chart *chart, const char *sentence);

#endif
