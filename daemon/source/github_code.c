/* SPDX-License-Identifier: Apache-2.0 */
#include "github.h"
#include "ticket.h"

#include <string.h>

#define MOST_COMMITS 2048 /* of one push: as many may be all, or the first of more */
#define MOST_FILES 3000   /* of one commit */

static const char *default_branch(const struct reader *body)
{
	const char *branch =
		READER_FIRST(body, "repository.default_branch", "repository.master_branch");

	if (!branch)
		reader_complain(body, "repository.default_branch", "a text");
	return branch ? branch : "";
}

static void observe_commit(struct intake *in, const struct reader *body,
	const struct reader *commit, size_t ordinal, int64_t landed_us)
{
	const char *sha = reader_string(commit, "id");
	const char *previous = commit_or_null(in, reader_text(body, "before"));
	struct dora_event *event = observe(in, DORA_CHANGE,
		entity_key(in, "%s/change/%s", github_repository(in, body), sha), landed_us);

	dora_put_text(event, "change_id", commit_or_null(in, sha));
	github_put_origin(in, event, body);
	commit_put_paths(in, event, commit, MOST_FILES);
	commit_put_time(event, commit);
	dora_put_time(event, "landed_at", landed_us);
	dora_put_int(event, "ordinal", (int64_t)ordinal);
	dora_put_text(event, "ref", reader_text(body, "ref"));
	dora_put_text(event, "previous", previous);
	if (reader_count(body, "commits") >= MOST_COMMITS && !in->imported)
		dora_put_bool(event, "truncated", true);
	dora_put_text(event, "url", reader_text(commit, "url"));
	observe_id(in, event, "push/%s", reader_string(body, "after"));
}

/* What a release has no field for: the commit of its tag. Nothing is deployed by it alone. */
static enum verdict on_tag(struct intake *in, const struct reader *body, const char *tag)
{
	const char *sha = commit_or_null(in, reader_text(body, "head_commit.id"));
	int64_t pushed_us = in->delivery->received_us;
	int64_t committed_us = 0;

	if (!sha || !reader_time_at(body, "head_commit.timestamp", &committed_us))
		return ignored(in, "push of the tag %.80s: of no commit", tag);
	(void)reader_time_at(body, "repository.pushed_at", &pushed_us);
	struct dora_event *event = observe(in, DORA_DEPLOYMENT,
		entity_key(in, "%s/tag/%s/%s", github_repository(in, body), tag, sha),
		pushed_us);
	github_put_origin(in, event, body);
	dora_put_text(event, "sha", sha);
	github_put_release(in, event, body, tag, committed_us);
	observe_id(in, event, "pushed");
	return VERDICT_EVENTS;
}

enum verdict github_on_push(struct intake *in, const struct reader *body)
{
	const char *ref = reader_text(body, "ref");
	const char *branch = after_prefix(ref, "refs/heads/");
	const char *tag = after_prefix(ref, "refs/tags/");
	size_t n_commits = reader_count(body, "commits");
	int64_t landed_us = in->delivery->received_us;

	if (reader_is_true(body, "deleted"))
		return ignored(in, "push: %.80s was deleted", ref ? ref : "a branch");
	if (tag)
		return on_tag(in, body, tag);
	if (!branch)
		return ignored(in, "push to %.80s: neither a branch nor a tag",
			ref ? ref : reader_string(body, "ref"));
	if (strcmp(branch, default_branch(body)) != 0)
		return ignored(in, "push to %.80s: not the default branch %.80s", branch,
			default_branch(body));
	if (n_commits == 0)
		return ignored(in, "push to %.80s: without commits", ref);
	/* When the push was made; the body has it nowhere else. */
	(void)reader_time_at(body, "repository.pushed_at", &landed_us);
	for (size_t i = 0; i < n_commits; i++) {
		struct reader commit = reader_entry(body, "commits", i);

		observe_commit(in, body, &commit, i, landed_us);
	}
	return VERDICT_EVENTS;
}

enum verdict github_on_pull_request(struct intake *in, const struct reader *body)
{
	const char *action = reader_string(body, "action");

	/* merge_commit_sha means something only once merged: before, it is a trial merge. */
	if (strcmp(action, "closed") != 0 || !reader_is_true(body, "pull_request.merged"))
		return ignored(in, "pull_request %.40s: not merged", action);
	const char *base = reader_string(body, "pull_request.base.ref");
	if (strcmp(base, default_branch(body)) != 0)
		return ignored(in,
			"pull_request merged into %.80s: not the default branch %.80s", base,
			default_branch(body));

	const char *sha = reader_string(body, "pull_request.merge_commit_sha");
	const char *repository = github_repository(in, body);
	const char *id = reader_id(body, "pull_request.id");
	struct dora_event *event =
		observe(in, DORA_CHANGE, entity_key(in, "%s/change/%s", repository, sha),
			reader_time(body, "pull_request.merged_at"));
	dora_put_text(event, "change_id", commit_or_null(in, sha));
	github_put_origin(in, event, body);
	dora_put_text(event, "review.id", entity_key(in, "%s/pull/%s", repository, id));
	dora_put_time(event, "review.opened_at", reader_time(body, "pull_request.created_at"));
	dora_put_text(event, "url", reader_text(body, "pull_request.html_url"));
	observe_id(in, event, "review/%s", id);
	return VERDICT_EVENTS;
}

/* The organisation's type of an issue, cleared where it has none; a sub-issue is a subtask. */
static void read_type(const struct reader *body, struct ticket *ticket)
{
	ticket->type = reader_text(body, "issue.type.name");
	ticket->type_is_cleared = reader_is_null(body, "issue.type");
	if (reader_has(body, "issue.parent_issue_url"))
		ticket->type = "subtask";
}

static void read_labels(struct intake *in, const struct reader *body, struct ticket *ticket)
{
	size_t n = reader_count(body, "issue.labels");

	ticket->labels.is_known = reader_has(body, "issue.labels");
	for (size_t i = 0; i < n; i++) {
		struct reader label = reader_entry(body, "issue.labels", i);

		labels_add(in, &ticket->labels, reader_text(&label, "name"));
	}
	ticket->severity_raw = labels_severity(&ticket->labels);
	ticket->severity_is_cleared = ticket->labels.is_known;
}

/* How it stands, and when it came to that. */
static void read_state(const struct reader *body, const char *action, struct ticket *ticket)
{
	const char *reason = reader_text(body, "issue.state_reason");
	const char *state = reader_text(body, "issue.state");
	bool closed = is_one_of(state, LIST("closed"));
	bool undone = is_one_of(reason, LIST("not_planned", "duplicate"));

	ticket->time_us = reader_time(body, "issue.updated_at");
	ticket->order = ticket_order(action, closed);
	if (!state && is_one_of(action, LIST("pinned", "unpinned")))
		return; /* these may leave it out */
	if (!state)
		reader_complain(body, "issue.state", "open or closed");
	ticket->status = !closed ? "todo" : undone ? "cancelled" : "done";
	ticket->state = !closed ? "open" : undone ? "cancelled" : "resolved";
	ticket->status_raw = closed && reason ? reason : closed ? "closed" : "open";
	/* closed_at stays when an issue is opened again: only the state says what it means. */
	if (closed && !undone)
		(void)reader_time_at(body, "issue.closed_at", &ticket->resolved_us);
	if (ticket->resolved_us && strcmp(action, "closed") == 0)
		ticket->time_us = ticket->resolved_us;
}

static struct ticket read_issue(
	struct intake *in, const struct reader *body, const char *action)
{
	struct ticket ticket = {
		.entity = entity_key(in, "%s/issue/%s", github_repository(in, body),
			reader_id(body, "issue.id")),
		.started_us = reader_time(body, "issue.created_at"),
		.caused_by_sha = root_cause(in, reader_text(body, "issue.body")),
		.title = reader_text(body, "issue.title"),
		.url = reader_text(body, "issue.html_url"),
	};

	read_type(body, &ticket);
	read_labels(in, body, &ticket);
	read_state(body, action, &ticket);
	return ticket;
}

/* Deleted, or moved to another repository, where it is another issue. */
static void read_departure(
	struct intake *in, const struct reader *body, const char *action, struct ticket *ticket)
{
	const char *issue = reader_id_or_null(body, "changes.new_issue.id");
	const char *repository = reader_id_or_null(body, "changes.new_repository.id");

	ticket->once = "gone";
	ticket->status = ticket->state = "cancelled";
	ticket->status_raw = action;
	ticket->resolved_us = 0;
	ticket->time_us = in->delivery->received_us; /* the issue itself did not change */
	if (issue && repository)
		ticket->duplicate_of = entity_key(
			in, "%s/%s/issue/%s", in->dora_source + 1, repository, issue);
}

enum verdict github_on_issues(struct intake *in, const struct reader *body)
{
	const char *action = reader_string(body, "action");
	struct ticket ticket = read_issue(in, body, action);

	if (strcmp(action, "milestoned") == 0)
		ticket.added_to_sprint_us = ticket.time_us;
	ticket.left_its_sprint = strcmp(action, "demilestoned") == 0;
	if (is_one_of(action, LIST("deleted", "transferred")))
		read_departure(in, body, action, &ticket);
	ticket_observe_end(in, &ticket, github_put_origin, body);
	ticket_observe(in, &ticket, github_put_origin, body);
	return VERDICT_EVENTS;
}

enum verdict github_on_issue_comment(struct intake *in, const struct reader *body)
{
	const char *cause = root_cause(in, reader_text(body, "comment.body"));

	if (reader_has(body, "issue.pull_request"))
		return ignored(in, "issue_comment: on a pull request");
	if (!cause || strcmp(reader_string(body, "action"), "deleted") == 0)
		return ignored(in, "issue_comment: names no root cause");
	struct ticket ticket = read_issue(in, body, "");
	ticket.caused_by_sha = cause;
	ticket_observe_incident(in, &ticket, github_put_origin, body);
	return VERDICT_EVENTS;
}
