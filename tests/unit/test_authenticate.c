/* SPDX-License-Identifier: Apache-2.0 */
#include "source/authenticate.h"

#include "tap.h"

#define EVERYBODY "It's a Secret to Everybody"
/* Made with another program: HMAC of "Hello, World!" under EVERYBODY, and of the body of the
 * Trello test. */
#define SHA512_OF_HELLO                                                    \
	"11ed355a617e98134e842012a7944ccf59c10256cb182357bd7e3a42013ff07c" \
	"376f8c14cf5cc1923da20b51d64256b2fb8ebbf100aa67a61326f61fea8111bc"
#define SHA512_OF_OTHER                                                    \
	"1bd72747fa9f9627a716d44d4320fb24a8c886cf3653b8cdb44b9bebade18d7a" \
	"65f475bd73c3bc0f8bf8eaab474b0c045dc17393709d811cf05dd4cb69310568"
#define TRELLO_OF_HELLO "Nk/zpn2Y8GgDrCF/6hCilKngtKI="
#define NOW_US INT64_C(1700000100000000)

/* One request with up to three headers; what came of it. */
struct attempt {
	const char *source;
	enum auth_method method;
	const char *secrets[3];
	const char *headers[3][2];
	const char *body;
	const char *public_url;
	const char *path_token;
	const char *query_token;
	int64_t now_us;
};

static struct auth_result try_it(const struct attempt *attempt)
{
	struct header headers[3];
	struct auth_request request = {
		.headers = headers,
		.body = attempt->body ? attempt->body : "",
		.n_body = attempt->body ? strlen(attempt->body) : 0,
		.path_token = attempt->path_token,
		.query_token = attempt->query_token,
		.now_us = attempt->now_us ? attempt->now_us : NOW_US,
	};
	struct error err = {0};
	size_t n_secrets = 0;

	while (n_secrets < 3 && attempt->secrets[n_secrets])
		n_secrets++;
	for (; request.n_headers < 3 && attempt->headers[request.n_headers][0];
		request.n_headers++)
		headers[request.n_headers] =
			(struct header){attempt->headers[request.n_headers][0],
				attempt->headers[request.n_headers][1]};

	CLEANUP(auth_keys_destroyp)
	struct auth_keys *keys = auth_keys_create(source_find(attempt->source), attempt->method,
		attempt->secrets, n_secrets, attempt->public_url, &err);
	CHECK_STR(err.text, "");
	if (!keys)
		return (struct auth_result){.reason = "no keys"};
	struct auth_result result = authenticate(keys, &request);
	/* The header stage may be too kind, never too strict. */
	CHECK(!result.ok || auth_may_succeed(keys, &request));
	return result;
}

static void expect(const struct attempt *attempt, int secret, const char *reason)
{
	struct auth_result result = try_it(attempt);

	CHECK_INT(result.ok, reason == NULL);
	CHECK_INT(result.secret, reason ? -1 : secret);
	CHECK_STR(result.reason, reason);
}

static void github_signs_the_raw_body(void)
{
	struct attempt good = {"github", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-hub-signature-256",
			"sha256="
			"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
		.body = "Hello, World!"};
	struct attempt form = {"github", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-hub-signature-256",
			"sha256="
			"d4ad297179aefdd878f333cc81690d023589d4c5846c6129bdaaf3bd6ca37805"}},
		.body = "payload=%7B%22zen%22%3A%22caf%C3%A9+%2B+tea%22%7D"};

	expect(&good, 0, NULL);
	expect(&form, 0, NULL);
	good.headers[0][1] =
		"sha256=757107EA0EB2509FC211221CCE984B8A37570B6D7586C22C46F4379C8B043E17";
	expect(&good, 0, NULL);
	good.body = "Hello, World?";
	expect(&good, 0, "bad_signature");
}

static void any_of_several_secrets_verifies_and_is_named(void)
{
	struct attempt good = {"github", AUTH_SIGNATURE, {"new one", "another", EVERYBODY},
		{{"x-hub-signature-256",
			"sha256="
			"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
		.body = "Hello, World!"};

	expect(&good, 2, NULL);
}

static void a_signature_that_is_missing_old_cut_or_doubled_is_refused(void)
{
	const char *const values[] = {
		"",
		"sha256=",
		"sha256=757107",
		"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
		"sha1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
		"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1g",
		"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1700",
	};
	struct attempt bad = {"github", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-hub-signature-256", NULL}}, .body = "Hello, World!"};

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		bad.headers[0][1] = values[i];
		expect(&bad, 0, "bad_signature");
	}
	struct attempt old = {"github", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-hub-signature", "sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"}},
		.body = "Hello, World!"};
	expect(&old, 0, "no_signature");
	struct attempt twice = {"github", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-hub-signature-256",
			 "sha256="
			 "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"},
			{"x-hub-signature-256",
				"sha256="
				"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e"
				"17"}},
		.body = "Hello, World!"};
	expect(&twice, 0, "no_signature");
}

static void jira_signs_like_websub(void)
{
	struct attempt good = {"jira", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-hub-signature",
			"sha256="
			"a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"}},
		.body = "Hello World!"};

	expect(&good, 0, NULL);
}

static void servicenow_signs_in_hex_or_base64(void)
{
	struct attempt hex = {"servicenow", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-dorad-signature",
			"sha256="
			"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
		.body = "Hello, World!"};
	struct attempt base64 = hex;

	base64.headers[0][1] = "sha256b64=dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhc=";
	expect(&hex, 0, NULL);
	expect(&base64, 0, NULL);
	base64.headers[0][1] = "sha256b64=dXEH6g6yUJ/CESIczphLijdXC211hsIsRvQ3nIsEPhd=";
	expect(&base64, 0, "bad_signature");
}

static void one_of_pagerdutys_signatures_is_enough(void)
{
	struct attempt good = {"pagerduty", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-pagerduty-signature",
			"v1=0000000000000000000000000000000000000000000000000000000000000000, "
			"v1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
		.body = "Hello, World!"};

	expect(&good, 0, NULL);
	good.headers[0][1] =
		"v2=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
	expect(&good, 0, "bad_signature");
}

static void flux_may_choose_its_hash(void)
{
	struct attempt good = {"flux", AUTH_SIGNATURE, {"k"},
		{{"x-signature",
			"sha224=2ae71fa4b5dd7e4fadf9a5c6c76d5f5f1ba3f9b0b58b5b1e6f5c1c3e"}},
		.body = "Hello, World!"};

	expect(&good, 0, "bad_signature");
	good.secrets[0] = EVERYBODY;
	good.headers[0][1] =
		"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
	expect(&good, 0, NULL);
	good.headers[0][1] = "sha512=" SHA512_OF_HELLO;
	expect(&good, 0, NULL);
}

static void trello_signs_the_body_and_its_callback_address(void)
{
	struct attempt good = {"trello", AUTH_SIGNATURE, {"oauth secret"},
		{{"x-trello-webhook", TRELLO_OF_HELLO}}, .body = "{\"caf\xc3\xa9\":1}",
		.public_url = "https://dora.example.com/webhooks/trello"};
	struct error err = {0};
	const char *secret = "s";

	expect(&good, 0, NULL);
	good.public_url = "https://dora.example.com/webhooks/trello/";
	expect(&good, 0, "bad_signature");
	CHECK(auth_keys_create(source_find("trello"), AUTH_SIGNATURE, &secret, 1, NULL, &err) ==
		NULL);
	CHECK_STR(err.text,
		"trello signs its callback address too; want public_url: https://...");
}

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
	basic.headers[0][1] = "Basic !";
	expect(&basic, 0, "bad_token");
	path.path_token = NULL;
	expect(&path, 0, "no_token");
	query.query_token = "t0ken2";
	expect(&query, 0, "bad_token");
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

static void a_request_without_its_header_is_known_to_fail_before_its_body(void)
{
	const char *secret = "x";
	struct error err = {0};
	struct auth_request bare = {.body = "", .now_us = NOW_US};
	CLEANUP(auth_keys_destroyp)
	struct auth_keys *keys =
		auth_keys_create(source_find("github"), AUTH_SIGNATURE, &secret, 1, NULL, &err);

	CHECK(!auth_may_succeed(keys, &bare));
	static const char *const hopeless[] = {"", "sha256=", "sha256=00", "sha1=00",
		"nonsense",
		"sha256=0000000000000000000000000000000000000000000000000000000000000000ff"};
	for (size_t i = 0; i < ARRAY_LEN(hopeless); i++) {
		struct header header = {"x-hub-signature-256", hopeless[i]};

		bare.headers = &header;
		bare.n_headers = 1;
		CHECK(!auth_may_succeed(keys, &bare));
	}
	struct header hope = {"x-hub-signature-256",
		"sha256=0000000000000000000000000000000000000000000000000000000000000000"};
	bare.headers = &hope;
	CHECK(auth_may_succeed(keys, &bare));
}

static void of_a_list_the_hash_of_the_first_signature_counts(void)
{
	struct attempt mixed = {"flux", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-signature",
			"sha512=" SHA512_OF_HELLO ",sha256="
			"757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}},
		.body = "Hello, World!"};

	expect(&mixed, 0, NULL);
	mixed.headers[0][1] =
		"sha512=" SHA512_OF_OTHER
		",sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
	expect(&mixed, 0, "bad_signature");
}

static void the_ninth_signature_of_a_list_is_not_looked_at(void)
{
#define WRONG "v1=0000000000000000000000000000000000000000000000000000000000000000,"
#define RIGHT "v1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	struct attempt list = {"pagerduty", AUTH_SIGNATURE, {EVERYBODY},
		{{"x-pagerduty-signature", WRONG WRONG WRONG WRONG WRONG WRONG WRONG RIGHT}},
		.body = "Hello, World!"};

	expect(&list, 0, NULL);
	list.headers[0][1] = WRONG WRONG WRONG WRONG WRONG WRONG WRONG WRONG RIGHT;
	expect(&list, 0, "bad_signature");
	list.headers[0][1] = ", ,, " RIGHT " ,";
	expect(&list, 0, NULL);
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
	RUN(github_signs_the_raw_body);
	RUN(any_of_several_secrets_verifies_and_is_named);
	RUN(a_signature_that_is_missing_old_cut_or_doubled_is_refused);
	RUN(jira_signs_like_websub);
	RUN(servicenow_signs_in_hex_or_base64);
	RUN(one_of_pagerdutys_signatures_is_enough);
	RUN(flux_may_choose_its_hash);
	RUN(trello_signs_the_body_and_its_callback_address);
	RUN(standard_webhooks_signs_id_time_and_body);
	RUN(standard_webhooks_wants_a_time_within_five_minutes);
	RUN(gitlab_takes_its_token_and_does_not_fall_back_from_a_signature);
	RUN(a_signing_secret_is_never_a_token);
	RUN(tokens_come_as_bearer_header_basic_path_or_query);
	RUN(what_cannot_be_safe_is_refused_when_it_is_configured);
	RUN(a_request_without_its_header_is_known_to_fail_before_its_body);
	RUN(of_a_list_the_hash_of_the_first_signature_counts);
	RUN(the_ninth_signature_of_a_list_is_not_looked_at);
	RUN(a_time_that_is_no_number_is_stale);
	RUN(every_method_has_a_name);
	return tap_done();
}
