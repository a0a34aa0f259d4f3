/* SPDX-License-Identifier: Apache-2.0 */
#include "scope_priv.h"

#include "portal/address.h"
#include "portal/month.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What every page asks: when, who, months; and the trends with what they come to. */
#define ASKS_ALWAYS 3
#define ASKS 5

#define SCOPE_MONTHS_TEXT "36"

/* A row's month in the zone of the reports; as_of itself belongs to the month before it when it
 * is midnight (METRICS.md 9.1). */
static const char clock_sql[] =
	"SELECT to_char(as_of AT TIME ZONE report_tz, 'FMDD FMMonth YYYY, HH24:MI') AS as_of,"
	" date_trunc('month', (as_of - interval '1 microsecond') AT TIME ZONE report_tz)::date"
	" AS month, report_tz"
	" FROM dorad.status";

static const char service_sql[] =
	"SELECT s.title, s.team, s.phase, s.links,"
	" (SELECT t.title FROM dorad.dim_team AS t WHERE t.team = s.team) AS team_title"
	" FROM dorad.dim_service AS s"
	" WHERE s.service = $1";
static const char team_sql[] =
	"SELECT title, NULL AS team, NULL AS team_title, NULL AS phase, '{}'::jsonb AS links"
	" FROM dorad.dim_team"
	" WHERE team = $1";

static const char service_months_sql[] =
	"SELECT * FROM dorad.monthly_service WHERE service = $1 AND month <= $2::date"
	" ORDER BY month DESC LIMIT $3::integer";
static const char team_months_sql[] =
	"SELECT * FROM dorad.monthly_team WHERE team = $1 AND month <= $2::date"
	" ORDER BY month DESC LIMIT $3::integer";

/* Five metrics, two years. */
static const char service_trends_sql[] =
	"SELECT month, metric, direction, basis, n, s, p, slope_per_month"
	" FROM dorad.trend_service WHERE service = $1 AND month <= $2::date"
	" ORDER BY month DESC LIMIT 120";
static const char team_trends_sql[] =
	"SELECT month, metric, direction, basis, n, s, p, slope_per_month"
	" FROM dorad.trend_team WHERE team = $1 AND month <= $2::date"
	" ORDER BY month DESC LIMIT 120";

static const char service_assurance_sql[] =
	"SELECT month, throughput, assurance"
	" FROM dorad.assurance_service WHERE service = $1 AND month <= $2::date"
	" ORDER BY month DESC LIMIT 24";
static const char team_assurance_sql[] =
	"SELECT month, throughput, assurance"
	" FROM dorad.assurance_team WHERE team = $1 AND month <= $2::date"
	" ORDER BY month DESC LIMIT 24";

static int column_of(const struct store_rows *rows, const char *column)
{
	for (int i = 0; i < store_n_columns(rows); i++) {
		if (strcmp(store_column_name(rows, i), column) == 0)
			return i;
	}
	return -1;
}

const char *rows_text(const struct store_rows *rows, int row, const char *column)
{
	int i = column_of(rows, column);

	return i < 0 ? NULL : store_value(rows, row, i);
}

double rows_number(const struct store_rows *rows, int row, const char *column)
{
	const char *text = rows_text(rows, row, column);

	return text ? strtod(text, NULL) : NAN;
}

bool rows_is_true(const struct store_rows *rows, int row, const char *column)
{
	const char *text = rows_text(rows, row, column);

	return text && text[0] == 't';
}

static int rows_month(const struct store_rows *rows, int row)
{
	const char *text = rows_text(rows, row, "month");
	int month = 0;

	if (text)
		(void)month_parse_date(text, &month);
	return month;
}

static void read_clock(const struct store_rows *rows, struct scope *out)
{
	out->clock = (struct frame_clock){0};
	if (store_n_rows(rows) == 0)
		return;
	out->clock.as_of = rows_text(rows, 0, "as_of");
	out->clock.zone = rows_text(rows, 0, "report_tz");
	out->month = rows_month(rows, 0);
}

static void read_months(const struct store_rows *rows, struct scope *out)
{
	int columns[FIGURE_N];
	int n = store_n_rows(rows);

	for (enum figure figure = 0; figure < FIGURE_N; figure++)
		columns[figure] = column_of(rows, figure_column(figure));
	out->n_rows = (size_t)n;
	for (int i = 0; i < n; i++) {
		struct month_row *row = &out->rows[n - 1 - i];

		*row = (struct month_row){.month = rows_month(rows, i),
			.complete = rows_is_true(rows, i, "complete"),
			.settled = rows_is_true(rows, i, "settled"),
			.delivery_measured = rows_is_true(rows, i, "delivery_measured"),
			.days = (int)rows_number(rows, i, "days")};
		for (enum figure figure = 0; figure < FIGURE_N; figure++) {
			const char *value = columns[figure] < 0
				? NULL
				: store_value(rows, i, columns[figure]);

			row->figures[figure] = value ? strtod(value, NULL) : NAN;
		}
	}
}

/* The newest row of each metric, and for how many months before it was the same. */
static void read_trends(const struct store_rows *rows, struct scope *out)
{
	for (enum metric i = 0; i < METRIC_N; i++)
		out->trends[i] = (struct trend){.s = NAN, .p = NAN, .slope = NAN};
	for (int i = 0; i < store_n_rows(rows); i++) {
		enum metric metric;
		int month = rows_month(rows, i);
		enum trend_direction direction =
			trend_direction(rows_text(rows, i, "direction"));

		if (!metric_by_trend(rows_text(rows, i, "metric"), &metric))
			continue;
		struct trend *trend = &out->trends[metric];
		if (trend->running == 0) {
			const char *basis = rows_text(rows, i, "basis");

			*trend = (struct trend){.direction = direction,
				.is_long = basis && strcmp(basis, "long") == 0,
				.month = month,
				.n = (int)rows_number(rows, i, "n"),
				.s = rows_number(rows, i, "s"),
				.p = rows_number(rows, i, "p"),
				.slope = rows_number(rows, i, "slope_per_month"),
				.running = 1};
		} else if (direction == trend->direction &&
			month == trend->month - trend->running) {
			trend->running++;
		}
	}
}

static void read_assurance(const struct store_rows *rows, struct scope *out)
{
	int n = store_n_rows(rows);

	if (n == 0)
		return;
	out->assurance = rows_text(rows, 0, "assurance");
	out->throughput = rows_text(rows, 0, "throughput");
	while (out->assurance_running < n &&
		strcmp(rows_text(rows, out->assurance_running, "assurance"), out->assurance) ==
			0)
		out->assurance_running++;
}

/* A month's own page looks back from it; and at its neighbour. */
static const char *until(struct visit *visit, int more)
{
	char slug[MONTH_TEXT];

	if (!visit->route.month || month_year(visit->route.month + more) > 9999)
		return "infinity";
	month_slug(visit->route.month + more, slug);
	return arena_printf(visit->arena, "%s-01", slug);
}

enum visit_result scope_read(struct visit *visit, struct scope *out, struct store_ask *more,
	size_t n_more, struct error *err)
{
	bool is_team = visit->route.is_team;
	/* A page of one month shows that, knows its neighbours, and no trend. */
	bool alone = visit->route.page == ROUTE_MONTH || visit->route.page == ROUTE_REASONS;
	size_t n_own = alone ? ASKS_ALWAYS : ASKS;
	const char *name = visit->route.name;
	struct store_ask asks[ASKS + SCOPE_MORE] = {
		{.sql = clock_sql},
		{.sql = is_team ? team_sql : service_sql, .values = {name}, .n_values = 1},
		{.sql = is_team ? team_months_sql : service_months_sql,
			.values = {name, until(visit, 1), alone ? "3" : SCOPE_MONTHS_TEXT},
			.n_values = 3},
		{.sql = is_team ? team_trends_sql : service_trends_sql,
			.values = {name, until(visit, 0)},
			.n_values = 2},
		{.sql = is_team ? team_assurance_sql : service_assurance_sql,
			.values = {name, until(visit, 0)},
			.n_values = 2},
	};

	assert(n_more <= SCOPE_MORE);
	if (n_more)
		memcpy(asks + n_own, more, n_more * sizeof(*more));
	enum visit_result result = visit_ask(visit, asks, n_own + n_more, err);
	if (result != VISIT_DONE)
		return result;
	for (size_t i = 0; i < n_more; i++)
		more[i].rows = asks[n_own + i].rows;

	*out = (struct scope){.is_team = is_team, .name = name};
	if (store_n_rows(asks[1].rows) == 0)
		return VISIT_UNKNOWN;
	out->title = rows_text(asks[1].rows, 0, "title");
	out->team = rows_text(asks[1].rows, 0, "team");
	out->team_title = rows_text(asks[1].rows, 0, "team_title");
	out->phase = rows_text(asks[1].rows, 0, "phase");
	out->links = rows_text(asks[1].rows, 0, "links");
	read_clock(asks[0].rows, out);
	read_months(asks[2].rows, out);
	if (alone)
		return VISIT_DONE;
	read_trends(asks[3].rows, out);
	read_assurance(asks[4].rows, out);
	return VISIT_DONE;
}

const struct month_row *scope_row(const struct scope *scope, int month)
{
	for (size_t i = 0; i < scope->n_rows; i++) {
		if (scope->rows[i].month == month)
			return &scope->rows[i];
	}
	return NULL;
}

const char *scope_address(struct visit *visit, const struct scope *scope)
{
	return address_join(visit->arena, visit->settings->prefix, route_plural(scope->is_team),
		scope->name, (char *)NULL);
}
