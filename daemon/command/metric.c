/* SPDX-License-Identifier: Apache-2.0 */
#include "metric.h"

#include <stdbool.h>

void metric_begin(FILE *to, const char *name, const char *type, const char *help)
{
	fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* A label's value: backslash, quote and line end are escaped. */
static void put_value(FILE *to, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			fputc('\\', to);
		if (*text == '\n')
			fputs("\\n", to);
		else
			fputc(*text, to);
	}
}

static void put_number(FILE *to, double value)
{
	bool small = value > -1e15 && value < 1e15;

	if (small && (double)(int64_t)value == value)
		fprintf(to, "%.0f\n", value);
	else
		fprintf(to, "%.6f\n", value);
}

void metric_put(FILE *to, const char *name, double value, const char *const *labels)
{
	fputs(name, to);
	for (size_t i = 0; labels && labels[i]; i += 2) {
		fprintf(to, "%c%s=\"", i ? ',' : '{', labels[i]);
		put_value(to, labels[i + 1]);
		fputc('"', to);
	}
	if (labels && labels[0])
		fputc('}', to);
	fputc(' ', to);
	put_number(to, value);
}

void metric_single(FILE *to, const char *name, const char *type, double value, const char *help)
{
	metric_begin(to, name, type, help);
	metric_put(to, name, value, NULL);
}
