/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"
#include "base/xalloc.h"
#include "event/digest.h"
#include "sheet.h"
#include "source/source.h"
#include "stranger.h"
#include "table.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BODY_MAX ((size_t)25 << 20) /* as the front door takes by default */

static int64_t now_us(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* "-" is standard input. The caller frees the bytes; NULL: err says why. */
static char *read_body(const char *path, size_t *out_n, struct error *err)
{
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "rbe");
	size_t room = 64 << 10;
	char *body = xmalloc(room);
	size_t n = 0;

	while (file && n <= BODY_MAX && !feof(file) && !ferror(file)) {
		if (n == room)
			body = xrealloc(body, room *= 2);
		n += fread(body + n, 1, room - n, file);
	}
	if (!file || ferror(file))
		error_setf(err, "%s: %s", path, strerrordesc_np(errno));
	else if (n > BODY_MAX)
		error_setf(err, "%s: is larger than 25 MiB, the most that is received", path);
	if (file && file != stdin)
		(void)fclose(file);
	*out_n = n;
	if (err->text[0]) {
		free(body);
		body = NULL;
	}
	return body;
}

/* "X-GitHub-Event: push" as the front door hands it on; NULL name: no colon. */
static struct header read_header(const char *text, struct arena *arena)
{
	const char *colon = strchr(text, ':');

	if (!colon)
		return (struct header){0};
	char *name = arena_strndup(arena, text, (size_t)(colon - text));
	for (char *at = name; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	const char *value = colon + 1 + strspn(colon + 1, " \t");
	size_t n = strlen(value);
	while (n && (value[n - 1] == ' ' || value[n - 1] == '\t'))
		n--;
	return (struct header){name, arena_strndup(arena, value, n)};
}

static const char *verdict_name(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_EVENTS:
		return "events";
	case VERDICT_IGNORED:
		return "ignored";
	case VERDICT_MALFORMED:
		return "malformed";
	}
	__builtin_unreachable();
}

static const struct sheet_column columns_of_json[] = {
	{"file", SHEET_TEXT},
	{"verdict", SHEET_TEXT},
	{"reason", SHEET_TEXT},
	{"kind", SHEET_TEXT},
	{"line", SHEET_NUMBER},
	{"type", SHEET_TEXT},
	{"id", SHEET_TEXT},
	{"revision", SHEET_NUMBER},
	{"source", SHEET_TEXT},
	{"subject", SHEET_TEXT},
	{"time", SHEET_TEXT},
	{"data", SHEET_JSON},
};

/* What came of one file. */
struct outcome {
	const char *path;
	enum verdict verdict;
	struct normalised made;
};

static void add_event_row(
	struct sheet *sheet, const struct outcome *outcome, const struct dora_event *event)
{
	char time[TIMESTAMP_TEXT_MAX];
	char revision[24];
	size_t n;

	timestamp_format(event->time_us, time);
	(void)snprintf(revision, sizeof(revision), "%lld", (long long)event->revision);
	sheet_add(sheet,
		(const char *const[]){outcome->path, "event", NULL, outcome->made.kind, NULL,
			dora_kind_type(event->kind), event->id, revision, event->source,
			event->subject, time, dora_event_text(event, &n)});
}

static void add_reason_row(struct sheet *sheet, const struct outcome *outcome,
	const char *verdict, const struct bad_line *bad)
{
	char line[24] = "";

	if (bad)
		(void)snprintf(line, sizeof(line), "%zu", bad->line);
	sheet_add(sheet,
		(const char *const[]){outcome->path, verdict,
			bad ? bad->reason : outcome->made.reason, outcome->made.kind,
			bad ? line : NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL});
}

static void add_rows(struct sheet *sheet, const struct outcome *outcome)
{
	const struct normalised *made = &outcome->made;

	if (outcome->verdict != VERDICT_EVENTS)
		add_reason_row(sheet, outcome, verdict_name(outcome->verdict), NULL);
	for (size_t i = 0; i < made->list.n; i++)
		add_event_row(sheet, outcome, &made->list.items[i]);
	for (size_t i = 0; i < made->n_bad; i++)
		add_reason_row(sheet, outcome, "bad line", &made->bad[i]);
}

static void add_field(struct sheet *sheet, const char *field, const char *value)
{
	sheet_add(sheet, (const char *const[]){field, value});
}

/* data's members, those of an object within it one by one. */
static void add_members(
	struct sheet *sheet, const char *place, json_t *object, struct arena *arena)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		const char *field = arena_printf(arena, "%s%s", place, name);

		if (json_is_object(value)) {
			add_members(sheet, arena_printf(arena, "%s.", field), value, arena);
			continue;
		}
		size_t n;
		const char *text = json_is_string(value)
			? json_string_value(value)
			: arena_own(arena, canonical_text(value, &n), free);
		add_field(sheet, field, text);
	}
}

static void print_event(const struct dora_event *event, struct arena *arena)
{
	static const struct sheet_column columns[] = {
		{"  field", SHEET_TEXT},
		{"value", SHEET_TEXT},
	};
	CLEANUP(sheet_destroyp) struct sheet *sheet = sheet_create(columns, ARRAY_LEN(columns));
	char time[TIMESTAMP_TEXT_MAX];

	timestamp_format(event->time_us, time);
	add_field(sheet, "  id", event->id);
	add_field(sheet, "  source", event->source);
	add_field(sheet, "  time", time);
	CLEANUP(json_decrefp) json_t *data = dora_event_tree(event);
	if (json_is_object(data))
		add_members(sheet, "  ", data, arena);
	else
		add_field(sheet, "  data", "null: withdrawn");
	printf("%s\n", dora_kind_name(event->kind));
	sheet_print(sheet, false, stdout);
}

static void print_words(const struct outcome *outcome)
{
	const struct normalised *made = &outcome->made;

	printf("%s: %s", outcome->path, verdict_name(outcome->verdict));
	if (made->kind) {
		fputs(" (", stdout);
		stranger_put(made->kind, stdout);
		putchar(')');
	}
	fputs(made->reason ? ": " : "", stdout);
	stranger_put(made->reason ? made->reason : "", stdout);
	putchar('\n');
	for (size_t i = 0; i < made->list.n; i++)
		print_event(&made->list.items[i], made->list.arena);
	for (size_t i = 0; i < made->n_bad; i++) {
		printf("line %zu: ", made->bad[i].line);
		stranger_put(made->bad[i].reason, stdout);
		putchar('\n');
	}
}

/* What is the same for every file; false: said why. */
static bool read_options(
	const struct command_line *line, struct arena *arena, struct delivery *delivery)
{
	const char *received = command_option(line, "--received", 0);
	const char *endpoint = command_option(line, "--endpoint", 0);
	const char *text;
	size_t n = 0;

	while (command_option(line, "--header", n))
		n++;
	struct header *headers = arena_alloc(arena, (n + 1) * sizeof(*headers));
	for (size_t i = 0; (text = command_option(line, "--header", i)); i++) {
		headers[i] = read_header(text, arena);
		if (!headers[i].name) {
			(void)command_misuse(line, "--header %s: want 'Name: value'", text);
			return false;
		}
	}
	*delivery = (struct delivery){
		.endpoint = endpoint ? endpoint : "normalise",
		.headers = headers,
		.n_headers = n,
		.received_us = now_us(),
		.options = {.keep_titles = command_option(line, "--keep-titles", 0) != NULL,
			.rollout = command_option(line, "--rollout", 0)},
	};
	if (received && !timestamp_parse(received, strlen(received), &delivery->received_us)) {
		(void)command_misuse(line,
			"--received %s: want a time as in 2026-06-01T21:59:22Z", received);
		return false;
	}
	return true;
}

/* Whether --rollout is a word of this source; said why not. */
static bool is_rollout_known(const struct command_line *line, const struct source *source)
{
	const char *word = command_option(line, "--rollout", 0);
	const char *const *words = source_rollouts(source);
	char known[128] = "";

	for (; word && *words; words++) {
		size_t n = strlen(known);

		if (strcmp(*words, word) == 0)
			return true;
		(void)snprintf(known + n, sizeof(known) - n, "%s%s", n ? ", " : "", *words);
	}
	if (word)
		(void)command_misuse(
			line, "--rollout %s: %s knows %s", word, source_name(source), known);
	return !word;
}

static const struct source *read_source(const struct command_line *line)
{
	const char *name = command_option(line, "--source", 0);
	const struct source *source = name ? source_find(name) : NULL;
	char known[512] = "";

	if (source)
		return is_rollout_known(line, source) ? source : NULL;
	for (size_t i = 0; source_at(i); i++) {
		size_t n = strlen(known);

		(void)snprintf(known + n, sizeof(known) - n, "%s%s", n ? ", " : "",
			source_name(source_at(i)));
	}
	(void)command_misuse(line, "%s%s; there are %s",
		name ? "there is no source " : "which source? --source SOURCE is needed",
		name ? name : "", known);
	return NULL;
}

static int normalise(const struct command_line *line)
{
	CLEANUP(arena_destroyp) struct arena *common = arena_create();
	CLEANUP(sheet_destroyp)
	struct sheet *sheet = sheet_create(columns_of_json, ARRAY_LEN(columns_of_json));
	const struct source *source = read_source(line);
	struct delivery delivery;
	int code = EXIT_DONE;

	if (!source || !read_options(line, common, &delivery))
		return EXIT_MISUSED;
	if (command_n_arguments(line) == 0)
		return command_misuse(line, "which files? (- is standard input)");
	for (size_t i = 0; i < command_n_arguments(line); i++) {
		CLEANUP(arena_destroyp) struct arena *arena = arena_create();
		struct outcome outcome = {
			.path = command_argument(line, i), .made.list.arena = arena};
		struct error err = {0};

		char *body = read_body(outcome.path, &delivery.n_body, &err);
		if (!body)
			return command_fail(line, "%s", err.text);
		delivery.body = arena_own(arena, body, free);
		outcome.verdict = source_normalise(source, &delivery, &outcome.made);
		if (outcome.verdict == VERDICT_MALFORMED || outcome.made.n_bad)
			code = EXIT_FAILED;
		if (command_wants_json(line))
			add_rows(sheet, &outcome);
		else
			print_words(&outcome);
	}
	if (command_wants_json(line))
		sheet_print(sheet, true, stdout);
	return code;
}

const struct command normalise_command = {
	.name = "normalise",
	.arguments = "FILE...",
	.summary = "what events a payload makes, or why none; needs no server",
	.details =
		"Reads each FILE as the body of one request to an endpoint of that source and\n"
		"prints the events that the receiver would make of it, or the reason for "
		"which\n"
		"it would ignore it, or the field that is wrong and what was expected there.\n"
		"Give the headers that name the kind, as in --header 'X-GitHub-Event: push'.\n"
		"Exit code 1: something was malformed.",
	.options =
		(const struct command_option[]){
			{"--source", "SOURCE", "the endpoint's source type, as in github"},
			{"--header", "'NAME: VALUE'", "a header of the request", true},
			{"--received", "TIME", "when it was received (default: now)"},
			{"--endpoint", "NAME", "the endpoint's name (default: normalise)"},
			{"--rollout", "WORD", "the endpoint's rollout:"},
			{"--keep-titles", NULL, "the endpoint's keep_titles: yes"},
			{0},
		},
	.prints_table = true,
	.run = normalise,
};
