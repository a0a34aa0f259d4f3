/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include <pwd.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* seteuid() would do it to all threads. */
static bool become(uid_t user)
{
	return syscall(SYS_setresuid, -1, user, -1) == 0;
}

bool account_take(const struct conninfo *conninfo, const char *account)
{
	const char *host = conninfo_value(conninfo, "host");
	const char *role = conninfo_value(conninfo, "user");

	if (!account || geteuid() != 0 || (host && *host != '/'))
		return false;

	char texts[4096];
	struct passwd room;
	struct passwd *entry = NULL;
	(void)getpwnam_r(role ? role : account, &room, texts, sizeof(texts), &entry);
	return entry && entry->pw_uid != 0 && become(entry->pw_uid);
}

void account_leave(void)
{
	if (!become(0))
		abort(); /* the saved id is 0: it cannot fail */
}
