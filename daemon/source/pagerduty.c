/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PagerDuty, webhooks v3. An event tells an incident as it stood, but when it was resolved only
 * by its own time. What is paged is no ticket: there is no work item.
 */
#include "observe.h"

#include <string.h>

static const char *incident_host(struct intake *in, const struct reader *body)
{
	const char *host = host_of(in, reader_text(body, "event.data.html_url"));

	return host ? host : "pagerduty.com";
}

static void put_origin(struct intake *in, struct dora_event *event, const struct reader *body)
{
	struct reader team = reader_entry(body, "event.data.teams", 0);

	dora_put_text(event, "origin.system", "pagerduty");
	dora_put_text(event, "origin.host", incident_host(in, body));
	dora_put_text(event, "origin.ci", reader_text(body, "event.data.service.summary"));
	dora_put_text(event, "origin.ci_id", reader_text(body, "event.data.service.id"));
	dora_put_text(event, "origin.assignment_group", reader_text(&team, "summary"));
}

/* Incidents are numbered from their creation, which old events do not tell. */
static void put_start(struct dora_event *event, const struct reader *body, const char *type)
{
	int64_t at_us;

	if (reader_time_at(body, "event.data.created_at", &at_us))
		dora_put_time(event, "started_at", at_us);
	else if (strcmp(type, "incident.triggered") == 0)
		dora_put_time(event, "started_at", event->time_us);
}

static enum verdict on_incident(struct intake *in, const struct reader *body, const char *type)
{
	static const struct choice states[] = {
		{"triggered", 0}, {"acknowledged", 0}, {"resolved", 1}};
	const char *host = incident_host(in, body);
	const char *merged = reader_text(body, "event.data.resolve_reason.incident.id");
	int resolved = 0;

	in->dora_source = arena_printf(in->arena, "/pagerduty/%s", host);
	struct dora_event *event = observe(in, DORA_INCIDENT,
		entity_key(in, "pagerduty/%s/%s", host, reader_id(body, "event.data.id")),
		reader_time(body, "event.occurred_at"));
	put_origin(in, event, body);
	if (choice_find(states, ARRAY_LEN(states), reader_text(body, "event.data.status"),
		    &resolved))
		dora_put_text(event, "state", resolved ? "resolved" : "open");
	put_start(event, body, type);
	dora_put_bool(event, "candidate", false);
	dora_put_text(event, "item_type", reader_text(body, "event.data.incident_type.name"));
	dora_put_text(event, "severity_raw",
		READER_FIRST(body, "event.data.priority.summary", "event.data.urgency"));
	if (merged)
		dora_put_text(
			event, "duplicate_of", entity_key(in, "pagerduty/%s/%s", host, merged));
	if (in->delivery->options.keep_titles)
		dora_put_text(event, "title", reader_text(body, "event.data.title"));
	dora_put_text(event, "url", reader_text(body, "event.data.html_url"));
	observe_id(in, event, "%020lld/%s", (long long)event->time_us, type);
	return VERDICT_EVENTS;
}

static enum verdict normalise(struct intake *in, const struct reader *body)
{
	const char *type = reader_text(body, "event.event_type");
	const char *data = reader_text(body, "event.data.type");

	if (!type)
		return reader_has(body, "messages")
			? ignored(in, "webhooks v1 and v2 have ended: subscribe to v3")
			: ignored(in, "the body has no event of webhooks v3");
	in->out->kind = arena_strdup(in->arena, type);
	/* Notes, responders and the like come as incident.* too, with data of their own. */
	if (!after_prefix(type, "incident.") || !data || strcmp(data, "incident") != 0)
		return ignored(in, "%.80s: not a kind that is measured", type);
	return on_incident(in, body, type);
}

static const struct wanted wanted[] = {
	{"messages"},
	OBJECT("event", {"event_type"}, {"occurred_at"},
		OBJECT("data", {"id"}, {"type"}, {"html_url"}, {"status"}, {"title"},
			{"created_at"}, {"urgency"}, OBJECT("service", {"id"}, {"summary"}),
			OBJECT("priority", {"summary"}), OBJECT("teams", {"summary"}),
			OBJECT("incident_type", {"name"}),
			OBJECT("resolve_reason", OBJECT("incident", {"id"})))),
	{0},
};

const struct source source_pagerduty = {
	.name = "pagerduty",
	.delivery_header = "x-webhook-id",
	.wanted = wanted,
	.normalise = normalise,
};
