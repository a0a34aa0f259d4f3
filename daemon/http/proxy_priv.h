/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_HTTP_PROXY_PRIV_H
#define DORAD_HTTP_PROXY_PRIV_H

#include "address_priv.h"

/*
 * What proxies say of the client: the PROXY protocol, version 2 (its header comes before all
 * else on a connection), and X-Forwarded-For. Pure.
 */
#define PROXY_MAX_BYTES (16 + 512) /* header and addresses; some type-length-value extras */

enum proxy_step {
	PROXY_MORE,
	PROXY_DONE, /* *out is the client, or untouched (LOCAL, or a family we do not know) */
	PROXY_REFUSED, /* no such header, or longer than PROXY_MAX_BYTES */
};

/* How many bytes more to read before asking again: never beyond the header's end. */
size_t proxy_wants(const unsigned char *bytes, size_t n);
/* The bytes of a connection from its first. */
enum proxy_step proxy_read(const unsigned char *bytes, size_t n, struct address *out);

/*
 * Walks X-Forwarded-For from its right end as long as whoever added the entry is trusted, and
 * leaves the client in *address. values: all such fields, in order.
 */
void proxy_forwarded_for(const struct networks *trusted, const char *const *values, size_t n,
	struct address *address);

#endif
