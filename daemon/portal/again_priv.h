/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_AGAIN_PRIV_H
#define DORAD_PORTAL_AGAIN_PRIV_H

#include "portal/shelf.h"
#include "visit_priv.h"

/*
 * Answers that are given again: what was made for the same address, if the database has not
 * changed since; or not long ago, of what is dear.
 */

/* False: it is to be made. */
bool again_take(struct shelf *shelf, struct visit *visit, const char *key);

/* Keeps an answer that took since began_us (CLOCK_MONOTONIC), if it may be given again. */
void again_put(
	struct shelf *shelf, const struct visit *visit, const char *key, int64_t began_us);

#endif
