/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Jira's REST API, versions 2 and 3: search results and issues with expand=changelog. Each
 * change that matters becomes the jira:issue_updated that told it, its creation the
 * jira:issue_created.
 */
#include "gather_jira.h"
#include "jira.h"

#include <string.h>

static void put(struct gather *gather, const struct reader *issue, const char *kind,
	int64_t at_us, json_t *fields, json_t *changelog)
{
	static const char *const names[] = {"id", "key", "self", NULL};
	json_t *told = gather_pick(issue, names);
	json_t *body = json_pack("{s:s*, s:o}", "webhookEvent", kind, "issue", told);

	(void)json_object_set_new(told, "fields", fields);
	if (changelog)
		(void)json_object_set_new(body, "changelog", changelog);
	/* Milliseconds, as Jira sends them. */
	(void)json_object_set_new(body, "timestamp", json_integer(at_us / 1000));
	gather_put(gather, (struct gather_line){.body = body});
}

static void learn_status(struct gather *gather, const struct reader *status)
{
	const char *id = reader_id_or_null(status, "id");
	const char *category = reader_text(status, "statusCategory.key");

	if (!id || !category)
		return;
	json_auto_t *known = json_pack("{s:s}", "category", category);
	gather_know(gather, "status", id, known);
}

static void take_status(struct gather *gather, const struct gather_object *object)
{
	learn_status(gather, &object->reader);
}

static json_t *fields_of(const struct reader *issue)
{
	return json_deep_copy(reader_find(issue, "fields"));
}

/* What a snapshot shows: how it is, and when it came to be done. */
static void put_snapshot(struct gather *gather, const struct reader *issue)
{
	int64_t updated_us = reader_time(issue, "fields.updated");
	int64_t done_us = updated_us;

	if (issue->err->text[0])
		return;
	/* As of when it came to be of that category, as a webhook has it; Data Center does not
	 * tell. */
	if (!reader_time_at(issue, "fields.statuscategorychangedate", &done_us))
		(void)reader_time_at(issue, "fields.resolutiondate", &done_us);
	if (is_one_of(reader_text(issue, "fields.status.statusCategory.key"), LIST("done")) &&
		done_us < updated_us)
		put(gather, issue, NULL, done_us, fields_of(issue), NULL);
	put(gather, issue, NULL, updated_us, fields_of(issue), NULL);
}

static void put_change(struct gather *gather, const struct reader *issue,
	const struct jira_history *history, size_t i)
{
	const struct reader change = {.value = history->changes[i],
		.place = "changelog.histories",
		.arena = history->arena,
		.err = issue->err};
	json_t *changelog = json_object();

	gather_copy(changelog, "id", &change, "id");
	gather_copy(changelog, "items", &change, "items");
	put(gather, issue, "jira:issue_updated", reader_time(&change, "created"),
		json_incref(history->states[i + 1]), changelog);
}

static void take_issue(struct gather *gather, const struct gather_object *object)
{
	const struct reader *issue = &object->reader;
	struct reader status = reader_at(issue, "fields.status");
	struct jira_history history = {.arena = object->arena};

	learn_status(gather, &status);
	if (!reader_has(issue, "changelog.histories")) {
		put_snapshot(gather, issue);
		return;
	}
	int64_t created_us = reader_time(issue, "fields.created");
	if (issue->err->text[0])
		return;
	jira_history_read(&history, gather, issue);
	if (history.is_whole)
		put(gather, issue, "jira:issue_created", created_us,
			json_incref(history.states[0]), NULL);
	for (size_t i = 0; i < history.n; i++)
		put_change(gather, issue, &history, i);
	if (history.unknown_status)
		gather_refuse(gather, object,
			"status %.40s of its changelog has no category known: give "
			"GET /rest/api/3/status before it",
			history.unknown_status);
	else if (!history.is_whole)
		gather_refuse(gather, object,
			"its changelog lacks the first changes, and so how it was created: "
			"give "
			"GET /rest/api/3/issue/%.40s?expand=changelog",
			reader_string(issue, "key"));
}

static bool is_issue(const struct reader *object)
{
	return reader_has(object, "fields") && reader_has(object, "id");
}

static bool is_status(const struct reader *object)
{
	return reader_has(object, "statusCategory") && reader_has(object, "id");
}

static const struct gather_kind kinds[] = {
	{"issue", is_issue, take_issue},
	{"status", is_status, take_status},
	{0},
};

static const struct wanted wanted[] = {
	JIRA_ISSUE,
	OBJECT("statusCategory", {"key"}),
	OBJECT("changelog", {"total"},
		OBJECT("histories", {"id"}, {"created"},
			OBJECT("items", {"field"}, {"fieldId"}, {"from"}, {"fromString"},
				{"to"}, {"toString"}))),
	{0},
};

const struct gather_system gather_jira = {
	.name = "jira",
	.pages = LIST("issues", "values"),
	.wanted = wanted,
	.kinds = kinds,
};
