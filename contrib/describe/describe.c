/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints the program's own tables as one JSON object: options of dorad.yaml, keys of
 * catalog.yaml, commands. Man pages and schemas are made from it; not installed.
 */
#include "catalog_shape.h"
#include "command/command.h"
#include "config/catalog.h"
#include "config/options.h"

#include <stdio.h>
#include <stdlib.h>

static const char *option_type_name(enum option_type type)
{
	switch (type) {
	case OPTION_STRING:
		return "string";
	case OPTION_FILE:
		return "file";
	case OPTION_STRINGS:
		return "strings";
	case OPTION_INTEGER:
		return "integer";
	case OPTION_BYTES:
		return "bytes";
	case OPTION_DURATION:
		return "duration";
	case OPTION_BOOL:
		return "bool";
	case OPTION_CHOICE:
		return "choice";
	}
	__builtin_unreachable();
}

static const char *catalog_type_name(enum catalog_type type)
{
	switch (type) {
	case CATALOG_NAME:
		return "name";
	case CATALOG_TEAM:
		return "team";
	case CATALOG_NAMES:
		return "names";
	case CATALOG_PATHS:
		return "paths";
	case CATALOG_CHOICE:
		return "choice";
	case CATALOG_YES_NO:
		return "bool";
	case CATALOG_INTEGER:
		return "integer";
	case CATALOG_DURATION:
		return "duration";
	case CATALOG_TIME:
		return "time";
	case CATALOG_ZONE:
		return "zone";
	case CATALOG_LINKS:
		return "links";
	case CATALOG_MAPS:
		return "maps";
	case CATALOG_DATED:
		return "dated";
	}
	__builtin_unreachable();
}

static const char *systems_name(enum catalog_system_rule rule)
{
	switch (rule) {
	case CATALOG_NO_SYSTEM:
		return "none";
	case CATALOG_ANY_SYSTEM:
		return "at most one";
	case CATALOG_ONE_SYSTEM:
		return "one";
	}
	__builtin_unreachable();
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *list(const char *const *words)
{
	json_t *out = json_array();

	for (; words && *words; words++)
		json_array_append_new(out, json_string(*words));
	return out;
}

static json_t *options(void)
{
	json_t *out = json_array();
	const struct option *option;

	for (size_t i = 0; (option = option_at(i)); i++)
		json_array_append_new(out,
			json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:o, s:b, s:s}", "place",
				option->place == OPTION_OF_FILE ? "file" : "endpoint", "name",
				option->name, "type", option_type_name(option->type), "initial",
				text_or_null(option->initial), "min", (json_int_t)option->min,
				"max", (json_int_t)option->max, "choices",
				list(option->choices), "reloadable", option->reloadable, "help",
				option->help));
	return out;
}

static json_t *shape(const struct catalog_shape *of)
{
	if (!of)
		return json_null();

	json_t *fields = json_array();
	for (const struct catalog_field *field = of->fields; field->name; field++)
		json_array_append_new(fields,
			json_pack("{s:s, s:s, s:b, s:o, s:o, s:I, s:I}", "name", field->name,
				"type", catalog_type_name(field->type), "required",
				field->required, "choices", list(field->choices), "shape",
				shape(field->shape), "min", (json_int_t)field->least, "max",
				(json_int_t)field->most));
	return json_pack("{s:s, s:o, s:s, s:b}", "what", of->what, "fields", fields, "systems",
		systems_name(of->systems), "ids", of->ids);
}

static json_t *commands(void)
{
	json_t *out = json_array();
	const struct command *command;

	for (size_t i = 0; (command = command_at(i)); i++) {
		json_t *own = json_array();

		for (const struct command_option *option = command->options;
			option && option->name; option++)
			json_array_append_new(own,
				json_pack("{s:s, s:o, s:s, s:b}", "name", option->name,
					"argument", text_or_null(option->argument), "help",
					option->help, "repeated", option->repeated));
		json_array_append_new(out,
			json_pack("{s:s, s:s, s:s, s:o, s:o, s:b}", "name", command->name,
				"arguments", command->arguments, "summary", command->summary,
				"details", text_or_null(command->details), "options", own,
				"prints_table", command->prints_table));
	}
	return out;
}

int main(void)
{
	json_t *all = json_pack("{s:s, s:o, s:{s:o, s:o}, s:o}", "version", DORAD_VERSION,
		"options", options(), "catalog", "systems", list(catalog_systems), "shape",
		shape(&catalog_whole), "commands", commands());

	if (!all || json_dumpf(all, stdout, JSON_INDENT(1)) != 0 || fflush(stdout) != 0) {
		fputs("describe: the tables could not be written\n", stderr);
		return EXIT_FAILURE;
	}
	json_decref(all);
	return EXIT_SUCCESS;
}
