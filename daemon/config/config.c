/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include "base/xalloc.h"
#include "config/secret.h"
#include "fields_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE_BYTES (4 << 20)

static const struct option *find(enum option_place place, const char *name)
{
	const struct option *option;

	for (size_t i = 0; (option = option_at(i)); i++) {
		if (option->place == place && strcmp(option->name, name) == 0)
			return option;
	}
	return NULL;
}

static bool is_section(const char *name)
{
	const struct option *option;
	size_t n = strlen(name);

	for (size_t i = 0; (option = option_at(i)); i++) {
		if (option->place == OPTION_OF_FILE && strncmp(option->name, name, n) == 0 &&
			option->name[n] == '.')
			return true;
	}
	return false;
}

static bool is_endpoint_name(const char *name)
{
	size_t n = strspn(
		name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return n > 0 && n <= 64 && name[n] == '\0';
}

static bool take_endpoint(struct loading *loading, struct config *config,
	const struct tree *key, const struct tree *map)
{
	if (!is_endpoint_name(key->text))
		return tree_complain(loading->err, loading->path, key,
			"receive.endpoints: found \"%s\", want a name of letters, digits and "
			"-_. "
			"(it stands in the address)",
			key->text);
	if (map->kind != TREE_MAP)
		return tree_complain(loading->err, loading->path, map,
			"receive.endpoints.%s: want a map like {source: github, secrets: "
			"[FILE]}",
			key->text);

	struct config_endpoint *endpoint =
		&config->receive.endpoints[config->receive.n_endpoints++];
	endpoint->name = xstrdup(key->text);
	endpoint->line = key->line;
	endpoint->column = key->column;
	for (size_t i = 0; i < map->n; i++) {
		const struct option *option = find(OPTION_OF_ENDPOINT, map->keys[i]->text);

		if (!option)
			return tree_complain(loading->err, loading->path, map->keys[i],
				"receive.endpoints.%s: no option %s; see dorad.yaml(5)",
				key->text, map->keys[i]->text);
		if (!fields_take(loading, endpoint, option, map->items[i]))
			return false;
	}
	if (!endpoint->source)
		return tree_complain(loading->err, loading->path, map,
			"receive.endpoints.%s: source is missing; want the sender's name, like "
			"github",
			key->text);
	return true;
}

static bool take_endpoints(
	struct loading *loading, struct config *config, const struct tree *map)
{
	if (map->kind != TREE_MAP)
		return tree_complain(loading->err, loading->path, map,
			"receive.endpoints: want a map of names like {github: {source: github, "
			"...}}");
	config->receive.endpoints = xcalloc(map->n, sizeof(struct config_endpoint));
	for (size_t i = 0; i < map->n; i++) {
		if (!take_endpoint(loading, config, map->keys[i], map->items[i]))
			return false;
	}
	return true;
}

/* A map of the file whose keys stand under prefix ("receive.tls" or ""). */
static bool take_map(struct loading *loading, struct config *config, const char *prefix,
	const struct tree *map) // NOLINT(misc-no-recursion): three deep at most
{
	for (size_t i = 0; i < map->n; i++) {
		const struct tree *key = map->keys[i];
		char name[128];

		(void)snprintf(
			name, sizeof(name), "%s%s%s", prefix, *prefix ? "." : "", key->text);
		const struct option *option = find(OPTION_OF_FILE, name);
		bool ok;
		if (option)
			ok = fields_take(loading, config, option, map->items[i]);
		else if (strcmp(name, "receive.endpoints") == 0)
			ok = take_endpoints(loading, config, map->items[i]);
		else if (!is_section(name))
			ok = tree_complain(loading->err, loading->path, key,
				"no option %s; see dorad.yaml(5)", name);
		else if (map->items[i]->kind != TREE_MAP)
			ok = tree_complain(loading->err, loading->path, map->items[i],
				"%s: want a map of options", name);
		else
			ok = take_map(loading, config, name, map->items[i]);
		if (!ok)
			return false;
	}
	return true;
}

static bool check_whole(struct loading *loading, const struct config *config)
{
	if (!config->redis) {
		error_setf(loading->err,
			"%s: redis is missing; want where Redis is, like "
			"unix:///run/redis/redis.sock",
			loading->path);
		return false;
	}
	if (!config->receive.tls_certificate != !config->receive.tls_key) {
		error_setf(loading->err,
			"%s: receive.tls: certificate and key go together; %s is missing",
			loading->path, config->receive.tls_key ? "certificate" : "key");
		return false;
	}
	if (config->receive.proxy_protocol && !config->receive.trusted_proxies.n) {
		error_setf(loading->err,
			"%s: receive.proxy_protocol: want receive.trusted_proxies to say whose "
			"word counts",
			loading->path);
		return false;
	}
	return true;
}

struct config *config_parse(const char *path, const char *bytes, size_t n, struct error *err)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	CLEANUP(config_destroyp) struct config *config = xcalloc(1, sizeof(*config));
	struct loading loading = {.path = path, .err = err};

	struct tree *root = tree_read(arena, path, bytes, n, err);
	if (!root)
		return NULL;
	if (root->kind != TREE_MAP) {
		(void)tree_complain(
			err, path, root, "want a map of options, like redis: unix:///...");
		return NULL;
	}

	config->path = xstrdup(path);
	fields_set_defaults(config, OPTION_OF_FILE, true);
	if (!take_map(&loading, config, "", root))
		return NULL;
	fields_set_defaults(config, OPTION_OF_FILE, false);
	if (!config->migrate.postgres && config->rollup.postgres)
		config->migrate.postgres = xstrdup(config->rollup.postgres);
	if (!check_whole(&loading, config))
		return NULL;

	struct config *done = config;
	config = NULL;
	return done;
}

/* An endpoint's secrets are found when they are read; of these only the name is handed on. */
static void find_secrets(struct config *config)
{
	char **const names[] = {
		&config->redis_password, &config->receive.tls_key, &config->portal.token};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char *path = *names[i] ? config_secret_path(config, *names[i]) : NULL;

		free(*names[i]);
		*names[i] = path;
	}
}

struct config *config_load(const char *path, struct error *err)
{
	FILE *file = fopen(path, "re");
	char *bytes = file ? xmalloc(MAX_FILE_BYTES + 1) : NULL;
	struct config *config = NULL;

	if (!file) {
		error_setf(err, "%s: %s; want the configuration (-c FILE or $DORAD_CONFIG)",
			path,
			strerror(errno)); // NOLINT(concurrency-mt-unsafe): glibc's is, for
					  // known errors
		return NULL;
	}
	size_t n = fread(bytes, 1, MAX_FILE_BYTES + 1, file);
	if (ferror(file))
		error_setf(err, "%s: cannot be read: %s", path,
			strerror(errno)); // NOLINT(concurrency-mt-unsafe)
	else if (n > MAX_FILE_BYTES)
		error_setf(err, "%s: larger than %d bytes; want a configuration", path,
			MAX_FILE_BYTES);
	else
		config = config_parse(path, bytes, n, err);
	(void)fclose(file);
	free(bytes);
	if (config)
		find_secrets(config);
	return config;
}

static bool is_of(const struct option *option, const char *section)
{
	size_t n = strlen(section);

	return !strchr(option->name, '.') ||
		(strncmp(option->name, section, n) == 0 && option->name[n] == '.');
}

char *config_carry(struct config *fresh, const struct config *running, const char *section)
{
	const struct option *option;
	char *names = NULL;

	for (size_t i = 0; (option = option_at(i)); i++) {
		if (option->place != OPTION_OF_FILE || option->reloadable ||
			fields_same(fresh, running, option))
			continue;
		fields_copy(fresh, running, option);
		if (!is_of(option, section))
			continue;
		char *longer = xasprintf(
			"%s%s%s", names ? names : "", names ? ", " : "", option->name);
		free(names);
		names = longer;
	}
	return names;
}

void config_destroy(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->receive.n_endpoints; i++) {
		fields_clear(&config->receive.endpoints[i], OPTION_OF_ENDPOINT);
		free(config->receive.endpoints[i].name);
	}
	free(config->receive.endpoints);
	fields_clear(config, OPTION_OF_FILE);
	free(config->path);
	free(config);
}
