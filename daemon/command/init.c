/* SPDX-License-Identifier: Apache-2.0 */
#include "init.h"

#include "base/xalloc.h"
#include "table.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A first configuration: dorad.yaml, catalog.yaml and a fresh secret for each sender, and what
 * to set at each of them. Nothing that is there already is overwritten.
 */
#define DEFAULT_DIRECTORY "/etc/dorad"
#define DEFAULT_REDIS "unix:///run/redis/redis-server.sock"
#define DEFAULT_POSTGRES "host=/run/postgresql dbname=dorad"

/* One line from the terminal; the default where it is empty. Owned. */
static char *ask(const char *question, const char *preset)
{
	char *line = NULL;
	size_t size = 0;

	printf("%s [%s]: ", question, preset);
	(void)fflush(stdout);
	ssize_t n = getline(&line, &size, stdin);
	while (n > 0 && strchr(" \t\r\n", line[n - 1]))
		line[--n] = '\0';
	if (n > 0)
		return line;
	free(line);
	return xstrdup(preset);
}

/* The flag's value, or the answer to the question, or the preset. */
static char *wanted(const struct command_line *line, const char *flag, bool asks,
	const char *question, const char *preset)
{
	const char *given = command_option(line, flag, 0);

	if (given)
		return xstrdup(given);
	return asks ? ask(question, preset) : xstrdup(preset);
}

/* False: there is no such sender; said so. */
static bool add_sender(
	const struct command_line *line, struct init_plan *plan, const char *name)
{
	const struct sender *sender = sender_find(name);

	if (!sender) {
		(void)command_misuse(line, "no sender %s; --help lists them", name);
		return false;
	}
	for (size_t i = 0; i < plan->n_senders; i++) {
		if (plan->senders[i] == sender)
			return true;
	}
	plan->senders = xreallocarray(
		plan->senders, plan->n_senders + 1, sizeof(const struct sender *));
	plan->senders[plan->n_senders++] = sender;
	return true;
}

static bool choose_senders(const struct command_line *line, struct init_plan *plan, bool asks)
{
	const char *given;
	size_t i = 0;

	for (; (given = command_option(line, "--source", i)); i++) {
		if (!add_sender(line, plan, given))
			return false;
	}
	if (i)
		return true;
	if (asks) {
		fputs("senders:", stdout);
		for (size_t k = 0; sender_at(k); k++)
			printf(" %s", sender_at(k)->source);
		fputc('\n', stdout);
	}

	char *answer =
		asks ? ask("which of them will send webhooks", "github") : xstrdup("github");
	char *rest = answer;
	bool good = true;
	for (char *word; good && (word = strsep(&rest, " ,"));) {
		if (*word)
			good = add_sender(line, plan, word);
	}
	free(answer);
	return good;
}

static void clear(struct init_plan *plan)
{
	free(plan->url);
	free(plan->redis);
	free(plan->postgres);
	free(plan->senders);
}

static const char *directory_of(const struct command_line *line)
{
	const char *given = command_option(line, "--directory", 0);

	return given ? given : DEFAULT_DIRECTORY;
}

/* adds: to a configuration that is there, which has its servers. */
static bool make_plan(const struct command_line *line, struct init_plan *plan, bool adds)
{
	bool asks = !command_option(line, "--yes", 0) && isatty(STDIN_FILENO);
	bool by_systemd = strcmp(directory_of(line), DEFAULT_DIRECTORY) == 0;
	const char *listen = command_option(line, "--listen", 0);

	plan->directory = directory_of(line);
	plan->receive_listen = listen ? listen : by_systemd ? "systemd" : "127.0.0.1:8080";
	plan->portal_listen = by_systemd ? "systemd" : "127.0.0.1:8081";
	plan->rollup_metrics = by_systemd ? "systemd" : NULL;
	plan->shows_secrets = command_option(line, "--show-secrets", 0) != NULL;
	if (!choose_senders(line, plan, asks))
		return false;
	plan->url = wanted(line, "--url", asks, "how senders reach this machine",
		"https://dorad.example.com");
	plan->redis = wanted(line, "--redis", asks && !adds, "Redis", DEFAULT_REDIS);
	plan->postgres =
		wanted(line, "--postgres", asks && !adds, "Postgres", DEFAULT_POSTGRES);
	for (size_t n = strlen(plan->url); n && plan->url[n - 1] == '/';)
		plan->url[--n] = '\0';
	return true;
}

/* Commands to paste, each on a line of its own after four blanks. */
static const char servers_text[] =
	"  Redis at a socket that the daemons may use, once:\n"
	"    printf '%s\\n' 'unixsocket /run/redis/redis-server.sock' 'unixsocketperm 770' "
	"'appendonly yes' >>/etc/redis/redis.conf\n"
	"    systemctl restart redis-server\n"
	"    usermod -aG redis dorad-receive; usermod -aG redis dorad\n"
	"  a database, once:\n"
	"    cd / && runuser -u postgres -- createuser dorad\n"
	"    cd / && runuser -u postgres -- createuser dorad_reader\n"
	"    cd / && runuser -u postgres -- createdb -O dorad dorad\n"
	"    dorad migrate\n";

static void print_next(const struct init_plan *plan, const char *path)
{
	bool elsewhere = strcmp(plan->directory, DEFAULT_DIRECTORY) != 0;
	bool here = strcmp(plan->redis, DEFAULT_REDIS) == 0 &&
		strcmp(plan->postgres, DEFAULT_POSTGRES) == 0;

	if (elsewhere) {
		printf("\nNext:\n"
		       "  the schema:           dorad migrate -c %s\n"
		       "  is all well?          dorad check -c %s\n"
		       "  start it:             dorad receive -c %s, and rollup, and portal\n",
			path, path, path);
		return;
	}
	printf("\nNext, as root:\n%s"
	       "  is all well?\n"
	       "    dorad check\n"
	       "  start it, now and at every boot:\n"
	       "    systemctl enable --now dorad.target\n",
		here ? servers_text
		     : "  the schema:\n"
		       "    dorad migrate\n");
}

/* A secret that a running endpoint verifies by is not said to be another's. */
static bool are_new(
	const struct command_line *line, const struct init_plan *plan, const char *path)
{
	struct error err = {0};
	CLEANUP(config_destroyp) struct config *config = config_load(path, &err);

	if (!config) {
		(void)command_fail(line, "%s", err.text);
		return false;
	}
	for (size_t i = 0; i < plan->n_senders; i++) {
		for (size_t k = 0; k < config->receive.n_endpoints; k++) {
			const struct config_endpoint *there = &config->receive.endpoints[k];

			if (strcmp(there->name, plan->senders[i]->source) != 0)
				continue;
			(void)command_fail(line,
				"%s:%d:%d: endpoint %s is there already; a second one of "
				"that source is a line beside it with another name",
				path, there->line, there->column, there->name);
			return false;
		}
	}
	return true;
}

static int add(const struct command_line *line, const struct init_plan *plan, const char *path)
{
	static const char *const of_the_first[] = {"--listen", "--postgres", "--redis"};

	for (size_t i = 0; i < ARRAY_LEN(of_the_first); i++) {
		if (command_option(line, of_the_first[i], 0))
			return command_misuse(line, "%s is there already: %s is changed in it",
				path, of_the_first[i]);
	}
	if (!are_new(line, plan, path) || !init_add(line, plan, path))
		return EXIT_FAILED;
	if (strcmp(plan->directory, DEFAULT_DIRECTORY) == 0)
		printf("\nThen, as root:\n"
		       "    dorad check\n"
		       "    systemctl restart dorad-receive    # no request is lost\n");
	else
		printf("\nThen: dorad check -c %s, and SIGHUP to dorad receive\n", path);
	return EXIT_DONE;
}

static int init(const struct command_line *line)
{
	struct init_plan plan = {0};
	char *path = xasprintf("%s/dorad.yaml", directory_of(line));
	bool is_there = access(path, F_OK) == 0;
	int code = EXIT_FAILED;

	if (is_there && !command_option(line, "--source", 0)) {
		(void)command_fail(line,
			"%s is there already: name the senders to add with --source, edit it, "
			"or "
			"name another --directory",
			path);
	} else if (!make_plan(line, &plan, is_there)) {
		code = EXIT_MISUSED;
	} else if (is_there) {
		code = add(line, &plan, path);
	} else if (init_write(line, &plan, path)) {
		print_next(&plan, path);
		code = EXIT_DONE;
	}
	free(path);
	clear(&plan);
	return code;
}

static const struct command_option options[] = {
	{"--directory", "DIRECTORY", "where to write (default " DEFAULT_DIRECTORY ")", false},
	{"--listen", "ADDRESS",
		"where webhooks arrive (default systemd, elsewhere 127.0.0.1:8080)", false},
	{"--postgres", "CONNINFO", "libpq connection string of the database", false},
	{"--redis", "URL", "where Redis is", false},
	{"--show-secrets", NULL, "print the fresh secrets, in place of their files' names",
		false},
	{"--source", "SENDER", "who will send webhooks (default github)", true},
	{"--url", "URL", "how senders reach this machine, as https://dorad.example.com", false},
	{"--yes", NULL, "ask nothing", false},
	{0},
};

const struct command init_command = {
	.name = "init",
	.arguments = "",
	.summary = "a first configuration, and what to set at each sender",
	.details =
		"Writes dorad.yaml, catalog.yaml and a fresh secret for each sender, and says\n"
		"what to set there. On a terminal it asks what no flag says. Nothing that is\n"
		"there already is overwritten: to a dorad.yaml that is there --source adds "
		"the\n"
		"secret, and prints the line to paste.\n\n"
		"Senders: alertmanager argocd cloudevents cloudrun events flux freshservice\n"
		"github gitlab jira opsgenie pagerduty servicenow trello",
	.options = options,
	.run = init,
};
