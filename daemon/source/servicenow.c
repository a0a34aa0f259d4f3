/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ServiceNow, whatever an administrator's business rule or flow sends: {"table", "instance",
 * "operation", "record"} of contrib/senders/servicenow, an answer of the Table or Change API
 * ({"result": ...}), or a bare record. Rules run late and out of order, so a record is the
 * whole
 * ticket as it stood, and sys_mod_count its place.
 */
#include "servicenow.h"
#include "ticket.h"

#include <string.h>

/* One record on its way. */
struct row {
	const struct reader *record;
	const struct table *table;
	const char *host;
	const char *id;
	bool is_deleted;
};

static void put_or_clear(
	struct dora_event *event, const char *field, const char *text, bool is_empty)
{
	if (text)
		dora_put_text(event, field, text);
	else if (is_empty)
		dora_put_null(event, field);
}

/* A configuration item and the business service may each be what the catalogue names. */
static void put_record_origin(
	struct intake *in, struct dora_event *event, const struct reader *record)
{
	const char *name = column_words(record, "business_service") ? "business_service"
								    : "service_offering";
	const char *service_id = column_shown(record, name) ? column_value(record, name) : NULL;
	bool no_ci = column_is_empty(record, "cmdb_ci");
	bool no_service = !column_words(record, name) &&
		(column_is_empty(record, "business_service") ||
			column_is_empty(record, "service_offering"));

	dora_put_text(event, "origin.system", "servicenow");
	dora_put_text(event, "origin.host", after_prefix(in->dora_source, "/servicenow/"));
	put_or_clear(event, "origin.ci", column_shown(record, "cmdb_ci"), no_ci);
	put_or_clear(event, "origin.ci_id", column_value(record, "cmdb_ci"), no_ci);
	put_or_clear(event, "origin.component", column_words(record, name), no_service);
	put_or_clear(event, "origin.project", service_id, no_service);
	put_or_clear(event, "origin.assignment_group", column_words(record, "assignment_group"),
		column_is_empty(record, "assignment_group"));
}

static const char *page(struct intake *in, const struct row *row)
{
	if (!strchr(row->host, '.'))
		return NULL;
	return arena_printf(
		in->arena, "https://%s/%s.do?sys_id=%s", row->host, row->table->name, row->id);
}

/* state is a number of its own in each table; a word is what people read, whose times are in
 * their zone too. */
static const char *read_state(const struct row *row, const char *first, const char *second)
{
	const char *name =
		column_value(row->record, second) && !column_value(row->record, first) ? second
										       : first;
	const char *state = column_value(row->record, name);

	if (!state || strspn(state, "-0123456789") != strlen(state)) {
		reader_complain(row->record, name,
			"a number: send values, not display values "
			"(sysparm_display_value=false or all)");
		return "";
	}
	return state;
}

/* todo, in_progress, done or cancelled, by the states of the base system. */
enum stage {
	STAGE_OTHER,
	STAGE_TODO,
	STAGE_DOING,
	STAGE_DONE,
	STAGE_CANCELLED,
};

static const char *const stage_words[] = {
	[STAGE_TODO] = "todo",
	[STAGE_DOING] = "in_progress",
	[STAGE_DONE] = "done",
	[STAGE_CANCELLED] = "cancelled",
};

/* The same of an incident; a state of their own leaves it as it was. */
static const char *const state_words[] = {
	[STAGE_TODO] = "open",
	[STAGE_DOING] = "open",
	[STAGE_DONE] = "resolved",
	[STAGE_CANCELLED] = "cancelled",
};

static enum stage stage_of(const struct row *row)
{
	static const struct choice incident[] = {{"1", STAGE_TODO}, {"2", STAGE_DOING},
		{"3", STAGE_DOING}, {"4", STAGE_DOING}, {"5", STAGE_DOING}, {"6", STAGE_DONE},
		{"7", STAGE_DONE}, {"8", STAGE_CANCELLED}};
	static const struct choice problem[] = {{"101", STAGE_TODO}, {"102", STAGE_DOING},
		{"103", STAGE_DOING}, {"104", STAGE_DOING}, {"106", STAGE_DONE},
		{"107", STAGE_DONE}, {"1", STAGE_TODO}, {"2", STAGE_DOING}, {"3", STAGE_DOING},
		{"4", STAGE_DONE}};
	static const struct choice task[] = {{"-8", STAGE_DOING}, {"-7", STAGE_DOING},
		{"-6", STAGE_TODO}, {"-5", STAGE_TODO}, {"1", STAGE_TODO}, {"2", STAGE_DOING},
		{"3", STAGE_DONE}, {"4", STAGE_CANCELLED}, {"7", STAGE_CANCELLED}};
	int stage = STAGE_OTHER;

	if (strcmp(row->table->name, "incident") == 0) {
		(void)choice_find(incident, ARRAY_LEN(incident),
			read_state(row, "state", "incident_state"), &stage);
	} else if (strcmp(row->table->name, "problem") == 0) {
		(void)choice_find(problem, ARRAY_LEN(problem),
			read_state(row, "problem_state", "state"), &stage);
		if (stage == STAGE_DONE &&
			is_one_of(column_value(row->record, "resolution_code"),
				LIST("canceled", "cancelled", "duplicate")))
			stage = STAGE_CANCELLED;
	} else {
		(void)choice_find(
			task, ARRAY_LEN(task), read_state(row, "state", "state"), &stage);
	}
	return (enum stage)stage;
}

/* False: the column is empty. A time as people see it is in their zone and their order of day
 * and month, so it is refused wherever it stands. */
static bool read_time(const struct row *row, const char *name, int64_t *out_us)
{
	if (column_time(row->record, name, out_us))
		return true;
	if (reader_has(row->record, name) && !column_is_empty(row->record, name))
		reader_complain(row->record, name,
			"a time in UTC, as values have it (2026-06-01 21:59:22)");
	return false;
}

static int64_t updated_us(struct intake *in, const struct row *row)
{
	int64_t at_us = in->delivery->received_us;

	if (!row->is_deleted) /* the record does not say when it went */
		(void)read_time(row, "sys_updated_on", &at_us);
	return at_us;
}

/*
 * Closing comes by itself, days later. A resolution from before it was opened again is not the
 * one that stands, though some instances keep it: then the record's own time is.
 */
static bool read_resolution(const struct row *row, int64_t *out_us)
{
	int64_t at_us;
	int64_t reopened_us = 0;

	if (!read_time(row, "resolved_at", &at_us) && !read_time(row, "closed_at", &at_us))
		return false;
	(void)read_time(row, "reopened_time", &reopened_us);
	if (at_us < reopened_us)
		return false;
	*out_us = at_us;
	return true;
}

static const char *reference(struct intake *in, const struct row *row, const char *name)
{
	const char *id = column_value(row->record, name);

	return id ? entity_key(in, "servicenow/%s", id) : NULL;
}

static void observe_ticket(struct intake *in, const struct row *row)
{
	enum stage stage = row->is_deleted ? STAGE_CANCELLED : stage_of(row);
	const char *priority = column_value(row->record, "priority");
	struct ticket ticket = {
		.entity = entity_key(in, "servicenow/%s", row->id),
		.time_us = updated_us(in, row),
		.order = column_value(row->record, "sys_mod_count"),
		.once = row->is_deleted ? "gone" : NULL,
		.stands_alone = true,
		.type = row->table->type,
		.priority = column_words(row->record, "priority"),
		.status = stage_words[stage],
		/* No rule for the last state of what is gone makes it done. */
		.status_raw = row->is_deleted ? NULL : column_words(row->record, "state"),
		.is_incident = strcmp(row->table->name, "incident") == 0,
		.state = state_words[stage],
		.severity_raw = column_words(row->record, "priority"),
		.severity_is_known = reader_has(row->record, "priority"),
		.severity_is_cleared = column_is_empty(row->record, "priority"),
		.caused_by_change_request = reference(in, row, "caused_by"),
		.change_request_is_known = column_is_empty(row->record, "caused_by"),
		.duplicate_of = reference(in, row, "parent_incident"),
		.duplicate_is_known = column_is_empty(row->record, "parent_incident"),
		.title = column_value(row->record, "short_description"),
		.url = page(in, row),
	};

	if (priority && priority[0] >= '1' && priority[0] <= '5' && priority[1] == '\0')
		ticket.severity = priority[0] - '0';
	if (!read_time(row, "opened_at", &ticket.started_us))
		(void)read_time(row, "sys_created_on", &ticket.started_us);
	/* A reopened one may keep its resolved_at: the state says what it means. */
	if (stage == STAGE_DONE)
		(void)read_resolution(row, &ticket.resolved_us);
	ticket_observe_end(in, &ticket, put_record_origin, row->record);
	ticket_observe(in, &ticket, put_record_origin, row->record);
}

static const char *change_state(const struct row *row)
{
	static const struct {
		const char *number;
		const char *word;
	} states[] = {
		{"-5", "new"},
		{"-4", "assess"},
		{"-3", "authorize"},
		{"-2", "scheduled"},
		{"-1", "implement"},
		{"0", "review"},
		{"3", "closed"},
		{"4", "cancelled"},
	};
	const char *state = read_state(row, "state", "state");

	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		if (strcmp(states[i].number, state) == 0)
			return states[i].word;
	}
	return column_words(row->record, "state"); /* a change model's own */
}

/* Deployments made under it: told by the template, or an id of dorad's as its correlation (an
 * address there is of something else). */
static void put_deployments(
	const struct reader *body, const struct row *row, struct dora_event *event)
{
	size_t n = reader_count(body, "deployment_ids");
	const char *correlation = column_value(row->record, "correlation_id");

	for (size_t i = 0; i < n; i++) {
		struct reader id = reader_entry(body, "deployment_ids", i);

		dora_put_entry(event, "deployment_ids", reader_text(&id, ""));
	}
	if (n == 0 && correlation && strchr(correlation, '/') && !strstr(correlation, "://"))
		dora_put_entry(event, "deployment_ids", correlation);
}

/* What was sent empty is cleared: a change may be opened again. */
static void put_outcome(const struct row *row, struct dora_event *event)
{
	static const char *const times[][2] = {
		{"work_start", "actual_start"}, {"work_end", "actual_end"}};
	const char *code = column_value(row->record, "close_code");
	int64_t at_us;

	if (code)
		dora_put_text(event, "close_code", code);
	else if (column_is_empty(row->record, "close_code"))
		dora_put_null(event, "close_code");
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		if (read_time(row, times[i][0], &at_us))
			dora_put_time(event, times[i][1], at_us);
		else if (column_is_empty(row->record, times[i][0]))
			dora_put_null(event, times[i][1]);
	}
}

static void observe_change(struct intake *in, const struct reader *body, const struct row *row)
{
	const char *order = column_value(row->record, "sys_mod_count");
	struct dora_event *event = observe(in, DORA_CHANGE_REQUEST,
		entity_key(in, "servicenow/%s", row->id), updated_us(in, row));

	put_record_origin(in, event, row->record);
	dora_put_text(event, "state", row->is_deleted ? "cancelled" : change_state(row));
	put_outcome(row, event);
	put_deployments(body, row, event);
	dora_put_text(event, "url", page(in, row));
	if (row->is_deleted)
		observe_id(in, event, "change_request/gone");
	else
		observe_snapshot(
			in, event, "change_request/%s", padded(in, order ? order : "0"));
}

static enum verdict on_record(
	struct intake *in, const struct reader *body, const struct reader *record)
{
	const char *name = column_value(record, "sys_class_name");
	const char *number = column_value(record, "number");

	if (!name)
		name = READER_FIRST(body, "table", "table_name");
	if (!name && !number)
		return ignored(in, "neither table nor sys_class_name nor number: which table?");
	struct row row = {
		.record = record,
		.table = table_find(name, number),
		.host = instance_host(in, body, record),
		.id = column_value(record, "sys_id"),
		.is_deleted = is_one_of(reader_text(body, "operation"), LIST("delete")),
	};
	if (!row.table)
		return ignored(in, "%.80s: not a table that is measured", name ? name : number);
	in->out->kind = row.table->name;
	in->dora_source = arena_printf(in->arena, "/servicenow/%s", row.host);
	if (!row.id) {
		reader_complain(record, "sys_id", "an id");
		return VERDICT_EVENTS; /* which the complaint makes malformed */
	}
	if (row.table->type)
		observe_ticket(in, &row);
	else
		observe_change(in, body, &row);
	return VERDICT_EVENTS;
}

static enum verdict normalise(struct intake *in, const struct reader *body)
{
	static const char *const places[] = {"record", "records", "result", NULL};
	enum verdict verdict = VERDICT_IGNORED;

	for (const char *const *place = places; *place; place++) {
		struct reader found = reader_at(body, *place);
		size_t n = reader_count(&found, "");

		if (json_is_object(found.value))
			return on_record(in, body, &found);
		if (!json_is_array(found.value))
			continue;
		for (size_t i = 0; i < n; i++) {
			struct reader record = reader_entry(&found, "", i);

			if (on_record(in, body, &record) == VERDICT_EVENTS)
				verdict = VERDICT_EVENTS;
		}
		return verdict == VERDICT_EVENTS || n ? verdict
						      : ignored(in, "no record in it");
	}
	return on_record(in, body, body);
}

static const struct wanted wanted[] = {
	{"table"},
	{"table_name"},
	{"instance"},
	{"operation"},
	{"deployment_ids"},
	OBJECT("record", SERVICENOW_RECORD),
	OBJECT("records", SERVICENOW_RECORD),
	OBJECT("result", SERVICENOW_RECORD),
	SERVICENOW_RECORD,
	{0},
};

const struct source source_servicenow = {
	.name = "servicenow",
	.delivery_header = "x-dorad-delivery",
	.wanted = wanted,
	.normalise = normalise,
};
