/* SPDX-License-Identifier: Apache-2.0 */
#include "ticket.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static void put_or_clear(
	struct dora_event *event, const char *field, const char *text, bool is_known)
{
	if (text)
		dora_put_text(event, field, text);
	else if (is_known)
		dora_put_null(event, field);
}

static void put_labels(struct dora_event *event, const struct ticket *ticket)
{
	if (ticket->labels.is_known)
		dora_put_list(event, "labels");
	for (size_t i = 0; i < ticket->labels.n; i++)
		dora_put_entry(event, "labels", ticket->labels.names[i]);
	if (ticket->label_put)
		dora_put_flag(event, "label_changes", ticket->label_put, true);
	if (ticket->label_taken)
		dora_put_flag(event, "label_changes", ticket->label_taken, false);
}

/* What a work item and an incident have in common. */
static void put_common(struct dora_event *event, const struct ticket *ticket)
{
	put_or_clear(event, "item_type", ticket->type, ticket->type_is_cleared);
	put_labels(event, ticket);
	dora_put_text(event, "url", ticket->url);
}

static void name_event(struct intake *in, struct dora_event *event, const struct ticket *ticket)
{
	const char *kind = dora_kind_name(event->kind);

	if (ticket->once)
		observe_id(in, event, "%s/%s", kind, ticket->once);
	else if (ticket->order)
		observe_snapshot(in, event, "%s/%s", kind, padded(in, ticket->order));
	else
		observe_snapshot(in, event, "%s", kind);
}

static void observe_item(struct intake *in, const struct ticket *ticket, put_origin *put,
	const struct reader *body)
{
	struct dora_event *event = observe(in, DORA_WORK_ITEM, ticket->entity, ticket->time_us);

	put(in, event, body);
	put_common(event, ticket);
	dora_put_text(event, "priority", ticket->priority);
	dora_put_text(event, "status", ticket->status);
	dora_put_text(event, "status_raw", ticket->status_raw);
	if (ticket->links_are_known)
		dora_put_list(event, "linked_incidents");
	for (size_t i = 0; i < ticket->n_linked; i++)
		dora_put_entry(event, "linked_incidents", ticket->linked_incidents[i]);
	if (ticket->sprint_started_us)
		dora_put_time(event, "sprint_started_at", ticket->sprint_started_us);
	if (ticket->sprint_is_to_come)
		dora_put_null(event, "sprint_started_at");
	if (ticket->added_to_sprint_us)
		dora_put_time(event, "added_to_sprint_at", ticket->added_to_sprint_us);
	if (ticket->left_its_sprint) {
		dora_put_null(event, "sprint_started_at");
		dora_put_null(event, "added_to_sprint_at");
	}
	name_event(in, event, ticket);
}

static void put_severity(struct dora_event *event, const struct ticket *ticket)
{
	if (ticket->severity)
		dora_put_int(event, "severity", ticket->severity);
	else if (ticket->severity_is_known)
		dora_put_null(event, "severity");
	put_or_clear(event, "severity_raw", ticket->severity_raw, ticket->severity_is_cleared);
}

void ticket_observe_incident(struct intake *in, const struct ticket *ticket, put_origin *put,
	const struct reader *body)
{
	struct dora_event *event = observe(in, DORA_INCIDENT, ticket->entity, ticket->time_us);

	put(in, event, body);
	dora_put_bool(event, "candidate", !ticket->is_incident);
	put_common(event, ticket);
	put_severity(event, ticket);
	dora_put_text(event, "state", ticket->state);
	if (ticket->started_us)
		dora_put_time(event, "started_at", ticket->started_us);
	if (ticket->resolved_us)
		dora_put_time(event, "resolved_at", ticket->resolved_us);
	dora_put_text(event, "caused_by_sha", ticket->caused_by_sha);
	put_or_clear(event, "caused_by_change_request", ticket->caused_by_change_request,
		ticket->change_request_is_known);
	put_or_clear(event, "duplicate_of", ticket->duplicate_of, ticket->duplicate_is_known);
	if (in->delivery->options.keep_titles)
		dora_put_text(event, "title", ticket->title);
	name_event(in, event, ticket);
}

void ticket_observe_end(struct intake *in, const struct ticket *ticket, put_origin *put,
	const struct reader *body)
{
	const struct ticket end = {
		.entity = ticket->entity,
		.time_us = ticket->resolved_us,
		.order = ticket_order("close", true),
		.status = ticket->status,
		.status_raw = ticket->status_raw,
	};

	if (in->imported && !ticket->stands_alone)
		return;
	if (ticket->resolved_us && ticket->resolved_us < ticket->time_us)
		observe_item(in, &end, put, body);
}

const char *ticket_order(const char *action, bool closed)
{
	if (is_one_of(action, LIST("open", "opened")))
		return "0";
	if (is_one_of(action, LIST("close", "closed")))
		return "2";
	if (is_one_of(action, LIST("reopen", "reopened")))
		return "4";
	return closed ? "3" : "1";
}

void ticket_observe(struct intake *in, const struct ticket *ticket, put_origin *put,
	const struct reader *body)
{
	observe_item(in, ticket, put, body);
	ticket_observe_incident(in, ticket, put, body);
}

void labels_add(struct intake *in, struct labels *labels, const char *name)
{
	if (!name || !*name)
		return;
	if ((labels->n & (labels->n - 1)) == 0) { /* there is room for each power of two */
		const char **names = arena_alloc(
			in->arena, (labels->n ? 2 * labels->n : 1) * sizeof(*names));

		if (labels->n)
			memcpy(names, labels->names, labels->n * sizeof(*names));
		labels->names = names;
	}
	labels->names[labels->n++] = name;
}

bool labels_have(const struct labels *labels, const char *const *words)
{
	for (size_t i = 0; i < labels->n; i++) {
		if (is_one_of(labels->names[i], words))
			return true;
	}
	return false;
}

static bool is_severity(const char *label)
{
	static const char *const words[] = {"severity", "sev", "priority", "prio", "p"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		size_t n = strlen(words[i]);

		if (strncasecmp(label, words[i], n) != 0)
			continue;
		const char *rest = label + n + strspn(label + n, " :/_-");
		if (isdigit((unsigned char)rest[0]) && rest[1] == '\0')
			return true;
	}
	return false;
}

const char *labels_severity(const struct labels *labels)
{
	for (size_t i = 0; i < labels->n; i++) {
		if (is_severity(labels->names[i]))
			return labels->names[i];
	}
	return NULL;
}
