/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_COMMAND_LEDGER_FILTER_H
#define DORAD_COMMAND_LEDGER_FILTER_H

#include "command/command.h"
#include "ledger/list.h"

/* The options by which deliveries and replay say which rows they mean. */
#define LEDGER_FILTER_OPTIONS                                                              \
	{"--endpoint", "NAME", "only what came to this endpoint", false},                  \
		{"--state", "STATE",                                                       \
			"only kept, forwarded, ignored, quarantined or dead ones", false}, \
		{"--since", "TIME",                                                        \
			"received at or after: 2026-06-01, 2026-06-01T12:00:00Z, or how "  \
			"long ago: 2h, 30d",                                               \
			false},                                                            \
	{                                                                                  \
		"--until", "TIME", "received before", false                                \
	}

/* False: err says which option, and what it wants. */
bool ledger_filter_read(
	const struct command_line *line, struct ledger_filter *out, struct error *err);

/* An instant, or how long ago, of that option; NULL is none: *out untouched. */
bool ledger_time_read(const char *name, const char *text, int64_t *out, struct error *err);

/* A whole number of 1 or more. */
bool ledger_number_read(const char *text, int64_t *out);

#endif
