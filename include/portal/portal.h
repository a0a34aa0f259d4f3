/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_PORTAL_H
#define DORAD_PORTAL_PORTAL_H

#include "base/cleanup.h"
#include "base/error.h"
#include "config/config.h"

/*
 * The pages: one of a service or of a team at a time, with the reasons for every number, and
 * the same as JSON and as charts. Reads Postgres, in read-only transactions, and nothing else.
 * The front door's thread takes requests in and answers what needs no database; a few workers,
 * each with a connection of its own, make the pages.
 */
struct portal;

/* What can be told without listening: who may read, base_url, the addresses' form, proxies. */
bool portal_check(const struct config *config, struct error *err);

/* Listens. A database that is away is no reason not to: pages say so then. NULL: err says what
 * is wrong with which option. */
struct portal *portal_create(const struct config *config, struct error *err);

/* Serves in the calling thread until portal_stop(), which any thread may call. */
void portal_run(struct portal *portal);
void portal_stop(struct portal *portal);

/* Takes over what may change while it runs: token, trusted_header, open, base_url. False: err
 * says why, and the old stands. */
bool portal_reload(struct portal *portal, const struct config *config, struct error *err);

void portal_destroy(struct portal *portal); /* after portal_run(); NULL is fine */
DEFINE_CLEANUP(struct portal *, portal_destroy);

#endif
