/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"

#include "fuzz.h"

#include <string.h>
#include <time.h>

/*
 * Times as text and, of the same bytes, as a number: what is read lies in the years 1970 to
 * 9999, is the C library's idea of the same moment, and survives being written and read again.
 */
static void check_written(int64_t at_us)
{
	char text[TIMESTAMP_TEXT_MAX];
	char theirs[TIMESTAMP_TEXT_MAX];
	time_t seconds = (time_t)(at_us / 1000000);
	int64_t again = -1;
	struct tm parts;

	FUZZ_WANT(at_us >= 0 && at_us < TIMESTAMP_END_US);
	timestamp_format(at_us, text);
	FUZZ_WANT(timestamp_parse(text, strlen(text), &again) && again == at_us);
	FUZZ_WANT(gmtime_r(&seconds, &parts));
	FUZZ_WANT(strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%S", &parts) == 19);
	FUZZ_WANT(strncmp(text, theirs, 19) == 0);
}

/* The local time that was written, from which the zone takes at most a day. */
static void check_day(const char *text, size_t n, int64_t at_us)
{
	char day[11] = "";
	int64_t midnight;

	while (n > 0 && *text == ' ') {
		text++;
		n--;
	}
	FUZZ_WANT(n >= 10);
	memcpy(day, text, 10);
	FUZZ_WANT(timestamp_parse(day, 10, &midnight));
	FUZZ_WANT(at_us - midnight > -INT64_C(86400000000));
	FUZZ_WANT(at_us - midnight < 2 * INT64_C(86400000000) + 1000000);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	const char *text = (const char *)bytes;
	int64_t at_us = -7;
	int64_t number = 0;

	if (timestamp_parse(text, n, &at_us)) {
		check_written(at_us);
		check_day(text, n, at_us);
	} else {
		FUZZ_WANT(at_us == -7);
	}
	memcpy(&number, bytes, n < sizeof(number) ? n : sizeof(number));
	at_us = -7;
	if (timestamp_from_number(number, &at_us)) {
		check_written(at_us);
		FUZZ_WANT(number >= INT64_C(100000000000) || at_us == number * 1000000);
	} else {
		FUZZ_WANT(at_us == -7);
	}
	return 0;
}
