/* SPDX-License-Identifier: Apache-2.0 */
#include "gather_jira.h"
#include "jira.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Undoes one item of a change in the fields as they were after it. */
typedef void undo_item(struct jira_history *history, json_t *fields, const struct reader *item);

/* The category's key, of a status by its id; NULL: not known. */
static const char *category_of(const struct jira_history *history, const char *status)
{
	json_auto_t *known = gather_known(history->gather, "status", status);
	const char *key = json_string_value(json_object_get(known, "category"));

	return key ? arena_strdup(history->arena, key) : NULL;
}

/* {"name": ...}, or null for none. */
static void set_named(json_t *fields, const char *field, const char *name)
{
	(void)json_object_set_new(
		fields, field, name ? json_pack("{s:s}", "name", name) : json_null());
}

static void undo_status(struct jira_history *history, json_t *fields, const struct reader *item)
{
	const char *id = reader_id_or_null(item, "from");
	const char *category = id ? category_of(history, id) : NULL;
	json_t *status = json_object();

	gather_copy(status, "id", item, "from");
	gather_copy(status, "name", item, "fromString");
	if (category)
		(void)json_object_set_new(
			status, "statusCategory", json_pack("{s:s}", "key", category));
	else
		history->unknown_status = READER_FIRST(item, "fromString", "from");
	(void)json_object_set_new(fields, "status", status);
}

static void undo_resolution(
	struct jira_history *history, json_t *fields, const struct reader *item)
{
	(void)history;
	set_named(fields, "resolution", reader_text(item, "fromString"));
}

static void undo_priority(
	struct jira_history *history, json_t *fields, const struct reader *item)
{
	(void)history;
	set_named(fields, "priority", reader_text(item, "fromString"));
	gather_copy(json_object_get(fields, "priority"), "id", item, "from");
}

static void undo_type(struct jira_history *history, json_t *fields, const struct reader *item)
{
	json_t *type = json_copy(json_object_get(fields, "issuetype"));

	(void)history;
	if (!type)
		type = json_object();
	gather_copy(type, "name", item, "fromString");
	(void)json_object_set_new(fields, "issuetype", type);
}

static void undo_labels(struct jira_history *history, json_t *fields, const struct reader *item)
{
	const char *at = reader_text(item, "fromString");
	json_t *labels = json_array();

	(void)history;
	while (at && *at) {
		size_t n = strcspn(at, " ");

		if (n)
			(void)json_array_append_new(labels, json_stringn(at, n));
		at += n + (at[n] == ' ');
	}
	(void)json_object_set_new(fields, "labels", labels);
}

static void undo_text(json_t *fields, const char *field, const struct reader *item)
{
	(void)json_object_del(fields, field);
	gather_copy(fields, field, item, "fromString");
}

static void undo_summary(
	struct jira_history *history, json_t *fields, const struct reader *item)
{
	(void)history;
	undo_text(fields, "summary", item);
}

static void undo_description(
	struct jira_history *history, json_t *fields, const struct reader *item)
{
	(void)history;
	undo_text(fields, "description", item);
}

/* One item is one component, put on or taken off. */
static void undo_component(
	struct jira_history *history, json_t *fields, const struct reader *item)
{
	const char *put = reader_text(item, "toString");
	const char *taken = reader_text(item, "fromString");
	json_t *left = json_array();
	size_t i;
	json_t *one;

	(void)history;
	json_array_foreach(json_object_get(fields, "components"), i, one) {
		const char *name = json_string_value(json_object_get(one, "name"));

		if (!(put && name && strcmp(name, put) == 0))
			(void)json_array_append(left, one);
	}
	if (taken)
		(void)json_array_append_new(left, json_pack("{s:s}", "name", taken));
	(void)json_object_set_new(fields, "components", left);
}

/* A link that was made is taken out again; the other end of one that was cut is not known. */
static void undo_link(struct jira_history *history, json_t *fields, const struct reader *item)
{
	const char *made = reader_text(item, "to");
	json_t *left = json_array();
	size_t i;
	json_t *one;

	(void)history;
	json_array_foreach(json_object_get(fields, "issuelinks"), i, one) {
		const json_t *inward = json_object_get(one, "inwardIssue");
		const json_t *outward = json_object_get(one, "outwardIssue");
		const char *key =
			json_string_value(json_object_get(inward ? inward : outward, "key"));

		if (!(made && key && strcmp(key, made) == 0))
			(void)json_array_append(left, one);
	}
	(void)json_object_set_new(fields, "issuelinks", left);
}

static bool is_listed(const char *ids, json_int_t id)
{
	while (ids && *ids) {
		char *end;

		if (strtoll(ids, &end, 10) == id)
			return true;
		ids = end + strspn(end, ", ");
		if (end == ids && *ids)
			return false;
	}
	return false;
}

/* Of the sprints that are known, those that it was in. */
static void undo_sprint(struct jira_history *history, json_t *fields, const struct reader *item)
{
	const char *before = reader_text(item, "from");
	const char *name;
	json_t *value;
	void *next;

	(void)history;
	json_object_foreach_safe(fields, next, name, value)
	{
		json_t *left = json_array();
		size_t i;
		json_t *sprint;

		if (strncmp(name, "customfield_", 12) != 0 ||
			!jira_is_sprint(json_array_get(value, 0))) {
			json_decref(left);
			continue;
		}
		json_array_foreach(value, i, sprint) {
			if (is_listed(
				    before, json_integer_value(json_object_get(sprint, "id"))))
				(void)json_array_append(left, sprint);
		}
		(void)json_object_set_new(fields, name, left);
	}
}

/* The fields that are measured; a change of none of them says nothing here. */
static const struct {
	const char *field;
	undo_item *undo;
} fields_told[] = {
	{"status", undo_status},
	{"resolution", undo_resolution},
	{"labels", undo_labels},
	{"priority", undo_priority},
	{"issuetype", undo_type},
	{"component", undo_component},
	{"components", undo_component},
	{"link", undo_link},
	{"issuelinks", undo_link},
	{"sprint", undo_sprint},
	{"summary", undo_summary},
	{"description", undo_description},
};

/* By the field's id where there is one: its name may be translated. */
static undo_item *undo_of(const struct jira_history *history, const struct reader *item)
{
	const char *const names[] = {reader_text(item, "fieldId"), reader_text(item, "field")};

	if (names[0] && history->sprint_field && strcmp(names[0], history->sprint_field) == 0)
		return undo_sprint;
	for (size_t n = 0; n < ARRAY_LEN(names); n++) {
		for (size_t i = 0; names[n] && i < ARRAY_LEN(fields_told); i++) {
			if (strcasecmp(names[n], fields_told[i].field) == 0)
				return fields_told[i].undo;
		}
	}
	return NULL;
}

static struct reader reader_of(struct jira_history *history, const json_t *value)
{
	return (struct reader){
		.value = value, .place = "", .arena = history->arena, .err = &history->unsaid};
}

static bool matters(struct jira_history *history, const json_t *change)
{
	struct reader reader = reader_of(history, change);
	size_t n = reader_count(&reader, "items");

	for (size_t i = 0; i < n; i++) {
		struct reader item = reader_entry(&reader, "items", i);

		if (undo_of(history, &item))
			return true;
	}
	return false;
}

static int64_t created_us(const json_t *change)
{
	struct error nowhere = {0};
	const struct reader reader = {.value = change, .place = "", .err = &nowhere};
	int64_t at_us = 0;

	(void)reader_time_at(&reader, "created", &at_us);
	return at_us;
}

static int64_t number_of(const json_t *change)
{
	struct error nowhere = {0};
	const struct reader reader = {.value = change, .place = "", .err = &nowhere};
	int64_t id = 0;

	(void)reader_int(&reader, "id", &id);
	return id;
}

static int by_time(const void *a, const void *b)
{
	const json_t *one = *(const json_t *const *)a;
	const json_t *two = *(const json_t *const *)b;
	int64_t first = created_us(one);
	int64_t second = created_us(two);

	if (first == second) {
		first = number_of(one);
		second = number_of(two);
	}
	return first < second ? -1 : first > second;
}

/* Does an item of the change make the field so, or from nothing to something? */
static bool sets(struct jira_history *history, const json_t *change, undo_item *undo)
{
	struct reader reader = reader_of(history, change);
	size_t n = reader_count(&reader, "items");

	for (size_t i = 0; i < n; i++) {
		struct reader item = reader_entry(&reader, "items", i);

		if (undo_of(history, &item) == undo && reader_text(&item, "toString"))
			return true;
	}
	return false;
}

/*
 * When each state was resolved, or came to its category: the last change before it that says
 * so (none: its creation). What stands now keeps the time that it has.
 */
static void put_dates(
	struct jira_history *history, const char *date, undo_item *undo, const json_t *created)
{
	const json_t *since = created;
	size_t n_left = 0;

	for (size_t i = 0; i < history->n; i++)
		n_left += sets(history, history->changes[i], undo);
	/* Each change once more, and not once for each state: some have thousands. */
	for (size_t at = 0; n_left; at++) {
		json_t *fields = history->states[at];
		bool is_so = undo != undo_resolution ||
			json_is_object(json_object_get(fields, "resolution"));

		if (is_so)
			(void)json_object_set(fields, date, (json_t *)(uintptr_t)since);
		else
			(void)json_object_set_new(fields, date, json_null());
		if (sets(history, history->changes[at], undo)) {
			since = json_object_get(history->changes[at], "created");
			n_left--;
		}
	}
}

static json_t *state_before(struct jira_history *history, json_t *after, const json_t *change)
{
	struct reader reader = reader_of(history, change);
	size_t n = reader_count(&reader, "items");
	json_t *before = json_copy(after);

	for (size_t i = n; i > 0; i--) {
		struct reader item = reader_entry(&reader, "items", i - 1);
		undo_item *undo = undo_of(history, &item);

		if (undo)
			undo(history, before, &item);
	}
	return before;
}

static void release(void *tree)
{
	json_decref(tree);
}

static void read_changes(struct jira_history *history, const struct reader *issue)
{
	size_t n = reader_count(issue, "changelog.histories");
	int64_t total = (int64_t)n;

	history->changes = arena_alloc(history->arena, (n + 1) * sizeof(json_t *));
	for (size_t i = 0; i < n; i++) {
		struct reader change = reader_entry(issue, "changelog.histories", i);

		if (matters(history, change.value))
			history->changes[history->n++] = change.value;
	}
	qsort(history->changes, history->n, sizeof(json_t *), by_time);
	(void)reader_int(issue, "changelog.total", &total);
	history->is_whole = total <= (int64_t)n;
}

void jira_history_read(
	struct jira_history *history, const struct gather *gather, const struct reader *issue)
{
	history->gather = gather;
	history->sprint_field = jira_sprint_field(reader_find(issue, "fields"));
	read_changes(history, issue);
	history->states = arena_alloc(history->arena, (history->n + 1) * sizeof(json_t *));
	/* Shared as far as they are the same; undoing puts other values in their place. */
	history->states[history->n] = arena_own(history->arena,
		json_copy((json_t *)(uintptr_t)reader_find(issue, "fields")), release);
	for (size_t i = history->n; i > 0; i--)
		history->states[i - 1] = arena_own(history->arena,
			state_before(history, history->states[i], history->changes[i - 1]),
			release);
	const json_t *created = reader_find(issue, "fields.created");
	put_dates(history, "resolutiondate", undo_resolution, created);
	put_dates(history, "statuscategorychangedate", undo_status, created);
}
