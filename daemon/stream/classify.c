/* SPDX-License-Identifier: Apache-2.0 */
#include "base/cleanup.h"
#include "stream/stream.h"

#include <string.h>

/* RELIABILITY.md 3.2; the first word decides, and the server's version does not change it. */
static const struct {
	const char *word;
	enum stream_result result;
} words[] = {
	{"ASK", STREAM_CLUSTER},
	{"BUSY", STREAM_LATER},
	{"CLUSTERDOWN", STREAM_LATER},
	{"CROSSSLOT", STREAM_CLUSTER},
	{"LOADING", STREAM_LATER},
	{"MASTERDOWN", STREAM_NOT_MASTER},
	{"MISCONF", STREAM_LATER},
	{"MOVED", STREAM_CLUSTER},
	{"NOAUTH", STREAM_REFUSED},
	{"NOGROUP", STREAM_NO_GROUP},
	{"NOPERM", STREAM_REFUSED},
	{"NOREPLICAS", STREAM_LATER},
	{"OOM", STREAM_LATER},
	{"READONLY", STREAM_NOT_MASTER},
	{"TRYAGAIN", STREAM_LATER},
	{"UNBLOCKED", STREAM_LATER},
	{"WRONGPASS", STREAM_REFUSED},
	{"WRONGTYPE", STREAM_WRONG},
};

static bool begins(const char *reply, size_t n, const char *with)
{
	size_t length = strlen(with);

	return n >= length && memcmp(reply, with, length) == 0;
}

enum stream_result stream_classify(const char *reply, size_t n)
{
	const char *space = memchr(reply, ' ', n);
	size_t length = space ? (size_t)(space - reply) : n;

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strlen(words[i].word) == length &&
			memcmp(words[i].word, reply, length) == 0)
			return words[i].result;
	}
	/* Said on the new connection, which the server then closes. */
	if (begins(reply, n, "ERR max number of clients"))
		return STREAM_LATER;
	/* A password given to a server that has none, or the other way round. */
	if (begins(reply, n, "ERR AUTH") || begins(reply, n, "ERR Client sent AUTH") ||
		begins(reply, n, "ERR invalid password"))
		return STREAM_REFUSED;
	return STREAM_WRONG;
}

enum link_input stream_link_input(enum stream_result result)
{
	switch (result) {
	case STREAM_DONE:
	case STREAM_NO_GROUP:
		return LINK_WORKED;
	case STREAM_BROKEN:
	case STREAM_NOT_MASTER:
		return LINK_BROKE;
	case STREAM_LATER:
		return LINK_BUSY;
	case STREAM_REFUSED:
	case STREAM_CLUSTER:
	case STREAM_WRONG:
		return LINK_REFUSED;
	}
	__builtin_unreachable();
}

const char *stream_result_name(enum stream_result result)
{
	static const char *const names[] = {
		[STREAM_DONE] = "done",
		[STREAM_BROKEN] = "broken",
		[STREAM_LATER] = "later",
		[STREAM_NOT_MASTER] = "not_master",
		[STREAM_REFUSED] = "refused",
		[STREAM_CLUSTER] = "cluster",
		[STREAM_NO_GROUP] = "no_group",
		[STREAM_WRONG] = "wrong",
	};

	return names[result];
}
