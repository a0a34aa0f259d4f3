/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_SECTION_PRIV_H
#define DORAD_PORTAL_SECTION_PRIV_H

#include "scope_priv.h"

/* Pieces that several pages are made of. */

/* A number that leads to its reasons. */
void section_number(struct visit *visit, struct markup *markup, const struct scope *scope,
	const struct month_row *row, enum metric metric, const char *text);

/* The table of a metric: the newest months, and the older ones folded away. */
void section_tables(struct visit *visit, struct markup *markup, const struct scope *scope,
	enum metric metric);

/* A service's or team's title, leading to its page. title may be NULL. */
void section_scope_link(struct visit *visit, struct markup *markup, bool is_team,
	const char *name, const char *title);

/* List items of a JSON object of names and addresses; NULL is fine. */
void section_links(struct markup *markup, const char *links);

const char *section_phase(const char *phase); /* "Live" */
const char *section_trend_class(enum trend_direction direction);

#endif
