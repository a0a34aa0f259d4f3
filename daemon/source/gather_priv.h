/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_GATHER_PRIV_H
#define DORAD_SOURCE_GATHER_PRIV_H

#include "lineage.h"
#include "observe.h"
#include "source/gather.h"

/* What gather.c and the files of the systems share. */

/* An object on its way. */
struct gather_object {
	struct reader reader;
	struct arena *arena;
};

/* A kind of object: how it is known, and what becomes of it. The first that fits is meant. */
struct gather_kind {
	const char *name;
	bool (*is)(const struct reader *object);
	void (*take)(struct gather *gather, const struct gather_object *object);
};

/* A system: a line of the table in gather.c. */
struct gather_system {
	const char *name;
	const char *const *pages;
	const struct wanted *wanted;
	const struct gather_kind *kinds; /* ended by {0} */
	/* What a push of these commits, the oldest first, says; NULL: it has no commits. */
	void (*push)(struct gather *gather, const struct lineage_push *push);
	/* A clone's tag; NULL: as push. */
	void (*tag)(struct gather *gather, json_t *repository, const struct gather_tag *tag);
};

extern const struct gather_system gather_github;
extern const struct gather_system gather_gitlab;
extern const struct gather_system gather_jira;
extern const struct gather_system gather_pagerduty;
extern const struct gather_system gather_servicenow;

struct gather {
	const struct gather_system *system;
	struct gather_options options; /* its texts are owned */
	struct arena *arena;           /* of them */

	json_t *repositories; /* by "host/name" and by "host#id": what webhooks say of them */
	json_t *current;      /* the repository that came last; NULL: none */
	json_t *known;        /* what later objects name, by "kind/id": packed JSON texts */

	struct lineage *lineage; /* commits of one repository, held back */
	json_t *lineage_of;      /* that repository */

	char *bytes; /* the delivery at hand */
	size_t n;
	size_t room;
	size_t n_lines;
	size_t n_objects;
	const char *place; /* of the object at hand */
	bool stopped;
};

/* -- what goes out ----------------------------------------------------------------------- */

/* One body as the webhook would have sent it; takes over the reference. at_us: when, where the
 * body does not tell; 0: it does. headers: JSON object, or NULL. */
struct gather_line {
	const char *kind; /* NULL: the body names it */
	int64_t at_us;
	json_t *headers;
	json_t *body;
};
void gather_put(struct gather *gather, struct gather_line line);

/* Not understood: kept as a line that will be bad, with the words. */
void gather_refuse(struct gather *gather, const struct gather_object *object, const char *fmt,
	...) __attribute__((format(printf, 3, 4)));

/* -- what is known ----------------------------------------------------------------------- */

/* A packed copy under a name made of kind and id. */
void gather_know(struct gather *gather, const char *kind, const char *id, const json_t *value);
/* A new reference, to be given back; NULL: not known. */
json_t *gather_known(const struct gather *gather, const char *kind, const char *id);

/* Repositories and projects: kept under each of its names. */
void gather_know_repository(
	struct gather *gather, const char *host, const char *name, json_t *repository);
/* NULL: not known. Borrowed. */
json_t *gather_repository(const struct gather *gather, const char *host, const char *name);

/* -- help -------------------------------------------------------------------------------- */

/* Holds a commit of that repository back; entry: as a push has it, its reference taken over. */
void gather_commit_of(struct gather *gather, json_t *repository,
	const struct lineage_commit *commit, json_t *entry);

/* A shallow copy of the members that are there, by these names; ended by NULL. */
json_t *gather_pick(const struct reader *object, const char *const *names);
/* Sets a member where there is one in the object under another name. */
void gather_copy(json_t *to, const char *name, const struct reader *from, const char *path);
/* The time as a text of whole seconds, or with its microseconds; json null for 0. */
json_t *gather_time(int64_t at_us);

#endif
