/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include <assert.h>
#include <stdio.h>

/* JSON Schema, draft 2020-12. It counts characters where we count bytes, so it allows a little
 * more of a long text. */

#define TIME_PATTERN                                                                 \
	"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?" \
	"([Zz]|[+-][0-9]{2}:?[0-9]{2})?$"
#define ID_PATTERN "^[^\\u0000-\\u001f\\u007f]+$"

static json_t *packed(json_t *value)
{
	assert(value); /* json_pack() fails on a wrong format only */
	return value;
}

static json_t *of_type(const char *type, bool nullable)
{
	return nullable ? packed(json_pack("{s:[s,s]}", "type", type, "null"))
			: packed(json_pack("{s:s}", "type", type));
}

static json_t *of_text(int min, int max, bool nullable)
{
	json_t *schema = of_type("string", nullable);

	if (min)
		(void)json_object_set_new(schema, "minLength", json_integer(min));
	(void)json_object_set_new(schema, "maxLength", json_integer(max));
	return schema;
}

static json_t *of_list(enum field_type type)
{
	json_t *schema = of_type("array", true);

	(void)json_object_set_new(schema, "items",
		type == FIELD_WORDS ? of_text(0, DORA_WORD_MAX, false)
				    : of_text(1, DORA_ID_MAX, false));
	return schema;
}

static json_t *of_choices(const char *const *choices)
{
	json_t *words = json_array();

	for (; *choices; choices++)
		(void)json_array_append_new(words, json_string(*choices));
	(void)json_array_append_new(words, json_null());
	return packed(json_pack("{s:o}", "enum", words));
}

static json_t *of_field(const struct field *field);

static void add_fields(json_t *properties, json_t *required, struct fields fields)
{
	for (size_t i = 0; i < fields.n; i++) {
		const struct field *field = &fields.list[i];
		json_t *schema = of_field(field);

		(void)json_object_set_new(schema, "description", json_string(field->meaning));
		(void)json_object_set_new(properties, field->name, schema);
		if (field->type == FIELD_KEY)
			(void)json_array_append_new(required, json_string(field->name));
	}
}

static json_t *of_object(struct fields fields)
{
	json_t *schema = of_type("object", true);
	json_t *properties = json_object();
	json_t *required = json_array();

	add_fields(properties, required, fields);
	(void)json_object_set_new(schema, "properties", properties);
	(void)json_object_set_new(schema, "required", required);
	(void)json_object_set_new(schema, "additionalProperties", json_false());
	return schema;
}

static json_t *of_field(const struct field *field)
{
	switch (field->type) {
	case FIELD_KEY:
		return of_text(1, DORA_ID_MAX, false);
	case FIELD_NAME:
		return of_text(1, DORA_ID_MAX, true);
	case FIELD_WORD:
		return of_text(0, DORA_WORD_MAX, true);
	case FIELD_TEXT:
		return of_text(0, DORA_TEXT_MAX, true);
	case FIELD_TIME:
		return packed(json_pack(
			"{s:[s,s], s:s}", "type", "string", "null", "pattern", TIME_PATTERN));
	case FIELD_BOOL:
		return of_type("boolean", true);
	case FIELD_INT:
		return packed(json_pack("{s:[s,s], s:I, s:I}", "type", "integer", "null",
			"minimum", (json_int_t)field->min, "maximum", (json_int_t)field->max));
	case FIELD_CHOICE:
		return of_choices(field->choices);
	case FIELD_SOME:
		return packed(json_pack("{s:[o, o]}", "anyOf", of_text(1, DORA_ID_MAX, false),
			of_list(FIELD_NAMES)));
	case FIELD_NAMES:
	case FIELD_WORDS:
		return of_list(field->type);
	case FIELD_FLAGS:
		return packed(json_pack("{s:[s,s], s:{s:s}}", "type", "object", "null",
			"additionalProperties", "type", "boolean"));
	case FIELD_OBJECT:
		return of_object(field->inner);
	case FIELD_ANY:
		return packed(json_pack("{s:[{s:[s,s,s,s]}, o]}", "anyOf", "type", "string",
			"number", "boolean", "null", of_list(FIELD_NAMES)));
	}
	__builtin_unreachable();
}

/* What check_whole() of check.c wants. */
static void add_whole(json_t *data, json_t *required, enum dora_kind kind)
{
	switch (kind) {
	case DORA_DEPLOYMENT:
		(void)json_object_set_new(data, "anyOf",
			packed(json_pack("[{s:[s], s:{s:{s:s}}}, {s:[s], s:{s:{s:s}}}]",
				"required", "service", "properties", "service", "type",
				"string", "required", "origin", "properties", "origin", "type",
				"object")));
		return;
	case DORA_CORRECTION:
		(void)json_array_append_new(required, json_string("target"));
		(void)json_array_append_new(required, json_string("field"));
		return;
	case DORA_CHANGE:
	case DORA_INCIDENT:
	case DORA_WORK_ITEM:
	case DORA_CHANGE_REQUEST:
		return;
	}
	__builtin_unreachable();
}

static json_t *of_data(enum dora_kind kind)
{
	json_t *data = of_object(contracts[kind].fields);
	json_t *required = json_object_get(data, "required");

	(void)json_object_set_new(data, "description",
		json_string("What was seen to be so: a field that is absent is unchanged, null "
			    "clears it. data itself null: the event is withdrawn."));
	add_whole(data, required, kind);
	return data;
}

json_t *contract_schema(enum dora_kind kind)
{
	char type[64];
	char title[64];

	(void)snprintf(type, sizeof(type), "dorad.%s.v1", dora_kind_name(kind));
	(void)snprintf(title, sizeof(title), "A %s event of dorad", dora_kind_name(kind));
	json_t *schema = packed(json_pack("{s:s, s:s, s:s, s:[s,s,s,s], s:{}}", "$schema",
		"https://json-schema.org/draft/2020-12/schema", "title", title, "type",
		"object", "required", "id", "type", "time", "data", "properties"));
	json_t *properties = json_object_get(schema, "properties");

	(void)json_object_update_new(properties,
		packed(json_pack(
			"{s:{s:s}, s:{s:s, s:i, s:s}, s:{s:s, s:i, s:I}, s:{s:s, s:i, s:i, "
			"s:s}, s:{s:s}, s:{s:s, s:i}}",
			"specversion", "const", "1.0", "id", "type", "string", "maxLength",
			DORA_ID_MAX, "pattern", ID_PATTERN, "revision", "type", "integer",
			"minimum", 0, "maximum", (json_int_t)DORA_REVISION_MAX, "source",
			"type", "string", "minLength", 1, "maxLength", DORA_ID_MAX, "pattern",
			ID_PATTERN, "type", "const", type, "subject", "type", "string",
			"maxLength", DORA_TEXT_MAX)));
	(void)json_object_update_new(properties,
		packed(json_pack("{s:{s:s, s:s}, s:{s:s}, s:{s:s}, s:{s:s}}", "time", "type",
			"string", "pattern", TIME_PATTERN, "datacontenttype", "const",
			"application/json", "endpoint", "type", "string", "delivery", "type",
			"string")));
	(void)json_object_set_new(properties, "data", of_data(kind));
	return schema;
}
