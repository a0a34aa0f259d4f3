/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_CONFIG_CATALOG_SHAPE_H
#define DORAD_CONFIG_CATALOG_SHAPE_H

#include "base/arena.h"
#include "config/tree.h"

#include <jansson.h>

/* What may stand in each map of catalog.yaml, as tables: the one place for its keys. */
enum catalog_type {
	CATALOG_NAME,     /* text */
	CATALOG_TEAM,     /* text or null */
	CATALOG_NAMES,    /* one text or a list; becomes a list */
	CATALOG_PATHS,    /* the same, from a repository's top */
	CATALOG_CHOICE,   /* one of choices */
	CATALOG_YES_NO,   /* becomes true or false */
	CATALOG_INTEGER,  /* from least to most */
	CATALOG_DURATION, /* becomes whole seconds */
	CATALOG_TIME,     /* an instant */
	CATALOG_ZONE,     /* an IANA name */
	CATALOG_LINKS,    /* a map of names to web addresses */
	CATALOG_MAPS,     /* one map of shape, or a list of them; becomes a list */
	CATALOG_DATED, /* the same, or a lone text or null: the shape's first key, since ever */
};

enum catalog_system_rule {
	CATALOG_NO_SYSTEM,
	CATALOG_ANY_SYSTEM, /* at most one key is a system */
	CATALOG_ONE_SYSTEM, /* one must be */
};

struct catalog_field {
	const char *name;
	enum catalog_type type;
	bool required;
	const char *const *choices; /* ended by NULL */
	const struct catalog_shape *shape;
	int64_t least, most;
};

struct catalog_shape {
	const char *what;                   /* "a service": for messages */
	const struct catalog_field *fields; /* ended by {0} */
	enum catalog_system_rule systems;
	bool ids; /* github_id and gitlab_id count as systems */
};

extern const struct catalog_shape catalog_whole;

struct catalog_reading {
	const char *path;
	struct arena *arena;
	struct error *err;
};

/* A value of the table's type, or NULL with words. The caller owns it. */
json_t *catalog_value(struct catalog_reading *reading, const struct catalog_field *field,
	const struct tree *node);

/* What no single value shows: names that clash, teams that are not there. */
bool catalog_holds_together(struct catalog_reading *reading, const struct tree *root);

#endif
