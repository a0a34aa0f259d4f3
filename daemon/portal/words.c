/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/words.h"

#include "base/cleanup.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define MINUTE 60.0
#define HOUR 3600.0
#define DAY 86400.0

/* Two digits that mean something: 1.9, 12, 120. */
static void two_digits(double value, char out[static WORDS_TEXT])
{
	if (value < 9.95 && fabs(value - round(value)) >= 0.05)
		(void)snprintf(out, WORDS_TEXT, "%.1f", value);
	else
		(void)words_count(llround(value), out);
}

const char *words_duration(double seconds, char out[static WORDS_TEXT])
{
	char number[WORDS_TEXT];

	if (seconds < 99.5) {
		(void)snprintf(out, WORDS_TEXT, "%.0f s", seconds);
	} else if (seconds < 99.5 * MINUTE) {
		(void)snprintf(out, WORDS_TEXT, "%.0f min", seconds / MINUTE);
	} else if (seconds < 35.5 * HOUR) {
		two_digits(seconds / HOUR, number);
		(void)snprintf(out, WORDS_TEXT, "%s h", number);
	} else {
		two_digits(seconds / DAY, number);
		(void)snprintf(out, WORDS_TEXT, "%s days", number);
	}
	return out;
}

const char *words_share(double share, char out[static WORDS_TEXT])
{
	double percent = share * 100;

	if (percent > 0 && percent < 0.05)
		(void)snprintf(out, WORDS_TEXT, "under 0.1%%");
	else if (percent < 9.95 && fabs(percent - round(percent)) >= 0.05)
		(void)snprintf(out, WORDS_TEXT, "%.1f%%", percent);
	else if (percent < 100 && percent >= 99.5)
		(void)snprintf(out, WORDS_TEXT, "over 99%%");
	else
		(void)snprintf(out, WORDS_TEXT, "%.0f%%", percent);
	return out;
}

/* By hand: a page has a thousand of them, and printf() takes its time over each. */
const char *words_count(int64_t n, char out[static WORDS_TEXT])
{
	char text[WORDS_TEXT];
	char *at = text + sizeof(text) - 1;
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

	*at = '\0';
	for (int i = 0; left || i == 0; i++) {
		if (i > 0 && i % 3 == 0)
			*--at = ',';
		*--at = (char)('0' + left % 10);
		left /= 10;
	}
	if (n < 0)
		*--at = '-';
	return memcpy(out, at, (size_t)(text + sizeof(text) - at));
}

const char *words_rate(double per_day, char out[static WORDS_TEXT])
{
	/* Days of a month on average, over the 400 years of the calendar. */
	static const struct {
		double days;
		const char *per;
	} spans[] = {{1, "a day"}, {7, "a week"}, {30.436875, "a month"}};
	char number[WORDS_TEXT];
	size_t i = 0;

	if (per_day <= 0) {
		(void)snprintf(out, WORDS_TEXT, "none");
		return out;
	}
	while (i + 1 < ARRAY_LEN(spans) && per_day * spans[i].days < 0.95)
		i++;
	two_digits(per_day * spans[i].days, number);
	(void)snprintf(out, WORDS_TEXT, "%s %s", number, spans[i].per);
	return out;
}

const char *words_n(int64_t n, const char *one, const char *many, char out[static WORDS_TEXT])
{
	char number[WORDS_TEXT];

	(void)snprintf(out, WORDS_TEXT, "%s %s", words_count(n, number), n == 1 ? one : many);
	return out;
}

const char *words_small(int n, char out[static WORDS_TEXT])
{
	static const char *const names[] = {"no", "one", "two", "three", "four", "five", "six",
		"seven", "eight", "nine", "ten", "eleven", "twelve"};

	if (n >= 0 && (size_t)n < ARRAY_LEN(names))
		(void)snprintf(out, WORDS_TEXT, "%s", names[n]);
	else
		(void)snprintf(out, WORDS_TEXT, "%d", n);
	return out;
}
