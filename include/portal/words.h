/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_PORTAL_WORDS_H
#define DORAD_PORTAL_WORDS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Numbers as people read them. Rounding is for the eye only: the exact value is in the API.
 * Each writes at most WORDS_TEXT bytes into out and returns it.
 */
#define WORDS_TEXT 48

/* 45 s, 35 min, 4.6 h, 1.9 days, 120 days; negative ones do not occur. */
const char *words_duration(double seconds, char out[static WORDS_TEXT]);

/* 0%, 4.5%, 21%, 100%. Something small is never "0%", nor something short of all "100%". */
const char *words_share(double share, char out[static WORDS_TEXT]);

const char *words_count(int64_t n, char out[static WORDS_TEXT]); /* 12,345 */

/* How often, from deployments a day: 3.2 a day, 2.1 a week, 1.4 a month, none. */
const char *words_rate(double per_day, char out[static WORDS_TEXT]);

/* "1 change", "12,345 changes". */
const char *words_n(int64_t n, const char *one, const char *many, char out[static WORDS_TEXT]);

/* "two" ... "twelve", in a sentence; digits beyond. */
const char *words_small(int n, char out[static WORDS_TEXT]);

#endif
