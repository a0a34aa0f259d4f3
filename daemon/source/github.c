/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GitHub and GitHub Enterprise Server (docs.github.com, "Webhook events and payloads"). The
 * body does not name its event; X-GitHub-Event does. A repository is known by its number.
 */
#include "github.h"

#include <string.h>

/* Only GitHub Enterprise Server has the header; a tenant of ghe.com is told by its pages. */
static const char *github_host(struct intake *in, const struct reader *body)
{
	const char *host = delivery_header(in->delivery, "x-github-enterprise-host");

	if (!host || !*host)
		host = host_of(in, reader_text(body, "repository.html_url"));
	return host ? host : "github.com";
}

/* What git tells of a clone has a name only. */
static const char *repository_id(struct intake *in, const struct reader *body)
{
	return in->imported ? reader_id_or_null(body, "repository.id")
			    : reader_id(body, "repository.id");
}

const char *github_repository(struct intake *in, const struct reader *body)
{
	const char *id = repository_id(in, body);
	const char *host = github_host(in, body);

	in->dora_source = arena_printf(in->arena, "/github/%s", host);
	return arena_printf(in->arena, "github/%s/%s", host,
		id ? id : reader_string(body, "repository.full_name"));
}

void github_put_origin(struct intake *in, struct dora_event *event, const struct reader *body)
{
	dora_put_text(event, "origin.system", "github");
	dora_put_text(event, "origin.host", github_host(in, body));
	dora_put_text(event, "origin.repository", reader_string(body, "repository.full_name"));
	dora_put_text(event, "origin.repository_id", repository_id(in, body));
}

/* "deploy.yml" of ".github/workflows/deploy.yml@refs/heads/main". */
static const char *workflow_file(struct intake *in, const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	if (!path)
		return NULL;
	const char *at = strchr(path, '@');
	if (at) {
		path = arena_strndup(in->arena, path, (size_t)(at - path));
		slash = strrchr(path, '/');
	}
	return slash ? slash + 1 : path;
}

/*
 * A run is one attempt: run again months later it is how many go back to an old version, which
 * must not vanish in the first attempt's success.
 */
static const char *run_key(struct intake *in, const char *repository, const struct reader *body)
{
	int64_t attempt = 1;

	(void)reader_int(body, "workflow_run.run_attempt", &attempt);
	return entity_key(in, "%s/run/%s/%lld", repository, reader_id(body, "workflow_run.id"),
		(long long)attempt);
}

/* The jobs of one run that deploy are one roll-out, unless the endpoint says otherwise. */
static void put_rollout(struct intake *in, struct dora_event *event, const char *repository,
	const struct reader *body)
{
	const char *rollout = intake_rollout(in);
	const char *sha = commit_or_null(in, reader_text(body, "deployment.sha"));

	if (strcmp(rollout, "workflow_run") == 0 && reader_has(body, "workflow_run.id"))
		dora_put_text(event, "rollout_id", run_key(in, repository, body));
	else if (strcmp(rollout, "sha") == 0 && sha)
		dora_put_text(
			event, "rollout_id", entity_key(in, "%s/sha/%s", repository, sha));
}

/*
 * transient_environment and production_environment: true are sure words. A false
 * production_environment is not: it is the default, and what Actions always say.
 */
static void put_environment_class(struct dora_event *event, const struct reader *body)
{
	if (reader_is_true(body, "deployment.transient_environment"))
		dora_put_text(event, "environment_class", "other");
	else if (reader_is_true(body, "deployment.production_environment"))
		dora_put_text(event, "environment_class", "production");
}

static struct dora_event *observe_deployment(
	struct intake *in, const struct reader *body, int64_t time_us)
{
	const char *repository = github_repository(in, body);
	const char *entity = entity_key(
		in, "%s/deployment/%s", repository, reader_id(body, "deployment.id"));
	struct dora_event *event = observe(in, DORA_DEPLOYMENT, entity, time_us);
	const char *task = reader_text(body, "deployment.task");
	const char *page = reader_text(body, "repository.html_url");

	github_put_origin(in, event, body);
	dora_put_text(event, "origin.task", task);
	dora_put_text(event, "origin.workflow",
		workflow_file(in, READER_FIRST(body, "workflow_run.path", "workflow.path")));
	dora_put_text(event, "environment",
		READER_FIRST(body, "deployment_status.environment", "deployment.environment",
			"deployment.original_environment"));
	put_environment_class(event, body);
	dora_put_text(event, "sha", commit_or_null(in, reader_string(body, "deployment.sha")));
	dora_put_text(event, "ref", reader_text(body, "deployment.ref"));
	/* The API has other tasks too (lock, run-migrations): they count by a rule only. */
	dora_put_text(
		event, "via", !task || after_prefix(task, "deploy") ? "deployment" : "job");
	put_rollout(in, event, repository, body);
	const char *url =
		READER_FIRST(body, "deployment_status.log_url", "deployment_status.target_url");
	if (url || page)
		dora_put_text(event, "url",
			url ? url : arena_printf(in->arena, "%s/deployments", page));
	return event;
}

static enum verdict on_deployment(struct intake *in, const struct reader *body)
{
	int64_t time_us = in->delivery->received_us;

	(void)reader_time_at(body, "deployment.created_at", &time_us);
	struct dora_event *event = observe_deployment(in, body, time_us);
	dora_put_text(event, "status", "started");
	observe_id(in, event, "%s", padded(in, "0")); /* before all of its statuses */
	return VERDICT_EVENTS;
}

static enum verdict on_deployment_status(struct intake *in, const struct reader *body)
{
	static const struct choice states[] = {
		{"success", OUTCOME_SUCCEEDED},
		{"failure", OUTCOME_FAILED},
		{"error", OUTCOME_FAILED},
		{"in_progress", OUTCOME_STARTED},
	};
	const char *state = reader_string(body, "deployment_status.state");
	int outcome = OUTCOME_NONE;

	if (*state && !choice_find(states, ARRAY_LEN(states), state, &outcome))
		return ignored(in, "deployment_status %.40s: neither begun nor ended", state);
	struct dora_event *event =
		observe_deployment(in, body, reader_time(body, "deployment_status.created_at"));
	dora_put_text(event, "status", outcome_word((enum outcome)outcome));
	observe_id(in, event, "%s", padded(in, reader_id(body, "deployment_status.id")));
	return VERDICT_EVENTS;
}

static bool is_from_fork(struct intake *in, const struct reader *body)
{
	const char *head = reader_id_or_null(body, "workflow_run.head_repository.id");

	(void)in;
	return head && strcmp(head, reader_id(body, "repository.id")) != 0;
}

static enum verdict on_workflow_run(struct intake *in, const struct reader *body)
{
	static const struct choice conclusions[] = {
		{"success", OUTCOME_SUCCEEDED},
		{"failure", OUTCOME_FAILED},
		{"timed_out", OUTCOME_FAILED},
		{"startup_failure", OUTCOME_FAILED},
		{"cancelled", OUTCOME_CANCELLED},
	};
	const char *conclusion = reader_text(body, "workflow_run.conclusion");
	const char *trigger = reader_text(body, "workflow_run.event");
	int outcome = OUTCOME_NONE;

	if (strcmp(reader_string(body, "action"), "completed") != 0)
		return ignored(in, "workflow_run %.40s: not completed yet",
			reader_string(body, "action"));
	if (is_one_of(trigger, LIST("pull_request", "pull_request_target", "merge_group")) ||
		is_from_fork(in, body))
		return ignored(in, "workflow_run: of a pull request, so no deployment");
	if (!choice_find(conclusions, ARRAY_LEN(conclusions), conclusion, &outcome))
		return ignored(in, "workflow_run concluded %.40s: nothing was run",
			conclusion ? conclusion : "nothing");

	const char *repository = github_repository(in, body);
	const char *key = run_key(in, repository, body);
	struct dora_event *event =
		observe(in, DORA_DEPLOYMENT, key, reader_time(body, "workflow_run.updated_at"));
	const char *file = READER_FIRST(body, "workflow_run.path", "workflow.path",
		"workflow_run.name", "workflow.name");
	github_put_origin(in, event, body);
	dora_put_text(event, "origin.workflow", workflow_file(in, file));
	dora_put_text(event, "status", outcome_word((enum outcome)outcome));
	dora_put_text(
		event, "sha", commit_or_null(in, reader_string(body, "workflow_run.head_sha")));
	dora_put_text(event, "ref", reader_text(body, "workflow_run.head_branch"));
	dora_put_text(event, "via", "workflow_run");
	dora_put_text(event, "url", reader_text(body, "workflow_run.html_url"));
	observe_id(in, event, "completed");
	return VERDICT_EVENTS;
}

void github_put_release(struct intake *in, struct dora_event *event, const struct reader *body,
	const char *tag, int64_t committed_us)
{
	dora_put_text(event, "ref", tag);
	dora_put_text(event, "via", "release");
	if (tag && committed_us)
		dora_put_text(event, "rollout_id",
			entity_key(in, "%s/release/%s/%lld", github_repository(in, body), tag,
				(long long)(committed_us / 1000000)));
}

/* The target is a branch mostly ("20260601" may be one), sometimes a commit: a whole sha. */
static const char *target_sha(struct intake *in, const struct reader *body)
{
	const char *target = reader_text(body, "release.target_commitish");
	size_t n = target ? strlen(target) : 0;

	return n == 40 || n == 64 ? sha_or_null(in, target) : NULL;
}

static enum verdict on_release(struct intake *in, const struct reader *body)
{
	const char *action = reader_string(body, "action");

	/* One publication also sends created, released and prereleased. */
	if (strcmp(action, "published") != 0)
		return ignored(in, "release %.40s: only published counts", action);
	const char *repository = github_repository(in, body);
	struct dora_event *event = observe(in, DORA_DEPLOYMENT,
		entity_key(in, "%s/release/%s", repository, reader_id(body, "release.id")),
		reader_time(body, "release.published_at"));
	github_put_origin(in, event, body);
	dora_put_text(event, "status", "succeeded");
	dora_put_text(event, "sha", target_sha(in, body));
	int64_t committed_us = 0;
	(void)reader_time_at(body, "release.created_at", &committed_us);
	github_put_release(
		in, event, body, reader_text(body, "release.tag_name"), committed_us);
	/* "Not production ready", as GitHub has it. */
	if (reader_is_true(body, "release.prerelease"))
		dora_put_text(event, "environment_class", "other");
	dora_put_text(event, "url", reader_text(body, "release.html_url"));
	observe_id(in, event, "published");
	return VERDICT_EVENTS;
}

static enum verdict on_ping(struct intake *in, const struct reader *body)
{
	(void)body;
	return ignored(in, "ping: the webhook is set up");
}

/*
 * A new name: nothing is measured, but who bears the name is to be known (CATALOG.md). The
 * event is a change that landed nowhere, so it makes none.
 */
static enum verdict on_repository(struct intake *in, const struct reader *body)
{
	const char *action = reader_string(body, "action");

	if (!is_one_of(action, LIST("renamed", "transferred", "edited")))
		return ignored(in, "repository %.40s: names nothing anew", action);
	const char *repository = github_repository(in, body);
	struct dora_event *event =
		observe(in, DORA_CHANGE, entity_key(in, "%s/name", repository),
			reader_time(body, "repository.updated_at"));
	dora_put_text(event, "change_id", event->subject);
	github_put_origin(in, event, body);
	dora_put_text(event, "url", reader_text(body, "repository.html_url"));
	observe_snapshot(in, event, "named");
	return VERDICT_EVENTS;
}

static const struct {
	const char *kind;
	enum verdict (*normalise)(struct intake *in, const struct reader *body);
} handlers[] = {
	{"deployment", on_deployment},
	{"deployment_status", on_deployment_status},
	{"issue_comment", github_on_issue_comment},
	{"issues", github_on_issues},
	{"ping", on_ping},
	{"pull_request", github_on_pull_request},
	{"push", github_on_push},
	{"release", on_release},
	{"repository", on_repository},
	{"workflow_run", on_workflow_run},
};

static enum verdict normalise(struct intake *in, const struct reader *body)
{
	for (size_t i = 0; in->out->kind && i < ARRAY_LEN(handlers); i++) {
		if (strcmp(handlers[i].kind, in->out->kind) == 0)
			return handlers[i].normalise(in, body);
	}
	return malformed(in,
		"the header X-GitHub-Event is missing: the body alone does not say"
		" what happened");
}

#define ISSUE_FIELDS                                                                        \
	{"id"}, {"state"}, {"state_reason"}, {"closed_at"}, {"created_at"}, {"updated_at"}, \
		{"html_url"}, {"title"}, {"body"}, OBJECT("labels", {"name"}),              \
		OBJECT("type", {"name"}), {"parent_issue_url"},                             \
	{                                                                                   \
		"pull_request"                                                              \
	}

static const struct wanted wanted[] = {
	{"action"},
	{"ref"},
	{"before"},
	{"after"},
	{"deleted"},
	OBJECT("commits", {"id"}, {"timestamp"}, {"url"}, {"added"}, {"removed"}, {"modified"}),
	OBJECT("head_commit", {"id"}, {"timestamp"}),
	OBJECT("deployment", {"id"}, {"sha"}, {"ref"}, {"task"}, {"environment"},
		{"original_environment"}, {"production_environment"}, {"transient_environment"},
		{"created_at"}),
	OBJECT("deployment_status", {"id"}, {"state"}, {"environment"}, {"created_at"},
		{"target_url"}, {"log_url"}),
	OBJECT("workflow", {"path"}, {"name"}),
	OBJECT("workflow_run", {"id"}, {"run_attempt"}, {"path"}, {"name"}, {"conclusion"},
		{"event"}, {"head_sha"}, {"head_branch"}, {"updated_at"}, {"html_url"},
		OBJECT("head_repository", {"id"})),
	OBJECT("release", {"id"}, {"tag_name"}, {"target_commitish"}, {"prerelease"},
		{"created_at"}, {"published_at"}, {"html_url"}),
	OBJECT("pull_request", {"id"}, {"merged"}, {"merged_at"}, {"merge_commit_sha"},
		{"created_at"}, {"html_url"}, OBJECT("base", {"ref"})),
	OBJECT("issue", ISSUE_FIELDS),
	OBJECT("comment", {"body"}),
	OBJECT("changes", OBJECT("new_issue", {"id"}), OBJECT("new_repository", {"id"})),
	OBJECT("repository", {"id"}, {"full_name"}, {"html_url"}, {"default_branch"},
		{"master_branch"}, {"pushed_at"}, {"updated_at"}),
	{0},
};

const struct source source_github = {
	.name = "github",
	.kind_header = "x-github-event",
	.delivery_header = "x-github-delivery",
	.headers = LIST("x-github-enterprise-host"),
	.kinds = LIST("deployment", "deployment_status", "issue_comment", "issues", "ping",
		"pull_request", "push", "release", "repository", "workflow_run"),
	.rollouts = LIST("workflow_run", "sha", "none"),
	.wanted = wanted,
	.normalise = normalise,
};
