/* SPDX-License-Identifier: Apache-2.0 */
#include "source/authenticate.h"

#include "base/xalloc.h"
#include "fuzz.h"

#include <string.h>

/*
 * Signature headers. Of the input, the first byte chooses the source, the next the method; then
 * lines, each one header's value, and after an empty line the body. Nobody who does not know
 * the secret is let in, and whether a request may be is never denied too early.
 */
#define MAX_HEADERS 6

static const char *const names[MAX_HEADERS] = {"authorization", "webhook-signature",
	"webhook-id", "webhook-timestamp", "x-gitlab-token", "x-dorad-token"};
static const char *const signature_names[] = {"x-hub-signature-256", "x-hub-signature",
	"x-dorad-signature", "x-pagerduty-signature", "x-signature", "x-trello-webhook"};

/* Unknown to the input: it holds bytes that no header can. */
static const char *const secrets[] = {"\x01 secret \x02", "\x03 and another \x04"};

static const struct source *choose(uint8_t byte)
{
	size_t n = 0;

	while (source_at(n))
		n++;
	return source_at(byte % n);
}

/* Cuts the input into header values; returns where the body begins. */
static char *cut(char *text, struct header *headers, size_t *n_headers, uint8_t which)
{
	while (*n_headers < MAX_HEADERS && *text && *text != '\n') {
		char *end = strchr(text, '\n');

		headers[*n_headers] = (struct header){*n_headers == 0
				? signature_names[which % ARRAY_LEN(signature_names)]
				: names[*n_headers],
			text};
		(*n_headers)++;
		if (!end)
			return text + strlen(text);
		*end = '\0';
		text = end + 1;
	}
	return *text == '\n' ? text + 1 : text;
}

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t n)
{
	struct header headers[MAX_HEADERS];
	struct auth_request request = {.headers = headers, .now_us = INT64_C(1700000000000000)};

	if (n < 3)
		return 0;
	const struct source *source = choose(input[0]);
	enum auth_method method = (enum auth_method)(input[1] % AUTH_NONE);
	if (method == AUTH_SIGNATURE && !source_can_sign(source))
		method = AUTH_BEARER;
	char *text = xmalloc(n - 2);
	memcpy(text, input + 3, n - 3);
	text[n - 3] = '\0';
	char *body = cut(text, headers, &request.n_headers, input[2]);
	request.body = body;
	request.n_body = strlen(body);
	if (request.n_headers > 0)
		request.path_token = request.query_token = headers[0].value;

	struct auth_keys *keys = auth_keys_create(
		source, method, secrets, ARRAY_LEN(secrets), "https://dorad.test/", NULL);
	FUZZ_WANT(keys != NULL);
	struct auth_result result = authenticate(keys, &request);
	bool may = auth_may_succeed(keys, &request);
	struct auth_result again = authenticate(keys, &request);
	FUZZ_WANT(!result.ok && result.secret == -1 && result.reason);
	FUZZ_WANT(again.ok == result.ok && strcmp(again.reason, result.reason) == 0);
	/* A token is right or wrong before the body. */
	FUZZ_WANT(!may || method == AUTH_SIGNATURE);
	auth_keys_destroy(keys);
	free(text);
	return 0;
}
