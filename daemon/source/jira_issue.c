/* SPDX-License-Identifier: Apache-2.0 */
#include "jira.h"
#include "ticket.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Closed, but the work was not done (METRICS.md section 5). Apostrophes are typographic on
 * newer sites. */
static bool is_undone(const char *resolution)
{
	return is_one_of(resolution,
		LIST("won't do", "won't fix", "won\xe2\x80\x99t do", "won\xe2\x80\x99t fix",
			"duplicate", "cannot reproduce", "declined", "incomplete", "cancelled",
			"canceled"));
}

static bool is_cancelled(const char *status)
{
	return is_one_of(status, LIST("cancelled", "canceled"));
}

/* "[System] Incident" of older service projects is an Incident. */
static const char *plain_type(const char *name)
{
	static const char system[] = "[System] ";

	if (!name || strncasecmp(name, system, strlen(system)) != 0)
		return name;
	return name + strlen(system);
}

static bool is_incident_type(const char *name)
{
	return is_one_of(plain_type(name), LIST("Incident"));
}

/* The site's pages: what stands before /rest/ in an address of its API. */
static const char *issue_page(struct intake *in, const struct reader *issue)
{
	const char *self = reader_text(issue, "self");
	const char *rest = self ? strstr(self, "/rest/") : NULL;
	const char *key = reader_text(issue, "key");

	if (!rest || !key || after_prefix(self, "https://api.atlassian.com/"))
		return NULL;
	return arena_printf(in->arena, "%.*s/browse/%s", (int)(rest - self), self, key);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* One as a text, several as a sorted list. */
static void put_components(
	struct intake *in, struct dora_event *event, const struct reader *issue)
{
	struct labels names = {0};
	size_t n = reader_count(issue, "fields.components");

	for (size_t i = 0; i < n; i++) {
		struct reader component = reader_entry(issue, "fields.components", i);

		labels_add(in, &names, reader_text(&component, "name"));
	}
	if (names.n == 1)
		dora_put_text(event, "origin.component", names.names[0]);
	if (names.n == 0 && reader_has(issue, "fields.components"))
		dora_put_null(event, "origin.component");
	if (names.n < 2)
		return;
	qsort(names.names, names.n, sizeof(*names.names), by_name);
	for (size_t i = 0; i < names.n; i++)
		dora_put_entry(event, "origin.component", names.names[i]);
}

static void put_issue_origin(
	struct intake *in, struct dora_event *event, const struct reader *issue)
{
	const char *project = reader_text(issue, "fields.project.key");
	const char *key = reader_text(issue, "key");
	const char *dash = key ? strrchr(key, '-') : NULL;

	if (!project && dash)
		project = arena_strndup(in->arena, key, (size_t)(dash - key));
	dora_put_text(event, "origin.system", "jira");
	dora_put_text(event, "origin.host", jira_host(in, issue, "self"));
	dora_put_text(event, "origin.project", project);
	put_components(in, event, issue);
}

static void read_links(
	struct intake *in, const struct reader *issue, const char *host, struct ticket *ticket)
{
	static const char *const ends[] = {"inwardIssue", "outwardIssue"};
	size_t n = reader_count(issue, "fields.issuelinks");
	struct labels incidents = {0};

	ticket->links_are_known = reader_has(issue, "fields.issuelinks");
	ticket->duplicate_is_known = ticket->links_are_known;
	for (size_t i = 0; i < 2 * n; i++) {
		struct reader link = reader_entry(issue, "fields.issuelinks", i / 2);
		struct reader other = reader_at(&link, ends[i % 2]);
		const char *id = reader_id_or_null(&other, "id");
		const char *outward = reader_text(&link, "type.outward");

		if (!id)
			continue;
		const char *key = entity_key(in, "jira/%s/%s", host, id);
		if (is_incident_type(reader_text(&other, "fields.issuetype.name")))
			labels_add(in, &incidents, key);
		if (i % 2 == 1 && is_one_of(outward, LIST("duplicates")))
			ticket->duplicate_of = key;
	}
	ticket->linked_incidents = incidents.names;
	ticket->n_linked = incidents.n;
}

static void read_status(const struct reader *issue, struct ticket *ticket)
{
	const char *category = reader_text(issue, "fields.status.statusCategory.key");
	bool done = is_one_of(category, LIST("done"));
	bool undone = done &&
		(is_undone(reader_text(issue, "fields.resolution.name")) ||
			is_cancelled(ticket->status_raw));

	if (done) {
		ticket->status = undone ? "cancelled" : "done";
		ticket->state = undone ? "cancelled" : "resolved";
	} else if (category) {
		ticket->status = strcmp(category, "new") == 0    ? "todo"
			: strcmp(category, "indeterminate") == 0 ? "in_progress"
								 : NULL;
		ticket->state = "open";
	}
	/* resolutiondate may stay when it is opened again, and not every project sets it. */
	if (done && !undone &&
		!reader_time_at(issue, "fields.resolutiondate", &ticket->resolved_us))
		(void)reader_time_at(
			issue, "fields.statuscategorychangedate", &ticket->resolved_us);
}

static void read_labels(struct intake *in, const struct reader *issue, struct ticket *ticket)
{
	size_t n = reader_count(issue, "fields.labels");

	ticket->labels.is_known = reader_has(issue, "fields.labels");
	for (size_t i = 0; i < n; i++) {
		struct reader label = reader_entry(issue, "fields.labels", i);

		labels_add(in, &ticket->labels, reader_text(&label, ""));
	}
}

/*
 * A name that says how severe it is stands for itself (CATALOG.md). The priorities that a site
 * begins with have numbers from 1 on, whatever they are called, in whatever language; those
 * that it adds have not.
 */
static void read_severity(const struct reader *issue, struct ticket *ticket)
{
	const char *id = reader_id_or_null(issue, "fields.priority.id");
	const char *name = reader_text(issue, "fields.priority.name");
	bool speaks = !name || strpbrk(name, "0123456789") ||
		is_one_of(name,
			LIST("highest", "critical", "high", "error", "medium", "moderate",
				"warning", "low", "lowest", "info"));

	ticket->severity_raw = name;
	ticket->severity_is_cleared = reader_is_null(issue, "fields.priority");
	ticket->severity_is_known = name || ticket->severity_is_cleared;
	if (!speaks && id && id[0] >= '1' && id[0] <= '5' && id[1] == '\0')
		ticket->severity = id[0] - '0';
}

static int64_t read_time(
	struct intake *in, const struct reader *body, const struct reader *issue)
{
	int64_t time_us = in->delivery->received_us;

	if (!reader_time_at(body, "timestamp", &time_us))
		(void)reader_time_at(issue, "fields.updated", &time_us);
	return time_us;
}

static struct ticket read_issue(
	struct intake *in, const struct reader *body, const struct reader *issue)
{
	const char *host = jira_host(in, issue, "self");
	const char *type = reader_text(issue, "fields.issuetype.name");
	struct ticket ticket = {
		.entity = entity_key(in, "jira/%s/%s", host, reader_id(issue, "id")),
		.time_us = read_time(in, body, issue),
		.order = reader_id_or_null(body, "changelog.id"),
		.type = plain_type(type),
		.is_incident = is_incident_type(type),
		.priority = reader_text(issue, "fields.priority.name"),
		.status_raw = reader_text(issue, "fields.status.name"),
		.title = reader_text(issue, "fields.summary"),
		.url = issue_page(in, issue),
	};

	in->dora_source = arena_printf(in->arena, "/jira/%s", host);
	if (!ticket.order)
		ticket.order = "0";
	if (reader_is_true(issue, "fields.issuetype.subtask"))
		ticket.type = "subtask";
	(void)reader_time_at(issue, "fields.created", &ticket.started_us);
	ticket.caused_by_sha = root_cause(in, reader_text(body, "comment.body"));
	if (!ticket.caused_by_sha)
		ticket.caused_by_sha = root_cause(in, reader_text(issue, "fields.description"));
	read_labels(in, issue, &ticket);
	read_links(in, issue, host, &ticket);
	jira_read_sprint(body, issue, &ticket);
	read_status(issue, &ticket);
	read_severity(issue, &ticket);
	return ticket;
}

/* A link tells the other's status, not its resolution. */
static const char *linked_state(const char *category, const char *status)
{
	if (strcmp(category, "done") != 0)
		return "open";
	return is_cancelled(status) ? "cancelled" : "resolved";
}

/* The review of incidents is a ticket of its own, linked to them. */
static void observe_review(
	struct intake *in, const struct reader *issue, const struct ticket *review)
{
	static const char *const ends[] = {"inwardIssue", "outwardIssue"};
	size_t n = reader_count(issue, "fields.issuelinks");

	for (size_t i = 0; i < 2 * n; i++) {
		struct reader link = reader_entry(issue, "fields.issuelinks", i / 2);
		struct reader other = reader_at(&link, ends[i % 2]);
		const char *category = reader_text(&other, "fields.status.statusCategory.key");

		if (!category ||
			!is_incident_type(reader_text(&other, "fields.issuetype.name")))
			continue;
		const char *key = entity_key(in, "jira/%s/%s", jira_host(in, issue, "self"),
			reader_id(&other, "id"));
		struct dora_event *event = observe(in, DORA_INCIDENT, key, review->time_us);
		dora_put_bool(event, "candidate", false);
		dora_put_text(event, "state",
			linked_state(category, reader_text(&other, "fields.status.name")));
		dora_put_text(event, "review_url", review->url);
		observe_snapshot(in, event, "review/%s", padded(in, review->order));
	}
}

/* An item is done when its status came to be of that category, whenever it was resolved. */
static void observe_end(
	struct intake *in, const struct reader *issue, const struct ticket *ticket)
{
	struct ticket end = *ticket;

	if (!is_one_of(ticket->status, LIST("done")))
		return;
	(void)reader_time_at(issue, "fields.statuscategorychangedate", &end.resolved_us);
	ticket_observe_end(in, &end, put_issue_origin, issue);
}

enum verdict jira_on_issue(
	struct intake *in, const struct reader *body, const struct reader *issue)
{
	if (!reader_has(issue, "fields"))
		reader_complain(issue, "fields", "an object");
	struct ticket ticket = read_issue(in, body, issue);
	if (is_one_of(in->out->kind, LIST("jira:issue_deleted"))) {
		ticket.once = "gone";
		ticket.status = ticket.state = "cancelled";
		ticket.status_raw = NULL; /* no rule for its last one makes it done */
		ticket.resolved_us = 0;
	}
	observe_end(in, issue, &ticket);
	ticket_observe(in, &ticket, put_issue_origin, issue);
	if (is_one_of(ticket.type, LIST("Post-incident review")) && ticket.url)
		observe_review(in, issue, &ticket);
	return VERDICT_EVENTS;
}

/* A comment's issue has few fields: it is told only for the root cause that the comment
 * names. Done without a word of its resolution it may be cancelled: its state is as it was. */
enum verdict jira_on_comment(
	struct intake *in, const struct reader *body, const struct reader *issue)
{
	if (!issue->value)
		return ignored(in, "%s: does not say on which issue", in->out->kind);
	if (!root_cause(in, reader_text(body, "comment.body")))
		return ignored(in, "%s: names no root cause", in->out->kind);
	struct ticket ticket = read_issue(in, body, issue);
	if (is_one_of(ticket.state, LIST("resolved")) &&
		!reader_has(issue, "fields.resolution") &&
		!reader_is_null(issue, "fields.resolution")) {
		ticket.state = NULL;
		ticket.resolved_us = 0;
	}
	ticket_observe_incident(in, &ticket, put_issue_origin, issue);
	return VERDICT_EVENTS;
}
