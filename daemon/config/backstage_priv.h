/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_CONFIG_BACKSTAGE_PRIV_H
#define DORAD_CONFIG_BACKSTAGE_PRIV_H

#include "config/backstage.h"

#include <stdbool.h>

#define BACKSTAGE_MAX_SOURCES 8 /* annotations that are known */

enum backstage_kind {
	BACKSTAGE_COMPONENT,
	BACKSTAGE_SYSTEM,
	BACKSTAGE_GROUP,
	BACKSTAGE_OTHER,
};

struct backstage_source {
	const char *key; /* in our catalogue */
	const char *value;
	const char *component; /* of Jira; NULL */
};

/* NULL where the entity does not say. */
struct backstage_entity {
	enum backstage_kind kind;
	const char *path;
	int line;
	const char *name;
	const char *title;
	const char *owner;
	const char *team; /* of the owner, if that is a group */
	bool owned_by_a_person;
	bool of_a_template; /* what is to become an entity: its name is a question yet */
	const char *system; /* a Component's */
	const char *phase;
	const char *kubernetes_id;
	struct backstage_source sources[BACKSTAGE_MAX_SOURCES];
	size_t n_sources;
	const char *alias; /* settled: kubernetes_id where that is another, free name */
	bool repeated;     /* settled: an entity of this name came before */
};

struct backstage {
	struct arena *arena;
	struct backstage_entity *entities;
	size_t n;
	size_t room;
};

#endif
