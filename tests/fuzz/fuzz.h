/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_TESTS_FUZZ_H
#define DORAD_TESTS_FUZZ_H

/*
 * A target is one file with LLVMFuzzerTestOneInput(), its name in meson.build, and a folder
 * corpus/NAME of inputs (ours, made up, small). With clang's libFuzzer it looks for new inputs
 * (tests/fuzz/run); with any compiler fuzz_main.c replays the corpus and mutations of it, which
 * is a test of the suite `fuzz`. It must assert meaning, not only survive: FUZZ_WANT().
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n); /* returns 0 */

#define FUZZ_WANT(condition)                                                                 \
	do {                                                                                 \
		if (!(condition)) {                                                          \
			(void)fprintf(                                                       \
				stderr, "%s:%d: want %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                             \
		}                                                                            \
	} while (0)

#endif
