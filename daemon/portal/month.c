/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/month.h"

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

/* By hand: a page has a thousand of them, and printf() takes its time over each. */
static char *put_number(char *to, int value, int width)
{
	for (int i = width; i-- > 0; value /= 10)
		to[i] = (char)('0' + value % 10);
	to[width] = '\0';
	return to + width;
}

void month_slug(int month, char out[static MONTH_TEXT])
{
	char *to = put_number(out, month / 12, 4);

	*to++ = '-';
	(void)put_number(to, month % 12 + 1, 2);
}

static void name_and_year(int month, size_t n, char out[static MONTH_TEXT])
{
	memcpy(out, names[month % 12], n);
	out[n] = ' ';
	(void)put_number(out + n + 1, month / 12, 4);
}

void month_title(int month, char out[static MONTH_TEXT])
{
	name_and_year(month, strlen(names[month % 12]), out);
}

void month_short(int month, char out[static MONTH_TEXT])
{
	name_and_year(month, 3, out);
}

int month_year(int month)
{
	return month / 12;
}

int month_of_year(int month)
{
	return month % 12 + 1;
}
