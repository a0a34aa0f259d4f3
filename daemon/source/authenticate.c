/* SPDX-License-Identifier: Apache-2.0 */
#include "auth_priv.h"

#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>

const char *auth_only_header(const struct auth_request *request, const char *name)
{
	const char *found = NULL;

	for (size_t i = 0; i < request->n_headers; i++) {
		if (strcmp(request->headers[i].name, name) != 0)
			continue;
		if (found)
			return NULL;
		found = request->headers[i].value;
	}
	return found;
}

/* Of all secrets, in constant time: which one this is, or -1. */
static int which_token(const struct auth_keys *keys, const char *given, size_t n)
{
	unsigned char blinded[MAC_MAX];
	struct mac_part part = {given, n};
	int which = -1;

	size_t length = mac_of(keys->blind, &part, 1, blinded);
	for (size_t i = 0; i < keys->n_keys; i++) {
		const struct key *key = &keys->keys[i];
		bool same = key->n_token == length &&
			CRYPTO_memcmp(key->token, blinded, length) == 0;

		if (same && which < 0 && !key->is_standard)
			which = (int)i;
	}
	return which;
}

struct auth_result auth_verdict(int which, const char *reason)
{
	return (struct auth_result){
		.ok = which >= 0, .secret = which, .reason = which >= 0 ? NULL : reason};
}

static struct auth_result check_token(const struct auth_keys *keys, const char *given)
{
	if (!given)
		return auth_verdict(-1, "no_token");
	return auth_verdict(which_token(keys, given, strlen(given)), "bad_token");
}

/* What follows "Bearer " or "Basic "; NULL: no such header. */
static const char *credentials(const struct auth_request *request, const char *word)
{
	const char *given = auth_only_header(request, "authorization");
	size_t n = strlen(word);

	if (!given || strncasecmp(given, word, n) != 0 || given[n] != ' ')
		return NULL;
	return given + n + strspn(given + n, " ");
}

static struct auth_result check_basic(
	const struct auth_keys *keys, const struct auth_request *request)
{
	const char *given = credentials(request, "Basic");
	unsigned char pair[AUTH_MAX_SECRET];

	if (!given)
		return auth_verdict(-1, "no_token");
	int n = base64_decode(given, strlen(given), pair, sizeof(pair));
	struct auth_result result = n < 0
		? auth_verdict(-1, "bad_token")
		: auth_verdict(which_token(keys, (const char *)pair, (size_t)n), "bad_token");
	OPENSSL_cleanse(pair, sizeof(pair));
	return result;
}

/* What a source with Standard Webhooks takes for a secret that is not whsec_: its token header,
 * or bearer. */
static const char *plain_token(const struct auth_keys *keys, const struct auth_request *request)
{
	const char *given = auth_only_header(request, keys->scheme->token_header);

	return given ? given : credentials(request, "Bearer");
}

/* A signature that is there must verify: no falling back to the token, which anyone on the way
 * has read. */
static struct auth_result check_standard_or_token(
	const struct auth_keys *keys, const struct auth_request *request)
{
	if (keys->has_standard &&
		(auth_only_header(request, "webhook-signature") || !keys->has_token))
		return signature_check(keys, request);
	return check_token(keys, plain_token(keys, request));
}

static struct auth_result check_signature(
	const struct auth_keys *keys, const struct auth_request *request)
{
	return keys->scheme->form == SIGNATURE_STANDARD ? check_standard_or_token(keys, request)
							: signature_check(keys, request);
}

struct auth_result authenticate(
	const struct auth_keys *keys, const struct auth_request *request)
{
	switch (keys->method) {
	case AUTH_SIGNATURE:
		return check_signature(keys, request);
	case AUTH_BEARER:
		return check_token(keys, credentials(request, "Bearer"));
	case AUTH_TOKEN:
		return check_token(keys, auth_only_header(request, keys->scheme->token_header));
	case AUTH_BASIC:
		return check_basic(keys, request);
	case AUTH_PATH:
		return check_token(keys, request->path_token);
	case AUTH_QUERY:
		return check_token(keys, request->query_token);
	case AUTH_NONE:
		return (struct auth_result){.ok = true, .secret = -1};
	}
	__builtin_unreachable();
}

static bool may_be_signed(const struct auth_keys *keys, const struct auth_request *request)
{
	if (keys->scheme->form == SIGNATURE_STANDARD && keys->has_token &&
		plain_token(keys, request))
		return true;
	return signature_may_fit(keys, request);
}

bool auth_may_succeed(const struct auth_keys *keys, const struct auth_request *request)
{
	/* A token needs no body: whether it is right is known now. */
	return keys->method == AUTH_SIGNATURE ? may_be_signed(keys, request)
					      : authenticate(keys, request).ok;
}
