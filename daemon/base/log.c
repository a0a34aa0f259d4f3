/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

static enum log_level threshold = LOG_LEVEL_INFO;
static log_sink *sink;

void log_set_threshold(enum log_level level)
{
	threshold = level;
}

void log_set_sink(log_sink *new_sink)
{
	sink = new_sink;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	if (level > threshold)
		return;

	char line[4096];
	int used = snprintf(line, sizeof(line), "<%d>", (int)level);
	va_list args;
	va_start(args, fmt);
	int n = vsnprintf(line + used, sizeof(line) - (size_t)used, fmt, args);
	va_end(args);
	if (n < 0)
		return;

	size_t length = (size_t)used + (size_t)n;
	if (length > sizeof(line) - 1)
		length = sizeof(line) - 1;
	line[length] = '\0';
	if (sink && sink(level, line + used))
		return;
	line[length] = '\n'; /* in place of the terminator: write() needs none */
	(void)!write(STDERR_FILENO, line, length + 1);
}

struct log_quoted log_quote(const char *text)
{
	struct log_quoted quoted = {.text = "-"};
	static const char hex[] = "0123456789abcdef";
	size_t n = 0;

	if (!text)
		return quoted;

	quoted.text[n++] = '"';
	for (const char *p = text; *p; p++) {
		unsigned char byte = (unsigned char)*p;

		if (n > sizeof(quoted.text) - 9) {
			for (int dot = 0; dot < 3; dot++)
				quoted.text[n++] = '.';
			break;
		}
		if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
			quoted.text[n++] = (char)byte;
			continue;
		}
		quoted.text[n++] = '\\';
		quoted.text[n++] = 'x';
		quoted.text[n++] = hex[byte >> 4];
		quoted.text[n++] = hex[byte & 15];
	}
	quoted.text[n++] = '"';
	quoted.text[n] = '\0';
	return quoted;
}
