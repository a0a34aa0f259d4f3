/* SPDX-License-Identifier: Apache-2.0 */
#include "catalog_shape.h"

#include "config/catalog.h"

#define MAX_WINDOW_S (90 * 86400) /* beyond a quarter nobody would believe the blame */

const char *const catalog_systems[] = {
	"alertmanager",
	"argocd",
	"cloudevents",
	"cloudrun",
	"flux",
	"freshservice",
	"github",
	"gitlab",
	"jira",
	"opsgenie",
	"pagerduty",
	"servicenow",
	"trello",
	NULL,
};

#define CHOICES(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct catalog_shape team = {
	.what = "a team",
	.fields =
		(const struct catalog_field[]){
			{.name = "name", .type = CATALOG_NAME, .required = true},
			{.name = "title", .type = CATALOG_NAME},
			{0},
		},
};

static const struct catalog_shape owner = {
	.what = "an owner",
	.fields =
		(const struct catalog_field[]){
			{.name = "team", .type = CATALOG_TEAM, .required = true},
			{.name = "from", .type = CATALOG_TIME},
			{0},
		},
};

static const struct catalog_shape phase = {
	.what = "a phase",
	.fields =
		(const struct catalog_field[]){
			{.name = "phase",
				.type = CATALOG_CHOICE,
				.required = true,
				.choices = CHOICES("development", "live", "retired")},
			{.name = "from", .type = CATALOG_TIME},
			{0},
		},
};

static const struct catalog_shape source = {
	.what = "a source",
	.systems = CATALOG_ONE_SYSTEM,
	.ids = true,
	.fields =
		(const struct catalog_field[]){
			{.name = "assignment_group", .type = CATALOG_NAME},
			{.name = "component", .type = CATALOG_NAME},
			{.name = "environment", .type = CATALOG_NAME},
			{.name = "host", .type = CATALOG_NAME},
			{.name = "paths", .type = CATALOG_PATHS},
			{.name = "task", .type = CATALOG_NAME},
			{.name = "workflow", .type = CATALOG_NAME},
			{0},
		},
};

static const struct catalog_shape service = {
	.what = "a service",
	.fields =
		(const struct catalog_field[]){
			{.name = "name", .type = CATALOG_NAME, .required = true},
			{.name = "title", .type = CATALOG_NAME},
			{.name = "owners", .type = CATALOG_DATED, .shape = &owner},
			{.name = "phases", .type = CATALOG_DATED, .shape = &phase},
			{.name = "aliases", .type = CATALOG_NAMES},
			{.name = "attribution_window",
				.type = CATALOG_DURATION,
				.most = MAX_WINDOW_S},
			{.name = "links", .type = CATALOG_LINKS},
			{.name = "sources", .type = CATALOG_MAPS, .shape = &source},
			{0},
		},
};

static const struct catalog_shape environment = {
	.what = "an environment rule",
	.fields =
		(const struct catalog_field[]){
			{.name = "match", .type = CATALOG_NAME, .required = true},
			{.name = "class",
				.type = CATALOG_CHOICE,
				.required = true,
				.choices = CHOICES("production", "sealed", "other")},
			{.name = "service", .type = CATALOG_NAME},
			{0},
		},
};

static const struct catalog_shape deployment = {
	.what = "a deployment rule",
	.systems = CATALOG_ONE_SYSTEM,
	.ids = true,
	.fields =
		(const struct catalog_field[]){
			{.name = "branch", .type = CATALOG_NAME},
			{.name = "environment", .type = CATALOG_NAME},
			{.name = "release", .type = CATALOG_NAME},
			{.name = "task", .type = CATALOG_NAME},
			{.name = "via",
				.type = CATALOG_CHOICE,
				.choices = CHOICES("job", "pipeline", "release", "version",
					"workflow_run")},
			{.name = "workflow", .type = CATALOG_NAME},
			{0},
		},
};

static const struct catalog_shape incident = {
	.what = "an incident rule",
	.systems = CATALOG_ANY_SYSTEM,
	.ids = true,
	.fields =
		(const struct catalog_field[]){
			{.name = "component", .type = CATALOG_NAME},
			{.name = "incident", .type = CATALOG_YES_NO},
			{.name = "labels", .type = CATALOG_NAMES},
			{.name = "types", .type = CATALOG_NAMES},
			{0},
		},
};

static const struct catalog_shape status = {
	.what = "a status rule",
	.systems = CATALOG_ONE_SYSTEM,
	.fields =
		(const struct catalog_field[]){
			{.name = "todo", .type = CATALOG_NAMES},
			{.name = "in_progress", .type = CATALOG_NAMES},
			{.name = "done", .type = CATALOG_NAMES},
			{.name = "cancelled", .type = CATALOG_NAMES},
			{0},
		},
};

static const struct catalog_shape severity = {
	.what = "a severity rule",
	.systems = CATALOG_ONE_SYSTEM,
	.fields =
		(const struct catalog_field[]){
			{.name = "1", .type = CATALOG_NAMES},
			{.name = "2", .type = CATALOG_NAMES},
			{.name = "3", .type = CATALOG_NAMES},
			{.name = "4", .type = CATALOG_NAMES},
			{.name = "5", .type = CATALOG_NAMES},
			{0},
		},
};

static const struct catalog_shape work_item = {
	.what = "a work item rule",
	.systems = CATALOG_ANY_SYSTEM,
	.ids = true,
	.fields =
		(const struct catalog_field[]){
			{.name = "class",
				.type = CATALOG_CHOICE,
				.required = true,
				.choices = CHOICES("planned", "failure_demand", "adhoc_value")},
			{.name = "component", .type = CATALOG_NAME},
			{.name = "labels", .type = CATALOG_NAMES},
			{.name = "types", .type = CATALOG_NAMES},
			{0},
		},
};

const struct catalog_shape catalog_whole = {
	.what = "a catalogue",
	.fields =
		(const struct catalog_field[]){
			{.name = "report_tz", .type = CATALOG_ZONE},
			{.name = "attribution_window",
				.type = CATALOG_DURATION,
				.most = MAX_WINDOW_S},
			{.name = "lead_time_start",
				.type = CATALOG_CHOICE,
				.choices = CHOICES("commit", "merge", "review")},
			{.name = "max_severity",
				.type = CATALOG_INTEGER,
				.least = 1,
				.most = 5},
			{.name = "unmapped",
				.type = CATALOG_CHOICE,
				.choices = CHOICES("service")},
			{.name = "teams", .type = CATALOG_MAPS, .shape = &team},
			{.name = "services", .type = CATALOG_MAPS, .shape = &service},
			{.name = "environments", .type = CATALOG_MAPS, .shape = &environment},
			{.name = "deployments", .type = CATALOG_MAPS, .shape = &deployment},
			{.name = "incidents", .type = CATALOG_MAPS, .shape = &incident},
			{.name = "statuses", .type = CATALOG_MAPS, .shape = &status},
			{.name = "severities", .type = CATALOG_MAPS, .shape = &severity},
			{.name = "work_items", .type = CATALOG_MAPS, .shape = &work_item},
			{0},
		},
};
