/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_SCHEME_PRIV_H
#define DORAD_SOURCE_SCHEME_PRIV_H

#include <stdbool.h>
#include <stddef.h>

/* How each sender signs: the facts of the senders, as data. */
enum signature_form {
	SIGNATURE_NONE,     /* cannot sign */
	SIGNATURE_PREFIXED, /* "sha256=<hex>", "sha256b64=<base64>", "v1=<hex>,v1=<hex>" */
	SIGNATURE_TRELLO,   /* base64 of HMAC-SHA1 over the body and the public address */
	SIGNATURE_STANDARD, /* Standard Webhooks for a whsec_ secret; any other is a token */
};

struct prefix {
	const char *text; /* "sha256=" */
	const char *hash; /* OpenSSL's name */
	bool base64;      /* else hex, either case */
};

#define MAX_PREFIXES 4

struct scheme {
	const char *source;
	enum signature_form form;
	const char *header;                   /* where the signature stands; lower case */
	const char *token_header;             /* the sender's own header for a plain token */
	struct prefix prefixes[MAX_PREFIXES]; /* ended by a NULL text */
};

/* Never NULL: a source without a line of its own cannot sign and may use X-Dorad-Token. */
const struct scheme *scheme_of(const char *source);

#endif
