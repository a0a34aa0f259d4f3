/* SPDX-License-Identifier: Apache-2.0 */
#ifndef DORAD_SOURCE_JIRA_H
#define DORAD_SOURCE_JIRA_H

#include "observe.h"

/* What the files of the source share: which event it is in jira.c, issues in jira_issue.c, the
 * sprints that they are in in jira_sprint.c. */

struct ticket;

/* The site, of an address within it; "" and said so where there is none. */
const char *jira_host(struct intake *in, const struct reader *holder, const char *path);

/* issue: {"id", "key", "self", "fields"}; body: what it came in. */
enum verdict jira_on_issue(
	struct intake *in, const struct reader *body, const struct reader *issue);
enum verdict jira_on_comment(
	struct intake *in, const struct reader *body, const struct reader *issue);

/* The field's number differs from site to site; what is in it does not. */
bool jira_is_sprint(const json_t *value);
/* The custom field of an issue that holds its sprints; NULL: none does. */
const char *jira_sprint_field(const json_t *fields);
/* Its sprint, as the ticket's time has it. */
void jira_read_sprint(
	const struct reader *body, const struct reader *issue, struct ticket *ticket);

/* What is read of an issue, as members of an object that is wanted. */
#define JIRA_LINKED                                             \
	{"id"}, {"key"},                                        \
		OBJECT("fields", OBJECT("issuetype", {"name"}), \
			OBJECT("status", {"name"}, OBJECT("statusCategory", {"key"})))
#define JIRA_ISSUE                                                                             \
	{"id"}, {"key"}, {"self"},                                                             \
		OBJECT("fields", OBJECT("project", {"key"}),                                   \
			OBJECT("issuetype", {"name"}, {"subtask"}),                            \
			OBJECT("status", {"id"}, {"name"}, OBJECT("statusCategory", {"key"})), \
			OBJECT("resolution", {"name"}), {"resolutiondate"},                    \
			{"statuscategorychangedate"}, {"created"}, {"updated"},                \
			OBJECT("priority", {"id"}, {"name"}), {"labels"},                      \
			OBJECT("components", {"name"}), {"description"}, {"summary"},          \
			OBJECT("issuelinks", OBJECT("type", {"outward"}),                      \
				OBJECT("inwardIssue", JIRA_LINKED),                            \
				OBJECT("outwardIssue", JIRA_LINKED)),                          \
			{"customfield_*"})

#endif
