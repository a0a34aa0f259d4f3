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
 * A metric has been getting worse since the month after the last in which it was not; running:
 * it slid in the month before, too.
 */
#define WORSENING(scope, more)                                                                 \
	"WITH m AS ("                                                                          \
	" SELECT (date_trunc('month', as_of AT TIME ZONE report_tz) - interval '1 "            \
	"month')::date"                                                                        \
	"  AS month FROM dorad.status"                                                         \
	"), w AS ("                                                                            \
	" SELECT t." scope " AS name, t.metric, coalesce("                                     \
	"   (SELECT (max(o.month) + interval '1 month')::date FROM dorad.trend_" scope " AS o" \
	"    WHERE o." scope " = t." scope " AND o.metric = t.metric AND o.month < t.month"    \
	"    AND o.direction <> 'worsening'),"                                                 \
	"   (SELECT min(o.month) FROM dorad.trend_" scope " AS o"                              \
	"    WHERE o." scope " = t." scope " AND o.metric = t.metric)) AS since"               \
	" FROM m JOIN dorad.trend_" scope " AS t ON t.month = m.month"                         \
	" WHERE t.direction = 'worsening'"                                                     \
	"), g AS ("                                                                            \
	" SELECT name, min(since) AS since,"                                                   \
	"  string_agg(metric || ' ' || since, ',') AS worsening FROM w GROUP BY name"          \
	")"                                                                                    \
	" SELECT g.name, d.title, a.assurance, a.throughput, g.since, g.worsening,"            \
	"  a.assurance = 'sliding' AND EXISTS ("                                               \
	"   SELECT FROM dorad.assurance_" scope " AS b WHERE b." scope " = g.name"             \
	"   AND b.month = (m.month - interval '1 month')::date AND b.assurance = 'sliding')"   \
	"  AS running"                                                                         \
	" FROM g CROSS JOIN m"                                                                 \
	" JOIN dorad.assurance_" scope " AS a ON a." scope " = g.name AND a.month = m.month"   \
	" JOIN dorad.dim_" scope " AS d ON d." scope " = g.name" more                          \
	" ORDER BY lower(d.title COLLATE \"default\"), g.name"

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
