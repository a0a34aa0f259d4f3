/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include "base/xalloc.h"
#include "config/options.h"
#include "config/tree.h"
#include "config/values.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FILE_BYTES (4 << 20)

struct loading {
	const char *path;
	struct error *err;
};

/* ---- giving an option its value ---- */

static void strings_add(struct config_strings *strings, const char *text, size_t n)
{
	strings->items = xreallocarray(strings->items, strings->n + 1, sizeof(char *));
	strings->items[strings->n++] = xstrndup(text, n);
}

static void *field(void *object, const struct option *option)
{
	return (char *)object + option->offset;
}

static bool set_number(void *object, const struct option *option, const char *text)
{
	int64_t value = 0;
	bool ok = false;

	if (option->type == OPTION_INTEGER)
		ok = value_integer(text, &value);
	else if (option->type == OPTION_BYTES)
		ok = value_bytes(text, &value);
	else if (option->type == OPTION_DURATION)
		ok = value_duration_us(text, &value);
	if (!ok || value < option->min || value > option->max)
		return false;
	memcpy(field(object, option), &value, sizeof(value));
	return true;
}

static bool set_text(void *object, const struct option *option, const char *text)
{
	char *copy;

	if (!*text)
		return false;
	for (size_t i = 0; option->choices; i++) {
		if (!option->choices[i])
			return false;
		if (strcmp(option->choices[i], text) == 0)
			break;
	}
	copy = xstrdup(text);
	memcpy(field(object, option), &copy, sizeof(copy));
	return true;
}

/* False: text is not what the option takes. */
static bool set(void *object, const struct option *option, const char *text)
{
	bool flag;

	switch (option->type) {
	case OPTION_STRING:
	case OPTION_FILE:
	case OPTION_CHOICE:
		return set_text(object, option, text);
	case OPTION_STRINGS:
		if (!*text)
			return false;
		strings_add(field(object, option), text, strlen(text));
		return true;
	case OPTION_INTEGER:
	case OPTION_BYTES:
	case OPTION_DURATION:
		return set_number(object, option, text);
	case OPTION_BOOL:
		if (!value_bool(text, &flag))
			return false;
		memcpy(field(object, option), &flag, sizeof(flag));
		return true;
	}
	__builtin_unreachable();
}

/* ---- saying what was wanted ---- */

static void describe_number(const struct option *option, char *out, size_t n)
{
	if (option->type == OPTION_INTEGER)
		(void)snprintf(out, n, "a whole number from %" PRId64 " to %" PRId64,
			option->min, option->max);
	else if (option->type == OPTION_BYTES)
		(void)snprintf(out, n,
			"a size like 25MiB, from %" PRId64 " to %" PRId64 " bytes", option->min,
			option->max);
	else
		(void)snprintf(out, n,
			"a duration like 30s, 15m, 4h or 7d, from %" PRId64 "s to %" PRId64 "s",
			option->min / 1000000, option->max / 1000000);
}

static void describe_choices(const struct option *option, char *out, size_t n)
{
	size_t used = (size_t)snprintf(out, n, "one of");

	for (size_t i = 0; option->choices[i] && used < n; i++)
		used += (size_t)snprintf(out + used, n - used, " %s", option->choices[i]);
}

static void describe(const struct option *option, char *out, size_t n)
{
	switch (option->type) {
	case OPTION_STRING:
		(void)snprintf(out, n, "a text");
		return;
	case OPTION_FILE:
		(void)snprintf(out, n, "a file's name");
		return;
	case OPTION_STRINGS:
		(void)snprintf(out, n, "a text, or a list of them");
		return;
	case OPTION_BOOL:
		(void)snprintf(out, n, "yes or no");
		return;
	case OPTION_CHOICE:
		describe_choices(option, out, n);
		return;
	case OPTION_INTEGER:
	case OPTION_BYTES:
	case OPTION_DURATION:
		describe_number(option, out, n);
		return;
	}
	__builtin_unreachable();
}

static bool refuse(
	struct loading *loading, const struct tree *node, const struct option *option)
{
	char wanted[200];

	describe(option, wanted, sizeof(wanted));
	if (node->kind != TREE_SCALAR)
		return tree_complain(loading->err, loading->path, node,
			"%s: found a %s, want %s", option->name,
			node->kind == TREE_LIST ? "list" : "map", wanted);
	return tree_complain(loading->err, loading->path, node, "%s: found \"%s\", want %s",
		option->name, node->text, wanted);
}

static bool take(struct loading *loading, void *object, const struct option *option,
	const struct tree *node)
{
	if (option->type == OPTION_STRINGS && node->kind == TREE_LIST) {
		for (size_t i = 0; i < node->n; i++) {
			if (node->items[i]->kind != TREE_SCALAR ||
				!set(object, option, node->items[i]->text))
				return refuse(loading, node->items[i], option);
		}
		return true;
	}
	if (node->kind != TREE_SCALAR || tree_is_null(node) || !set(object, option, node->text))
		return refuse(loading, node, option);
	return true;
}

/* ---- the file ---- */

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
	for (size_t i = 0; i < map->n; i++) {
		const struct option *option = find(OPTION_OF_ENDPOINT, map->keys[i]->text);

		if (!option)
			return tree_complain(loading->err, loading->path, map->keys[i],
				"receive.endpoints.%s: no option %s; see dorad.yaml(5)",
				key->text, map->keys[i]->text);
		if (!take(loading, endpoint, option, map->items[i]))
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
			ok = take(loading, config, option, map->items[i]);
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

static bool is_unset(void *object, const struct option *option)
{
	static const struct config_strings none;

	if (option->type == OPTION_STRINGS)
		return memcmp(field(object, option), &none, sizeof(none)) == 0;
	return *(char **)field(object, option) == NULL;
}

/* Numbers and flags have their defaults before the file is read, texts and lists after. */
static void set_defaults(void *object, enum option_place place, bool before)
{
	const struct option *option;

	for (size_t i = 0; (option = option_at(i)); i++) {
		bool number = option->type == OPTION_INTEGER || option->type == OPTION_BYTES ||
			option->type == OPTION_DURATION || option->type == OPTION_BOOL;

		if (option->place != place || !option->initial || number != before)
			continue;
		if (number || is_unset(object, option))
			(void)set(object, option, option->initial);
	}
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
	set_defaults(config, OPTION_OF_FILE, true);
	if (!take_map(&loading, config, "", root))
		return NULL;
	set_defaults(config, OPTION_OF_FILE, false);
	if (!config->migrate.postgres && config->rollup.postgres)
		config->migrate.postgres = xstrdup(config->rollup.postgres);
	if (!check_whole(&loading, config))
		return NULL;

	struct config *done = config;
	config = NULL;
	return done;
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
	return config;
}

/* ---- the end ---- */

static void clear(void *object, enum option_place place)
{
	const struct option *option;

	for (size_t i = 0; (option = option_at(i)); i++) {
		if (option->place != place)
			continue;
		if (option->type == OPTION_STRINGS) {
			struct config_strings *strings = field(object, option);

			for (size_t k = 0; k < strings->n; k++)
				free(strings->items[k]);
			free(strings->items);
		} else if (option->type == OPTION_STRING || option->type == OPTION_FILE ||
			option->type == OPTION_CHOICE) {
			free(*(char **)field(object, option));
		}
	}
}

void config_destroy(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->receive.n_endpoints; i++) {
		clear(&config->receive.endpoints[i], OPTION_OF_ENDPOINT);
		free(config->receive.endpoints[i].name);
	}
	free(config->receive.endpoints);
	clear(config, OPTION_OF_FILE);
	free(config->path);
	free(config);
}
