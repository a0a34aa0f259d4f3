/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

void progress_show(const char *what, int64_t n, int64_t of)
{
	if (!isatty(STDERR_FILENO))
		return;
	if (of)
		fprintf(stderr, "\r%s %" PRId64 " of %" PRId64, what, n, of);
	else
		fprintf(stderr, "\r%s %" PRId64, what, n);
	(void)fflush(stderr);
}

void progress_rate(const char *what, int64_t n, double done, int64_t for_us)
{
	double seconds = (double)for_us / 1e6;

	if (!isatty(STDERR_FILENO) || seconds <= 0)
		return;
	fprintf(stderr, "\r%s %" PRId64 ", %.0f a second", what, n, (double)n / seconds);
	if (done > 0.001 && done <= 1)
		fprintf(stderr, ", %.0f %%, %.0f s left   ", done * 100,
			seconds / done - seconds);
	(void)fflush(stderr);
}

void progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
}
