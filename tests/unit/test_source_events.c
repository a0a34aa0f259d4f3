/* SPDX-License-Identifier: Apache-2.0 */
#include "source/source.h"

#include "tap.h"

#include <stdlib.h>

#define MOST 10000 /* events in a request, EVENTS.md section 3 */

struct scene {
	struct arena *arena;
	struct header headers[1];
	struct delivery delivery;
	struct normalised made;
};

static void open_scene(struct scene *scene, const char *content_type)
{
	*scene = (struct scene){.arena = arena_create()};
	scene->headers[0] = (struct header){"content-type", content_type};
	scene->delivery = (struct delivery){
		.endpoint = "push", .headers = scene->headers, .n_headers = 1};
	scene->made.list.arena = scene->arena;
}

static enum verdict normalise(struct scene *scene, const char *body)
{
	scene->made = (struct normalised){.list.arena = scene->arena};
	scene->delivery.body = body;
	scene->delivery.n_body = strlen(body);
	return source_normalise(source_find("events"), &scene->delivery, &scene->made);
}

#define EVENT(kind, source, data)                                        \
	"{\"id\":\"1\",\"source\":\"" source "\",\"type\":\"dorad." kind \
	".v1\",\"time\":\"2026-06-01T21:59:22Z\",\"data\":" data "}"

static const char *const services[] = {"checkout", "pay", NULL};
static const char *const kinds[] = {"deployment", "incident", NULL};
static const char *const sources[] = {"/ci", NULL};

/* What an endpoint that is held to some services may say, and what it is told of the rest. */
static const struct {
	const char *event;
	const char *reason; /* NULL: allowed */
} cases[] = {
	{EVENT("deployment", "/ci", "{\"deployment_id\":\"d\",\"service\":\"checkout\"}"),
		NULL},
	{EVENT("incident", "/ci",
		 "{\"incident_id\":\"i\",\"services\":[\"pay\",\"checkout\"]}"),
		NULL},
	{EVENT("deployment", "/ci", "{\"deployment_id\":\"d\",\"service\":\"other\"}"),
		"this endpoint may not speak of the service other"},
	{EVENT("incident", "/ci", "{\"incident_id\":\"i\",\"services\":[\"pay\",\"other\"]}"),
		"this endpoint may not speak of the service other"},
	{EVENT("incident", "/ci", "{\"incident_id\":\"i\"}"),
		"this endpoint may speak of some services only, so its events have to name the "
		"service, and no team"},
	{EVENT("deployment", "/ci",
		 "{\"deployment_id\":\"d\",\"origin\":{\"system\":\"github\",\"repository\":"
		 "\"a/b\"}}"),
		"this endpoint may speak of some services only, so its events have to name the "
		"service, and no team"},
	{EVENT("deployment", "/ci", "null"),
		"this endpoint may speak of some services only, so its events have to name the "
		"service, and no team"},
	{EVENT("change", "/ci", "{\"change_id\":\"c\",\"services\":[\"pay\"]}"),
		"type: this endpoint may not send a change"},
	{EVENT("deployment", "/other", "{\"deployment_id\":\"d\",\"service\":\"pay\"}"),
		"source: this endpoint may not send as /other"},
	{EVENT("deployment", "", "{\"deployment_id\":\"d\",\"service\":\"pay\"}"),
		"source: want 1 to 255 bytes, got 0"},
};

static void an_endpoint_is_held_to_its_services_kinds_and_sources(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct scene scene;

		open_scene(&scene, "application/cloudevents+json");
		scene.delivery.options = (struct source_options){
			.services = services, .kinds = kinds, .sources = sources};
		printf("# %s\n", cases[i].event);
		CHECK_INT(normalise(&scene, cases[i].event),
			cases[i].reason ? VERDICT_MALFORMED : VERDICT_EVENTS);
		CHECK_STR(scene.made.reason, cases[i].reason);
		arena_destroy(scene.arena);
	}
}

static void a_correction_speaks_of_its_targets_service(void)
{
	static const char *const only_pay[] = {"pay", NULL};
	static const char event[] = EVENT("correction", "/ci",
		"{\"target\":{\"kind\":\"incident\",\"id\":\"i\",\"service\":\"checkout\"},"
		"\"field\":\"excluded\"}");
	static const char item[] = EVENT("work_item", "/ci",
		"{\"item_id\":\"w\",\"services\":[\"pay\"],\"team\":\"red\"}");
	struct scene scene;

	open_scene(&scene, "application/cloudevents+json");
	scene.delivery.options.services = services;
	CHECK_INT(normalise(&scene, event), VERDICT_EVENTS);
	CHECK_INT(normalise(&scene, item), VERDICT_MALFORMED);
	scene.delivery.options.services = only_pay;
	CHECK_INT(normalise(&scene, event), VERDICT_MALFORMED);
	CHECK_STR(scene.made.reason, "this endpoint may not speak of the service checkout");
	arena_destroy(scene.arena);
}

/* n events, as a batch or a line each. */
static char *many(size_t n, bool batch)
{
	static const char event[] = "{\"id\":\"%zu\",\"type\":\"dorad.change.v1\",\"time\":"
				    "\"2026-06-01T21:59:22Z\","
				    "\"data\":{\"change_id\":\"c%zu\"}}";
	size_t room = n * (sizeof(event) + 32) + 8;
	char *body = malloc(room);
	size_t used = (size_t)snprintf(body, room, "%s", batch ? "[" : "");

	for (size_t i = 0; i < n; i++) {
		used += (size_t)snprintf(body + used, room - used, "%s",
			i == 0          ? ""
				: batch ? ",\n"
					: "\n");
		used += (size_t)snprintf(body + used, room - used, event, i, i);
	}
	(void)snprintf(body + used, room - used, "%s", batch ? "]" : "");
	return body;
}

static void check_many(const char *content_type, bool batch)
{
	struct scene scene;
	char *body = many(MOST, batch);

	open_scene(&scene, content_type);
	CHECK_INT(normalise(&scene, body), VERDICT_EVENTS);
	CHECK_INT(scene.made.list.n, MOST);
	CHECK_INT(scene.made.n_bad, 0);
	CHECK_STR(scene.made.list.items[MOST - 1].id, "9999");
	free(body);

	body = many(MOST + 5, batch);
	CHECK_INT(normalise(&scene, body), VERDICT_EVENTS);
	CHECK_INT(scene.made.list.n, MOST);
	CHECK_INT(scene.made.n_bad, 1);
	CHECK_INT(scene.made.bad[0].line, MOST + 1);
	CHECK_STR(scene.made.bad[0].reason,
		"a request may hold 10000 events; this one and what follows are left out");
	free(body);
	arena_destroy(scene.arena);
}

static void ten_thousand_events_are_taken_and_one_more_is_a_bad_line(void)
{
	check_many("application/cloudevents-batch+json", true);
	check_many("application/x-ndjson", false);
}

static void each_bad_line_of_many_has_its_number(void)
{
	struct scene scene;
	char body[4096] = "";

	open_scene(&scene, "application/x-ndjson");
	for (size_t i = 0; i < 50; i++)
		memcpy(body + 4 * i, "\n{}\n", 5);
	CHECK_INT(normalise(&scene, body), VERDICT_MALFORMED);
	CHECK_INT(scene.made.n_bad, 50);
	for (size_t i = 0; i < scene.made.n_bad; i++)
		CHECK_INT(scene.made.bad[i].line, 2 * (i + 1));
	CHECK_STR(scene.made.reason,
		"none of 50 events is good; line 2: id: is missing; want a string");
	arena_destroy(scene.arena);
}

int main(void)
{
	RUN(an_endpoint_is_held_to_its_services_kinds_and_sources);
	RUN(a_correction_speaks_of_its_targets_service);
	RUN(ten_thousand_events_are_taken_and_one_more_is_a_bad_line);
	RUN(each_bad_line_of_many_has_its_number);
	return tap_done();
}
