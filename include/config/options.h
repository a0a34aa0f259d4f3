/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_CONFIG_OPTIONS_H
#define DORAD_CONFIG_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The one place for each option of dorad.yaml: parser, defaults, bounds, help, man page, JSON
 * Schema and example are all made from it.
 */
enum option_type {
	OPTION_STRING,
	OPTION_FILE,    /* a path; existence is checked by the command that opens it */
	OPTION_STRINGS, /* one or a list */
	OPTION_INTEGER,
	OPTION_BYTES,    /* "25MiB" */
	OPTION_DURATION, /* "30d" */
	OPTION_BOOL,
	OPTION_CHOICE, /* one of choices */
};

enum option_place {
	OPTION_OF_FILE,     /* "receive.tls.key": nested maps of the file */
	OPTION_OF_ENDPOINT, /* "secrets": of each entry of receive.endpoints */
};

struct option {
	enum option_place place;
	const char *name; /* dotted */
	enum option_type type;
	size_t offset;       /* in struct config, or struct config_endpoint */
	const char *initial; /* default as it would be written; NULL: none; strings: parts
				joined by a space */
	int64_t min, max;    /* integers, bytes; durations in microseconds */
	const char *const *choices; /* NULL-terminated */
	bool reloadable;            /* SIGHUP takes it up; else a restart is needed */
	const char *help;
};

/* In the order of the man page; NULL past the end. */
const struct option *option_at(size_t i);

#endif
