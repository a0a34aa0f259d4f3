/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_SERVICENOW_H
#define DORAD_SOURCE_SERVICENOW_H

#include "observe.h"

/*
 * A record of ServiceNow. A column comes plain, as a reference {"link", "value"}, or as
 * {"display_value", "value"}, its value a text, a number or a flag.
 */

/* NULL: empty, or not there. */
const char *column_value(const struct reader *record, const char *name);
/* What people read; NULL where only the value was sent. */
const char *column_shown(const struct reader *record, const char *name);
/* What people read, else the value. */
const char *column_words(const struct reader *record, const char *name);
/* Sent, with nothing in it: what it held before is gone. */
bool column_is_empty(const struct reader *record, const char *name);
/* Times are UTC in values; false where there is none. */
bool column_time(const struct reader *record, const char *name, int64_t *out_us);

struct table {
	const char *name;
	const char *prefix; /* of its numbers */
	const char *type;   /* of a work item; NULL: none */
};

/* By its name, else by the prefix of a record's number; NULL: not a table that is measured. */
const struct table *table_find(const char *name, const char *number);

/* The instance, as the template says it or as the references of the record do. */
const char *instance_host(
	struct intake *in, const struct reader *body, const struct reader *record);

/* The columns that are read. */
#define SERVICENOW_RECORD                                                                    \
	{"sys_id"}, {"number"}, {"sys_class_name"}, {"sys_mod_count"}, {"sys_updated_on"},   \
		{"sys_created_on"}, {"state"}, {"incident_state"}, {"problem_state"},        \
		{"priority"}, {"opened_at"}, {"resolved_at"}, {"closed_at"}, {"close_code"}, \
		{"resolution_code"}, {"reopened_time"}, {"caused_by"}, {"parent_incident"},  \
		{"correlation_id"}, {"work_start"}, {"work_end"}, {"cmdb_ci"},               \
		{"business_service"}, {"service_offering"}, {"assignment_group"},            \
		{"short_description"}, {"sys_domain"}, {"opened_by"},                        \
	{                                                                                    \
		"caller_id"                                                                  \
	}

#endif
