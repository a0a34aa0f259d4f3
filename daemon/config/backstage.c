/* SPDX-License-Identifier: Apache-2.0 */
#include "config/backstage.h"

#include "backstage_priv.h"
#include "config/tree.h"

#include <string.h>
#include <strings.h>

/* What an annotation is called with us. */
static const struct {
	const char *annotation;
	const char *key;
} annotations[] = {
	{"github.com/project-slug", "github"},
	{"gitlab.com/project-slug", "gitlab"},
	{"gitlab.com/project-id", "gitlab_id"},
	{"jira/project-key", "jira"},
	{"servicenow.com/entity-id", "servicenow"},
	{"pagerduty.com/service-id", "pagerduty"},
	{"argocd/app-name", "argocd"},
};

static const struct {
	const char *lifecycle;
	const char *phase;
} phases[] = {
	{"alpha", "development"},
	{"beta", "development"},
	{"deprecated", "live"},
	{"development", "development"},
	{"end-of-life", "retired"},
	{"experimental", "development"},
	{"live", "live"},
	{"production", "live"},
	{"retired", "retired"},
};

struct backstage *backstage_create(struct arena *arena)
{
	struct backstage *backstage = arena_alloc(arena, sizeof(*backstage));

	backstage->arena = arena;
	return backstage;
}

static const char *text_of(const struct tree *map, const char *key)
{
	const struct tree *value = tree_get(map, key);

	return value && value->kind == TREE_SCALAR && !tree_is_null(value) && *value->text
		? value->text
		: NULL;
}

/* A Component may say which service of ours it is; its name is the answer where it does not. */
static const char *name_of(
	enum backstage_kind kind, const struct tree *metadata, const char *otherwise)
{
	const char *said = text_of(tree_get(metadata, "annotations"), "dorad/service");

	return kind == BACKSTAGE_COMPONENT && said ? said : otherwise;
}

/* "group:default/payments", "default/payments" or "payments"; NULL: not a group. */
static const char *team_of(const char *owner)
{
	const char *colon = strchr(owner, ':');
	const char *slash;

	if (colon && strncasecmp(owner, "group:", 6) != 0)
		return NULL;
	slash = strrchr(owner, '/');
	return slash ? slash + 1 : colon ? colon + 1 : owner;
}

static const char *phase_of(const char *lifecycle)
{
	for (size_t i = 0; lifecycle && i < ARRAY_LEN(phases); i++) {
		if (strcasecmp(phases[i].lifecycle, lifecycle) == 0)
			return phases[i].phase;
	}
	return NULL;
}

static void take_sources(struct backstage_entity *entity, const struct tree *given)
{
	for (size_t i = 0; i < ARRAY_LEN(annotations); i++) {
		const char *value = text_of(given, annotations[i].annotation);

		if (!value)
			continue;
		struct backstage_source *source = &entity->sources[entity->n_sources++];
		source->key = annotations[i].key;
		source->value = value;
		if (strcmp(source->key, "jira") == 0)
			source->component = text_of(given, "jira/component");
	}
	entity->kubernetes_id = text_of(given, "backstage.io/kubernetes-id");
}

static enum backstage_kind kind_of(const char *kind)
{
	if (strcmp(kind, "Component") == 0)
		return BACKSTAGE_COMPONENT;
	if (strcmp(kind, "System") == 0)
		return BACKSTAGE_SYSTEM;
	if (strcmp(kind, "Group") == 0)
		return BACKSTAGE_GROUP;
	return BACKSTAGE_OTHER;
}

static struct backstage_entity *add(struct backstage *backstage)
{
	if (backstage->n == backstage->room) {
		size_t room = backstage->room ? backstage->room * 2 : 64;
		struct backstage_entity *more =
			arena_alloc(backstage->arena, room * sizeof(*more));

		if (backstage->n)
			memcpy(more, backstage->entities, backstage->n * sizeof(*more));
		backstage->entities = more;
		backstage->room = room;
	}
	return &backstage->entities[backstage->n++];
}

static bool take_entity(struct backstage *backstage, const char *path, const struct tree *root,
	struct error *err)
{
	const char *kind = text_of(root, "kind");
	const struct tree *metadata = tree_get(root, "metadata");
	const struct tree *spec = tree_get(root, "spec");

	if (root->kind == TREE_MAP && root->n == 0)
		return true; /* nothing between two markers */
	if (!kind || !text_of(root, "apiVersion"))
		return tree_complain(err, path, root,
			"not a Backstage entity; want apiVersion, kind and metadata");
	if (kind_of(kind) == BACKSTAGE_OTHER)
		return true;
	const char *name = text_of(metadata, "name");
	if (!name)
		return tree_complain(err, path, metadata ? metadata : root,
			"an entity without a name; want metadata.name");

	struct backstage_entity *entity = add(backstage);
	*entity = (struct backstage_entity){
		.kind = kind_of(kind),
		.path = path,
		.line = root->line,
		.name = name_of(kind_of(kind), metadata, name),
		.title = text_of(metadata, "title"),
		.owner = text_of(spec, "owner"),
		.system = text_of(spec, "system"),
		.phase = phase_of(text_of(spec, "lifecycle")),
	};
	entity->of_a_template = strstr(name, "${{") != NULL;
	if (entity->kind == BACKSTAGE_GROUP && !entity->title)
		entity->title = text_of(tree_get(spec, "profile"), "displayName");
	take_sources(entity, tree_get(metadata, "annotations"));
	if (entity->owner) {
		entity->team = team_of(entity->owner);
		entity->owned_by_a_person = !entity->team;
	}
	return true;
}

/* Where the next document's marker stands, or the end: "---" at the start of a line is nothing
 * else in YAML. */
static const char *next_marker(const char *from, const char *end)
{
	for (const char *at = from; at < end; at++) {
		if (at != from && at[-1] == '\n' && end - at >= 3 &&
			strncmp(at, "---", 3) == 0 &&
			(end - at == 3 || strchr(" \t\r\n", at[3])))
			return at;
	}
	return end;
}

bool backstage_read(struct backstage *backstage, const char *path, const char *bytes, size_t n,
	struct error *err)
{
	/* Each document is read after as many empty lines as are before it, so places stay
	 * true. */
	char *text = arena_memdup(backstage->arena, bytes, n);
	const char *end = text + n;
	const char *kept_path = arena_strdup(backstage->arena, path);
	size_t n_lines = 0;

	for (char *at = text; at < end;) {
		char *next = text + (next_marker(at, end) - text);
		char *from = memset(at - n_lines, '\n', n_lines);
		const struct tree *root = tree_read(
			backstage->arena, kept_path, from, (size_t)(next - from), err);

		if (!root || !take_entity(backstage, kept_path, root, err))
			return false;
		for (; at < next; at++)
			n_lines += *at == '\n';
	}
	return true;
}
