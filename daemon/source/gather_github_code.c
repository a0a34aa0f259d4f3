/* SPDX-License-Identifier: Apache-2.0 */
#include "gather_github.h"

#include <string.h>

static void put_files(json_t *entry, const struct reader *commit)
{
	size_t n = reader_count(commit, "files");
	json_t *modified = json_array();

	/* What was done to a file does not matter: a folder is touched. */
	for (size_t i = 0; i < n; i++) {
		struct reader file = reader_entry(commit, "files", i);
		const char *names[] = {reader_text(&file, "filename"),
			reader_text(&file, "previous_filename")};

		for (size_t k = 0; k < ARRAY_LEN(names); k++) {
			if (names[k])
				(void)json_array_append_new(modified, json_string(names[k]));
		}
	}
	if (reader_has(commit, "files"))
		(void)json_object_set(entry, "modified", modified);
	json_decref(modified);
}

void github_take_commit(struct gather *gather, const struct gather_object *object)
{
	const struct reader *reader = &object->reader;
	size_t n = reader_count(reader, "parents");
	const char **parents = arena_alloc(object->arena, (n + 1) * sizeof(*parents));
	struct github_address address;
	json_t *repository = github_repository_of(gather, object, &address);
	int64_t at_us = reader_time(reader, "commit.committer.date");
	const char *sha = reader_string(reader, "sha");

	if (!repository)
		return;
	for (size_t i = 0; i < n; i++) {
		struct reader parent = reader_entry(reader, "parents", i);

		parents[i] = reader_string(&parent, "sha");
	}
	if (reader->err->text[0])
		return;
	json_t *entry = json_pack("{s:s, s:o}", "id", sha, "timestamp", gather_time(at_us));
	gather_copy(entry, "url", reader, "html_url");
	put_files(entry, reader);
	const struct lineage_commit commit = {
		.sha = sha, .parents = parents, .committed_us = at_us};
	gather_commit_of(gather, repository, &commit, entry);
}

static const char *host_of_repository(
	const struct gather *gather, json_t *repository, struct arena *arena)
{
	struct intake in = {.arena = arena};
	const char *host =
		host_of(&in, json_string_value(json_object_get(repository, "html_url")));

	return host ? host : gather->options.host;
}

void github_push(struct gather *gather, const struct lineage_push *push)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	json_t *repository = gather->lineage_of;
	const char *branch = json_string_value(json_object_get(repository, "default_branch"));
	json_t *body = json_pack("{s:o, s:s*, s:s, s:O}", "ref",
		json_sprintf("refs/heads/%s", branch ? branch : ""), "before", push->before,
		"after", push->after, "commits", push->commits);

	github_put_line(gather, host_of_repository(gather, repository, arena), repository,
		(struct gather_line){.kind = "push", .at_us = push->landed_us, .body = body});
}

static json_t *tag_as_deployment(const struct gather_tag *tag)
{
	json_t *at = gather_time(tag->tagged_us);
	json_t *body = json_pack("{s:{s:o, s:s, s:s, s:s, s:s, s:O}, s:{s:s, s:s, s:s, s:O}}",
		"deployment", "id", json_sprintf("tag:%s", tag->name), "sha", tag->sha, "ref",
		tag->name, "task", "deploy", "environment", tag->environment, "created_at", at,
		"deployment_status", "id", "tag", "state", "success", "environment",
		tag->environment, "created_at", at);

	json_decref(at);
	return body;
}

static json_t *tag_as_release(const struct gather_tag *tag)
{
	return json_pack("{s:s, s:{s:o, s:s, s:s, s:o, s:o}}", "action", "published", "release",
		"id", json_sprintf("tag:%s", tag->name), "tag_name", tag->name,
		"target_commitish", tag->sha, "created_at", gather_time(tag->committed_us),
		"published_at", gather_time(tag->tagged_us));
}

void github_take_tag(struct gather *gather, json_t *repository, const struct gather_tag *tag)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();

	github_put_line(gather, host_of_repository(gather, repository, arena), repository,
		(struct gather_line){
			.kind = tag->environment ? "deployment_status" : "release",
			.body = tag->environment ? tag_as_deployment(tag) : tag_as_release(tag),
		});
}

void github_take_pull(struct gather *gather, const struct gather_object *object)
{
	static const char *const fields[] = {
		"id", "merged_at", "merge_commit_sha", "created_at", "html_url", "base", NULL};
	const struct reader *reader = &object->reader;
	struct github_address address;
	json_t *repository = github_repository_of(gather, object, &address);

	if (!repository)
		return;
	json_t *pull = gather_pick(reader, fields);
	(void)json_object_set_new(
		pull, "merged", json_boolean(reader_has(reader, "merged_at")));
	github_put(gather, "pull_request", &address, repository,
		json_pack("{s:s, s:o}", "action",
			reader_has(reader, "merged_at") ? "closed" : "open", "pull_request",
			pull));
}

static void put_issue(struct gather *gather, const struct gather_object *object,
	const struct github_address *address, json_t *repository, const char *action)
{
	github_put(gather, "issues", address, repository,
		json_pack("{s:s, s:O}", "action", action, "issue", object->reader.value));
}

/* When it was closed is told as of then; what was changed after that, as it stands now. */
void github_take_issue(struct gather *gather, const struct gather_object *object)
{
	const struct reader *reader = &object->reader;
	struct github_address address;
	json_t *repository = github_repository_of(gather, object, &address);
	int64_t closed_us = 0;
	int64_t created_us = 0;
	int64_t updated_us = reader_time(reader, "updated_at");

	if (!repository)
		return;
	bool closed = is_one_of(reader_text(reader, "state"), LIST("closed")) &&
		reader_time_at(reader, "closed_at", &closed_us);
	if (closed)
		put_issue(gather, object, &address, repository, "closed");
	(void)reader_time_at(reader, "created_at", &created_us);
	if (!closed || updated_us != closed_us)
		put_issue(gather, object, &address, repository,
			updated_us == created_us ? "opened" : "edited");
}

void github_take_pull_as_issue(struct gather *gather, const struct gather_object *object)
{
	(void)gather;
	(void)object; /* what there is to know of it is in the pull requests */
}
