/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_TESTS_GATHERED_H
#define DORAD_TESTS_GATHERED_H

/*
 * What a system's objects are told as: of each line of the deliveries the values at some paths.
 *
 *   CHECK_STR(told((struct gather_options){.system = "github"}, "kind body.issue.id",
 *             "{...}{...}"), "issues 33;");
 *
 * A line that was refused is its words. Where a path leads nowhere stands a dash. Single quotes
 * in the objects are double ones.
 */
#include "source/gather.h"

#include "tap.h"

#include <jansson.h>
#include <stdlib.h>

static char gathered_text[16384];

static void gathered_add(const char *word, const char *end)
{
	size_t at = strlen(gathered_text);

	(void)snprintf(gathered_text + at, sizeof(gathered_text) - at, "%s%s", word, end);
}

/* "body.parts.0.id" */
static const json_t *gathered_find(const json_t *value, const char *path)
{
	while (*path && value) {
		size_t n = strcspn(path, ".");

		value = json_is_array(value) ? json_array_get(value, strtoul(path, NULL, 10))
					     : json_object_getn(value, path, n);
		path += n + (path[n] == '.');
	}
	return value;
}

static void gathered_show(const json_t *line, const char *paths)
{
	char copy[512];
	char *rest = NULL;
	const char *refused = json_string_value(json_object_get(line, "refused"));

	if (refused) {
		gathered_add(refused, ";");
		return;
	}
	(void)snprintf(copy, sizeof(copy), "%s", paths);
	for (char *path = strtok_r(copy, " ", &rest); path; path = strtok_r(NULL, " ", &rest)) {
		const json_t *value = gathered_find(line, path);
		char *text = value && !json_is_string(value)
			? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT)
			: NULL;

		gathered_add(text       ? text
				: value ? json_string_value(value)
					: "-",
			*rest ? " " : ";");
		free(text);
	}
}

struct gathered {
	struct gather *gather;
	const char *paths;
	size_t n_deliveries;
	bool stop; /* at the first */
};

static bool gathered_deliver(void *context, const char *body, size_t n)
{
	struct gathered *gathered = context;

	gathered->n_deliveries++;
	for (const char *at = body; at < body + n;) {
		const char *stop = memchr(at, '\n', (size_t)(body + n - at));
		json_t *line = json_loadb(at, (size_t)(stop - at), 0, NULL);

		gathered_show(line, gathered->paths);
		json_decref(line);
		at = stop + 1;
	}
	return !gathered->stop;
}

static bool gathered_take(void *context, const char *bytes, size_t n, size_t line)
{
	struct gathered *gathered = context;

	(void)line;
	return gather_take(gathered->gather, bytes, n, "x:1");
}

static struct gathered gathered_begin(struct gather_options options, const char *paths)
{
	struct gathered gathered = {.paths = paths};

	options.deliver = gathered_deliver;
	gathered.gather = gather_create(&options, NULL);
	gathered_text[0] = '\0';
	return gathered;
}

/* The deliver() of a gatherer has its context from before it was made. */
#define GATHERED(name, options, paths)                       \
	struct gathered name = {0};                          \
	do {                                                 \
		struct gather_options own_options = options; \
		own_options.context = &name;                 \
		name = gathered_begin(own_options, paths);   \
	} while (0)

static const char *gathered_end(struct gathered *gathered)
{
	(void)gather_end(gathered->gather);
	gather_destroy(gathered->gather);
	return gathered_text;
}

__attribute__((unused)) static const char *told(
	struct gather_options options, const char *paths, const char *objects)
{
	GATHERED(gathered, options, paths);
	char *text = strdup(objects);
	struct error err = {0};

	for (char *at = text; *at; at++)
		*at = (char)(*at == '\'' ? '"' : *at);
	struct documents *documents =
		documents_create(gather_pages(gathered.gather), gathered_take, &gathered);
	CHECK(documents_feed(documents, text, strlen(text), &err));
	CHECK(documents_end(documents, &err));
	CHECK_STR(err.text, "");
	documents_destroy(documents);
	free(text);
	return gathered_end(&gathered);
}

#endif
