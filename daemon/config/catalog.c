/* SPDX-License-Identifier: Apache-2.0 */
#include "config/catalog.h"

#include "base/xalloc.h"
#include "catalog_shape.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE (16 << 20) /* bytes; some 50,000 services */

/* What a file that says nothing of it means (CATALOG.md). */
static void set_defaults(json_t *catalog)
{
	json_auto_t *defaults =
		json_pack("{s:s, s:i, s:s, s:i}", "report_tz", "UTC", "attribution_window",
			24 * 3600, "lead_time_start", "commit", "max_severity", 3);
	static const char *const lists[] = {"aliases", "owners", "phases", "sources"};
	json_t *service;
	size_t i;

	for (const struct catalog_field *field = catalog_whole.fields; field->name; field++) {
		if (field->type == CATALOG_MAPS)
			(void)json_object_set_new(defaults, field->name, json_array());
	}
	(void)json_object_update_missing(catalog, defaults);
	json_array_foreach(json_object_get(catalog, "services"), i, service) {
		for (size_t list = 0; list < ARRAY_LEN(lists); list++) {
			if (!json_object_get(service, lists[list]))
				(void)json_object_set_new(service, lists[list], json_array());
		}
	}
}

static json_t *parse(struct catalog_reading *reading, const char *bytes, size_t n)
{
	const struct catalog_field whole = {
		.name = "the catalogue", .type = CATALOG_MAPS, .shape = &catalog_whole};
	struct tree *root = tree_read(reading->arena, reading->path, bytes, n, reading->err);

	if (!root)
		return NULL;
	if (root->kind != TREE_MAP) {
		(void)tree_complain(reading->err, reading->path, root,
			"the catalogue is no map; want teams, services ...");
		return NULL;
	}

	json_auto_t *list = catalog_value(reading, &whole, root);
	if (!list || !catalog_holds_together(reading, root))
		return NULL;
	json_t *catalog = json_incref(json_array_get(list, 0));
	set_defaults(catalog);
	return catalog;
}

json_t *catalog_parse(const char *path, const char *bytes, size_t n, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct catalog_reading reading = {path, arena, err};

	return parse(&reading, bytes, n);
}

json_t *catalog_load(const char *path, struct error *err)
{
	FILE *file = fopen(path, "re");
	json_t *catalog = NULL;

	if (!file) {
		error_setf(err, "%s: %s", path, strerrordesc_np(errno));
		return NULL;
	}
	char *bytes = xmalloc(MAX_FILE);
	size_t n = fread(bytes, 1, MAX_FILE, file);
	if (ferror(file))
		error_setf(err, "%s: cannot be read", path);
	else if (n == MAX_FILE)
		error_setf(err, "%s: larger than %d MiB", path, MAX_FILE >> 20);
	else
		catalog = catalog_parse(path, bytes, n, err);
	free(bytes);
	(void)fclose(file);
	return catalog;
}
