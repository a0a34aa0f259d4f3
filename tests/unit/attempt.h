/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_TESTS_ATTEMPT_H
#define DORAD_TESTS_ATTEMPT_H

#include "source/authenticate.h"

#include "tap.h"

#define EVERYBODY "It's a Secret to Everybody"
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

#endif
