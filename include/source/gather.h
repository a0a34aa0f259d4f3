/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_GATHER_H
#define DORAD_SOURCE_GATHER_H

#include "base/cleanup.h"
#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * From what a system's API answers to deliveries as its webhooks would have sent them: one
 * object after another goes in, whole deliveries (source.h, IMPORT_HEADER) come out. Objects
 * are known by their own fields and addresses. What an object does not say itself is taken
 * from what came before it (its repository, a status's deployment) or from the options. Pure:
 * the same objects give the same deliveries.
 */
struct gather;

struct gather_options {
	const char *system;         /* "github": a source's name */
	const char *host;           /* where an object does not tell; NULL */
	const char *repository;     /* "acme/checkout", a project's path; NULL */
	const char *repository_id;  /* NULL */
	const char *default_branch; /* NULL */

	/* A time as the system shows it to people, in their zone. NULL: nobody knows. */
	bool (*to_utc)(void *context, const char *shown, int64_t *out_us);
	/* One delivery is whole. The bytes hold during the call. False: stop. */
	bool (*deliver)(void *context, const char *body, size_t n);
	void *context;
};

/* NULL: err says why: no importer for that system, or an option it needs. */
struct gather *gather_create(const struct gather_options *options, struct error *err);
void gather_destroy(struct gather *gather); /* NULL is fine */
DEFINE_CLEANUP(struct gather *, gather_destroy);

/* The systems, in alphabetical order; NULL at the end. */
const char *gather_system_at(size_t i);
/* The fields in which its pages hold their objects, ended by NULL. */
const char *const *gather_pages(const struct gather *gather);

/* One object of the API, JSON. place: for the words, where it came from ("a.json:17"). False:
 * deliver() said stop. */
bool gather_take(struct gather *gather, const char *bytes, size_t n, const char *place);

/* The last of them: what was held back goes out. */
bool gather_end(struct gather *gather);

/* So many objects were taken. */
size_t gather_n_objects(const struct gather *gather);

/* A commit of the default branch as git tells it. The texts are copied. */
struct gather_commit {
	const char *sha;
	const char *const *parents; /* the first is the branch before; ended by NULL */
	int64_t committed_us;
	const char *const *files; /* paths; ended by NULL; NULL: not known */
};
bool gather_git_commit(struct gather *gather, const struct gather_commit *commit);

/* A tag of a clone. environment NULL: it is a release; else a deployment to it. */
struct gather_tag {
	const char *name;
	const char *sha; /* of the commit */
	int64_t committed_us;
	int64_t tagged_us;
	const char *environment;
};
bool gather_git_tag(struct gather *gather, const struct gather_tag *tag);

/*
 * Cuts a stream of JSON documents into objects: one after another, in lists, or in pages (an
 * object with a list in one of those fields). Feed it pieces of any size.
 */
struct documents;
typedef bool documents_take(void *context, const char *bytes, size_t n, size_t line);
struct documents *documents_create(
	const char *const *pages, documents_take *take, void *context);
void documents_destroy(struct documents *documents); /* NULL is fine */
DEFINE_CLEANUP(struct documents *, documents_destroy);

/* False: it is no JSON (err has the words, with the line), or take() returned false (none). */
bool documents_feed(
	struct documents *documents, const char *bytes, size_t n, struct error *err);
bool documents_end(struct documents *documents, struct error *err);

#endif
