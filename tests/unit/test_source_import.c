/* SPDX-License-Identifier: Apache-2.0 */
/* The deliveries of an import: lines that each hold one body. */
#include "source/source.h"

#include "base/arena.h"

#include "tap.h"

static struct normalised made;
static char words[2048];

/* The verdict, and then what was bad and what was ignored, line by line. */
static const char *read_lines(const char *source, const char *rollout, const char *body)
{
	static struct arena *arena;
	static const char *const verdicts[] = {"events", "ignored", "malformed"};
	const struct header headers[] = {
		{IMPORT_HEADER, "1"}, {IMPORT_HEADER_ROLLOUT, rollout}};
	struct delivery delivery = {.endpoint = "import",
		.headers = headers,
		.n_headers = rollout ? 2 : 1,
		.body = body,
		.n_body = strlen(body),
		.received_us = 1782820800000000};

	arena_destroy(arena);
	arena = arena_create();
	made = (struct normalised){.list = {.arena = arena}};
	enum verdict verdict = source_normalise(source_find(source), &delivery, &made);
	(void)snprintf(words, sizeof(words), "%s%s%s", verdicts[verdict],
		made.reason ? ": " : "", made.reason ? made.reason : "");
	for (size_t i = 0; i < made.n_bad; i++)
		(void)snprintf(words + strlen(words), sizeof(words) - strlen(words),
			"; %zu bad: %s", made.bad[i].line, made.bad[i].reason);
	for (size_t i = 0; i < made.n_ignored; i++)
		(void)snprintf(words + strlen(words), sizeof(words) - strlen(words),
			"; %zu ignored: %s", made.ignored[i].line, made.ignored[i].reason);
	return words;
}

#define REPOSITORY "\"repository\":{\"id\":7,\"full_name\":\"a/b\",\"default_branch\":\"main\"}"
#define STATUS                                                                                 \
	"{\"kind\":\"deployment_status\",\"body\":{\"deployment\":{\"id\":1,\"sha\":\""        \
	"a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1\",\"environment\":\"production\",\"task\":"  \
	"\""                                                                                   \
	"deploy\",\"ref\":\"v1\",\"created_at\":\"2026-06-01T08:00:00Z\"},\"deployment_status" \
	"\":{\"id\":2,\"state\":\"success\",\"environment\":\"production\",\"created_at\":\""  \
	"2026-06-01T08:00:00Z\"}," REPOSITORY "}}"

static void each_line_is_for_itself_and_the_last_needs_no_end(void)
{
	CHECK_STR(read_lines("github", NULL, "\n\n" STATUS "\n\n[\n" STATUS),
		"events; 5 bad: the body is no JSON: line 1 column 1: ']' expected near end of "
		"file");
	CHECK_INT(made.list.n, 2);
}

static void a_line_without_a_body_is_bad_and_one_that_was_refused_says_why(void)
{
	CHECK_STR(read_lines("github", NULL,
			  "{\"kind\":\"push\"}\n{\"refused\":\"no repository (x:1)\"}\n"),
		"events; 1 bad: body: want an object, it is missing; 2 bad: no repository "
		"(x:1)");
	CHECK_INT(made.list.n, 0);
}

static void an_import_that_says_nothing_which_is_measured_is_ignored_with_a_reason(void)
{
	CHECK_STR(read_lines("github", NULL,
			  "{\"kind\":\"pull_request\",\"body\":{\"action\":\"open\",\"pull_"
			  "request"
			  "\":{\"id\":1}," REPOSITORY "}}\n"),
		"ignored: nothing in it that is measured: pull_request open: not merged; 1 "
		"ignored: pull_request open: not merged");
	CHECK_STR(read_lines("github", NULL, "\n"), "ignored: nothing in it that is measured");
}

static void headers_of_a_line_are_texts_and_not_without_number(void)
{
	char line[2000];

	(void)snprintf(line, sizeof(line),
		"{\"kind\":\"deployment_status\",\"headers\":{\"a\":1,\"b\":\"\",\"c\":\"\","
		"\"d\":"
		"\"\",\"e\":\"\",\"f\":\"\",\"g\":\"\",\"h\":\"\",\"x-github-enterprise-host\":"
		"\"ghe.example\",\"j\":\"\"}%s",
		STATUS + strlen("{\"kind\":\"deployment_status\""));
	CHECK_STR(read_lines("github", NULL, line), "events");
	CHECK_INT(made.list.n, 1);
	CHECK_STR(made.list.items[0].source, "/github/ghe.example");
}

static void how_parts_of_a_rollout_are_told_is_what_was_set_at_the_import(void)
{
	const char *const *ways = source_rollouts(source_find("github"));

	CHECK_STR(read_lines("github", ways[0], STATUS), "events");
	CHECK_STR(read_lines("github", ways[1], STATUS), "events");
}

int main(void)
{
	RUN(each_line_is_for_itself_and_the_last_needs_no_end);
	RUN(a_line_without_a_body_is_bad_and_one_that_was_refused_says_why);
	RUN(an_import_that_says_nothing_which_is_measured_is_ignored_with_a_reason);
	RUN(headers_of_a_line_are_texts_and_not_without_number);
	RUN(how_parts_of_a_rollout_are_told_is_what_was_set_at_the_import);
	return tap_done();
}
