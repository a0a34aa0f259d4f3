/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_BASE_TIMESTAMP_H
#define DORAD_BASE_TIMESTAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Instants are int64_t microseconds since 1970-01-01T00:00:00Z everywhere; names end in _us. */

#define TIMESTAMP_END_US (INT64_C(253402300800) * 1000000) /* the year 10000 begins */
#define TIMESTAMP_TEXT_MAX 28 /* "2026-06-01T21:59:22.000000Z" and its NUL */

/*
 * Reads every form seen in a sender's text: date, T or space, time with 0 to 9 digits of
 * fraction, then Z, UTC, GMT, +hh, +hhmm, +hh:mm or nothing (UTC, EVENTS.md section 2). A date
 * alone is its midnight, UTC. Years 1970 to 9999. False: not a time; *out_us untouched. Pure.
 */
bool timestamp_parse(const char *text, size_t n, int64_t *out_us);

/*
 * An integer as senders mean it: seconds, milliseconds, microseconds or nanoseconds since 1970,
 * told apart by size (1e11, 1e14 and 1e17 are the borders). False: not after 1970.
 */
bool timestamp_from_number(int64_t number, int64_t *out_us);

/* RFC 3339, UTC, six digits. at_us must lie in the years 1970 to 9999. */
void timestamp_format(int64_t at_us, char out[static TIMESTAMP_TEXT_MAX]);

/* A span, or an instant of any clock, as POSIX takes it. Not negative. */
static inline struct timespec timespec_of_us(int64_t us)
{
	return (struct timespec){.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
}

#endif
