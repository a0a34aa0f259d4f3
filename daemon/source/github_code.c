/* SPDX-License-Identifier: Apache-2.0 */
#include "github.h"

#include <ctype.h>
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

/* Directories touched; a commit without these lists touches nobody knows what. */
static void put_paths(struct intake *in, struct dora_event *event, const struct reader *commit)
{
	static const char *const lists[] = {"added", "removed", "modified"};
	struct directories *directories = directories_create(in->arena);
	size_t n_files = 0;
	bool known = false;

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const json_t *files = reader_find(commit, lists[i]);
		size_t at;
		json_t *file;

		known = known || json_is_array(files);
		n_files += json_array_size(files);
		json_array_foreach((json_t *)(uintptr_t)files, at, file) {
			if (json_is_string(file))
				directories_add(directories, json_string_value(file));
		}
	}
	if (known)
		directories_put(directories, event, n_files >= MOST_FILES);
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
	put_paths(in, event, commit);
	dora_put_time(event, "committed_at", reader_time(commit, "timestamp"));
	dora_put_time(event, "landed_at", landed_us);
	dora_put_int(event, "ordinal", (int64_t)ordinal);
	dora_put_text(event, "ref", reader_text(body, "ref"));
	dora_put_text(event, "previous", previous);
	if (reader_count(body, "commits") >= MOST_COMMITS)
		dora_put_bool(event, "truncated", true);
	dora_put_text(event, "url", reader_text(commit, "url"));
	observe_id(in, event, "push/%s", reader_string(body, "after"));
}

enum verdict github_on_push(struct intake *in, const struct reader *body)
{
	const char *ref = reader_string(body, "ref");
	const char *branch = after_prefix(ref, "refs/heads/");
	size_t n_commits = reader_count(body, "commits");
	int64_t landed_us = in->delivery->received_us;

	if (*ref && !branch)
		return ignored(in, "push to %.80s: not a branch", ref);
	if (reader_is_true(body, "deleted"))
		return ignored(in, "push: %.80s was deleted", ref);
	if (branch && strcmp(branch, default_branch(body)) != 0)
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
	const char *base = reader_string(body, "pull_request.base.ref");

	/* merge_commit_sha means something only once merged: before, it is a trial merge. */
	if (strcmp(action, "closed") != 0 || !reader_is_true(body, "pull_request.merged"))
		return ignored(in, "pull_request %.40s: not merged", action);
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

/* "sev1", "P2", "priority: 3": the sender's word for a severity is a label's. */
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

static const char *put_labels(struct dora_event *event, const struct reader *body)
{
	size_t n = reader_count(body, "issue.labels");
	const char *severity = NULL;

	if (!reader_has(body, "issue.labels"))
		return NULL;
	dora_put_list(event, "labels");
	for (size_t i = 0; i < n; i++) {
		struct reader label = reader_entry(body, "issue.labels", i);
		const char *name = reader_text(&label, "name");

		dora_put_entry(event, "labels", name);
		if (name && !severity && is_severity(name))
			severity = name;
	}
	return severity;
}

/* The organisation's type of an issue, cleared where it has none; a sub-issue is a subtask. */
static void put_type(struct dora_event *event, const struct reader *body)
{
	if (reader_has(body, "issue.parent_issue_url"))
		dora_put_text(event, "item_type", "subtask");
	else if (reader_has(body, "issue.type.name"))
		dora_put_text(event, "item_type", reader_text(body, "issue.type.name"));
	else if (reader_is_null(body, "issue.type"))
		dora_put_null(event, "item_type");
}

/* How an issue stands, and when it came to that. */
struct standing {
	const char *entity;
	const char *status; /* of a work item */
	const char *raw;
	const char *state; /* of an incident */
	int64_t time_us;
	int64_t resolved_us; /* 0: not */
	bool is_gone;        /* deleted, or moved to another repository */
};

static struct standing read_standing(
	struct intake *in, const struct reader *body, const char *action)
{
	const char *reason = reader_text(body, "issue.state_reason");
	bool closed = strcmp(reader_string(body, "issue.state"), "closed") == 0;
	bool undone = is_one_of(reason, LIST("not_planned", "duplicate"));
	struct standing now = {
		.entity = entity_key(in, "%s/issue/%s", github_repository(in, body),
			reader_id(body, "issue.id")),
		.status = !closed ? "todo"
			: undone  ? "cancelled"
				  : "done",
		.state = !closed ? "open"
			: undone ? "cancelled"
				 : "resolved",
		.raw = closed && reason ? reason
			: closed        ? "closed"
					: "open",
		.time_us = reader_time(body, "issue.updated_at"),
		.is_gone = is_one_of(action, LIST("deleted", "transferred")),
	};

	/* closed_at stays when an issue is opened again: only the state says what it means. */
	if (closed && !undone)
		(void)reader_time_at(body, "issue.closed_at", &now.resolved_us);
	if (now.resolved_us && strcmp(action, "closed") == 0)
		now.time_us = now.resolved_us;
	if (now.is_gone) {
		now.status = now.state = "cancelled";
		now.raw = action;
		now.resolved_us = 0;
		now.time_us = in->delivery->received_us; /* the issue itself did not change */
	}
	return now;
}

static void observe_item(struct intake *in, const struct reader *body,
	const struct standing *now, const char *action)
{
	struct dora_event *event = observe(in, DORA_WORK_ITEM, now->entity, now->time_us);

	github_put_origin(in, event, body);
	put_type(event, body);
	(void)put_labels(event, body);
	dora_put_text(event, "status", now->status);
	dora_put_text(event, "status_raw", now->raw);
	if (strcmp(action, "milestoned") == 0)
		dora_put_time(event, "added_to_sprint_at", now->time_us);
	else if (strcmp(action, "demilestoned") == 0)
		dora_put_null(event, "added_to_sprint_at");
	dora_put_text(event, "url", reader_text(body, "issue.html_url"));
	if (now->is_gone)
		observe_id(in, event, "work_item/gone");
	else
		observe_snapshot(in, event, "work_item");
}

/* Whether an issue is an incident, the catalogue's rules say. */
static void observe_incident(struct intake *in, const struct reader *body,
	const struct standing *now, const char *cause)
{
	struct dora_event *event = observe(in, DORA_INCIDENT, now->entity, now->time_us);
	const char *moved_to = reader_id_or_null(body, "changes.new_issue.id");
	const char *moved_repository = reader_id_or_null(body, "changes.new_repository.id");

	github_put_origin(in, event, body);
	dora_put_bool(event, "candidate", true);
	put_type(event, body);
	const char *severity = put_labels(event, body);
	if (severity)
		dora_put_text(event, "severity_raw", severity);
	else if (reader_has(body, "issue.labels"))
		dora_put_null(event, "severity_raw");
	dora_put_text(event, "state", now->state);
	dora_put_time(event, "started_at", reader_time(body, "issue.created_at"));
	if (now->resolved_us)
		dora_put_time(event, "resolved_at", now->resolved_us);
	dora_put_text(event, "caused_by_sha", cause);
	if (moved_to && moved_repository)
		dora_put_text(event, "duplicate_of",
			entity_key(in, "%s/%s/issue/%s", in->dora_source + 1, moved_repository,
				moved_to));
	if (in->delivery->options.keep_titles)
		dora_put_text(event, "title", reader_text(body, "issue.title"));
	dora_put_text(event, "url", reader_text(body, "issue.html_url"));
	if (now->is_gone)
		observe_id(in, event, "incident/gone");
	else
		observe_snapshot(in, event, "incident");
}

enum verdict github_on_issues(struct intake *in, const struct reader *body)
{
	const char *action = reader_string(body, "action");
	struct standing now = read_standing(in, body, action);

	observe_item(in, body, &now, action);
	observe_incident(in, body, &now, root_cause(in, reader_text(body, "issue.body")));
	return VERDICT_EVENTS;
}

enum verdict github_on_issue_comment(struct intake *in, const struct reader *body)
{
	const char *cause = root_cause(in, reader_text(body, "comment.body"));

	if (reader_has(body, "issue.pull_request"))
		return ignored(in, "issue_comment: on a pull request");
	if (!cause || strcmp(reader_string(body, "action"), "deleted") == 0)
		return ignored(in, "issue_comment: names no root cause");
	struct standing now = read_standing(in, body, "");
	observe_incident(in, body, &now, cause);
	return VERDICT_EVENTS;
}
