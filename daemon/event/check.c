/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ascii.h"
#include "base/timestamp.h"
#include "data_priv.h"

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

/* Of a value that holds no others. */
static json_t *tree_of(const struct value *value)
{
	switch (value->type) {
	case VALUE_FALSE:
	case VALUE_TRUE:
		return json_boolean(value->type == VALUE_TRUE);
	case VALUE_INT:
	case VALUE_TIME:
		return json_integer(value->number);
	case VALUE_REAL:
		return json_real(value->real);
	case VALUE_TEXT:
		return json_stringn_nocheck(value->text, value->n);
	case VALUE_ABSENT:
	case VALUE_NULL:
	case VALUE_LIST:
	case VALUE_FLAGS:
	case VALUE_OBJECT:
	case VALUE_STRAY:
		return json_null();
	}
	__builtin_unreachable();
}

/* What was found, cut to what a line can bear. */
static const char *shown(const struct value *value, char out[static 64])
{
	char text[60];

	if (value->type == VALUE_STRAY)
		return value->text;
	if (value->type == VALUE_LIST)
		return "a list";
	if (value->type == VALUE_FLAGS || value->type == VALUE_OBJECT)
		return "an object";
	json_t *tree = tree_of(value);
	size_t n = json_dumpb(tree, text, sizeof(text), JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
	json_decref(tree);
	(void)snprintf(out, 64, "%.*s%s", (int)(n < sizeof(text) ? n : sizeof(text)), text,
		n > sizeof(text) ? "..." : "");
	return out;
}

static bool unwanted(const struct place *place, const struct value *value, const char *wanted,
	struct error *err)
{
	char found[64];
	char words[PLACE_MAX];

	error_setf(err, "%s: want %s, got %s", words_for(place, words), wanted,
		shown(value, found));
	return false;
}

static bool is_name(const struct value *value)
{
	return value->type == VALUE_TEXT && value->n >= 1 && value->n <= DORA_ID_MAX;
}

static bool is_word(const struct value *value)
{
	return value->type == VALUE_TEXT && value->n <= DORA_WORD_MAX;
}

static bool is_text(const struct value *value)
{
	return value->type == VALUE_TEXT && value->n <= DORA_TEXT_MAX;
}

static bool is_time(const struct value *value)
{
	return value->type == VALUE_TIME && value->number >= 0 &&
		value->number < TIMESTAMP_END_US;
}

static bool is_bool(const struct value *value)
{
	return value->type == VALUE_TRUE || value->type == VALUE_FALSE;
}

static bool check_int(const struct place *place, const struct field *field,
	const struct value *value, struct error *err)
{
	char wanted[64];

	if (value->type == VALUE_INT && value->number >= field->min &&
		value->number <= field->max)
		return true;
	(void)snprintf(wanted, sizeof(wanted), "a whole number from %lld to %lld",
		(long long)field->min, (long long)field->max);
	return unwanted(place, value, wanted, err);
}

static bool is_choice(const struct field *field, const struct value *value)
{
	for (size_t i = 0; value->type == VALUE_TEXT && field->choices[i]; i++) {
		if (strcmp(value->text, field->choices[i]) == 0)
			return true;
	}
	return false;
}

static bool check_choice(const struct place *place, const struct field *field,
	const struct value *value, struct error *err)
{
	char wanted[160] = "one of";

	if (is_choice(field, value))
		return true;
	for (size_t i = 0; field->choices[i]; i++) {
		size_t n = strlen(wanted);

		(void)snprintf(wanted + n, sizeof(wanted) - n, "%s %s", i ? "," : "",
			field->choices[i]);
	}
	return unwanted(place, value, wanted, err);
}

static bool check_list(const struct place *place, const struct field *field,
	const struct value *value, struct error *err)
{
	bool names = field->type != FIELD_WORDS;

	if (value->type != VALUE_LIST)
		return unwanted(place, value, "a list", err);
	for (unsigned i = 0; i < value->n; i++) {
		const struct place at = {.outer = place, .i = i};
		const struct value *item = &value->entries[i];

		if (names ? is_name(item) : is_word(item))
			continue;
		return unwanted(&at, item,
			names ? "a string of 1 to 255 bytes" : "a string of at most 500 bytes",
			err);
	}
	return true;
}

static bool check_flags(const struct place *place, const struct value *value, struct error *err)
{
	if (value->type != VALUE_FLAGS)
		return unwanted(place, value, "an object of true and false", err);
	for (unsigned i = 0; i < value->n; i++) {
		const struct flag *flag = &value->flags[i];
		struct place at = below(place, flag->name.text);

		if (!is_word(&flag->name))
			return unwanted(&at, &flag->value, "a shorter name", err);
		if (!is_bool(&flag->value))
			return unwanted(&at, &flag->value, "true or false", err);
	}
	return true;
}

static bool check_any(const struct place *place, const struct field *field,
	const struct value *value, struct error *err)
{
	if (value->type == VALUE_LIST)
		return check_list(place, field, value, err);
	return is_text(value) || is_bool(value) || value->type == VALUE_INT ||
		value->type == VALUE_REAL ||
		unwanted(place, value,
			"a string, a number, true or false, or a list of strings", err);
}

static bool check_slots(const struct place *place, struct fields fields,
	const struct value *slots, struct error *err);

static bool check_field(const struct place *place, const struct field *field,
	const struct value *value, struct error *err)
{
	if (value->type == VALUE_NULL && field->type != FIELD_KEY)
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
		return is_bool(value) || unwanted(place, value, "true or false", err);
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
		if (value->type == VALUE_OBJECT)
			return check_slots(place, field->inner, value->slots, err);
		return unwanted(place, value, "an object", err);
	case FIELD_ANY:
		return check_any(place, field, value, err);
	}
	__builtin_unreachable();
}

static bool is_missing(const struct place *place, struct error *err)
{
	char words[PLACE_MAX];

	error_setf(err, "%s: is missing; want a string of 1 to 255 bytes",
		words_for(place, words));
	return false;
}

static bool check_slots(const struct place *place, struct fields fields,
	const struct value *slots, struct error *err)
{
	for (size_t i = 0; i < fields.n; i++) {
		const struct field *field = &fields.list[i];
		struct place at = below(place, field->name);

		if (slots[i].type == VALUE_ABSENT && field->type == FIELD_KEY)
			return is_missing(&at, err);
		if (slots[i].type != VALUE_ABSENT && !check_field(&at, field, &slots[i], err))
			return false;
	}
	return true;
}

static bool has(const struct dora_event *event, const char *name, enum value_type type)
{
	return data_slot(event, name)->type == type;
}

/* What no single field can say. */
static bool check_whole(const struct dora_event *event, struct error *err)
{
	switch (event->kind) {
	case DORA_DEPLOYMENT:
		if (has(event, "service", VALUE_TEXT) || has(event, "origin", VALUE_OBJECT))
			return true;
		error_setf(err, "data: a deployment names a service or an origin");
		return false;
	case DORA_CORRECTION:
		if (has(event, "target", VALUE_OBJECT) && has(event, "field", VALUE_TEXT))
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

static bool check_data(const struct dora_event *event, struct error *err)
{
	static const struct place top = {.name = "data"};

	return check_slots(&top, contracts[event->kind].fields, event->data->slots, err) &&
		check_whole(event, err);
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

	if (n >= 1 && n <= DORA_ID_MAX && ascii_is_visible(text, n))
		return true;
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

static bool is_subject(const char *text)
{
	size_t n = text ? strlen(text) : 0;

	return text && n <= DORA_TEXT_MAX && (ascii_is_visible(text, n) || is_utf8(text));
}

bool dora_event_check(const struct dora_event *event, struct error *err)
{
	if (!check_attribute("id", event->id, err) ||
		!check_attribute("source", event->source, err))
		return false;
	if (!is_subject(event->subject)) {
		error_setf(err, "subject: want a string of at most %d bytes, of UTF-8",
			DORA_TEXT_MAX);
		return false;
	}
	if (event->revision < 0 || event->revision > DORA_REVISION_MAX) {
		error_setf(err, "revision: want a whole number from 0 to %lld",
			(long long)DORA_REVISION_MAX);
		return false;
	}
	if (event->time_us < 0 || event->time_us >= TIMESTAMP_END_US) {
		error_setf(err, "time: want the years 1970 to 9999");
		return false;
	}
	return !event->data /* withdrawn */ || check_data(event, err);
}
