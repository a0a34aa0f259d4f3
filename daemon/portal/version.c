/* SPDX-License-Identifier: Apache-2.0 */
#include "version_priv.h"

/*
 * Each transaction that changes what a page shows adds a row for each service and team that it
 * is about (0033_pages.sql); between two epochs rows are only added, so who counts as many has
 * seen the same ones. A server that was started anew may have lost the last of them. Pages of
 * a replica say by how much it is behind.
 */
/* clang-format off */
#define VERSION(counts) \
	"SELECT CASE WHEN r.is_replica THEN 'yes' END AS is_replica," \
	" extract(epoch FROM r.lag)::bigint::text AS behind_s," \
	" concat_ws(' ', pg_postmaster_start_time(), e.epoch," \
	"  extract(epoch FROM r.lag)::bigint, " counts ") AS version" \
	" FROM dorad.replica AS r CROSS JOIN dorad.portal_epoch AS e"
#define COUNT_OF(scope, name) \
	"(SELECT count(*) FROM dorad.portal_change AS c" \
	" WHERE c.scope = '" scope "' AND c.name = " name ")"
#define COUNT(scope) COUNT_OF(scope, "$1")
#define COUNT_NAMELESS(scope) COUNT_OF(scope, "''")
#define OF_SERVICE COUNT("service") ", " COUNT_NAMELESS("all")
/* Whatever it owns, or ever did. */
#define OF_TEAM \
	COUNT("team") ", " COUNT_NAMELESS("all") "," \
	" (SELECT count(c.by_transaction)" \
	"  FROM (SELECT DISTINCT o.service FROM dorad.ownership AS o WHERE o.team = $1) AS o" \
	"  CROSS JOIN LATERAL (" \
	"   SELECT c.by_transaction FROM dorad.portal_change AS c" \
	"   WHERE c.scope = 'service' AND c.name = o.service OFFSET 0) AS c)"
/* Other pages name the minute, and are no older. */
#define AS_OF ", (SELECT s.as_of FROM dorad.status AS s)"
/* clang-format on */

static const char service_sql[] = VERSION(OF_SERVICE);
static const char team_sql[] = VERSION(OF_TEAM);
static const char service_now_sql[] = VERSION(OF_SERVICE AS_OF);
static const char team_now_sql[] = VERSION(OF_TEAM AS_OF);
static const char list_sql[] = VERSION(COUNT_NAMELESS("list") ", " COUNT_NAMELESS("all"));
static const char everything_sql[] =
	VERSION("(SELECT count(*) FROM dorad.portal_change AS c)" AS_OF);

static struct store_ask ask_of(const struct route *route, const char *service, const char *team)
{
	return (struct store_ask){
		.sql = route->is_team ? team : service, .values = {route->name}, .n_values = 1};
}

struct store_ask version_ask(const struct route *route)
{
	switch (route->page) {
	case ROUTE_SCOPE:
	case ROUTE_CHART:
	case ROUTE_MONTH:
	case ROUTE_REASONS:
	case ROUTE_API_SCOPE:
	case ROUTE_API_TRENDS:
	case ROUTE_API_EXPLAIN:
		return ask_of(route, service_sql, team_sql);
	case ROUTE_API_MONTHS:
		return ask_of(route, service_now_sql, team_now_sql);
	case ROUTE_DIRECTORY:
	case ROUTE_API_DIRECTORY:
		return (struct store_ask){.sql = list_sql};
	case ROUTE_ASSURANCE:
	case ROUTE_DATA:
	case ROUTE_READY:
	case ROUTE_API_ASSURANCE:
	case ROUTE_API_DATA:
	case ROUTE_DORA_METRIC:
	case ROUTE_DORA_BENCHMARK:
	case ROUTE_NONE:
	case ROUTE_HEALTH:
	case ROUTE_ICON:
	case ROUTE_METRICS:
	case ROUTE_OPENAPI:
	case ROUTE_ROBOTS:
	case ROUTE_STYLE:
	case ROUTE_UP:
	case ROUTE_API_NONE:
	case ROUTE_DORA_NONE:
		return (struct store_ask){.sql = everything_sql};
	}
	__builtin_unreachable();
}
