/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"
#include "contract.h"

#include <stdio.h>
#include <string.h>

/* Where we are in the data. The words for it are made for an error only. */
struct place {
	const struct place *outer; /* NULL: the data itself */
	const char *name;          /* NULL: an item of a list */
	size_t i;
};

#define PLACE_MAX 160

/* "data.origin.paths[3]" */
static const char *words_for(const struct place *place, char out[static PLACE_MAX])
{
	char outer[PLACE_MAX];

	if (!place->outer)
		(void)snprintf(out, PLACE_MAX, "%s", place->name);
	else if (place->name)
		(void)snprintf(out, PLACE_MAX, "%.96s.%.60s", words_for(place->outer, outer),
			place->name);
	else
		(void)snprintf(out, PLACE_MAX, "%.120s[%zu]", words_for(place->outer, outer),
			place->i);
	return out;
}

static struct place below(const struct place *place, const char *name)
{
	return (struct place){.outer = place, .name = name};
}

/* What was found, cut to what a line can bear. */
static const char *shown(const json_t *value, char out[static 64])
{
	char text[60];
	size_t n = json_dumpb(value, text, sizeof(text), JSON_ENCODE_ANY | JSON_ENSURE_ASCII);

	if (json_is_object(value) || json_is_array(value))
		(void)snprintf(out, 64, "%s", json_is_object(value) ? "an object" : "a list");
	else if (n <= sizeof(text))
		(void)snprintf(out, 64, "%.*s", (int)n, text);
	else
		(void)snprintf(out, 64, "%.*s...", (int)sizeof(text), text);
	return out;
}

static bool unwanted(
	const struct place *place, const json_t *value, const char *wanted, struct error *err)
{
	char found[64];
	char words[PLACE_MAX];

	error_setf(err, "%s: want %s, got %s", words_for(place, words), wanted,
		shown(value, found));
	return false;
}

static bool is_name(const json_t *value)
{
	size_t n = json_string_length(value);

	return json_is_string(value) && n >= 1 && n <= DORA_ID_MAX;
}

static bool is_word(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) <= DORA_WORD_MAX;
}

static bool is_text(const json_t *value)
{
	return json_is_string(value) && json_string_length(value) <= DORA_TEXT_MAX;
}

/* Only the one form that we write: what is compared as text must be written alike. */
static bool is_time(const json_t *value)
{
	char again[TIMESTAMP_TEXT_MAX];
	int64_t at_us;

	if (!json_is_string(value) ||
		!timestamp_parse(json_string_value(value), json_string_length(value), &at_us))
		return false;
	timestamp_format(at_us, again);
	return strcmp(again, json_string_value(value)) == 0;
}

static bool check_int(const struct place *place, const struct field *field, const json_t *value,
	struct error *err)
{
	char wanted[64];
	json_int_t number = json_integer_value(value);

	if (json_is_integer(value) && number >= field->min && number <= field->max)
		return true;
	(void)snprintf(wanted, sizeof(wanted), "a whole number from %lld to %lld",
		(long long)field->min, (long long)field->max);
	return unwanted(place, value, wanted, err);
}

static bool check_choice(const struct place *place, const struct field *field,
	const json_t *value, struct error *err)
{
	char wanted[160] = "one of";
	const char *word = json_string_value(value);

	for (size_t i = 0; word && field->choices[i]; i++) {
		if (strcmp(word, field->choices[i]) == 0)
			return true;
	}
	for (size_t i = 0; field->choices[i]; i++) {
		size_t n = strlen(wanted);

		(void)snprintf(wanted + n, sizeof(wanted) - n, "%s %s", i ? "," : "",
			field->choices[i]);
	}
	return unwanted(place, value, wanted, err);
}

static bool check_list(const struct place *place, const struct field *field,
	const json_t *value, struct error *err)
{
	bool names = field->type != FIELD_WORDS;
	size_t i;
	json_t *item;

	if (!json_is_array(value))
		return unwanted(place, value, "a list", err);
	json_array_foreach(value, i, item) {
		const struct place at = {.outer = place, .i = i};

		if (names ? is_name(item) : is_word(item))
			continue;
		return unwanted(&at, item,
			names ? "a string of 1 to 255 bytes" : "a string of at most 500 bytes",
			err);
	}
	return true;
}

static bool check_flags(const struct place *place, const json_t *value, struct error *err)
{
	const char *name;
	json_t *flag;

	if (!json_is_object(value))
		return unwanted(place, value, "an object of true and false", err);
	json_object_foreach((json_t *)(uintptr_t)value, name, flag) {
		struct place at = below(place, name);

		if (strlen(name) > DORA_WORD_MAX)
			return unwanted(&at, flag, "a shorter name", err);
		if (!json_is_boolean(flag))
			return unwanted(&at, flag, "true or false", err);
	}
	return true;
}

static bool check_object(const struct place *place, const struct field *fields,
	const json_t *value, struct error *err);

static bool check_field(const struct place *place, const struct field *field,
	const json_t *value, struct error *err)
{
	if (json_is_null(value) && field->type != FIELD_KEY)
		return true; /* null clears it */
	switch (field->type) {
	case FIELD_KEY:
	case FIELD_NAME:
		return is_name(value) ||
			unwanted(place, value, "a string of 1 to 255 bytes", err);
	case FIELD_WORD:
		return is_word(value) ||
			unwanted(place, value, "a string of at most 500 bytes", err);
	case FIELD_TEXT:
		return is_text(value) ||
			unwanted(place, value, "a string of at most 2048 bytes", err);
	case FIELD_TIME:
		return is_time(value) ||
			unwanted(place, value, "a time as in 2026-06-01T21:59:22Z", err);
	case FIELD_BOOL:
		return json_is_boolean(value) || unwanted(place, value, "true or false", err);
	case FIELD_INT:
		return check_int(place, field, value, err);
	case FIELD_CHOICE:
		return check_choice(place, field, value, err);
	case FIELD_SOME:
		return is_name(value) || check_list(place, field, value, err);
	case FIELD_NAMES:
	case FIELD_WORDS:
		return check_list(place, field, value, err);
	case FIELD_FLAGS:
		return check_flags(place, value, err);
	case FIELD_OBJECT:
		return check_object(place, field->fields, value, err);
	case FIELD_ANY:
		if (json_is_array(value))
			return check_list(place, field, value, err);
		return is_text(value) || json_is_boolean(value) || json_is_number(value) ||
			unwanted(place, value,
				"a string, a number, true or false, or a list of"
				" strings",
				err);
	}
	__builtin_unreachable();
}

/* A key that is not there. */
static bool has_keys(const struct place *place, const struct field *fields, const json_t *value,
	struct error *err)
{
	for (; fields->name; fields++) {
		if (fields->type == FIELD_KEY && !json_object_get(value, fields->name)) {
			struct place at = below(place, fields->name);
			char words[PLACE_MAX];

			error_setf(err, "%s: is missing; want a string of 1 to 255 bytes",
				words_for(&at, words));
			return false;
		}
	}
	return true;
}

static bool check_object(const struct place *place, const struct field *fields,
	const json_t *value, struct error *err)
{
	const char *name;
	json_t *inner;

	if (!json_is_object(value))
		return unwanted(place, value, "an object", err);
	json_object_foreach((json_t *)(uintptr_t)value, name, inner) {
		struct place at = below(place, name);
		const struct field *field = field_find(fields, name);

		if (!field) {
			char words[PLACE_MAX];

			error_setf(err, "%s: there is no such field", words_for(&at, words));
			return false;
		}
		if (!check_field(&at, field, inner, err))
			return false;
	}
	return has_keys(place, fields, value, err);
}

static bool check_data(const struct dora_event *event, struct error *err)
{
	static const struct place top = {.name = "data"};
	const char *kind = dora_kind_name(event->kind);
	const char *name;
	json_t *value;

	if (json_is_null(event->data))
		return true; /* withdrawn */
	if (!json_is_object(event->data))
		return unwanted(&top, event->data, "an object, or null to withdraw", err);
	json_object_foreach(event->data, name, value) {
		struct place at = below(&top, name);
		const struct field *field = contract_field(event->kind, name);

		if (!field) {
			char words[PLACE_MAX];

			error_setf(
				err, "%s: a %s has no such field", words_for(&at, words), kind);
			return false;
		}
		if (!check_field(&at, field, value, err))
			return false;
	}
	return has_keys(&top, contracts[event->kind].fields, event->data, err);
}

/* What no single field can say. */
static bool check_whole(const struct dora_event *event, struct error *err)
{
	if (json_is_null(event->data))
		return true;
	switch (event->kind) {
	case DORA_DEPLOYMENT:
		if (json_is_string(json_object_get(event->data, "service")) ||
			json_is_object(json_object_get(event->data, "origin")))
			return true;
		error_setf(err, "data: a deployment names a service or an origin");
		return false;
	case DORA_CORRECTION:
		if (json_is_object(json_object_get(event->data, "target")) &&
			json_is_string(json_object_get(event->data, "field")))
			return true;
		error_setf(err, "data: a correction names its target and its field");
		return false;
	case DORA_CHANGE:
	case DORA_INCIDENT:
	case DORA_WORK_ITEM:
	case DORA_CHANGE_REQUEST:
		return true;
	}
	__builtin_unreachable();
}

static bool is_utf8(const char *text)
{
	json_t *valid = json_string(text);

	json_decref(valid);
	return valid != NULL;
}

/* id and source are a key, in indexes, log lines and tables for people. */
static bool check_attribute(const char *name, const char *text, struct error *err)
{
	size_t n = text ? strlen(text) : 0;

	if (n >= 1 && !is_utf8(text)) {
		error_setf(err, "%s: is no UTF-8", name);
		return false;
	}
	if (n < 1 || n > DORA_ID_MAX) {
		error_setf(err, "%s: want 1 to %d bytes, got %zu", name, DORA_ID_MAX, n);
		return false;
	}
	for (const char *at = text; *at; at++) {
		if ((unsigned char)*at < 0x20 || *at == 0x7f) {
			error_setf(err, "%s: control characters are not allowed", name);
			return false;
		}
	}
	return true;
}

bool dora_event_check(const struct dora_event *event, struct error *err)
{
	if (!check_attribute("id", event->id, err) ||
		!check_attribute("source", event->source, err))
		return false;
	if (!event->subject || strlen(event->subject) > DORA_TEXT_MAX ||
		!is_utf8(event->subject)) {
		error_setf(err, "subject: want a string of at most %d bytes, of UTF-8",
			DORA_TEXT_MAX);
		return false;
	}
	if (event->revision < 0) {
		error_setf(err, "revision: want a whole number from 0");
		return false;
	}
	if (event->time_us < 0 || event->time_us >= TIMESTAMP_END_US) {
		error_setf(err, "time: want the years 1970 to 9999");
		return false;
	}
	return check_data(event, err) && check_whole(event, err);
}
