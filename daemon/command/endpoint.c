/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint.h"

#include "base/xalloc.h"
#include "config/secret.h"
#include "http/server.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* DESIGN.md, http: no secret is a mistake unless it is said in so many words. */
static bool check_none(
	const struct config *config, const struct config_endpoint *given, struct error *err)
{
	if (given->secrets.n) {
		error_setf(err, "auth: none with secrets: want one or the other");
		return false;
	}
	for (size_t i = 0; i < config->receive.listen.n && !given->public_without_secret; i++) {
		if (!http_address_is_local(config->receive.listen.items[i])) {
			error_setf(err,
				"auth: none, and %s can be reached by others: anyone could "
				"write anything. Name a secret, listen on 127.0.0.1, or say "
				"public_without_secret: yes",
				config->receive.listen.items[i]);
			return false;
		}
	}
	return true;
}

static void wipe(char **secrets, size_t n)
{
	for (size_t i = 0; i < n && secrets[i]; i++) {
		OPENSSL_cleanse(secrets[i], strlen(secrets[i]));
		free(secrets[i]);
	}
	free(secrets);
}

static bool make_keys(struct endpoint *endpoint, const struct config *config,
	const struct config_endpoint *given, struct error *err)
{
	size_t n = given->secrets.n;
	char **secrets = xcalloc(n + 1, sizeof(*secrets));
	bool read = true;

	for (size_t i = 0; i < n && read; i++) {
		secrets[i] = config_secret_read(config, given->secrets.items[i], err);
		read = secrets[i] != NULL;
	}
	if (read)
		endpoint->keys = auth_keys_create(endpoint->source, endpoint->method,
			(const char *const *)secrets, n, given->public_url, err);
	wipe(secrets, n);
	return endpoint->keys != NULL;
}

/* NULL-terminated, as the source wants it; NULL for all. */
static const char *const *or_all(const struct config_strings *strings, struct arena *arena)
{
	if (!strings->n)
		return NULL;
	const char **list = arena_alloc(arena, (strings->n + 1) * sizeof(*list));
	for (size_t i = 0; i < strings->n; i++)
		list[i] = strings->items[i];
	return list;
}

struct source_options endpoint_options(const struct config_endpoint *given, struct arena *arena)
{
	return (struct source_options){
		.keep_titles = given->keep_titles,
		.rollout = given->rollout,
		.services = or_all(&given->services, arena),
		.kinds = or_all(&given->kinds, arena),
		.sources = or_all(&given->sources, arena),
	};
}

static bool init(struct endpoint *endpoint, const struct endpoint_set *set,
	const struct config_endpoint *given, struct error *err)
{
	const struct config *config = set->config;

	*endpoint = (struct endpoint){
		.name = given->name,
		.source = source_find(given->source),
		.keep_alive = given->keep_alive,
		.options = endpoint_options(given, set->arena),
	};
	if (!endpoint->source) {
		error_setf(
			err, "no source %s; dorad normalise --help lists them", given->source);
		return false;
	}
	endpoint->method = source_default_auth(endpoint->source);
	if (given->auth && !auth_method_from_name(given->auth, &endpoint->method)) {
		error_setf(err,
			"auth: %s is none of signature, bearer, token, basic, path, "
			"query, none",
			given->auth);
		return false;
	}
	if (endpoint->method == AUTH_NONE && !check_none(config, given, err))
		return false;
	if (endpoint->method != AUTH_NONE && !given->secrets.n) {
		error_setf(
			err, "no secret: want secrets: [FILE], or auth: none in so many words");
		return false;
	}
	return make_keys(endpoint, config, given, err);
}

struct endpoint_set *endpoint_set_create(struct config *config, struct error *err)
{
	struct endpoint_set *set = xcalloc(1, sizeof(*set));

	set->n_holders = 1;
	set->config = config;
	set->arena = arena_create();
	set->items = xcalloc(config->receive.n_endpoints + 1, sizeof(*set->items));
	for (size_t i = 0; i < config->receive.n_endpoints; i++) {
		const struct config_endpoint *given = &config->receive.endpoints[i];

		set->n = i + 1;
		if (!init(&set->items[i], set, given, err)) {
			error_prefixf(err, "%s:%d:%d: endpoint %s", config->path, given->line,
				given->column, given->name);
			endpoint_set_drop(set);
			return NULL;
		}
	}
	return set;
}

struct endpoint_set *endpoint_set_hold(struct endpoint_set *set)
{
	atomic_fetch_add(&set->n_holders, 1);
	return set;
}

void endpoint_set_drop(struct endpoint_set *set)
{
	if (!set || atomic_fetch_sub(&set->n_holders, 1) != 1)
		return;
	for (size_t i = 0; i < set->n; i++)
		auth_keys_destroy(set->items[i].keys);
	free(set->items);
	arena_destroy(set->arena);
	config_destroy(set->config);
	free(set);
}

const struct endpoint *endpoint_find(const struct endpoint_set *set, const char *name, size_t n)
{
	for (size_t i = 0; i < set->n; i++) {
		if (strlen(set->items[i].name) == n && memcmp(set->items[i].name, name, n) == 0)
			return &set->items[i];
	}
	return NULL;
}
