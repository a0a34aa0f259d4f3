/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/chart.h"
#include "portal/month.h"

#include "tap.h"

#include <math.h>

/* A year of rows, ending in March 2026; no figure has a value. */
static void make_rows(struct month_row *rows, size_t n)
{
	int march = 0;

	CHECK(month_parse("2026-03", &march));
	for (size_t i = 0; i < n; i++) {
		rows[i] = (struct month_row){.month = march - (int)(n - 1 - i),
			.complete = i + 1 < n,
			.settled = i + 1 < n,
			.delivery_measured = true};
		for (int figure = 0; figure < FIGURE_N; figure++)
			rows[i].figures[figure] = NAN;
	}
}

static int times(const char *text, const char *part)
{
	int n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

static const char *draw(struct markup *markup, enum metric metric, const struct month_row *rows,
	size_t n, const struct trend *trend)
{
	const struct chart chart = {.metric = metric,
		.rows = rows,
		.n_rows = n,
		.trend = trend,
		.title = "Lead time <of> \"x\"",
		.address = "/services/x"};
	size_t length;

	chart_draw(markup, &chart);
	return markup_bytes(markup, &length);
}

static void a_scale_ends_at_or_above_the_highest_with_few_ticks(void)
{
	static const double values[] = {
		0, 0.001, 0.04, 0.5, 1, 3, 7, 12, 99, 3600, 100000, 1e6, 3e8};

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		for (enum metric_unit unit = METRIC_UNIT_COUNT; unit <= METRIC_UNIT_SHARE;
			unit++) {
			struct chart_scale scale = chart_scale(unit, values[i]);
			double ticks = scale.top / scale.step;

			CHECK(scale.top >= values[i] - 1e-9);
			CHECK(fabs(ticks - round(ticks)) < 1e-9);
			CHECK(ticks >= 1 && ticks <= 10);
		}
	}
	CHECK(chart_scale(METRIC_UNIT_SHARE, 1).top == 1);
	CHECK(chart_scale(METRIC_UNIT_COUNT, 5).step == 1);
	CHECK(chart_scale(METRIC_UNIT_SECONDS, 300000).step == 86400);
}

static void no_value_is_a_gap_and_zero_is_drawn(void)
{
	CLEANUP(markup_destroyp) struct markup *markup = markup_create();
	struct month_row rows[5];

	make_rows(rows, 5);
	rows[0].figures[FIGURE_DEPLOYMENTS] = 4;
	rows[1].figures[FIGURE_DEPLOYMENTS] = 0;
	rows[3].figures[FIGURE_DEPLOYMENTS] = 8;
	rows[4].figures[FIGURE_DEPLOYMENTS] = 2;
	const char *svg = draw(markup, METRIC_FREQUENCY, rows, 5, NULL);
	CHECK_INT(times(svg, "class=\"bar\""), 2);
	CHECK_INT(times(svg, "class=\"zero\""), 1);
	CHECK_INT(times(svg, "class=\"running\""), 1);
	CHECK_INT(times(svg, "class=\"band\""), 1);
	CHECK(strstr(svg, "November 2025: 4 deployments"));
	CHECK(strstr(svg, "December 2025: 0 deployments"));
	CHECK(strstr(svg, "January 2026: no value: nothing has been deployed"));
	CHECK(strstr(svg, "March 2026 so far: 2 deployments"));
	CHECK(strstr(svg, "href=\"/services/x/2026-02/deployment-frequency\""));
	CHECK(strstr(svg, "Lead time &lt;of&gt; &quot;x&quot;"));
}

static void a_line_does_not_cross_a_gap(void)
{
	CLEANUP(markup_destroyp) struct markup *markup = markup_create();
	struct month_row rows[6];

	make_rows(rows, 6);
	for (size_t i = 0; i < 6; i++) {
		rows[i].figures[FIGURE_LEAD_TIME_P50] = i == 2 ? NAN : 3600.0 * (double)i;
		rows[i].figures[FIGURE_LEAD_TIME_N] = i == 2 ? 0 : 5;
	}
	const char *svg = draw(markup, METRIC_LEAD_TIME, rows, 6, NULL);
	CHECK_INT(times(svg, "class=\"point\""), 4);
	CHECK_INT(times(svg, "class=\"point hollow\""), 1);
	CHECK_INT(times(svg, "class=\"path\""), 2);
	CHECK_INT(times(svg, "class=\"path dashed\""), 1);
	CHECK_INT(times(svg, "class=\"trend\""), 0);
}

static void a_share_shows_its_two_parts(void)
{
	CLEANUP(markup_destroyp) struct markup *markup = markup_create();
	struct month_row rows[3];

	make_rows(rows, 3);
	for (size_t i = 0; i < 3; i++) {
		rows[i].figures[FIGURE_FAIL_RATE] = 3.0 / 14;
		rows[i].figures[FIGURE_FAILED_DEPLOYMENTS] = 3;
		rows[i].figures[FIGURE_FAIL_RATE_N] = 14;
		rows[i].figures[FIGURE_FAILED_INFERRED] = (double)i;
	}
	const char *svg = draw(markup, METRIC_FAIL_RATE, rows, 3, NULL);
	CHECK(strstr(svg, "January 2026: 3 of 14 deployments failed (21%)."));
	CHECK(strstr(svg, "February 2026: 3 of 14 deployments failed (21%), 1 by time alone."));
	CHECK_INT(times(svg, "class=\"second\""), 2); /* one is the legend's */
	CHECK_INT(times(svg, "class=\"running\""), 2);
}

static void only_the_newest_months_are_drawn(void)
{
	CLEANUP(markup_destroyp) struct markup *markup = markup_create();
	struct month_row rows[40];

	make_rows(rows, 40);
	for (size_t i = 0; i < 40; i++)
		rows[i].figures[FIGURE_DEPLOYMENTS] = 1;
	const char *svg = draw(markup, METRIC_FREQUENCY, rows, 40, NULL);
	CHECK_INT(times(svg, "class=\"month\""), CHART_MONTHS);
	CHECK(strstr(svg, "2026-03/deployment-frequency"));
	CHECK(!strstr(svg, "2024-03/deployment-frequency"));
}

static void a_chart_without_months_says_why(void)
{
	CLEANUP(markup_destroyp) struct markup *markup = markup_create();
	const char *svg = draw(markup, METRIC_RESTORE, NULL, 0, NULL);

	CHECK(strstr(svg, "No months yet: no incident ended."));
}

static void a_moving_trend_has_its_line(void)
{
	CLEANUP(markup_destroyp) struct markup *markup = markup_create();
	struct month_row rows[8];
	struct trend trend = {.direction = TREND_WORSENING, .n = 6, .slope = 3600};

	make_rows(rows, 8);
	trend.month = rows[6].month;
	for (size_t i = 0; i < 8; i++) {
		rows[i].figures[FIGURE_LEAD_TIME_P50] = 3600.0 * (double)i;
		rows[i].figures[FIGURE_LEAD_TIME_N] = 5;
	}
	const char *svg = draw(markup, METRIC_LEAD_TIME, rows, 8, &trend);
	CHECK_INT(times(svg, "class=\"trend\""), 1);
}

static void a_trend_is_one_sentence(void)
{
	struct month_row rows[8];
	struct trend trend = {.direction = TREND_WORSENING, .n = 6, .slope = NAN};
	char text[TREND_SENTENCE];

	make_rows(rows, 8);
	trend.month = rows[6].month;
	for (size_t i = 0; i < 8; i++) {
		rows[i].figures[FIGURE_LEAD_TIME_P50] = 86400 * 1.9 + 46656.0 * (double)i;
		rows[i].figures[FIGURE_LEAD_TIME_N] = 5;
		rows[i].figures[FIGURE_DEPLOYMENTS] = 30 - 2 * (double)i;
		rows[i].figures[FIGURE_DEPLOYMENTS_PER_DAY] = 1 - 0.1 * (double)i;
	}
	CHECK_STR(trend_sentence(METRIC_LEAD_TIME, &trend, rows, 8, text),
		"Lead time has been getting longer over the last six months: 2.4 to 5.1 days.");
	CHECK_STR(trend_sentence(METRIC_FREQUENCY, &trend, rows, 8, text),
		"Deployments have been getting rarer over the last six months: "
		"6.3 to 2.8 a week.");
	/* Not one month is usable: no values, but the words stand. */
	CHECK_STR(trend_sentence(METRIC_FAIL_RATE, &trend, rows, 8, text),
		"A growing share of deployments has been failing over the last six months.");
	trend.direction = TREND_STEADY;
	CHECK_STR(trend_sentence(METRIC_LEAD_TIME, &trend, rows, 8, text),
		"Steady: the last six months moved no more than usual.");
	trend = (struct trend){.direction = TREND_NOT_ENOUGH_DATA, .n = 2};
	CHECK_STR(trend_sentence(METRIC_LEAD_TIME, &trend, rows, 8, text),
		"Too little data for a trend: it takes five of the last six complete months "
		"with 3 changes or more, and there are two.");
}

static void an_arrow_shows_where_the_number_goes(void)
{
	CHECK_STR(trend_arrow(METRIC_FREQUENCY, TREND_WORSENING), "\xE2\x86\x98");
	CHECK_STR(trend_arrow(METRIC_LEAD_TIME, TREND_WORSENING), "\xE2\x86\x97");
	CHECK_STR(trend_phrase(TREND_WORSENING), "getting worse");
	CHECK_INT(trend_direction("improving"), TREND_IMPROVING);
	CHECK_INT(trend_direction(NULL), TREND_UNKNOWN);
}

int main(void)
{
	RUN(a_scale_ends_at_or_above_the_highest_with_few_ticks);
	RUN(no_value_is_a_gap_and_zero_is_drawn);
	RUN(a_line_does_not_cross_a_gap);
	RUN(a_share_shows_its_two_parts);
	RUN(only_the_newest_months_are_drawn);
	RUN(a_chart_without_months_says_why);
	RUN(a_moving_trend_has_its_line);
	RUN(a_trend_is_one_sentence);
	RUN(an_arrow_shows_where_the_number_goes);
	return tap_done();
}
