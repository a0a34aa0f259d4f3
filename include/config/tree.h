/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_CONFIG_TREE_H
#define DORAD_CONFIG_TREE_H

#include "base/arena.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * A YAML document as a tree that knows where everything stands. Read with libyaml; one
 * document, no anchors or aliases (they can blow up), keys are plain scalars, none twice. Pure.
 * Borrowed from its arena.
 */
enum tree_kind {
	TREE_SCALAR,
	TREE_LIST,
	TREE_MAP,
};

struct tree {
	enum tree_kind kind;
	int line; /* from 1 */
	int column;
	const char *text;    /* a scalar's; NUL inside is refused */
	bool quoted;         /* "10" is never a number, "" never null */
	size_t n;            /* of items or of pairs */
	struct tree **items; /* a list's items, a map's values */
	struct tree **keys;  /* a map's keys, in the order of the file */
};

/* NULL: err says path:line:column and what is wrong. An empty document is an empty map. */
struct tree *tree_read(
	struct arena *arena, const char *path, const char *bytes, size_t n, struct error *err);

/* The value of a map's key; NULL: none, or not a map. */
struct tree *tree_get(const struct tree *map, const char *key);

/* A plain null: nothing, ~ or null unquoted. */
bool tree_is_null(const struct tree *node);

/* err = "path:line:column: words" for a node. Returns false, so that it can be returned. */
bool tree_complain(struct error *err, const char *path, const struct tree *node,
	const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
