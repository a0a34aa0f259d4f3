/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

bool account_take(const struct conninfo *conninfo, const char *account)
{
	const char *host = conninfo_value(conninfo, "host");
	const char *role = conninfo_value(conninfo, "user");

	if (!account || geteuid() != 0 || (host && *host != '/'))
		return false;

	// NOLINTNEXTLINE(concurrency-mt-unsafe): the header says so
	const struct passwd *entry = getpwnam(role ? role : account);
	return entry && entry->pw_uid != 0 && seteuid(entry->pw_uid) == 0;
}

void account_leave(void)
{
	if (seteuid(0) != 0)
		abort(); /* the saved id is 0: it cannot fail */
}
