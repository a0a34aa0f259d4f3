/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_STREAM_ADDRESS_PRIV_H
#define DORAD_STREAM_ADDRESS_PRIV_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/* Where Redis is, as `redis:` of the configuration says it. */
struct address_host {
	char *name;
	int port;
};

struct address {
	char *path;                 /* of a unix socket; NULL: over TCP */
	struct address_host *hosts; /* one, or the sentinels, or some of a cluster */
	size_t n_hosts;
	char *master; /* its name among the sentinels; NULL: no sentinels */
	bool cluster;
	char *user; /* NULL: the default user */
	int database;
};

/* False: err says what was found and what was expected; *out is then empty. Pure. */
bool stream_address_parse(const char *url, struct address *out, struct error *err);
void stream_address_clear(struct address *address); /* zeroed is fine */

#endif
