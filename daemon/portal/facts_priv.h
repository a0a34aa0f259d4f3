/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_FACTS_PRIV_H
#define DORAD_PORTAL_FACTS_PRIV_H

#include "scope_priv.h"

/* What happened in a month: deployments, incidents with their reviews, change requests, and
 * what came in and was left out. */
enum { FACTS_DEPLOYMENTS, FACTS_INCIDENTS, FACTS_REQUESTS, FACTS_LEFT_OUT, FACTS_ASKS };

/* month: its slug, or NULL for the running one, few of which are shown. most: rows of each
 * list. */
void facts_ask(struct visit *visit, const char *month, const char *most,
	struct store_ask out[static FACTS_ASKS]);

/* Draws the lists that facts_ask() asked for. */
void facts_draw(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct store_ask asks[static FACTS_ASKS]);

#endif
