/* SPDX-License-Identifier: Apache-2.0 */
#include "correct.h"

#include "base/timestamp.h"
#include "base/xalloc.h"
#include "database.h"
#include "deliver.h"
#include "event/digest.h"
#include "table.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct {
	const char *word; /* on the command line */
	const char *kind; /* in the event, and of the fact */
} kinds[] = {
	{"deployment", "deployment"},
	{"incident", "incident"},
	{"item", "work_item"},
};

/* What an option says about which field; kind NULL: of any. */
static const struct {
	const char *option;
	const char *kind;
	const char *field;
	const char *value; /* JSON; NULL: made of the option's own value */
} changes[] = {
	{"--failed", "deployment", "failure", "true"},
	{"--not-failed", "deployment", "failure", "false"},
	{"--caused-by", "incident", "attribution", NULL},
	{"--caused-by-none", "incident", "attribution", "[]"},
	{"--class", "work_item", "class", NULL},
	{"--exclude", NULL, "excluded", "true"},
	{"--include", NULL, "excluded", "false"},
};

/* The login behind sudo, else whose process this is. */
static const char *operator_login(const struct command_line *line, char *out, size_t size)
{
	const char *by = command_option(line, "--by", 0);
	const char *sudo =
		getenv("SUDO_USER"); // NOLINT(concurrency-mt-unsafe): nothing sets it
	struct passwd entry;
	struct passwd *found = NULL;
	char buffer[4096];

	if (by || (sudo && *sudo)) {
		(void)snprintf(out, size, "%s", by ? by : sudo);
		return out;
	}
	if (getpwuid_r(geteuid(), &entry, buffer, sizeof(buffer), &found) == 0 && found)
		(void)snprintf(out, size, "%s", entry.pw_name);
	else
		(void)snprintf(out, size, "uid-%ld", (long)geteuid());
	return out;
}

static json_t *value_of(const struct command_line *line, size_t change)
{
	const char *option = changes[change].option;

	if (changes[change].value)
		return json_loads(changes[change].value, JSON_DECODE_ANY, NULL);
	if (strcmp(changes[change].field, "class") == 0)
		return json_string(command_option(line, option, 0));
	json_t *names = json_array();
	for (size_t nth = 0; command_option(line, option, nth); nth++)
		(void)json_array_append_new(
			names, json_string(command_option(line, option, nth)));
	return names;
}

/* The id begins with its target's, as every event's does, if there is room for it. */
static json_t *id_of(const struct correction *correction, const char *field, int64_t at_us)
{
	char digest[DIGEST_HEX_MAX];
	const char *id = correction->id;

	if (strlen(id) > 180) {
		digest_hex(id, strlen(id), digest);
		id = digest;
	}
	return json_sprintf("%s/correction/%s/%020lld", id, field, (long long)at_us);
}

json_t *correct_event(const struct correction *correction, const char *field, json_t *value,
	const char *withdraws)
{
	json_t *target =
		json_pack("{s:s, s:s}", "kind", correction->kind, "id", correction->id);
	char at[TIMESTAMP_TEXT_MAX];

	if (correction->service)
		(void)json_object_set_new(target, "service", json_string(correction->service));
	timestamp_format(correction->at_us, at);
	json_t *data = json_pack("{s:o, s:s, s:s, s:s}", "target", target, "field", field,
		"reason", correction->reason, "by", correction->by);
	if (value)
		(void)json_object_set_new(data, "value", value);
	if (withdraws)
		(void)json_object_set_new(data, "withdraws", json_string(withdraws));
	return json_pack("{s:s, s:o, s:s, s:s, s:s, s:o}", "specversion", "1.0", "id",
		id_of(correction, withdraws ? "withdrawn" : field, correction->at_us), "source",
		"/dorad/operator", "type", "dorad.correction.v1", "time", at, "data", data);
}

static void print_events(const struct command_line *line, const json_t *events)
{
	static const struct sheet_column columns[] = {
		{"id", SHEET_TEXT},
		{"kind", SHEET_TEXT},
		{"target", SHEET_TEXT},
		{"service", SHEET_TEXT},
		{"field", SHEET_TEXT},
		{"value", SHEET_JSON},
		{"by", SHEET_TEXT},
		{"reason", SHEET_TEXT},
	};
	CLEANUP(sheet_destroyp) struct sheet *sheet = sheet_create(columns, ARRAY_LEN(columns));
	size_t i;
	json_t *event;

	json_array_foreach(events, i, event) {
		const json_t *data = json_object_get(event, "data");
		const json_t *target = json_object_get(data, "target");
		char *value = json_dumps(
			json_object_get(data, "value"), JSON_COMPACT | JSON_ENCODE_ANY);

		sheet_add(sheet,
			(const char *const[]){
				json_string_value(json_object_get(event, "id")),
				json_string_value(json_object_get(target, "kind")),
				json_string_value(json_object_get(target, "id")),
				json_string_value(json_object_get(target, "service")),
				json_string_value(json_object_get(data, "field")),
				value,
				json_string_value(json_object_get(data, "by")),
				json_string_value(json_object_get(data, "reason")),
			});
		free(value);
	}
	sheet_print(sheet, command_wants_json(line), stdout);
	if (!command_wants_json(line))
		puts("kept; it counts from the next roll-up on");
}

int correct_deliver(const struct command_line *line, const struct config *config,
	const struct correction *correction, const json_t *events)
{
	const struct header type = {"content-type", "application/x-ndjson"};
	struct deliverer deliverer;
	char *body = NULL;
	size_t n_body = 0;
	FILE *to = open_memstream(&body, &n_body);
	size_t i;
	json_t *event;

	if (!to)
		out_of_memory();
	json_array_foreach(events, i, event) {
		(void)json_dumpf(event, to, JSON_COMPACT);
		fputc('\n', to);
	}
	(void)fclose(to);
	const struct ledger_entry entry = {
		.endpoint = "operator",
		.source = "events",
		.headers = &type,
		.n_headers = 1,
		.body = body,
		.n_body = n_body,
		.received_us = correction->at_us,
	};
	bool done = deliverer_open(&deliverer, line, config) &&
		deliverer_keep(&deliverer, &entry, 1) && deliverer_finish(&deliverer);
	deliverer_close(&deliverer);
	free(body);
	if (!done)
		return EXIT_FAILED;
	print_events(line, events);
	return EXIT_DONE;
}

/* The events that the options ask for. NULL: said what is wrong with them. */
static json_t *events_of(const struct command_line *line, const struct correction *correction)
{
	json_auto_t *events = json_array();
	json_auto_t *fields = json_object();

	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		if (!command_option(line, changes[i].option, 0))
			continue;
		if (changes[i].kind && strcmp(changes[i].kind, correction->kind) != 0) {
			(void)command_misuse(
				line, "%s is for a %s", changes[i].option, changes[i].kind);
			return NULL;
		}
		if (json_object_get(fields, changes[i].field)) {
			(void)command_misuse(
				line, "%s contradicts another option", changes[i].option);
			return NULL;
		}
		(void)json_object_set_new(fields, changes[i].field, json_true());
		(void)json_array_append_new(events,
			correct_event(correction, changes[i].field, value_of(line, i), NULL));
	}
	if (json_array_size(events) == 0) {
		(void)command_misuse(line,
			"what about it? --failed, --not-failed, --caused-by,"
			" --caused-by-none, --class, --exclude or --include");
		return NULL;
	}
	return json_incref(events);
}

static bool class_is_one(const struct command_line *line)
{
	const char *class = command_option(line, "--class", 0);

	return !class || strcmp(class, "planned") == 0 ||
		strcmp(class, "failure_demand") == 0 || strcmp(class, "adhoc_value") == 0;
}

/* An event is JSON, which has room for UTF-8 alone. */
static bool is_utf8(const char *text)
{
	json_auto_t *string = json_string(text);

	return !text || string;
}

static bool are_utf8(const struct command_line *line, const struct correction *correction)
{
	bool good = is_utf8(correction->id) && is_utf8(correction->service) &&
		is_utf8(correction->reason) && is_utf8(correction->by);

	for (size_t nth = 0; command_option(line, "--caused-by", nth); nth++)
		good = good && is_utf8(command_option(line, "--caused-by", nth));
	return good;
}

static int correct_one(const struct command_line *line, struct correction *correction)
{
	if (!class_is_one(line))
		return command_misuse(
			line, "--class: want planned, failure_demand or adhoc_value");
	if (!correction->reason || !*correction->reason)
		return command_misuse(line, "why? --reason TEXT; people will ask");
	json_auto_t *events = events_of(line, correction);
	if (!events)
		return EXIT_MISUSED;
	CLEANUP(config_destroyp) struct config *config = command_config(line);
	if (!config || !correct_target_is_known(line, config, correction))
		return EXIT_FAILED;
	return correct_deliver(line, config, correction, events);
}

static int run(const struct command_line *line)
{
	const char *action = command_argument(line, 0);
	struct timespec now;
	char by[256];
	struct correction correction = {
		.id = command_argument(line, 1),
		.service = command_option(line, "--service", 0),
		.reason = command_option(line, "--reason", 0),
		.by = operator_login(line, by, sizeof(by)),
	};

	(void)clock_gettime(CLOCK_REALTIME, &now);
	correction.at_us = now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
	if (action && strcmp(action, "list") == 0 && command_n_arguments(line) == 1)
		return correct_list(line);
	if (!action || command_n_arguments(line) != 2)
		return command_misuse(line,
			"want what (deployment, incident or item) and its id;"
			" list; or withdraw and a correction's id");
	if (!are_utf8(line, &correction))
		return command_misuse(line,
			"an id, a name or the reason is no UTF-8: want text as a terminal in a "
			"UTF-8 locale sends it");
	if (strcmp(action, "withdraw") == 0)
		return correct_withdraw(line, &correction);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(kinds[i].word, action) == 0)
			correction.kind = kinds[i].kind;
	}
	if (!correction.kind)
		return command_misuse(
			line, "%s: want deployment, incident, item, list or withdraw", action);
	return correct_one(line, &correction);
}

const struct command correct_command = {
	.name = "correct",
	.arguments = "deployment|incident|item ID | withdraw CORRECTION | list",
	.summary = "an operator's word about a fact, kept with who, when and why",
	.details =
		"A correction is an event like any other: it goes after every rule, survives\n"
		"rebuilds and replays, shows in dorad explain, and can be withdrawn. ID is "
		"the\n"
		"fact's id as dorad explain shows it; list shows the corrections that stand.",
	.options =
		(const struct command_option[]){
			{"--failed", NULL, "the deployment failed in production", false},
			{"--not-failed", NULL, "the deployment did not fail", false},
			{"--caused-by", "DEPLOYMENT", "the incident is that deployment's",
				true},
			{"--caused-by-none", NULL, "no deployment caused the incident", false},
			{"--class", "CLASS",
				"the item is planned, failure_demand or adhoc_value", false},
			{"--exclude", NULL, "it is in no number", false},
			{"--include", NULL, "it is, after all", false},
			{"--service", "NAME", "only as a fact of this service", false},
			{"--reason", "TEXT", "why", false},
			{"--by", "LOGIN", "whose word it is (default: yours)", false},
			{"--unknown", NULL, "also of what has not arrived yet", false},
			{0},
		},
	.prints_table = true,
	.run = run,
};
