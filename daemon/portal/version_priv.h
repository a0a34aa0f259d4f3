/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_VERSION_PRIV_H
#define DORAD_PORTAL_VERSION_PRIV_H

#include "portal/route.h"
#include "store/batch.h"

/*
 * Of what a page shows: whom we ask, and how much of it has changed since when. Two answers
 * with the same version show the same, so that a page which is kept need not be made again.
 */

/* The columns of its one row. */
enum version_column {
	VERSION_IS_REPLICA, /* NULL: it is none */
	VERSION_BEHIND_S,   /* a replica by so many seconds; NULL: it does not know */
	VERSION_TEXT,
};

/* The question, for the page of that route. */
struct store_ask version_ask(const struct route *route);

#endif
