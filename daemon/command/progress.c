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

void progress_end(void)
{
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
}
