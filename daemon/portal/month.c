/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/month.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {"January", "February", "March", "April", "May", "June",
	"July", "August", "September", "October", "November", "December"};

static bool digits(const char *text, int n, int *out)
{
	int value = 0;

	for (int i = 0; i < n; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		value = value * 10 + (text[i] - '0');
	}
	*out = value;
	return true;
}

static bool parse(const char *text, int *out)
{
	int year;
	int month;

	if (!digits(text, 4, &year) || text[4] != '-' || !digits(text + 5, 2, &month))
		return false;
	if (year < 1000 || month < 1 || month > 12)
		return false;
	*out = year * 12 + month - 1;
	return true;
}

bool month_parse(const char *text, int *out)
{
	return strlen(text) == 7 && parse(text, out);
}

bool month_parse_date(const char *text, int *out)
{
	return strlen(text) == 10 && strcmp(text + 7, "-01") == 0 && parse(text, out);
}

void month_slug(int month, char out[static MONTH_TEXT])
{
	(void)snprintf(out, MONTH_TEXT, "%04d-%02d", month / 12, month % 12 + 1);
}

void month_title(int month, char out[static MONTH_TEXT])
{
	(void)snprintf(out, MONTH_TEXT, "%s %d", names[month % 12], month / 12);
}

void month_short(int month, char out[static MONTH_TEXT])
{
	(void)snprintf(out, MONTH_TEXT, "%.3s %d", names[month % 12], month / 12);
}

int month_year(int month)
{
	return month / 12;
}

int month_of_year(int month)
{
	return month % 12 + 1;
}

int month_days(int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year = month / 12;
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

	return days[month % 12] + (month % 12 == 1 && leap);
}
