/* SPDX-License-Identifier: Apache-2.0 */
#include "source/source.h"

#include "tap.h"

#include <stdlib.h>

#define RECEIVED_US INT64_C(1782820800000000)

struct scene {
	struct arena *arena;
	struct header headers[4];
	struct delivery delivery;
	struct normalised made;
};

static void open_scene(struct scene *scene)
{
	*scene = (struct scene){.arena = arena_create()};
	scene->delivery = (struct delivery){
		.endpoint = "push", .headers = scene->headers, .received_us = RECEIVED_US};
}

static void close_scene(struct scene *scene)
{
	arena_destroy(scene->arena);
}

static void set_header(struct scene *scene, const char *name, const char *value)
{
	scene->headers[scene->delivery.n_headers++] = (struct header){name, value};
}

static enum verdict normalise(struct scene *scene, const char *source, const char *body)
{
	scene->made = (struct normalised){.list.arena = scene->arena};
	scene->delivery.body = body;
	scene->delivery.n_body = strlen(body);
	return source_normalise(source_find(source), &scene->delivery, &scene->made);
}

static void release_json(void *tree)
{
	json_decref(tree);
}

/* The data of an event. */
static const json_t *tree_of(const struct scene *scene, size_t i)
{
	return arena_own(
		scene->arena, dora_event_tree(&scene->made.list.items[i]), release_json);
}

static void the_table_is_in_alphabetical_order(void)
{
	CHECK(source_find("github") != NULL);
	CHECK(source_find("Github") == NULL);
	CHECK(source_find("") == NULL);
	for (size_t i = 0; source_at(i); i++) {
		CHECK(source_find(source_name(source_at(i))) == source_at(i));
		CHECK(i == 0 ||
			strcmp(source_name(source_at(i - 1)), source_name(source_at(i))) < 0);
		CHECK(source_rollouts(source_at(i))[0] != NULL);
	}
}

static void the_headers_that_a_normaliser_reads_are_kept(void)
{
	const struct source *github = source_find("github");
	const struct source *events = source_find("events");

	CHECK(source_keeps_header(github, "content-type"));
	CHECK(source_keeps_header(github, "x-github-event"));
	CHECK(source_keeps_header(github, "x-github-delivery"));
	CHECK(source_keeps_header(github, "x-github-enterprise-host"));
	CHECK(!source_keeps_header(github, "x-hub-signature-256"));
	CHECK(!source_keeps_header(github, "authorization"));
	CHECK(source_keeps_header(events, "ce-id") &&
		source_keeps_header(events, "ce-whatever"));
	CHECK(!source_keeps_header(events, "x-ce-id"));
	CHECK_STR(source_delivery_header(github), "x-github-delivery");
	CHECK_STR(source_rollouts(github)[0], "workflow_run");
	CHECK_STR(source_rollouts(events)[0], "none");
}

static void a_kind_that_no_one_reads_is_not_even_parsed(void)
{
	struct scene scene;

	open_scene(&scene);
	set_header(&scene, "x-github-event", "check_run");
	CHECK_INT(normalise(&scene, "github", "no json at all"), VERDICT_IGNORED);
	CHECK_STR(scene.made.reason, "check_run: not a kind that is measured");
	CHECK_STR(scene.made.kind, "check_run");
	close_scene(&scene);
}

static void an_empty_body_is_malformed(void)
{
	for (size_t i = 0; source_at(i); i++) {
		struct scene scene;

		open_scene(&scene);
		scene.delivery.body = NULL;
		set_header(&scene, "x-github-event", "push");
		scene.made = (struct normalised){.list.arena = scene.arena};
		enum verdict verdict =
			source_normalise(source_at(i), &scene.delivery, &scene.made);
		CHECK(verdict != VERDICT_EVENTS);
		CHECK(scene.made.reason && scene.made.reason[0]);
		close_scene(&scene);
	}
}

static const char deployment[] =
	"{\"deployment\":{\"id\":1,\"sha\":\"abc\",\"created_at\":\"2026-06-01T21:50:00Z\"},"
	"\"repository\":{\"id\":7,\"full_name\":\"%s\"}}";

static void a_host_that_is_no_text_makes_an_id_all_the_same(void)
{
	struct scene scene;

	open_scene(&scene);
	set_header(&scene, "x-github-event", "deployment");
	set_header(&scene, "x-github-enterprise-host", "a\xff\x01z");
	CHECK_INT(normalise(&scene, "github",
			  "{\"deployment\":{\"id\":1,\"sha\":\"abc\",\"created_at\":"
			  "\"2026-06-01T21:50:00Z\"},\"repository\":{\"id\":7,\"full_name\":"
			  "\"a/b\"}}"),
		VERDICT_EVENTS);
	const struct dora_event *event = scene.made.list.items;
	CHECK(strncmp(event->subject, "github/a\?\?z/7/deployment/1~", 27) == 0);
	CHECK(strncmp(event->id, event->subject, strlen(event->subject)) == 0);
	CHECK(json_object_get(json_object_get(tree_of(&scene, 0), "origin"), "host") == NULL);
	close_scene(&scene);
}

static void what_is_too_long_for_the_contract_is_cut_at_a_character(void)
{
	struct scene scene;
	char name[4096] = "";
	char body[8192];

	open_scene(&scene);
	set_header(&scene, "x-github-event", "deployment");
	memset(name, 'x', 254);
	memcpy(name + 254, "\xc3\xa9\xc3\xa9", 5);
	(void)snprintf(body, sizeof(body), deployment, name);
	CHECK_INT(normalise(&scene, "github", body), VERDICT_EVENTS);
	const json_t *origin = json_object_get(tree_of(&scene, 0), "origin");
	CHECK_INT(json_string_length(json_object_get(origin, "repository")), 254);
	close_scene(&scene);
}

static void a_long_key_is_cut_and_keeps_apart_by_its_hash(void)
{
	char ids[2][600];
	const char *subjects[2];
	struct scene scene;

	open_scene(&scene);
	set_header(&scene, "x-github-event", "deployment");
	for (int i = 0; i < 2; i++) {
		char body[1024];

		memset(ids[i], 'x', sizeof(ids[i]) - 2);
		ids[i][sizeof(ids[i]) - 2] = (char)('a' + i);
		ids[i][sizeof(ids[i]) - 1] = '\0';
		(void)snprintf(body, sizeof(body),
			"{\"deployment\":{\"id\":\"%s\",\"sha\":\"abc\"},"
			"\"repository\":{\"id\":7,\"full_name\":\"a/b\"}}",
			ids[i]);
		CHECK_INT(normalise(&scene, "github", body), VERDICT_EVENTS);
		subjects[i] = scene.made.list.items[0].subject;
		CHECK_INT(strlen(subjects[i]), 150);
	}
	CHECK(strcmp(subjects[0], subjects[1]) != 0);
	CHECK_INT(strncmp(subjects[0], subjects[1], 133), 0);
	close_scene(&scene);
}

static void more_directories_than_an_event_holds_are_truncated(void)
{
	struct scene scene;
	json_t *added = json_array();

	open_scene(&scene);
	set_header(&scene, "x-github-event", "push");
	for (int i = 0; i < DORA_PATHS_MAX + 1; i++)
		(void)json_array_append_new(added, json_sprintf("d%04d/a.c", i));
	json_t *push = json_pack("{s:s, s:s, s:[{s:s, s:s, s:o}], s:{s:i, s:s, s:s}}", "ref",
		"refs/heads/main", "after", "abcdef0", "commits", "id", "abcdef0", "timestamp",
		"2026-06-01T21:50:00Z", "added", added, "repository", "id", 7, "full_name",
		"a/b", "default_branch", "main");
	char *body = json_dumps(push, 0);
	CHECK_INT(normalise(&scene, "github", body), VERDICT_EVENTS);
	const json_t *origin = json_object_get(tree_of(&scene, 0), "origin");
	CHECK_INT(json_array_size(json_object_get(origin, "paths")), DORA_PATHS_MAX);
	CHECK(json_is_true(json_object_get(origin, "paths_truncated")));
	free(body);
	json_decref(push);
	close_scene(&scene);
}

static void a_push_of_as_many_commits_as_a_body_holds_may_have_had_more(void)
{
	struct scene scene;
	json_t *commits = json_array();

	open_scene(&scene);
	set_header(&scene, "x-github-event", "push");
	for (int i = 0; i < 2048; i++)
		(void)json_array_append_new(commits,
			json_pack("{s:o, s:s}", "id", json_sprintf("%040x", i + 1), "timestamp",
				"2026-06-01T21:50:00Z"));
	json_t *push = json_pack("{s:s, s:s, s:o, s:{s:i, s:s, s:s}}", "ref", "refs/heads/main",
		"after", "abcdef0", "commits", commits, "repository", "id", 7, "full_name",
		"a/b", "default_branch", "main");
	char *body = json_dumps(push, 0);
	CHECK_INT(normalise(&scene, "github", body), VERDICT_EVENTS);
	CHECK_INT(scene.made.list.n, 2048);
	CHECK(json_is_true(json_object_get(tree_of(&scene, 7), "truncated")));
	CHECK_INT(json_integer_value(json_object_get(tree_of(&scene, 7), "ordinal")), 7);
	free(body);
	json_decref(push);
	close_scene(&scene);
}

static void a_priority_of_jira_that_says_how_severe_it_is_stands_for_itself(void)
{
	static const struct {
		const char *name;
		bool speaks;
	} names[] = {{"Highest", true}, {"critical", true}, {"High", true}, {"Error", true},
		{"Medium", true}, {"Moderate", true}, {"Warning", true}, {"Low", true},
		{"Lowest", true}, {"Info", true}, {"Sev 3", true}, {"Hoch", false},
		{"Elevada", false}};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct scene scene;

		open_scene(&scene);
		const char *body = arena_printf(scene.arena,
			"{\"issue\":{\"id\":\"1\",\"self\":\"https://j.example/rest/1\","
			"\"fields\":{\"priority\":{\"id\":\"2\",\"name\":\"%s\"}}}}",
			names[i].name);
		CHECK_INT(normalise(&scene, "jira", body), VERDICT_EVENTS);
		const json_t *severity = json_object_get(tree_of(&scene, 1), "severity");
		CHECK(names[i].speaks ? json_is_null(severity)
				      : json_integer_value(severity) == 2);
		close_scene(&scene);
	}
}

/* The first event's field, by its name in data or in origin; ' stands for ". */
static const struct {
	const char *body;
	const char *field;
	const char *want;
} freshservice_words[] = {
	{"{'change':{'id':1,'close_code':'Failed'}}", "close_code", "unsuccessful"},
	{"{'change':{'id':1,'close_code':'failure'}}", "close_code", "unsuccessful"},
	{"{'change':{'id':1,'close_code':'unsuccessful'}}", "close_code", "unsuccessful"},
	{"{'change':{'id':1,'close_code':'Successful with issues'}}", "close_code",
		"successful_issues"},
	{"{'change':{'id':1,'close_code':'successful_issues'}}", "close_code",
		"successful_issues"},
	{"{'change':{'id':1,'close_code':'Partial'}}", "close_code", "successful_issues"},
	{"{'change':{'id':1,'close_code':'Success'}}", "close_code", "successful"},
	{"{'change':{'id':1,'close_code':'successful'}}", "close_code", "successful"},
	{"{'change':{'id':1,'close_code':'Withdrawn'}}", "close_code", "Withdrawn"},
	{"{'change':{'id':1,'status':'3'}}", "state", "authorize"},
	{"{'change':{'id':1,'status':'Approval'}}", "state", "authorize"},
	{"{'change':{'id':1,'status':'Awaiting Approval'}}", "state", "authorize"},
	{"{'release':{'id':1,'status':3}}", "status", "started"},
	{"{'event':'onTicketDelete','ticket':{'id':1,'status':'Open'}}", "status", "cancelled"},
	{"{'event_type':'ticket_deleted','ticket':{'id':1}}", "status", "cancelled"},
	{"{'event':'onChangeDelete','change':{'id':1}}", "state", "cancelled"},
	{"{'event_type':'change_deleted','change':{'id':1}}", "state", "cancelled"},
	{"{'freshservice_webhook':{'ticket_id':1,'ticket_status':'Resolved'}}", "status",
		"done"},
	{"{'ticket':{'id':1,'workspace':'Shop'}}", "project", "Shop"},
	{"{'ticket':{'id':1,'department':'Shop'}}", "project", "Shop"},
	{"{'ticket':{'id':1,'service':'Checkout','asset':'a'}}", "ci", "Checkout"},
	{"{'ticket':{'id':1,'asset':'Checkout'}}", "ci", "Checkout"},
	{"{'ticket':{'id':1,'group_name':'Crew'}}", "assignment_group", "Crew"},
	{"{'ticket':{'id':1,'domain':'acme.example'}}", "host", "acme.example"},
};

static void each_word_of_freshservice_means_what_people_are_told(void)
{
	for (size_t i = 0; i < sizeof(freshservice_words) / sizeof(*freshservice_words); i++) {
		struct scene scene;

		open_scene(&scene);
		char *body = arena_strdup(scene.arena, freshservice_words[i].body);
		for (char *at = body; (at = strchr(at, '\''));)
			*at = '"';
		CHECK_INT(normalise(&scene, "freshservice", body), VERDICT_EVENTS);
		const json_t *data = tree_of(&scene, 0);
		const char *field = freshservice_words[i].field;
		const json_t *value = json_object_get(data, field);
		if (!value)
			value = json_object_get(json_object_get(data, "origin"), field);
		CHECK_STR(json_string_value(value), freshservice_words[i].want);
		close_scene(&scene);
	}
}

static void a_label_for_an_environment_is_sure_where_it_is_one_of_these_words(void)
{
	static const char *const words[] = {"production", "prod", "prd", "live", "staging",
		"stage", "stg", "preprod", "pre-prod", "nonprod", "non-prod", "preview",
		"sandbox", "testing", "test", "tst", "qa", "uat", "development", "dev", "local",
		"eu"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct scene scene;
		const char *want = i < 4 ? "production" : strcmp(words[i], "eu") ? "other" : "";

		open_scene(&scene);
		const char *body = arena_printf(scene.arena,
			"{\"status\":\"firing\",\"alerts\":[{\"startsAt\":\"2026-06-01T21:50:"
			"00Z\","
			"\"labels\":{\"env\":\"%s\"}}]}",
			words[i]);
		CHECK_INT(normalise(&scene, "alertmanager", body), VERDICT_EVENTS);
		const char *got = json_string_value(
			json_object_get(tree_of(&scene, 0), "environment_class"));
		CHECK_STR(got ? got : "", want);
		close_scene(&scene);
	}
}

int main(void)
{
	RUN(the_table_is_in_alphabetical_order);
	RUN(the_headers_that_a_normaliser_reads_are_kept);
	RUN(a_kind_that_no_one_reads_is_not_even_parsed);
	RUN(an_empty_body_is_malformed);
	RUN(a_host_that_is_no_text_makes_an_id_all_the_same);
	RUN(what_is_too_long_for_the_contract_is_cut_at_a_character);
	RUN(a_long_key_is_cut_and_keeps_apart_by_its_hash);
	RUN(more_directories_than_an_event_holds_are_truncated);
	RUN(a_push_of_as_many_commits_as_a_body_holds_may_have_had_more);
	RUN(a_priority_of_jira_that_says_how_severe_it_is_stands_for_itself);
	RUN(each_word_of_freshservice_means_what_people_are_told);
	RUN(a_label_for_an_environment_is_sure_where_it_is_one_of_these_words);
	return tap_done();
}
