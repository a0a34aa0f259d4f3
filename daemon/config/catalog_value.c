/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"
#include "base/xalloc.h"
#include "catalog_shape.h"
#include "config/catalog.h"
#include "config/values.h"
#include "config/zone.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MAX_NAME 255 /* bytes; like an event's id */

#define COMPLAIN(...) (tree_complain(reading->err, reading->path, __VA_ARGS__), NULL)

static const char *kind_name(const struct tree *node)
{
	switch (node->kind) {
	case TREE_SCALAR:
		return tree_is_null(node) ? "nothing" : node->text;
	case TREE_LIST:
		return "a list";
	case TREE_MAP:
		return "a map";
	}
	__builtin_unreachable();
}

static json_t *name_value(
	struct catalog_reading *reading, const char *key, const struct tree *node)
{
	if (node->kind != TREE_SCALAR || tree_is_null(node) || !*node->text)
		return COMPLAIN(node, "%s is %s; want a name", key, kind_name(node));
	if (strlen(node->text) > MAX_NAME)
		return COMPLAIN(node, "%s is longer than %d bytes", key, MAX_NAME);
	for (const char *p = node->text; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return COMPLAIN(node, "%s holds a control character", key);
	}
	return json_string(node->text);
}

static json_t *path_value(
	struct catalog_reading *reading, const char *key, const struct tree *node)
{
	if (node->kind == TREE_SCALAR && (node->text[0] == '/' || node->text[0] == '.'))
		return COMPLAIN(node,
			"%s is %s; want a path from the top of the repository, as in"
			" services/checkout/",
			key, node->text);
	return name_value(reading, key, node);
}

static json_t *names_value(struct catalog_reading *reading, const struct catalog_field *field,
	const struct tree *node)
{
	json_t *(*one)(struct catalog_reading *, const char *, const struct tree *) =
		field->type == CATALOG_PATHS ? path_value : name_value;
	json_auto_t *names = json_array();

	if (node->kind != TREE_LIST) {
		if (json_array_append_new(names, one(reading, field->name, node)) < 0)
			return NULL;
		return json_incref(names);
	}
	for (size_t i = 0; i < node->n; i++) {
		if (json_array_append_new(names, one(reading, field->name, node->items[i])) < 0)
			return NULL;
	}
	return json_incref(names);
}

static json_t *choice_value(struct catalog_reading *reading, const struct catalog_field *field,
	const struct tree *node)
{
	char words[200] = "";

	for (size_t i = 0; field->choices[i]; i++) {
		if (node->kind == TREE_SCALAR && strcmp(node->text, field->choices[i]) == 0)
			return json_string(node->text);
		size_t n = strlen(words);
		(void)snprintf(
			words + n, sizeof(words) - n, "%s%s", i ? ", " : "", field->choices[i]);
	}
	return COMPLAIN(node, "%s is %s; want %s%s", field->name, kind_name(node),
		field->choices[1] ? "one of " : "", words);
}

static json_t *yes_no_value(struct catalog_reading *reading, const struct catalog_field *field,
	const struct tree *node)
{
	bool yes;

	if (node->kind != TREE_SCALAR || !value_bool(node->text, &yes))
		return COMPLAIN(node, "%s is %s; want yes or no", field->name, kind_name(node));
	return json_boolean(yes);
}

static json_t *integer_value(struct catalog_reading *reading, const struct catalog_field *field,
	const struct tree *node)
{
	int64_t number;

	if (node->kind != TREE_SCALAR || !value_integer(node->text, &number) ||
		number < field->least || number > field->most)
		return COMPLAIN(node, "%s is %s; want a whole number from %d to %d",
			field->name, kind_name(node), (int)field->least, (int)field->most);
	return json_integer(number);
}

static json_t *duration_value(struct catalog_reading *reading,
	const struct catalog_field *field, const struct tree *node)
{
	int64_t duration_us;

	if (node->kind != TREE_SCALAR || !value_duration_us(node->text, &duration_us) ||
		duration_us == 0 || duration_us / 1000000 > field->most)
		return COMPLAIN(node,
			"%s is %s; want a duration from 1s to %dd, as 30s, 15m, 4h or 7d",
			field->name, kind_name(node), (int)(field->most / 86400));
	return json_integer(duration_us / 1000000);
}

static json_t *time_value(struct catalog_reading *reading, const struct catalog_field *field,
	const struct tree *node)
{
	int64_t at_us;
	char text[TIMESTAMP_TEXT_MAX];

	if (tree_is_null(node))
		return json_null();
	if (node->kind != TREE_SCALAR ||
		!timestamp_parse(node->text, strlen(node->text), &at_us))
		return COMPLAIN(node, "%s is %s; want an instant, as 2025-07-10T00:00:00Z",
			field->name, kind_name(node));
	timestamp_format(at_us, text);
	return json_string(text);
}

/* As far as this machine can tell; without a copy of the zones Postgres alone decides. */
static bool may_be_zone(const char *name)
{
	return *name && (zone_is_here(name) || !zones_are_here());
}

static json_t *zone_value(struct catalog_reading *reading, const struct catalog_field *field,
	const struct tree *node)
{
	if (node->kind != TREE_SCALAR || !may_be_zone(node->text))
		return COMPLAIN(node,
			"%s is %s; want the IANA name of a time zone, as Europe/London or UTC",
			field->name, kind_name(node));
	return json_string(node->text);
}

static bool is_web_address(const char *text)
{
	return strncasecmp(text, "https://", 8) == 0 || strncasecmp(text, "http://", 7) == 0;
}

static json_t *links_value(struct catalog_reading *reading, const struct catalog_field *field,
	const struct tree *node)
{
	json_auto_t *links = json_object();

	if (node->kind != TREE_MAP)
		return COMPLAIN(node, "%s is %s; want a map, as {runbook: \"https://...\"}",
			field->name, kind_name(node));
	for (size_t i = 0; i < node->n; i++) {
		const struct tree *value = node->items[i];

		/* They become links on a page: nothing but the web. */
		if (value->kind != TREE_SCALAR || !is_web_address(value->text))
			return COMPLAIN(value,
				"%s is %s; want an address that begins with"
				" https:// or http://",
				node->keys[i]->text, kind_name(value));
		(void)json_object_set_new(links, node->keys[i]->text, json_string(value->text));
	}
	return json_incref(links);
}

static const struct catalog_field *field_of(const struct catalog_shape *shape, const char *name)
{
	for (const struct catalog_field *field = shape->fields; field->name; field++) {
		if (strcmp(field->name, name) == 0)
			return field;
	}
	return NULL;
}

static bool names_system(const struct catalog_shape *shape, const char *key)
{
	if (shape->systems == CATALOG_NO_SYSTEM)
		return false;
	for (size_t i = 0; catalog_systems[i]; i++) {
		if (strcmp(catalog_systems[i], key) == 0)
			return true;
	}
	return shape->ids && (strcmp(key, "github_id") == 0 || strcmp(key, "gitlab_id") == 0);
}

static json_t *unknown_key(struct catalog_reading *reading, const struct catalog_shape *shape,
	const struct tree *key)
{
	char words[400] = "";
	size_t n = 0;

	for (const struct catalog_field *field = shape->fields; field->name; field++) {
		(void)snprintf(
			words + n, sizeof(words) - n, "%s%s", n ? ", " : "", field->name);
		n = strlen(words);
	}
	return COMPLAIN(key, "%s has no key %s; want %s%s", shape->what, key->text, words,
		shape->systems == CATALOG_NO_SYSTEM ? "" : ", or a system (github, jira ...)");
}

static json_t *pair_value(struct catalog_reading *reading, const struct catalog_shape *shape,
	const struct tree *map, size_t i, const struct tree **system)
{
	const struct tree *key = map->keys[i];
	const struct catalog_field *field = field_of(shape, key->text);

	if (field)
		return catalog_value(reading, field, map->items[i]);
	if (!names_system(shape, key->text))
		return unknown_key(reading, shape, key);
	if (*system)
		return COMPLAIN(key,
			"%s names two systems, %s and %s; want one of them, or"
			" another entry for the other",
			shape->what, (*system)->text, key->text);
	*system = key;
	return name_value(reading, key->text, map->items[i]);
}

static json_t *map_value(struct catalog_reading *reading, const struct catalog_shape *shape,
	const struct tree *node)
{
	json_auto_t *map = json_object();
	const struct tree *system = NULL;

	if (node->kind != TREE_MAP)
		return COMPLAIN(node, "%s is %s; want a map, as {%s: ...}", shape->what,
			kind_name(node), shape->fields[0].name);
	for (size_t i = 0; i < node->n; i++) {
		json_t *value = pair_value(reading, shape, node, i, &system);

		if (!value)
			return NULL;
		(void)json_object_set_new(map, node->keys[i]->text, value);
	}
	if (shape->systems == CATALOG_ONE_SYSTEM && !system)
		return COMPLAIN(
			node, "%s names no system; want one, as {github: ...}", shape->what);
	for (const struct catalog_field *field = shape->fields; field->name; field++) {
		if (field->required && !json_object_get(map, field->name))
			return COMPLAIN(node, "%s needs %s", shape->what, field->name);
		if (field->type == CATALOG_TIME && !json_object_get(map, field->name))
			(void)json_object_set_new(map, field->name, json_null());
	}
	return json_incref(map);
}

static json_t *maps_value(struct catalog_reading *reading, const struct catalog_field *field,
	const struct tree *node)
{
	json_auto_t *maps = json_array();

	if (node->kind == TREE_LIST) {
		for (size_t i = 0; i < node->n; i++) {
			json_t *map = map_value(reading, field->shape, node->items[i]);
			if (json_array_append_new(maps, map) < 0)
				return NULL;
		}
		return json_incref(maps);
	}
	/* "services:" with nothing beneath it yet. */
	if (field->type == CATALOG_MAPS && tree_is_null(node))
		return json_incref(maps);
	if (node->kind == TREE_MAP) {
		if (json_array_append_new(maps, map_value(reading, field->shape, node)) < 0)
			return NULL;
		return json_incref(maps);
	}
	if (field->type == CATALOG_MAPS)
		return COMPLAIN(node, "%s is %s; want a list, each of it a map", field->name,
			kind_name(node));

	const struct catalog_field *first = &field->shape->fields[0];
	json_t *value = catalog_value(reading, first, node);
	if (!value)
		return NULL;
	(void)json_array_append_new(maps, json_pack("{s:o, s:n}", first->name, value, "from"));
	return json_incref(maps);
}

json_t *catalog_value(struct catalog_reading *reading, const struct catalog_field *field,
	const struct tree *node)
{
	switch (field->type) {
	case CATALOG_TEAM:
		if (tree_is_null(node))
			return json_null();
		return name_value(reading, field->name, node);
	case CATALOG_NAME:
		return name_value(reading, field->name, node);
	case CATALOG_NAMES:
	case CATALOG_PATHS:
		return names_value(reading, field, node);
	case CATALOG_CHOICE:
		return choice_value(reading, field, node);
	case CATALOG_YES_NO:
		return yes_no_value(reading, field, node);
	case CATALOG_INTEGER:
		return integer_value(reading, field, node);
	case CATALOG_DURATION:
		return duration_value(reading, field, node);
	case CATALOG_TIME:
		return time_value(reading, field, node);
	case CATALOG_ZONE:
		return zone_value(reading, field, node);
	case CATALOG_LINKS:
		return links_value(reading, field, node);
	case CATALOG_MAPS:
	case CATALOG_DATED:
		return maps_value(reading, field, node);
	}
	__builtin_unreachable();
}
