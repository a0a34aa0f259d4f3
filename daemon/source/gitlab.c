/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GitLab.com and self-managed GitLab, project, group and system hooks (docs.gitlab.com,
 * "Webhook
 * events"). The body names its kind; the header says "System Hook" for all of an
 * instance's. A
 * group's hook and a project's tell the same with different ids of delivery, so ids are
 * made of
 * what they tell.
 */
#include "gitlab.h"

#include <string.h>

const char *gitlab_host(struct intake *in, const struct reader *body)
{
	const char *host = host_of(in, delivery_header(in->delivery, "x-gitlab-instance"));

	if (!host)
		host = host_of(in,
			READER_FIRST(body, "project.web_url", "repository.homepage",
				"object_attributes.url", "issue.url", "project.http_url"));
	if (!host)
		reader_complain(body, "project.web_url",
			"the address of a page of the project,"
			" or the header X-Gitlab-Instance");
	return host ? host : "";
}

/* What git tells of a clone has a path only. */
static const char *project_id(const struct intake *in, const struct reader *body)
{
	const char *id = reader_id_or_null(body, "project.id");

	if (!id && in->imported)
		id = reader_text(body, "project.path_with_namespace");
	return id ? id : reader_id(body, "project_id");
}

const char *gitlab_project(struct intake *in, const struct reader *body)
{
	const char *host = gitlab_host(in, body);

	in->dora_source = arena_printf(in->arena, "/gitlab/%s", host);
	return arena_printf(in->arena, "gitlab/%s/%s", host, project_id(in, body));
}

/* group/name, which a job's event has in an address only. */
static const char *project_path(const struct reader *body)
{
	const char *path =
		READER_FIRST(body, "project.path_with_namespace", "path_with_namespace");
	const char *page = reader_text(body, "repository.homepage");
	const char *host = page ? strstr(page, "://") : NULL;
	const char *slash = host ? strchr(host + 3, '/') : NULL;

	return path ? path : slash ? slash + 1 : NULL;
}

void gitlab_put_origin(struct intake *in, struct dora_event *event, const struct reader *body)
{
	const char *id = reader_id_or_null(body, "project.id");

	dora_put_text(event, "origin.system", "gitlab");
	dora_put_text(event, "origin.host", gitlab_host(in, body));
	dora_put_text(event, "origin.repository", project_path(body));
	/* An epic belongs to a group: it has no project. */
	dora_put_text(
		event, "origin.repository_id", id ? id : reader_id_or_null(body, "project_id"));
}

enum outcome gitlab_outcome(const char *status)
{
	static const struct choice states[] = {
		{"running", OUTCOME_STARTED},
		{"success", OUTCOME_SUCCEEDED},
		{"failed", OUTCOME_FAILED},
		{"canceled", OUTCOME_CANCELLED},
		{"cancelled", OUTCOME_CANCELLED},
	};
	int outcome = OUTCOME_NONE;

	(void)choice_find(states, ARRAY_LEN(states), status, &outcome);
	return (enum outcome)outcome;
}

void gitlab_name_outcome(struct intake *in, struct dora_event *event, int64_t time_us,
	enum outcome outcome, const char *status)
{
	if (time_us)
		observe_id(
			in, event, "%020lld/%d-%s", (long long)time_us, (int)outcome, status);
	else
		observe_id(in, event, "%d-%s", (int)outcome, status);
}

void gitlab_put_environment_class(struct dora_event *event, const char *tier, const char *ref)
{
	if (after_prefix(ref, "refs/merge-requests/"))
		dora_put_text(event, "environment_class", "other");
	else if (tier)
		dora_put_text(event, "environment_class",
			strcmp(tier, "production") == 0 ? "production" : "other");
}

/* The 40 or 64 digits at the end of .../-/commit/<sha>. */
static const char *sha_in_url(struct intake *in, const char *url)
{
	static const char commit[] = "/commit/";
	const char *at = url ? strstr(url, commit) : NULL;

	if (!at)
		return NULL;
	/* A group or project may have that name. */
	for (const char *next = at; next; next = strstr(at, commit))
		at = next + strlen(commit);
	size_t n = strcspn(at, "?#/");
	return n == 40 || n == 64 ? sha_or_null(in, arena_strndup(in->arena, at, n)) : NULL;
}

/* GitLab 12 had neither deployment_id nor status_changed_at. */
static const char *deployment_key(
	struct intake *in, const struct reader *body, const char *project)
{
	const char *id = reader_id_or_null(body, "deployment_id");
	const char *job = reader_id_or_null(body, "deployable_id");

	if (id)
		return entity_key(in, "%s/deployment/%s", project, id);
	if (job)
		return entity_key(in, "%s/deployment/job/%s", project, job);
	return entity_key(in, "%s/deployment/%s/%s", project, reader_string(body, "short_sha"),
		reader_string(body, "environment"));
}

void gitlab_put_rollout(
	struct intake *in, struct dora_event *event, const char *project, const char *sha)
{
	if (sha && strcmp(intake_rollout(in), "sha") == 0)
		dora_put_text(event, "rollout_id", entity_key(in, "%s/sha/%s", project, sha));
}

static enum verdict on_deployment(struct intake *in, const struct reader *body)
{
	const char *status = reader_string(body, "status");
	enum outcome outcome = gitlab_outcome(status);
	const char *ref = reader_text(body, "ref");
	const char *sha = sha_in_url(in, reader_text(body, "commit_url"));
	int64_t time_us = in->delivery->received_us;

	if (*status && outcome == OUTCOME_NONE)
		return ignored(in, "deployment %.40s: neither begun nor ended", status);
	const char *project = gitlab_project(in, body);
	bool has_time = reader_time_at(body, "status_changed_at", &time_us);
	struct dora_event *event =
		observe(in, DORA_DEPLOYMENT, deployment_key(in, body, project), time_us);
	gitlab_put_origin(in, event, body);
	dora_put_text(event, "environment", reader_string(body, "environment"));
	gitlab_put_environment_class(event, reader_text(body, "environment_tier"), ref);
	dora_put_text(event, "status", outcome_word(outcome));
	dora_put_text(
		event, "sha", sha ? sha : sha_or_null(in, reader_text(body, "short_sha")));
	dora_put_text(event, "ref", ref);
	dora_put_text(event, "via", "deployment");
	gitlab_put_rollout(in, event, project, sha);
	dora_put_text(event, "url", reader_text(body, "deployable_url"));
	/* Without a time of its own it is the same whenever it comes. */
	if (has_time)
		observe_id(
			in, event, "%020lld/%d-%s", (long long)time_us, (int)outcome, status);
	else
		observe_id(in, event, "%d-%s", (int)outcome, status);
	return VERDICT_EVENTS;
}

static enum verdict on_release(struct intake *in, const struct reader *body)
{
	const char *action = reader_text(body, "action");
	const char *id = reader_id_or_null(body, "id");
	const char *tag = reader_string(body, "tag");

	if (!action || strcmp(action, "create") != 0)
		return ignored(in, "release %.40s: only its creation counts",
			action ? action : "without an action");
	const char *project = gitlab_project(in, body);
	struct dora_event *event = observe(in, DORA_DEPLOYMENT,
		entity_key(in, "%s/release/%s", project, id ? id : tag),
		reader_time(
			body, reader_has(body, "released_at") ? "released_at" : "created_at"));
	gitlab_put_origin(in, event, body);
	dora_put_text(event, "status", "succeeded");
	dora_put_text(event, "sha", commit_or_null(in, reader_text(body, "commit.id")));
	dora_put_text(event, "ref", tag);
	dora_put_text(event, "via", "release");
	dora_put_text(event, "url", reader_text(body, "url"));
	observe_id(in, event, "create");
	return VERDICT_EVENTS;
}

/* As GitHub's: who bears the name is to be known. Only system hooks tell it. */
static enum verdict on_project(struct intake *in, const struct reader *body)
{
	const char *instance = host_of(in, delivery_header(in->delivery, "x-gitlab-instance"));

	if (!instance)
		return ignored(in,
			"%s: without the header X-Gitlab-Instance nobody knows whose"
			" project it is",
			in->out->kind);
	struct dora_event *event =
		observe(in, DORA_CHANGE, entity_key(in, "%s/name", gitlab_project(in, body)),
			reader_time(body, "updated_at"));
	dora_put_text(event, "change_id", event->subject);
	gitlab_put_origin(in, event, body);
	if (!reader_has(body, "path_with_namespace"))
		reader_complain(body, "path_with_namespace", "a text");
	observe_snapshot(in, event, "named");
	return VERDICT_EVENTS;
}

static const struct {
	const char *kind;
	enum verdict (*normalise)(struct intake *in, const struct reader *body);
} handlers[] = {
	{"build", gitlab_on_job},
	{"deployment", on_deployment},
	{"issue", gitlab_on_issue},
	{"merge_request", gitlab_on_merge_request},
	{"note", gitlab_on_note},
	{"pipeline", gitlab_on_pipeline},
	{"project_rename", on_project},
	{"project_transfer", on_project},
	{"project_update", on_project},
	{"push", gitlab_on_push},
	{"release", on_release},
	{"work_item", gitlab_on_issue},
};

static enum verdict normalise(struct intake *in, const struct reader *body)
{
	const char *kind = READER_FIRST(body, "object_kind", "event_name");

	if (!kind)
		return ignored(in,
			"the body has neither object_kind nor event_name: a webhook"
			" template of one's own?");
	in->out->kind = arena_strdup(in->arena, kind);
	for (size_t i = 0; i < ARRAY_LEN(handlers); i++) {
		if (strcmp(handlers[i].kind, kind) == 0)
			return handlers[i].normalise(in, body);
	}
	return ignored(in, "%.80s: not a kind that is measured", kind);
}

#define ISSUE_FIELDS                                                                      \
	{"id"}, {"type"}, {"issue_type"}, {"state"}, {"created_at"}, {"updated_at"},      \
		{"closed_at"}, {"severity"}, {"escalation_status"}, {"duplicated_to_id"}, \
		{"is_duplicate"}, {"moved_to_id"}, {"title"}, {"description"}, {"url"},   \
		OBJECT("labels", {"title"})

static const struct wanted wanted[] = {
	{"object_kind"},
	{"event_name"},
	{"action"},
	{"id"},
	{"tag"},
	{"url"},
	{"ref"},
	{"sha"},
	{"before"},
	{"after"},
	{"status"},
	{"created_at"},
	{"released_at"},
	{"updated_at"},
	{"status_changed_at"},
	{"deployment_id"},
	{"deployable_id"},
	{"deployable_url"},
	{"environment_tier"},
	{"short_sha"},
	{"commit_url"},
	{"project_id"},
	{"path_with_namespace"},
	{"total_commits_count"},
	{"build_id"},
	{"build_name"},
	{"build_status"},
	{"build_finished_at"},
	{"environment"},
	OBJECT("project", {"id"}, {"path_with_namespace"}, {"web_url"}, {"http_url"},
		{"default_branch"}),
	OBJECT("repository", {"homepage"}),
	OBJECT("commit", {"id"}),
	OBJECT("commits", {"id"}, {"timestamp"}, {"url"}, {"added"}, {"removed"}, {"modified"}),
	OBJECT("builds", {"id"}, {"name"}, {"status"}, {"finished_at"}, {"environment"}),
	OBJECT("object_attributes", ISSUE_FIELDS, {"action"}, {"status"}, {"ref"}, {"sha"},
		{"name"}, {"finished_at"}, {"merged_at"}, {"merge_commit_sha"},
		{"squash_commit_sha"}, {"target_branch"}, {"noteable_type"}, {"note"},
		OBJECT("last_commit", {"id"}), OBJECT("target", {"default_branch"})),
	OBJECT("issue", ISSUE_FIELDS),
	OBJECT("labels", {"title"}),
	OBJECT("changes", OBJECT("state_id", {"current"})),
	OBJECT("merge_request", {"id"}),
	{0},
};

const struct source source_gitlab = {
	.name = "gitlab",
	.delivery_header = "idempotency-key",
	.headers = LIST("x-gitlab-event", "x-gitlab-instance", "webhook-id"),
	.rollouts = LIST("none", "sha"),
	.wanted = wanted,
	.normalise = normalise,
};
