/* SPDX-License-Identifier: Apache-2.0 */
#include "inherit_priv.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#define FIRST_FD 3

static long number(const char *name)
{
	const char *text = getenv(name); /* NOLINT(concurrency-mt-unsafe): before any thread */
	char *end;

	if (!text || *text < '0' || *text > '9')
		return -1;
	long value = strtol(text, &end, 10);
	return *end ? -1 : value;
}

static bool is_listening(int fd)
{
	int listening = 0;
	socklen_t n = sizeof(listening);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &n) == 0 && listening;
}

/* Steps through the colon-separated names. */
static bool next_is(const char **names, const char *name)
{
	size_t n = strcspn(*names, ":");
	bool same = strlen(name) == n && strncmp(*names, name, n) == 0;

	*names += (*names)[n] ? n + 1 : n;
	return same;
}

size_t inherited_sockets(const char *name, int out[static INHERIT_MAX])
{
	const char *names =
		getenv("LISTEN_FDNAMES"); /* NOLINT(concurrency-mt-unsafe): before any thread */
	long n = number("LISTEN_FDS");
	size_t found = 0;

	if (number("LISTEN_PID") != getpid() || n <= 0 || n > INHERIT_MAX)
		return 0;
	if (!names)
		names = "";
	for (int fd = FIRST_FD; fd < FIRST_FD + n; fd++) {
		bool wanted = !name;

		if (name)
			wanted = next_is(&names, name);
		if (!wanted || !is_listening(fd))
			continue;
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		out[found++] = fd;
	}
	return found;
}
