/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_TESTS_TAP_H
#define DORAD_TESTS_TAP_H

/*
 * A test program: one static function per promise, its name a sentence, and in main
 *   RUN(a_date_alone_is_its_midnight);
 *   return tap_done();
 * CHECK* note a failure with its place and go on.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static int tap_run;
static int tap_failed;
static bool tap_ok;

#define CHECK(condition)                                                         \
	do {                                                                     \
		if (!(condition)) {                                              \
			tap_ok = false;                                          \
			printf("# %s:%d: %s\n", __FILE__, __LINE__, #condition); \
		}                                                                \
	} while (0)

#define CHECK_INT(got, want) tap_int((int64_t)(got), (int64_t)(want), #got, __FILE__, __LINE__)
#define CHECK_STR(got, want) tap_str((got), (want), #got, __FILE__, __LINE__)

__attribute__((unused)) static void tap_int(
	int64_t got, int64_t want, const char *what, const char *file, int line)
{
	if (got == want)
		return;
	tap_ok = false;
	printf("# %s:%d: %s is %" PRId64 ", want %" PRId64 "\n", file, line, what, got, want);
}

__attribute__((unused)) static void tap_str(
	const char *got, const char *want, const char *what, const char *file, int line)
{
	if (got == want || (got && want && strcmp(got, want) == 0))
		return;
	tap_ok = false;
	printf("# %s:%d: %s is %s, want %s\n", file, line, what, got ? got : "NULL",
		want ? want : "NULL");
}

#define RUN(test)                                                                   \
	do {                                                                        \
		tap_ok = true;                                                      \
		test();                                                             \
		tap_failed += !tap_ok;                                              \
		printf("%s %d - %s\n", tap_ok ? "ok" : "not ok", ++tap_run, #test); \
	} while (0)

static inline int tap_done(void)
{
	printf("1..%d\n", tap_run);
	return tap_failed ? 1 : 0;
}

#endif
