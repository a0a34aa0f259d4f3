/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"

#include <assert.h>
#include <string.h>
#include <strings.h>

#define US_PER_S INT64_C(1000000)
#define S_PER_DAY INT64_C(86400)

struct cursor {
	const char *at;
	const char *end;
};

static bool digits(struct cursor *c, int n, int *out)
{
	int value = 0;

	if (c->end - c->at < n)
		return false;
	for (int i = 0; i < n; i++) {
		if (c->at[i] < '0' || c->at[i] > '9')
			return false;
		value = value * 10 + (c->at[i] - '0');
	}
	c->at += n;
	*out = value;
	return true;
}

static bool one_of(struct cursor *c, const char *set)
{
	if (c->at == c->end || !*c->at || !strchr(set, *c->at))
		return false;
	c->at++;
	return true;
}

static void spaces(struct cursor *c)
{
	while (c->at < c->end && *c->at == ' ')
		c->at++;
}

static bool is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01, proleptic Gregorian. */
static int64_t day_number(int year, int month, int day)
{
	int64_t y = month <= 2 ? year - 1 : year;
	int64_t era = y / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era =
		year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

static bool date(struct cursor *c, int64_t *out_day)
{
	int year;
	int month;
	int day;

	if (!digits(c, 4, &year) || !one_of(c, "-") || !digits(c, 2, &month) ||
		!one_of(c, "-") || !digits(c, 2, &day))
		return false;
	if (year < 1970 || month < 1 || month > 12 || day < 1 ||
		day > days_in_month(year, month))
		return false;
	*out_day = day_number(year, month, day);
	return true;
}

static bool fraction(struct cursor *c, int64_t *out_us)
{
	int64_t value = 0;
	int64_t unit = US_PER_S / 10;
	int n = 0;

	for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++, n++) {
		value += (*c->at - '0') * unit;
		unit /= 10; /* the seventh digit on weighs nothing */
	}
	*out_us = value;
	return n >= 1 && n <= 9;
}

static bool time_of_day(struct cursor *c, int64_t *out_us)
{
	int hour;
	int minute;
	int second = 0;
	int64_t part = 0;

	if (!digits(c, 2, &hour) || !one_of(c, ":"))
		return false;
	spaces(c); /* "21: 00:25" has been seen */
	if (!digits(c, 2, &minute) || !one_of(c, ":") || !digits(c, 2, &second))
		return false;
	if (one_of(c, ".,") && !fraction(c, &part))
		return false;
	if (hour > 23 || minute > 59 || second > 60)
		return false;
	*out_us = ((hour * INT64_C(60) + minute) * 60 + second) * US_PER_S + part;
	return true;
}

static bool word(struct cursor *c, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(c->end - c->at) < n || strncasecmp(c->at, text, n) != 0)
		return false;
	c->at += n;
	return true;
}

static bool offset(struct cursor *c, int64_t *out_us)
{
	int hours;
	int minutes = 0;

	*out_us = 0;
	if (c->at == c->end || word(c, "UTC") || word(c, "GMT") || word(c, "Z"))
		return true;

	int64_t sign = *c->at == '-' ? -1 : 1;
	if (!one_of(c, "+-") || !digits(c, 2, &hours))
		return false;
	bool colon = one_of(c, ":");
	if ((colon || c->at < c->end) && !digits(c, 2, &minutes))
		return false;
	if (hours > 23 || minutes > 59)
		return false;
	*out_us = sign * (hours * INT64_C(60) + minutes) * 60 * US_PER_S;
	return true;
}

bool timestamp_parse(const char *text, size_t n, int64_t *out_us)
{
	struct cursor c = {.at = text, .end = text + n};
	int64_t day;
	int64_t in_day = 0;
	int64_t east = 0;

	spaces(&c);
	if (!date(&c, &day))
		return false;
	bool date_only = c.at == c.end;
	if (!date_only) {
		if (!one_of(&c, "Tt "))
			return false;
		spaces(&c);
		if (!time_of_day(&c, &in_day))
			return false;
		spaces(&c);
		if (!offset(&c, &east))
			return false;
		spaces(&c);
	}

	int64_t at_us = day * S_PER_DAY * US_PER_S + in_day - east;
	if (c.at != c.end || at_us < 0 || at_us >= TIMESTAMP_END_US)
		return false;
	*out_us = at_us;
	return true;
}

bool timestamp_from_number(int64_t number, int64_t *out_us)
{
	int64_t at_us;

	if (number <= 0)
		return false;
	if (number < INT64_C(100000000000))
		at_us = number * US_PER_S;
	else if (number < INT64_C(100000000000000))
		at_us = number * 1000;
	else if (number < INT64_C(100000000000000000))
		at_us = number;
	else
		at_us = number / 1000;
	if (at_us >= TIMESTAMP_END_US)
		return false;
	*out_us = at_us;
	return true;
}

/* n digits of a number, with zeros before it; the place after them. */
static char *put_digits(char *at, int n, unsigned number)
{
	for (int i = n - 1; i >= 0; i--) {
		at[i] = (char)('0' + number % 10);
		number /= 10;
	}
	return at + n;
}

static char *put_parts(char *at, const unsigned parts[static 3], int n_first, char between)
{
	at = put_digits(at, n_first, parts[0]);
	*at++ = between;
	at = put_digits(at, 2, parts[1]);
	*at++ = between;
	return put_digits(at, 2, parts[2]);
}

/* By hand: an event has several of them, and printf was a tenth of what an event costs. */
void timestamp_format(int64_t at_us, char out[static TIMESTAMP_TEXT_MAX])
{
	assert(at_us >= 0);
	int64_t day = at_us / (S_PER_DAY * US_PER_S);
	int64_t rest = at_us % (S_PER_DAY * US_PER_S);

	/* The inverse of day_number(). */
	int64_t z = day + 719468;
	int64_t era = z / 146097;
	int64_t day_of_era = z % 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) /
		365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t shifted = (5 * day_of_year + 2) / 153;
	unsigned d = (unsigned)(day_of_year - (153 * shifted + 2) / 5 + 1);
	unsigned month = (unsigned)(shifted < 10 ? shifted + 3 : shifted - 9);
	unsigned year = (unsigned)(year_of_era + era * 400 + (month <= 2 ? 1 : 0));
	assert(year <= 9999);

	unsigned second = (unsigned)(rest / US_PER_S);
	const unsigned date_parts[] = {year, month, d};
	const unsigned time_parts[] = {second / 3600, second / 60 % 60, second % 60};
	char *at = put_parts(out, date_parts, 4, '-');
	*at++ = 'T';
	at = put_parts(at, time_parts, 2, ':');
	*at++ = '.';
	at = put_digits(at, 6, (unsigned)(rest % US_PER_S));
	*at++ = 'Z';
	*at = '\0';
}
