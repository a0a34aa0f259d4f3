/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_AUTH_PRIV_H
#define DORAD_SOURCE_AUTH_PRIV_H

#include "mac_priv.h"
#include "scheme_priv.h"
#include "source/authenticate.h"

#define AUTH_MAX_SECRET 4096 /* bytes */

/* One secret, ready. As a token it is compared by a MAC under a key of this process, so that
 * neither its length nor its bytes show in the time. */
struct key {
	struct mac *
		macs[MAX_PREFIXES]; /* by prefix of the scheme; [0] alone for the other forms */
	bool is_standard;           /* a whsec_ secret */
	unsigned char token[MAC_MAX];
	size_t n_token;
};

struct auth_keys {
	const struct scheme *scheme;
	enum auth_method method;
	char *public_url;  /* NULL: none */
	struct mac *blind; /* keyed at random: tokens are compared through it */
	struct key *keys;
	size_t n_keys;
	bool has_standard;
	bool has_token;
};

/* The one header of that name; NULL: none, or more than one, and then nobody knows which was
 * meant. */
const char *auth_only_header(const struct auth_request *request, const char *name);

/* which: the secret that fits, or -1, and then why. */
struct auth_result auth_verdict(int which, const char *reason);

/* signature.c: the schemes that sign. Whether there is a signature that could be right,
 * whatever
 * the body; whether one is. */
bool signature_may_fit(const struct auth_keys *keys, const struct auth_request *request);
struct auth_result signature_check(
	const struct auth_keys *keys, const struct auth_request *request);

#endif
