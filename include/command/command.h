/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_COMMAND_H
#define DORAD_COMMAND_COMMAND_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>

/* A subcommand: one file of daemon/command, one line of the table in command.c. */
enum exit_code {
	EXIT_DONE = 0,
	EXIT_FAILED = 1,
	EXIT_MISUSED = 2,
};

struct command_option {
	const char *name;     /* "--since" */
	const char *argument; /* "TIME"; NULL: a flag */
	const char *help;
	bool repeated; /* may be given more than once */
};

struct command_line; /* what was given */

struct command {
	const char *name;
	const char *arguments; /* "SERVICE|team:TEAM MONTH [METRIC]"; "" for none */
	const char *summary;   /* one line for dorad --help */
	const char *details;   /* more for dorad NAME --help and the man page; NULL: none */
	const struct command_option
		*options;  /* own ones, ended by {0}; -c, --json, --help are everyone's */
	bool prints_table; /* --json makes sense */
	int (*run)(const struct command_line *line);
};

/* The value of an option, "" for a given flag, NULL when absent. nth from 0. */
const char *command_option(const struct command_line *line, const char *name, size_t nth);
size_t command_n_arguments(const struct command_line *line);
const char *command_argument(const struct command_line *line, size_t i); /* NULL past the end */
bool command_wants_json(const struct command_line *line);

/* -c FILE, else $DORAD_CONFIG, else /etc/dorad/dorad.yaml. */
const char *command_config_path(const struct command_line *line);

/* Loads it, or prints the words and returns NULL: the command then returns EXIT_FAILED. */
struct config *command_config(const struct command_line *line);

/* "dorad NAME: words" on standard error; returns EXIT_FAILED. */
int command_fail(const struct command_line *line, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The same with how to call it; returns EXIT_MISUSED. */
int command_misuse(const struct command_line *line, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* All of them, in the order of --help; NULL at the end. */
const struct command *command_at(size_t i);

int command_main(int argc, char **argv);

#endif
