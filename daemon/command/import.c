/* SPDX-License-Identifier: Apache-2.0 */
#include "import.h"

#include "config/zone.h"
#include "endpoint.h"
#include "ledger/list.h"
#include "ledger_filter.h"
#include "table.h"

#include "base/plural.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

/* What answers requests goes before what reads history. */
#define NICENESS 10

static bool is_system(const char *name)
{
	for (size_t i = 0; name && gather_system_at(i); i++) {
		if (strcmp(gather_system_at(i), name) == 0)
			return true;
	}
	return false;
}

static int misuse_system(const struct command_line *line, const char *name)
{
	char known[160] = "";

	for (size_t i = 0; gather_system_at(i); i++) {
		size_t n = strlen(known);

		(void)snprintf(known + n, sizeof(known) - n, "%s, ", gather_system_at(i));
	}
	return command_misuse(line, "%s%s: want one of %sgit",
		name ? "no history of " : "of what", name ? name : "?", known);
}

/*
 * The endpoint whose deliveries this history is: its options made the events what they are.
 * NULL: none is configured, or which is not said and it matters; *out_clear tells.
 */
static const struct config_endpoint *find_endpoint(const struct import *import, bool *out_clear)
{
	const char *named = command_option(import->line, "--endpoint", 0);
	const char *source = source_name(import->source);
	const struct config_endpoint *found = NULL;

	*out_clear = true;
	for (size_t i = 0; i < import->config->receive.n_endpoints; i++) {
		const struct config_endpoint *given = &import->config->receive.endpoints[i];

		if (strcmp(given->source, source) != 0 ||
			(named && strcmp(given->name, named) != 0))
			continue;
		if (found &&
			(found->keep_titles != given->keep_titles ||
				!found->rollout != !given->rollout ||
				(found->rollout &&
					strcmp(found->rollout, given->rollout) != 0)))
			*out_clear = false;
		found = given;
	}
	return found;
}

static bool read_endpoint(struct import *import)
{
	const char *named = command_option(import->line, "--endpoint", 0);
	bool clear;
	const struct config_endpoint *found = find_endpoint(import, &clear);

	if (named && !found) {
		(void)command_fail(import->line, "%s has no endpoint %s of source %s",
			import->config->path, named, source_name(import->source));
		return false;
	}
	if (!clear) {
		(void)command_fail(import->line,
			"the endpoints of source %s differ in rollout: or keep_titles:, which "
			"go into the events: say whose history this is, --endpoint NAME",
			source_name(import->source));
		return false;
	}
	import->headers[import->n_headers++] = (struct header){IMPORT_HEADER, "1"};
	if (found && found->rollout)
		import->headers[import->n_headers++] =
			(struct header){IMPORT_HEADER_ROLLOUT, found->rollout};
	if (found && found->keep_titles)
		import->headers[import->n_headers++] =
			(struct header){IMPORT_HEADER_TITLES, "yes"};
	return true;
}

static bool make_gather(struct import *import, const struct import_place *place)
{
	const struct gather_options options = {
		.system = source_name(import->source),
		.host = place->host,
		.repository = place->repository,
		.repository_id = command_option(import->line, "--repository-id", 0),
		.default_branch = place->branch,
		.to_utc = import_to_utc,
		.deliver = import_keep,
		.context = import,
	};
	struct error err = {0};

	gather_destroy(import->gather);
	import->gather = gather_create(&options, &err);
	if (!import->gather)
		(void)command_fail(import->line, "%s", err.text);
	return import->gather != NULL;
}

static struct import_place given_place(const struct command_line *line)
{
	return (struct import_place){
		.system = command_option(line, "--system", 0),
		.host = command_option(line, "--host", 0),
		.repository = command_option(line, "--repository", 0),
		.branch = command_option(line, "--default-branch", 0),
	};
}

static bool is_same_system(
	const struct import *import, const char *path, const struct import_place *place)
{
	if (strcmp(place->system, source_name(import->source)) == 0)
		return true;
	(void)command_fail(import->line, "%s is of %s and the first of %s: one at a time", path,
		place->system, source_name(import->source));
	return false;
}

/* Each clone is a repository of its own. */
static bool import_clones(struct import *import)
{
	bool done = true;

	for (size_t i = 1; done && i < command_n_arguments(import->line); i++) {
		struct import_place place = given_place(import->line);
		const char *path = command_argument(import->line, i);

		done = import_clone_place(import, path, &place) &&
			is_same_system(import, path, &place) && make_gather(import, &place) &&
			import_clone(import, path, &place) && gather_end(import->gather);
	}
	return done;
}

static bool import_all(struct import *import)
{
	if (strcmp(command_argument(import->line, 0), "git") == 0)
		return import_clones(import);
	struct import_place place = given_place(import->line);
	if (!make_gather(import, &place))
		return false;
	/* What was gathered before the words "no JSON" is kept: started again it is known. */
	bool read = import_files(import);
	return gather_end(import->gather) && read;
}

static void print_words(const struct import *import)
{
	double seconds = (double)(import_clock_us() - import->began_us) / 1e6;
	int64_t n = import_tally_n_events(import->tally);

	if (command_wants_json(import->line))
		return;
	printf("%s%" PRId64 " %s", import->dry_run ? "would make " : "", n,
		plural(n, "event", "events"));
	if (!import->dry_run) {
		printf(" in %.1f s; %" PRId64 " %s kept", seconds, import->n_kept,
			plural(import->n_kept, "delivery", "deliveries"));
		if (import->n_known)
			printf(", %" PRId64 " %s kept before", import->n_known,
				plural(import->n_known, "was", "were"));
	}
	putchar('\n');
	int64_t n_refused = import_tally_n_refused(import->tally);
	if (n_refused && !import->dry_run)
		printf("%" PRId64 " %s not understood: dorad deliveries --endpoint import "
		       "--state quarantined\n",
			n_refused, plural(n_refused, "object was", "objects were"));
}

static int run_import(struct import *import)
{
	if (!import->dry_run &&
		!deliverer_open(&import->deliverer, import->line, import->config))
		return EXIT_FAILED;
	/* What the power takes, the same import brings again; webhooks wait for the lock. */
	struct error err = {0};
	if (import->deliverer.visits && !ledger_sync_later(import->deliverer.ledger, &err))
		return command_fail(import->line, "%s", err.text);
	bool done = import_all(import);
	done = import_finish(import) && done;
	if (import->gather) /* else it did not begin */
		import_tally_print(import->tally, command_wants_json(import->line));
	print_words(import);
	bool tolerant = command_option(import->line, "--tolerant", 0) != NULL;
	return done && (tolerant || !import_tally_n_refused(import->tally)) ? EXIT_DONE
									    : EXIT_FAILED;
}

static const char *source_of(const struct command_line *line, struct import *import)
{
	const char *name = command_argument(line, 0);
	struct import_place place = given_place(line);

	if (strcmp(name, "git") != 0)
		return name;
	return import_clone_place(import, command_argument(line, 1), &place) ? place.system
									     : NULL;
}

static int check_use(const struct command_line *line)
{
	const char *name = command_argument(line, 0);
	const char *zone = command_option(line, "--zone", 0);
	bool git = name && strcmp(name, "git") == 0;

	if (!git && !is_system(name))
		return misuse_system(line, name);
	if (git && command_n_arguments(line) < 2)
		return command_misuse(line, "which clone? dorad import git PATH");
	if (git && command_n_arguments(line) > 2 &&
		(command_option(line, "--repository", 0) ||
			command_option(line, "--repository-id", 0)))
		return command_misuse(
			line, "--repository and --repository-id are of one clone, not several");
	if (!git &&
		(command_option(line, "--tags", 0) || command_option(line, "--since", 0) ||
			command_option(line, "--system", 0)))
		return command_misuse(line, "--tags, --since and --system are for git");
	if (command_option(line, "--environment", 0) && !command_option(line, "--tags", 0))
		return command_misuse(line, "--environment: of which tags? --tags PATTERN");
	/* What is none would be taken for UTC without a word. */
	if (zone && strcmp(zone, "UTC") != 0 && !zone_is_here(zone))
		return command_misuse(line, "--zone %s: want a zone as Europe/London", zone);
	return EXIT_DONE;
}

static int run(const struct command_line *line)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	CLEANUP(import_tally_destroyp) struct import_tally *tally = import_tally_create();
	int code = check_use(line);

	if (code != EXIT_DONE)
		return code;
	struct error err = {0};
	int64_t since_us = 0;
	if (!ledger_time_read("--since", command_option(line, "--since", 0), &since_us, &err))
		return command_misuse(line, "%s", err.text);
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	struct import import = {
		.line = line,
		.config = config,
		.arena = arena,
		.tally = tally,
		.zone = command_option(line, "--zone", 0),
		.since_us = since_us,
		.dry_run = command_option(line, "--dry-run", 0) != NULL,
		.began_us = import_clock_us(),
	};
	const char *source = config ? source_of(line, &import) : NULL;
	if (!source)
		return EXIT_FAILED;
	import.source = source_find(source);
	if (!import.source || !read_endpoint(&import))
		return EXIT_FAILED;
	if (import.zone) { // NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread yet
		(void)setenv("TZ", import.zone, 1);
		tzset();
	}
	(void)setpriority(PRIO_PROCESS, 0, NICENESS);
	code = run_import(&import);
	deliverer_close(&import.deliverer);
	gather_destroy(import.gather);
	return code;
}

const struct command import_command = {
	.name = "import",
	.arguments = "github|gitlab|jira|servicenow|pagerduty [FILE...] | git PATH...",
	.summary = "history from the systems' own APIs, and from git",
	.details =
		"Reads what the system's API answers, as JSON documents one after another: "
		"objects,\nlists or pages of them, from FILE or standard input. They become "
		"the "
		"events that\nthe webhooks of that time would have made, with the same ids, "
		"kept in the ledger as\ndeliveries of endpoint import. Started again it "
		"goes on "
		"where it was stopped.\n/usr/lib/dorad/senders/backfill fetches what it takes; "
		"dorad-import(1) says what that is.",
	.options =
		(const struct command_option[]){
			{"--dry-run", NULL, "only say what would come of it", false},
			{"--tolerant", NULL,
				"what is not understood is kept and told, and no failure",
				false},
			{"--endpoint", "NAME",
				"whose history this is: its rollout: and keep_titles: apply",
				false},
			{"--host", "HOST", "the system's host, where an object does not tell",
				false},
			{"--repository", "OWNER/NAME",
				"the repository or project, where an object does not tell",
				false},
			{"--repository-id", "NUMBER", "its number", false},
			{"--default-branch", "NAME", "its default branch", false},
			{"--zone", "ZONE",
				"of ServiceNow's times with sysparm_display_value=true", false},
			{"--system", "SYSTEM",
				"git: github or gitlab, where the host does not tell", false},
			{"--since", "TIME",
				"git: only commits from then on: 2026-06-01, "
				"2026-06-01T12:00:00Z, or how long ago: 2h, 365d",
				false},
			{"--tags", "PATTERN", "git: these tags are releases", false},
			{"--environment", "NAME",
				"git: and not releases, but deployments to it", false},
			{0},
		},
	.prints_table = true,
	.run = run,
};
