/* SPDX-License-Identifier: Apache-2.0 */
#include "lineage.h"

#include "base/xalloc.h"

#include <stdlib.h>
#include <string.h>

#define NOWHERE SIZE_MAX

/* Clocks differ, and a series of commits has one second: what follows on the line landed later
 * all the same. A clock that is wrong by more than this drags nobody along. */
#define SKEW_US (INT64_C(86400) * 1000000)

struct node {
	char *sha; /* owned, with the entry behind it */
	const char *entry;
	char *first_parent; /* owned: it may be outside of what is known; NULL: none */
	size_t *parents;    /* places of those that are known, in order; filled by link_up() */
	char **parent_shas; /* owned until then */
	size_t n_parents;
	int64_t committed_us;
	int64_t landed_us; /* of one on the line, once it is told */
	bool is_parent;    /* of another one */
	bool is_line;      /* on the branch's own line */
	bool is_told;
};

struct lineage {
	struct node *nodes;
	size_t n;
	size_t room;
	json_t *places; /* by sha */
};

struct lineage *lineage_create(void)
{
	struct lineage *lineage = xcalloc(1, sizeof(*lineage));

	lineage->places = json_object();
	return lineage;
}

static void clear(struct lineage *lineage)
{
	for (size_t i = 0; i < lineage->n; i++) {
		struct node *node = &lineage->nodes[i];

		for (size_t p = 0; node->parent_shas && p < node->n_parents; p++)
			free(node->parent_shas[p]);
		free(node->parent_shas);
		free(node->parents);
		free(node->first_parent);
		free(node->sha);
	}
	lineage->n = 0;
	(void)json_object_clear(lineage->places);
}

void lineage_destroy(struct lineage *lineage)
{
	if (!lineage)
		return;
	clear(lineage);
	free(lineage->nodes);
	json_decref(lineage->places);
	free(lineage);
}

size_t lineage_n(const struct lineage *lineage)
{
	return lineage->n;
}

static char **copy_shas(const char *const *shas, size_t *out_n)
{
	size_t n = 0;

	while (shas[n])
		n++;
	char **copy = xcalloc(n + 1, sizeof(*copy));
	for (size_t i = 0; i < n; i++)
		copy[i] = xstrdup(shas[i]);
	*out_n = n;
	return copy;
}

void lineage_add(
	struct lineage *lineage, const struct lineage_commit *commit, const char *entry)
{
	if (json_object_get(lineage->places, commit->sha))
		return;
	if (lineage->n == lineage->room) {
		lineage->room = lineage->room ? 2 * lineage->room : 64;
		lineage->nodes =
			xreallocarray(lineage->nodes, lineage->room, sizeof(*lineage->nodes));
	}
	struct node *node = &lineage->nodes[lineage->n];
	*node = (struct node){
		.sha = xasprintf("%s%c%s", commit->sha, '\0', entry),
		.committed_us = commit->committed_us,
	};
	node->entry = node->sha + strlen(commit->sha) + 1;
	node->parent_shas = copy_shas(commit->parents, &node->n_parents);
	if (node->n_parents)
		node->first_parent = xstrdup(node->parent_shas[0]);
	(void)json_object_set_new(
		lineage->places, commit->sha, json_integer((json_int_t)lineage->n++));
}

static size_t place_of(const struct lineage *lineage, const char *sha)
{
	const json_t *place = json_object_get(lineage->places, sha);

	return place ? (size_t)json_integer_value(place) : NOWHERE;
}

/* Parents by their places; those that are not known stay NOWHERE. */
static void link_up(struct lineage *lineage)
{
	for (size_t i = 0; i < lineage->n; i++) {
		struct node *node = &lineage->nodes[i];

		node->parents = xcalloc(node->n_parents + 1, sizeof(*node->parents));
		for (size_t p = 0; p < node->n_parents; p++) {
			node->parents[p] = place_of(lineage, node->parent_shas[p]);
			if (node->parents[p] != NOWHERE)
				lineage->nodes[node->parents[p]].is_parent = true;
			free(node->parent_shas[p]);
		}
		free(node->parent_shas);
		node->parent_shas = NULL;
	}
}

/*
 * The branch's own line, newest first: from each tip along the first parents. Where history was
 * fetched in pieces with a gap between, there are several tips. Returns how many.
 */
static size_t find_line(struct lineage *lineage, size_t *line)
{
	size_t n = 0;

	for (size_t i = 0; i < lineage->n; i++) {
		size_t at = lineage->nodes[i].is_parent ? NOWHERE : i;

		while (at != NOWHERE && !lineage->nodes[at].is_line) {
			struct node *node = &lineage->nodes[at];

			node->is_line = true;
			line[n++] = at;
			at = node->n_parents ? node->parents[0] : NOWHERE;
		}
	}
	return n;
}

/* A walk into the parents, without recursion: history is deep. */
struct step {
	size_t node;
	size_t next; /* parent to look at */
};

struct walk {
	struct step *steps;
	size_t n;
	size_t *found; /* parents before children */
	size_t n_found;
};

static void enter(struct walk *walk, struct lineage *lineage, size_t place)
{
	if (place == NOWHERE || lineage->nodes[place].is_line || lineage->nodes[place].is_told)
		return;
	lineage->nodes[place].is_told = true;
	walk->steps[walk->n++] = (struct step){.node = place};
}

/* What this one brought, and then itself. */
static void collect(struct lineage *lineage, struct walk *walk, size_t top)
{
	walk->n_found = 0;
	walk->steps[walk->n++] = (struct step){.node = top, .next = 1};
	while (walk->n) {
		struct step *step = &walk->steps[walk->n - 1];
		struct node *node = &lineage->nodes[step->node];

		if (step->next < node->n_parents) {
			enter(walk, lineage, node->parents[step->next++]);
		} else {
			walk->found[walk->n_found++] = step->node;
			walk->n--;
		}
	}
}

/* When it was made, but after what is before it on the line. */
static void land(struct lineage *lineage, struct node *node)
{
	size_t before = node->n_parents ? node->parents[0] : NOWHERE;
	int64_t after_us = before == NOWHERE ? 0 : lineage->nodes[before].landed_us + 1;
	bool behind = after_us > node->committed_us && after_us - node->committed_us < SKEW_US;

	node->landed_us = behind ? after_us : node->committed_us;
}

static void tell(struct lineage *lineage, const struct walk *walk,
	void (*each)(void *context, const struct lineage_push *push), void *context)
{
	struct node *top = &lineage->nodes[walk->found[walk->n_found - 1]];
	json_t *commits = json_array();

	land(lineage, top);

	for (size_t i = 0; i < walk->n_found; i++)
		(void)json_array_append_new(
			commits, json_loads(lineage->nodes[walk->found[i]].entry, 0, NULL));
	each(context,
		&(struct lineage_push){
			.before = top->first_parent,
			.after = top->sha,
			.landed_us = top->landed_us,
			.commits = commits,
		});
	json_decref(commits);
}

void lineage_each(struct lineage *lineage,
	void (*each)(void *context, const struct lineage_push *push), void *context)
{
	size_t *line = xcalloc(lineage->n + 1, sizeof(*line));
	struct walk walk = {
		.steps = xcalloc(lineage->n + 1, sizeof(*walk.steps)),
		.found = xcalloc(lineage->n + 1, sizeof(*walk.found)),
	};

	link_up(lineage);
	/* The oldest first: what two merges could have brought came with the first. */
	for (size_t i = find_line(lineage, line); i > 0; i--) {
		collect(lineage, &walk, line[i - 1]);
		tell(lineage, &walk, each, context);
	}
	free(walk.found);
	free(walk.steps);
	free(line);
	clear(lineage);
}
