/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the disk itself allows: the answers of a receiver that does nothing but sync. Requests
 * are due at a rate; all that are due are written and synced together, and each has waited from
 * the instant it was due. The file is as long as it will be before it begins, as a write-ahead
 * log is that goes round.
 *
 *   sync FILE SECONDS RATE BYTES
 *
 * BYTES are written for each request, and as many for each sync. Prints one JSON object: the
 * syncs, how long one took, and how long a request waited, in microseconds.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define FILE_BYTES ((size_t)16 << 20)

struct samples {
	int64_t *us;
	size_t n;
};

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static int64_t at(const struct samples *samples, double part)
{
	return samples->n ? samples->us[(size_t)((double)(samples->n - 1) * part)] : 0;
}

static void rest_until(int64_t us)
{
	struct timespec until = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void write_at(int fd, const char *bytes, size_t n, size_t *where)
{
	if (*where + n > FILE_BYTES)
		*where = 0;
	if (pwrite(fd, bytes, n, (off_t)*where) != (ssize_t)n)
		fail("pwrite");
	*where += n;
}

int main(int argc, char **argv)
{
	if (argc != 5) {
		(void)fprintf(stderr, "usage: sync FILE SECONDS RATE BYTES\n");
		return 2;
	}
	int64_t end_us = strtoll(argv[2], NULL, 10) * 1000000;
	int64_t rate = strtoll(argv[3], NULL, 10);
	size_t n_bytes = strtoull(argv[4], NULL, 10);
	int64_t n_all = end_us / 1000000 * rate;
	char *bytes = calloc(1, FILE_BYTES);
	struct samples syncs = {.us = calloc((size_t)n_all, sizeof(int64_t))};
	struct samples waits = {.us = calloc((size_t)n_all, sizeof(int64_t))};
	int fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	size_t where = 0;

	if (fd < 0 || !bytes || !syncs.us || !waits.us)
		fail(argv[1]);
	memset(bytes, 'x', FILE_BYTES);
	write_at(fd, bytes, FILE_BYTES, &where);
	if (fsync(fd) != 0)
		fail("fsync");
	int64_t begun = now_us();
	int64_t done = 0;
	while (done < n_all) {
		rest_until(begun + done * 1000000 / rate);
		int64_t from = now_us();
		int64_t due = (from - begun) * rate / 1000000 + 1;

		if (due > n_all)
			due = n_all;
		for (int64_t i = done; i <= due; i++) /* one more, for the sync */
			write_at(fd, bytes, n_bytes, &where);
		if (fdatasync(fd) != 0)
			fail("fdatasync");
		int64_t to = now_us();
		syncs.us[syncs.n++] = to - from;
		for (; done < due; done++)
			waits.us[waits.n++] = to - (begun + done * 1000000 / rate);
	}
	qsort(syncs.us, syncs.n, sizeof(int64_t), by_value);
	qsort(waits.us, waits.n, sizeof(int64_t), by_value);
	printf("{\"syncs\": %zu, \"sync_p50_us\": %" PRId64 ", \"sync_p99_us\": %" PRId64
	       ", \"p50_us\": %" PRId64 ", \"p99_us\": %" PRId64 "}\n",
		syncs.n, at(&syncs, .5), at(&syncs, .99), at(&waits, .5), at(&waits, .99));
	return 0;
}
