/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_SCOPE_PRIV_H
#define DORAD_PORTAL_SCOPE_PRIV_H

#include "frame_priv.h"
#include "portal/metric.h"
#include "portal/trend.h"

/* One service or one team, as the database knows it. Strings are the arena's. */
#define SCOPE_MONTHS 36

/* Questions a page may ask besides what every page of a scope asks. */
#define SCOPE_MORE 8

struct scope {
	bool is_team;
	const char *name;
	const char *title;
	const char *team;       /* owner of a service; NULL: nobody, or a team */
	const char *team_title; /* what people call that */
	const char *phase;      /* of a service; NULL for a team */
	const char *links;      /* JSON object */
	struct frame_clock clock;
	int month; /* that as_of is in; 0: never rolled up */

	struct month_row rows[SCOPE_MONTHS]; /* oldest first, without gaps */
	size_t n_rows;
	struct trend trends[METRIC_N];
	const char *assurance; /* of the last complete month; NULL: none */
	const char *throughput;
	int assurance_running; /* for how many months in a row */
};

/*
 * Reads it by the name of visit->route; VISIT_UNKNOWN if there is none. more: asks of the
 * page's own, of the same snapshot, at most SCOPE_MORE; their rows are the arena's.
 */
enum visit_result scope_read(struct visit *visit, struct scope *out, struct store_ask *more,
	size_t n_more, struct error *err);

/* The row of a month; NULL: it has none. */
const struct month_row *scope_row(const struct scope *scope, int month);

/* Its address, with the prefix. */
const char *scope_address(struct visit *visit, const struct scope *scope);

/* By column name; NULL: null, or no such column. */
const char *rows_text(const struct store_rows *rows, int row, const char *column);
double rows_number(const struct store_rows *rows, int row, const char *column); /* NAN: null */
bool rows_is_true(const struct store_rows *rows, int row, const char *column);

#endif
