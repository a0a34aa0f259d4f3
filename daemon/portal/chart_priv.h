/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_CHART_PRIV_H
#define DORAD_PORTAL_CHART_PRIV_H

#include "base/arena.h"
#include "portal/chart.h"

/* From the left: months, then the scale's words. From the top: plot, n, months, years. */
#define CHART_LEFT 4.0
#define CHART_RIGHT 488.0
#define CHART_TOP 16.0
#define CHART_BASE 150.0
#define CHART_N_LINE 165.0
#define CHART_MONTH_LINE 182.0
#define CHART_YEAR_LINE 198.0
#define CHART_SLOT ((CHART_RIGHT - CHART_LEFT) / CHART_MONTHS)

/* A chart being drawn. */
struct drawing {
	const struct chart *chart;
	const struct metric_words *words;
	struct markup *markup;
	struct arena *arena;
	const struct month_row *rows; /* the newest CHART_MONTHS of them */
	size_t n;
	struct chart_scale scale;
};

struct chart_box {
	double x;
	double y;
	double width;
	double height;
};

/* The middle of a month; the newest stands at the right end. */
double chart_month_x(const struct drawing *to, size_t i);
double chart_value_y(const struct drawing *to, double value);

/* hatched: filled with the chart's own pattern instead of what the style says. */
void chart_rectangle(
	const struct drawing *to, const char *class, struct chart_box box, bool hatched);
void chart_line(const struct drawing *to, const char *class, struct chart_box from_by);
void chart_words(
	const struct drawing *to, const char *class, double x, double y, const char *text);
void chart_circle(
	const struct drawing *to, const char *class, double x, double y, double radius);

/* The mark of one month: a bar or a point; nothing where there is no value. */
void chart_mark(const struct drawing *to, size_t i);
/* What joins the points. */
void chart_path(const struct drawing *to);
void chart_trend(const struct drawing *to);

#endif
