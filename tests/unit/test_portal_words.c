/* SPDX-License-Identifier: Apache-2.0 */
#include "portal/address.h"
#include "portal/figure.h"
#include "portal/month.h"
#include "portal/words.h"

#include "tap.h"

#include <math.h>
#include <string.h>

static void any_name_goes_through_a_path_and_back(void)
{
	static const char *const names[] = {"checkout", "acme/check out", "a?b#c%d&e=f+g", ".",
		"..", "~.", "~..", "~~.", "~x", "\"'<>\\", "caf\xC3\xA9 \xF0\x9F\x9A\x80",
		"...", "%2F", "\xE2\x80\xAE"};
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct address address;
		char *path = address_join(
			arena, "/base", "services", names[i], "2026-03", (char *)NULL);

		CHECK(strspn(path,
			      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			      "0123456789-._~%/") == strlen(path));
		CHECK(!strstr(path, "/./") && !strstr(path, "/../"));
		CHECK(address_split(arena, path + strlen("/base"), &address));
		CHECK_INT(address.n, 3);
		CHECK_STR(address.segments[1], names[i]);
		CHECK_STR(address.segments[2], "2026-03");
	}
}

static void a_path_that_is_none_is_refused(void)
{
	static const char *const paths[] = {"/a%", "/a%2", "/a%zz", "/%00", "/%FF", "/%C0%AF",
		"//", "/a//b", "/1/2/3/4/5/6/7/8/9"};
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct address address;

	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		CHECK(!address_split(arena, paths[i], &address));
	CHECK(address_split(arena, "/", &address));
	CHECK_INT(address.n, 0);
	CHECK(address_split(arena, "/services/", &address));
	CHECK_INT(address.n, 1);
}

static void parameters_are_found_and_decoded(void)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();

	CHECK_STR(address_parameter(arena, "q=a+b%2Bc&page=2", "q"), "a b+c");
	CHECK_STR(address_parameter(arena, "q=a+b%2Bc&page=2", "page"), "2");
	CHECK_STR(address_parameter(arena, "xq=1&q=", "q"), "");
	CHECK_STR(address_parameter(arena, "q=%zz", "q"), NULL);
	CHECK(address_query_is_sound(arena, NULL));
	CHECK(address_query_is_sound(arena, "q=a+b%2Bc&&page&x=%C3%A9"));
	CHECK(!address_query_is_sound(arena, "page=2&q=%zz"));
	CHECK(!address_query_is_sound(arena, "q=%C3&page=2"));
	CHECK(!address_query_is_sound(arena, "q%00=1"));
	CHECK_STR(address_parameter(arena, "qq", "q"), NULL);
	CHECK_STR(address_parameter(arena, NULL, "q"), NULL);
	CHECK_STR(address_with(arena, "/x", "after", "a b&c"), "/x?after=a%20b%26c");
	CHECK_STR(address_with(arena, "/x?y=1", "z", "2"), "/x?y=1&z=2");
}

static void only_addresses_of_the_web_are_linked(void)
{
	CHECK(address_is_web("https://example.com/a?b#c"));
	CHECK(address_is_web("HTTP://example.com"));
	CHECK(!address_is_web("javascript:alert(1)"));
	CHECK(!address_is_web(" https://example.com"));
	CHECK(!address_is_web("https://example.com/\nx"));
	CHECK(!address_is_web("//example.com"));
	CHECK(!address_is_web("data:text/html,x"));
	CHECK(!address_is_web(NULL));
}

static void months_are_counted(void)
{
	char text[MONTH_TEXT];
	int march;
	int february;

	CHECK(month_parse("2026-03", &march));
	CHECK(month_parse_date("2024-02-01", &february));
	CHECK_INT(march - february, 25);
	month_title(march, text);
	CHECK_STR(text, "March 2026");
	month_short(march, text);
	CHECK_STR(text, "Mar 2026");
	month_slug(march + 10, text);
	CHECK_STR(text, "2027-01");
	CHECK_INT(month_of_year(march), 3);
	CHECK_INT(month_year(march), 2026);
	static const char *const wrong[] = {"2026-13", "2026-00", "2026-3", "26-03", "2026/03",
		"2026-03-01", "", "0999-01"};
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
		CHECK(!month_parse(wrong[i], &march));
	CHECK(!month_parse_date("2026-03-02", &march));
}

static void numbers_are_words_for_people(void)
{
	char text[WORDS_TEXT];

	CHECK_STR(words_duration(0, text), "0 s");
	CHECK_STR(words_duration(45.4, text), "45 s");
	CHECK_STR(words_duration(2100, text), "35 min");
	CHECK_STR(words_duration(5940, text), "99 min");
	CHECK_STR(words_duration(16560, text), "4.6 h");
	CHECK_STR(words_duration(14400, text), "4 h");
	CHECK_STR(words_duration(86400, text), "24 h");
	CHECK_STR(words_duration(397440, text), "4.6 days");
	CHECK_STR(words_duration(1e9, text), "11,574 days");
	CHECK_STR(words_share(0, text), "0%");
	CHECK_STR(words_share(0.0001, text), "under 0.1%");
	CHECK_STR(words_share(0.045, text), "4.5%");
	CHECK_STR(words_share(3.0 / 14, text), "21%");
	CHECK_STR(words_share(0.999, text), "over 99%");
	CHECK_STR(words_share(1, text), "100%");
	CHECK_STR(words_count(0, text), "0");
	CHECK_STR(words_count(999, text), "999");
	CHECK_STR(words_count(1234567, text), "1,234,567");
	CHECK_STR(words_rate(3.2, text), "3.2 a day");
	CHECK_STR(words_rate(0.3, text), "2.1 a week");
	CHECK_STR(words_rate(0.05, text), "1.5 a month");
	CHECK_STR(words_rate(0, text), "none");
	CHECK_STR(words_n(1, "change", "changes", text), "1 change");
	CHECK_STR(words_n(1200, "change", "changes", text), "1,200 changes");
	CHECK_STR(words_small(6, text), "six");
	CHECK_STR(words_small(24, text), "24");
}

static const char *change(enum figure figure, double was, double is)
{
	static char text[FIGURE_CHANGE_TEXT];

	figure_change(figure, was, is, text);
	return text;
}

static void a_change_is_told_as_the_eye_reads_it_and_exactly_where_that_hides_it(void)
{
	CHECK_STR(change(FIGURE_DEPLOYMENTS, 999, 1000), "deployments 999, then 1,000");
	CHECK_STR(change(FIGURE_FAIL_RATE, 0.142857, 0.2), "fail rate 14%, then 20%");
	CHECK_STR(change(FIGURE_FAIL_RATE, 0.142857, 0.142), "fail rate 0.142857, then 0.142");
	CHECK_STR(change(FIGURE_LEAD_TIME_P50, 48917, 48930.5),
		"lead time 48917 s, then 48930.5 s");
	CHECK_STR(change(FIGURE_RESTORE_P50, NAN, 0), "time to restore none, then 0 s");
	CHECK_STR(change(FIGURE_DEPLOYMENTS_PER_DAY, 0, NAN),
		"deployment frequency 0 a day, then none");
	for (enum figure figure = 0; figure < FIGURE_N; figure++)
		CHECK(strstr(change(figure, 1, 2), " 1") != NULL);
}

int main(void)
{
	RUN(any_name_goes_through_a_path_and_back);
	RUN(a_path_that_is_none_is_refused);
	RUN(parameters_are_found_and_decoded);
	RUN(only_addresses_of_the_web_are_linked);
	RUN(months_are_counted);
	RUN(numbers_are_words_for_people);
	RUN(a_change_is_told_as_the_eye_reads_it_and_exactly_where_that_hides_it);
	return tap_done();
}
