/* SPDX-License-Identifier: Apache-2.0 */
#include "api_priv.h"

#include "assurance_priv.h"
#include "portal/address.h"
#include "portal/month.h"
#include "scope_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* schemas/openapi.yaml is the contract. */
#define MOST_NAMES 1000
#define USUAL_NAMES 100

void api_answer(struct visit *visit, json_t *document)
{
	char *text = json_dumps(document, JSON_COMPACT);

	json_decref(document);
	(void)arena_own(visit->arena, text, free);
	visit_answer(visit, "application/json", text, strlen(text));
}

static json_t *url_of(struct visit *visit, bool is_team, const char *name)
{
	const char *base = visit->settings->base_url;

	return json_string(address_join(visit->arena, base ? base : visit->settings->prefix,
		route_plural(is_team), name, (char *)NULL));
}

static bool read_month(const struct visit *visit, const char *name, int *out, struct error *err)
{
	const char *text = visit_parameter(visit, name);

	*out = 0; /* where it is absent */
	if (!text || month_parse(text, out))
		return true;
	error_setf(err, "%s=%s: want a month, as 2026-03", name, text);
	return false;
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *number_or_null(double value)
{
	return isnan(value) ? json_null() : json_real(value);
}

static json_t *count_or_null(double value)
{
	return isnan(value) ? json_null() : json_integer(llround(value));
}

static json_t *month_or_null(int month)
{
	char slug[MONTH_TEXT];

	if (!month)
		return json_null();
	month_slug(month, slug);
	return json_string(slug);
}

/* ---- names ---- */

static const char services_sql[] =
	"SELECT service AS name, title, team, phase FROM dorad.dim_service"
	" WHERE service > $1 ORDER BY service LIMIT $2::integer";
static const char teams_sql[] = "SELECT team AS name, title, NULL AS team, NULL AS phase"
				" FROM dorad.dim_team"
				" WHERE team > $1 ORDER BY team LIMIT $2::integer";

static bool limit_asked(const struct visit *visit, int *out, struct error *err)
{
	const char *text = visit_parameter(visit, "limit");
	char *end;

	*out = USUAL_NAMES;
	if (!text)
		return true;
	long limit = strtol(text, &end, 10);
	if (end == text || *end || limit < 1 || limit > MOST_NAMES) {
		error_setf(err, "limit=%s: want a number from 1 to %d", text, MOST_NAMES);
		return false;
	}
	*out = (int)limit;
	return true;
}

enum visit_result api_directory(struct visit *visit, struct error *err)
{
	bool is_team = visit->route.is_team;
	const char *after = visit_parameter(visit, "after");
	int limit;

	if (!limit_asked(visit, &limit, err))
		return VISIT_WRONG;
	/* One more than asked for tells whether there are more. */
	struct store_ask ask = {.sql = is_team ? teams_sql : services_sql,
		.values = {after ? after : "", arena_printf(visit->arena, "%d", limit + 1)},
		.n_values = 2};
	enum visit_result result = visit_ask(visit, &ask, 1, err);
	if (result != VISIT_DONE)
		return result;

	json_t *items = json_array();
	int n = store_n_rows(ask.rows);
	const char *last = NULL;
	for (int i = 0; i < n && i < limit; i++) {
		last = rows_text(ask.rows, i, "name");
		json_array_append_new(items,
			json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", last, "title",
				text_or_null(rows_text(ask.rows, i, "title")), "team",
				text_or_null(rows_text(ask.rows, i, "team")), "phase",
				text_or_null(rows_text(ask.rows, i, "phase")), "url",
				url_of(visit, is_team, last)));
	}
	if (n > limit)
		visit->link = arena_printf(visit->arena, "<%s>; rel=\"next\"",
			address_with(visit->arena,
				arena_printf(visit->arena, "%s/api/v1/%s?limit=%d",
					visit->settings->prefix, route_plural(is_team), limit),
				"after", last));
	api_answer(visit,
		json_pack("{s:o, s:o}", "items", items, "next",
			text_or_null(n > limit ? last : NULL)));
	return VISIT_DONE;
}

/* ---- one of them ---- */

static const char services_of_sql[] =
	"SELECT to_jsonb(services) AS services FROM dorad.dim_team WHERE team = $1";

enum visit_result api_scope(struct visit *visit, struct error *err)
{
	struct scope *scope = arena_alloc(visit->arena, sizeof(*scope));
	struct store_ask ask = {
		.sql = services_of_sql, .values = {visit->route.name}, .n_values = 1};
	enum visit_result result = scope_read(visit, scope, &ask, 1, err);

	if (result != VISIT_DONE)
		return result;
	json_t *links = scope->links ? json_loads(scope->links, 0, NULL) : NULL;
	json_t *services = scope->is_team && store_n_rows(ask.rows)
		? json_loads(rows_text(ask.rows, 0, "services"), 0, NULL)
		: NULL;
	api_answer(visit,
		json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "scope",
			route_singular(scope->is_team), "name", scope->name, "title",
			text_or_null(scope->title), "team", text_or_null(scope->team), "phase",
			text_or_null(scope->phase), "links", links ? links : json_object(),
			"services", services ? services : json_array(), "url",
			url_of(visit, scope->is_team, scope->name)));
	return VISIT_DONE;
}

/* The rows as they stand in the view; the database writes them down exactly. */
#define MONTHS(scope)                                                                       \
	"SELECT jsonb_build_object('scope', '" scope "', 'name', d." scope ","              \
	" 'report_tz', s.report_tz, 'as_of', s.as_of, 'months', coalesce("                  \
	"  (SELECT jsonb_agg((to_jsonb(m) - '" scope "')"                                   \
	"    || jsonb_build_object('month', to_char(m.month, 'YYYY-MM')) ORDER BY m.month)" \
	"   FROM dorad.monthly_" scope " AS m WHERE m." scope " = d." scope                 \
	"   AND m.month >= coalesce($2::date, d.last_month - interval '23 months')"         \
	"   AND m.month <= coalesce($3::date, d.last_month)), '[]')) AS document"           \
	" FROM dorad.dim_" scope " AS d CROSS JOIN dorad.status AS s WHERE d." scope " = $1"

static const char service_months_sql[] = MONTHS("service");
static const char team_months_sql[] = MONTHS("team");

static const char *first_day(struct visit *visit, int month)
{
	char slug[MONTH_TEXT];

	if (!month)
		return NULL;
	month_slug(month, slug);
	return arena_printf(visit->arena, "%s-01", slug);
}

enum visit_result api_months(struct visit *visit, struct error *err)
{
	int from;
	int to;

	if (!read_month(visit, "from", &from, err) || !read_month(visit, "to", &to, err))
		return VISIT_WRONG;
	struct store_ask ask = {
		.sql = visit->route.is_team ? team_months_sql : service_months_sql,
		.values = {visit->route.name, first_day(visit, from), first_day(visit, to)},
		.n_values = 3};
	enum visit_result result = visit_ask(visit, &ask, 1, err);
	if (result != VISIT_DONE)
		return result;
	if (store_n_rows(ask.rows) == 0)
		return VISIT_UNKNOWN;

	const char *document = rows_text(ask.rows, 0, "document");
	visit_answer(visit, "application/json", document, strlen(document));
	return VISIT_DONE;
}

/* ---- trends ---- */

static json_t *trend_json(const struct scope *scope, enum metric metric)
{
	static const char *const directions[] = {[TREND_NOT_ENOUGH_DATA] = "not_enough_data",
		[TREND_STEADY] = "steady",
		[TREND_IMPROVING] = "improving",
		[TREND_WORSENING] = "worsening"};
	const struct trend *trend = &scope->trends[metric];
	bool judged = trend->direction > TREND_NOT_ENOUGH_DATA;
	char sentence[TREND_SENTENCE];

	return json_pack("{s:s, s:s, s:o, s:i, s:o, s:o, s:o, s:s}", "metric",
		metric_words(metric)->trend, "direction", directions[trend->direction], "basis",
		judged ? json_string(trend->is_long ? "long" : "short") : json_null(), "n",
		trend->n, "s", count_or_null(trend->s), "p", number_or_null(trend->p),
		"slope_per_month", number_or_null(trend->slope), "sentence",
		trend_sentence(metric, trend, scope->rows, scope->n_rows, sentence));
}

enum visit_result api_trends(struct visit *visit, struct error *err)
{
	struct scope *scope = arena_alloc(visit->arena, sizeof(*scope));

	if (!read_month(visit, "month", &visit->route.month, err))
		return VISIT_WRONG;
	enum visit_result result = scope_read(visit, scope, NULL, 0, err);
	if (result != VISIT_DONE)
		return result;

	json_t *trends = json_array();
	int month = scope->trends[METRIC_FREQUENCY].month;
	bool known = month && (!visit->route.month || visit->route.month == month);
	for (enum metric metric = 0; known && metric < METRIC_N; metric++)
		json_array_append_new(trends, trend_json(scope, metric));
	api_answer(visit,
		json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "scope",
			route_singular(scope->is_team), "name", scope->name, "month",
			month_or_null(known ? month : 0), "throughput",
			text_or_null(known ? scope->throughput : NULL), "assurance",
			text_or_null(known ? scope->assurance : NULL), "trends", trends));
	return VISIT_DONE;
}

/* ---- reasons ---- */

/* clang-format off */
/* $1 name, $2 first day. Scope and metric stand in the text; a value may have no facts. */
#define REASONS(scope, part, trend) \
	"SELECT jsonb_build_object('metric', '" trend "'," \
	" 'value', min(v.value), 'n', min(v.n)," \
	" 'numerator', min(v.numerator), 'denominator', min(v.denominator)," \
	" 'facts', coalesce(jsonb_agg(jsonb_build_object(" \
	"  'kind', e.fact_kind, 'id', e.fact_id, 'service', e.service, 'at', e.anchor," \
	"  'counted', e.counted, 'detail', e.kind," \
	"  'rule', e.rule, 'evidence', e.evidence, 'url', e.url)" \
	"  ORDER BY e.counted DESC, e.anchor, e.fact_id)" \
	"  FILTER (WHERE e.fact_id IS NOT NULL), '[]')) AS reasons" \
	" FROM dorad.explained AS v LEFT JOIN dorad.reason_" part " AS e" \
	"  ON e.scope = '" scope "' AND e.name = $1 AND e.month = $2::date" \
	" WHERE v.scope = '" scope "' AND v.name = $1 AND v.month = $2::date" \
	"  AND v.metric = '" part "' HAVING count(*) > 0"
#define BOTH(part, trend) {REASONS("service", part, trend), REASONS("team", part, trend)}
/* clang-format on */

static const char *const explain_sql[METRIC_N][2] = {
	[METRIC_FREQUENCY] = BOTH("deployments", "deploy_freq"),
	[METRIC_LEAD_TIME] = BOTH("lead_time", "lead_time"),
	[METRIC_FAIL_RATE] = BOTH("fail_rate", "fail_rate"),
	[METRIC_RESTORE] = BOTH("restore", "restore"),
	[METRIC_UNPLANNED] = BOTH("unplanned_rate", "unplanned"),
};

enum visit_result api_explain(struct visit *visit, struct error *err)
{
	const char *asked = visit_parameter(visit, "metric");
	const char *scope = route_singular(visit->route.is_team);
	struct store_ask asks[METRIC_N];
	enum metric only;
	int month;
	size_t n = 0;

	if (!read_month(visit, "month", &month, err))
		return VISIT_WRONG;
	if (!month || (asked && !metric_by_trend(asked, &only))) {
		error_setf(err,
			"want month=2026-03, and metric= one of deploy_freq, lead_time, "
			"fail_rate, restore, unplanned, or none");
		return VISIT_WRONG;
	}
	for (enum metric metric = 0; metric < METRIC_N; metric++) {
		if (asked && metric != only)
			continue;
		asks[n++] = (struct store_ask){.sql = explain_sql[metric][visit->route.is_team],
			.values = {visit->route.name, first_day(visit, month)},
			.n_values = 2};
	}
	enum visit_result result = visit_ask(visit, asks, n, err);
	if (result != VISIT_DONE)
		return result;
	visit->route.month = month;
	if (store_n_rows(asks[0].rows) == 0)
		return VISIT_UNKNOWN;

	json_t *metrics = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(
			metrics, json_loads(rows_text(asks[i].rows, 0, "reasons"), 0, NULL));
	api_answer(visit,
		json_pack("{s:s, s:s, s:o, s:o}", "scope", scope, "name", visit->route.name,
			"month", month_or_null(month), "metrics", metrics));
	return VISIT_DONE;
}

/* ---- who needs help ---- */

static void add_items(
	struct visit *visit, json_t *items, const struct store_rows *rows, bool is_team)
{
	for (int i = 0; i < store_n_rows(rows); i++) {
		const char *name = rows_text(rows, i, "name");
		json_t *worsening = json_array();
		char since[16];

		for (enum metric metric = 0; metric < METRIC_N; metric++) {
			if (assurance_since(rows_text(rows, i, "worsening"), metric, since))
				json_array_append_new(
					worsening, json_string(metric_words(metric)->trend));
		}
		json_array_append_new(items,
			json_pack("{s:s, s:s, s:s, s:s, s:o, s:s%, s:b, s:o}", "scope",
				route_singular(is_team), "name", name, "assurance",
				rows_text(rows, i, "assurance"), "throughput",
				rows_text(rows, i, "throughput"), "worsening", worsening,
				"since", rows_text(rows, i, "since"), (size_t)7,
				"two_months_running", rows_is_true(rows, i, "running"), "url",
				url_of(visit, is_team, name)));
	}
}

enum visit_result api_assurance(struct visit *visit, struct error *err)
{
	struct store_ask asks[ASSURANCE_ASKS];
	int month = 0;

	assurance_ask(asks);
	enum visit_result result =
		visit_ask_kept(visit, KEEP_ASSURANCE, asks, ARRAY_LEN(asks), err);
	if (result != VISIT_DONE)
		return result;

	json_t *items = json_array();
	const char *last = rows_text(asks[ASSURANCE_CLOCK].rows, 0, "last_month");
	if (last)
		(void)month_parse_date(last, &month);
	add_items(visit, items, asks[ASSURANCE_TEAMS].rows, true);
	add_items(visit, items, asks[ASSURANCE_SERVICES].rows, false);
	api_answer(
		visit, json_pack("{s:o, s:o}", "month", month_or_null(month), "items", items));
	return VISIT_DONE;
}

/* ---- what the numbers rest on ---- */

static const char data_sql[] =
	"SELECT jsonb_build_object("
	" 'not_counted', coalesce((SELECT jsonb_object_agg(reason, n) FROM "
	"dorad.quality_total),"
	"  '{}'),"
	" 'unmapped', coalesce((SELECT jsonb_agg(to_jsonb(u) ORDER BY u.events DESC, u.name)"
	"  FROM (SELECT * FROM dorad.quality_unmapped ORDER BY events DESC, name LIMIT 1000)"
	"  AS u), '[]'),"
	" 'silent', coalesce((SELECT jsonb_agg(jsonb_build_object('system', q.system,"
	"   'host', q.host, 'name', q.name, 'last_event_at', q.last_event_at,"
	"   'silent_for_s', extract(epoch FROM q.silent_for)) ORDER BY q.silent_for DESC)"
	"  FROM dorad.quality_silent AS q WHERE q.is_silent AND q.silent_for > interval '1 "
	"day'), '[]'),"
	" 'receivers', coalesce((SELECT jsonb_agg(to_jsonb(r) ORDER BY r.ledger)"
	"  FROM dorad.quality_receiver AS r), '[]')) AS document";

enum visit_result api_data(struct visit *visit, struct error *err)
{
	struct store_ask ask = {.sql = data_sql};
	enum visit_result result = visit_ask_kept(visit, KEEP_DATA_API, &ask, 1, err);

	if (result != VISIT_DONE)
		return result;
	const char *document = rows_text(ask.rows, 0, "document");
	visit_answer(visit, "application/json", document, strlen(document));
	return VISIT_DONE;
}
