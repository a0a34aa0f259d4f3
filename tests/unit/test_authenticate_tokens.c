/* SPDX-License-Identifier: Apache-2.0 */
#include "attempt.h"

static struct attempt standard(void)
{
	return (struct attempt){"events", AUTH_SIGNATURE,
		{"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
		{{"webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"},
			{"webhook-timestamp", "1614265330"},
			{"webhook-signature",
				"v2,xxxx v1,AAAA "
				"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="}},
		.body = "{\"test\": 2432232314}", .now_us = INT64_C(1614265330000000)};
}

static void standard_webhooks_signs_id_time_and_body(void)
{
	struct attempt good = standard();
	struct attempt gitlab = {"gitlab", AUTH_SIGNATURE,
		{"whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q="},
		{{"webhook-id", "f5e5f430-f57b-4e6e-9fac-d9128cd7232f"},
			{"webhook-timestamp", "1700000000"},
			{"webhook-signature",
				"v1,68n7sQVzNQF7jew9KS2HTT9NVpOYy2A5oNqzWGa8QlM="}},
		.body = "{\"object_kind\":\"push\"}"};

	expect(&good, 0, NULL);
	expect(&gitlab, 0, NULL);
	/* The padding of a secret, and of a signature, may be missing. */
	gitlab.secrets[0] = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q";
	gitlab.headers[2][1] = "v1,68n7sQVzNQF7jew9KS2HTT9NVpOYy2A5oNqzWGa8QlM";
	expect(&gitlab, 0, NULL);
	good.headers[2][1] = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=";
	expect(&good, 0, "bad_signature");
}

static void standard_webhooks_wants_a_time_within_five_minutes(void)
{
	static const struct {
		int64_t late_s;
		const char *reason;
	} cases[] = {{300, NULL}, {301, "stale"}, {-300, NULL}, {-301, "stale"}};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct attempt attempt = standard();

		attempt.now_us += cases[i].late_s * 1000000;
		expect(&attempt, 0, cases[i].reason);
	}
}

static void gitlab_takes_its_token_and_does_not_fall_back_from_a_signature(void)
{
	struct attempt token = {"gitlab", AUTH_SIGNATURE, {"a plain token"},
		{{"x-gitlab-token", "a plain token"}}, .body = "{}"};
	struct attempt both = {"gitlab", AUTH_SIGNATURE,
		{"a plain token", "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q="},
		{{"x-gitlab-token", "a plain token"}, {"webhook-signature", "v1,AAAA"}},
		.body = "{}"};

	expect(&token, 0, NULL);
	token.headers[0][1] = "a plain toke";
	expect(&token, 0, "bad_token");
	token.headers[0][0] = "x-other";
	expect(&token, 0, "no_token");
	expect(&both, 0, "no_signature");
	both.headers[1][0] = NULL;
	expect(&both, 0, NULL);
}

static void a_signing_secret_is_never_a_token(void)
{
	const char *secret = "whsec_dGVzdHRlc3R0ZXN0dGVzdHRlc3R0ZXN0dGVzdHRlc3Q=";
	struct attempt attempt = {"gitlab", AUTH_SIGNATURE, {"plain", secret},
		{{"x-gitlab-token", secret}}, .body = "{}"};

	expect(&attempt, 0, "bad_token");
}

static void tokens_come_as_bearer_header_basic_path_or_query(void)
{
	struct attempt bearer = {
		"opsgenie", AUTH_BEARER, {"t0ken"}, {{"authorization", "bearer t0ken"}}};
	struct attempt token = {
		"opsgenie", AUTH_TOKEN, {"t0ken"}, {{"x-dorad-token", "t0ken"}}};
	struct attempt basic = {"servicenow", AUTH_BASIC, {"user:pass word"},
		{{"authorization", "Basic dXNlcjpwYXNzIHdvcmQ="}}};
	struct attempt path = {"jira", AUTH_PATH, {"t0ken"}, .path_token = "t0ken"};
	struct attempt query = {"jira", AUTH_QUERY, {"t0ken"}, .query_token = "t0ken"};

	expect(&bearer, 0, NULL);
	expect(&token, 0, NULL);
	expect(&basic, 0, NULL);
	expect(&path, 0, NULL);
	expect(&query, 0, NULL);
	bearer.headers[0][1] = "t0ken";
	expect(&bearer, 0, "no_token");
	bearer.headers[0][1] = "Bearert0ken";
	expect(&bearer, 0, "no_token");
	basic.headers[0][0] = "x-other";
	expect(&basic, 0, "no_token");
	basic.headers[0][0] = "authorization";
	basic.headers[0][1] = "Basic !";
	expect(&basic, 0, "bad_token");
	path.path_token = NULL;
	expect(&path, 0, "no_token");
	query.query_token = "t0ken2";
	expect(&query, 0, "bad_token");
}

/* The first of two equal ones: the metric of secrets still in use must not jump about. */
static void of_two_equal_secrets_the_first_is_named(void)
{
	struct attempt token = {
		"opsgenie", AUTH_BEARER, {"a", "b", "b"}, {{"authorization", "Bearer b"}}};
	struct attempt twice = {"github", AUTH_SIGNATURE, {EVERYBODY, EVERYBODY},
		{{"x-hub-signature-256",
			"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c2"
			"2c46f4379c8b043e17"}},
		.body = "Hello, World!"};

	expect(&token, 1, NULL);
	expect(&twice, 0, NULL);
}

static void only_where_it_is_said_nothing_is_asked_for(void)
{
	struct attempt none = {"opsgenie", AUTH_NONE, {NULL}};

	expect(&none, -1, NULL);
}

static void what_cannot_be_safe_is_refused_when_it_is_configured(void)
{
	static const struct {
		const char *source;
		enum auth_method method;
		const char *secret;
		const char *words;
	} cases[] = {
		{"github", AUTH_SIGNATURE, "", "a secret of 0 bytes; want 1 to 4096"},
		{"github", AUTH_SIGNATURE, NULL,
			"no secret; want secrets: [FILE], or auth: none in so many words"},
		{"opsgenie", AUTH_SIGNATURE, "x",
			"opsgenie cannot sign; want auth: bearer, token, basic, path or query"},
		{"events", AUTH_SIGNATURE, "whsec_!",
			"a secret that begins with whsec_ must go on in base64"},
		{"gitlab", AUTH_SIGNATURE, "whsec_",
			"a secret that begins with whsec_ must go on in base64"},
		{"opsgenie", AUTH_BEARER, "", "a secret of 0 bytes; want 1 to 4096"},
		{"trello", AUTH_SIGNATURE, "x",
			"trello signs its callback address too; want public_url: https://..."},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = {0};

		CHECK(auth_keys_create(source_find(cases[i].source), cases[i].method,
			      &cases[i].secret, cases[i].secret ? 1 : 0, NULL, &err) == NULL);
		CHECK_STR(err.text, cases[i].words);
	}
	CHECK(source_default_auth(source_find("github")) == AUTH_SIGNATURE);
	CHECK(source_default_auth(source_find("opsgenie")) == AUTH_BEARER);
}

static void a_time_that_is_no_number_is_stale(void)
{
	/* Signed as they stand: HMAC over "id.TIME.body". */
	static const char *const times[][2] = {
		{"", "qpNdG4GyYZm20lYVP2gMlqx58gTTnMDAVuP4GXqbv54="},
		{"16142653e0", "ZKNv1Oo9DMDX4wNl+yeDo2m8mWRCPc048Td/5+6DBEQ="},
		{"1614265330000000", "Te+VIa76tibQD+PEaO/EMydjle8SReTfk+ZkYe6TtQg="},
	};

	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		struct attempt attempt = standard();
		char signature[80];

		(void)snprintf(signature, sizeof(signature), "v1,%s", times[i][1]);
		attempt.headers[1][1] = times[i][0];
		attempt.headers[2][1] = signature;
		expect(&attempt, 0, "stale");
	}
}

static void every_method_has_a_name(void)
{
	for (int method = AUTH_SIGNATURE; method <= AUTH_NONE; method++) {
		enum auth_method again;

		CHECK(auth_method_from_name(
			auth_method_name((enum auth_method)method), &again));
		CHECK_INT(again, method);
	}
	CHECK(!auth_method_from_name("jwt", &(enum auth_method){0}));
}

int main(void)
{
	RUN(standard_webhooks_signs_id_time_and_body);
	RUN(standard_webhooks_wants_a_time_within_five_minutes);
	RUN(gitlab_takes_its_token_and_does_not_fall_back_from_a_signature);
	RUN(a_signing_secret_is_never_a_token);
	RUN(tokens_come_as_bearer_header_basic_path_or_query);
	RUN(of_two_equal_secrets_the_first_is_named);
	RUN(only_where_it_is_said_nothing_is_asked_for);
	RUN(what_cannot_be_safe_is_refused_when_it_is_configured);
	RUN(a_time_that_is_no_number_is_stale);
	RUN(every_method_has_a_name);
	return tap_done();
}
