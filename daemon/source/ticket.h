/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_TICKET_H
#define DORAD_SOURCE_TICKET_H

#include "observe.h"

/*
 * A ticket as a tracker tells it. Every ticket is a work item; it is an incident too where
 * the
 * tracker itself is sure, else a candidate, which the catalogue's incidents: rules decide
 * about.
 * What is NULL, 0 or not known is left out of the events, and so stays as it was.
 */
struct labels {
	bool is_known; /* no labels are not unknown labels */
	const char **names;
	size_t n;
};

struct ticket {
	const char *entity;
	int64_t time_us;
	const char *order; /* the tracker's number of this state, in the id; NULL: it has
		* none */
	const char *once;  /* "gone": what happens once, whose id needs no time; else NULL */

	const char *type;
	bool type_is_cleared; /* known to have none */
	struct labels labels;
	const char *label_put; /* one label put on, or taken off */
	const char *label_taken;
	const char *priority;
	const char
		*status; /* todo, in_progress, done or cancelled, where the tracker is sure */
	const char *status_raw;
	const char *url;

	bool is_incident;  /* surely; else a candidate */
	const char *state; /* open, resolved or cancelled */
	int64_t started_us;
	int64_t resolved_us;
	int severity;           /* 1 to 5 */
	bool severity_is_known; /* to be none, where it is 0: its word says it, or nothing */
	const char *severity_raw;
	bool severity_is_cleared;
	const char *caused_by_sha;
	const char *caused_by_change_request;
	bool change_request_is_known; /* to be none, where there is none */
	const char *duplicate_of;
	bool duplicate_is_known;
	const char *title; /* kept only where the endpoint says so */

	const char **linked_incidents;
	size_t n_linked;
	bool links_are_known;
	int64_t sprint_started_us;
	bool sprint_is_to_come; /* so it has no start, whatever one before it had */
	int64_t added_to_sprint_us;
	bool left_its_sprint;

	/* History has only how it stands: nothing before it tells when it was done. */
	bool stands_alone;
};

typedef void put_origin(struct intake *in, struct dora_event *event, const struct reader *body);

/* The ticket's events: a work item, and an incident or a candidate. */
void ticket_observe(struct intake *in, const struct ticket *ticket, put_origin *put,
	const struct reader *body);

/*
 * That it was done, as of when it was: of a ticket that was touched since, as nobody may have
 * told us then.
 */
void ticket_observe_end(struct intake *in, const struct ticket *ticket, put_origin *put,
	const struct reader *body);

/*
 * The order of GitHub's and GitLab's events within a second, which is all that their times
 * tell: whoever closes a ticket mostly labels it too, before or after.
 */
const char *ticket_order(const char *action, bool closed);

/* Only the incident, where something else than the ticket itself speaks of it. */
void ticket_observe_incident(struct intake *in, const struct ticket *ticket, put_origin *put,
	const struct reader *body);

void labels_add(struct intake *in, struct labels *labels, const char *name);
bool labels_have(const struct labels *labels, const char *const *words);

/* "sev1", "P2", "priority: 3": the first label that speaks of severity; NULL: none does. */
const char *labels_severity(const struct labels *labels);

#endif
