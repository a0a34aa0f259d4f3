/* SPDX-License-Identifier: Apache-2.0 */
#include "database.h"
#include "table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Columns of dorad_data.explain() after those of the value itself. */
enum column {
	COLUMN_METRIC,
	COLUMN_VALUE,
	COLUMN_N,
	COLUMN_NUMERATOR,
	COLUMN_DENOMINATOR,
	COLUMN_FACT_KIND,
	COLUMN_FACT_ID,
	COLUMN_SERVICE,
	COLUMN_ANCHOR,
	COLUMN_COUNTED,
	COLUMN_KIND,
	COLUMN_RULE,
	COLUMN_EVIDENCE,
	COLUMN_URL,
};

struct question {
	const char *scope; /* "service" or "team" */
	const char *name;
	char month[16]; /* its first day */
	const char *metric;
};

static bool month_of(const char *text, char *out, size_t size)
{
	static const char shape[] = "dddd-dd";

	for (size_t i = 0; i < sizeof(shape) - 1; i++) {
		if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			return false;
	}
	int month = (text[5] - '0') * 10 + text[6] - '0';
	(void)snprintf(out, size, "%.7s-01", text);
	return text[0] != '0' && month >= 1 && month <= 12 &&
		(!text[7] || strcmp(text + 7, "-01") == 0);
}

static bool read_question(const struct command_line *line, struct question *out)
{
	const char *name = command_argument(line, 0);
	const char *month = command_argument(line, 1);
	bool team = name && strncmp(name, "team:", 5) == 0;

	if (!name || !month || command_n_arguments(line) > 3) {
		(void)command_misuse(line,
			"want a service (or team:TEAM), a month, and maybe a"
			" metric");
		return false;
	}
	if (!month_of(month, out->month, sizeof(out->month))) {
		(void)command_misuse(line, "%s: want a month, as 2026-06", month);
		return false;
	}
	out->scope = team ? "team" : "service";
	out->name = team ? name + 5 : name;
	out->metric = command_argument(line, 2);
	return true;
}

/* Seconds as people say them: "3d 4h", "25m 7s". */
static void say_seconds(const char *seconds, char *out, size_t size)
{
	static const struct {
		const char *unit;
		long long seconds;
	} units[] = {{"d", 86400}, {"h", 3600}, {"m", 60}, {"s", 1}};
	long long rest = (long long)(strtod(seconds, NULL) + 0.5);
	size_t used = 0;
	int said = 0;

	(void)snprintf(out, size, "0s");
	for (size_t i = 0; i < ARRAY_LEN(units) && said < 2; i++) {
		long long n = rest / units[i].seconds;

		if (n || said) {
			int wrote = snprintf(out + used, size - used, "%s%lld%s",
				said ? " " : "", n, units[i].unit);
			used += wrote > 0 ? (size_t)wrote : 0;
			said++;
		}
		rest %= units[i].seconds;
	}
}

static bool is_duration(const char *metric)
{
	return strcmp(metric, "lead_time") == 0 || strcmp(metric, "restore") == 0 ||
		strcmp(metric, "recovery") == 0;
}

/* "fail_rate: 0.2143 (3 of 14)" */
static void print_value(const struct store_rows *rows, int row)
{
	const char *metric = store_value(rows, row, COLUMN_METRIC);
	const char *value = store_value(rows, row, COLUMN_VALUE);
	const char *numerator = store_value(rows, row, COLUMN_NUMERATOR);
	const char *denominator = store_value(rows, row, COLUMN_DENOMINATOR);
	char words[64];

	if (!value)
		(void)snprintf(words, sizeof(words), "no data");
	else if (is_duration(metric))
		say_seconds(value, words, sizeof(words));
	else if (strchr(value, '.'))
		(void)snprintf(words, sizeof(words), "%.4g", strtod(value, NULL));
	else /* a count, whole */
		(void)snprintf(words, sizeof(words), "%s", value);
	printf("%s%s: %s", row ? "\n" : "", metric, words);
	if (numerator && denominator)
		printf(" (%s of %s)\n", numerator, denominator);
	else
		printf(" (n %s)\n", store_value(rows, row, COLUMN_N));
}

/* The facts of one value: rows first up to end. */
static void print_facts(const struct store_rows *rows, int first, int end)
{
	static const struct {
		enum column column;
		struct sheet_column as;
	} shown[] = {
		{COLUMN_ANCHOR, {"  when", SHEET_TEXT}},
		{COLUMN_FACT_KIND, {"what", SHEET_TEXT}},
		{COLUMN_FACT_ID, {"id", SHEET_TEXT}},
		{COLUMN_SERVICE, {"service", SHEET_TEXT}},
		{COLUMN_COUNTED, {"counted", SHEET_BOOL}},
		{COLUMN_KIND, {"kind", SHEET_TEXT}},
		{COLUMN_RULE, {"rule", SHEET_TEXT}},
		{COLUMN_EVIDENCE, {"evidence", SHEET_JSON}},
		{COLUMN_URL, {"link", SHEET_TEXT}},
	};
	struct sheet_column columns[ARRAY_LEN(shown)];

	for (size_t i = 0; i < ARRAY_LEN(shown); i++)
		columns[i] = shown[i].as;
	CLEANUP(sheet_destroyp) struct sheet *sheet = sheet_create(columns, ARRAY_LEN(shown));
	for (int row = first; row < end; row++) {
		const char *cells[ARRAY_LEN(shown)];
		char when[32];

		if (!store_value(rows, row, COLUMN_FACT_ID))
			continue;
		for (size_t i = 0; i < ARRAY_LEN(shown); i++)
			cells[i] = store_value(rows, row, (int)shown[i].column);
		(void)snprintf(when, sizeof(when), "  %.19s", cells[0] ? cells[0] : "");
		cells[0] = when;
		sheet_add(sheet, cells);
	}
	sheet_print(sheet, false, stdout);
}

static void print_rows(const struct store_rows *rows)
{
	int n = store_n_rows(rows);

	for (int first = 0, end; first < n; first = end) {
		const char *metric = store_value(rows, first, COLUMN_METRIC);

		for (end = first; end < n; end++) {
			if (strcmp(store_value(rows, end, COLUMN_METRIC), metric) != 0)
				break;
		}
		print_value(rows, first);
		print_facts(rows, first, end);
	}
}

static int explain(const struct command_line *line)
{
	struct question question;
	struct error err = {0};

	if (!read_question(line, &question))
		return EXIT_MISUSED;
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	if (!config)
		return EXIT_FAILED;
	CLEANUP(store_destroyp) struct store *store = command_rollup_store(line, config, true);
	CLEANUP(store_rows_destroyp) struct store_rows *rows = NULL;
	if (!store)
		return EXIT_FAILED;

	const char *const values[] = {
		question.scope, question.name, question.month, question.metric};
	if (store_query(store,
		    "SELECT metric, value, n, numerator, denominator, fact_kind, fact_id, "
		    "service,"
		    " anchor, counted, kind, rule, evidence, url"
		    " FROM dorad_data.explain($1, $2, $3::date, $4)",
		    values, ARRAY_LEN(values), &rows, &err) != STORE_FINE)
		return command_fail(line, "%s", err.text);
	if (store_n_rows(rows) == 0)
		return command_fail(line,
			"no %s %s in %.7s: no counted fact of it up to then, or no such %s",
			question.scope, question.name, question.month, question.scope);
	if (command_wants_json(line)) {
		CLEANUP(sheet_destroyp) struct sheet *sheet = sheet_of_rows(rows);
		sheet_print(sheet, true, stdout);
	} else {
		print_rows(rows);
	}
	return EXIT_DONE;
}

const struct command explain_command = {
	.name = "explain",
	.arguments = "SERVICE|team:TEAM MONTH [METRIC]",
	.summary = "every fact behind a monthly value, and the rule that counted it or left it "
		   "out",
	.details =
		"MONTH is as 2026-06. METRIC is deployments, lead_time, fail_rate, restore,\n"
		"recovery, incidents_started, incidents_open, rework_deploy_rate,\n"
		"unplanned_rate, or a column of the monthly tables; without it all are shown.",
	.prints_table = true,
	.run = explain,
};
