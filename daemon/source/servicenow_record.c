/* SPDX-License-Identifier: Apache-2.0 */
#include "servicenow.h"

#include <string.h>

const char *column_value(const struct reader *record, const char *name)
{
	const json_t *field = reader_find(record, name);
	const json_t *value = json_is_object(field) ? json_object_get(field, "value") : field;

	if (json_is_real(value))
		return arena_printf(record->arena, "%.0f", json_real_value(value));
	if (json_is_integer(value))
		return arena_printf(
			record->arena, "%lld", (long long)json_integer_value(value));
	const char *text = json_string_value(value);
	return text && *text ? text : NULL;
}

const char *column_shown(const struct reader *record, const char *name)
{
	const json_t *field = reader_find(record, name);
	const char *text = json_string_value(json_object_get(field, "display_value"));

	return text && *text ? text : NULL;
}

const char *column_words(const struct reader *record, const char *name)
{
	const char *text = column_shown(record, name);

	return text ? text : column_value(record, name);
}

bool column_is_empty(const struct reader *record, const char *name)
{
	const json_t *field = reader_find(record, name);
	bool has_value = !json_is_object(field) || json_object_get(field, "value");

	return field && (has_value ? !column_value(record, name) : !column_shown(record, name));
}

bool column_time(const struct reader *record, const char *name, int64_t *out_us)
{
	struct reader field = reader_at(record, name);
	const char *path = json_is_object(field.value) ? "value" : "";

	return reader_time_at(&field, path, out_us);
}

static const struct table tables[] = {
	{"change_request", "CHG", NULL},
	{"change_task", "CTASK", "subtask"},
	{"incident", "INC", "incident"},
	{"incident_task", "TASKINC", "subtask"},
	{"problem", "PRB", "problem"},
	{"problem_task", "PTASK", "subtask"},
	{"rm_defect", "DFCT", "bug"},
	{"rm_enhancement", "ENHC", "enhancement"},
	{"rm_epic", "EPIC", "epic"},
	{"rm_scrum_task", "STSK", "subtask"},
	{"rm_story", "STRY", "story"},
	{"sc_req_item", "RITM", "service request"},
	{"sc_task", "SCTASK", "subtask"},
};

const struct table *table_find(const char *name, const char *number)
{
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		if (name ? strcmp(tables[i].name, name) == 0
			 : after_prefix(number, tables[i].prefix) != NULL)
			return &tables[i];
	}
	return NULL;
}

static const char *lower_host(struct intake *in, const char *name)
{
	return host_of(
		in, arena_printf(in->arena, "%s%s", strstr(name, "://") ? "" : "//://", name));
}

const char *instance_host(
	struct intake *in, const struct reader *body, const struct reader *record)
{
	static const char *const references[] = {"sys_domain.link", "assignment_group.link",
		"cmdb_ci.link", "opened_by.link", "caller_id.link", NULL};
	const char *instance = reader_text(body, "instance");
	const char *host = instance ? lower_host(in, instance)
				    : host_of(in, reader_first(record, references));

	return host ? host : "servicenow";
}
