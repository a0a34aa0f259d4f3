/* SPDX-License-Identifier: Apache-2.0 */
#include "import.h"

#include <string.h>
#include <time.h>

/* "2026-06-01 14:28:24", as a system of the usual date format shows it, in the zone that $TZ
 * was set to (import.c) before there was any other thread. */
bool import_to_utc(void *context, const char *shown, int64_t *out_us)
{
	const struct import *import = context;
	struct tm local = {.tm_isdst = -1};
	const char *end;

	if (!import->zone)
		return false;
	end = strptime(shown, "%Y-%m-%d %H:%M:%S", &local);
	if (!end || *end)
		return false;
	time_t at = mktime(&local);
	if (at <= 0)
		return false;
	*out_us = (int64_t)at * 1000000;
	return true;
}
