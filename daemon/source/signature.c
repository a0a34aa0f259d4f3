/* SPDX-License-Identifier: Apache-2.0 */
#include "auth_priv.h"

#include <openssl/crypto.h>
#include <string.h>

#define TOLERANCE_S 300  /* Standard Webhooks: five minutes, both ways */
#define MAX_SIGNATURES 8 /* in one header; senders rotate two */
#define MAX_PARTS 5

/* The signatures that a request carries, decoded. All of one hash: the first that is known
 * decides, so that no request makes us hash its body in several ways. */
struct given {
	const struct key *key; /* any that can sign: they differ in nothing but their bytes */
	size_t prefix;         /* of the scheme */
	size_t n;
	unsigned char macs[MAX_SIGNATURES][MAC_MAX];
};

/* Standard Webhooks 1.0.0, as one more prefix. */
static const struct prefix standard_prefixes[MAX_PREFIXES] = {{"v1,", "SHA256", true}};

static const struct prefix *prefixes_of(const struct scheme *scheme)
{
	return scheme->form == SIGNATURE_STANDARD ? standard_prefixes : scheme->prefixes;
}

static const struct key *signing_key(const struct auth_keys *keys)
{
	for (size_t i = 0; i < keys->n_keys; i++) {
		if (keys->keys[i].macs[0])
			return &keys->keys[i];
	}
	return NULL;
}

/* One "sha256=..." of a list. What is not of a known form is passed over. */
static void read_one(
	const struct auth_keys *keys, const char *item, size_t n, struct given *out)
{
	const struct prefix *prefixes = prefixes_of(keys->scheme);

	for (size_t i = 0; i < MAX_PREFIXES && prefixes[i].text; i++) {
		size_t n_prefix = strlen(prefixes[i].text);

		if (n < n_prefix || memcmp(item, prefixes[i].text, n_prefix) != 0)
			continue;
		if (out->n > 0 && out->prefix != i)
			return;
		int length = prefixes[i].base64
			? base64_decode(
				  item + n_prefix, n - n_prefix, out->macs[out->n], MAC_MAX)
			: hex_decode(item + n_prefix, n - n_prefix, out->macs[out->n], MAC_MAX);
		if (length < 0 || (size_t)length != mac_size(out->key->macs[i]))
			return;
		out->prefix = i;
		out->n++;
		return;
	}
}

/* Standard Webhooks separates by spaces (its signatures hold commas), the others by commas. */
static void read_list(const struct auth_keys *keys, const char *list, struct given *out)
{
	const char *separator = keys->scheme->form == SIGNATURE_STANDARD ? " " : ",";

	for (int i = 0; *list && i < MAX_SIGNATURES; i++) {
		list += strspn(list, " ");
		size_t n = strcspn(list, separator);
		size_t bare = n;

		while (bare > 0 && list[bare - 1] == ' ')
			bare--;
		read_one(keys, list, bare, out);
		list += n + (list[n] != '\0');
	}
}

/* NULL: something that it needs is missing or there twice. */
static const char *list_of(const struct auth_keys *keys, const struct auth_request *request)
{
	if (keys->scheme->form == SIGNATURE_NONE)
		return NULL;
	if (keys->scheme->form == SIGNATURE_STANDARD &&
		(!auth_only_header(request, "webhook-id") ||
			!auth_only_header(request, "webhook-timestamp")))
		return NULL;
	return auth_only_header(request, keys->scheme->header);
}

/* False: there is none to be had. */
static bool read_given(
	const struct auth_keys *keys, const struct auth_request *request, struct given *out)
{
	const char *list = list_of(keys, request);

	*out = (struct given){.key = signing_key(keys)};
	if (!list || !out->key)
		return false;
	read_list(keys, list, out);
	return true;
}

bool signature_may_fit(const struct auth_keys *keys, const struct auth_request *request)
{
	struct given given;

	return read_given(keys, request, &given) && given.n > 0;
}

/* What is signed. */
static size_t parts_of(const struct auth_keys *keys, const struct auth_request *request,
	struct mac_part out[static MAX_PARTS])
{
	const struct mac_part body = {request->body, request->n_body};
	size_t n = 0;

	if (keys->scheme->form == SIGNATURE_STANDARD) {
		const char *id = auth_only_header(request, "webhook-id");
		const char *at = auth_only_header(request, "webhook-timestamp");

		out[n++] = (struct mac_part){id, strlen(id)};
		out[n++] = (struct mac_part){".", 1};
		out[n++] = (struct mac_part){at, strlen(at)};
		out[n++] = (struct mac_part){".", 1};
	}
	out[n++] = body;
	if (keys->scheme->form == SIGNATURE_TRELLO)
		out[n++] = (struct mac_part){keys->public_url, strlen(keys->public_url)};
	return n;
}

/* Every secret's MAC is made, once, and compared with every signature, whichever was right
 * before. Returns the first secret that fits, or -1. */
static int which_secret(const struct auth_keys *keys, const struct given *given,
	const struct mac_part *parts, size_t n_parts)
{
	int which = -1;

	for (size_t i = 0; i < keys->n_keys; i++) {
		unsigned char mac[MAC_MAX];
		bool fits = false;

		if (!keys->keys[i].macs[given->prefix])
			continue;
		size_t n = mac_of(keys->keys[i].macs[given->prefix], parts, n_parts, mac);
		for (size_t k = 0; k < given->n; k++)
			fits |= CRYPTO_memcmp(mac, given->macs[k], n) == 0;
		if (fits && which < 0)
			which = (int)i;
	}
	return which;
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

static bool is_stale(const struct auth_keys *keys, const struct auth_request *request)
{
	if (keys->scheme->form != SIGNATURE_STANDARD)
		return false;

	int64_t at = seconds(auth_only_header(request, "webhook-timestamp"));
	int64_t now = request->now_us / 1000000;
	return at < 0 || at < now - TOLERANCE_S || at > now + TOLERANCE_S;
}

struct auth_result signature_check(
	const struct auth_keys *keys, const struct auth_request *request)
{
	struct given given;
	struct mac_part parts[MAX_PARTS];

	if (!read_given(keys, request, &given))
		return auth_verdict(-1, "no_signature");
	int which = which_secret(keys, &given, parts, parts_of(keys, request, parts));
	if (which >= 0 && is_stale(keys, request))
		return auth_verdict(-1, "stale");
	return auth_verdict(which, "bad_signature");
}
