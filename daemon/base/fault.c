/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fault.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

void fault_point(const char *name)
{
	static atomic_long passed;
	const char *wanted = getenv("DORAD_FAULT"); // NOLINT(concurrency-mt-unsafe)
	size_t n = strlen(name);

	if (!wanted || strncmp(wanted, name, n) != 0)
		return;
	long nth = wanted[n] == ':' ? strtol(wanted + n + 1, NULL, 10) : 1;
	if ((wanted[n] == ':' || wanted[n] == '\0') && ++passed == nth)
		_Exit(137); /* as the shell calls it */
}
