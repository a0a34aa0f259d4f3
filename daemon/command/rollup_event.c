/* SPDX-License-Identifier: Apache-2.0 */
#include "rollup.h"

#include <stdlib.h>
#include <string.h>

/* dorad.<kind>.v1 */
static bool kind_of(const char *type, enum dora_kind *out)
{
	size_t n = strlen(type);

	return n > 9 && strncmp(type, "dorad.", 6) == 0 && strcmp(type + n - 3, ".v1") == 0 &&
		dora_kind_from_name(type + 6, n - 9, out);
}

static const char *needed(const struct stream_entry *entry, const char *name, struct error *err)
{
	const char *value = stream_entry_field(entry, name);

	if (!value || !*value) {
		error_setf(err, "%s: is not there", name);
		return NULL;
	}
	return value;
}

/* The text goes into the batch as it stands, so it must be one value and no more. */
static bool is_data(const char *text, struct error *err)
{
	json_error_t why;
	json_auto_t *data = json_loads(text, JSON_DECODE_ANY, &why);

	if (!data) {
		error_setf(err, "data: not JSON: %s", why.text);
		return false;
	}
	if (!json_is_object(data) && !json_is_null(data)) {
		error_setf(err, "data: want an object, or null");
		return false;
	}
	return true;
}

static bool is_number(const char *text)
{
	size_t n = strspn(text, "0123456789");

	return n > 0 && n < 19 && text[n] == '\0';
}

static bool is_whole(
	const struct stream_entry *entry, enum dora_kind *out_kind, struct error *err)
{
	const char *type = needed(entry, "type", err);
	const char *data = needed(entry, "data", err);
	const char *revision = stream_entry_field(entry, "revision");

	if (!type || !data || !needed(entry, "id", err) || !needed(entry, "source", err) ||
		!needed(entry, "time", err) || !is_data(data, err))
		return false;
	if (!kind_of(type, out_kind)) {
		error_setf(err, "type: want dorad.<kind>.v1");
		return false;
	}
	if (revision && !is_number(revision)) {
		error_setf(err, "revision: want a whole number");
		return false;
	}
	return true;
}

bool rollup_event_write(const struct stream_entry *entry, FILE *to, struct error *err)
{
	static const char *const names[] = {
		"source", "id", "time", "endpoint", "delivery", "subject"};
	json_auto_t *texts = json_object();
	const char *revision = stream_entry_field(entry, "revision");
	enum dora_kind kind;

	if (!is_whole(entry, &kind, err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *text = stream_entry_field(entry, names[i]);
		json_t *value = text ? json_string(text) : json_null();

		if (json_object_set_new(texts, names[i], value) < 0) {
			error_setf(err, "%s: not UTF-8", names[i]);
			return false;
		}
	}
	fputc('{', to);
	(void)json_dumpf(texts, to, JSON_COMPACT | JSON_EMBED);
	fprintf(to, ",\"kind\":\"%s\",\"revision\":%s,\"data\":%s}", dora_kind_name(kind),
		revision ? revision : "0", stream_entry_field(entry, "data"));
	return true;
}
