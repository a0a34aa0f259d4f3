/* SPDX-License-Identifier: Apache-2.0 */
#include "gather_gitlab.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static void put_seconds(
	json_t *to, const char *name, const struct reader *from, const char *path)
{
	if (reader_has(from, path) || reader_is_null(from, path))
		(void)json_object_set_new(to, name, gather_time(gitlab_seconds_at(from, path)));
}

void gitlab_take_commit(struct gather *gather, const struct gather_object *object)
{
	const struct reader *reader = &object->reader;
	size_t n = reader_count(reader, "parent_ids");
	const char **parents = arena_alloc(object->arena, (n + 1) * sizeof(*parents));
	json_t *project = gitlab_project_of(gather, object);
	const char *sha = reader_string(reader, "id");
	int64_t at_us = reader_time(reader, "committed_date");

	if (!project)
		return;
	for (size_t i = 0; i < n; i++) {
		struct reader parent = reader_entry(reader, "parent_ids", i);

		parents[i] = reader_string(&parent, "");
	}
	if (reader->err->text[0])
		return;
	at_us -= at_us % 1000000;
	json_t *entry = json_pack("{s:s, s:o}", "id", sha, "timestamp", gather_time(at_us));
	gather_copy(entry, "url", reader, "web_url");
	const struct lineage_commit commit = {
		.sha = sha, .parents = parents, .committed_us = at_us};
	gather_commit_of(gather, project, &commit, entry);
}

void gitlab_push(struct gather *gather, const struct lineage_push *push)
{
	json_t *project = gather->lineage_of;
	const char *branch = json_string_value(json_object_get(project, "default_branch"));

	gitlab_put(gather, project, push->landed_us,
		json_pack("{s:s, s:o, s:s*, s:s, s:O, s:I}", "object_kind", "push", "ref",
			json_sprintf("refs/heads/%s", branch ? branch : ""), "before",
			push->before, "after", push->after, "commits", push->commits,
			"total_commits_count", (json_int_t)json_array_size(push->commits)));
}

void gitlab_take_tag(struct gather *gather, json_t *project, const struct gather_tag *tag)
{
	const char *page = json_string_value(json_object_get(project, "web_url"));
	json_t *id = json_sprintf("tag:%s", tag->name);
	json_t *at = gather_time(tag->tagged_us);
	json_t *body;

	if (tag->environment)
		body = json_pack("{s:s, s:s, s:O, s:O, s:s, s:s, s:o}", "object_kind",
			"deployment", "status", "success", "deployment_id", id,
			"status_changed_at", at, "environment", tag->environment, "ref",
			tag->name, "commit_url",
			json_sprintf("%s/-/commit/%s", page ? page : "", tag->sha));
	else
		body = json_pack("{s:s, s:s, s:O, s:O, s:s, s:{s:s}}", "object_kind", "release",
			"action", "create", "id", id, "released_at", at, "tag", tag->name,
			"commit", "id", tag->sha);
	json_decref(id);
	json_decref(at);
	gitlab_put(gather, project, 0, body);
}

void gitlab_take_merge_request(struct gather *gather, const struct gather_object *object)
{
	const struct reader *reader = &object->reader;
	bool merged = is_one_of(reader_text(reader, "state"), LIST("merged"));
	json_t *project = gitlab_project_of(gather, object);

	if (!project)
		return;
	json_t *told = json_pack("{s:s}", "action", merged ? "merge" : "update");
	gather_copy(told, "id", reader, "id");
	gather_copy(told, "state", reader, "state");
	gather_copy(told, "target_branch", reader, "target_branch");
	gather_copy(told, "merge_commit_sha", reader, "merge_commit_sha");
	gather_copy(told, "squash_commit_sha", reader, "squash_commit_sha");
	gather_copy(told, "url", reader, "web_url");
	put_seconds(told, "created_at", reader, "created_at");
	put_seconds(told, "updated_at", reader, "updated_at");
	put_seconds(told, "merged_at", reader, "merged_at");
	json_t *last = json_object();
	gather_copy(last, "id", reader, "sha");
	(void)json_object_set_new(told, "last_commit", last);
	gitlab_put(gather, project, 0,
		json_pack("{s:s, s:o}", "object_kind", "merge_request", "object_attributes",
			told));
}

/* "incident" is "Incident" in a webhook. */
static void put_type(json_t *told, const struct gather_object *object)
{
	const char *type = READER_FIRST(&object->reader, "issue_type", "type");
	char *word = type ? arena_strdup(object->arena, type) : NULL;

	for (char *at = word; at && *at; at++)
		*at = (char)(at == word      ? toupper((unsigned char)*at)
				: *at == '_' ? ' '
					     : tolower((unsigned char)*at));
	if (word)
		(void)json_object_set_new(told, "type", json_string(word));
}

/* Texts, or objects with with_labels_details=true. */
static void put_labels(json_t *told, const struct reader *reader)
{
	size_t n = reader_count(reader, "labels");
	json_t *labels = json_array();

	if (!reader_has(reader, "labels")) {
		json_decref(labels);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct reader label = reader_entry(reader, "labels", i);
		const char *title = READER_FIRST(&label, "", "name");

		if (title)
			(void)json_array_append_new(labels, json_pack("{s:s}", "title", title));
	}
	(void)json_object_set_new(told, "labels", labels);
}

static json_t *issue_of(const struct gather_object *object)
{
	const struct reader *reader = &object->reader;
	const char *severity = reader_text(reader, "severity");
	json_t *told = json_object();

	gather_copy(told, "id", reader, "id");
	gather_copy(told, "state", reader, "state");
	gather_copy(told, "title", reader, "title");
	gather_copy(told, "description", reader, "description");
	gather_copy(told, "url", reader, "web_url");
	gather_copy(told, "moved_to_id", reader, "moved_to_id");
	/* Of which other one it is a duplicate, the API says by an address without its id. That
	 * it is one, no webhook says but by that id. */
	if (reader_has(reader, "_links.closed_as_duplicate_of"))
		(void)json_object_set_new(told, "is_duplicate", json_true());
	else
		(void)json_object_set_new(told, "duplicated_to_id", json_null());
	put_seconds(told, "created_at", reader, "created_at");
	put_seconds(told, "updated_at", reader, "updated_at");
	put_seconds(told, "closed_at", reader, "closed_at");
	put_type(told, object);
	put_labels(told, reader);
	if (severity) {
		char *word = arena_strdup(object->arena, severity);

		for (char *at = word; *at; at++)
			*at = (char)tolower((unsigned char)*at);
		(void)json_object_set_new(told, "severity", json_string(word));
	}
	return told;
}

static void put_issue(struct gather *gather, json_t *project,
	const struct gather_object *object, const char *action)
{
	json_t *told = issue_of(object);

	(void)json_object_set_new(told, "action", json_string(action));
	gitlab_put(gather, project, 0,
		json_pack("{s:s, s:o}", "object_kind", "issue", "object_attributes", told));
}

/* When it was closed is told as of then; what was changed after that, as it stands now. */
void gitlab_take_issue(struct gather *gather, const struct gather_object *object)
{
	const struct reader *reader = &object->reader;
	json_t *project = gitlab_project_of(gather, object);
	int64_t closed_us = is_one_of(reader_text(reader, "state"), LIST("closed"))
		? gitlab_seconds_at(reader, "closed_at")
		: 0;

	if (!project)
		return;
	int64_t updated_us = gitlab_seconds_at(reader, "updated_at");
	if (closed_us)
		put_issue(gather, project, object, "close");
	if (!closed_us || updated_us != closed_us)
		put_issue(gather, project, object,
			updated_us == gitlab_seconds_at(reader, "created_at") ? "open"
									      : "update");
}
