/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freshservice, and Freshdesk's like bodies: what the Workflow Automator's "Trigger webhook"
 * makes of an administrator's template (ours: contrib/senders/freshservice). Texts are put into
 * it unescaped, so a body is often no JSON; it is read as far as it can be.
 */
#include "event/digest.h"
#include "lenient.h"
#include "observe.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define HASH_DIGITS 16

/* A code of the API, or its name as placeholders render it, and what it means to us. */
struct meaning {
	const char *code;
	const char *name;
	const char *item;  /* status of a work item, or the one meaning that there is */
	const char *state; /* of an incident */
};

static const struct meaning ticket_statuses[] = {
	{"2", "Open", "todo", "open"},
	{"3", "Pending", "in_progress", "open"},
	{"4", "Resolved", "done", "resolved"},
	{"5", "Closed", "done", "resolved"},
};

static const struct meaning change_statuses[] = {
	{"1", "Open", "new", NULL},
	{"2", "Planning", "assess", NULL},
	{"3", "Approval", "authorize", NULL},
	{"3", "Awaiting Approval", "authorize", NULL},
	{"4", "Pending Release", "scheduled", NULL},
	{"5", "Pending Review", "review", NULL},
	{"6", "Closed", "closed", NULL},
	{"", "Cancelled", "cancelled", NULL},
	{"", "Canceled", "cancelled", NULL},
};

static const struct meaning release_statuses[] = {
	{"3", "In Progress", "started", NULL},
	{"4", "Incomplete", "failed", NULL},
	{"5", "Completed", "succeeded", NULL},
};

static const struct meaning priorities[] = {
	{"1", "Low", "4", NULL},
	{"2", "Medium", "3", NULL},
	{"3", "High", "2", NULL},
	{"4", "Urgent", "1", NULL},
};

static const struct meaning *find(const struct meaning *all, size_t n, const char *word)
{
	for (size_t i = 0; word && i < n; i++) {
		if (strcmp(all[i].code, word) == 0 || is_one_of(word, LIST(all[i].name)))
			return &all[i];
	}
	return NULL;
}

#define FIND(all, word) find((all), ARRAY_LEN(all), (word))

/* A status or a priority: its name where there are both. */
static const char *read_word(
	const struct reader *ticket, const char *name, const char *plain, const char *prefixed)
{
	const char *text = READER_FIRST(ticket, name, prefixed);

	return text ? text : reader_id_or_null(ticket, plain);
}

/* What one body speaks of. */
struct record {
	struct reader fields;
	const char *host;
	const char *entity;
	bool has_time; /* its own, not that of its arrival */
	int64_t time_us;
};

/* "372" of "INC-372": a ticket's number is the same in both. */
static const char *read_number(const struct reader *fields)
{
	static const char *const paths[] = {
		"id", "id_numeric", "display_id", "ticket_id", "change_id"};
	const char *id = NULL;

	for (size_t i = 0; !id && i < ARRAY_LEN(paths); i++)
		id = reader_id_or_null(fields, paths[i]);
	const char *digits = id;
	while (digits && *digits && !isdigit((unsigned char)*digits))
		digits++;
	if (digits && *digits && digits[strspn(digits, "0123456789")] == '\0' &&
		!strpbrk(id, "{}"))
		return digits;
	reader_complain(fields, "id", "a number, or as in INC-372");
	return "";
}

static struct record read_record(
	struct intake *in, const struct reader *fields, const char *what)
{
	const char *host = host_of(in, READER_FIRST(fields, "url", "ticket_url"));
	struct record record = {.fields = *fields};

	record.host = host ? host : READER_FIRST(fields, "host", "domain");
	record.time_us = in->delivery->received_us;
	record.has_time = reader_time_at(fields, "updated_at", &record.time_us);
	record.entity = entity_key(in, "freshservice/%s%s%s/%s", record.host ? record.host : "",
		record.host ? "/" : "", what, read_number(fields));
	in->dora_source = record.host ? arena_printf(in->arena, "/freshservice/%s", record.host)
				      : "/freshservice";
	return record;
}

static struct dora_event *observe_record(
	struct intake *in, const struct record *record, enum dora_kind kind)
{
	const struct reader *fields = &record->fields;
	struct dora_event *event = observe(in, kind, record->entity, record->time_us);

	dora_put_text(event, "origin.system", "freshservice");
	dora_put_text(event, "origin.host", record->host);
	dora_put_text(event, "origin.project", READER_FIRST(fields, "workspace", "department"));
	dora_put_text(event, "origin.component", reader_text(fields, "category"));
	dora_put_text(event, "origin.ci", READER_FIRST(fields, "service", "asset"));
	dora_put_text(
		event, "origin.assignment_group", READER_FIRST(fields, "group", "group_name"));
	dora_put_text(event, "url", READER_FIRST(fields, "url", "ticket_url"));
	return event;
}

/*
 * Where the body does not say when, it cannot say whether it came twice or the ticket came back
 * to what it was: it is the same, as any delivery that comes twice has to be. A time as people
 * of some country write it cannot be read, but tells the one from the other.
 */
static void name_snapshot(
	struct intake *in, const struct record *record, struct dora_event *event)
{
	const char *kind = dora_kind_name(event->kind);
	const char *when = reader_text(&record->fields, "updated_at");
	char hex[DIGEST_HEX_MAX];
	size_t n;

	if (record->has_time) {
		observe_snapshot(in, event, "%s", kind);
		return;
	}
	const char *text = dora_event_text(event, &n);
	if (when) {
		text = arena_printf(in->arena, "%s %s", when, text);
		n = strlen(text);
	}
	digest_hex(text, n, hex);
	observe_id(in, event, "%s/%.*s", kind, HASH_DIGITS, hex);
}

/* A list, or "vpn, laptop". */
static void put_labels(struct intake *in, struct dora_event *event, const struct reader *ticket)
{
	size_t n = reader_count(ticket, "tags");
	const char *text = reader_text(ticket, "tags");

	if (reader_has(ticket, "tags"))
		dora_put_list(event, "labels");
	for (size_t i = 0; i < n; i++) {
		struct reader tag = reader_entry(ticket, "tags", i);

		dora_put_entry(event, "labels", reader_text(&tag, ""));
	}
	while (text && *text) {
		size_t length = strcspn(text, ",");
		size_t begin = strspn(text, " ");
		size_t end = length;

		while (end > begin && text[end - 1] == ' ')
			end--;
		if (end > begin)
			dora_put_entry(event, "labels",
				arena_strndup(in->arena, text + begin, end - begin));
		text += length + (text[length] == ',');
	}
}

/* A ticket or a change. */
static bool is_gone(const struct reader *body, const struct reader *ticket)
{
	const char *type = READER_FIRST(body, "event_type", "event");

	return reader_is_true(ticket, "deleted") || reader_is_true(ticket, "spam") ||
		is_one_of(type,
			LIST("ticket_deleted", "onTicketDelete", "change_deleted",
				"onChangeDelete"));
}

/* Everybody's broken printer is an "Incident" there: the catalogue says which is one. */
static enum verdict on_ticket(
	struct intake *in, const struct reader *body, const struct reader *ticket)
{
	struct record record = read_record(in, ticket, "ticket");
	const char *type = READER_FIRST(ticket, "type", "ticket_type");
	const char *word = read_word(ticket, "status_name", "status", "ticket_status");
	const char *priority =
		read_word(ticket, "priority_name", "priority", "ticket_priority");
	const struct meaning *status = FIND(ticket_statuses, word);
	const struct meaning *level = FIND(priorities, priority);
	bool gone = is_gone(body, ticket);
	int64_t created_us;
	int64_t resolved_us;

	struct dora_event *item = observe_record(in, &record, DORA_WORK_ITEM);
	dora_put_text(item, "item_type", type);
	put_labels(in, item, ticket);
	dora_put_text(item, "priority", level ? level->name : priority);
	dora_put_text(item, "status", gone ? "cancelled" : status ? status->item : NULL);
	if (!gone) /* no rule for its last one makes it done */
		dora_put_text(item, "status_raw", status ? status->name : word);
	name_snapshot(in, &record, item);

	struct dora_event *incident = observe_record(in, &record, DORA_INCIDENT);
	dora_put_bool(incident, "candidate", true);
	dora_put_text(incident, "item_type", type);
	put_labels(in, incident, ticket);
	if (gone)
		dora_put_text(incident, "state", "cancelled");
	else if (word)
		dora_put_text(incident, "state", status ? status->state : "open");
	if (reader_time_at(ticket, "created_at", &created_us))
		dora_put_time(incident, "started_at", created_us);
	if (status && strcmp(status->state, "resolved") == 0 &&
		(reader_time_at(ticket, "resolved_at", &resolved_us) ||
			reader_time_at(ticket, "closed_at", &resolved_us)))
		dora_put_time(incident, "resolved_at", resolved_us);
	dora_put_text(incident, "severity_raw", level ? level->name : priority);
	if (level)
		dora_put_int(incident, "severity", level->item[0] - '0');
	if (in->delivery->options.keep_titles)
		dora_put_text(
			incident, "title", READER_FIRST(ticket, "subject", "ticket_subject"));
	name_snapshot(in, &record, incident);
	return VERDICT_EVENTS;
}

static const char *read_close_code(const struct reader *change)
{
	const char *word = reader_text(change, "close_code");

	if (is_one_of(word, LIST("failed", "failure", "unsuccessful")))
		return "unsuccessful";
	if (is_one_of(word, LIST("successful with issues", "successful_issues", "partial")))
		return "successful_issues";
	return is_one_of(word, LIST("success", "successful")) ? "successful" : word;
}

static void put_time(
	struct dora_event *event, const char *field, const struct reader *change, bool is_start)
{
	int64_t at_us;

	/* There is no other than the planned window unless a field of one's own has it. */
	if (reader_time_at(change, is_start ? "actual_start" : "actual_end", &at_us) ||
		reader_time_at(
			change, is_start ? "planned_start_date" : "planned_end_date", &at_us))
		dora_put_time(event, field, at_us);
}

static enum verdict on_change(
	struct intake *in, const struct reader *body, const struct reader *change)
{
	struct record record = read_record(in, change, "change");
	const char *word = read_word(change, "status_name", "status", "change_status");
	const struct meaning *status = FIND(change_statuses, word);
	struct dora_event *event = observe_record(in, &record, DORA_CHANGE_REQUEST);
	size_t n = reader_count(change, "deployment_ids");

	if (is_gone(body, change))
		dora_put_text(event, "state", "cancelled");
	else
		dora_put_text(event, "state", status ? status->item : word);
	dora_put_text(event, "close_code", read_close_code(change));
	for (size_t i = 0; i < n; i++) {
		struct reader id = reader_entry(change, "deployment_ids", i);

		dora_put_entry(event, "deployment_ids", reader_text(&id, ""));
	}
	dora_put_entry(event, "deployment_ids", reader_text(change, "deployment_ids"));
	put_time(event, "actual_start", change, true);
	put_time(event, "actual_end", change, false);
	name_snapshot(in, &record, event);
	return VERDICT_EVENTS;
}

static enum verdict on_release(
	struct intake *in, const struct reader *body, const struct reader *release)
{
	struct record record = read_record(in, release, "release");
	const char *word = read_word(release, "status_name", "status", "release_status");
	const struct meaning *status = FIND(release_statuses, word);

	(void)body;
	if (!status)
		return ignored(in, "release %.40s: neither begun nor ended",
			word ? word : "without status");
	struct dora_event *event = observe_record(in, &record, DORA_DEPLOYMENT);
	dora_put_text(event, "environment", reader_text(release, "environment"));
	dora_put_text(event, "status", status->item);
	dora_put_text(event, "sha", sha_or_null(in, reader_text(release, "sha")));
	dora_put_text(event, "via", "release");
	name_snapshot(in, &record, event);
	return VERDICT_EVENTS;
}

static const struct {
	const char *wrapper;
	enum verdict (*normalise)(
		struct intake *in, const struct reader *body, const struct reader *fields);
} handlers[] = {
	{"ticket", on_ticket},
	{"change", on_change},
	{"release", on_release},
	{"freshdesk_webhook", on_ticket},
	{"freshservice_webhook", on_ticket},
};

static void release_json(void *object)
{
	json_decref(object);
}

/* JSON as it should be, JSON as templates make it, or a form. NULL: none of them. */
static json_t *read_body(struct intake *in, struct error *err)
{
	const char *at = in->delivery->body;
	const char *end = at + in->delivery->n_body;
	json_t *tree = document_read(at, in->delivery->n_body, NULL, err);

	if (tree)
		return tree;
	while (at < end && isspace((unsigned char)*at))
		at++;
	if (at < end && *at != '{' && *at != '[')
		tree = lenient_form(at, (size_t)(end - at), in->arena);
	return tree ? tree : lenient_json(at, (size_t)(end - at));
}

static enum verdict normalise(struct intake *in)
{
	struct error err = {0};
	json_t *tree = arena_own(in->arena, read_body(in, &err), release_json);
	struct reader body = intake_reader(in, tree);

	if (!tree)
		return malformed(in, "%s; nor is it a form", err.text);
	lenient_decode(tree, in->arena);
	for (size_t i = 0; i < ARRAY_LEN(handlers); i++) {
		struct reader fields = reader_at(&body, handlers[i].wrapper);

		if (!json_is_object(fields.value))
			continue;
		in->out->kind = handlers[i].wrapper;
		return handlers[i].normalise(in, &body, &fields);
	}
	/* A form has its fields side by side. */
	if (reader_has(&body, "ticket_id")) {
		in->out->kind = "ticket";
		return on_ticket(in, &body, &body);
	}
	if (reader_has(&body, "change_id")) {
		in->out->kind = "change";
		return on_change(in, &body, &body);
	}
	return ignored(in,
		"neither a ticket, a change nor a release: "
		"see contrib/senders/freshservice for a template");
}

const struct source source_freshservice = {
	.name = "freshservice",
	.normalise_bytes = normalise,
};
