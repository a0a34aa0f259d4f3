/* SPDX-License-Identifier: Apache-2.0 */
#include "auth_priv.h"

#include "base/xalloc.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#define STANDARD_PREFIX "whsec_"

static const struct {
	const char *name;
	const char *challenge;
} methods[] = {
	[AUTH_SIGNATURE] = {"signature", "Dorad-Signature"},
	[AUTH_BEARER] = {"bearer", "Bearer realm=\"dorad\""},
	[AUTH_TOKEN] = {"token", "Dorad-Token"},
	[AUTH_BASIC] = {"basic", "Basic realm=\"dorad\", charset=\"UTF-8\""},
	[AUTH_PATH] = {"path", "Dorad-Token"},
	[AUTH_QUERY] = {"query", "Dorad-Token"},
	[AUTH_NONE] = {"none", NULL},
};

bool auth_method_from_name(const char *name, enum auth_method *out)
{
	for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
		if (strcmp(methods[i].name, name) == 0) {
			*out = (enum auth_method)i;
			return true;
		}
	}
	return false;
}

const char *auth_method_name(enum auth_method method)
{
	return methods[method].name;
}

const char *auth_method_challenge(enum auth_method method)
{
	return methods[method].challenge;
}

bool source_can_sign(const struct source *source)
{
	return scheme_of(source_name(source))->form != SIGNATURE_NONE;
}

enum auth_method source_default_auth(const struct source *source)
{
	return source_can_sign(source) ? AUTH_SIGNATURE : AUTH_BEARER;
}

static bool prepare_standard(struct key *key, const char *secret, struct error *err)
{
	unsigned char bytes[AUTH_MAX_SECRET];
	const char *text = secret + strlen(STANDARD_PREFIX);
	int n = base64_decode(text, strlen(text), bytes, sizeof(bytes));

	if (n <= 0) {
		error_setf(err,
			"a secret that begins with " STANDARD_PREFIX " must go on in base64");
		return false;
	}
	key->is_standard = true;
	key->macs[0] = mac_create("SHA256", bytes, (size_t)n);
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return true;
}

static bool prepare(
	struct auth_keys *keys, struct key *key, const char *secret, struct error *err)
{
	size_t n = strlen(secret);
	struct mac_part whole = {secret, n};

	if (n == 0 || n > AUTH_MAX_SECRET) {
		error_setf(err, "a secret of %zu bytes; want 1 to %d", n, AUTH_MAX_SECRET);
		return false;
	}
	key->n_token = mac_of(keys->blind, &whole, 1, key->token);
	if (keys->method != AUTH_SIGNATURE)
		return true;
	if (keys->scheme->form == SIGNATURE_STANDARD) {
		bool standard = strncmp(secret, STANDARD_PREFIX, strlen(STANDARD_PREFIX)) == 0;

		keys->has_standard = keys->has_standard || standard;
		keys->has_token = keys->has_token || !standard;
		return !standard || prepare_standard(key, secret, err);
	}
	for (size_t i = 0; i < MAX_PREFIXES && keys->scheme->prefixes[i].text; i++)
		key->macs[i] = mac_create(keys->scheme->prefixes[i].hash, secret, n);
	return true;
}

static bool fits(
	const struct auth_keys *keys, const char *source, size_t n_secrets, struct error *err)
{
	if (keys->method == AUTH_SIGNATURE && keys->scheme->form == SIGNATURE_NONE) {
		error_setf(err,
			"%s cannot sign; want auth: bearer, token, basic, path or query",
			source);
		return false;
	}
	if (keys->method != AUTH_NONE && n_secrets == 0) {
		error_setf(
			err, "no secret; want secrets: [FILE], or auth: none in so many words");
		return false;
	}
	if (keys->method == AUTH_SIGNATURE && keys->scheme->form == SIGNATURE_TRELLO &&
		!keys->public_url) {
		error_setf(err,
			"%s signs its callback address too; want public_url: https://...",
			source);
		return false;
	}
	return true;
}

struct auth_keys *auth_keys_create(const struct source *source, enum auth_method method,
	const char *const *secrets, size_t n_secrets, const char *public_url, struct error *err)
{
	CLEANUP(auth_keys_destroyp) struct auth_keys *keys = xcalloc(1, sizeof(*keys));
	unsigned char random[32];

	keys->scheme = scheme_of(source_name(source));
	keys->method = method;
	keys->public_url = public_url ? xstrdup(public_url) : NULL;
	int ok = RAND_bytes(random, sizeof(random));
	assert(ok == 1);
	keys->blind = mac_create("SHA256", random, sizeof(random));
	OPENSSL_cleanse(random, sizeof(random));

	if (!fits(keys, source_name(source), n_secrets, err))
		return NULL;
	keys->keys = xcalloc(n_secrets, sizeof(*keys->keys));
	for (; keys->n_keys < n_secrets; keys->n_keys++) {
		if (!prepare(keys, &keys->keys[keys->n_keys], secrets[keys->n_keys], err))
			return NULL;
	}

	struct auth_keys *done = keys;
	keys = NULL;
	return done;
}

void auth_keys_destroy(struct auth_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < keys->n_keys; i++) {
		for (size_t k = 0; k < MAX_PREFIXES; k++)
			mac_destroy(keys->keys[i].macs[k]);
		OPENSSL_cleanse(&keys->keys[i], sizeof(keys->keys[i]));
	}
	free(keys->keys);
	mac_destroy(keys->blind);
	free(keys->public_url);
	free(keys);
}
