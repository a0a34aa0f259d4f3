/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"

#include "tap.h"

/* Every form that a sender has been seen to use, and what it means. */
static const struct {
	const char *text;
	const char *want; /* NULL: refused */
} forms[] = {
	{"2026-06-01T21:59:22Z", "2026-06-01T21:59:22.000000Z"},
	{"2026-06-01T21:59:22.5Z", "2026-06-01T21:59:22.500000Z"},
	{"2026-06-01T21:59:22.123456789Z", "2026-06-01T21:59:22.123456Z"},
	{"2026-06-01T21:59:22+02:00", "2026-06-01T19:59:22.000000Z"},
	{"2026-06-01T21:59:22.007+0200", "2026-06-01T19:59:22.007000Z"},
	{"2026-06-01T21:59:22-07", "2026-06-02T04:59:22.000000Z"},
	{"2026-06-01 21:59:22 UTC", "2026-06-01T21:59:22.000000Z"},
	{"2026-06-01 21:59:22 GMT", "2026-06-01T21:59:22.000000Z"},
	{"2026-06-01 21:59:22 +0100", "2026-06-01T20:59:22.000000Z"},
	{"2026-06-01 21:59:22", "2026-06-01T21:59:22.000000Z"},
	{"2026-06-01T21: 59:22-07:00", "2026-06-02T04:59:22.000000Z"},
	{"2026-06-01", "2026-06-01T00:00:00.000000Z"},
	{" 2026-06-01T21:59:22Z ", "2026-06-01T21:59:22.000000Z"},
	{"2024-02-29T23:59:59Z", "2024-02-29T23:59:59.000000Z"},
	{"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
	{"1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"},
	{"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
	{"9999-12-31T23:59:59-01:00", NULL},
	{"9999-12-31T23:59:60Z", NULL},
	{"0001-01-01T00:00:00Z", NULL},
	{"1970-01-01T00:00:00+01:00", NULL},
	{"2023-02-29T00:00:00Z", NULL},
	{"2026-13-01T00:00:00Z", NULL},
	{"2026-06-01T24:00:00Z", NULL},
	{"2026-06-01T21:59Z", NULL},
	{"2026-06-01T21:59:22.Z", NULL},
	{"2026-06-01T21:59:22.1234567890Z", NULL},
	{"2026-06-01T21:59:22Zulu", NULL},
	{"2026-06-01T21:59:22+2", NULL},
	{"09/Sep/20", NULL},
	{"10/24/2023 7:07:31", NULL},
	{"", NULL},
};

static void each_form_is_read_as_its_sender_means_it(void)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		int64_t at_us = -1;
		char got[TIMESTAMP_TEXT_MAX] = "";

		if (timestamp_parse(forms[i].text, strlen(forms[i].text), &at_us))
			timestamp_format(at_us, got);
		else
			CHECK_INT(at_us, -1);
		printf("# %s\n", forms[i].text);
		CHECK_STR(got, forms[i].want ? forms[i].want : "");
	}
}

static void every_day_of_four_centuries_survives_the_round_trip(void)
{
	const int64_t day_us = INT64_C(86400000000);

	for (int64_t at_us = 0; at_us < 400 * 366 * day_us; at_us += day_us) {
		char text[TIMESTAMP_TEXT_MAX];
		int64_t again = -1;

		timestamp_format(at_us, text);
		if (!timestamp_parse(text, strlen(text), &again) || again != at_us) {
			CHECK_INT(again, at_us);
			return;
		}
	}
}

static void the_size_of_a_number_tells_its_unit(void)
{
	int64_t at_us = 0;

	CHECK(timestamp_from_number(1780351162, &at_us));
	CHECK_INT(at_us, INT64_C(1780351162000000));
	CHECK(timestamp_from_number(INT64_C(1780351162123), &at_us));
	CHECK_INT(at_us, INT64_C(1780351162123000));
	CHECK(timestamp_from_number(INT64_C(1780351162123456), &at_us));
	CHECK_INT(at_us, INT64_C(1780351162123456));
	CHECK(timestamp_from_number(INT64_C(1780351162123456789), &at_us));
	CHECK_INT(at_us, INT64_C(1780351162123456));
	CHECK(!timestamp_from_number(0, &at_us));
	CHECK(!timestamp_from_number(-5, &at_us));
}

int main(void)
{
	RUN(each_form_is_read_as_its_sender_means_it);
	RUN(every_day_of_four_centuries_survives_the_round_trip);
	RUN(the_size_of_a_number_tells_its_unit);
	return tap_done();
}
