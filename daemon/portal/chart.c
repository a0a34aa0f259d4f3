/* SPDX-License-Identifier: Apache-2.0 */
#include "chart_priv.h"
#include "portal/address.h"
#include "portal/month.h"
#include "static_priv.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Room for the words over a chart that stands alone. */
#define HEAD 54

static const char *tick(const struct drawing *to, double value, char out[static WORDS_TEXT])
{
	switch (to->words->unit) {
	case METRIC_UNIT_COUNT:
		return words_count(llround(value), out);
	case METRIC_UNIT_SECONDS:
		return words_duration(value, out);
	case METRIC_UNIT_SHARE:
		return words_share(value, out);
	}
	__builtin_unreachable();
}

static void draw_scale(const struct drawing *to)
{
	const double width = CHART_RIGHT - CHART_LEFT;
	char text[WORDS_TEXT];
	int ticks = (int)llround(to->scale.top / to->scale.step);

	for (int i = 1; i <= ticks; i++) {
		double y = chart_value_y(to, to->scale.step * i);

		chart_line(to, "grid", (struct chart_box){CHART_LEFT, y, width, 0});
		chart_words(to, "tick", CHART_RIGHT + 6, y + 3.5,
			tick(to, to->scale.step * i, text));
	}
	chart_line(to, "base", (struct chart_box){CHART_LEFT, CHART_BASE, width, 0});
	chart_words(to, "tick", CHART_RIGHT + 6, CHART_BASE + 3.5, "0");
	chart_words(to, "unit", CHART_RIGHT + 6, CHART_N_LINE,
		to->words->value == to->words->n ? "" : to->words->many);
}

static void draw_months(const struct drawing *to)
{
	static const char letters[] = "JFMAMJJASOND";

	for (size_t i = 0; i < to->n; i++) {
		int month = to->rows[i].month;
		char letter[2] = {letters[month_of_year(month) - 1], '\0'};
		char year[12];

		chart_words(to, "letter", chart_month_x(to, i), CHART_MONTH_LINE, letter);
		/* Each January has its year; the first month, too, unless that is near. */
		if (month_of_year(month) != 1 && (i > 0 || month_of_year(month) > 11))
			continue;
		(void)snprintf(year, sizeof(year), "%d", month_year(month));
		chart_words(to, "year", chart_month_x(to, i) - 4, CHART_YEAR_LINE, year);
	}
}

static void draw_legend(const struct drawing *to)
{
	static const char *const first[METRIC_N] = {
		[METRIC_FAIL_RATE] = "known cause", [METRIC_UNPLANNED] = "failure demand"};
	static const char *const second[METRIC_N] = {
		[METRIC_FAIL_RATE] = "by time alone", [METRIC_UNPLANNED] = "ad hoc"};
	enum metric metric = to->chart->metric;

	if (!first[metric])
		return;
	/* At the right: what a narrow screen shows. */
	chart_rectangle(to, "bar", (struct chart_box){CHART_RIGHT - 196, 0, 9, 9}, false);
	chart_words(to, "legend", CHART_RIGHT - 182, 8.5, first[metric]);
	chart_rectangle(to, "second", (struct chart_box){CHART_RIGHT - 88, 0, 9, 9}, false);
	chart_words(to, "legend", CHART_RIGHT - 74, 8.5, second[metric]);
}

/* 999, 1.2k, 12k: what fits under a bar. */
static void short_count(int64_t n, char out[static WORDS_TEXT])
{
	if (n < 1000)
		(void)words_count(n, out);
	else if (n < 9950)
		(void)snprintf(out, WORDS_TEXT, "%.1fk", (double)n / 1000);
	else
		(void)snprintf(out, WORDS_TEXT, "%.0fk", (double)n / 1000);
}

static void open_month(const struct drawing *to, const struct month_row *row)
{
	char slug[MONTH_TEXT];

	if (!to->chart->address) {
		markup_open(to->markup, "g", "class", "month", NULL);
		return;
	}
	month_slug(row->month, slug);
	/* The table beneath leads there, too, and is in the order of the keyboard. */
	markup_open(to->markup, "a", "class", "month", "tabindex", "-1", "href",
		address_join(
			to->arena, to->chart->address, slug, to->words->slug, (char *)NULL),
		NULL);
}

static void draw_month(const struct drawing *to, size_t i)
{
	const struct month_row *row = &to->rows[i];
	enum metric metric = to->chart->metric;
	char spoken[METRIC_SPOKEN];
	char title[MONTH_TEXT];
	char n[WORDS_TEXT];

	open_month(to, row);
	month_title(row->month, title);
	markup_open(to->markup, "title", NULL);
	markup_textf(to->markup, "%s%s: %s", title, row->complete ? "" : " so far",
		metric_spoken(row, metric, spoken));
	markup_close(to->markup);
	chart_rectangle(to, row->complete ? "hit" : "band",
		(struct chart_box){chart_month_x(to, i) - CHART_SLOT / 2, CHART_TOP - 4,
			CHART_SLOT, CHART_BASE - CHART_TOP + 4},
		!row->complete);
	chart_mark(to, i);
	short_count(metric_n(row, metric), n);
	if (to->words->value == to->words->n && isnan(metric_value(row, metric)))
		(void)snprintf(n, sizeof(n), "\xE2\x80\x93"); /* U+2013: not measured */
	/* Three digits of a month would touch those of the next. */
	chart_words(to, strlen(n) > 2 ? "n tight" : "n", chart_month_x(to, i), CHART_N_LINE, n);
	markup_close(to->markup);
}

static void describe(const struct drawing *to)
{
	char spoken[METRIC_SPOKEN];
	char title[MONTH_TEXT];

	for (size_t i = 0; i < to->n; i++) {
		month_title(to->rows[i].month, title);
		markup_textf(to->markup, "%s%s%s: %s.", i ? " " : "", title,
			to->rows[i].complete ? "" : " so far",
			metric_spoken(&to->rows[i], to->chart->metric, spoken));
	}
	if (to->n == 0)
		markup_textf(to->markup, "No months yet: %s.", to->words->nothing);
}

static void draw_body(const struct drawing *to)
{
	markup_open(to->markup, "defs", NULL);
	markup_open(to->markup, "pattern", "width", "5", "height", "5", "patternUnits",
		"userSpaceOnUse", "patternTransform", "rotate(45)", NULL);
	markup_setf(to->markup, "id", "%s-hatch", to->words->slug);
	markup_open(to->markup, "rect", "class", "hatch", "width", "2", "height", "5", NULL);
	markup_close_n(to->markup, 3);

	markup_open(to->markup, "g", "aria-hidden", "true", NULL);
	draw_scale(to);
	draw_months(to);
	draw_legend(to);
	if (to->words->unit == METRIC_UNIT_SECONDS)
		chart_path(to);
	markup_close(to->markup);
	for (size_t i = 0; i < to->n; i++)
		draw_month(to, i);
	chart_trend(to);
}

static struct drawing begin(
	struct markup *markup, struct arena *arena, const struct chart *chart)
{
	static const struct month_row none;
	size_t n = chart->n_rows < CHART_MONTHS ? chart->n_rows : CHART_MONTHS;
	struct drawing to = {.chart = chart,
		.words = metric_words(chart->metric),
		.markup = markup,
		.arena = arena,
		.rows = n ? chart->rows + (chart->n_rows - n) : &none,
		.n = n};
	double highest = 0;

	for (size_t i = 0; i < n; i++)
		highest = fmax(highest, metric_value(&to.rows[i], chart->metric)); /* or NAN */
	to.scale = chart_scale(to.words->unit, highest);
	return to;
}

/* The root, and what it is in words. */
static void open_root(const struct drawing *to, int height)
{
	const char *slug = to->words->slug;

	markup_open(to->markup, "svg", "xmlns", "http://www.w3.org/2000/svg", "class", "chart",
		"role", "group", "preserveAspectRatio", "xMaxYMid slice", NULL);
	markup_setf(to->markup, "viewBox", "0 %d %d %d", CHART_HEIGHT - height, CHART_WIDTH,
		height);
	markup_setf(to->markup, "width", "%d", CHART_WIDTH);
	markup_setf(to->markup, "height", "%d", height);
	markup_setf(to->markup, "aria-labelledby", "%s-title", slug);
	markup_setf(to->markup, "aria-describedby", "%s-desc", slug);
	markup_open(to->markup, "title", NULL);
	markup_setf(to->markup, "id", "%s-title", slug);
	markup_text(to->markup, to->chart->title);
	markup_close(to->markup);
	markup_open(to->markup, "desc", NULL);
	markup_setf(to->markup, "id", "%s-desc", slug);
	describe(to);
	markup_close(to->markup);
}

void chart_draw(struct markup *markup, const struct chart *chart)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct drawing to = begin(markup, arena, chart);

	open_root(&to, CHART_HEIGHT);
	draw_body(&to);
	markup_close(markup);
}

void chart_draw_alone(struct markup *markup, const struct chart *chart, const char *sentence)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct drawing to = begin(markup, arena, chart);

	open_root(&to, CHART_HEIGHT + HEAD);
	markup_open(markup, "style", NULL);
	markup_trusted(markup, chart_text);
	markup_close(markup);
	chart_rectangle(&to, "paper",
		(struct chart_box){0, -HEAD, CHART_WIDTH, CHART_HEIGHT + HEAD}, false);
	chart_words(&to, "heading", 4, -HEAD + 20, chart->title);
	chart_words(&to, "sentence", 4, -HEAD + 38, sentence);
	draw_body(&to);
	markup_close(markup);
}
