/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_BASE_LOG_H
#define DORAD_BASE_LOG_H

#include <stdbool.h>

/*
 * One line per fact on standard error: sd-daemon prefix, a word for what happened, then logfmt
 * fields: <6>webhook endpoint=github status=200 delivery=7f3a9c-12 base, config, event and
 * source never log. Never a body, a header's value, a query string or a secret; text from
 * outside only through log_quote().
 */
enum log_level {
	LOG_LEVEL_ERROR = 3, /* somebody must act */
	LOG_LEVEL_WARN = 4,  /* we coped; the line says how */
	LOG_LEVEL_INFO = 6,  /* one per delivery or change of state */
	LOG_LEVEL_DEBUG = 7,
};

/* Lines above this level are dropped. Default LOG_LEVEL_INFO. Set before threads start. */
void log_set_threshold(enum log_level level);

/* Takes a line without prefix and end. False: it goes to standard error. Thread safe. */
typedef bool log_sink(enum log_level level, const char *line);
void log_set_sink(log_sink *new_sink); /* NULL: none. Before threads start. */

/* Thread safe; one write per line; longer than 4 KiB is cut. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

struct log_quoted {
	char text[160];
};

/* Foreign text made fit for a log line: quoted, control and non-ASCII bytes escaped, cut. NULL:
 * "-". */
struct log_quoted log_quote(const char *text);

/* For a field's value: LOG_QUOTE(name) inside a log_ call. */
#define LOG_QUOTE(foreign) (log_quote(foreign).text)

#endif
