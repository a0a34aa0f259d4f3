/* SPDX-License-Identifier: Apache-2.0 */
#include "conninfo.h"

#include "base/xalloc.h"

#include <libpq-fe.h>
#include <stdio.h>
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

/* The session's settings; a reader may be cut short, what a writer commits is on disk. A
 * reader's wide views take a hundred times as long to plan or to compile as to read. */
static const struct setting {
	const char *name;
	const char *value; /* NULL: the options' */
	bool of_readers;   /* alone */
	bool of_sessions;  /* alone: a transaction says so itself */
} settings[] = {
	{"statement_timeout", NULL, false, false},
	{"lock_timeout", "5s", false, false},
	{"idle_in_transaction_session_timeout", "60s", false, false},
	{"synchronous_commit", "on", false, false},
	{"timezone", "UTC", false, false},
	{"datestyle", "ISO", false, false},
	{"client_min_messages", "notice", false, false},
	{"default_transaction_read_only", "on", true, true},
	{"jit", "off", true, false},
	{"plan_cache_mode", "force_generic_plan", true, true},
};

enum form {
	FORM_OPTIONS, /* of a session, as libpq's `options` */
	FORM_LOCAL,   /* statements after BEGIN */
	FORM_SELECT,  /* one query */
};

static void write_setting(FILE *to, enum form form, const char *name, const char *value)
{
	switch (form) {
	case FORM_OPTIONS:
		fprintf(to, "%s-c %s=%s", ftell(to) ? " " : "", name, value);
		return;
	case FORM_LOCAL:
		fprintf(to, "; SET LOCAL %s = '%s'", name, value);
		return;
	case FORM_SELECT:
		fprintf(to, "%sset_config('%s', '%s', true)", ftell(to) ? ", " : "SELECT ",
			name, value);
		return;
	}
	__builtin_unreachable();
}

static char *list_settings(const struct store_options *options, enum form form)
{
	char timeout[24];
	char *list = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&list, &n);

	if (!to)
		out_of_memory();
	(void)snprintf(timeout, sizeof(timeout), "%ds", options->statement_timeout_s);
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		const struct setting *setting = &settings[i];

		if ((setting->of_readers && !options->read_only) ||
			(setting->of_sessions && form != FORM_OPTIONS))
			continue;
		write_setting(
			to, form, setting->name, setting->value ? setting->value : timeout);
	}
	(void)fclose(to);
	return list;
}

void conninfo_drop_options(struct conninfo *conninfo)
{
	for (size_t i = 0; conninfo->names[i]; i++) {
		if (strcmp(conninfo->names[i], "options") != 0)
			continue;
		free(conninfo->values[i]);
		conninfo->values[i] = xstrdup("");
	}
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
	char *ours = list_settings(options, FORM_OPTIONS);
	add(out, &n, "options",
		xasprintf("%s%s%s", ours, session ? " " : "", session ? session : ""));
	free(ours);
	PQconninfoFree(given);
	out->local = list_settings(options, FORM_LOCAL);
	out->select = list_settings(options, FORM_SELECT);

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
	free(conninfo->local);
	free(conninfo->select);
	*conninfo = (struct conninfo){0};
}
