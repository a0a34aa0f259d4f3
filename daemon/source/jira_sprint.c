/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"
#include "jira.h"
#include "ticket.h"

#include <string.h>
#include <strings.h>

/* A sprint's startDate, of an object or of the text that older versions send. */
static bool sprint_start(const json_t *sprint, int64_t *out_us)
{
	const char *text = json_string_value(json_object_get(sprint, "startDate"));

	if (json_is_string(sprint)) {
		text = strstr(json_string_value(sprint), "startDate=");
		text = text ? text + strlen("startDate=") : NULL;
	}
	return text && timestamp_parse(text, strcspn(text, ",]"), out_us);
}

static bool is_in_state(const json_t *sprint, const char *wanted)
{
	static const char name[] = "state=";
	const char *state = json_string_value(json_object_get(sprint, "state"));

	if (json_is_string(sprint)) {
		state = strstr(json_string_value(sprint), name);
		state = state ? state + strlen(name) : NULL;
	}
	return state && strncasecmp(state, wanted, strlen(wanted)) == 0;
}

bool jira_is_sprint(const json_t *value)
{
	const char *text = json_string_value(value);

	if (text)
		return strstr(text, "greenhopper.service.sprint.Sprint") != NULL;
	return json_object_get(value, "state") &&
		(json_object_get(value, "boardId") || json_object_get(value, "startDate"));
}

const char *jira_sprint_field(const json_t *fields)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)fields, name, value) {
		if (strncmp(name, "customfield_", 12) == 0 &&
			jira_is_sprint(json_array_get(value, 0)))
			return name;
	}
	return NULL;
}

/* The sprint it is in: the active one, else one that is to come, else the last. */
static const json_t *find_sprint(const struct reader *issue, const char *field)
{
	const json_t *found = NULL;
	int rank_found = -1;
	size_t i;
	json_t *sprint;

	json_array_foreach(json_object_get(reader_find(issue, "fields"), field), i, sprint) {
		int rank = is_in_state(sprint, "active") ? 2 : is_in_state(sprint, "future");

		if (jira_is_sprint(sprint) && rank >= rank_found) {
			found = sprint;
			rank_found = rank;
		}
	}
	return found;
}

/* The change of its sprint, by the field's id where there is one: its name may be in any
 * language. */
static struct reader find_sprint_change(const struct reader *body, const char *sprint_field)
{
	size_t n = reader_count(body, "changelog.items");

	for (size_t i = 0; i < n; i++) {
		struct reader item = reader_entry(body, "changelog.items", i);
		const char *id = reader_text(&item, "fieldId");

		if (is_one_of(reader_text(&item, "field"), LIST("sprint")) ||
			(id && sprint_field && strcmp(id, sprint_field) == 0))
			return item;
	}
	return (struct reader){.place = "", .arena = body->arena, .err = body->err};
}

/* Whether the list "12, 34" has an id that the other has not. NULL is an empty one. */
static bool has_more(const char *ids, const char *than)
{
	static const char between[] = ", ";

	for (ids = ids ? ids : ""; *ids; ids += strspn(ids, between)) {
		size_t n = strcspn(ids, between);
		bool known = false;

		for (const char *at = than ? than : ""; *at; at += strspn(at, between)) {
			size_t n_at = strcspn(at, between);

			known = known || (n_at == n && memcmp(at, ids, n) == 0);
			at += n_at;
		}
		if (n && !known)
			return true;
		ids += n;
	}
	return false;
}

/* The closed sprints that it was in stay in the list: out of the one that runs and into the
 * backlog, that list grows shorter, not empty. */
void jira_read_sprint(
	const struct reader *body, const struct reader *issue, struct ticket *ticket)
{
	const char *field = jira_sprint_field(reader_find(issue, "fields"));
	const json_t *sprint = find_sprint(issue, field);
	struct reader change = find_sprint_change(body, field);
	const char *from = reader_id_or_null(&change, "from");
	const char *to = reader_id_or_null(&change, "to");

	bool begun = sprint && sprint_start(sprint, &ticket->sprint_started_us);
	if (has_more(to, from)) {
		ticket->added_to_sprint_us = ticket->time_us;
		ticket->sprint_is_to_come = sprint && !begun;
	} else if (change.value)
		ticket->left_its_sprint = true;
	else if (sprint &&
		is_one_of(reader_text(body, "webhookEvent"), LIST("jira:issue_created")))
		ticket->added_to_sprint_us = ticket->started_us;
}
