/* SPDX-License-Identifier: Apache-2.0 */
#include "api_priv.h"

#include "base/timestamp.h"
#include "scope_priv.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * What OpenDORA's plugin for Backstage asks for, of one service (project) or one team, or of
 * everything pooled: points by week, month or quarter, and a word for how it has gone. A week
 * begins on Monday; times are hours, rates per cent. Where there is nothing there is no point.
 */

/* clang-format off */
/*
 * Whose facts: of a project, else of the services that the team ever owned (each fact knows
 * whose it was then), else of all; nothing for a name that nobody knows. An array, so that the
 * indices by service and time serve all three.
 */
#define WHO \
	"k AS MATERIALIZED (" \
	" SELECT CASE WHEN $1::text IS NOT NULL" \
	"  THEN ARRAY(SELECT s.service FROM dorad.dim_service AS s" \
	"   WHERE s.service = coalesce(" \
	"    (SELECT a.service FROM dorad.portal_alias AS a WHERE a.alias = $1), $1))" \
	"  WHEN $2::text IS NOT NULL" \
	"  THEN ARRAY(SELECT DISTINCT o.service FROM dorad.ownership AS o WHERE o.team = $2)" \
	"  ELSE ARRAY(SELECT s.service FROM dorad.dim_service AS s) END AS names" \
	")"
#define THEIRS \
	" f.service = ANY ((SELECT names FROM k)::text[]) AND ($2::text IS NULL OR f.team = $2)"
#define KNOWN " (SELECT cardinality(names) FROM k) > 0"
#define WITHIN(column) " " column " >= b.begins AND " column " < b.ends AND" THEIRS

/* $1 project, $2 team, $3 from, $4 to (null: six months until now), $5 unit of date_trunc. */
#define STEP \
	"(('1 ' || replace($5, 'quarter', 'month'))::interval" \
	" * CASE $5 WHEN 'quarter' THEN 3 ELSE 1 END)"
#define BUCKETS \
	"WITH " WHO ", c AS (" \
	" SELECT coalesce($4::timestamptz, as_of) AS ends," \
	"  coalesce($3::timestamptz, as_of - interval '6 months') AS begins, report_tz AS tz" \
	" FROM dorad.status" \
	"), b AS (" \
	" SELECT g AS bucket, g AT TIME ZONE c.tz AS begins," \
	"  (g + " STEP ") AT TIME ZONE c.tz AS ends" \
	" FROM c CROSS JOIN LATERAL generate_series(" \
	"  date_trunc($5, c.begins AT TIME ZONE c.tz)," \
	"  (c.ends AT TIME ZONE c.tz) - interval '1 microsecond', " STEP ") AS g" \
	" WHERE" KNOWN \
	")" \
	" SELECT CASE $5 WHEN 'week' THEN to_char(b.bucket, 'DD/MM/YYYY \"(Week \"FMIW\")\"')" \
	"  WHEN 'month' THEN to_char(b.bucket, 'YYYY/MM')" \
	"  ELSE to_char(b.bucket, 'YYYY-0Q') END AS key"
#define IN_BUCKETS(value) BUCKETS ", (" value ") AS value FROM b ORDER BY b.bucket"

/* The same over the whole of the time at once. */
#define WHOLE(value) \
	"WITH " WHO ", b AS (" \
	" SELECT coalesce($4::timestamptz, as_of) AS ends," \
	"  coalesce($3::timestamptz, as_of - interval '6 months') AS begins" \
	" FROM dorad.status WHERE $5 = 'all' AND" KNOWN \
	") SELECT (" value ") AS value FROM b"

#define CHANGES \
	"SELECT count(*) FROM dorad.portal_deployment AS f WHERE f.kind = 'change' AND" \
	WITHIN("f.at")
#define LEAD_HOURS \
	"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY f.lead_s) / 3600" \
	" FROM dorad.portal_lead_time AS f WHERE" WITHIN("f.at")
#define FAILED_PERCENT \
	"SELECT 100.0 * count(*) FILTER (WHERE f.failed)" \
	" / nullif(count(*) FILTER (WHERE f.kind = 'change' OR f.failed), 0)" \
	" FROM dorad.portal_deployment AS f WHERE" WITHIN("f.at")
#define RESTORE_HOURS \
	"SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY i.restore_s) / 3600" \
	" FROM (SELECT DISTINCT f.incident_id, f.restore_s FROM dorad.portal_incident AS f" \
	"  WHERE f.counted AND" WITHIN("f.restored_at") ") AS i"
#define SECONDS "extract(epoch FROM b.ends - b.begins)"
/* clang-format on */

static const char count_sql[] = IN_BUCKETS(CHANGES);
static const char average_sql[] = IN_BUCKETS("(" CHANGES ") * 604800.0 / " SECONDS);
static const char lead_sql[] = IN_BUCKETS(LEAD_HOURS);
static const char fail_sql[] = IN_BUCKETS(FAILED_PERCENT);
static const char restore_sql[] = IN_BUCKETS(RESTORE_HOURS);

static const struct {
	const char *type;
	const char *sql;
} types[] = {
	{"df_count", count_sql},
	{"df_average", average_sql},
	{"mltc", lead_sql},
	{"cfr", fail_sql},
	{"mttr", restore_sql},
};

#define DAY_US INT64_C(86400000000)

/* Each point is counted by itself: nineteen years of weeks, more than anybody looks at. */
#define MOST_POINTS 1000

static const struct aggregation {
	const char *aggregation;
	const char *unit;
	int64_t least_us; /* as short as one can be */
} aggregations[] = {{"weekly", "week", 7 * DAY_US - DAY_US / 24},
	{"monthly", "month", 28 * DAY_US - DAY_US / 24},
	{"quarterly", "quarter", 90 * DAY_US - DAY_US / 24}};

/* The whole of the time at once. */
static const struct aggregation whole = {.unit = "all"};

/* from and to, both or neither. */
static bool range_asked(const struct visit *visit, const struct aggregation *by,
	const char *out[static 2], struct error *err)
{
	int64_t at_us[2];

	out[0] = visit_parameter(visit, "from");
	out[1] = visit_parameter(visit, "to");
	if (!out[0] && !out[1])
		return true;
	for (size_t i = 0; i < 2; i++) {
		if (out[i] && timestamp_parse(out[i], strlen(out[i]), &at_us[i]))
			continue;
		error_setf(err, "want from and to, both as 2026-01-31T00:00:00Z, or neither");
		return false;
	}
	if (!by->least_us || at_us[1] - at_us[0] <= MOST_POINTS * by->least_us)
		return true;
	error_setf(err,
		"from=%s to=%s: more than %d %ss: want a shorter time, or a coarser "
		"aggregation",
		out[0], out[1], MOST_POINTS, by->unit);
	return false;
}

static enum visit_result ask(struct visit *visit, const char *sql, const struct aggregation *by,
	struct store_rows **out, struct error *err)
{
	const char *range[2];

	if (!range_asked(visit, by, range, err))
		return VISIT_WRONG;
	const char *project = visit_parameter(visit, "project");
	const char *team = visit_parameter(visit, "team");
	struct store_ask ask = {.sql = sql,
		.values = {project && *project ? project : NULL, team && *team ? team : NULL,
			range[0], range[1], by->unit},
		.n_values = 5};
	visit->is_dear = !ask.values[0] && !ask.values[1];
	enum visit_result result = visit_ask(visit, &ask, 1, err);
	*out = ask.rows;
	return result;
}

enum visit_result dora_metric(struct visit *visit, struct error *err)
{
	const char *type = visit_parameter(visit, "type");
	const char *aggregation = visit_parameter(visit, "aggregation");
	const char *sql = NULL;
	const struct aggregation *by = NULL;
	struct store_rows *rows;

	if (!aggregation)
		aggregation = "weekly";
	for (size_t i = 0; type && i < ARRAY_LEN(types); i++)
		sql = strcmp(types[i].type, type) == 0 ? types[i].sql : sql;
	for (size_t i = 0; i < ARRAY_LEN(aggregations); i++)
		by = strcmp(aggregations[i].aggregation, aggregation) == 0 ? &aggregations[i]
									   : by;
	if (!sql || !by) {
		error_setf(err,
			"want type= one of df_average, df_count, mltc, cfr, mttr and "
			"aggregation= weekly, monthly or quarterly");
		return VISIT_WRONG;
	}
	enum visit_result result = ask(visit, sql, by, &rows, err);
	if (result != VISIT_DONE)
		return result;

	json_t *points = json_array();
	for (int i = 0; i < store_n_rows(rows); i++) {
		double value = rows_number(rows, i, "value");

		if (!isnan(value))
			json_array_append_new(points,
				json_pack("{s:s, s:f}", "key", rows_text(rows, i, "key"),
					"value", round(value * 100) / 100));
	}
	api_answer(visit,
		json_pack("{s:s, s:o}", "aggregation", aggregation, "dataPoints", points));
	return VISIT_DONE;
}

/* ---- one word for all of it ---- */

static const char whole_frequency_sql[] =
	WHOLE("nullif((" CHANGES "), 0) * 86400.0 / nullif(" SECONDS ", 0)");
static const char whole_lead_sql[] = WHOLE(LEAD_HOURS);
static const char whole_fail_sql[] = WHOLE(FAILED_PERCENT);
static const char whole_restore_sql[] = WHOLE(RESTORE_HOURS);

/*
 * The categories of the survey that the plugin has words for: no grades. The first whose limit
 * is not passed is the answer.
 */
#define MOST_KEYS 4

static const struct benchmark {
	const char *type;
	const char *sql;
	const char *missing; /* when there is no value */
	struct {
		double below;
		const char *key;
	} keys[MOST_KEYS];
} benchmarks[] = {
	{"df", whole_frequency_sql, "na-deployments",
		{{1 / 182.62, "lt-6month"}, {1 / 30.44, "month-6month"},
			{1 / 7.0, "week-month"}, {HUGE_VAL, "on-demand"}}},
	{"mltc", whole_lead_sql, "na-deployments-pullrequests",
		{{1, "lt-1hour"}, {168, "lt-1week"}, {4383, "week-6month"},
			{HUGE_VAL, "mt-6month"}}},
	{"cfr", whole_fail_sql, "na-deployments-incidents",
		{{15, "lt-15p"}, {25, "15-25p"}, {30, "25-30p"}, {HUGE_VAL, "mt-30p"}}},
	{"mttr", whole_restore_sql, "na-incidents",
		{{1, "lt-1hour"}, {24, "lt-1day"}, {168, "day-week"}, {HUGE_VAL, "mt-1week"}}},
};

static const char *value_words(
	const struct benchmark *benchmark, double value, char out[static 32])
{
	if (strcmp(benchmark->type, "df") == 0)
		(void)snprintf(out, 32, "%.2f a day:", value);
	else if (strcmp(benchmark->type, "cfr") == 0)
		(void)snprintf(out, 32, "%.1f%%:", value);
	else
		(void)snprintf(out, 32, "%.1f h:", value);
	return out;
}

enum visit_result dora_benchmark(struct visit *visit, struct error *err)
{
	const char *type = visit_parameter(visit, "type");
	const struct benchmark *benchmark = NULL;
	struct store_rows *rows;
	char words[32] = "";
	size_t i = 0;

	for (size_t k = 0; type && k < ARRAY_LEN(benchmarks); k++)
		benchmark = strcmp(benchmarks[k].type, type) == 0 ? &benchmarks[k] : benchmark;
	if (!benchmark) {
		error_setf(err, "want type= one of df, mltc, cfr, mttr");
		return VISIT_WRONG;
	}
	enum visit_result result = ask(visit, benchmark->sql, &whole, &rows, err);
	if (result != VISIT_DONE)
		return result;

	double value = store_n_rows(rows) ? rows_number(rows, 0, "value") : NAN;
	while (!isnan(value) && value >= benchmark->keys[i].below)
		i++;
	api_answer(visit,
		json_pack("{s:s, s:s}", "key",
			isnan(value) ? benchmark->missing : benchmark->keys[i].key, "value",
			isnan(value) ? "" : value_words(benchmark, value, words)));
	return VISIT_DONE;
}
