/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CDEvents 0.3 to 0.6 (cdevents.dev), as CloudEvents in structured, binary or batch mode and as
 * a bare body; and what Google's Eventarc sends. What an event is, its subject and predicate
 * say: versions of the types differ in nothing that is read here.
 */
#include "base64.h"
#include "carried.h"
#include "cloudrun.h"
#include "environment.h"
#include "observe.h"
#include "version.h"

#include <string.h>

#define SHA1_DIGITS 40

static const char *without_scheme(const char *uri)
{
	const char *scheme = strstr(uri, "://");

	uri = scheme ? scheme + 3 : uri;
	return uri + strspn(uri, "/");
}

/* Whose id the subject has: its own source, else that of the event. */
static const char *subject_source(const struct reader *event)
{
	const char *source = READER_FIRST(event, "subject.source", "context.source");

	return without_scheme(source ? source : "");
}

/* "cloudevents/<source>/<id>" of the thing that events speak of more than once. */
static const char *subject_key(struct intake *in, const struct reader *event)
{
	return entity_key(
		in, "cloudevents/%s/%s", subject_source(event), reader_id(event, "subject.id"));
}

static void put_origin(struct intake *in, struct dora_event *out, const struct reader *event,
	const char *service_path)
{
	struct reader service = reader_at(event, service_path);
	const char *source = READER_FIRST(&service, "source");

	if (!source)
		source = READER_FIRST(event, "subject.source", "context.source");
	dora_put_text(out, "origin.system", "cloudevents");
	dora_put_text(out, "origin.host", host_of(in, source));
	dora_put_text(out, "origin.project", source ? without_scheme(source) : NULL);
	dora_put_text(out, "origin.ci", reader_id_or_null(&service, "id"));
}

/*
 * service.* names no commit. It may stand in customData.sha by agreement with dorad, or in the
 * name of the artifact.
 */
static const char *commit_of(struct intake *in, const struct reader *event)
{
	const char *given = READER_FIRST(event, "customData.sha", "customData.commit_sha",
		"customData.commitSha", "customData.commit");
	const char *sha = sha_or_null(in, given);

	return sha ? sha : purl_sha(in, reader_text(event, "subject.content.artifactId"));
}

static enum verdict on_service(
	struct intake *in, const struct reader *event, const char *predicate)
{
	const char *chain = reader_text(event, "context.chainId");
	const char *entity = entity_key(in, "cloudevents/%s/%s",
		without_scheme(reader_string(event, "context.source")),
		reader_string(event, "context.id"));
	struct dora_event *out =
		observe(in, DORA_DEPLOYMENT, entity, reader_time(event, "context.timestamp"));

	(void)reader_id(event, "subject.id");
	put_origin(in, out, event, "subject");
	dora_put_text(out, "environment", reader_id(event, "subject.content.environment.id"));
	dora_put_text(out, "status", "succeeded");
	dora_put_text(out, "sha", commit_of(in, event));
	if (strcmp(predicate, "rolledback") == 0)
		dora_put_bool(out, "is_rollback", true);
	if (chain && strcmp(intake_rollout(in), "chain") == 0)
		dora_put_text(out, "rollout_id", entity_key(in, "cloudevents/chain/%s", chain));
	dora_put_text(out, "via", "deployment");
	observe_id(in, out, "%s", predicate);
	return VERDICT_EVENTS;
}

static enum verdict on_change_merged(
	struct intake *in, const struct reader *event, const char *predicate)
{
	const char *sha = sha_or_null(in, reader_id(event, "subject.id"));
	int64_t landed_us = reader_time(event, "context.timestamp");

	if (!sha || strlen(sha) < SHA1_DIGITS)
		return ignored(in, "change.merged: subject.id is not the commit's sha");
	struct dora_event *out = observe(in, DORA_CHANGE,
		entity_key(in, "cloudevents/%s/change/%s", subject_source(event), sha),
		landed_us);
	const char *at = reader_text(event, "subject.content.repository.source");
	dora_put_text(out, "change_id", sha);
	dora_put_text(out, "origin.system", "cloudevents");
	dora_put_text(out, "origin.host", host_of(in, at));
	dora_put_text(out, "origin.repository",
		reader_id_or_null(event, "subject.content.repository.id"));
	dora_put_time(out, "landed_at", landed_us);
	dora_put_int(out, "ordinal", 0);
	observe_id(in, out, "%s/%s", predicate, reader_string(event, "context.id"));
	return VERDICT_EVENTS;
}

/*
 * started_at is left to the first event, since detected, reported and detected again differ.
 * What runs when it is detected is its cause until somebody knows better; what runs when it is
 * resolved is the cure.
 */
static enum verdict on_incident(
	struct intake *in, const struct reader *event, const char *predicate)
{
	bool resolved = strcmp(predicate, "resolved") == 0;
	int64_t at_us = reader_time(event, "context.timestamp");
	struct dora_event *out = observe(in, DORA_INCIDENT, subject_key(in, event), at_us);
	const char *environment = reader_id_or_null(event, "subject.content.environment.id");

	put_origin(in, out, event, "subject.content.service");
	/* Reported, by a ticket maybe after all is over, says nothing of how it stands. */
	if (resolved)
		dora_put_text(out, "state", "resolved");
	else if (strcmp(predicate, "detected") == 0)
		dora_put_text(out, "state", "open");
	if (resolved)
		dora_put_time(out, "resolved_at", at_us);
	else
		dora_put_text(out, "caused_by_sha", commit_of(in, event));
	dora_put_text(out, "environment_class", environment_class_of(environment));
	if (environment)
		dora_put_entry(
			out, "labels", arena_printf(in->arena, "environment=%s", environment));
	dora_put_text(out, "severity_raw", reader_text(event, "customData.severity"));
	if (in->delivery->options.keep_titles)
		dora_put_text(out, "title", reader_text(event, "subject.content.description"));
	dora_put_text(out, "url", reader_text(event, "subject.content.ticketURI"));
	observe_id(in, out, "incident/%s/%s", predicate, reader_string(event, "context.id"));
	return VERDICT_EVENTS;
}

/* Says no environment: it is a deployment where a rule of the catalogue makes it one. */
static enum verdict on_pipeline_run(
	struct intake *in, const struct reader *event, const char *predicate)
{
	static const struct choice outcomes[] = {
		{"success", OUTCOME_SUCCEEDED},
		{"failure", OUTCOME_FAILED},
		{"error", OUTCOME_FAILED},
		{"cancel", OUTCOME_CANCELLED},
	};
	const char *word = reader_text(event, "subject.content.outcome");
	const char *name = reader_text(event, "subject.content.pipelineName");
	int outcome;

	if (!choice_find(outcomes, ARRAY_LEN(outcomes), word, &outcome))
		return ignored(in, "pipelinerun.finished: without an outcome that is measured");
	struct dora_event *out = observe(in, DORA_DEPLOYMENT, subject_key(in, event),
		reader_time(event, "context.timestamp"));
	put_origin(in, out, event, "subject.content.pipeline");
	dora_put_text(out, "origin.ci", name);
	dora_put_text(out, "origin.workflow", name);
	dora_put_text(out, "status", outcome_word((enum outcome)outcome));
	dora_put_text(out, "sha", commit_of(in, event));
	dora_put_text(out, "via", "pipeline");
	dora_put_text(
		out, "url", READER_FIRST(event, "subject.content.uri", "subject.content.url"));
	observe_id(in, out, "%s/%s", predicate, reader_string(event, "context.id"));
	return VERDICT_EVENTS;
}

/* How a ticket stands after an event; NULL: as before. */
struct standing {
	const char *status;
	const char *state;
	const char *raw;
	int rank; /* of events at one instant */
};

static struct standing read_standing(const struct reader *event, const char *predicate)
{
	const char *resolution = reader_text(event, "subject.content.resolution");

	if (strcmp(predicate, "created") == 0)
		return (struct standing){"todo", "open", "created", 0};
	if (strcmp(predicate, "closed") != 0)
		return (struct standing){.rank = 1};
	if (is_one_of(resolution, LIST("withdrawn", "duplicate")))
		return (struct standing){"cancelled", "cancelled", resolution, 2};
	return (struct standing){"done", "resolved", resolution ? resolution : "closed", 2};
}

static void put_ticket(
	struct intake *in, struct dora_event *out, const struct reader *event, int rank)
{
	static const char list[] = "subject.content.labels";
	size_t n = reader_count(event, list);

	dora_put_text(out, "origin.system", "cloudevents");
	dora_put_text(
		out, "origin.host", host_of(in, reader_text(event, "subject.content.uri")));
	dora_put_text(out, "origin.project", subject_source(event));
	dora_put_text(
		out, "origin.assignment_group", reader_text(event, "subject.content.group"));
	dora_put_text(out, "item_type", reader_text(event, "subject.content.ticketType"));
	if (reader_has(event, list))
		dora_put_list(out, "labels");
	for (size_t i = 0; i < n; i++) {
		struct reader label = reader_entry(event, list, i);

		dora_put_entry(out, "labels", reader_text(&label, ""));
	}
	dora_put_text(out, "url", reader_text(event, "subject.content.uri"));
	observe_id(in, out, "%s/%020d/%s", dora_kind_name(out->kind), rank,
		reader_string(event, "context.id"));
}

static enum verdict on_ticket(
	struct intake *in, const struct reader *event, const char *predicate)
{
	const char *entity = subject_key(in, event);
	const char *type = reader_text(event, "subject.content.ticketType");
	const char *priority = reader_text(event, "subject.content.priority");
	int64_t at_us = reader_time(event, "context.timestamp");
	struct standing now = read_standing(event, predicate);

	struct dora_event *item = observe(in, DORA_WORK_ITEM, entity, at_us);
	dora_put_text(item, "priority", priority);
	dora_put_text(item, "status", now.status);
	dora_put_text(item, "status_raw", now.raw);
	put_ticket(in, item, event, now.rank);

	struct dora_event *incident = observe(in, DORA_INCIDENT, entity, at_us);
	if (type)
		dora_put_bool(incident, "candidate", strcmp(type, "incident") != 0);
	else if (now.rank == 0)
		dora_put_bool(incident, "candidate", true);
	dora_put_text(incident, "state", now.state);
	dora_put_text(incident, "severity_raw", priority);
	if (in->delivery->options.keep_titles)
		dora_put_text(incident, "title", reader_text(event, "subject.content.summary"));
	put_ticket(in, incident, event, now.rank);
	return VERDICT_EVENTS;
}

static const struct {
	const char *name;
	enum verdict (*normalise)(
		struct intake *in, const struct reader *event, const char *predicate);
} handlers[] = {
	{"change.merged", on_change_merged},
	{"incident.detected", on_incident},
	{"incident.reported", on_incident},
	{"incident.resolved", on_incident},
	{"pipelinerun.finished", on_pipeline_run},
	{"service.deployed", on_service},
	{"service.rolledback", on_service},
	{"service.upgraded", on_service},
	{"ticket.closed", on_ticket},
	{"ticket.created", on_ticket},
	{"ticket.updated", on_ticket},
};

/* The type is dev.cdevents.<subject>.<predicate>.<version>. */
static enum verdict on_cdevent(struct intake *in, const struct reader *event)
{
	const char *type = reader_string(event, "context.type");
	const char *rest = after_prefix(type, "dev.cdevents.");

	if (!rest)
		return ignored(in, "%.100s: not of CDEvents' own", type);
	in->dora_source = arena_printf(in->arena, "/cloudevents/%s",
		without_scheme(reader_string(event, "context.source")));
	for (size_t i = 0; i < ARRAY_LEN(handlers); i++) {
		const char *name = handlers[i].name;
		const char *version = after_prefix(rest, name);

		if (!version || (*version && *version != '.'))
			continue;
		in->out->kind = name;
		return handlers[i].normalise(in, event, strchr(name, '.') + 1);
	}
	return ignored(in, "%.100s: not a kind that is measured", rest);
}

static const json_t *decoded_data(struct intake *in, const struct reader *event)
{
	const char *text = reader_text(event, "data_base64");
	size_t n;
	char *bytes = text ? base64_read(text, strlen(text), in->arena, &n) : NULL;

	if (!bytes) {
		reader_complain(event, "data_base64", "base64");
		return NULL;
	}
	return intake_parse(in, bytes, n, NULL);
}

/* One CloudEvent by its type, or a CDEvent that stands by itself. */
static enum verdict on_event(struct intake *in, const struct reader *event)
{
	const char *type = reader_text(event, "type");
	struct reader data = reader_at(event, "data");

	if (json_is_object(reader_find(event, "context")))
		return on_cdevent(in, event);
	if (!type)
		return ignored(in, "neither a CloudEvent nor a CDEvent");
	in->out->kind = type;
	if (reader_has(event, "data_base64"))
		data.value = decoded_data(in, event);
	if (json_is_object(reader_find(&data, "context")))
		return on_cdevent(in, &data);
	if (strcmp(type, "google.cloud.audit.log.v1.written") == 0)
		return cloudrun_on_log_entry(in, &data);
	if (strcmp(type, "google.cloud.pubsub.topic.v1.messagePublished") == 0)
		return cloudrun_on_push(in, &data);
	if (after_prefix(type, "dorad."))
		return ignored(in, "%.60s: for an endpoint of source events", type);
	return ignored(in, "%.100s: neither of CDEvents nor of Cloud Run", type);
}

static void release_json(void *object)
{
	json_decref(object);
}

/* A bad event takes none of the others with it: they may be all that is ever told of theirs. */
static void take(
	struct intake *in, void *to, size_t line, const json_t *value, struct error *err)
{
	size_t *n_seen = to;
	size_t first = in->out->list.n;

	(*n_seen)++;
	if (!value) {
		refuse_line(in, line, err->text);
		return;
	}
	struct reader event = intake_reader(in,
		arena_own(in->arena, json_incref((json_t *)(uintptr_t)value), release_json));
	(void)on_event(in, &event); /* what is wrong with it is in in->err */
	if (!in->err.text[0] && intake_check(in, first))
		return;
	refuse_line(in, line, in->err.text);
	in->out->list.n = first;
	in->err = (struct error){0};
}

static enum verdict normalise(struct intake *in)
{
	size_t n_seen = 0;

	if (!carried_each(in, take, &n_seen))
		return VERDICT_MALFORMED;
	enum verdict verdict = carried_verdict(in, n_seen);
	bool nothing = in->out->list.n == 0 && in->out->n_bad == 0;
	return verdict == VERDICT_EVENTS && nothing ? VERDICT_IGNORED : verdict;
}

const struct source source_cloudevents = {
	.name = "cloudevents",
	.delivery_header = "ce-id",
	.headers = LIST("ce-*"),
	.rollouts = LIST("none", "chain"),
	.normalise_bytes = normalise,
};
