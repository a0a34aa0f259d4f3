/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GitHub's REST API (docs.github.com/rest). Its objects have the fields of the webhooks; what
 * is beside them in a webhook's body (the repository, a status's deployment) comes before them.
 */
#include "gather_github.h"

#include <string.h>

static struct github_address address_of(
	const struct gather *gather, const struct gather_object *object)
{
	static const char repos[] = "/repos/";
	struct intake in = {.arena = object->arena};
	const char *url = reader_text(&object->reader, "url");
	const char *at = url ? strstr(url, repos) : NULL;
	const char *host = at ? host_of(&in, url) : NULL;

	if (!host)
		return (struct github_address){
			gather->options.host, gather->options.repository};
	at += strlen(repos);
	size_t n = strcspn(at, "/");
	n += at[n] ? 1 + strcspn(at + n + 1, "/?") : 0;
	const char *bare = after_prefix(host, "api.");
	return (struct github_address){bare ? bare : host, arena_strndup(object->arena, at, n)};
}

static const char *const repository_fields[] = {
	"id", "full_name", "html_url", "default_branch", NULL};

static void take_repository(struct gather *gather, const struct gather_object *object)
{
	struct intake in = {.arena = object->arena};
	const char *host = host_of(&in, reader_text(&object->reader, "html_url"));
	json_t *repository = gather_pick(&object->reader, repository_fields);

	if (!host)
		host = gather->options.host ? gather->options.host : "github.com";
	gather_know_repository(
		gather, host, reader_string(&object->reader, "full_name"), repository);
	json_decref(repository);
}

json_t *github_repository_of(
	struct gather *gather, const struct gather_object *object, struct github_address *out)
{
	*out = address_of(gather, object);
	json_t *found = out->host && out->name ? gather_repository(gather, out->host, out->name)
		: out->name                    ? NULL
					       : gather->current;

	if (found)
		return found;
	gather_refuse(gather, object,
		"no repository %s: give GET /repos/%s before it, or --repository, "
		"--repository-id and --default-branch",
		out->name ? out->name : "is known", out->name ? out->name : "OWNER/NAME");
	return NULL;
}

void github_put_line(
	struct gather *gather, const char *host, json_t *repository, struct gather_line line)
{
	if (host && strcmp(host, "github.com") != 0)
		line.headers = json_pack("{s:s}", "x-github-enterprise-host", host);
	(void)json_object_set(line.body, "repository", repository);
	gather_put(gather, line);
}

void github_put(struct gather *gather, const char *kind, const struct github_address *address,
	json_t *repository, json_t *body)
{
	github_put_line(gather, address->host, repository,
		(struct gather_line){.kind = kind, .body = body});
}

/* -- deployments ------------------------------------------------------------------------- */

/* ".../actions/runs/123/job/456" of an address: "123"; NULL: none. */
static const char *run_of(const struct reader *status, struct arena *arena)
{
	static const char runs[] = "/actions/runs/";
	const char *url = READER_FIRST(status, "log_url", "target_url");
	const char *at = url ? strstr(url, runs) : NULL;

	if (!at)
		return NULL;
	at += strlen(runs);
	size_t n = strspn(at, "0123456789");
	return n ? arena_strndup(arena, at, n) : NULL;
}

/*
 * The run that made a status is in the webhook's body, and here in the status's address. Which
 * attempt it was is known where the run itself came before: the API tells only the last, when
 * it began.
 */
static void put_run(
	struct gather *gather, json_t *body, const struct reader *status, struct arena *arena)
{
	const char *id = run_of(status, arena);
	json_auto_t *run = id ? gather_known(gather, "run", id) : NULL;
	const struct reader known = {
		.value = run, .place = "", .arena = arena, .err = status->err};
	int64_t attempt = 1;
	int64_t began_us = 0;
	int64_t at_us = 0;

	if (!id)
		return;
	(void)reader_int(&known, "run_attempt", &attempt);
	if (attempt > 1 && reader_time_at(&known, "run_started_at", &began_us) &&
		reader_time_at(status, "created_at", &at_us) && at_us < began_us)
		attempt--;
	json_t *told = json_pack("{s:s, s:I}", "id", id, "run_attempt", (json_int_t)attempt);
	gather_copy(told, "path", &known, "path");
	(void)json_object_set_new(body, "workflow_run", told);
}

static void put_status(struct gather *gather, const struct gather_object *object,
	const struct reader *status, const json_t *deployment)
{
	struct github_address address;
	json_t *repository = github_repository_of(gather, object, &address);

	if (!repository)
		return;
	json_t *body = json_pack(
		"{s:O, s:O}", "deployment", deployment, "deployment_status", status->value);
	put_run(gather, body, status, object->arena);
	github_put(gather, "deployment_status", &address, repository, body);
}

static const char *const deployment_fields[] = {"id", "sha", "ref", "task", "environment",
	"original_environment", "production_environment", "transient_environment", "created_at",
	NULL};

static void take_deployment(struct gather *gather, const struct gather_object *object)
{
	const struct reader *reader = &object->reader;
	json_auto_t *deployment = gather_pick(reader, deployment_fields);
	struct github_address address;
	json_t *repository = github_repository_of(gather, object, &address);
	size_t n = reader_count(reader, "statuses");

	gather_know(gather, "deployment", reader_id(reader, "id"), deployment);
	if (!repository)
		return;
	json_t *body = json_pack("{s:O}", "deployment", deployment);
	struct reader first = reader_entry(reader, "statuses", n ? n - 1 : 0);
	put_run(gather, body, &first, object->arena);
	github_put(gather, "deployment", &address, repository, body);
	for (size_t i = 0; i < n; i++) {
		struct reader status = reader_entry(reader, "statuses", i);

		put_status(gather, object, &status, deployment);
	}
}

static void take_status(struct gather *gather, const struct gather_object *object)
{
	const char *url = reader_string(&object->reader, "deployment_url");
	const char *slash = strrchr(url, '/');
	json_auto_t *deployment = gather_known(gather, "deployment", slash ? slash + 1 : url);

	if (deployment)
		put_status(gather, object, &object->reader, deployment);
	else
		gather_refuse(gather, object,
			"a status of deployment %.40s, which did not come before it",
			slash ? slash + 1 : url);
}

static void take_run(struct gather *gather, const struct gather_object *object)
{
	static const char *const known[] = {"path", "run_attempt", "run_started_at", NULL};
	const struct reader *reader = &object->reader;
	struct github_address address;
	json_t *repository = github_repository_of(gather, object, &address);
	json_auto_t *told = gather_pick(reader, known);

	gather_know(gather, "run", reader_id(reader, "id"), told);
	if (!repository)
		return;
	json_t *body = json_pack("{s:O}", "workflow_run", reader->value);
	gather_copy(body, "action", reader, "status"); /* "completed" */
	github_put(gather, "workflow_run", &address, repository, body);
}

static void take_release(struct gather *gather, const struct gather_object *object)
{
	const struct reader *reader = &object->reader;
	bool out = reader_has(reader, "published_at") && !reader_is_true(reader, "draft");
	struct github_address address;
	json_t *repository = github_repository_of(gather, object, &address);

	if (repository)
		github_put(gather, "release", &address, repository,
			json_pack("{s:s, s:O}", "action", out ? "published" : "draft",
				"release", reader->value));
}

/* -- the table --------------------------------------------------------------------------- */

static bool url_has(const struct reader *object, const char *part)
{
	const char *url = reader_text(object, "url");

	return url && strstr(url, part);
}

static bool is_run(const struct reader *object)
{
	return reader_has(object, "workflow_id") && reader_has(object, "head_sha");
}

static bool is_status(const struct reader *object)
{
	return reader_has(object, "deployment_url") && reader_has(object, "state");
}

static bool is_deployment(const struct reader *object)
{
	return reader_has(object, "statuses_url") && reader_has(object, "sha");
}

static bool is_repository(const struct reader *object)
{
	return reader_has(object, "full_name") && reader_has(object, "default_branch");
}

static bool is_commit(const struct reader *object)
{
	return reader_has(object, "sha") && reader_has(object, "commit.committer");
}

static bool is_pull(const struct reader *object)
{
	return reader_has(object, "base.ref");
}

static bool is_pull_as_issue(const struct reader *object)
{
	return url_has(object, "/issues/") && reader_has(object, "pull_request");
}

static bool is_issue(const struct reader *object)
{
	return url_has(object, "/issues/") && reader_has(object, "state");
}

static bool is_release(const struct reader *object)
{
	return reader_has(object, "tag_name") && reader_has(object, "target_commitish");
}

static const struct gather_kind kinds[] = {
	{"run", is_run, take_run},
	{"deployment status", is_status, take_status},
	{"deployment", is_deployment, take_deployment},
	{"repository", is_repository, take_repository},
	{"commit", is_commit, github_take_commit},
	{"pull request", is_pull, github_take_pull},
	{"pull request as an issue", is_pull_as_issue, github_take_pull_as_issue},
	{"issue", is_issue, github_take_issue},
	{"release", is_release, take_release},
	{0},
};

#define STATUS                                                                           \
	{"id"}, {"state"}, {"environment"}, {"created_at"}, {"target_url"}, {"log_url"}, \
	{                                                                                \
		"deployment_url"                                                         \
	}

static const struct wanted wanted[] = {
	{"url"},
	STATUS,
	OBJECT("statuses", STATUS),
	{"statuses_url"},
	{"sha"},
	{"ref"},
	{"task"},
	{"original_environment"},
	{"production_environment"},
	{"transient_environment"},
	{"full_name"},
	{"html_url"},
	{"default_branch"},
	OBJECT("commit", OBJECT("committer", {"date"})),
	OBJECT("parents", {"sha"}),
	OBJECT("files", {"filename"}, {"status"}, {"previous_filename"}),
	OBJECT("base", {"ref"}),
	{"merged_at"},
	{"merge_commit_sha"},
	{"state_reason"},
	{"closed_at"},
	{"updated_at"},
	{"title"},
	{"body"},
	OBJECT("labels", {"name"}),
	OBJECT("type", {"name"}),
	{"parent_issue_url"},
	OBJECT("pull_request", {"url"}),
	{"tag_name"},
	{"target_commitish"},
	{"prerelease"},
	{"draft"},
	{"published_at"},
	{"workflow_id"},
	{"run_attempt"},
	{"run_started_at"},
	{"path"},
	{"name"},
	{"status"},
	{"conclusion"},
	{"event"},
	{"head_sha"},
	{"head_branch"},
	OBJECT("head_repository", {"id"}),
	{0},
};

const struct gather_system gather_github = {
	.name = "github",
	.pages = LIST("workflow_runs", "items"),
	.wanted = wanted,
	.kinds = kinds,
	.push = github_push,
	.tag = github_take_tag,
};
