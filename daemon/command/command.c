/* SPDX-License-Identifier: Apache-2.0 */
#include "command/command.h"

#include "base/scratch.h"
#include "base/xalloc.h"
#include "journal.h"
#include "table.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_CONFIG "/etc/dorad/dorad.yaml"

struct given {
	const char *name;
	const char *value;
};

struct command_line {
	const struct command *command;
	struct given *options;
	size_t n_options;
	const char **arguments;
	size_t n_arguments;
};

static const struct command_option common[] = {
	{"-c", "FILE", "configuration (default $DORAD_CONFIG, then " DEFAULT_CONFIG ")", false},
	{"--help", NULL, "this text", false},
	{0},
};

static const struct command_option option_json = {"--json", NULL,
	"JSON in place of a table: an array of objects, or one of one thing", false};

const char *command_option(const struct command_line *line, const char *name, size_t nth)
{
	for (size_t i = 0; i < line->n_options; i++) {
		if (strcmp(line->options[i].name, name) == 0 && nth-- == 0)
			return line->options[i].value;
	}
	return NULL;
}

size_t command_n_arguments(const struct command_line *line)
{
	return line->n_arguments;
}

const char *command_argument(const struct command_line *line, size_t i)
{
	return i < line->n_arguments ? line->arguments[i] : NULL;
}

bool command_wants_json(const struct command_line *line)
{
	return command_option(line, "--json", 0) != NULL;
}

const char *command_config_path(const struct command_line *line)
{
	const char *path = command_option(line, "-c", 0);

	if (!path)
		path = getenv("DORAD_CONFIG"); // NOLINT(concurrency-mt-unsafe): nothing sets it
	return path && *path ? path : DEFAULT_CONFIG;
}

struct config *command_config(const struct command_line *line)
{
	struct error err = {0};
	struct config *config = config_load(command_config_path(line), &err);

	if (!config)
		(void)command_fail(line, "%s", err.text);
	return config;
}

int command_fail(const struct command_line *line, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	fprintf(stderr, "dorad %s: ", line->command->name);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	return EXIT_FAILED;
}

int command_misuse(const struct command_line *line, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	fprintf(stderr, "dorad %s: ", line->command->name);
	vfprintf(stderr, fmt, args);
	fprintf(stderr, "\nusage: dorad %s [options]%s%s\ntry: dorad %s --help\n",
		line->command->name, *line->command->arguments ? " " : "",
		line->command->arguments, line->command->name);
	va_end(args);
	return EXIT_MISUSED;
}

static void print_options(const struct command_option *options)
{
	for (; options && options->name; options++) {
		char left[64];

		(void)snprintf(left, sizeof(left), "%s%s%s", options->name,
			options->argument ? " " : "",
			options->argument ? options->argument : "");
		printf("  %-24s %s\n", left, options->help);
	}
}

static void print_command_help(const struct command *command)
{
	printf("usage: dorad %s [options]%s%s\n\n%s\n", command->name,
		*command->arguments ? " " : "", command->arguments, command->summary);
	if (command->details)
		printf("\n%s\n", command->details);
	printf("\noptions:\n");
	print_options(command->options);
	if (command->prints_table)
		print_options((const struct command_option[]){option_json, {0}});
	print_options(common);
}

static void print_help(FILE *to)
{
	fprintf(to,
		"usage: dorad COMMAND [options] [arguments]\n\n"
		"Webhooks in, monthly DORA metrics per service and team out.\n\ncommands:\n");
	for (size_t i = 0; command_at(i); i++)
		fprintf(to, "  %-12s %s\n", command_at(i)->name, command_at(i)->summary);
	fprintf(to, "\ndorad COMMAND --help says more; dorad --version says which this is\n");
}

static const struct command_option *find_in(
	const struct command_option *options, const char *name)
{
	for (; options && options->name; options++) {
		if (strcmp(options->name, name) == 0)
			return options;
	}
	return NULL;
}

static const struct command_option *find_option(const struct command *command, const char *name)
{
	if (command->prints_table && strcmp(name, option_json.name) == 0)
		return &option_json;
	const struct command_option *option = find_in(command->options, name);
	return option ? option : find_in(common, name);
}

/* One word of the command line, or an option and its value. Returns how many words it took, 0:
 * misuse. */
static int take(struct command_line *line, int argc, char **argv, bool *only_arguments)
{
	const char *word = argv[0];

	if (!*only_arguments && strcmp(word, "--") == 0) {
		*only_arguments = true;
		return 1;
	}
	if (*only_arguments || word[0] != '-' || word[1] == '\0') {
		line->arguments[line->n_arguments++] = word;
		return 1;
	}

	/* --name=value is --name value. */
	const char *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
	char name[64];
	(void)snprintf(name, sizeof(name), "%.*s",
		equals ? (int)(equals - word) : (int)strlen(word), word);

	const struct command_option *option = find_option(line->command, name);
	if (!option) {
		(void)command_misuse(line, "no option %s", name);
		return 0;
	}
	if (!option->repeated && command_option(line, option->name, 0)) {
		(void)command_misuse(line, "%s is given twice", name);
		return 0;
	}
	if (!option->argument && equals) {
		(void)command_misuse(line, "%s takes no value", name);
		return 0;
	}
	if (option->argument && !equals && argc < 2) {
		(void)command_misuse(line, "%s wants a value: %s", name, option->argument);
		return 0;
	}
	bool next_word = option->argument && !equals;
	const char *value = !option->argument ? "" : equals ? equals + 1 : argv[1];
	line->options[line->n_options++] = (struct given){option->name, value};
	return next_word ? 2 : 1;
}

static int run(const struct command *command, int argc, char **argv)
{
	struct command_line line = {.command = command};
	bool only_arguments = false;
	int code = EXIT_MISUSED;

	line.options = xcalloc((size_t)argc + 1, sizeof(*line.options));
	line.arguments = xcalloc((size_t)argc + 1, sizeof(*line.arguments));
	int took = 1;
	for (int i = 0; i < argc && took; i += took)
		took = take(&line, argc - i, argv + i, &only_arguments);

	if (took && command_option(&line, "--help", 0)) {
		print_command_help(command);
		code = EXIT_DONE;
	} else if (took && line.n_arguments && !*command->arguments) {
		code = command_misuse(&line, "takes no arguments: %s", line.arguments[0]);
	} else if (took) {
		code = command->run(&line);
	}
	free(line.options);
	free(line.arguments);
	return code;
}

const struct command *command_at(size_t i)
{
	return i < n_commands ? commands[i] : NULL;
}

int command_main(int argc, char **argv)
{
	/* Before the first of its values. It never sees a NULL either. */
	json_set_alloc_funcs(scratch_alloc, scratch_free);
	if (argc < 2) {
		print_help(stderr);
		return EXIT_MISUSED;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
		strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return EXIT_DONE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		puts("dorad " DORAD_VERSION);
		return EXIT_DONE;
	}
	journal_find();
	for (size_t i = 0; i < n_commands; i++) {
		if (strcmp(commands[i]->name, argv[1]) == 0)
			return run(commands[i], argc - 2, argv + 2);
	}
	fprintf(stderr, "dorad: no command %s; dorad --help lists them\n", argv[1]);
	return EXIT_MISUSED;
}
