/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_METRIC_H
#define DORAD_PORTAL_METRIC_H

#include "portal/figure.h"
#include "portal/words.h"

/* The five that have a trend, in the order of a page. */
enum metric {
	METRIC_FREQUENCY,
	METRIC_LEAD_TIME,
	METRIC_FAIL_RATE,
	METRIC_RESTORE,
	METRIC_UNPLANNED,
	METRIC_N,
};

enum metric_unit {
	METRIC_UNIT_COUNT, /* per month; in trends per day */
	METRIC_UNIT_SECONDS,
	METRIC_UNIT_SHARE, /* 0 to 1 */
};

struct metric_words {
	const char *slug;  /* of addresses: lead-time */
	const char *trend; /* trend_service.metric: lead_time */
	const char *title; /* Lead time for changes */
	const char *short_title;
	const char *question; /* what it answers, one sentence */
	const char *rule;     /* how it is computed, for the page of reasons */
	const char *one;      /* what n counts: change */
	const char *many;
	const char *n_title; /* heading of its column */
	const char *rising;  /* "Lead time has been getting longer" */
	const char *falling;
	const char *nothing; /* why a month may have no value */
	enum metric_unit unit;
	bool good_is_up;
	enum figure value;      /* what the chart shows */
	enum figure comparable; /* what the trend is about */
	enum figure n;
	int usable_n; /* a month counts for the trend from this n on (METRICS.md section 7) */
};

const struct metric_words *metric_words(enum metric metric);
bool metric_by_slug(const char *slug, size_t n, enum metric *out);
bool metric_by_trend(const char *name, enum metric *out);

/* NAN: none. */
double metric_value(const struct month_row *row, enum metric metric);
int64_t metric_n(const struct month_row *row, enum metric metric);

/* The value for a table or a headline: "23", "4.6 h", "3 of 14"; "none" where there is none. */
const char *metric_text(
	const struct month_row *row, enum metric metric, char out[static WORDS_TEXT]);

/* All of it, for a tooltip and for who hears the page: "4.6 h, 31 changes", "3 of 14
 * deployments failed (21%)", "no value: nothing was deployed". */
#define METRIC_SPOKEN 160
const char *metric_spoken(
	const struct month_row *row, enum metric metric, char out[static METRIC_SPOKEN]);

/* In a sentence about trends, of the comparable figure: "2.1 a week", "4.6 h", "21%". */
const char *metric_comparable_text(
	enum metric metric, double value, char out[static WORDS_TEXT]);

/* Whether the month is one that the trend looks at. */
bool metric_is_usable(const struct month_row *row, enum metric metric);

#endif
