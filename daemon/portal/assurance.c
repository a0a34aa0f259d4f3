/* SPDX-License-Identifier: Apache-2.0 */
#include "assurance_priv.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

static const char clock_sql[] =
	"SELECT to_char(as_of AT TIME ZONE report_tz, 'FMDD FMMonth YYYY, HH24:MI') AS as_of,"
	" report_tz, (date_trunc('month', as_of AT TIME ZONE report_tz) - interval '1 "
	"month')::date"
	" AS last_month"
	" FROM dorad.status";

/*
 * A metric has been getting worse since the first month of the unbroken run that ends now;
 * sliding: for how many months running it has slid; running: for more than one.
 */
/* clang-format off */
#define WORSENING(scope, more) \
	"WITH RECURSIVE m AS MATERIALIZED (" \
	" SELECT (date_trunc('month', as_of AT TIME ZONE report_tz)" \
	"  - interval '1 month')::date" \
	"  AS month FROM dorad.status" \
	"), w AS (" \
	" SELECT t." scope " AS name, t.metric, t.month AS since" \
	" FROM dorad.trend_" scope " AS t" \
	" WHERE t.month = (SELECT month FROM m) AND t.direction = 'worsening'" \
	" UNION ALL" \
	" SELECT w.name, w.metric, o.month FROM w CROSS JOIN LATERAL (" \
	"  SELECT t.month FROM dorad.trend_" scope " AS t" \
	"  WHERE t." scope " = w.name AND t.metric = w.metric AND t.direction = 'worsening'" \
	"   AND t.month = (w.since - interval '1 month')::date LIMIT 1) AS o" \
	"), r AS (" \
	" SELECT name, metric, min(since) AS since FROM w GROUP BY name, metric" \
	"), g AS (" \
	" SELECT name, min(since) AS since," \
	"  string_agg(metric || ' ' || since, ',') AS worsening FROM r GROUP BY name" \
	")" \
	" SELECT g.name, d.title, a.assurance, a.throughput, g.since, g.worsening," \
	"  coalesce(b.n, 0) AS sliding, coalesce(b.n > 1, false) AS running" \
	" FROM g" \
	" CROSS JOIN LATERAL (" \
	"  SELECT x.assurance, x.throughput FROM dorad.assurance_" scope " AS x" \
	"  WHERE x." scope " = g.name AND x.month = (SELECT month FROM m) LIMIT 1) AS a" \
	" LEFT JOIN LATERAL (" \
	"  SELECT count(*) AS n FROM dorad.assurance_" scope " AS x" \
	"  WHERE x." scope " = g.name AND x.month <= (SELECT month FROM m) AND NOT EXISTS (" \
	"   SELECT FROM dorad.assurance_" scope " AS y WHERE y." scope " = g.name" \
	"   AND y.month >= x.month AND y.month <= (SELECT month FROM m)" \
	"   AND y.assurance <> 'sliding')) AS b ON a.assurance = 'sliding'" \
	" JOIN dorad.dim_" scope " AS d ON d." scope " = g.name" more \
	" ORDER BY lower(d.title COLLATE \"default\"), g.name"
/* clang-format on */

static const char teams_sql[] = WORSENING("team", "");
static const char services_sql[] = WORSENING("service", " WHERE d.phase <> 'retired'");

void assurance_ask(struct store_ask out[static ASSURANCE_ASKS])
{
	out[ASSURANCE_CLOCK] = (struct store_ask){.sql = clock_sql};
	out[ASSURANCE_TEAMS] = (struct store_ask){.sql = teams_sql};
	out[ASSURANCE_SERVICES] = (struct store_ask){.sql = services_sql};
}

bool assurance_since(const char *list, enum metric metric, char out[static 16])
{
	const char *name = metric_words(metric)->trend;
	size_t n = strlen(name);

	for (const char *rest = list; rest; rest = strchr(rest, ',')) {
		rest += *rest == ',';
		if (strncmp(rest, name, n) == 0 && rest[n] == ' ') {
			(void)snprintf(out, 16, "%.10s", rest + n + 1);
			return true;
		}
	}
	return false;
}
