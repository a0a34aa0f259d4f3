/* SPDX-License-Identifier: Apache-2.0 */
#include "gather_priv.h"

#include "base/timestamp.h"
#include "base/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * A delivery ends at a line whose hash says so, so that the same objects make the same
 * deliveries wherever in the stream they begin: what was kept is known again when there is more
 * before it. About 150 lines of some 500 bytes.
 */
#define LEAST_BYTES ((size_t)16 << 10)
#define MOST_BYTES ((size_t)256 << 10)
#define ENDS_ONE_IN 64

#define HELD_BACK 200000 /* commits, before they go out without those still to come */

/* In alphabetical order. */
static const struct gather_system *const systems[] = {
	&gather_github,
	&gather_gitlab,
	&gather_jira,
	&gather_pagerduty,
	&gather_servicenow,
};

const char *gather_system_at(size_t i)
{
	return i < ARRAY_LEN(systems) ? systems[i]->name : NULL;
}

const char *const *gather_pages(const struct gather *gather)
{
	return gather->system->pages;
}

size_t gather_n_objects(const struct gather *gather)
{
	return gather->n_objects;
}

static const struct gather_system *find_system(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(systems); i++) {
		if (strcmp(systems[i]->name, name) == 0)
			return systems[i];
	}
	return NULL;
}

static const char *keep(struct arena *arena, const char *text)
{
	return text && *text ? arena_strdup(arena, text) : NULL;
}

/* The repository that the options name, as an object of the API would. */
static void know_given(struct gather *gather)
{
	const struct gather_options *options = &gather->options;
	bool gitlab = strcmp(gather->system->name, "gitlab") == 0;
	const char *host = options->host;
	json_t *repository;

	if (!options->repository && !options->repository_id)
		return;
	if (!host)
		host = gitlab ? "gitlab.com" : "github.com";
	json_auto_t *page = json_sprintf(
		"https://%s/%s", host, options->repository ? options->repository : "");
	repository = json_pack("{s:s*, s:s*, s:O*, s:s*}", "id", options->repository_id,
		gitlab ? "path_with_namespace" : "full_name", options->repository,
		gitlab ? "web_url" : "html_url", options->repository ? page : NULL,
		"default_branch", options->default_branch);
	gather_know_repository(gather, host,
		options->repository ? options->repository : options->repository_id, repository);
	json_decref(repository);
}

struct gather *gather_create(const struct gather_options *options, struct error *err)
{
	const struct gather_system *system = find_system(options->system);

	if (!system) {
		error_setf(err, "there is no history of %s to import", options->system);
		return NULL;
	}
	struct gather *gather = xcalloc(1, sizeof(*gather));
	struct gather_options *own = &gather->options;

	gather->system = system;
	gather->arena = arena_create();
	*own = *options;
	own->system = system->name;
	own->host = keep(gather->arena, options->host);
	own->repository = keep(gather->arena, options->repository);
	own->repository_id = keep(gather->arena, options->repository_id);
	own->default_branch = keep(gather->arena, options->default_branch);
	gather->repositories = json_object();
	gather->known = json_object();
	gather->lineage = lineage_create();
	know_given(gather);
	return gather;
}

void gather_destroy(struct gather *gather)
{
	if (!gather)
		return;
	lineage_destroy(gather->lineage);
	json_decref(gather->lineage_of);
	json_decref(gather->current);
	json_decref(gather->repositories);
	json_decref(gather->known);
	arena_destroy(gather->arena);
	free(gather->bytes);
	free(gather);
}

/* -- what goes out ----------------------------------------------------------------------- */

static int append(const char *bytes, size_t n, void *context)
{
	struct gather *gather = context;

	if (gather->n + n > gather->room) {
		gather->room = 2 * (gather->n + n);
		gather->bytes = xrealloc(gather->bytes, gather->room);
	}
	memcpy(gather->bytes + gather->n, bytes, n);
	gather->n += n;
	return 0;
}

static void deliver(struct gather *gather)
{
	if (gather->n && !gather->stopped)
		gather->stopped = !gather->options.deliver(
			gather->options.context, gather->bytes, gather->n);
	gather->n = gather->n_lines = 0;
}

/* FNV-1a: any function of the bytes will do. */
static uint64_t hash(const char *bytes, size_t n)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

static void put_line(struct gather *gather, json_t *line)
{
	size_t began = gather->n;

	(void)json_dump_callback(line, append, gather, JSON_COMPACT);
	(void)append("\n", 1, gather);
	gather->n_lines++;
	json_decref(line);
	bool ends = gather->n >= LEAST_BYTES &&
		(hash(gather->bytes + began, gather->n - began) >> 32) % ENDS_ONE_IN == 0;
	if (ends || gather->n >= MOST_BYTES)
		deliver(gather);
}

void gather_put(struct gather *gather, struct gather_line line)
{
	json_t *whole = json_object();

	if (line.kind)
		(void)json_object_set_new(whole, "kind", json_string(line.kind));
	if (line.at_us)
		(void)json_object_set_new(whole, "at", gather_time(line.at_us));
	if (line.headers)
		(void)json_object_set_new(whole, "headers", line.headers);
	(void)json_object_set_new(whole, "body", line.body);
	put_line(gather, whole);
}

void gather_refuse(
	struct gather *gather, const struct gather_object *object, const char *fmt, ...)
{
	char words[400];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	json_t *why = json_sprintf("%s (%s)", words, gather->place);
	json_t *kept = json_incref((json_t *)(uintptr_t)object->reader.value);
	put_line(gather,
		json_pack("{s:o, s:o}", "refused", why ? why : json_string("not UTF-8"),
			"object", kept));
}

/* -- what is known ----------------------------------------------------------------------- */

void gather_know(struct gather *gather, const char *kind, const char *id, const json_t *value)
{
	char *name = xasprintf("%s/%s", kind, id);
	char *text = json_dumps(value, JSON_COMPACT);

	(void)json_object_set_new(gather->known, name, json_string(text));
	free(text);
	free(name);
}

json_t *gather_known(const struct gather *gather, const char *kind, const char *id)
{
	char *name = xasprintf("%s/%s", kind, id);
	const char *text = json_string_value(json_object_get(gather->known, name));

	free(name);
	return text ? json_loads(text, 0, NULL) : NULL;
}

/* Names are compared as GitHub and GitLab compare them. */
static char *repository_key(const char *host, const char *name)
{
	char *key = xasprintf("%s/%s", host, name);

	for (char *at = key; *at; at++) {
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	}
	return key;
}

void gather_know_repository(
	struct gather *gather, const char *host, const char *name, json_t *repository)
{
	char *key = repository_key(host, name);

	(void)json_object_set(gather->repositories, key, repository);
	free(key);
	json_decref(gather->current);
	gather->current = json_incref(repository);
}

json_t *gather_repository(const struct gather *gather, const char *host, const char *name)
{
	char *key = repository_key(host, name);
	json_t *found = json_object_get(gather->repositories, key);

	free(key);
	return found;
}

/* -- help -------------------------------------------------------------------------------- */

static void put_push(void *context, const struct lineage_push *push)
{
	struct gather *gather = context;

	gather->system->push(gather, push);
}

/* Commits that were held back go out as pushes. */
static void flush(struct gather *gather)
{
	if (lineage_n(gather->lineage))
		lineage_each(gather->lineage, put_push, gather);
	json_decref(gather->lineage_of);
	gather->lineage_of = NULL;
}

void gather_commit_of(struct gather *gather, json_t *repository,
	const struct lineage_commit *commit, json_t *entry)
{
	if (gather->lineage_of &&
		(gather->lineage_of != repository || lineage_n(gather->lineage) >= HELD_BACK))
		flush(gather);
	if (!gather->lineage_of)
		gather->lineage_of = json_incref(repository);
	char *text = json_dumps(entry, JSON_COMPACT);
	lineage_add(gather->lineage, commit, text);
	free(text);
	json_decref(entry);
}

json_t *gather_pick(const struct reader *object, const char *const *names)
{
	json_t *picked = json_object();

	for (; *names; names++)
		gather_copy(picked, *names, object, *names);
	return picked;
}

void gather_copy(json_t *to, const char *name, const struct reader *from, const char *path)
{
	const json_t *value = reader_find(from, path);

	if (value)
		(void)json_object_set(to, name, (json_t *)(uintptr_t)value);
	else if (reader_is_null(from, path))
		(void)json_object_set_new(to, name, json_null());
}

json_t *gather_time(int64_t at_us)
{
	char text[TIMESTAMP_TEXT_MAX];

	if (at_us <= 0 || at_us >= TIMESTAMP_END_US)
		return json_null();
	timestamp_format(at_us, text);
	if (at_us % 1000000 == 0)
		(void)snprintf(text + 19, sizeof(text) - 19, "Z");
	return json_string(text);
}

/* -- what comes in ----------------------------------------------------------------------- */

static const struct gather_kind *kind_of(
	const struct gather_system *system, const struct reader *object)
{
	for (const struct gather_kind *kind = system->kinds; kind->name; kind++) {
		if (kind->is(object))
			return kind;
	}
	return NULL;
}

static void release_tree(void *tree)
{
	json_decref(tree);
}

/* What no kind fits is kept whole where it is small, for a person to look at. */
static void refuse_unknown(
	struct gather *gather, struct gather_object *object, const char *bytes, size_t n)
{
	char kinds[300] = "";
	json_t *whole = n <= LEAST_BYTES ? document_read(bytes, n, NULL, NULL) : NULL;

	for (const struct gather_kind *kind = gather->system->kinds; kind->name; kind++) {
		size_t at = strlen(kinds);

		(void)snprintf(
			kinds + at, sizeof(kinds) - at, "%s%s", at ? ", " : "", kind->name);
	}
	if (whole)
		object->reader.value = arena_own(object->arena, whole, release_tree);
	gather_refuse(gather, object, "an object of no known kind: want one of %s", kinds);
}

bool gather_take(struct gather *gather, const char *bytes, size_t n, const char *place)
{
	CLEANUP(arena_destroyp) struct arena *arena = arena_create();
	struct error err = {0};
	json_t *tree = document_read(bytes, n, gather->system->wanted, &err);
	struct error field = {0};
	struct gather_object object = {
		.reader = {.value = arena_own(arena, tree, release_tree),
			.place = "",
			.arena = arena,
			.err = &field},
		.arena = arena,
	};

	gather->n_objects++;
	gather->place = place;
	if (!tree) {
		object.reader.value =
			arena_own(arena, json_stringn_nocheck("", 0), release_tree);
		gather_refuse(gather, &object, "%s", err.text);
		return !gather->stopped;
	}
	const struct gather_kind *kind = kind_of(gather->system, &object.reader);
	if (!kind) {
		refuse_unknown(gather, &object, bytes, n);
		return !gather->stopped;
	}
	kind->take(gather, &object);
	if (field.text[0])
		gather_refuse(gather, &object, "%s: %s", kind->name, field.text);
	return !gather->stopped;
}

bool gather_end(struct gather *gather)
{
	flush(gather);
	deliver(gather);
	return !gather->stopped;
}
