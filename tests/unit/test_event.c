/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"
#include "event/dora_event.h"

#include "tap.h"

#include <stdlib.h>

struct scene {
	struct arena *arena;
	struct dora_event_list list;
	struct error err;
};

static struct scene open_scene(void)
{
	struct scene scene = {.arena = arena_create()};

	scene.list.arena = scene.arena;
	return scene;
}

static void close_scene(struct scene *scene)
{
	arena_destroy(scene->arena);
}

static bool read_text(struct scene *scene, const char *text)
{
	json_error_t where;
	json_t *value = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &where);

	if (!value) {
		printf("# %s: %s\n", text, where.text);
		return false;
	}
	memset(&scene->err, 0, sizeof(scene->err));
	bool read = dora_event_from_cloudevent(value, "/dorad/here", &scene->list, &scene->err);
	json_decref(value);
	return read;
}

/* An event of this kind with this data. */
static bool read_data(struct scene *scene, const char *kind, const char *data)
{
	char *text = arena_printf(scene->arena,
		"{\"id\":\"1\",\"type\":\"dorad.%s.v1\",\"time\":\"2026-06-01T21:59:22Z\","
		"\"data\":%s}",
		kind, data);

	return read_text(scene, text);
}

static const char *data_of(const struct dora_event *event)
{
	size_t n;
	const char *text = dora_event_text(event, &n);

	CHECK_INT(n, strlen(text));
	return text;
}

static void a_list_grows_and_keeps_what_it_has(void)
{
	struct scene scene = open_scene();

	for (int64_t i = 0; i < 1000; i++) {
		struct dora_event *event = dora_event_list_add(&scene.list, DORA_CHANGE);

		CHECK_STR(data_of(event), "{}");
		CHECK(event->id == NULL);
		event->time_us = i;
	}
	CHECK_INT(scene.list.n, 1000);
	for (int64_t i = 0; i < 1000; i++)
		CHECK_INT(scene.list.items[i].time_us, i);
	close_scene(&scene);
}

static void the_least_that_is_needed_is_enough(void)
{
	struct scene scene = open_scene();

	CHECK(read_text(&scene,
		"{\"id\":\"a1\",\"type\":\"dorad.change.v1\",\"time\":\"2026-06-01 21:59:22\","
		"\"subject\":null,\"revision\":null,\"datacontenttype\":\"application/x+json\","
		"\"data\":{\"change_id\":\"abc\"}}"));
	CHECK_STR(scene.err.text, "");
	const struct dora_event *event = scene.list.items;
	CHECK_INT(scene.list.n, 1);
	CHECK_INT(event->kind, DORA_CHANGE);
	CHECK_STR(event->id, "a1");
	CHECK_INT(event->revision, 0);
	CHECK_STR(event->source, "/dorad/here");
	CHECK_STR(event->subject, "abc");
	CHECK_INT(event->time_us, INT64_C(1780351162000000));
	close_scene(&scene);
}

static void what_the_sender_says_stands(void)
{
	struct scene scene = open_scene();

	CHECK(read_text(&scene,
		"{\"specversion\":\"1.0\",\"id\":\"a1\",\"revision\":3,\"source\":\"/x\","
		"\"type\":\"dorad.correction.v1\",\"subject\":\"s\",\"traceparent\":\"00-1\","
		"\"datacontenttype\":\"application/json; charset=utf-8\","
		"\"time\":\"2026-06-01T23:59:22+02:00\",\"data\":null}"));
	CHECK_STR(scene.err.text, "");
	const struct dora_event *event = scene.list.items;
	CHECK_INT(event->kind, DORA_CORRECTION);
	CHECK_INT(event->revision, 3);
	CHECK_STR(event->source, "/x");
	CHECK_STR(event->subject, "s");
	CHECK_INT(event->time_us, INT64_C(1780351162000000));
	CHECK_STR(data_of(event), "null");
	close_scene(&scene);
}

static void times_in_data_become_utc_with_microseconds(void)
{
	struct scene scene = open_scene();

	CHECK(read_data(&scene, "change",
		"{\"change_id\":\"a\",\"landed_at\":\"2026-06-01T23:59:22.5+02:00\","
		"\"committed_at\":null,\"review\":{\"opened_at\":\"2026-06-01 01:02:03\"}}"));
	CHECK_STR(scene.err.text, "");
	CHECK_STR(data_of(scene.list.items),
		"{\"change_id\":\"a\",\"committed_at\":null,"
		"\"landed_at\":\"2026-06-01T21:59:22.500000Z\","
		"\"review\":{\"opened_at\":\"2026-06-01T01:02:03.000000Z\"}}");
	close_scene(&scene);
}

#define E(rest) "{\"id\":\"1\",\"type\":\"dorad.change.v1\"," rest "}"
#define DATA "\"data\":{\"change_id\":\"a\"}"
#define TIME "\"time\":\"2026-06-01T21:59:22Z\""

#define REVISION_WANTED "revision: want a whole number from 0 to 999999999999999999"

/* What is wrong with an event as a whole, and the words for it. */
static const struct {
	const char *text;
	const char *words;
} bad_events[] = {
	{"[]", "want an object: one CloudEvent"},
	{"7", "want an object: one CloudEvent"},
	{"{\"type\":\"dorad.change.v1\"," TIME "," DATA "}", "id: is missing; want a string"},
	{"{\"id\":7,\"type\":\"dorad.change.v1\"," TIME "," DATA "}", "id: want a string"},
	{"{\"id\":\"\",\"type\":\"dorad.change.v1\"," TIME "," DATA "}",
		"id: want 1 to 255 bytes, got 0"},
	{"{\"id\":\"a\\u0007\",\"type\":\"dorad.change.v1\"," TIME "," DATA "}",
		"id: control characters are not allowed"},
	{"{\"id\":\"a\\u0000\",\"type\":\"dorad.change.v1\"," TIME "," DATA "}",
		"id: control characters are not allowed"},
	{"{\"id\":\"1\"," TIME "," DATA "}", "type: is missing; want a string"},
	{"{\"id\":\"1\",\"type\":\"dorad.changes.v1\"," TIME "," DATA "}",
		"type: want dorad.<kind>.v1, kind being deployment, change, incident, "
		"work_item, change_request or correction; got dorad.changes.v1"},
	{"{\"id\":\"1\",\"type\":\"dorad..v1\"," TIME "," DATA "}",
		"type: want dorad.<kind>.v1, kind being deployment, change, incident, "
		"work_item, change_request or correction; got dorad..v1"},
	{E(DATA), "time: is missing; want a string"},
	{E("\"time\":\"yesterday\"," DATA),
		"time: want a time as in 2026-06-01T21:59:22Z, got yesterday"},
	{E(TIME), "data: is missing; want an object, or null to withdraw"},
	{E(TIME ",\"data\":[]"), "data: want an object, or null to withdraw, got a list"},
	{E(TIME ",\"specversion\":\"0.3\"," DATA), "specversion: want 1.0, got 0.3"},
	{E(TIME ",\"source\":\"\"," DATA), "source: want 1 to 255 bytes, got 0"},
	{E(TIME ",\"source\":\"a\\u007f\"," DATA),
		"source: control characters are not allowed"},
	{E(TIME ",\"revision\":-1," DATA), REVISION_WANTED},
	{E(TIME ",\"revision\":1000000000000000000," DATA), REVISION_WANTED},
	{E(TIME ",\"revision\":\"1x\"," DATA), REVISION_WANTED},
	{E(TIME ",\"revision\":1.5," DATA), REVISION_WANTED},
	{E(TIME ",\"datacontenttype\":\"text/xml\"," DATA),
		"datacontenttype: want application/json, got text/xml"},
};

static void a_bad_event_is_refused_in_words_and_adds_nothing(void)
{
	struct scene scene = open_scene();

	for (size_t i = 0; i < sizeof(bad_events) / sizeof(bad_events[0]); i++) {
		CHECK(!read_text(&scene, bad_events[i].text));
		CHECK_STR(scene.err.text, bad_events[i].words);
	}
	CHECK_INT(scene.list.n, 0);
	close_scene(&scene);
}

static const struct {
	const char *kind;
	const char *data;
	const char *words; /* NULL: allowed */
} datas[] = {
	{"change", "{}", "data.change_id: is missing; want a string of 1 to 255 bytes"},
	{"change", "{\"change_id\":null}",
		"data.change_id: want a string of 1 to 255 bytes, got null"},
	{"change", "{\"change_id\":\"\"}",
		"data.change_id: want a string of 1 to 255 bytes, got \"\""},
	{"change", "{\"change_id\":\"a\",\"commit\":1}",
		"data.commit: a change has no such field"},
	{"change", "{\"change_id\":\"a\",\"ordinal\":-1}",
		"data.ordinal: want a whole number from 0 to 2147483647, got -1"},
	{"change", "{\"change_id\":\"a\",\"ordinal\":1.0}",
		"data.ordinal: want a whole number from 0 to 2147483647, got 1.0"},
	{"change", "{\"change_id\":\"a\",\"landed_at\":\"soon\"}",
		"data.landed_at: want a time as in 2026-06-01T21:59:22Z, got \"soon\""},
	{"change", "{\"change_id\":\"a\",\"services\":\"x\"}",
		"data.services: want a list, got \"x\""},
	{"change", "{\"change_id\":\"a\",\"services\":[\"x\",{}]}",
		"data.services[1]: want a string of 1 to 255 bytes, got an object"},
	{"change", "{\"change_id\":\"a\",\"review\":{\"number\":1}}",
		"data.review.number: there is no such field"},
	{"change", "{\"change_id\":\"a\",\"review\":7}", "data.review: want an object, got 7"},
	{"change", "{\"change_id\":\"a\",\"review\":{\"opened_at\":7}}",
		"data.review.opened_at: want a time as in 2026-06-01T21:59:22Z, got 7"},
	{"change", "{\"change_id\":\"a\",\"origin\":{}}",
		"data.origin.system: is missing; want a string of 1 to 255 bytes"},
	{"change",
		"{\"change_id\":\"a\",\"origin\":{\"system\":\"x\",\"paths\":[\"\",\"a/b\"]}}",
		NULL},
	{"change", "{\"change_id\":\"a\",\"truncated\":\"yes\"}",
		"data.truncated: want true or false, got \"yes\""},
	{"change", "{\"change_id\":\"a\",\"services\":[],\"landed_at\":null,\"review\":null}",
		NULL},
	{"deployment", "{\"deployment_id\":\"d\"}",
		"data: a deployment names a service or an origin"},
	{"deployment", "{\"deployment_id\":\"d\",\"service\":null}",
		"data: a deployment names a service or an origin"},
	{"deployment", "{\"deployment_id\":\"d\",\"service\":\"s\",\"status\":\"green\"}",
		"data.status: want one of started, succeeded, failed, cancelled, got "
		"\"green\""},
	{"deployment", "{\"deployment_id\":\"d\",\"service\":\"s\",\"status\":null}", NULL},
	{"deployment", "{\"deployment_id\":\"d\",\"origin\":{\"system\":\"github\"}}", NULL},
	{"incident", "{\"incident_id\":\"i\",\"severity\":6}",
		"data.severity: want a whole number from 1 to 5, got 6"},
	{"incident", "{\"incident_id\":\"i\",\"severity\":null,\"candidate\":true}", NULL},
	{"work_item", "{\"item_id\":\"w\",\"label_changes\":{\"bug\":1}}",
		"data.label_changes.bug: want true or false, got 1"},
	{"work_item", "{\"item_id\":\"w\",\"label_changes\":[]}",
		"data.label_changes: want an object of true and false, got a list"},
	{"work_item", "{\"item_id\":\"w\",\"label_changes\":{\"bug\":true},\"labels\":[\"\"]}",
		NULL},
	{"change_request", "{\"cr_id\":\"c\",\"state\":\"closed\",\"close_code\":null}", NULL},
	{"correction", "{\"field\":\"class\"}",
		"data: a correction names its target and its field"},
	{"correction",
		"{\"field\":\"class\",\"target\":{\"kind\":\"work_item\",\"id\":\"w\"},"
		"\"value\":\"planned\",\"withdraws\":true}",
		NULL},
	{"correction",
		"{\"field\":\"class\",\"target\":{\"kind\":\"work_item\",\"id\":\"w\"},"
		"\"value\":{}}",
		"data.value: want a string, a number, true or false, or a list of strings, got "
		"an "
		"object"},
	{"correction",
		"{\"field\":\"attribution\",\"target\":{\"kind\":\"incident\",\"id\":\"i\"},"
		"\"value\":[\"d1\",7]}",
		"data.value[1]: want a string of 1 to 255 bytes, got 7"},
	{"correction",
		"{\"field\":\"attribution\",\"target\":{\"kind\":\"incident\",\"id\":\"i\"},"
		"\"value\":[\"d1\",\"d2\"]}",
		NULL},
};

static void each_field_of_data_is_held_to_its_type(void)
{
	struct scene scene = open_scene();

	for (size_t i = 0; i < sizeof(datas) / sizeof(datas[0]); i++) {
		bool read = read_data(&scene, datas[i].kind, datas[i].data);

		printf("# %s %s\n", datas[i].kind, datas[i].data);
		CHECK(read == !datas[i].words);
		CHECK_STR(scene.err.text, datas[i].words ? datas[i].words : "");
	}
	close_scene(&scene);
}

static void an_id_too_long_is_refused(void)
{
	struct scene scene = open_scene();
	char id[DORA_ID_MAX + 2];
	struct dora_event *event = dora_event_list_add(&scene.list, DORA_CHANGE);

	memset(id, 'x', sizeof(id));
	id[DORA_ID_MAX + 1] = '\0';
	*event = (struct dora_event){
		.kind = DORA_CHANGE, .id = id, .source = "/x", .subject = ""};
	CHECK(!dora_event_check(event, &scene.err));
	CHECK_STR(scene.err.text, "id: want 1 to 255 bytes, got 256");

	id[DORA_ID_MAX] = '\0';
	id[0] = '\xff';
	CHECK(!dora_event_check(event, NULL));
	id[0] = 'x';
	CHECK(dora_event_check(event, NULL));
	event->time_us = TIMESTAMP_END_US;
	CHECK(!dora_event_check(event, NULL));
	event->time_us = 0;
	event->subject = "\xff";
	CHECK(!dora_event_check(event, NULL));
	event->subject = NULL;
	CHECK(!dora_event_check(event, NULL));
	close_scene(&scene);
}

static void the_fields_of_an_entry_stand_in_their_order(void)
{
	static const char *const want[][2] = {
		{"specversion", "1.0"},
		{"id", "1"},
		{"source", "/dorad/here"},
		{"type", "dorad.deployment.v1"},
		{"subject", "d"},
		{"time", "2026-06-01T21:59:22.000000Z"},
		{"datacontenttype", "application/json"},
		{"endpoint", "push"},
		{"delivery", "7f3a9c-12"},
		{"data", "{\"deployment_id\":\"d\",\"service\":\"s\"}"},
	};
	struct scene scene = open_scene();
	struct dora_field fields[DORA_N_FIELDS];

	CHECK(read_data(&scene, "deployment", "{\"service\":\"s\",\"deployment_id\":\"d\"}"));
	struct dora_event *event = scene.list.items;
	size_t n = dora_event_fields(event, "push", "7f3a9c-12", scene.arena, fields);
	CHECK_INT(n, 10);
	for (size_t i = 0; i < n; i++) {
		CHECK_STR(fields[i].name, want[i][0]);
		CHECK_STR(fields[i].value, want[i][1]);
		CHECK_INT(fields[i].n, strlen(want[i][1]));
	}

	event->revision = 2;
	event->data = NULL;
	n = dora_event_fields(event, "push", "7f3a9c-12", scene.arena, fields);
	CHECK_INT(n, 11);
	CHECK_STR(fields[2].name, "revision");
	CHECK_STR(fields[2].value, "2");
	CHECK_STR(fields[10].value, "null");
	close_scene(&scene);
}

static void what_was_written_is_read_back_the_same(void)
{
	struct scene scene = open_scene();
	struct dora_field fields[DORA_N_FIELDS];
	json_t *entry = json_object();

	CHECK(read_data(&scene, "incident",
		"{\"incident_id\":\"i\",\"labels\":[\"b\",\"a\"],\"severity\":2,"
		"\"started_at\":\"2026-06-01T21:59:22.5Z\"}"));
	scene.list.items[0].revision = 7;
	size_t n = dora_event_fields(scene.list.items, "push", "1-2", scene.arena, fields);
	for (size_t i = 0; i < n; i++)
		(void)json_object_set_new(entry, fields[i].name,
			strcmp(fields[i].name, "data") == 0
				? json_loads(fields[i].value, 0, NULL)
				: json_string(fields[i].value));
	CHECK(dora_event_from_cloudevent(entry, "/other", &scene.list, &scene.err));
	json_decref(entry);

	const struct dora_event *first = &scene.list.items[0];
	const struct dora_event *again = &scene.list.items[1];
	CHECK_STR(again->id, first->id);
	CHECK_STR(again->source, first->source);
	CHECK_STR(again->subject, first->subject);
	CHECK_INT(again->kind, first->kind);
	CHECK_INT(again->time_us, first->time_us);
	CHECK_INT(again->revision, 7);
	CHECK_STR(data_of(again), data_of(first));
	close_scene(&scene);
}

int main(void)
{
	RUN(a_list_grows_and_keeps_what_it_has);
	RUN(the_least_that_is_needed_is_enough);
	RUN(what_the_sender_says_stands);
	RUN(times_in_data_become_utc_with_microseconds);
	RUN(a_bad_event_is_refused_in_words_and_adds_nothing);
	RUN(each_field_of_data_is_held_to_its_type);
	RUN(an_id_too_long_is_refused);
	RUN(the_fields_of_an_entry_stand_in_their_order);
	RUN(what_was_written_is_read_back_the_same);
	return tap_done();
}
