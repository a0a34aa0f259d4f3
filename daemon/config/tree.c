/* SPDX-License-Identifier: Apache-2.0 */
#include "config/tree.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

#define MAX_DEPTH 16 /* neither file nests deeper than six */

struct reading {
	struct arena *arena;
	const char *path;
	yaml_document_t *document;
	struct error *err;
};

bool tree_complain(
	struct error *err, const char *path, const struct tree *node, const char *fmt, ...)
{
	char words[sizeof(err->text)];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	error_setf(err, "%s:%d:%d: %s", path, node->line, node->column, words);
	return false;
}

static struct tree *build(struct reading *reading, int id, int depth);

static struct tree *new_node(struct reading *reading, const yaml_node_t *from)
{
	struct tree *node = arena_alloc(reading->arena, sizeof(*node));

	node->line = (int)from->start_mark.line + 1;
	node->column = (int)from->start_mark.column + 1;
	return node;
}

static bool build_scalar(struct reading *reading, const yaml_node_t *from, struct tree *node)
{
	const char *value = (const char *)from->data.scalar.value;

	node->kind = TREE_SCALAR;
	if (strlen(value) != from->data.scalar.length)
		return tree_complain(
			reading->err, reading->path, node, "a NUL byte inside a value");
	node->text = arena_strndup(reading->arena, value, from->data.scalar.length);
	node->quoted = from->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	return true;
}

static bool build_list(
	struct reading *reading, const yaml_node_t *from, struct tree *node, int depth)
{
	const yaml_node_item_t *items = from->data.sequence.items.start;

	node->kind = TREE_LIST;
	node->n = (size_t)(from->data.sequence.items.top - items);
	node->items = arena_alloc(reading->arena, node->n * sizeof(struct tree *));
	for (size_t i = 0; i < node->n; i++) {
		node->items[i] = build(reading, items[i], depth);
		if (!node->items[i])
			return false;
	}
	return true;
}

static bool build_pair(struct reading *reading, const yaml_node_pair_t *pair, struct tree *node,
	size_t i, int depth)
{
	struct tree *key = build(reading, pair->key, depth);

	if (!key)
		return false;
	if (key->kind != TREE_SCALAR)
		return tree_complain(
			reading->err, reading->path, key, "a key must be a plain word");
	for (size_t earlier = 0; earlier < i; earlier++) {
		if (strcmp(node->keys[earlier]->text, key->text) == 0)
			return tree_complain(reading->err, reading->path, key,
				"%s stands here twice (first in line %d)", key->text,
				node->keys[earlier]->line);
	}
	node->keys[i] = key;
	node->items[i] = build(reading, pair->value, depth);
	return node->items[i] != NULL;
}

static bool build_map(
	struct reading *reading, const yaml_node_t *from, struct tree *node, int depth)
{
	const yaml_node_pair_t *pairs = from->data.mapping.pairs.start;
	size_t n = (size_t)(from->data.mapping.pairs.top - pairs);

	node->kind = TREE_MAP;
	node->items = arena_alloc(reading->arena, n * sizeof(struct tree *));
	node->keys = arena_alloc(reading->arena, n * sizeof(struct tree *));
	for (; node->n < n; node->n++) {
		if (!build_pair(reading, &pairs[node->n], node, node->n, depth))
			return false;
	}
	return true;
}

static struct tree *build(struct reading *reading, int id, int depth)
{
	const yaml_node_t *from = yaml_document_get_node(reading->document, id);
	struct tree *node = new_node(reading, from);
	bool ok = false;

	if (depth >= MAX_DEPTH) {
		(void)tree_complain(
			reading->err, reading->path, node, "nested deeper than %d", MAX_DEPTH);
		return NULL;
	}
	if (from->type == YAML_SCALAR_NODE)
		ok = build_scalar(reading, from, node);
	else if (from->type == YAML_SEQUENCE_NODE)
		ok = build_list(reading, from, node, depth + 1);
	else if (from->type == YAML_MAPPING_NODE)
		ok = build_map(reading, from, node, depth + 1);
	return ok ? node : NULL;
}

/* libyaml shares the node of an alias; a tree that shares is a bomb waiting, so aliases are
 * refused first. */
static bool has_alias(const char *bytes, size_t n, int *out_line, int *out_column)
{
	yaml_parser_t parser;
	bool found = false;
	bool more = true;

	if (!yaml_parser_initialize(&parser))
		return false;
	yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, n);
	while (more && !found) {
		yaml_event_t step;

		if (!yaml_parser_parse(&parser, &step))
			break; /* the loader will say what is wrong */
		found = step.type == YAML_ALIAS_EVENT;
		more = step.type != YAML_STREAM_END_EVENT;
		*out_line = (int)step.start_mark.line + 1;
		*out_column = (int)step.start_mark.column + 1;
		yaml_event_delete(&step);
	}
	yaml_parser_delete(&parser);
	return found;
}

static void set_syntax_error(const yaml_parser_t *parser, const char *path, struct error *err)
{
	bool marked = parser->error != YAML_READER_ERROR;

	error_setf(err, "%s:%d:%d: not YAML: %s%s%s", path,
		marked ? (int)parser->problem_mark.line + 1 : 1,
		marked ? (int)parser->problem_mark.column + 1 : (int)parser->problem_offset + 1,
		parser->problem ? parser->problem : "unreadable", parser->context ? ", " : "",
		parser->context ? parser->context : "");
}

static struct tree *empty_map(struct arena *arena)
{
	struct tree *map = arena_alloc(arena, sizeof(*map));

	map->kind = TREE_MAP;
	map->line = 1;
	map->column = 1;
	return map;
}

static bool only_document(yaml_parser_t *parser, const char *path, struct error *err)
{
	yaml_document_t second;

	if (!yaml_parser_load(parser, &second)) {
		set_syntax_error(parser, path, err);
		return false;
	}
	const yaml_node_t *root = yaml_document_get_root_node(&second);
	if (root)
		error_setf(err, "%s:%d:1: a second document; want one", path,
			(int)root->start_mark.line + 1);
	yaml_document_delete(&second);
	return root == NULL;
}

static struct tree *load(
	yaml_parser_t *parser, struct arena *arena, const char *path, struct error *err)
{
	yaml_document_t document;

	if (!yaml_parser_load(parser, &document)) {
		set_syntax_error(parser, path, err);
		return NULL;
	}
	struct reading reading = {arena, path, &document, err};
	struct tree *root = yaml_document_get_root_node(&document) ? build(&reading, 1, 0)
								   : empty_map(arena);
	yaml_document_delete(&document);
	if (root && tree_is_null(root))
		root = empty_map(arena);
	return root && only_document(parser, path, err) ? root : NULL;
}

struct tree *tree_read(
	struct arena *arena, const char *path, const char *bytes, size_t n, struct error *err)
{
	yaml_parser_t parser;
	int line = 0;
	int column = 0;

	if (has_alias(bytes, n, &line, &column)) {
		error_setf(err, "%s:%d:%d: an alias; want the value written out", path, line,
			column);
		return NULL;
	}
	if (!yaml_parser_initialize(&parser)) {
		error_setf(err, "%s: no memory for the YAML reader", path);
		return NULL;
	}
	yaml_parser_set_input_string(&parser, (const unsigned char *)bytes, n);
	struct tree *root = load(&parser, arena, path, err);
	yaml_parser_delete(&parser);
	return root;
}

struct tree *tree_get(const struct tree *map, const char *key)
{
	if (!map || map->kind != TREE_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++) {
		if (strcmp(map->keys[i]->text, key) == 0)
			return map->items[i];
	}
	return NULL;
}

bool tree_is_null(const struct tree *node)
{
	return node->kind == TREE_SCALAR && !node->quoted &&
		(!*node->text || strcmp(node->text, "~") == 0 ||
			strcasecmp(node->text, "null") == 0);
}
