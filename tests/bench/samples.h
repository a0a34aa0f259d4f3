/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_BENCH_SAMPLES_H
#define DORAD_BENCH_SAMPLES_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What load.c and sync.c measure with: a clock, and microseconds of which the middle and the
 * worst are told. Each is one file to the compiler, so it stands here whole. */

static inline int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static inline void fail(const char *what)
{
	perror(what);
	exit(1);
}

struct samples {
	uint32_t *us;
	size_t n;
	size_t most; /* what comes then is not kept */
};

static inline struct samples samples_of(size_t most)
{
	struct samples samples = {.us = calloc(most, sizeof(uint32_t)), .most = most};

	if (!samples.us)
		fail("calloc");
	return samples;
}

static inline void samples_add(struct samples *samples, int64_t us)
{
	if (samples->n < samples->most)
		samples->us[samples->n++] = (uint32_t)us;
}

static inline int samples_compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static inline void samples_sort(struct samples *samples)
{
	qsort(samples->us, samples->n, sizeof(uint32_t), samples_compare);
}

/* Of sorted ones; part: from 0, the least, to 1. */
static inline uint32_t samples_at(const struct samples *samples, double part)
{
	return samples->n ? samples->us[(size_t)((double)(samples->n - 1) * part)] : 0;
}

#endif
