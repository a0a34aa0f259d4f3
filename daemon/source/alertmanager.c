/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prometheus Alertmanager, webhook payload of version 4. One POST is a whole group as it
 * stands, and comes again every repeat_interval. An alert is an incident from its startsAt on:
 * the same labels firing later are another.
 */
#include "environment.h"
#include "event/digest.h"
#include "observe.h"

#include <stdlib.h>

#define FINGERPRINT_DIGITS 16

/* Alertmanagers before 0.21 do not send it; theirs is another hash, ours is as good a name. */
static const char *fingerprint(struct intake *in, const struct reader *alert)
{
	const char *given = reader_text(alert, "fingerprint");
	const json_t *labels = reader_find(alert, "labels");
	char hex[DIGEST_HEX_MAX];
	size_t n;

	if (given || !labels)
		return given;
	char *text = canonical_text(labels, &n);
	digest_hex(text, n, hex);
	free(text);
	return arena_strndup(in->arena, hex, FINGERPRINT_DIGITS);
}

static void put_labels(struct intake *in, struct dora_event *event, const struct reader *alert)
{
	const char *name;
	json_t *value;

	dora_put_list(event, "labels");
	json_object_foreach((json_t *)(uintptr_t)reader_find(alert, "labels"), name, value) {
		if (json_is_string(value))
			dora_put_entry(event, "labels",
				arena_printf(
					in->arena, "%s=%s", name, json_string_value(value)));
	}
}

static void put_origin(struct intake *in, struct dora_event *event, const struct reader *body,
	const struct reader *alert)
{
	dora_put_text(event, "origin.system", "alertmanager");
	dora_put_text(event, "origin.host", host_of(in, reader_text(body, "externalURL")));
	dora_put_text(event, "origin.project", reader_text(alert, "labels.namespace"));
	dora_put_text(event, "origin.component", reader_text(alert, "labels.component"));
	dora_put_text(event, "origin.assignment_group", reader_text(alert, "labels.team"));
	dora_put_text(event, "origin.ci",
		READER_FIRST(alert, "labels.service", "labels.app", "labels.job"));
}

static void observe_alert(
	struct intake *in, const struct reader *body, const struct reader *alert)
{
	const char *status = reader_text(alert, "status");
	int64_t started_us = reader_time(alert, "startsAt");
	int64_t ended_us = in->delivery->received_us;

	if (!status)
		status = reader_string(body, "status");
	if (!json_is_object(reader_find(alert, "labels")))
		reader_complain(alert, "labels", "an object");
	if (!is_one_of(status, LIST("firing", "resolved")))
		reader_complain(alert, "status", "firing or resolved");
	bool resolved = is_one_of(status, LIST("resolved"));
	/* While it fires this is the year 1, or when it would end by itself. */
	bool known = reader_time_at(alert, "endsAt", &ended_us) && ended_us >= started_us;
	if (!known)
		ended_us = in->delivery->received_us;

	const char *entity = entity_key(in, "alertmanager/%s/%lld",
		fingerprint(in, alert) ? fingerprint(in, alert) : "", (long long)started_us);
	struct dora_event *event =
		observe(in, DORA_INCIDENT, entity, resolved ? ended_us : started_us);
	put_origin(in, event, body, alert);
	put_labels(in, event, alert);
	dora_put_text(event, "item_type", reader_text(alert, "labels.alertname"));
	dora_put_text(event, "state", resolved ? "resolved" : "open");
	dora_put_bool(event, "candidate", false);
	dora_put_text(event, "environment_class",
		environment_class_of(READER_FIRST(
			alert, "labels.environment", "labels.env", "labels.stage")));
	dora_put_time(event, "started_at", started_us);
	if (resolved)
		dora_put_time(event, "resolved_at", ended_us);
	dora_put_text(event, "severity_raw", reader_text(alert, "labels.severity"));
	if (in->delivery->options.keep_titles)
		dora_put_text(event, "title", reader_text(alert, "annotations.summary"));
	dora_put_text(event, "url", reader_text(alert, "generatorURL"));
	if (!resolved)
		observe_id(in, event, "firing");
	else
		observe_id(in, event, "resolved/%020lld", known ? (long long)ended_us : 0LL);
}

static enum verdict normalise(struct intake *in, const struct reader *body)
{
	size_t n = reader_count(body, "alerts");
	const char *host = host_of(in, reader_text(body, "externalURL"));

	if (!json_is_array(reader_find(body, "alerts")))
		return ignored(in, "no list of alerts: not the payload of version 4");
	in->out->kind = reader_text(body, "status");
	in->dora_source =
		host ? arena_printf(in->arena, "/alertmanager/%s", host) : "/alertmanager";
	for (size_t i = 0; i < n; i++) {
		struct reader alert = reader_entry(body, "alerts", i);

		observe_alert(in, body, &alert);
	}
	return VERDICT_EVENTS;
}

static const struct wanted wanted[] = {
	{"status"},
	{"externalURL"},
	OBJECT("alerts", {"status"}, {"labels"}, OBJECT("annotations", {"summary"}),
		{"startsAt"}, {"endsAt"}, {"generatorURL"}, {"fingerprint"}),
	{0},
};

const struct source source_alertmanager = {
	.name = "alertmanager",
	.wanted = wanted,
	.normalise = normalise,
};
