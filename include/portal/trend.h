/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_TREND_H
#define DORAD_PORTAL_TREND_H

#include "portal/metric.h"

/* What trend_service and trend_team say (METRICS.md section 7), and how a page puts it. */
enum trend_direction {
	TREND_UNKNOWN, /* no complete month yet: there is no row */
	TREND_NOT_ENOUGH_DATA,
	TREND_STEADY,
	TREND_IMPROVING,
	TREND_WORSENING,
};

struct trend {
	enum trend_direction direction;
	bool is_long; /* seen in the last twelve complete months, not in the last six */
	int month;    /* the complete month it stands at */
	int n;        /* usable months */
	double s;     /* Mann-Kendall's statistic; NAN: none */
	double p;     /* its exact two-sided p; NAN: none */
	double slope; /* per month, of the comparable figure; NAN: none */
	int running;  /* for how many months in a row the direction is this, up to `month` */
};

enum trend_direction trend_direction(const char *word); /* of the column; NULL: TREND_UNKNOWN */

/* "getting better", "getting worse", "steady", "too little data", "no complete month yet" */
const char *trend_phrase(enum trend_direction direction);

/* An arrow for the eye: up and down are what the metric does, not whether that is good. */
const char *trend_arrow(enum metric metric, enum trend_direction direction);

/* Whether the trend was computed from this row, among others. */
bool trend_rests_on(const struct trend *trend, enum metric metric, const struct month_row *row);

#define TREND_SENTENCE 240

/*
 * One sentence: "Lead time has been getting longer over the last six months: 1.9 to 4.6 days."
 * rows: oldest first, without gaps between months.
 */
const char *trend_sentence(enum metric metric, const struct trend *trend,
	const struct month_row *rows, size_t n_rows, char out[static TREND_SENTENCE]);

#endif
