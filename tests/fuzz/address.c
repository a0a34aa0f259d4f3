/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/address.h"

#include "portal/month.h"
#include "portal/route.h"

#include "base/xalloc.h"
#include "fuzz.h"

#include <string.h>

/*
 * Path and query of the portal, split at the first '?'. Names that an address has are text, and
 * an address made of them has them again; so with a parameter's value. Whatever is asked for,
 * it has a page, or none.
 */
static void check_segments(struct arena *arena, const struct address *address)
{
	for (size_t i = 0; i < address->n; i++) {
		const char *name = address->segments[i];
		struct address again;

		FUZZ_WANT(address_is_text(name, strlen(name)));
		FUZZ_WANT(*name);
		const char *joined = address_join(arena, "/services", name, NULL);
		FUZZ_WANT(address_split(arena, joined, &again));
		FUZZ_WANT(again.n == 2 && strcmp(again.segments[1], name) == 0);
	}
}

static void check_route(struct arena *arena, const char *path)
{
	struct route route = portal_route(arena, path);
	struct route again = portal_route(arena, path);

	FUZZ_WANT(route.page == again.page && route.is_team == again.is_team);
	FUZZ_WANT(route.page <= ROUTE_DORA_NONE && route.metric < METRIC_N);
	FUZZ_WANT(!route.name == !again.name);
	if (route.name)
		FUZZ_WANT(address_is_text(route.name, strlen(route.name)));
	if (route.page == ROUTE_SCOPE || route.page == ROUTE_API_MONTHS)
		FUZZ_WANT(route.name && *route.name);
}

static void check_query(struct arena *arena, const char *query)
{
	static const char *const names[] = {"month", "q", "team", "type", "from"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = address_parameter(arena, query, names[i]);
		int month;

		if (!value)
			continue;
		FUZZ_WANT(address_is_text(value, strlen(value)));
		(void)month_parse(value, &month);
		const char *with = address_with(arena, "/x?a=b", names[i], value);
		const char *again = address_parameter(arena, strchr(with, '?') + 1, names[i]);
		FUZZ_WANT(again && strcmp(again, value) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	char *path = arena_alloc(arena, n + 2);
	struct address address;

	*path = '/';
	memcpy(path + 1, bytes, n);
	char *query = strchr(path, '?');
	if (query)
		*query++ = '\0';
	if (address_split(arena, path, &address))
		check_segments(arena, &address);
	check_route(arena, path);
	check_query(arena, query);
	(void)address_is_web(path + 1);
	return 0;
}
