/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include "base/xalloc.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TEXTS_MOST ((size_t)1 << 20)

/* seteuid() would do it to all threads. */
static bool become(uid_t user)
{
	return syscall(SYS_setresuid, -1, user, -1) == 0;
}

/* 0: there is none of that name. What a directory service says of one may be long. */
static uid_t id_of(const char *name)
{
	struct passwd room;
	struct passwd *entry = NULL;
	size_t size = 1024;
	char *texts = NULL;
	int why;

	do {
		size *= 4;
		texts = xrealloc(texts, size);
		why = getpwnam_r(name, &room, texts, size, &entry);
	} while (why == ERANGE && size < TEXTS_MOST);
	uid_t user = entry ? entry->pw_uid : 0;
	free(texts);
	return user;
}

bool account_take(const struct conninfo *conninfo, const char *account)
{
	const char *host = conninfo_value(conninfo, "host");
	const char *role = conninfo_value(conninfo, "user");

	if (!account || geteuid() != 0 || (host && *host != '/'))
		return false;

	uid_t user = id_of(role ? role : account);
	return user != 0 && become(user);
}

void account_leave(void)
{
	if (!become(0))
		abort(); /* the saved id is 0: it cannot fail */
}
