/* SPDX-License-Identifier: Apache-2.0 */
#include "facts_priv.h"

#include "reason_priv.h"
#include "section_priv.h"
#include "sheet_priv.h"

#include <math.h>
#include <stdio.h>

/*
 * $1 name, $2 first day of the month or null for the running one, $3 rows at most. A month is a
 * range of instants, so that the indices of the facts serve; the team is the owner at the
 * anchor (METRICS.md section 2), which the views know.
 */
#define BOUNDS                                                                              \
	"WITH b AS (SELECT m.first::timestamp AT TIME ZONE s.report_tz AS begins,"          \
	" (m.first + interval '1 month')::timestamp AT TIME ZONE s.report_tz AS ends,"      \
	" s.report_tz AS tz"                                                                \
	" FROM dorad.status AS s CROSS JOIN LATERAL (SELECT coalesce($2::date, date_trunc(" \
	"'month', (s.as_of - interval '1 microsecond') AT TIME ZONE s.report_tz)::date)"    \
	" AS first) AS m)"
#define WHEN(column) "to_char(" column " AT TIME ZONE b.tz, 'FMDD Mon, HH24:MI')"
#define WHEN_YEAR(column) "to_char(" column " AT TIME ZONE b.tz, 'FMDD Mon YYYY, HH24:MI')"

#define DEPLOYMENTS(scope)                                                                    \
	BOUNDS                                                                                \
	" SELECT e.deployment_id, e.service, " WHEN(                                          \
		"e.at") " AS at, e.kind, e.kind_rule,"                                        \
			" e.failed, e.evidence, e.environment, left(e.sha, 10) AS sha, "      \
			"e.hotfix, e.url,"                                                    \
			" count(*) OVER () AS n"                                              \
			" FROM b JOIN dorad.explain_deployment AS e ON e.at >= b.begins AND " \
			"e.at < b.ends"                                                       \
			" WHERE e." scope " = $1 AND e.counted"                               \
			" ORDER BY e.at DESC, e.deployment_id LIMIT $3::integer"
#define INCIDENTS(scope)                                                                     \
	BOUNDS                                                                               \
	" SELECT e.incident_id, min(e.title) AS title, min(e.severity) AS severity,"         \
	" " WHEN_YEAR(                                                                       \
		"min(e.started_at)") " AS started_at,"                                       \
				     " " WHEN_YEAR(                                          \
					     "min(e.restored_at)") " AS restored_at,"        \
								   " min(e.restore_s) AS "   \
								   "restore_s, "             \
								   "string_agg(DISTINCT "    \
								   "e.attr_rule, ',') AS "   \
								   "attr_rule,"              \
								   " min(e.url) AS url, "    \
								   "min(e.review_url) AS "   \
								   "review_url, count(*) "   \
								   "OVER () AS n"            \
								   " FROM b JOIN "           \
								   "dorad.explain_incident " \
								   "AS e ON e.started_at < " \
								   "b.ends"                  \
								   " WHERE e." scope         \
								   " = $1 AND e.counted"     \
								   " AND (e.restored_at IS " \
								   "NULL OR e.restored_at "  \
								   ">= b.begins)"            \
								   " GROUP BY "              \
								   "e.incident_id, b.tz"     \
								   " ORDER BY "              \
								   "min(e.started_at) "      \
								   "DESC, e.incident_id "    \
								   "LIMIT $3::integer"
/* Their month is that in which the work ended. */
#define REQUESTS(scope)                                                                        \
	BOUNDS                                                                                 \
	" SELECT r.cr_id, " WHEN(                                                              \
		"r.actual_start") " AS actual_start,"                                          \
				  " " WHEN("r.actual_end") " AS actual_end,"                   \
							   " r.state, r.close_code, "          \
							   "r.marks_failure, r.url, count(*) " \
							   "OVER () AS n"                      \
							   " FROM b JOIN "                     \
							   "dorad.portal_change_request AS r"  \
							   "  ON r.actual_end >= b.begins "    \
							   "AND r.actual_end < b.ends"         \
							   " WHERE " scope                     \
							   " ORDER BY r.actual_end DESC, "     \
							   "r.cr_id LIMIT $3::integer"
#define LEFT_OUT(scope)                                                                    \
	BOUNDS                                                                             \
	" SELECT 'deployment' AS what, e.exclusion, count(*) AS n"                         \
	" FROM b JOIN dorad.explain_deployment AS e ON e.at >= b.begins AND e.at < b.ends" \
	" WHERE e." scope " = $1 AND NOT e.counted GROUP BY e.exclusion"                   \
	" UNION ALL"                                                                       \
	" SELECT 'incident', e.exclusion, count(DISTINCT e.incident_id)"                   \
	" FROM b JOIN dorad.explain_incident AS e"                                         \
	"  ON e.started_at >= b.begins AND e.started_at < b.ends"                          \
	" WHERE e." scope " = $1 AND NOT e.counted GROUP BY e.exclusion"                   \
	" UNION ALL"                                                                       \
	" SELECT 'work item', e.rule, count(*)"                                            \
	" FROM b JOIN dorad.explanation AS e"                                              \
	"  ON e.month = (b.begins AT TIME ZONE b.tz)::date"                                \
	" WHERE e.scope = '" scope "' AND e.name = $1 AND e.metric = 'unplanned_rate'"     \
	"  AND NOT e.counted GROUP BY e.rule ORDER BY 1, 3 DESC, 2"

static const char service_deployments_sql[] = DEPLOYMENTS("service");
static const char team_deployments_sql[] = DEPLOYMENTS("team");
static const char service_incidents_sql[] = INCIDENTS("service");
static const char team_incidents_sql[] = INCIDENTS("team");
static const char service_requests_sql[] = REQUESTS("r.services @> ARRAY[$1]");
static const char team_requests_sql[] =
	REQUESTS("EXISTS (SELECT FROM dorad.ownership AS o WHERE o.team = $1"
		 " AND o.service = ANY (r.services)"
		 " AND coalesce(o.valid_from, '-infinity') <= r.actual_end"
		 " AND r.actual_end < coalesce(o.valid_to, 'infinity'))");
static const char service_left_out_sql[] = LEFT_OUT("service");
static const char team_left_out_sql[] = LEFT_OUT("team");

enum { DEPLOYMENTS_ASK, INCIDENTS_ASK, REQUESTS_ASK, LEFT_OUT_ASK };

void facts_ask(struct visit *visit, const char *month, const char *most,
	struct store_ask out[static FACTS_ASKS])
{
	bool team = visit->route.is_team;
	const char *first = month ? arena_printf(visit->arena, "%s-01", month) : NULL;
	const char *const sql[FACTS_ASKS] = {
		[DEPLOYMENTS_ASK] = team ? team_deployments_sql : service_deployments_sql,
		[INCIDENTS_ASK] = team ? team_incidents_sql : service_incidents_sql,
		[REQUESTS_ASK] = team ? team_requests_sql : service_requests_sql,
		[LEFT_OUT_ASK] = team ? team_left_out_sql : service_left_out_sql,
	};

	for (size_t i = 0; i < FACTS_ASKS; i++)
		out[i] = (struct store_ask){.sql = sql[i],
			.values = {visit->route.name, first, most},
			.n_values = i == LEFT_OUT_ASK ? 2 : 3};
}

/* ---- drawing ---- */

/* The first cell: what it is, leading to where it is from. */
static void subject(struct sheet *sheet, const char *url, const char *text)
{
	sheet_cell(sheet);
	frame_link_out(sheet->markup, url, text);
	markup_close(sheet->markup);
}

/* Whose it is, where the page is of a team. */
static void service_cell(struct visit *visit, struct sheet *sheet, const char *service)
{
	sheet_cell(sheet);
	section_scope_link(visit, sheet->markup, false, service, NULL);
	markup_close(sheet->markup);
}

static void heading(struct markup *markup, const char *title, const struct store_rows *rows)
{
	char n[WORDS_TEXT];
	int shown = store_n_rows(rows);
	double all = shown ? rows_number(rows, 0, "n") : 0;

	markup_open(markup, "h3", NULL);
	markup_textf(markup, "%s", title);
	if (all > shown) {
		markup_open(markup, "span", "class", "mark", NULL);
		markup_textf(
			markup, "the newest %d of %s", shown, words_count(llround(all), n));
		markup_close(markup);
	}
	markup_close(markup);
}

static void nothing(struct markup *markup, const char *text)
{
	markup_element(markup, "p", "faint", text);
}

static void deployments(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct store_rows *rows)
{
	static const char *const of_service[] = {
		"Deployment", "Finished", "Kind", "Commit", "Hurt production", NULL};
	static const char *const of_team[] = {
		"Deployment", "Service", "Finished", "Kind", "Commit", "Hurt production", NULL};

	heading(markup, "Deployments", rows);
	if (store_n_rows(rows) == 0) {
		nothing(markup, "None.");
		return;
	}
	struct sheet sheet = sheet_open(
		markup, "facts", "Deployments", scope->is_team ? of_team : of_service);
	for (int i = 0; i < store_n_rows(rows); i++) {
		sheet_row(&sheet);
		subject(&sheet, rows_text(rows, i, "url"), rows_text(rows, i, "deployment_id"));
		if (scope->is_team)
			service_cell(visit, &sheet, rows_text(rows, i, "service"));
		sheet_text(&sheet, rows_text(rows, i, "at"));
		sheet_text(&sheet, reason_kind(rows_text(rows, i, "kind")));
		sheet_cell(&sheet);
		const char *sha = rows_text(rows, i, "sha");
		markup_element(markup, "code", NULL, sha ? sha : "\xE2\x80\x93");
		markup_close(markup);
		sheet_cell(&sheet);
		if (rows_is_true(rows, i, "failed"))
			reason_evidence(markup, rows_text(rows, i, "evidence"));
		else
			markup_text(markup, "no sign of it");
		markup_close(markup);
		sheet_row_end(&sheet);
	}
	sheet_close(&sheet);
}

static void incidents(struct markup *markup, const struct store_rows *rows)
{
	static const char *const titles[] = {
		"Incident", "Began", "Restored", "Open for", "Severity", "Held against", NULL};
	char text[WORDS_TEXT];

	heading(markup, "Incidents", rows);
	if (store_n_rows(rows) == 0) {
		nothing(markup, "None.");
		return;
	}
	struct sheet sheet = sheet_open(markup, "facts", "Incidents", titles);
	for (int i = 0; i < store_n_rows(rows); i++) {
		const char *title = rows_text(rows, i, "title");
		const char *restored = rows_text(rows, i, "restored_at");
		double seconds = rows_number(rows, i, "restore_s");

		sheet_row(&sheet);
		subject(&sheet, rows_text(rows, i, "url"),
			title ? title : rows_text(rows, i, "incident_id"));
		sheet_text(&sheet, rows_text(rows, i, "started_at"));
		sheet_text(&sheet, restored ? restored : "still open");
		sheet_text(&sheet, isnan(seconds) ? NULL : words_duration(seconds, text));
		sheet_text(&sheet, rows_text(rows, i, "severity"));
		sheet_text(&sheet, reason_rule(rows_text(rows, i, "attr_rule"), true));
		sheet_row_end(&sheet);
	}
	sheet_close(&sheet);
}

static void reviews(struct markup *markup, const struct store_rows *rows)
{
	bool any = false;

	markup_element(markup, "h3", NULL, "Post-incident reviews");
	for (int i = 0; i < store_n_rows(rows); i++) {
		const char *url = rows_text(rows, i, "review_url");

		if (!url)
			continue;
		if (!any)
			markup_open(markup, "ul", "class", "plain", NULL);
		any = true;
		markup_open(markup, "li", NULL);
		markup_text(markup, "of ");
		frame_link_out(markup, url, rows_text(rows, i, "incident_id"));
		markup_close(markup);
	}
	if (any)
		markup_close(markup);
	else
		nothing(markup, "None is linked.");
}

static void requests(struct markup *markup, const struct store_rows *rows)
{
	static const char *const titles[] = {
		"Change request", "Began", "Ended", "State", "Closed as", NULL};

	heading(markup, "Change requests", rows);
	if (store_n_rows(rows) == 0) {
		nothing(markup, "None.");
		return;
	}
	struct sheet sheet = sheet_open(markup, "facts", "Change requests", titles);
	for (int i = 0; i < store_n_rows(rows); i++) {
		sheet_row(&sheet);
		subject(&sheet, rows_text(rows, i, "url"), rows_text(rows, i, "cr_id"));
		sheet_text(&sheet, rows_text(rows, i, "actual_start"));
		sheet_text(&sheet, rows_text(rows, i, "actual_end"));
		sheet_text(&sheet, rows_text(rows, i, "state"));
		sheet_text(&sheet, rows_text(rows, i, "close_code"));
		sheet_row_end(&sheet);
	}
	sheet_close(&sheet);
}

static void left_out(struct markup *markup, const struct store_rows *rows)
{
	char n[WORDS_TEXT];

	markup_element(markup, "h3", NULL, "Received and not counted");
	if (store_n_rows(rows) == 0) {
		nothing(markup, "Nothing was left out.");
		return;
	}
	markup_open(markup, "ul", "class", "plain", NULL);
	for (int i = 0; i < store_n_rows(rows); i++) {
		const char *what = rows_text(rows, i, "what");
		char many[WORDS_TEXT];

		(void)snprintf(many, sizeof(many), "%ss", what);
		markup_open(markup, "li", NULL);
		markup_textf(markup, "%s: %s",
			words_n(llround(rows_number(rows, i, "n")), what, many, n),
			reason_rule(rows_text(rows, i, "exclusion"), false));
		markup_close(markup);
	}
	markup_close(markup);
}

void facts_draw(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct store_ask asks[static FACTS_ASKS])
{
	deployments(visit, markup, scope, asks[DEPLOYMENTS_ASK].rows);
	incidents(markup, asks[INCIDENTS_ASK].rows);
	reviews(markup, asks[INCIDENTS_ASK].rows);
	requests(markup, asks[REQUESTS_ASK].rows);
	left_out(markup, asks[LEFT_OUT_ASK].rows);
}
