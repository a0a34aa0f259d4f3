/* SPDX-License-Identifier: Apache-2.0 */
#include "contract.h"

#include <string.h>

/* EVENTS.md section 2, kind by kind, in its order. */

#define WORDS(...)                       \
	.choices = (const char *const[]) \
	{                                \
		__VA_ARGS__, NULL        \
	}

static const struct field origin_fields[] = {
	{"system", FIELD_KEY, "The kind of sender, as an endpoint's source type names it."},
	{"host", FIELD_NAME, "Which installation of it."},
	{"repository", FIELD_NAME, "owner/name, as it was called at the time."},
	{"repository_id", FIELD_NAME, "The sender's own number for it: it survives a rename."},
	{"project", FIELD_NAME, "A tracker's project, a board, a cloud project."},
	{"component", FIELD_SOME, "A part of the project, or several."},
	{"ci", FIELD_NAME,
		"The configuration item, service or application, by its name at the sender."},
	{"ci_id", FIELD_NAME, "The same by the sender's own id."},
	{"assignment_group", FIELD_NAME, "Who is to work on it, as the sender calls them."},
	{"workflow", FIELD_NAME, "The workflow, pipeline or job that said so."},
	{"task", FIELD_NAME, "What a deployment does: deploy, deploy:migrations."},
	{"paths", FIELD_WORDS, "Directories of the files touched, sorted, at most 500."},
	{"paths_truncated", FIELD_BOOL,
		"There were more, or the sender left some out: every service of the repository "
		"counts as touched."},
	{0},
};

static const struct field review_fields[] = {
	{"id", FIELD_NAME, "The pull or merge request that brought the change."},
	{"opened_at", FIELD_TIME, "When it was opened."},
	{"first_commit_at", FIELD_TIME, "When its first commit was made."},
	{0},
};

static const struct field target_fields[] = {
	{"kind", FIELD_CHOICE, "What kind of entity is corrected.",
		WORDS("deployment", "change", "incident", "work_item", "change_request")},
	{"service", FIELD_NAME, "In which service; absent: in all."},
	{"id", FIELD_KEY, "The entity's id."},
	{0},
};

#define ENVIRONMENT_CLASS                                                                    \
	{                                                                                    \
		"environment_class", FIELD_CHOICE,                                           \
			"Only where the sender itself is sure; else the catalogue decides.", \
			WORDS("production", "sealed", "other")                               \
	}

const struct field common_fields[] = {
	{"origin", FIELD_OBJECT, "The coordinates from which the catalogue finds services.",
		.fields = origin_fields},
	{"url", FIELD_TEXT, "The page that a person would open."},
	{0},
};

static const struct field deployment_fields[] = {
	{"deployment_id", FIELD_KEY, "The deployment; with its service, the entity's key."},
	{"service", FIELD_NAME, "The service outright, in place of an origin."},
	{"environment", FIELD_WORD, "Where to, as the sender calls it."},
	ENVIRONMENT_CLASS,
	{"status", FIELD_CHOICE, "How far it is.",
		WORDS("started", "succeeded", "failed", "cancelled")},
	{"sha", FIELD_NAME, "The commit deployed; 7 to 39 hex digits are a prefix."},
	{"ref", FIELD_WORD, "The branch or tag deployed."},
	{"rollout_id", FIELD_NAME, "Parts of one roll-out share it."},
	{"is_rollback", FIELD_BOOL, "Whether it goes back; absent: nobody said."},
	{"rolls_back", FIELD_NAME, "The deployment or roll-out that it takes away."},
	{"changes", FIELD_NAMES, "What it delivers, where the sender lists that."},
	{"hotfix", FIELD_BOOL, "Unplanned, because of an incident."},
	{"via", FIELD_CHOICE,
		"What kind of thing said so; any but deployment and sync counts only by a rule "
		"of the catalogue.",
		WORDS("deployment", "workflow_run", "pipeline", "job", "release", "version",
			"sync")},
	{0},
};

static const struct field change_fields[] = {
	{"change_id", FIELD_KEY, "The commit's sha: the entity's key."},
	{"services", FIELD_NAMES, "The services outright, in place of an origin."},
	{"committed_at", FIELD_TIME, "When it was committed."},
	{"landed_at", FIELD_TIME, "When it came to the default branch; push-like events only."},
	{"ordinal", FIELD_INT, "Its place within its push, from 0.", .min = 0,
		.max = INT32_MAX},
	{"ref", FIELD_WORD, "The branch."},
	{"previous", FIELD_NAME, "What the push found there: shows gaps."},
	{"truncated", FIELD_BOOL, "The sender left commits of this push out."},
	{"review", FIELD_OBJECT, "The pull or merge request that brought it.",
		.fields = review_fields},
	{0},
};

static const struct field incident_fields[] = {
	{"incident_id", FIELD_KEY, "The incident: the entity's key."},
	{"state", FIELD_CHOICE, "How it stands; absent: as it was.",
		WORDS("open", "resolved", "cancelled")},
	{"services", FIELD_NAMES, "The services outright, in place of an origin."},
	{"severity", FIELD_INT, "1 is the worst.", .min = 1, .max = 5},
	ENVIRONMENT_CLASS,
	{"started_at", FIELD_TIME, "When users began to feel it."},
	{"resolved_at", FIELD_TIME, "When they ceased to."},
	{"caused_by_deployments", FIELD_NAMES, "Deployments or roll-outs that caused it."},
	{"caused_by_change_request", FIELD_NAME, "The change request that caused it."},
	{"caused_by_sha", FIELD_NAME, "The commit that caused it."},
	{"cause", FIELD_WORD, "Anything but deployment leaves it unattributed."},
	{"duplicate_of", FIELD_NAME, "The incident that it repeats."},
	{"candidate", FIELD_BOOL,
		"The sender is not sure that this is an incident: it counts only while an "
		"incidents: rule of the catalogue matches."},
	{"item_type", FIELD_WORD, "The ticket's type, as the sender calls it."},
	{"labels", FIELD_WORDS, "The ticket's labels."},
	{"label_changes", FIELD_FLAGS, "Labels put on (true) or taken off (false)."},
	{"severity_raw", FIELD_WORD, "The sender's word for the severity."},
	{"title", FIELD_TEXT, "Only where the endpoint says keep_titles: yes."},
	{"review_url", FIELD_TEXT, "The post-incident review."},
	{0},
};

static const struct field work_item_fields[] = {
	{"item_id", FIELD_KEY, "The ticket: the entity's key."},
	{"team", FIELD_NAME, "The team outright."},
	{"services", FIELD_NAMES, "The services outright, in place of an origin."},
	{"item_type", FIELD_WORD, "The ticket's type; a sub-item is subtask."},
	{"labels", FIELD_WORDS, "All its labels."},
	{"priority", FIELD_WORD, "The sender's word for the priority."},
	{"status", FIELD_CHOICE, "Where the sender itself is sure.",
		WORDS("todo", "in_progress", "done", "cancelled")},
	{"status_raw", FIELD_WORD, "The sender's word for the status."},
	{"label_changes", FIELD_FLAGS, "Labels put on (true) or taken off (false)."},
	{"class_override", FIELD_WORD, "planned, failure_demand or adhoc_value; else ignored."},
	{"linked_incidents", FIELD_NAMES, "Incidents that it belongs to."},
	{"sprint_started_at", FIELD_TIME, "When its sprint began."},
	{"added_to_sprint_at", FIELD_TIME, "When it came into the sprint."},
	{0},
};

static const struct field change_request_fields[] = {
	{"cr_id", FIELD_KEY, "The change request: the entity's key."},
	{"services", FIELD_NAMES, "The services outright, in place of an origin."},
	{"state", FIELD_WORD,
		"new, assess, authorize, scheduled, implement, review, closed or "
		"cancelled; a system's own word otherwise."},
	{"close_code", FIELD_WORD, "successful, successful_issues or unsuccessful."},
	{"deployment_ids", FIELD_NAMES, "The deployments made under it."},
	{"actual_start", FIELD_TIME, "When the work began."},
	{"actual_end", FIELD_TIME, "When it ended."},
	{0},
};

static const struct field correction_fields[] = {
	{"target", FIELD_OBJECT, "What is corrected.", .fields = target_fields},
	{"field", FIELD_CHOICE, "What about it.",
		WORDS("failure", "attribution", "excluded", "class")},
	{"value", FIELD_ANY, "What it shall be."},
	{"reason", FIELD_TEXT, "Why."},
	{"by", FIELD_NAME, "The operator's login."},
	{"withdraws", FIELD_ANY, "Takes an earlier correction back."},
	{0},
};

const struct contract contracts[DORA_N_KINDS] = {
	[DORA_DEPLOYMENT] = {"deployment_id", deployment_fields},
	[DORA_CHANGE] = {"change_id", change_fields},
	[DORA_INCIDENT] = {"incident_id", incident_fields},
	[DORA_WORK_ITEM] = {"item_id", work_item_fields},
	[DORA_CHANGE_REQUEST] = {"cr_id", change_request_fields},
	[DORA_CORRECTION] = {NULL, correction_fields},
};

const struct field *field_find(const struct field *fields, const char *name)
{
	for (; fields->name; fields++) {
		/* Most differ in their first letter: a call for those that do not. */
		if (fields->name[0] == name[0] && strcmp(fields->name, name) == 0)
			return fields;
	}
	return NULL;
}

const struct field *contract_field(enum dora_kind kind, const char *name)
{
	const struct field *field = field_find(contracts[kind].fields, name);

	return field ? field : field_find(common_fields, name);
}
