/* SPDX-License-Identifier: Apache-2.0 */
/*
 * GitLab's REST API, version 4 (docs.gitlab.com/api). Its fields are near the webhooks' and
 * not the same. Webhooks tell whole seconds, so the same is made of the API's milliseconds.
 */
#include "gather_gitlab.h"

#include <string.h>

int64_t gitlab_seconds_at(const struct reader *object, const char *path)
{
	int64_t at_us = 0;

	(void)reader_time_at(object, path, &at_us);
	return at_us - at_us % 1000000;
}

static const char *object_host(const struct gather *gather, const struct gather_object *object)
{
	struct intake in = {.arena = object->arena};
	const char *host = host_of(&in,
		READER_FIRST(&object->reader, "web_url", "deployable.web_url",
			"deployable.pipeline.web_url"));

	if (!host)
		host = gather->options.host;
	if (!host && gather->current)
		host = host_of(
			&in, json_string_value(json_object_get(gather->current, "web_url")));
	return host;
}

static void take_project(struct gather *gather, const struct gather_object *object)
{
	static const char *const fields[] = {
		"id", "path_with_namespace", "web_url", "default_branch", NULL};
	const char *host = object_host(gather, object);
	json_t *project = gather_pick(&object->reader, fields);
	const char *id = reader_id(&object->reader, "id");

	if (!host)
		host = "gitlab.com";
	gather_know_repository(gather, host, arena_printf(object->arena, "#%s", id), project);
	gather_know_repository(
		gather, host, reader_string(&object->reader, "path_with_namespace"), project);
	json_decref(project);
}

/* "group/project" of "https://gitlab.example/group/project/-/commit/...". NULL: none. */
static const char *path_in_url(const struct gather_object *object)
{
	const char *url = READER_FIRST(&object->reader, "web_url", "deployable.web_url",
		"deployable.pipeline.web_url");
	const char *host = url ? strstr(url, "://") : NULL;
	const char *path = host ? strchr(host + 3, '/') : NULL;
	const char *end = path ? strstr(path, "/-/") : NULL;

	return end ? arena_strndup(object->arena, path + 1, (size_t)(end - path - 1)) : NULL;
}

json_t *gitlab_project_of(struct gather *gather, const struct gather_object *object)
{
	const struct reader *reader = &object->reader;
	const char *host = object_host(gather, object);
	const char *id = reader_id_or_null(reader, "target_project_id");
	const char *path = path_in_url(object);
	json_t *found = NULL;

	if (!id)
		id = reader_id_or_null(reader, "project_id");
	if (host && id)
		found = gather_repository(gather, host, arena_printf(object->arena, "#%s", id));
	if (!found && host && path)
		found = gather_repository(gather, host, path);
	if (!found && !id && !path)
		found = gather->current;
	if (!found)
		gather_refuse(gather, object,
			"no project %s: give GET /projects/%s before it, or --repository, "
			"--repository-id and --default-branch",
			path         ? path
				: id ? id
				     : "is known",
			id ? id : "ID");
	return found;
}

void gitlab_put(struct gather *gather, json_t *project, int64_t at_us, json_t *body)
{
	(void)json_object_set(body, "project", project);
	gather_put(gather, (struct gather_line){.at_us = at_us, .body = body});
}

/* -- deployments ------------------------------------------------------------------------- */

static void take_environment(struct gather *gather, const struct gather_object *object)
{
	static const char *const fields[] = {"tier", NULL};
	json_auto_t *known = gather_pick(&object->reader, fields);

	gather_know(gather, "environment",
		arena_printf(object->arena, "%s/%s", object_host(gather, object),
			reader_id(&object->reader, "id")),
		known);
}

static void put_tier(struct gather *gather, const struct gather_object *object, json_t *body)
{
	const struct reader *reader = &object->reader;
	const char *id = reader_id_or_null(reader, "environment.id");
	json_auto_t *known = id
		? gather_known(gather, "environment",
			  arena_printf(object->arena, "%s/%s", object_host(gather, object), id))
		: NULL;
	json_t *tier = json_object_get(known, "tier");

	gather_copy(body, "environment_tier", reader, "environment.tier");
	if (tier)
		(void)json_object_set(body, "environment_tier", tier);
}

/* When it came to that: the API has it of the job, and else its last change. */
static int64_t status_changed_us(const struct reader *reader, const char *status)
{
	static const char *const ended[] = {
		"finished_at", "deployable.finished_at", "updated_at", NULL};
	static const char *const began[] = {"deployable.started_at", "created_at", NULL};
	int64_t at_us = 0;

	for (const char *const *path = strcmp(status, "running") == 0 ? began : ended;
		*path && !at_us; path++)
		at_us = gitlab_seconds_at(reader, *path);
	return at_us;
}

static void take_deployment(struct gather *gather, const struct gather_object *object)
{
	const struct reader *reader = &object->reader;
	const char *status = reader_string(reader, "status");
	json_t *project = gitlab_project_of(gather, object);
	const char *page = json_string_value(json_object_get(project, "web_url"));
	const char *sha = reader_string(reader, "sha");
	int64_t at_us = status_changed_us(reader, status);

	if (!project)
		return;
	if (!at_us) {
		reader_complain(reader, "updated_at", "a time");
		return;
	}
	json_t *body = json_pack("{s:s, s:s, s:o, s:s}", "object_kind", "deployment", "status",
		status, "status_changed_at", gather_time(at_us), "short_sha",
		arena_strndup(object->arena, sha, 8));
	gather_copy(body, "deployment_id", reader, "id");
	gather_copy(body, "deployable_id", reader, "deployable.id");
	gather_copy(body, "deployable_url", reader, "deployable.web_url");
	gather_copy(body, "environment", reader, "environment.name");
	gather_copy(body, "ref", reader, "ref");
	if (page)
		(void)json_object_set_new(
			body, "commit_url", json_sprintf("%s/-/commit/%s", page, sha));
	put_tier(gather, object, body);
	gitlab_put(gather, project, at_us, body);
}

/* Its webhook names it by a number that the API does not tell. */
static void take_release(struct gather *gather, const struct gather_object *object)
{
	gather_refuse(gather, object,
		"a release: GitLab's API does not tell its number, by which its webhook names "
		"it");
}

/* -- the table --------------------------------------------------------------------------- */

static bool is_project(const struct reader *object)
{
	return reader_has(object, "path_with_namespace");
}

static bool is_environment(const struct reader *object)
{
	return reader_has(object, "slug") && reader_has(object, "name") &&
		!reader_has(object, "sha");
}

static bool is_deployment(const struct reader *object)
{
	return reader_has(object, "environment.name") && reader_has(object, "sha");
}

static bool is_commit(const struct reader *object)
{
	return reader_has(object, "short_id") && reader_has(object, "committed_date");
}

static bool is_merge_request(const struct reader *object)
{
	return reader_has(object, "target_branch") && reader_has(object, "source_branch");
}

static bool is_issue(const struct reader *object)
{
	return reader_has(object, "iid") && reader_has(object, "state") &&
		!reader_has(object, "sha");
}

static bool is_release(const struct reader *object)
{
	return reader_has(object, "tag_name");
}

static const struct gather_kind kinds[] = {
	{"project", is_project, take_project},
	{"release", is_release, take_release},
	{"merge request", is_merge_request, gitlab_take_merge_request},
	{"deployment", is_deployment, take_deployment},
	{"environment", is_environment, take_environment},
	{"commit", is_commit, gitlab_take_commit},
	{"issue", is_issue, gitlab_take_issue},
	{0},
};

static const struct wanted wanted[] = {
	{"id"},
	{"iid"},
	{"project_id"},
	{"target_project_id"},
	{"path_with_namespace"},
	{"web_url"},
	{"default_branch"},
	{"slug"},
	{"name"},
	{"tier"},
	{"tag_name"},
	{"status"},
	{"sha"},
	{"ref"},
	{"created_at"},
	{"updated_at"},
	{"finished_at"},
	{"closed_at"},
	{"merged_at"},
	OBJECT("environment", {"id"}, {"name"}, {"tier"}),
	OBJECT("deployable", {"id"}, {"web_url"}, {"started_at"}, {"finished_at"},
		OBJECT("pipeline", {"web_url"})),
	{"short_id"},
	{"parent_ids"},
	{"committed_date"},
	{"state"},
	{"source_branch"},
	{"target_branch"},
	{"merge_commit_sha"},
	{"squash_commit_sha"},
	{"title"},
	{"description"},
	{"moved_to_id"},
	OBJECT("_links", {"closed_as_duplicate_of"}),
	{"issue_type"},
	{"type"},
	{"severity"},
	{"labels"},
	{0},
};

const struct gather_system gather_gitlab = {
	.name = "gitlab",
	.pages = LIST("items"),
	.wanted = wanted,
	.kinds = kinds,
	.push = gitlab_push,
	.tag = gitlab_take_tag,
};
