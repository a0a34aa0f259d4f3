/* SPDX-License-Identifier: Apache-2.0 */
#include "conninfo.h"

#include "base/xalloc.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

/* A dead server is noticed within 15 s in use, 60 s idle. */
static const struct {
	const char *name;
	const char *value;
} defaults[] = {
	{"connect_timeout", "5"},
	{"keepalives", "1"},
	{"keepalives_idle", "30"},
	{"keepalives_interval", "10"},
	{"keepalives_count", "3"},
	{"tcp_user_timeout", "15000"},
};

static void add(struct conninfo *conninfo, size_t *n, const char *name, char *value)
{
	conninfo->names = xreallocarray(conninfo->names, *n + 2, sizeof(char *));
	conninfo->values = xreallocarray(conninfo->values, *n + 2, sizeof(char *));
	conninfo->names[*n] = xstrdup(name);
	conninfo->values[*n] = value;
	(*n)++;
	conninfo->names[*n] = NULL;
	conninfo->values[*n] = NULL;
}

const char *conninfo_value(const struct conninfo *conninfo, const char *name)
{
	for (size_t i = 0; conninfo->names && conninfo->names[i]; i++) {
		if (strcmp(conninfo->names[i], name) == 0)
			return conninfo->values[i];
	}
	return NULL;
}

/* The session's settings; a reader may be cut short, what a writer commits is on disk. No query
 * of a reader is long enough for compiling it to pay. */
static char *settings(const struct store_options *options, const char *given)
{
	/* The wide views take a hundred times as long to plan or to compile as to read. */
	static const char reading[] = " -c default_transaction_read_only=on -c jit=off"
				      " -c plan_cache_mode=force_generic_plan";

	return xasprintf("-c statement_timeout=%ds -c lock_timeout=5s"
			 " -c idle_in_transaction_session_timeout=60s"
			 " -c synchronous_commit=on -c timezone=UTC -c datestyle=ISO"
			 " -c client_min_messages=notice%s%s%s",
		options->statement_timeout_s, options->read_only ? reading : "",
		given ? " " : "", given ? given : "");
}

bool conninfo_make(const struct store_options *options, struct conninfo *out, struct error *err)
{
	char *words = NULL;
	PQconninfoOption *given = PQconninfoParse(options->conninfo, &words);
	size_t n = 0;
	const char *session = NULL;

	if (!given) {
		size_t length = words ? strcspn(words, "\n") : 0;
		error_setf(err,
			"postgres: %.*s; want key words (\"host=... dbname=...\") or a"
			" URI, as libpq reads them",
			(int)length, words ? words : "");
		PQfreemem(words);
		return false;
	}

	*out = (struct conninfo){0};
	for (const PQconninfoOption *option = given; option->keyword; option++) {
		if (!option->val)
			continue;
		if (strcmp(option->keyword, "options") == 0)
			session = option->val;
		else
			add(out, &n, option->keyword, xstrdup(option->val));
	}
	add(out, &n, "options", settings(options, session));
	PQconninfoFree(given);

	for (size_t i = 0; i < ARRAY_LEN(defaults); i++) {
		if (!conninfo_value(out, defaults[i].name))
			add(out, &n, defaults[i].name, xstrdup(defaults[i].value));
	}
	if (!conninfo_value(out, "application_name"))
		add(out, &n, "application_name", xstrdup(options->application));
	if (!conninfo_value(out, "client_encoding"))
		add(out, &n, "client_encoding", xstrdup("UTF8"));
	if (!options->read_only && !conninfo_value(out, "target_session_attrs"))
		add(out, &n, "target_session_attrs", xstrdup("read-write"));
	return true;
}

void conninfo_clear(struct conninfo *conninfo)
{
	for (size_t i = 0; conninfo->names && conninfo->names[i]; i++) {
		free(conninfo->names[i]);
		free(conninfo->values[i]);
	}
	free(conninfo->names);
	free(conninfo->values);
	*conninfo = (struct conninfo){0};
}
