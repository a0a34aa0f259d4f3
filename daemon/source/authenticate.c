/* SPDX-License-Identifier: Apache-2.0 */
#include "auth_priv.h"

#include <openssl/crypto.h>
#include <string.h>
#include <strings.h>

#define TOLERANCE_S 300  /* Standard Webhooks: five minutes, both ways */
#define MAX_SIGNATURES 8 /* in one header; senders rotate two */

/* The one header of that name; NULL: none, or more than one, and then nobody knows which was
 * meant. */
static const char *only_header(const struct auth_request *request, const char *name)
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

static struct auth_result verdict(int which, const char *reason)
{
	return (struct auth_result){
		.ok = which >= 0, .secret = which, .reason = which >= 0 ? NULL : reason};
}

static struct auth_result check_token(const struct auth_keys *keys, const char *given)
{
	if (!given)
		return verdict(-1, "no_token");
	return verdict(which_token(keys, given, strlen(given)), "bad_token");
}

/* What follows "Bearer " or "Basic "; NULL: no such header. */
static const char *credentials(const struct auth_request *request, const char *word)
{
	const char *given = only_header(request, "authorization");
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
		return verdict(-1, "no_token");
	int n = base64_decode(given, strlen(given), pair, sizeof(pair));
	struct auth_result result = n < 0
		? verdict(-1, "bad_token")
		: verdict(which_token(keys, (const char *)pair, (size_t)n), "bad_token");
	OPENSSL_cleanse(pair, sizeof(pair));
	return result;
}

/* Every secret's MAC is made and compared, whichever was right before. Returns the first that
 * fits. */
static int which_mac(const struct auth_keys *keys, size_t prefix, const struct mac_part *parts,
	size_t n_parts, const unsigned char *given, int n_given)
{
	int which = -1;

	for (size_t i = 0; i < keys->n_keys; i++) {
		unsigned char mac[MAC_MAX];

		if (!keys->keys[i].macs[prefix])
			continue;
		size_t n = mac_of(keys->keys[i].macs[prefix], parts, n_parts, mac);
		bool same = n_given >= 0 && (size_t)n_given == n &&
			CRYPTO_memcmp(mac, given, n) == 0;
		if (same && which < 0)
			which = (int)i;
	}
	return which;
}

static int decode(const struct prefix *prefix, const char *text, size_t n, unsigned char *out)
{
	return prefix->base64 ? base64_decode(text, n, out, MAC_MAX)
			      : hex_decode(text, n, out, MAC_MAX);
}

/* One "sha256=..." of a list. */
static int which_prefixed(const struct auth_keys *keys, const struct auth_request *request,
	const char *item, size_t n)
{
	struct mac_part parts[] = {
		{request->body, request->n_body},
		{keys->public_url, keys->public_url ? strlen(keys->public_url) : 0},
	};
	size_t n_parts = keys->scheme->form == SIGNATURE_TRELLO ? 2 : 1;

	for (size_t i = 0; i < MAX_PREFIXES && keys->scheme->prefixes[i].text; i++) {
		const struct prefix *prefix = &keys->scheme->prefixes[i];
		size_t n_prefix = strlen(prefix->text);
		unsigned char given[MAC_MAX];

		if (n < n_prefix || memcmp(item, prefix->text, n_prefix) != 0)
			continue;
		int n_given = decode(prefix, item + n_prefix, n - n_prefix, given);
		return which_mac(keys, i, parts, n_parts, given, n_given);
	}
	return -1;
}

static struct auth_result check_prefixed(
	const struct auth_keys *keys, const struct auth_request *request)
{
	const char *at = only_header(request, keys->scheme->header);
	int which = -1;

	if (!at)
		return verdict(-1, "no_signature");
	for (int i = 0; *at && i < MAX_SIGNATURES; i++) {
		at += strspn(at, " ,");
		size_t n = strcspn(at, ",");
		size_t bare = n;

		while (bare > 0 && at[bare - 1] == ' ')
			bare--;
		int found = which_prefixed(keys, request, at, bare);
		if (which < 0)
			which = found;
		at += n;
	}
	return verdict(which, "bad_signature");
}

/* Whole seconds; -1: not a number. */
static int64_t seconds(const char *text)
{
	int64_t value = 0;

	if (!*text || strlen(text) > 15)
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		value = value * 10 + (*text - '0');
	}
	return value;
}

/* Standard Webhooks 1.0.0: v1,<base64 of HMAC-SHA256 over "id.timestamp.body">, several by
 * spaces. */
static struct auth_result check_standard(
	const struct auth_keys *keys, const struct auth_request *request)
{
	const char *id = only_header(request, "webhook-id");
	const char *at_text = only_header(request, "webhook-timestamp");
	const char *list = only_header(request, "webhook-signature");
	int which = -1;

	if (!id || !at_text || !list)
		return verdict(-1, "no_signature");
	const struct mac_part parts[] = {{id, strlen(id)}, {".", 1}, {at_text, strlen(at_text)},
		{".", 1}, {request->body, request->n_body}};
	for (int i = 0; *list && i < MAX_SIGNATURES; i++) {
		list += strspn(list, " ");
		size_t n = strcspn(list, " ");
		unsigned char given[MAC_MAX];

		if (n > 3 && memcmp(list, "v1,", 3) == 0) {
			int n_given = base64_decode(list + 3, n - 3, given, sizeof(given));
			int found = which_mac(keys, 0, parts, ARRAY_LEN(parts), given, n_given);

			which = which < 0 ? found : which;
		}
		list += n;
	}

	int64_t at = seconds(at_text);
	int64_t now = request->now_us / 1000000;
	if (which >= 0 && (at < 0 || at < now - TOLERANCE_S || at > now + TOLERANCE_S))
		return verdict(-1, "stale");
	return verdict(which, "bad_signature");
}

/* What a source with Standard Webhooks takes for a secret that is not whsec_: its token header,
 * or bearer. */
static const char *plain_token(const struct auth_keys *keys, const struct auth_request *request)
{
	const char *given = only_header(request, keys->scheme->token_header);

	return given ? given : credentials(request, "Bearer");
}

/* A signature that is there must verify: no falling back to the token, which anyone on the way
 * has read. */
static struct auth_result check_standard_or_token(
	const struct auth_keys *keys, const struct auth_request *request)
{
	if (keys->has_standard &&
		(only_header(request, "webhook-signature") || !keys->has_token))
		return check_standard(keys, request);
	return check_token(keys, plain_token(keys, request));
}

static struct auth_result check_signature(
	const struct auth_keys *keys, const struct auth_request *request)
{
	switch (keys->scheme->form) {
	case SIGNATURE_NONE:
		return verdict(-1, "no_signature"); /* auth_keys_create() refuses it */
	case SIGNATURE_PREFIXED:
	case SIGNATURE_TRELLO:
		return check_prefixed(keys, request);
	case SIGNATURE_STANDARD:
		return check_standard_or_token(keys, request);
	}
	__builtin_unreachable();
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
		return check_token(keys, only_header(request, keys->scheme->token_header));
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
	if (keys->scheme->form != SIGNATURE_STANDARD)
		return only_header(request, keys->scheme->header) != NULL;
	return (keys->has_standard && only_header(request, "webhook-signature")) ||
		(keys->has_token && plain_token(keys, request));
}

bool auth_may_succeed(const struct auth_keys *keys, const struct auth_request *request)
{
	/* A token needs no body: whether it is right is known now. */
	return keys->method == AUTH_SIGNATURE ? may_be_signed(keys, request)
					      : authenticate(keys, request).ok;
}
