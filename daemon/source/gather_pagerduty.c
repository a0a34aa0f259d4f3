/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PagerDuty's REST API, version 2: GET /incidents. An incident says when it began and, where it
 * is resolved, when it came to that; webhooks v3 say the same of each step.
 */
#include "gather_priv.h"

#include <string.h>

static void put(struct gather *gather, const struct reader *incident, const char *type,
	const char *status, int64_t at_us)
{
	json_t *data = json_copy((json_t *)(uintptr_t)incident->value);

	(void)json_object_set_new(data, "status", json_string(status));
	/* What is not known before it ended. */
	if (strcmp(status, "resolved") != 0)
		(void)json_object_del(data, "resolve_reason");
	gather_put(gather,
		(struct gather_line){
			.body = json_pack("{s:{s:s, s:o, s:o}}", "event", "event_type", type,
				"occurred_at", gather_time(at_us), "data", data)});
}

static void take_incident(struct gather *gather, const struct gather_object *object)
{
	const struct reader *incident = &object->reader;
	const char *status = reader_string(incident, "status");
	int64_t began_us = reader_time(incident, "created_at");
	int64_t changed_us = 0;

	if (incident->err->text[0])
		return;
	put(gather, incident, "incident.triggered", "triggered", began_us);
	if (strcmp(status, "triggered") == 0)
		return;
	if (!reader_time_at(incident, "resolved_at", &changed_us))
		changed_us = reader_time(incident, "last_status_change_at");
	if (incident->err->text[0])
		return;
	put(gather, incident, arena_printf(object->arena, "incident.%s", status), status,
		changed_us);
}

static bool is_incident(const struct reader *object)
{
	return reader_has(object, "incident_number") ||
		is_one_of(reader_text(object, "type"), LIST("incident"));
}

static const struct gather_kind kinds[] = {
	{"incident", is_incident, take_incident},
	{0},
};

static const struct wanted wanted[] = {
	{"id"},
	{"type"},
	{"incident_number"},
	{"html_url"},
	{"status"},
	{"title"},
	{"created_at"},
	{"resolved_at"},
	{"last_status_change_at"},
	{"urgency"},
	OBJECT("service", {"id"}, {"summary"}),
	OBJECT("priority", {"summary"}),
	OBJECT("teams", {"summary"}),
	OBJECT("incident_type", {"name"}),
	OBJECT("resolve_reason", OBJECT("incident", {"id"})),
	{0},
};

const struct gather_system gather_pagerduty = {
	.name = "pagerduty",
	.pages = LIST("incidents", "incident"),
	.wanted = wanted,
	.kinds = kinds,
};
