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
#include "samples.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FILE_BYTES ((size_t)16 << 20)

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
	struct samples syncs = samples_of((size_t)n_all);
	struct samples waits = samples_of((size_t)n_all);
	int fd = open(argv[1], O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	size_t where = 0;

	if (fd < 0 || !bytes)
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
		samples_add(&syncs, to - from);
		for (; done < due; done++)
			samples_add(&waits, to - (begun + done * 1000000 / rate));
	}
	samples_sort(&syncs);
	samples_sort(&waits);
	printf("{\"syncs\": %zu, \"sync_p50_us\": %u, \"sync_p99_us\": %u, \"p50_us\": %u, "
	       "\"p99_us\": %u}\n",
		syncs.n, samples_at(&syncs, .5), samples_at(&syncs, .99),
		samples_at(&waits, .5), samples_at(&waits, .99));
	return 0;
}
