/* SPDX-License-Identifier: Apache-2.0 */
#include "gitlab.h"
#include "ticket.h"

#include <string.h>
#include <strings.h>

#define STATE_MERGED 3 /* of changes.state_id: opened, closed, merged, locked */

static void observe_commit(struct intake *in, const struct reader *body,
	const struct reader *commit, int64_t ordinal, bool truncated)
{
	const char *sha = reader_string(commit, "id");
	int64_t landed_us = in->delivery->received_us; /* the body does not say when */
	struct dora_event *event = observe(in, DORA_CHANGE,
		entity_key(in, "%s/change/%s", gitlab_project(in, body), sha), landed_us);

	dora_put_text(event, "change_id", commit_or_null(in, sha));
	gitlab_put_origin(in, event, body);
	commit_put_paths(in, event, commit, SIZE_MAX);
	commit_put_time(event, commit);
	dora_put_time(event, "landed_at", landed_us);
	dora_put_int(event, "ordinal", ordinal);
	dora_put_text(event, "ref", reader_text(body, "ref"));
	dora_put_text(event, "previous", commit_or_null(in, reader_text(body, "before")));
	if (truncated)
		dora_put_bool(event, "truncated", true);
	dora_put_text(event, "url", reader_text(commit, "url"));
	observe_id(in, event, "push/%s", reader_string(body, "after"));
}

enum verdict gitlab_on_push(struct intake *in, const struct reader *body)
{
	const char *ref = reader_string(body, "ref");
	const char *branch = after_prefix(ref, "refs/heads/");
	size_t n = reader_count(body, "commits");
	int64_t total = (int64_t)n;

	if (!commit_or_null(in, reader_string(body, "after")))
		return ignored(in, "push: %.80s was deleted", ref);
	if (!branch || strcmp(branch, reader_string(body, "project.default_branch")) != 0)
		return ignored(in, "push to %.80s: not the default branch %.80s", ref,
			reader_string(body, "project.default_branch"));
	if (n == 0)
		return ignored(in, "push to %.80s: without commits", ref);
	/* Only the newest 20 are in the body; they keep their places in the push. */
	(void)reader_int(body, "total_commits_count", &total);
	bool truncated = total > (int64_t)n;
	int64_t first = truncated && total < INT32_MAX ? total - (int64_t)n : 0;
	for (size_t i = 0; i < n; i++) {
		struct reader commit = reader_entry(body, "commits", i);

		observe_commit(in, body, &commit, first + (int64_t)i, truncated);
	}
	return VERDICT_EVENTS;
}

/* A system hook may leave action out. */
static bool is_merge(const struct reader *body)
{
	const char *action = reader_text(body, "object_attributes.action");
	const char *state = reader_text(body, "object_attributes.state");
	int64_t now = 0;

	if (action)
		return strcmp(action, "merge") == 0;
	return state && strcmp(state, "merged") == 0 &&
		reader_int(body, "changes.state_id.current", &now) && now == STATE_MERGED;
}

static void observe_review(
	struct intake *in, const struct reader *body, const char *sha, int64_t merged_us)
{
	const char *project = gitlab_project(in, body);
	const char *id = reader_id(body, "object_attributes.id");
	struct dora_event *event = observe(
		in, DORA_CHANGE, entity_key(in, "%s/change/%s", project, sha), merged_us);

	dora_put_text(event, "change_id", commit_or_null(in, sha));
	gitlab_put_origin(in, event, body);
	dora_put_text(event, "review.id", entity_key(in, "%s/merge_request/%s", project, id));
	dora_put_time(
		event, "review.opened_at", reader_time(body, "object_attributes.created_at"));
	dora_put_text(event, "url", reader_text(body, "object_attributes.url"));
	observe_id(in, event, "review/%s", id);
}

enum verdict gitlab_on_merge_request(struct intake *in, const struct reader *body)
{
	const char *action = reader_text(body, "object_attributes.action");
	const char *into = reader_text(body, "object_attributes.target_branch");
	const char *branch = READER_FIRST(
		body, "project.default_branch", "object_attributes.target.default_branch");

	if (!is_merge(body))
		return ignored(
			in, "merge_request %.40s: not merged", action ? action : "update");
	if (into && branch && strcmp(into, branch) != 0)
		return ignored(in,
			"merge_request merged into %.80s: not the default branch %.80s", into,
			branch);

	/* A fast-forward has no commit of its own: then it is the last one of the branch. */
	const char *squashed = reader_text(body, "object_attributes.squash_commit_sha");
	const char *sha = READER_FIRST(body, "object_attributes.merge_commit_sha",
		"object_attributes.squash_commit_sha", "object_attributes.last_commit.id");
	int64_t merged_us = reader_time(body,
		reader_has(body, "object_attributes.merged_at")
			? "object_attributes.merged_at"
			: "object_attributes.updated_at");
	if (!sha)
		sha = reader_string(body, "object_attributes.merge_commit_sha");
	observe_review(in, body, sha, merged_us);
	/* Squashed, then merged: the work is in the first, which is as young as the second. */
	if (squashed && strcmp(squashed, sha) != 0)
		observe_review(in, body, squashed, merged_us);
	return VERDICT_EVENTS;
}

static void read_labels(struct intake *in, const struct reader *holder, struct ticket *ticket)
{
	size_t n = reader_count(holder, "labels");

	ticket->labels.is_known = reader_has(holder, "labels");
	for (size_t i = 0; i < n; i++) {
		struct reader label = reader_entry(holder, "labels", i);

		labels_add(in, &ticket->labels, reader_text(&label, "title"));
	}
}

/* An incident has a severity field of its own; an issue may have a label that speaks of it. */
static void read_severity(const struct reader *issue, struct ticket *ticket)
{
	const char *severity = reader_text(issue, "severity");

	if (ticket->is_incident && severity && strcmp(severity, "unknown") != 0)
		ticket->severity_raw = severity;
	else
		ticket->severity_raw = labels_severity(&ticket->labels);
	ticket->severity_is_cleared = true;
}

static void read_state(const struct reader *issue, struct ticket *ticket)
{
	const char *state = reader_string(issue, "state");
	const char *escalation = reader_text(issue, "escalation_status");
	bool closed = strcmp(state, "closed") == 0;
	bool undone = ticket->duplicate_of || reader_is_true(issue, "is_duplicate") ||
		labels_have(&ticket->labels, LIST("workflow::cancelled", "workflow::canceled"));

	ticket->status = !closed ? "todo" : undone ? "cancelled" : "done";
	ticket->state = !closed ? "open" : undone ? "cancelled" : "resolved";
	ticket->status_raw = state;
	ticket->time_us = reader_time(issue, "updated_at");
	ticket->order = ticket_order(reader_text(issue, "action"), closed);
	/* closed_at stays when it is opened again; some have none when they are closed. */
	if (closed && !undone && !reader_time_at(issue, "closed_at", &ticket->resolved_us))
		ticket->resolved_us = ticket->time_us;
	/* What is paged may be over before its ticket is closed. */
	if (!closed && ticket->is_incident && is_one_of(escalation, LIST("resolved")))
		ticket->state = "resolved";
	if (!closed && ticket->is_incident && is_one_of(escalation, LIST("ignored")))
		ticket->state = "cancelled";
}

/* issue: object_attributes, or what a note is about. */
static struct ticket read_issue(
	struct intake *in, const struct reader *body, const struct reader *issue)
{
	const char *host = gitlab_host(in, body);
	const char *type = READER_FIRST(issue, "type", "issue_type");
	const char *moved_to = reader_id_or_null(issue, "moved_to_id");
	const char *duplicated = reader_id_or_null(issue, "duplicated_to_id");
	const char *other = duplicated ? duplicated : moved_to;
	struct ticket ticket = {
		.type = is_one_of(type, LIST("Task")) ? "subtask" : type,
		.is_incident = is_one_of(type, LIST("Incident")),
		.started_us = reader_time(issue, "created_at"),
		.caused_by_sha = root_cause(in, reader_text(issue, "description")),
		.duplicate_is_known = reader_is_null(issue, "duplicated_to_id"),
		.title = reader_text(issue, "title"),
		.url = reader_text(issue, "url"),
	};

	/* Numbered across the whole instance. */
	in->dora_source = arena_printf(in->arena, "/gitlab/%s", host);
	ticket.entity = entity_key(in, "gitlab/%s/issue/%s", host, reader_id(issue, "id"));
	if (other)
		ticket.duplicate_of = entity_key(in, "gitlab/%s/issue/%s", host, other);
	read_labels(in, reader_has(issue, "labels") ? issue : body, &ticket);
	/* Before 17.2 a webhook did not say what type of issue it was. */
	if (!type)
		ticket.is_incident = labels_have(&ticket.labels, LIST("incident"));
	read_severity(issue, &ticket);
	read_state(issue, &ticket);
	return ticket;
}

enum verdict gitlab_on_issue(struct intake *in, const struct reader *body)
{
	struct reader issue = reader_at(body, "object_attributes");
	struct ticket ticket = read_issue(in, body, &issue);

	if (is_one_of(reader_text(&issue, "action"), LIST("close")) && ticket.resolved_us)
		ticket.time_us = ticket.resolved_us;
	ticket_observe_end(in, &ticket, gitlab_put_origin, body);
	ticket_observe(in, &ticket, gitlab_put_origin, body);
	return VERDICT_EVENTS;
}

enum verdict gitlab_on_note(struct intake *in, const struct reader *body)
{
	const char *cause = root_cause(in, reader_text(body, "object_attributes.note"));
	const char *on = reader_text(body, "object_attributes.noteable_type");

	if (!is_one_of(on, LIST("Issue")))
		return ignored(in, "note: not on an issue");
	if (!cause)
		return ignored(in, "note: names no root cause");
	struct reader issue = reader_at(body, "issue");
	struct ticket ticket = read_issue(in, body, &issue);
	ticket.caused_by_sha = cause;
	ticket_observe_incident(in, &ticket, gitlab_put_origin, body);
	return VERDICT_EVENTS;
}
