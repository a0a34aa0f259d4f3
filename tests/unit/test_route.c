/* SPDX-License-Identifier: Apache-2.0 */
#include "../../daemon/command/route.h"

#include "tap.h"

static const struct {
	const char *path;
	enum route_place place;
	const char *endpoint;
	const char *token;
} paths[] = {
	{"/webhooks/github", ROUTE_WEBHOOK, "github", NULL},
	{"/webhooks/sn-prod/0123abc", ROUTE_WEBHOOK, "sn-prod", "0123abc"},
	{"/webhooks/", ROUTE_NOWHERE, NULL, NULL},
	{"/webhooks", ROUTE_NOWHERE, NULL, NULL},
	{"/webhooks/github/", ROUTE_NOWHERE, NULL, NULL},
	{"/webhooks/github/a/b", ROUTE_NOWHERE, NULL, NULL},
	{"/webhooks//a", ROUTE_NOWHERE, NULL, NULL},
	{"/healthz", ROUTE_HEALTHZ, NULL, NULL},
	{"/healthz/", ROUTE_NOWHERE, NULL, NULL},
	{"/readyz", ROUTE_READYZ, NULL, NULL},
	{"/metrics", ROUTE_METRICS, NULL, NULL},
	{"/Metrics", ROUTE_NOWHERE, NULL, NULL},
	{"/", ROUTE_NOWHERE, NULL, NULL},
	{"/../webhooks/github", ROUTE_NOWHERE, NULL, NULL},
};

static void a_path_matches_exactly_or_leads_nowhere(void)
{
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		struct route route = route_find(paths[i].path);
		char endpoint[64] = "";

		printf("# %s\n", paths[i].path);
		CHECK_INT(route.place, paths[i].place);
		if (route.endpoint)
			(void)snprintf(endpoint, sizeof(endpoint), "%.*s",
				(int)route.n_endpoint, route.endpoint);
		CHECK_STR(endpoint, paths[i].endpoint ? paths[i].endpoint : "");
		CHECK_STR(route.token, paths[i].token);
	}
}

static const struct {
	const char *query;
	const char *token;
} queries[] = {
	{"token=abc", "abc"},
	{"x=1&token=a%2Bb%3d", "a+b="},
	{"token=a%2", "a%2"},
	{"token=%zz", "%zz"},
	{"token=a%00b", NULL},
	{"token=", NULL},
	{"xtoken=abc", NULL},
	{"x=token=abc", NULL},
	{"&&token=abc&token=def", "abc"},
	{"", NULL},
	{NULL, NULL},
};

static void a_token_in_a_query_is_decoded(void)
{
	char out[ROUTE_TOKEN_MAX];

	for (size_t i = 0; i < sizeof(queries) / sizeof(queries[0]); i++) {
		printf("# %s\n", queries[i].query ? queries[i].query : "none");
		CHECK_STR(route_query_token(queries[i].query, out), queries[i].token);
	}
}

static void a_token_that_does_not_fit_is_none(void)
{
	char long_text[ROUTE_TOKEN_MAX + 1];
	char out[ROUTE_TOKEN_MAX];

	memset(long_text, 'a', sizeof(long_text));
	CHECK(route_decode(long_text, ROUTE_TOKEN_MAX - 1, out) == out);
	CHECK_INT(strlen(out), ROUTE_TOKEN_MAX - 1);
	CHECK(route_decode(long_text, ROUTE_TOKEN_MAX, out) == NULL);
}

static void only_webhooks_take_posts(void)
{
	CHECK(route_allows(ROUTE_WEBHOOK, HTTP_POST));
	CHECK(route_allows(ROUTE_WEBHOOK, HTTP_OPTIONS));
	CHECK(route_allows(ROUTE_METRICS, HTTP_HEAD));
	CHECK(!route_allows(ROUTE_METRICS, HTTP_POST));
	CHECK(!route_allows(ROUTE_WEBHOOK, HTTP_OTHER));
	CHECK_STR(route_allow(ROUTE_WEBHOOK), "GET, HEAD, OPTIONS, POST");
	CHECK_STR(route_allow(ROUTE_HEALTHZ), "GET, HEAD");
}

int main(void)
{
	RUN(a_path_matches_exactly_or_leads_nowhere);
	RUN(a_token_in_a_query_is_decoded);
	RUN(a_token_that_does_not_fit_is_none);
	RUN(only_webhooks_take_posts);
	return tap_done();
}
