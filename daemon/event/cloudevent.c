/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"
#include "contract.h"

#include <stdlib.h>
#include <string.h>

#define TYPE_PREFIX "dorad."
#define TYPE_SUFFIX ".v1"

/* An attribute's text; NULL: absent (null is absent too) or err says what was wrong. */
static const char *attribute(
	const json_t *cloudevent, const char *name, struct arena *arena, struct error *err)
{
	const json_t *value = json_object_get(cloudevent, name);

	if (!value || json_is_null(value))
		return NULL;
	if (!json_is_string(value)) {
		error_setf(err, "%s: want a string", name);
		return NULL;
	}
	if (strlen(json_string_value(value)) != json_string_length(value)) {
		error_setf(err, "%s: control characters are not allowed", name);
		return NULL;
	}
	return arena_strdup(arena, json_string_value(value));
}

static bool needed(const char *name, const char *value, struct error *err)
{
	if (!value)
		error_setf(err, "%s: is missing; want a string", name);
	return value != NULL;
}

static bool read_kind(const char *type, enum dora_kind *out, struct error *err)
{
	size_t n = strlen(type);
	size_t prefix = strlen(TYPE_PREFIX);
	size_t suffix = strlen(TYPE_SUFFIX);

	if (n > prefix + suffix && strncmp(type, TYPE_PREFIX, prefix) == 0 &&
		strcmp(type + n - suffix, TYPE_SUFFIX) == 0 &&
		dora_kind_from_name(type + prefix, n - prefix - suffix, out))
		return true;
	error_setf(err,
		"type: want dorad.<kind>.v1, kind being deployment, change, incident, "
		"work_item,"
		" change_request or correction; got %.80s",
		type);
	return false;
}

/* A whole number, or its digits: the entries of a stream know texts only. */
static bool read_revision(const json_t *value, int64_t *out, struct error *err)
{
	char *end = NULL;

	*out = 0;
	if (!value || json_is_null(value))
		return true;
	if (json_is_integer(value)) {
		*out = json_integer_value(value);
		return true; /* dora_event_check() knows its bounds */
	}
	const char *text = json_string_value(value);
	if (text && *text >= '0' && *text <= '9' && strlen(text) <= 18) {
		*out = strtoll(text, &end, 10);
		if (*end == '\0')
			return true;
	}
	error_setf(err, "revision: want a whole number from 0");
	return false;
}

static bool is_json_type(const char *type)
{
	return !type || strncasecmp(type, "application/json", 16) == 0 ||
		strcasestr(type, "+json") != NULL;
}

static void write_time(json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	char text[TIMESTAMP_TEXT_MAX];
	int64_t at_us;

	if (!json_is_string(value) ||
		!timestamp_parse(json_string_value(value), json_string_length(value), &at_us))
		return; /* dora_event_check() says what is wrong with it */
	timestamp_format(at_us, text);
	(void)json_object_set_new(object, name, json_string(text));
}

/* EVENTS.md section 2: the receiver writes all times as UTC with microseconds. */
static void write_times(json_t *object, const struct field *fields)
{
	for (; fields->name; fields++) {
		if (fields->type == FIELD_TIME)
			write_time(object, fields->name);
		else if (fields->type == FIELD_OBJECT)
			write_times(json_object_get(object, fields->name), fields->fields);
	}
}

static void release_json(void *object)
{
	json_decref(object);
}

/* A copy in which times may be rewritten; owned by the arena. */
static json_t *read_data(
	const json_t *cloudevent, enum dora_kind kind, struct arena *arena, struct error *err)
{
	const json_t *given = json_object_get(cloudevent, "data");

	if (!given) {
		error_setf(err, "data: is missing; want an object, or null to withdraw");
		return NULL;
	}
	json_t *data = arena_own(arena, json_deep_copy(given), release_json);
	if (json_is_object(data))
		write_times(data, contracts[kind].fields);
	return data;
}

/* The entity's key, for people. */
static const char *derive_subject(const struct dora_event *event)
{
	struct dora_event named = *event;

	named.subject = event->id;
	return dora_event_entity(&named);
}

static bool read_event(const json_t *cloudevent, const char *default_source,
	struct arena *arena, struct dora_event *out, struct error *err)
{
	const char *version = attribute(cloudevent, "specversion", arena, err);
	const char *type = attribute(cloudevent, "type", arena, err);
	const char *time = attribute(cloudevent, "time", arena, err);
	const char *content = attribute(cloudevent, "datacontenttype", arena, err);

	out->id = attribute(cloudevent, "id", arena, err);
	out->source = attribute(cloudevent, "source", arena, err);
	out->subject = attribute(cloudevent, "subject", arena, err);
	if (err->text[0] || !needed("id", out->id, err) || !needed("type", type, err) ||
		!needed("time", time, err) || !read_kind(type, &out->kind, err) ||
		!read_revision(json_object_get(cloudevent, "revision"), &out->revision, err))
		return false;
	if (version && strcmp(version, "1.0") != 0) {
		error_setf(err, "specversion: want 1.0, got %.20s", version);
		return false;
	}
	if (!is_json_type(content)) {
		error_setf(err, "datacontenttype: want application/json, got %.60s", content);
		return false;
	}
	if (!timestamp_parse(time, strlen(time), &out->time_us)) {
		error_setf(
			err, "time: want a time as in 2026-06-01T21:59:22Z, got %.40s", time);
		return false;
	}
	out->data = read_data(cloudevent, out->kind, arena, err);
	if (!out->data)
		return false;
	if (!out->source)
		out->source = default_source;
	if (!out->subject)
		out->subject = derive_subject(out);
	return dora_event_check(out, err);
}

bool dora_event_from_cloudevent(const json_t *cloudevent, const char *default_source,
	struct dora_event_list *list, struct error *err)
{
	struct dora_event event = {0};
	struct error words = {0}; /* the caller's may be NULL, or have words already */

	if (!json_is_object(cloudevent)) {
		error_setf(err, "want an object: one CloudEvent");
		return false;
	}
	if (!read_event(cloudevent, default_source, list->arena, &event, &words)) {
		error_setf(err, "%s", words.text);
		return false;
	}
	*dora_event_list_add(list) = event;
	return true;
}
