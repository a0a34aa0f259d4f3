/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Opsgenie's webhook integration. Its times are milliseconds in createdAt and nanoseconds in
 * updatedAt. A closed alert is never opened again: a new one with its alias is made.
 */
#include "observe.h"

#include <string.h>

enum effect {
	EFFECT_OPENED, /* or seen to be open */
	EFFECT_RESOLVED,
	EFFECT_CANCELLED,
	EFFECT_NONE, /* on the state; tags and priority are observed */
};

static const char *const state_words[] = {
	[EFFECT_OPENED] = "open",
	[EFFECT_RESOLVED] = "resolved",
	[EFFECT_CANCELLED] = "cancelled",
	[EFFECT_NONE] = NULL,
};

static const struct choice actions[] = {
	{"Create", EFFECT_OPENED},
	{"Close", EFFECT_RESOLVED},
	{"Delete", EFFECT_CANCELLED},
	{"Acknowledge", EFFECT_OPENED},
	{"UnAcknowledge", EFFECT_OPENED},
	{"AddTags", EFFECT_NONE},
	{"RemoveTags", EFFECT_NONE},
	{"UpdatePriority", EFFECT_NONE},
};

/* 3 and "P3" are the same. */
static const char *read_priority(struct intake *in, const struct reader *alert)
{
	int64_t number;

	if (reader_int(alert, "priority", &number))
		return arena_printf(in->arena, "P%lld", (long long)number);
	return reader_text(alert, "priority");
}

/* The tag service:checkout, or what the alert says it is about. */
static const char *put_tags(struct dora_event *event, const struct reader *alert)
{
	size_t n = reader_count(alert, "tags");
	const char *service = NULL;

	if (reader_has(alert, "tags"))
		dora_put_list(event, "labels");
	for (size_t i = 0; i < n; i++) {
		struct reader tag = reader_entry(alert, "tags", i);
		const char *text = reader_text(&tag, "");

		dora_put_entry(event, "labels", text);
		if (!service && (service = after_prefix(text, "service:")))
			service += strspn(service, " ");
	}
	return service;
}

static enum verdict normalise(struct intake *in, const struct reader *body)
{
	const char *action = reader_string(body, "action");
	struct reader alert = reader_at(body, "alert");
	int effect;

	in->out->kind = action;
	if (!choice_find(actions, ARRAY_LEN(actions), action, &effect))
		return ignored(in, "%.60s: changes nothing that is measured", action);
	in->dora_source = "/opsgenie/opsgenie.com";
	int64_t created_us = reader_time(&alert, "createdAt");
	int64_t at_us = in->delivery->received_us; /* what comes after is not of then */
	(void)reader_time_at(&alert, "updatedAt", &at_us);
	if (is_one_of(action, LIST("Create")))
		at_us = created_us;

	struct dora_event *event = observe(in, DORA_INCIDENT,
		entity_key(in, "opsgenie/%s", reader_id(&alert, "alertId")), at_us);
	const char *service = put_tags(event, &alert);
	dora_put_text(event, "origin.system", "opsgenie");
	dora_put_text(event, "origin.host", "opsgenie.com");
	dora_put_text(event, "origin.ci",
		service ? service : READER_FIRST(&alert, "details.service", "entity"));
	dora_put_text(event, "origin.component", reader_text(body, "integrationName"));
	dora_put_text(event, "state", state_words[effect]);
	dora_put_bool(event, "candidate", false);
	dora_put_time(event, "started_at", created_us);
	if (effect == EFFECT_RESOLVED)
		dora_put_time(event, "resolved_at", at_us);
	dora_put_text(event, "severity_raw", read_priority(in, &alert));
	if (in->delivery->options.keep_titles)
		dora_put_text(event, "title", reader_text(&alert, "message"));
	observe_id(in, event, "%020lld/%s", (long long)at_us, action);
	return VERDICT_EVENTS;
}

static const struct wanted wanted[] = {
	{"action"},
	{"integrationName"},
	OBJECT("alert", {"alertId"}, {"createdAt"}, {"updatedAt"}, {"tags"}, {"priority"},
		{"entity"}, {"message"}, OBJECT("details", {"service"})),
	{0},
};

const struct source source_opsgenie = {
	.name = "opsgenie",
	.wanted = wanted,
	.normalise = normalise,
};
