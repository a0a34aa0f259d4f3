/* SPDX-License-Identifier: Apache-2.0 */
#include "source/authenticate.h"

#include "base/xalloc.h"
#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

/*
 * Signature headers. Of the input, the first byte chooses the source, the next the method, the
 * third a header and a bit to turn over; then lines, each a header's value, and after an empty
 * line the body. Nobody who does not know the secret is let in, and whether a request may be is
 * never denied too early. Who knows it is, unless one bit of the signature or the body is
 * another.
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

/* How a sender with a true secret signs: header, hash, prefix. */
static const struct {
	const char *source;
	const char *header;
	const char *prefix;
} signers[] = {
	{"github", "x-hub-signature-256", "sha256="},
	{"jira", "x-hub-signature", "sha256="},
	{"pagerduty", "x-pagerduty-signature", "v1="},
	{"servicenow", "x-dorad-signature", "sha256="},
	{"flux", "x-signature", "sha256="},
};

static void sign(const char *secret, const char *body, size_t n, char *out)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int n_mac = 0;

	FUZZ_WANT(HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)body,
		n, mac, &n_mac));
	for (unsigned int i = 0; i < n_mac; i++)
		(void)snprintf(out + (size_t)2 * i, 3, "%02x", mac[i]);
}

/* which chooses the signer and, together, a place that is then wrong. */
static void check_signed(const uint8_t *which, char *body, size_t n)
{
	size_t signer = which[0] % ARRAY_LEN(signers);
	size_t secret = which[1] % ARRAY_LEN(secrets);
	char value[100];
	struct header header = {signers[signer].header, value};
	struct auth_request request = {
		.headers = &header, .n_headers = 1, .body = body, .n_body = n};
	size_t n_prefix = strlen(signers[signer].prefix);

	(void)snprintf(value, sizeof(value), "%s", signers[signer].prefix);
	sign(secrets[secret], body, n, value + n_prefix);
	struct auth_keys *keys = auth_keys_create(source_find(signers[signer].source),
		AUTH_SIGNATURE, secrets, ARRAY_LEN(secrets), NULL, NULL);
	struct auth_result result = authenticate(keys, &request);
	FUZZ_WANT(auth_may_succeed(keys, &request));
	FUZZ_WANT(result.ok && result.secret == (int)secret);

	char *digit = &value[n_prefix + which[2] % 64];
	char right = *digit;
	*digit = right == '0' ? '1' : '0';
	FUZZ_WANT(!authenticate(keys, &request).ok);
	*digit = right;
	if (n > 0) {
		body[which[2] % n] ^= (char)(1 << which[1] % 8);
		FUZZ_WANT(!authenticate(keys, &request).ok);
		body[which[2] % n] ^= (char)(1 << which[1] % 8);
	}
	FUZZ_WANT(authenticate(keys, &request).ok);
	auth_keys_destroy(keys);
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
	check_signed(input, body, request.n_body);
	free(text);
	return 0;
}
