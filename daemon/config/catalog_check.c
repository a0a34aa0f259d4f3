/* SPDX-License-Identifier: Apache-2.0 */
#include "base/timestamp.h"
#include "catalog_shape.h"

#include <string.h>

/* Names seen so far and the line they stand in. */
static bool is_new(struct catalog_reading *reading, json_t *seen, const char *what,
	const struct tree *name)
{
	const json_t *line = json_object_get(seen, name->text);

	if (line)
		return tree_complain(reading->err, reading->path, name,
			"%s %s is there already, in line %d", what, name->text,
			(int)json_integer_value(line));
	(void)json_object_set_new(seen, name->text, json_integer(name->line));
	return true;
}

/* One or many, as a list. */
static size_t n_of(const struct tree *node)
{
	if (!node || tree_is_null(node))
		return 0;
	return node->kind == TREE_LIST ? node->n : 1;
}

static const struct tree *item_of(const struct tree *node, size_t i)
{
	return node->kind == TREE_LIST ? node->items[i] : node;
}

/* Of two entries with one instant nobody could say which holds. */
static bool dates_differ(
	struct catalog_reading *reading, const char *what, const struct tree *dated)
{
	json_auto_t *seen = json_object();

	for (size_t i = 0; i < n_of(dated); i++) {
		const struct tree *entry = item_of(dated, i);
		const struct tree *from = tree_get(entry, "from");
		char text[TIMESTAMP_TEXT_MAX] = "";
		int64_t at_us;

		if (from && timestamp_parse(from->text, strlen(from->text), &at_us))
			timestamp_format(at_us, text);
		if (json_object_get(seen, text))
			return tree_complain(reading->err, reading->path, from ? from : entry,
				"%s has two entries from %s; want each from another instant",
				what, *text ? text : "the beginning");
		(void)json_object_set_new(seen, text, json_true());
	}
	return true;
}

static bool owners_exist(
	struct catalog_reading *reading, const json_t *teams, const struct tree *owners)
{
	for (size_t i = 0; i < n_of(owners); i++) {
		const struct tree *team = item_of(owners, i);

		if (team->kind == TREE_MAP)
			team = tree_get(team, "team");
		if (tree_is_null(team) || json_object_get(teams, team->text))
			continue;
		return tree_complain(reading->err, reading->path, team,
			"no team %s in teams; want one that is listed there, or null",
			team->text);
	}
	return true;
}

static bool service_holds(struct catalog_reading *reading, json_t *names, const json_t *teams,
	const struct tree *service)
{
	const struct tree *aliases = tree_get(service, "aliases");
	const struct tree *owners = tree_get(service, "owners");

	if (!is_new(reading, names, "the service", tree_get(service, "name")))
		return false;
	for (size_t i = 0; i < n_of(aliases); i++) {
		if (!is_new(reading, names, "the name", item_of(aliases, i)))
			return false;
	}
	return owners_exist(reading, teams, owners) &&
		dates_differ(reading, "owners", owners) &&
		dates_differ(reading, "phases", tree_get(service, "phases"));
}

bool catalog_holds_together(struct catalog_reading *reading, const struct tree *root)
{
	const struct tree *teams = tree_get(root, "teams");
	const struct tree *services = tree_get(root, "services");
	json_auto_t *team_names = json_object();
	json_auto_t *service_names = json_object();

	for (size_t i = 0; i < n_of(teams); i++) {
		if (!is_new(reading, team_names, "the team",
			    tree_get(item_of(teams, i), "name")))
			return false;
	}
	for (size_t i = 0; i < n_of(services); i++) {
		if (!service_holds(reading, service_names, team_names, item_of(services, i)))
			return false;
	}
	return true;
}
