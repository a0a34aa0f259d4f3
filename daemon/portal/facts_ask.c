/* SPDX-License-Identifier: Apache-2.0 */
#include "facts_priv.h"

/*
 * $1 name, $2 first day of the month or null for the running one, $3 rows at most. A month is a
 * range of instants, each asked for by itself, so that the indices of the facts serve; the team
 * is the owner at the anchor (METRICS.md section 2), which the views know.
 */
/* clang-format off */
#define BOUNDS \
	"WITH b AS MATERIALIZED (" \
	" SELECT m.month, s.report_tz AS tz," \
	"  m.month::timestamp AT TIME ZONE s.report_tz AS begins," \
	"  (m.month + interval '1 month')::timestamp AT TIME ZONE s.report_tz AS ends" \
	" FROM dorad.status AS s CROSS JOIN LATERAL (" \
	"  SELECT coalesce($2::date, date_trunc('month'," \
	"   (s.as_of - interval '1 microsecond') AT TIME ZONE s.report_tz)::date) AS month" \
	" ) AS m)"
#define BEGINS "(SELECT begins FROM b)"
#define ENDS "(SELECT ends FROM b)"
#define IN_MONTH(column) column " >= " BEGINS " AND " column " < " ENDS
#define WHEN(column, form) "to_char(" column " AT TIME ZONE (SELECT tz FROM b), '" form "')"
#define DAY "FMDD Mon, HH24:MI"
#define DAY_YEAR "FMDD Mon YYYY, HH24:MI"

/* What speaks against them is looked up for those that are shown, where something does. */
#define DEPLOYMENTS(scope) \
	BOUNDS \
	" SELECT e.deployment_id, e.service, " WHEN("e.at", DAY) " AS at, e.kind, e.failed," \
	"  CASE WHEN e.failed THEN e.evidence END AS evidence, left(e.sha, 10) AS sha, e.url," \
	"  count(*) OVER () AS n" \
	" FROM dorad.explain_deployment AS e" \
	" WHERE e." scope " = $1 AND e.counted AND " IN_MONTH("e.at") \
	" ORDER BY e.at DESC, e.deployment_id LIMIT $3::integer"

/* Begun or ended in it, or open all the while; each once, however many services it hit. */
#define INCIDENTS(scope) \
	BOUNDS \
	" SELECT e.incident_id, min(e.title) AS title, min(e.severity) AS severity," \
	"  " WHEN("min(e.started_at)", DAY_YEAR) " AS started_at," \
	"  " WHEN("min(e.restored_at)", DAY_YEAR) " AS restored_at," \
	"  min(e.restore_s) AS restore_s, string_agg(DISTINCT e.attr_rule, ',') AS attr_rule," \
	"  min(e.url) AS url, min(e.review_url) AS review_url, count(*) OVER () AS n" \
	" FROM dorad.portal_incident AS e" \
	" WHERE e." scope " = $1 AND e.counted AND e.started_at < " ENDS \
	"  AND e.until >= " BEGINS \
	" GROUP BY e.incident_id" \
	" ORDER BY min(e.started_at) DESC, e.incident_id LIMIT $3::integer"

/* Their month is that in which the work ended. */
#define REQUESTS(which) \
	BOUNDS \
	" SELECT r.cr_id, " WHEN("r.actual_start", DAY) " AS actual_start," \
	"  " WHEN("r.actual_end", DAY) " AS actual_end," \
	"  r.state, r.close_code, r.url, count(*) OVER () AS n" \
	" FROM (" which ") AS k (cr_id)" \
	" JOIN dorad.portal_change_request AS r ON r.cr_id = k.cr_id" \
	" WHERE " IN_MONTH("r.actual_end") \
	" ORDER BY r.actual_end DESC, r.cr_id LIMIT $3::integer"

#define LEFT_OUT(scope, items) \
	BOUNDS \
	" SELECT 'deployment' AS what, e.exclusion, count(*) AS n" \
	" FROM dorad.explain_deployment AS e" \
	" WHERE e." scope " = $1 AND NOT e.counted AND " IN_MONTH("e.at") \
	" GROUP BY e.exclusion" \
	" UNION ALL" \
	" SELECT 'incident', e.exclusion, count(DISTINCT e.incident_id)" \
	" FROM dorad.portal_incident AS e" \
	" WHERE e." scope " = $1 AND NOT e.counted AND " IN_MONTH("e.started_at") \
	" GROUP BY e.exclusion" \
	" UNION ALL" \
	" SELECT 'work item', e.exclusion, count(DISTINCT e.item_id)" \
	" FROM (" items ") AS k (service, begins, ends)" \
	" JOIN dorad.portal_item_left_out AS e ON e.service = k.service" \
	"  AND e.at >= k.begins AND e.at < k.ends" \
	" GROUP BY e.exclusion ORDER BY 1, 3 DESC, 2"
/* Of which services the items, and in the team's case since when until when. */
#define ITEMS_OF_SERVICE "SELECT $1, " BEGINS ", " ENDS
#define ITEMS_OF_TEAM \
	"SELECT o.service, greatest(o.valid_from, " BEGINS "), least(o.valid_to, " ENDS ")" \
	" FROM dorad.ownership AS o WHERE o.team = $1"
/* clang-format on */

static const char service_deployments_sql[] = DEPLOYMENTS("service");
static const char team_deployments_sql[] = DEPLOYMENTS("team");
static const char service_incidents_sql[] = INCIDENTS("service");
static const char team_incidents_sql[] = INCIDENTS("team");
static const char service_requests_sql[] = REQUESTS(
	"SELECT c.cr_id FROM dorad.portal_change_request AS c WHERE c.named @> ARRAY[$1]"
	" UNION"
	" SELECT d.cr_id FROM dorad.portal_change_request_service AS d"
	" WHERE d.service = $1");
static const char team_requests_sql[] =
	REQUESTS("SELECT c.cr_id FROM dorad.ownership AS o"
		 " JOIN dorad.portal_change_request AS c ON c.named @> ARRAY[o.service]"
		 "  AND coalesce(o.valid_from, '-infinity') <= c.actual_end"
		 "  AND c.actual_end < coalesce(o.valid_to, 'infinity') WHERE o.team = $1"
		 " UNION"
		 " SELECT c.cr_id FROM dorad.ownership AS o"
		 " JOIN dorad.portal_change_request_service AS d ON d.service = o.service"
		 " JOIN dorad.portal_change_request AS c ON c.cr_id = d.cr_id"
		 "  AND coalesce(o.valid_from, '-infinity') <= c.actual_end"
		 "  AND c.actual_end < coalesce(o.valid_to, 'infinity') WHERE o.team = $1");
static const char service_left_out_sql[] = LEFT_OUT("service", ITEMS_OF_SERVICE);
static const char team_left_out_sql[] = LEFT_OUT("team", ITEMS_OF_TEAM);

void facts_ask(struct visit *visit, const char *month, const char *most,
	struct store_ask out[static FACTS_ASKS])
{
	bool team = visit->route.is_team;
	const char *first = month ? arena_printf(visit->arena, "%s-01", month) : NULL;
	const char *const sql[FACTS_ASKS] = {
		[FACTS_DEPLOYMENTS] = team ? team_deployments_sql : service_deployments_sql,
		[FACTS_INCIDENTS] = team ? team_incidents_sql : service_incidents_sql,
		[FACTS_REQUESTS] = team ? team_requests_sql : service_requests_sql,
		[FACTS_LEFT_OUT] = team ? team_left_out_sql : service_left_out_sql,
	};

	for (size_t i = 0; i < FACTS_ASKS; i++)
		out[i] = (struct store_ask){.sql = sql[i],
			.values = {visit->route.name, first, most},
			.n_values = i == FACTS_LEFT_OUT ? 2 : 3};
}
