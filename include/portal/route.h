/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_ROUTE_H
#define DORAD_PORTAL_ROUTE_H

#include "base/arena.h"
#include "portal/metric.h"

/* Which page a path means. Pure. */
enum route_page {
	ROUTE_NONE, /* 404 */

	ROUTE_HEALTH, /* answered at once, without a database */
	ROUTE_ICON,
	ROUTE_METRICS,
	ROUTE_OPENAPI,
	ROUTE_ROBOTS,
	ROUTE_STYLE,
	ROUTE_UP, /* /services, /teams: what is above a page leads to the directory */

	ROUTE_READY,
	ROUTE_DIRECTORY,
	ROUTE_ASSURANCE,
	ROUTE_DATA,
	ROUTE_SCOPE,   /* /services/NAME */
	ROUTE_CHART,   /* /services/NAME/lead-time.svg */
	ROUTE_MONTH,   /* /services/NAME/2026-03 */
	ROUTE_REASONS, /* /services/NAME/2026-03/lead-time */

	ROUTE_API_DIRECTORY, /* /api/v1/services */
	ROUTE_API_SCOPE,     /* /api/v1/services/NAME */
	ROUTE_API_MONTHS,
	ROUTE_API_TRENDS,
	ROUTE_API_EXPLAIN,
	ROUTE_API_ASSURANCE,
	ROUTE_API_DATA,
	ROUTE_API_NONE, /* 404, as JSON */

	ROUTE_DORA_METRIC, /* what OpenDORA's plugin asks for */
	ROUTE_DORA_BENCHMARK,
	ROUTE_DORA_NONE,
};

struct route {
	enum route_page page;
	bool is_team;
	const char *name; /* of the service or team, decoded; of the arena */
	int month;
	enum metric metric;
};

/* path: as sent, without the query. */
struct route portal_route(struct arena *arena, const char *path);

/* Whether it is read from the database: what is not is answered at once. */
bool route_is_read(enum route_page page);

/* services or teams; service or team. */
const char *route_plural(bool is_team);
const char *route_singular(bool is_team);

#endif
