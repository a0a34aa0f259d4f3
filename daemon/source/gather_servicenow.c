/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceNow's Table API. A record is told as a business rule would tell it: as it stands, and
 * with it when it was done, if it was touched after that (servicenow.c).
 *
 * With sysparm_display_value=true there are only the words and times that people see: state
 * has its English words here, and times are in the zone of the user who asked.
 */
#include "gather_priv.h"
#include "servicenow.h"

#include <string.h>

/* The base system's words for its numbers. */
struct state_word {
	const char *table;
	const char *word;
	const char *number;
};

static const struct state_word state_words[] = {
	{"incident", "New", "1"},
	{"incident", "In Progress", "2"},
	{"incident", "On Hold", "3"},
	{"incident", "Resolved", "6"},
	{"incident", "Closed", "7"},
	{"incident", "Canceled", "8"},
	{"change_request", "New", "-5"},
	{"change_request", "Assess", "-4"},
	{"change_request", "Authorize", "-3"},
	{"change_request", "Scheduled", "-2"},
	{"change_request", "Implement", "-1"},
	{"change_request", "Review", "0"},
	{"change_request", "Closed", "3"},
	{"change_request", "Canceled", "4"},
	{"problem", "New", "101"},
	{"problem", "Assess", "102"},
	{"problem", "Root Cause Analysis", "103"},
	{"problem", "Fix in Progress", "104"},
	{"problem", "Resolved", "106"},
	{"problem", "Closed", "107"},
	{NULL, "Pending", "-5"},
	{NULL, "Open", "1"},
	{NULL, "Work in Progress", "2"},
	{NULL, "Closed Complete", "3"},
	{NULL, "Closed Incomplete", "4"},
	{NULL, "Closed Skipped", "7"},
};

static const char *const state_columns[] = {"state", "incident_state", "problem_state", NULL};
static const char *const time_columns[] = {"sys_updated_on", "closed_at", "resolved_at",
	"opened_at", "sys_created_on", "work_start", "work_end", "reopened_time", NULL};

static const struct table *table_of(const struct reader *record)
{
	const char *class = column_value(record, "sys_class_name");
	const char *number = column_value(record, "number");
	const struct table *table = class ? table_find(class, NULL) : NULL;

	/* "Incident", as people see it. */
	return table || !number ? table : table_find(NULL, number);
}

static const char *number_of(const char *table, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(state_words); i++) {
		const struct state_word *known = &state_words[i];

		if ((!known->table || strcmp(known->table, table) == 0) &&
			is_one_of(word, LIST(known->word)))
			return known->number;
	}
	return NULL;
}

static bool is_number(const char *text)
{
	return text[strspn(text, "-0123456789")] == '\0';
}

/* Is state a word without its number? Then every value is what people see. */
static bool is_shown(const struct reader *record)
{
	for (const char *const *name = state_columns; *name; name++) {
		const char *state = column_value(record, *name);

		if (state && !is_number(state))
			return true;
	}
	return false;
}

static bool put_states(struct gather *gather, const struct gather_object *object,
	const struct table *table, json_t *record)
{
	for (const char *const *name = state_columns; *name; name++) {
		const char *word = column_value(&object->reader, *name);
		const char *number = word ? number_of(table->name, word) : NULL;

		if (word && !number && !is_number(word)) {
			gather_refuse(gather, object,
				"%s is \"%.40s\", which is no word of the base system: ask "
				"with "
				"sysparm_display_value=false or all",
				*name, word);
			return false;
		}
		if (number)
			(void)json_object_set_new(record, *name, json_string(number));
	}
	return true;
}

static bool put_times(struct gather *gather, const struct gather_object *object, json_t *record)
{
	for (const char *const *name = time_columns; *name; name++) {
		const char *shown = column_value(&object->reader, *name);
		int64_t at_us = 0;

		if (!shown)
			continue;
		if (!gather->options.to_utc ||
			!gather->options.to_utc(gather->options.context, shown, &at_us)) {
			gather_refuse(gather, object,
				"%s is %.40s as people see it: name the zone of the user who "
				"asked "
				"(--zone), or ask with sysparm_display_value=false or all",
				*name, shown);
			return false;
		}
		(void)json_object_set_new(record, *name, gather_time(at_us));
	}
	return true;
}

/* "3 - Moderate" is priority 3. */
static void put_priority(const struct reader *reader, json_t *record)
{
	const char *shown = column_value(reader, "priority");

	if (shown && shown[0] >= '1' && shown[0] <= '5' && shown[1] == ' ')
		(void)json_object_set_new(record, "priority",
			json_pack("{s:s, s:s#}", "display_value", shown, "value", shown, 1));
}

static json_t *record_of(
	struct gather *gather, const struct gather_object *object, const struct table *table)
{
	json_t *record = json_copy((json_t *)(uintptr_t)object->reader.value);

	if (!is_shown(&object->reader))
		return record;
	put_priority(&object->reader, record);
	if (put_states(gather, object, table, record) && put_times(gather, object, record))
		return record;
	json_decref(record);
	return NULL;
}

static void put(struct gather *gather, const struct gather_object *object,
	const struct table *table, json_t *record)
{
	const struct reader reader = {.value = record,
		.place = "",
		.arena = object->arena,
		.err = object->reader.err};
	int64_t at_us = 0;
	json_t *body = json_pack("{s:s, s:s, s:o}", "table", table->name, "operation", "update",
		"record", record);

	/* Not asked for sys_updated_on, the API does not say when it came to stand so. */
	for (const char *const *name = time_columns; *name && !at_us; name++)
		(void)column_time(&reader, *name, &at_us);
	(void)json_object_del(record, "sys_class_name"); /* the table says it */
	if (gather->options.host)
		(void)json_object_set_new(body, "instance", json_string(gather->options.host));
	gather_put(gather, (struct gather_line){.at_us = at_us, .body = body});
}

static void take_record(struct gather *gather, const struct gather_object *object)
{
	const struct table *table = table_of(&object->reader);

	if (!table) {
		gather_refuse(gather, object,
			"a record of no table that is measured: neither sys_class_name nor the "
			"prefix of its number is known");
		return;
	}
	json_t *record = record_of(gather, object, table);
	if (!record)
		return;
	put(gather, object, table, record);
}

static bool is_record(const struct reader *object)
{
	return reader_has(object, "sys_id");
}

static const struct gather_kind kinds[] = {
	{"record", is_record, take_record},
	{0},
};

static const struct wanted wanted[] = {
	SERVICENOW_RECORD,
	{0},
};

const struct gather_system gather_servicenow = {
	.name = "servicenow",
	.pages = LIST("result", "records"),
	.wanted = wanted,
	.kinds = kinds,
};
