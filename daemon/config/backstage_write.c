/* SPDX-License-Identifier: Apache-2.0 */
#include "backstage_priv.h"
#include "base/xalloc.h"

#include <ctype.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* A Component is a service; a System is one where it has a source of its own. */
static bool is_service(const struct backstage_entity *entity)
{
	return !entity->repeated && !entity->of_a_template &&
		(entity->kind == BACKSTAGE_COMPONENT ||
			(entity->kind == BACKSTAGE_SYSTEM && entity->n_sources));
}

size_t backstage_n_services(const struct backstage *backstage)
{
	size_t n = 0;

	for (size_t i = 0; i < backstage->n; i++)
		n += is_service(&backstage->entities[i]);
	return n;
}

/* A reference "system:default/shop" is the entity's bare name to us. */
static const char *bare(const char *reference)
{
	const char *slash = strrchr(reference, '/');
	const char *colon = strchr(reference, ':');

	return slash ? slash + 1 : colon ? colon + 1 : reference;
}

struct settling {
	struct backstage *backstage;
	json_t *names; /* of services, for clashes */
	json_t *teams; /* by their names in small letters */
	void (*remark)(void *context, const char *words);
	void *context;
};

/* Backstage's references are without case, our names are not: the Group's own spelling, else
 * that of the first who named it. */
static const char *team_of(const struct settling *settling, const char *name)
{
	char *key = arena_strdup(settling->backstage->arena, name);

	for (char *at = key; *at; at++)
		*at = (char)tolower((unsigned char)*at);
	if (!json_object_get(settling->teams, key))
		(void)json_object_set_new(settling->teams, key, json_string(name));
	return arena_strdup(settling->backstage->arena,
		json_string_value(json_object_get(settling->teams, key)));
}

static void settle_owner(const struct settling *settling, struct backstage_entity *entity)
{
	const struct backstage *backstage = settling->backstage;

	for (size_t i = 0; !entity->owner && entity->system && i < backstage->n; i++) {
		const struct backstage_entity *system = &backstage->entities[i];

		if (system->kind == BACKSTAGE_SYSTEM &&
			strcasecmp(system->name, bare(entity->system)) == 0) {
			entity->owner = system->owner;
			entity->team = system->team;
			entity->owned_by_a_person = system->owned_by_a_person;
		}
	}
	if (entity->team)
		entity->team = team_of(settling, entity->team);
	/* The person's name stays out: neither catalogue nor message needs it. */
	if (entity->owned_by_a_person)
		settling->remark(settling->context,
			arena_printf(backstage->arena,
				"%s:%d: %s is owned by a person, not a group: left without a "
				"team",
				entity->path, entity->line, entity->name));
}

static void settle_alias(const struct settling *settling, struct backstage_entity *entity)
{
	const char *id = entity->kubernetes_id;

	if (!id || strcmp(id, entity->name) == 0)
		return;
	if (json_object_get(settling->names, id)) {
		settling->remark(settling->context,
			arena_printf(settling->backstage->arena,
				"%s:%d: %s is taken: not made an alias of %s", entity->path,
				entity->line, id, entity->name));
		return;
	}
	(void)json_object_set_new(settling->names, id, json_true());
	entity->alias = id;
}

void backstage_settle(struct backstage *backstage,
	void (*remark)(void *context, const char *words), void *context)
{
	json_auto_t *names = json_object();
	json_auto_t *teams = json_object();
	const struct settling settling = {backstage, names, teams, remark, context};

	for (size_t i = 0; i < backstage->n; i++) {
		struct backstage_entity *entity = &backstage->entities[i];

		if (entity->of_a_template)
			remark(context,
				arena_printf(backstage->arena,
					"%s:%d: %s is a template's: left out", entity->path,
					entity->line, entity->name));
		else if (entity->kind == BACKSTAGE_GROUP)
			entity->name = team_of(&settling, entity->name);
		if (!is_service(entity))
			continue;
		entity->repeated = json_object_get(names, entity->name) != NULL;
		if (entity->repeated)
			remark(context,
				arena_printf(backstage->arena,
					"%s:%d: a second %s: left out, the first stands",
					entity->path, entity->line, entity->name));
		(void)json_object_set_new(names, entity->name, json_true());
	}
	for (size_t i = 0; i < backstage->n; i++) {
		struct backstage_entity *entity = &backstage->entities[i];

		if (is_service(entity)) {
			settle_owner(&settling, entity);
			settle_alias(&settling, entity);
		}
	}
}

/* Plain where YAML can take it for nothing else, else in quotes (JSON's are YAML's too). */
static void put(const char *text, FILE *to)
{
	static const char *const words[] = {
		"false", "n", "no", "null", "off", "on", "true", "y", "yes"};
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789_./-";
	bool quoted = !strchr(letters, text[0]) || text[strspn(text, plain)] != '\0';

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		quoted = quoted || strcasecmp(text, words[i]) == 0;
	if (!quoted) {
		fputs(text, to);
		return;
	}
	json_auto_t *string = json_string(text);
	(void)json_dumpf(string, to, JSON_ENCODE_ANY);
}

static void put_pair(const char *before, const char *text, FILE *to)
{
	if (!text)
		return;
	fputs(before, to);
	put(text, to);
	fputc('\n', to);
}

static int by_name(const void *a, const void *b)
{
	const struct backstage_entity *const *left = a;
	const struct backstage_entity *const *right = b;

	return strcmp((*left)->name, (*right)->name);
}

/* Those of the wanted sort, by name; the caller frees the list. */
static const struct backstage_entity **sorted(const struct backstage *backstage,
	bool (*wanted)(const struct backstage_entity *), size_t *out_n)
{
	const struct backstage_entity **list = xcalloc(backstage->n, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < backstage->n; i++) {
		if (wanted(&backstage->entities[i]))
			list[n++] = &backstage->entities[i];
	}
	qsort(list, n, sizeof(*list), by_name);
	*out_n = n;
	return list;
}

static bool is_group(const struct backstage_entity *entity)
{
	return entity->kind == BACKSTAGE_GROUP && !entity->of_a_template;
}

/* Groups, and the teams that own something and have no entity: name to title or null. */
static json_t *teams_of(const struct backstage *backstage)
{
	json_t *teams = json_object();
	size_t n;
	const struct backstage_entity **groups = sorted(backstage, is_group, &n);

	for (size_t i = 0; i < backstage->n; i++) {
		const struct backstage_entity *entity = &backstage->entities[i];

		if (is_service(entity) && entity->team)
			(void)json_object_set_new(teams, entity->team, json_null());
	}
	for (size_t i = 0; i < n; i++)
		(void)json_object_set_new(teams, groups[i]->name,
			groups[i]->title ? json_string(groups[i]->title) : json_null());
	free(groups);
	return teams;
}

static int as_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void write_teams(const struct backstage *backstage, FILE *to)
{
	json_auto_t *teams = teams_of(backstage);
	size_t n = json_object_size(teams);
	const char **names = xcalloc(n, sizeof(*names));
	const char *name;
	json_t *title;
	size_t i = 0;

	json_object_foreach(teams, name, title)
		names[i++] = name;
	qsort(names, n, sizeof(*names), as_text);
	fputs(n ? "teams:\n" : "teams: []\n", to);
	for (i = 0; i < n; i++) {
		put_pair("  - name: ", names[i], to);
		put_pair(
			"    title: ", json_string_value(json_object_get(teams, names[i])), to);
	}
	free(names);
}

static void write_service(const struct backstage_entity *entity, FILE *to)
{
	put_pair("  - name: ", entity->name, to);
	put_pair("    title: ", entity->title, to);
	put_pair("    owners: ", entity->team, to);
	put_pair("    phases: ", entity->phase, to);
	put_pair("    aliases: ", entity->alias, to);
	if (entity->n_sources)
		fputs("    sources:\n", to);
	for (size_t i = 0; i < entity->n_sources; i++) {
		const struct backstage_source *source = &entity->sources[i];

		fprintf(to, "      - {%s: ", source->key);
		put(source->value, to);
		if (source->component) {
			fputs(", component: ", to);
			put(source->component, to);
		}
		fputs("}\n", to);
	}
}

void backstage_write(const struct backstage *backstage, FILE *to)
{
	size_t n;
	const struct backstage_entity **services = sorted(backstage, is_service, &n);

	write_teams(backstage, to);
	fputs(n ? "\nservices:\n" : "\nservices: []\n", to);
	for (size_t i = 0; i < n; i++)
		write_service(services[i], to);
	free(services);
}
