/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_GATHER_JIRA_H
#define DORAD_SOURCE_GATHER_JIRA_H

#include "gather_priv.h"

/*
 * An issue as it was after each of its changes, told backwards from how it is now: the
 * changelog says what each field was before.
 */
struct jira_history {
	const struct gather *gather; /* for the categories of statuses */
	struct arena *arena;
	const json_t **changes; /* those that matter here, the oldest first */
	size_t n;
	const char *sprint_field; /* NULL: none */
	json_t **states; /* fields: states[0] at creation, states[i] after changes[i - 1] */
	const char *unknown_status; /* one whose category nobody knows; NULL: none */
	bool is_whole;              /* the changelog begins at the creation */
	struct error unsaid;        /* what is optional has no words */
};

/* Everything belongs to the arena. */
void jira_history_read(
	struct jira_history *history, const struct gather *gather, const struct reader *issue);

#endif
