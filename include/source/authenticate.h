/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_AUTHENTICATE_H
#define DORAD_SOURCE_AUTHENTICATE_H

#include "source/source.h"

/*
 * Who sent these bytes? Pure: bytes, secrets and the time in, a word out. Every configured
 * secret is tried, in constant time, over the raw bytes (RELIABILITY.md section 7). An empty
 * secret never verifies.
 */
enum auth_method {
	AUTH_SIGNATURE, /* as the source signs; its own header and hash */
	AUTH_BEARER,    /* Authorization: Bearer */
	AUTH_TOKEN,     /* the sender's own token header (X-Gitlab-Token, X-Dorad-Token ...) */
	AUTH_BASIC,     /* Authorization: Basic; the secret file holds user:password */
	AUTH_PATH,      /* /webhooks/<endpoint>/<token> */
	AUTH_QUERY,     /* ?token= */
	AUTH_NONE,      /* only where the configuration says so in so many words */
};

bool auth_method_from_name(const char *name, enum auth_method *out);
const char *auth_method_name(enum auth_method method);

/* What a 401 says is wanted (RFC 9110 section 11.6.1): of the method alone, not of what was
 * wrong. Without a registered scheme one of ours, at which no client acts by itself. */
const char *auth_method_challenge(enum auth_method method);

/* What an endpoint uses when it does not say: signature where the sender has one, else bearer.
 */
enum auth_method source_default_auth(const struct source *source);

/* Whether the source can sign, and so auth: signature makes sense. */
bool source_can_sign(const struct source *source);

/* A secret prepared once (decoded, HMAC contexts keyed). Safe to share between threads once
 * made. */
struct auth_keys;

/*
 * secrets: the bytes of each file, trailing newline already cut; copied and wiped with the
 * keys. False with words: an empty secret, whsec_ that is no base64, a method the source does
 * not have. public_url is what Trello signs with, else NULL.
 */
struct auth_keys *auth_keys_create(const struct source *source, enum auth_method method,
	const char *const *secrets, size_t n_secrets, const char *public_url,
	struct error *err);
void auth_keys_destroy(struct auth_keys *keys); /* wipes; NULL is fine */
DEFINE_CLEANUP(struct auth_keys *, auth_keys_destroy);

struct auth_request {
	const struct header *headers; /* all of the request's, names in lower case */
	size_t n_headers;
	const char *path_token;  /* NULL: none */
	const char *query_token; /* percent-decoded; NULL: none */
	const char *body;
	size_t n_body;
	int64_t now_us; /* for signatures that sign a time */
};

struct auth_result {
	bool ok;
	int secret;         /* which secret verified, from 0; -1 otherwise */
	const char *reason; /* a static word for a metric label when not ok: "no_signature",
			       "bad_signature" ... */
};

struct auth_result authenticate(
	const struct auth_keys *keys, const struct auth_request *request);

/* At the header stage: false means it cannot succeed whatever the body (no signature header at
 * all). */
bool auth_may_succeed(const struct auth_keys *keys, const struct auth_request *request);

#endif
