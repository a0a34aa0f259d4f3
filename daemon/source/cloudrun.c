/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cloud Run services, by the audit log of Google Cloud: a sink sends it to a Pub/Sub topic, and
 * a push subscription (with or without envelope) or Eventarc to us. The system_event log says
 * what became of a deployment; the activity log only that somebody asked for one.
 */
#include "cloudrun.h"

#include "base64.h"
#include "observe.h"
#include "version.h"

#include <string.h>

#define LABEL_FIELDS                                     \
	{"commit-sha"}, {"commit_sha"}, {"environment"}, \
	{                                                \
		"env"                                    \
	}

#define METADATA_FIELDS {"name"}, {"generation"}, OBJECT("labels", LABEL_FIELDS)

#define ENTRY_FIELDS                                                                        \
	{"logName"}, {"timestamp"}, OBJECT("resource", {"type"}, {"labels"}),               \
		OBJECT("protoPayload", {"methodName"}, OBJECT("status", {"message"}),       \
			OBJECT("response", {"kind"},                                        \
				OBJECT("metadata", METADATA_FIELDS, {"annotations"}),       \
				OBJECT("spec",                                              \
					OBJECT("template",                                  \
						OBJECT("metadata",                          \
							OBJECT("labels", LABEL_FIELDS)),    \
						OBJECT("spec",                              \
							OBJECT("containers", {"image"})))), \
				OBJECT("status", {"latestReadyRevisionName"},               \
					{"latestCreatedRevisionName"},                      \
					OBJECT("traffic", {"revisionName"}, {"percent"}))))

static const struct wanted entry_wanted[] = {ENTRY_FIELDS, {0}};

/* Which service, and which of its revisions, an entry speaks of. */
struct place {
	const char *project;
	const char *location;
	const char *service;
	const char *revision;
};

static struct place read_place(const struct reader *entry)
{
	return (struct place){
		.project = reader_string(entry, "resource.labels.project_id"),
		.location = reader_string(entry, "resource.labels.location"),
		.service = reader_string(entry, "resource.labels.service_name"),
	};
}

/* A sink that was set to all of a project also brings the revision by itself. */
static const char *revision_of(const struct reader *entry)
{
	const char *kind = reader_text(entry, "protoPayload.response.kind");

	if (kind && strcmp(kind, "Revision") == 0)
		return reader_text(entry, "protoPayload.response.metadata.name");
	const char *name = reader_text(entry, "resource.labels.revision_name");
	return name
		? name
		: reader_text(entry, "protoPayload.response.status.latestCreatedRevisionName");
}

static bool carries_traffic(const struct reader *entry, const char *revision)
{
	static const char path[] = "protoPayload.response.status.traffic";
	size_t n = reader_count(entry, path);

	for (size_t i = 0; i < n; i++) {
		struct reader part = reader_entry(entry, path, i);
		const char *name = reader_text(&part, "revisionName");
		int64_t percent = 0;

		(void)reader_int(&part, "percent", &percent);
		if (name && strcmp(name, revision) == 0 && percent > 0)
			return true;
	}
	return false;
}

/* What Cloud Build and the GitHub action set as a label, else the tag of the image. */
static const char *commit_of(struct intake *in, const struct reader *service)
{
	const char *label = READER_FIRST(service, "spec.template.metadata.labels.commit-sha",
		"spec.template.metadata.labels.commit_sha", "metadata.labels.commit-sha",
		"metadata.labels.commit_sha");
	struct reader container = reader_entry(service, "spec.template.spec.containers", 0);
	const json_t *annotations = reader_find(service, "metadata.annotations");
	const char *sha = sha_or_null(in, label);

	if (!sha)
		sha = image_sha(in, reader_text(&container, "image"));
	/* The image as it was named, where the other has become a digest. */
	if (!sha)
		sha = image_sha(in,
			json_string_value(
				json_object_get(annotations, "client.knative.dev/user-image")));
	return sha;
}

/*
 * A revision is deployed once, however often its service becomes ready: setting other traffic
 * or a tag makes no new one. The project stands for the environment where no label names it.
 */
static enum verdict observe_revision(struct intake *in, const struct reader *entry,
	const struct place *place, const char *status)
{
	struct reader service = reader_at(entry, "protoPayload.response");
	const char *environment = READER_FIRST(&service, "metadata.labels.environment",
		"metadata.labels.env", "spec.template.metadata.labels.environment",
		"spec.template.metadata.labels.env");
	const char *generation = reader_id_or_null(&service, "metadata.generation");

	in->dora_source = "/cloudrun/run.googleapis.com";
	const char *entity = entity_key(in, "cloudrun/%s/%s/%s/%s", place->project,
		place->location, place->service, place->revision);
	struct dora_event *event =
		observe(in, DORA_DEPLOYMENT, entity, reader_time(entry, "timestamp"));
	dora_put_text(event, "origin.system", "cloudrun");
	dora_put_text(event, "origin.host", "run.googleapis.com");
	dora_put_text(event, "origin.project", place->project);
	dora_put_text(event, "origin.component", place->location);
	dora_put_text(event, "origin.ci", place->service);
	dora_put_text(event, "environment", environment ? environment : place->project);
	dora_put_text(event, "status", status);
	dora_put_text(event, "sha", commit_of(in, &service));
	dora_put_text(event, "via", "deployment");
	dora_put_text(event, "url",
		arena_printf(in->arena,
			"https://console.cloud.google.com/run/detail/%s/%s/"
			"revisions?project=%s",
			place->location, place->service, place->project));
	observe_id(in, event, "%s/%s", padded(in, generation ? generation : "0"), status);
	return VERDICT_EVENTS;
}

/*
 * A service is unready as a whole for other reasons too: other traffic or a domain that
 * cannot be had. Where its newest revision is ready, no deployment has failed, and the one
 * that brought that revision is what it was.
 */
static enum verdict on_unready(
	struct intake *in, const struct reader *entry, struct place *place, bool is_service)
{
	static const char created[] = "protoPayload.response.status.latestCreatedRevisionName";
	const char *ready =
		reader_text(entry, "protoPayload.response.status.latestReadyRevisionName");

	place->revision = revision_of(entry);
	if (!place->revision) {
		reader_complain(entry,
			is_service ? created : "protoPayload.response.metadata.name",
			"the name of the revision");
		return VERDICT_MALFORMED;
	}
	if (is_service && ready && strcmp(ready, place->revision) == 0)
		return ignored(in, "system_event: unready, but its revision %.80s is ready",
			place->revision);
	return observe_revision(in, entry, place, "failed");
}

static enum verdict on_system_event(struct intake *in, const struct reader *entry)
{
	const char *message = reader_text(entry, "protoPayload.status.message");
	const char *ready = after_prefix(message, "Ready condition status changed to ");
	struct place place = read_place(entry);

	if (after_prefix(ready, "True for Service")) {
		place.revision = reader_string(
			entry, "protoPayload.response.status.latestReadyRevisionName");
		if (*place.revision && !carries_traffic(entry, place.revision))
			return ignored(in, "system_event: %.80s is ready and has no traffic",
				place.revision);
		return observe_revision(in, entry, &place, "succeeded");
	}
	if (after_prefix(ready, "False for Service"))
		return on_unready(in, entry, &place, true);
	if (after_prefix(ready, "False for Revision"))
		return on_unready(in, entry, &place, false);
	return ignored(in, "system_event: the service has become neither ready nor unready");
}

enum verdict cloudrun_on_log_entry(struct intake *in, const struct reader *entry)
{
	const char *log = reader_text(entry, "logName");
	const char *type = reader_text(entry, "resource.type");

	if (!reader_has(entry, "protoPayload"))
		return ignored(in, "a message that is no entry of an audit log");
	if (!type || strcmp(type, "cloud_run_revision") != 0)
		return ignored(in, "an entry about %.60s: not a Cloud Run service",
			type ? type : "something else");
	in->out->kind = "activity";
	if (!log || !strstr(log, "system_event"))
		return ignored(in, "%.80s: asked for; whether it was done, a system_event says",
			reader_text(entry, "protoPayload.methodName")
				? reader_text(entry, "protoPayload.methodName")
				: "activity");
	in->out->kind = "system_event";
	return on_system_event(in, entry);
}

enum verdict cloudrun_on_push(struct intake *in, const struct reader *envelope)
{
	const char *data = reader_text(envelope, "message.data");
	size_t n;

	if (!data)
		return ignored(in, "a message without data");
	char *bytes = base64_read(data, strlen(data), in->arena, &n);
	if (!bytes) {
		reader_complain(envelope, "message.data", "base64");
		return VERDICT_MALFORMED;
	}
	/* Other things may be published there, and each refused one comes again for days. */
	if (bytes[strspn(bytes, " \t\r\n")] != '{')
		return ignored(in, "a message that is no entry of a log");
	const json_t *root = intake_parse(in, bytes, n, entry_wanted);
	if (!root)
		return VERDICT_MALFORMED;
	struct reader entry = intake_reader(in, root);
	entry.place = "message.data";
	return cloudrun_on_log_entry(in, &entry);
}

static enum verdict normalise(struct intake *in, const struct reader *body)
{
	if (reader_has(body, "message"))
		return cloudrun_on_push(in, body);
	if (!reader_has(body, "data"))
		return cloudrun_on_log_entry(in, body);
	/* A structured CloudEvent of Eventarc. */
	struct reader data = reader_at(body, "data");
	if (reader_has(&data, "message"))
		return cloudrun_on_push(in, &data);
	return cloudrun_on_log_entry(in, &data);
}

#define MESSAGE_FIELDS OBJECT("message", {"data"})

static const struct wanted wanted[] = {
	MESSAGE_FIELDS,
	ENTRY_FIELDS,
	OBJECT("data", MESSAGE_FIELDS, ENTRY_FIELDS),
	{0},
};

const struct source source_cloudrun = {
	.name = "cloudrun",
	.delivery_header = "ce-id",
	.headers = LIST("ce-*"),
	.wanted = wanted,
	.normalise = normalise,
};
