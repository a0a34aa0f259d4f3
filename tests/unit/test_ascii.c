/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ascii.h"
#include "base/decimal.h"

#include "tap.h"

#include <stdio.h>

/* Each byte at each place of each length, for eight of them are looked at together. */
static void each_byte_is_seen_wherever_it_stands(void)
{
	char text[24];

	for (size_t n = 0; n <= sizeof(text); n++) {
		memset(text, '~', sizeof(text));
		CHECK(ascii_is_visible(text, n));
		for (size_t at = 0; at < n; at++) {
			for (int byte = 0; byte < 256; byte++) {
				text[at] = (char)byte;
				if (ascii_is_visible(text, n) != (byte >= 0x20 && byte < 0x7f))
					CHECK_INT(byte, -1);
			}
			text[at] = ' ';
		}
	}
}

static void what_follows_the_text_is_not_looked_at(void)
{
	CHECK(ascii_is_visible("abc\x01", 3));
	CHECK(!ascii_is_visible("abc\x01", 4));
	CHECK(ascii_is_visible("", 0));
}

static void a_number_is_written_as_printf_writes_it(void)
{
	static const int64_t numbers[] = {0, 1, -1, 9, 10, 99, 100, -100, 1780351162000000,
		INT32_MAX, INT64_MAX, INT64_MIN, INT64_MIN + 1};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		char want[32];
		char got[DECIMAL_MAX];

		(void)snprintf(want, sizeof(want), "%lld", (long long)numbers[i]);
		CHECK_INT(decimal_format(numbers[i], got), strlen(want));
		CHECK_STR(got, want);
	}
}

int main(void)
{
	RUN(each_byte_is_seen_wherever_it_stands);
	RUN(what_follows_the_text_is_not_looked_at);
	RUN(a_number_is_written_as_printf_writes_it);
	return tap_done();
}
