/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "database.h"
#include "event/dora_event.h"
#include "store/migration.h"
#include "stream/send.h"
#include "table.h"

#include "config/catalog.h"
#include "config/secret.h"
#include "portal/portal.h"
#include "receive.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void check_note(
	struct findings *findings, const char *what, enum finding finding, const char *words)
{
	static const char *const names[] = {"good", "pending", "warning", "bad"};

	sheet_add(findings->sheet, (const char *const[]){what, names[finding], words});
	findings->bad = findings->bad || finding == FINDING_BAD;
}

/* What keeps the receiver from starting, as far as its files tell. */
static void check_receiver(struct findings *findings, const struct config *config)
{
	struct http_listen *listen;
	const struct http_options options = receive_options(config, &listen);
	const char *key = config->receive.tls_key;
	struct error err = {0};
	char words[400];

	if (key && access(key, R_OK) != 0 && errno == EACCES) {
		(void)snprintf(words, sizeof(words),
			"%s: you may not read it: look as root, whether it is the "
			"certificate's key",
			key);
		check_note(findings, "receiver", FINDING_WARNING, words);
	} else {
		bool good = http_options_check(&options, &err);

		check_note(findings, "receiver", good ? FINDING_GOOD : FINDING_BAD,
			good ? options.listen[0].address : err.text);
	}
	free(listen);
}

/* A secret that who asks may not read, though the daemon may. NULL: none; else owned. */
static char *hidden_secret(const struct config *config)
{
	for (size_t i = 0; i < config->receive.n_endpoints; i++) {
		const struct config_strings *secrets = &config->receive.endpoints[i].secrets;

		for (size_t k = 0; k < secrets->n; k++) {
			char *path = config_secret_path(config, secrets->items[k]);

			if (access(path, R_OK) != 0 && errno == EACCES)
				return path;
			free(path);
		}
	}
	return NULL;
}

/* As the receiver will read them: secrets, ways to prove oneself, sources. */
static void check_endpoints(struct findings *findings, const struct config *config)
{
	char words[400];
	struct error err = {0};

	if (!config->receive.n_endpoints) {
		check_note(findings, "endpoints", FINDING_WARNING,
			"none: nothing can be received; want receive.endpoints in the "
			"configuration");
		return;
	}
	char *hidden = hidden_secret(config);
	if (hidden) {
		(void)snprintf(words, sizeof(words),
			"%s: you may not read it: look as root, whether the secrets are good",
			hidden);
		check_note(findings, "endpoints", FINDING_WARNING, words);
		free(hidden);
		return;
	}
	struct config *own = config_load(config->path, &err);
	CLEANUP(endpoint_set_dropp)
	struct endpoint_set *set = own ? endpoint_set_create(own, &err) : NULL;
	(void)snprintf(words, sizeof(words), "%zu, each with its secrets", set ? set->n : 0);
	check_note(findings, "endpoints", set ? FINDING_GOOD : FINDING_BAD,
		set ? words : err.text);
}

/* What keeps the portal from starting, as far as its files tell. */
static void check_portal(struct findings *findings, const struct config *config)
{
	char *token =
		config->portal.token ? config_secret_path(config, config->portal.token) : NULL;
	struct error err = {0};
	char words[400];

	if (token && access(token, R_OK) != 0 && errno == EACCES) {
		(void)snprintf(words, sizeof(words),
			"%s: you may not read it: look as root, whether the token is good",
			token);
		check_note(findings, "pages", FINDING_WARNING, words);
	} else {
		bool good = portal_check(config, &err);

		check_note(findings, "pages", good ? FINDING_GOOD : FINDING_BAD,
			good ? config->portal.listen.items[0] : err.text);
	}
	free(token);
}

static void check_catalog(struct findings *findings, const struct config *config)
{
	struct error err = {0};

	if (!config->rollup.catalog) {
		check_note(findings, "catalogue", FINDING_WARNING,
			"none (rollup.catalog): each repository is a service of its own, "
			"without a team");
		return;
	}
	json_t *catalog = catalog_load(config->rollup.catalog, &err);
	check_note(findings, "catalogue", catalog ? FINDING_GOOD : FINDING_BAD,
		catalog ? config->rollup.catalog : err.text);
	json_decref(catalog);
}

static void check_redis(struct findings *findings, const struct config *config)
{
	struct stream_options options = {
		.url = config->redis,
		.password_file = config->redis_password,
		.prefix = config->stream_prefix,
		.shards = config->shards,
	};
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct error err = {0};
	const char *warning = NULL;
	const char *stray = NULL;
	const char *rights = NULL;
	CLEANUP(stream_destroyp) struct stream *stream = stream_create(&options, &err);

	if (!stream || stream_connect(stream, &err) != STREAM_DONE ||
		stream_probe(stream, arena, &warning, &err) != STREAM_DONE ||
		(config->receive.n_endpoints &&
			stream_rights(stream, arena, &rights, &err) != STREAM_DONE) ||
		(!rights && stream_stray(stream, arena, &stray, &err) != STREAM_DONE))
		check_note(findings, "redis", FINDING_BAD, err.text);
	else if (rights)
		check_note(findings, "redis", FINDING_BAD, rights);
	else if (warning)
		check_note(findings, "redis", FINDING_WARNING, warning);
	else if (stray)
		check_note(findings, "redis", FINDING_WARNING, stray);
	else
		check_note(findings, "redis", FINDING_GOOD, stream_address(stream));
}

static void check_postgres(struct findings *findings, const char *what, const char *conninfo,
	const char *option, bool read_only)
{
	struct store_options options = {
		.conninfo = conninfo,
		.application = "dorad check",
		.read_only = read_only,
		.statement_timeout_s = 30,
		.account = read_only ? COMMAND_READER : COMMAND_ACCOUNT,
	};
	struct error err = {0};

	if (!conninfo) {
		char words[160];

		(void)snprintf(words, sizeof(words), "%s is not set: dorad %s cannot run",
			option, what);
		check_note(findings, what, FINDING_WARNING, words);
		return;
	}
	CLEANUP(store_destroyp) struct store *store = store_create(&options, &err);
	bool good = store && store_connect(store, &err) == STORE_FINE &&
		(read_only || migration_check(store, &err) == STORE_FINE);
	check_note(findings, what, good ? FINDING_GOOD : FINDING_BAD,
		good ? "connected" : err.text);
}

static void check_all(struct findings *findings, const struct config *config, bool offline)
{
	check_receiver(findings, config);
	check_endpoints(findings, config);
	check_portal(findings, config);
	check_catalog(findings, config);
	if (offline)
		return;
	check_redis(findings, config);
	check_postgres(findings, "rollup", config->rollup.postgres, "rollup.postgres", false);
	check_postgres(findings, "portal", config->portal.postgres, "portal.postgres", true);
}

static int check(const struct command_line *line)
{
	static const struct sheet_column columns[] = {
		{"what", SHEET_TEXT},
		{"result", SHEET_TEXT},
		{"words", SHEET_TEXT},
	};
	CLEANUP(config_destroyp) struct config *config = command_config(line);

	if (!config)
		return EXIT_FAILED;
	CLEANUP(sheet_destroyp) struct sheet *sheet = sheet_create(columns, ARRAY_LEN(columns));
	struct findings findings = {.sheet = sheet};

	check_note(&findings, "configuration", FINDING_GOOD, config->path);
	if (command_option(line, "--upgrade", 0))
		check_upgrade(&findings, config);
	else
		check_all(&findings, config, command_option(line, "--offline", 0) != NULL);
	sheet_print(sheet, command_wants_json(line), stdout);
	return findings.bad ? EXIT_FAILED : EXIT_DONE;
}

static const struct command_option options[] = {
	{"--offline", NULL, "look at the files alone, connect to nothing", false},
	{"--upgrade", NULL,
		"say what this program will change when it takes another version's place",
		false},
	{0},
};

const struct command check_command = {
	.name = "check",
	.arguments = "",
	.summary = "are configuration, catalogue and connections good?",
	.details =
		"One line for each thing looked at: good, warning (it runs, but read this) "
		"or bad (mend\n"
		"it first). Exit 0 unless something is bad.\n\n"
		"With --upgrade, before a new version takes the old one's place: does it read\n"
		"the configuration, what happens to the ledger, and each migration that the\n"
		"database lacks (pending), with what it does and whether the running version\n"
		"goes on meanwhile. Nothing is changed. The program need not be installed:\n\n"
		"  dpkg-deb -x dorad_*.deb new && new/usr/bin/dorad check --upgrade",
	.options = options,
	.prints_table = true,
	.run = check,
};
