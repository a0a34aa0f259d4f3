/* SPDX-License-Identifier: Apache-2.0 */
#include "dumps.h"

#include <sys/prctl.h>
#include <sys/resource.h>

void dumps_forbid(void)
{
	const struct rlimit none = {0, 0};

	/* Either prevents a file called core. Only the first does where a program is told of
	 * the crash, core(5); only the second shows in /proc/PID/limits. */
	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)setrlimit(RLIMIT_CORE, &none);
}
