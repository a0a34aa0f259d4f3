/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/route.h"

#include "portal/address.h"
#include "portal/month.h"
#include "static_priv.h"

#include <string.h>

static const struct {
	const char *path;
	enum route_page page;
} fixed[] = {
	{"/", ROUTE_DIRECTORY},
	{"/api/openapi.yaml", ROUTE_OPENAPI},
	{"/api/v1/assurance", ROUTE_API_ASSURANCE},
	{"/api/v1/data", ROUTE_API_DATA},
	{"/assurance", ROUTE_ASSURANCE},
	{"/data", ROUTE_DATA},
	{"/dora/api/benchmark", ROUTE_DORA_BENCHMARK},
	{"/dora/api/metric", ROUTE_DORA_METRIC},
	{"/favicon.ico", ROUTE_ICON},
	{"/healthz", ROUTE_HEALTH},
	{"/icon.svg", ROUTE_ICON},
	{"/readyz", ROUTE_READY},
	{"/robots.txt", ROUTE_ROBOTS},
};

/* The stylesheet's address has its content in it, so that it may be kept for ever. */
static bool is_style(const char *path)
{
	size_t n = strlen(style_hex);

	return strncmp(path, "/style-", 7) == 0 && strncmp(path + 7, style_hex, n) == 0 &&
		strcmp(path + 7 + n, ".css") == 0;
}

static bool scope_of(const char *segment, bool *out_is_team)
{
	*out_is_team = strcmp(segment, "teams") == 0;
	return *out_is_team || strcmp(segment, "services") == 0;
}

/* lead-time.svg */
static bool chart_of(const char *segment, enum metric *out)
{
	size_t n = strlen(segment);

	return n > 4 && strcmp(segment + n - 4, ".svg") == 0 &&
		metric_by_slug(segment, n - 4, out);
}

/* What follows /services or /teams. */
static void find_page(const char *const *segments, size_t n, struct route *route)
{
	if (n == 0) {
		route->page = ROUTE_UP;
		return;
	}
	route->name = segments[0];
	if (n == 1)
		route->page = ROUTE_SCOPE;
	else if (n == 2 && chart_of(segments[1], &route->metric))
		route->page = ROUTE_CHART;
	else if (n == 2 && month_parse(segments[1], &route->month))
		route->page = ROUTE_MONTH;
	else if (n == 3 && month_parse(segments[1], &route->month) &&
		metric_by_slug(segments[2], strlen(segments[2]), &route->metric))
		route->page = ROUTE_REASONS;
}

static void find_api(const char *const *segments, size_t n, struct route *route)
{
	static const struct {
		const char *segment;
		enum route_page page;
	} parts[] = {
		{"explain", ROUTE_API_EXPLAIN},
		{"months", ROUTE_API_MONTHS},
		{"trends", ROUTE_API_TRENDS},
	};

	if (n == 0)
		route->page = ROUTE_API_DIRECTORY;
	if (n == 0)
		return;
	route->name = segments[0];
	if (n == 1)
		route->page = ROUTE_API_SCOPE;
	for (size_t i = 0; n == 2 && i < ARRAY_LEN(parts); i++) {
		if (strcmp(segments[1], parts[i].segment) == 0)
			route->page = parts[i].page;
	}
}

static enum route_page nothing(const char *path)
{
	if (strncmp(path, "/api/", 5) == 0)
		return ROUTE_API_NONE;
	return strncmp(path, "/dora/", 6) == 0 ? ROUTE_DORA_NONE : ROUTE_NONE;
}

struct route portal_route(struct arena *arena, const char *path)
{
	struct route route = {.page = nothing(path)};
	struct address address;

	for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
		if (strcmp(path, fixed[i].path) == 0) {
			route.page = fixed[i].page;
			return route;
		}
	}
	if (is_style(path))
		route.page = ROUTE_STYLE;
	else if (!address_split(arena, path, &address) || address.n == 0)
		return route;
	else if (scope_of(address.segments[0], &route.is_team))
		find_page(address.segments + 1, address.n - 1, &route);
	else if (address.n >= 3 && strncmp(path, "/api/v1/", 8) == 0 &&
		scope_of(address.segments[2], &route.is_team))
		find_api(address.segments + 3, address.n - 3, &route);
	return route;
}

bool route_is_read(enum route_page page)
{
	return page >= ROUTE_READY && page != ROUTE_API_NONE && page != ROUTE_DORA_NONE;
}

const char *route_plural(bool is_team)
{
	return is_team ? "teams" : "services";
}

const char *route_singular(bool is_team)
{
	return is_team ? "team" : "service";
}
