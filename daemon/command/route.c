/* SPDX-License-Identifier: Apache-2.0 */
#include "route.h"

#include "base/cleanup.h"

#include <string.h>

#define WEBHOOKS "/webhooks/"

static const struct {
	const char *path;
	enum route_place place;
} fixed[] = {
	{"/healthz", ROUTE_HEALTHZ},
	{"/readyz", ROUTE_READYZ},
	{"/metrics", ROUTE_METRICS},
};

struct route route_find(const char *path)
{
	struct route route = {.place = ROUTE_NOWHERE};

	for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
		if (strcmp(path, fixed[i].path) == 0)
			route.place = fixed[i].place;
	}
	if (strncmp(path, WEBHOOKS, strlen(WEBHOOKS)) != 0)
		return route;
	route.endpoint = path + strlen(WEBHOOKS);
	route.n_endpoint = strcspn(route.endpoint, "/");
	const char *rest = route.endpoint + route.n_endpoint;
	if (!route.n_endpoint || (*rest && (!rest[1] || strchr(rest + 1, '/'))))
		return (struct route){.place = ROUTE_NOWHERE};
	route.token = *rest ? rest + 1 : NULL;
	route.place = ROUTE_WEBHOOK;
	return route;
}

const char *route_allow(enum route_place place)
{
	return place == ROUTE_WEBHOOK ? "GET, HEAD, OPTIONS, POST" : "GET, HEAD";
}

bool route_allows(enum route_place place, enum http_method method)
{
	switch (method) {
	case HTTP_GET:
	case HTTP_HEAD:
		return true;
	case HTTP_POST:
	case HTTP_OPTIONS:
		return place == ROUTE_WEBHOOK;
	case HTTP_OTHER:
		return false;
	}
	__builtin_unreachable();
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

const char *route_decode(const char *text, size_t n, char out[static ROUTE_TOKEN_MAX])
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (c == '%' && i + 2 < n && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
			c = (char)(hex(text[i + 1]) << 4 | hex(text[i + 2]));
			i += 2;
		}
		if (!c || used + 1 >= ROUTE_TOKEN_MAX)
			return NULL;
		out[used++] = c;
	}
	out[used] = '\0';
	return out;
}

const char *route_query_token(const char *query, char out[static ROUTE_TOKEN_MAX])
{
	while (query && *query) {
		size_t n = strcspn(query, "&");

		if (n > 6 && strncmp(query, "token=", 6) == 0)
			return route_decode(query + 6, n - 6, out);
		query += n + (query[n] == '&');
	}
	return NULL;
}
