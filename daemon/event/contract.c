/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include "base/cleanup.h"

#include <string.h>

/*
 * EVENTS.md section 2, kind by kind. The fields of each list stand in the order of their names,
 * as bytes: in it they are written (event/dora_event.h, canonical form), and a test holds it.
 */

#define F(name, ...)                                \
	{                                           \
		name, sizeof(name) - 1, __VA_ARGS__ \
	}

#define WORDS(...)                       \
	.choices = (const char *const[]) \
	{                                \
		__VA_ARGS__, NULL        \
	}

#define INNER(list) .inner = {list, ARRAY_LEN(list)}

static const struct field origin_fields[] = {
	F("assignment_group", FIELD_NAME, "Who is to work on it, as the sender calls them."),
	F("ci", FIELD_NAME,
		"The configuration item, service or application, by its name at the sender."),
	F("ci_id", FIELD_NAME, "The same by the sender's own id."),
	F("component", FIELD_SOME, "A part of the project, or several."),
	F("host", FIELD_NAME, "Which installation of it."),
	F("paths", FIELD_WORDS, "Directories of the files touched, sorted, at most 500."),
	F("paths_truncated", FIELD_BOOL,
		"There were more, or the sender left some out: every service of the repository "
		"counts as touched."),
	F("project", FIELD_NAME, "A tracker's project, a board, a cloud project."),
	F("repository", FIELD_NAME, "owner/name, as it was called at the time."),
	F("repository_id", FIELD_NAME, "The sender's own number for it: it survives a rename."),
	F("system", FIELD_KEY, "The kind of sender, as an endpoint's source type names it."),
	F("task", FIELD_NAME, "What a deployment does: deploy, deploy:migrations."),
	F("workflow", FIELD_NAME, "The workflow, pipeline or job that said so."),
};

static const struct field review_fields[] = {
	F("first_commit_at", FIELD_TIME, "When its first commit was made."),
	F("id", FIELD_NAME, "The pull or merge request that brought the change."),
	F("opened_at", FIELD_TIME, "When it was opened."),
};

static const struct field target_fields[] = {
	F("id", FIELD_KEY, "The entity's id."),
	F("kind", FIELD_CHOICE, "What kind of entity is corrected.",
		WORDS("deployment", "change", "incident", "work_item", "change_request")),
	F("service", FIELD_NAME, "In which service; absent: in all."),
};

#define ENVIRONMENT_CLASS                                                            \
	F("environment_class", FIELD_CHOICE,                                         \
		"Only where the sender itself is sure; else the catalogue decides.", \
		WORDS("production", "sealed", "other"))

/* In every kind's data. */
#define ORIGIN                                                                                \
	F("origin", FIELD_OBJECT, "The coordinates from which the catalogue finds services.", \
		INNER(origin_fields))
#define URL F("url", FIELD_TEXT, "The page that a person would open.")

static const struct field deployment_fields[] = {
	F("changes", FIELD_NAMES, "What it delivers, where the sender lists that."),
	F("deployment_id", FIELD_KEY, "The deployment; with its service, the entity's key."),
	F("environment", FIELD_WORD, "Where to, as the sender calls it."),
	ENVIRONMENT_CLASS,
	F("hotfix", FIELD_BOOL, "Unplanned, because of an incident."),
	F("is_rollback", FIELD_BOOL, "Whether it goes back; absent: nobody said."),
	ORIGIN,
	F("ref", FIELD_WORD, "The branch or tag deployed."),
	F("rollout_id", FIELD_NAME, "Parts of one roll-out share it."),
	F("rolls_back", FIELD_NAME, "The deployment or roll-out that it takes away."),
	F("service", FIELD_NAME, "The service outright, in place of an origin."),
	F("sha", FIELD_NAME, "The commit deployed; 7 to 39 hex digits are a prefix."),
	F("status", FIELD_CHOICE, "How far it is.",
		WORDS("started", "succeeded", "failed", "cancelled")),
	URL,
	F("via", FIELD_CHOICE,
		"What kind of thing said so; any but deployment and sync counts only by a rule "
		"of the catalogue.",
		WORDS("deployment", "workflow_run", "pipeline", "job", "release", "version",
			"sync")),
};

static const struct field change_fields[] = {
	F("change_id", FIELD_KEY, "The commit's sha: the entity's key."),
	F("committed_at", FIELD_TIME, "When it was committed."),
	F("landed_at", FIELD_TIME,
		"When it came to the default branch; push-like events only."),
	F("ordinal", FIELD_INT, "Its place within its push, from 0.", .min = 0,
		.max = INT32_MAX),
	ORIGIN,
	F("previous", FIELD_NAME, "What the push found there: shows gaps."),
	F("ref", FIELD_WORD, "The branch."),
	F("review", FIELD_OBJECT, "The pull or merge request that brought it.",
		INNER(review_fields)),
	F("services", FIELD_NAMES, "The services outright, in place of an origin."),
	F("truncated", FIELD_BOOL, "The sender left commits of this push out."),
	URL,
};

static const struct field incident_fields[] = {
	F("candidate", FIELD_BOOL,
		"The sender is not sure that this is an incident: it counts only while an "
		"incidents: rule of the catalogue matches."),
	F("cause", FIELD_WORD, "Anything but deployment leaves it unattributed."),
	F("caused_by_change_request", FIELD_NAME, "The change request that caused it."),
	F("caused_by_deployments", FIELD_NAMES, "Deployments or roll-outs that caused it."),
	F("caused_by_sha", FIELD_NAME, "The commit that caused it."),
	F("duplicate_of", FIELD_NAME, "The incident that it repeats."),
	ENVIRONMENT_CLASS,
	F("incident_id", FIELD_KEY, "The incident: the entity's key."),
	F("item_type", FIELD_WORD, "The ticket's type, as the sender calls it."),
	F("label_changes", FIELD_FLAGS, "Labels put on (true) or taken off (false)."),
	F("labels", FIELD_WORDS, "The ticket's labels."),
	ORIGIN,
	F("resolved_at", FIELD_TIME, "When they ceased to."),
	F("review_url", FIELD_TEXT, "The post-incident review."),
	F("services", FIELD_NAMES, "The services outright, in place of an origin."),
	F("severity", FIELD_INT, "1 is the worst.", .min = 1, .max = 5),
	F("severity_raw", FIELD_WORD, "The sender's word for the severity."),
	F("started_at", FIELD_TIME, "When users began to feel it."),
	F("state", FIELD_CHOICE, "How it stands; absent: as it was.",
		WORDS("open", "resolved", "cancelled")),
	F("title", FIELD_TEXT, "Only where the endpoint says keep_titles: yes."),
	URL,
};

static const struct field work_item_fields[] = {
	F("added_to_sprint_at", FIELD_TIME, "When it came into the sprint."),
	F("class_override", FIELD_WORD,
		"planned, failure_demand or adhoc_value; else ignored."),
	F("item_id", FIELD_KEY, "The ticket: the entity's key."),
	F("item_type", FIELD_WORD, "The ticket's type; a sub-item is subtask."),
	F("label_changes", FIELD_FLAGS, "Labels put on (true) or taken off (false)."),
	F("labels", FIELD_WORDS, "All its labels."),
	F("linked_incidents", FIELD_NAMES, "Incidents that it belongs to."),
	ORIGIN,
	F("priority", FIELD_WORD, "The sender's word for the priority."),
	F("services", FIELD_NAMES, "The services outright, in place of an origin."),
	F("sprint_started_at", FIELD_TIME, "When its sprint began."),
	F("status", FIELD_CHOICE, "Where the sender itself is sure.",
		WORDS("todo", "in_progress", "done", "cancelled")),
	F("status_raw", FIELD_WORD, "The sender's word for the status."),
	F("team", FIELD_NAME, "The team outright."),
	URL,
};

static const struct field change_request_fields[] = {
	F("actual_end", FIELD_TIME, "When it ended."),
	F("actual_start", FIELD_TIME, "When the work began."),
	F("close_code", FIELD_WORD, "successful, successful_issues or unsuccessful."),
	F("cr_id", FIELD_KEY, "The change request: the entity's key."),
	F("deployment_ids", FIELD_NAMES, "The deployments made under it."),
	ORIGIN,
	F("services", FIELD_NAMES, "The services outright, in place of an origin."),
	F("state", FIELD_WORD,
		"new, assess, authorize, scheduled, implement, review, closed or "
		"cancelled; a system's own word otherwise."),
	URL,
};

static const struct field correction_fields[] = {
	F("by", FIELD_NAME, "The operator's login."),
	F("field", FIELD_CHOICE, "What about it.",
		WORDS("failure", "attribution", "excluded", "class")),
	ORIGIN,
	F("reason", FIELD_TEXT, "Why."),
	F("target", FIELD_OBJECT, "What is corrected.", INNER(target_fields)),
	URL,
	F("value", FIELD_ANY, "What it shall be."),
	F("withdraws", FIELD_ANY, "Takes an earlier correction back."),
};

#define FIELDS(list)                  \
	{                             \
		list, ARRAY_LEN(list) \
	}

const struct contract contracts[DORA_N_KINDS] = {
	[DORA_DEPLOYMENT] = {"deployment_id", FIELDS(deployment_fields)},
	[DORA_CHANGE] = {"change_id", FIELDS(change_fields)},
	[DORA_INCIDENT] = {"incident_id", FIELDS(incident_fields)},
	[DORA_WORK_ITEM] = {"item_id", FIELDS(work_item_fields)},
	[DORA_CHANGE_REQUEST] = {"cr_id", FIELDS(change_request_fields)},
	[DORA_CORRECTION] = {NULL, FIELDS(correction_fields)},
};

const struct field *field_find(struct fields fields, const char *name, size_t n)
{
	for (size_t i = 0; i < fields.n; i++) {
		const struct field *field = &fields.list[i];

		/* Most differ in length or first letter: a call for those that do not. */
		if (field->n_name == n && field->name[0] == name[0] &&
			memcmp(field->name, name, n) == 0)
			return field;
	}
	return NULL;
}
