/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"
#include "data_priv.h"

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
	error_setf(err, "revision: want a whole number from 0 to %lld",
		(long long)DORA_REVISION_MAX);
	return false;
}

static bool is_json_type(const char *type)
{
	return !type || strncasecmp(type, "application/json", 16) == 0 ||
		strcasestr(type, "+json") != NULL;
}

static void want_object(const json_t *found, struct error *err)
{
	static const char wanted[] = "want an object, or null to withdraw";
	char text[60];

	if (!found || json_is_array(found)) {
		error_setf(err, "data: %s%s%s", found ? "" : "is missing; ", wanted,
			found ? ", got a list" : "");
		return;
	}
	size_t n = json_dumpb(found, text, sizeof(text), JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	error_setf(err, "data: %s, got %.*s", wanted,
		(int)(n < sizeof(text) ? n : sizeof(text)), text);
}

/* False: err has words. */
static bool read_data(const json_t *cloudevent, enum dora_kind kind, struct arena *arena,
	struct dora_data **out, struct error *err)
{
	const json_t *data = json_object_get(cloudevent, "data");

	*out = NULL;
	if (json_is_object(data))
		*out = data_read(data, kind, arena, err);
	else if (!json_is_null(data))
		want_object(data, err);
	return *out || json_is_null(data);
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
	if (!read_data(cloudevent, out->kind, arena, &out->data, err))
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
	dora_event_list_append(list, &event);
	return true;
}
